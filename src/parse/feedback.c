#include "parse/feedback.h"

#include "base/limits.h"
#include "parse/date.h"
#include "parse/header.h"

/* Fields with one value: the name, and where it goes. */
static const struct {
    const char *name;
    size_t at; /* in struct feedback */
    bool is_address;
} single[] = {
    {"Feedback-Type", offsetof(struct feedback, feedback_type), false},
    {"User-Agent", offsetof(struct feedback, user_agent), false},
    {"Version", offsetof(struct feedback, version), false},
    {"Source-IP", offsetof(struct feedback, source_ip), false},
    {"Original-Mail-From", offsetof(struct feedback, original_mail_from), true},
    {"Original-Envelope-Id", offsetof(struct feedback, original_envelope_id), false},
    {"Reporting-MTA", offsetof(struct feedback, reporting_mta), false},
    {"Auth-Failure", offsetof(struct feedback, auth_failure), false},
    {"Delivery-Result", offsetof(struct feedback, delivery_result), false},
    {"Identity-Alignment", offsetof(struct feedback, identity_alignment), false},
    {"DKIM-Domain", offsetof(struct feedback, dkim_domain), false},
    {"DKIM-Identity", offsetof(struct feedback, dkim_identity), false},
    {"DKIM-Selector", offsetof(struct feedback, dkim_selector), false},
    {"DKIM-Selector-DNS", offsetof(struct feedback, dkim_selector_dns), false},
    {"DKIM-ADSP-DNS", offsetof(struct feedback, dkim_adsp_dns), false},
    {"DKIM-Canonicalized-Header", offsetof(struct feedback, dkim_canonicalized_header),
     false},
    {"DKIM-Canonicalized-Body", offsetof(struct feedback, dkim_canonicalized_body), false},
    {"SPF-DNS", offsetof(struct feedback, spf_dns), false},
};

static const struct {
    const char *name;
    size_t at;
    bool is_address;
} several[] = {
    {"Original-Rcpt-To", offsetof(struct feedback, original_rcpt_to), true},
    {"Reported-Domain", offsetof(struct feedback, reported_domain), false},
    {"Reported-URI", offsetof(struct feedback, reported_uri), false},
    {"Authentication-Results", offsetof(struct feedback, authentication_results), false},
};

static struct bytes
value_of(struct arena *arena, const struct field *field, bool is_address)
{
    struct bytes value = bytes_trim(header_unfold(arena, field->value));

    if (is_address && value.size > 1 && value.at[0] == '<' &&
        value.at[value.size - 1] == '>') {
        value = bytes_trim(bytes_slice(value, 1, value.size - 1));
    }
    return value;
}

static void
read_list(struct arena *arena, const struct header *header, struct bytes name,
          bool is_address, struct feedback_list *list)
{
    size_t count = header_count(header, name), at = 0;
    const struct field *field;

    count = count < LIMIT_FEEDBACK_LIST ? count : LIMIT_FEEDBACK_LIST;
    list->items = arena_take_many(arena, count, sizeof *list->items);
    while (list->count < count && (field = header_find(header, name, &at)) != NULL) {
        struct bytes value = value_of(arena, field, is_address);
        if (value.size > 0) {
            list->items[list->count++] = value;
        }
    }
}

static void
read_number(struct bytes value, uint64_t most, uint64_t *number_r)
{
    uint64_t number;

    if (bytes_to_number(value, most, &number)) {
        *number_r = number;
    }
}

static void
read_fields(struct arena *arena, const struct header *header, struct feedback *f)
{
    const struct field *field;
    struct date date;

    for (size_t i = 0; i < sizeof single / sizeof *single; i++) {
        size_t at = 0;
        field = header_find(header, bytes_from_text(single[i].name), &at);
        if (field != NULL) {
            *(struct bytes *)(void *)((uint8_t *)f + single[i].at) =
                value_of(arena, field, single[i].is_address);
        }
    }
    for (size_t i = 0; i < sizeof several / sizeof *several; i++) {
        read_list(arena, header, bytes_from_text(several[i].name), several[i].is_address,
                  (struct feedback_list *)(void *)((uint8_t *)f + several[i].at));
    }
    /* "dns; mail.example.com": the kind of name (RFC 3464 2.2.2) is not wanted. */
    size_t name = bytes_find_byte(f->reporting_mta, ';', 0);
    if (name < f->reporting_mta.size) {
        f->reporting_mta = bytes_trim(bytes_from(f->reporting_mta, name + 1));
    }
    struct bytes arrived = header_value(header, BYTES("Arrival-Date"));
    if (arrived.size == 0) {
        arrived = header_value(header, BYTES("Received-Date"));
    }
    f->has_arrival_date = date_read(arrived, &date);
    f->arrival_date = f->has_arrival_date ? date.epoch : 0;
    f->incidents = 1;
    read_number(bytes_trim(header_value(header, BYTES("Incidents"))), UINT32_MAX,
                &f->incidents);
    read_number(bytes_trim(header_value(header, BYTES("Source-Port"))), UINT16_MAX,
                &f->source_port);
}

static bool
is_type(const struct part *part, const char *type, const char *subtype)
{
    return bytes_is(part->type, type) && bytes_is(part->subtype, subtype);
}

bool
feedback_read(struct arena *arena, const struct letter *letter, struct feedback *feedback_r)
{
    const struct part *report = letter->root, *about;
    struct header header;

    *feedback_r = (struct feedback){0};
    while (report != NULL && !is_type(report, "message", "feedback-report")) {
        report = part_next(report);
    }
    if (report == NULL) {
        return false;
    }
    (void)header_read(arena, report->shape == PART_LEAF ? report->content : report->raw,
                      NULL, &header, NULL);
    read_fields(arena, &header, feedback_r);
    for (about = report->next; about != NULL; about = about->next) {
        if (about->shape == PART_MESSAGE) {
            feedback_r->message = about->message->raw;
            return true;
        }
        if (is_type(about, "text", "rfc822-headers") ||
            is_type(about, "message", "rfc822-headers")) {
            feedback_r->headers = about->content;
            return true;
        }
    }
    return true;
}
