#include "judge/habits.h"

#include "base/hash.h"
#include "judge/forms.h"
#include "parse/header.h"

#define ZONE_MOST (14 * 60)

/* Fields that others than the sender's program write. */
static bool
is_of_the_way(struct bytes name)
{
    static const char *const starts[] = {
        "arc-",       "list-",      "x-spam",     "x-virus",        "x-mailman",
        "x-google-",  "resent-",    "x-original", "x-ms-exchange-", "x-forefront",
        "x-received", "x-greylist", "x-clamav",   "x-rspamd"};
    static const char *const names[] = {"received",
                                        "return-path",
                                        "delivered-to",
                                        "dkim-signature",
                                        "domainkey-signature",
                                        "authentication-results",
                                        "received-spf",
                                        "x-authentication-warning",
                                        "x-beenthere",
                                        "errors-to",
                                        "precedence",
                                        "archived-at",
                                        "status",
                                        "x-status",
                                        "content-length",
                                        "lines",
                                        "xref",
                                        "x-scanned-by",
                                        "x-loop",
                                        "sender",
                                        "dkim-filter",
                                        "x-gm-message-state",
                                        "x-topics",
                                        "x-content-filtered-by",
                                        "x-envelope-to"};

    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        if (bytes_starts_fold(name, bytes_from_text(starts[i]))) {
            return true;
        }
    }
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (bytes_is_fold(name, names[i])) {
            return true;
        }
    }
    return false;
}

static void
read_message_id(const struct letter *letter, char form_r[HABITS_FORM_SIZE])
{
    struct bytes id = letter->message_id, host;
    struct form form = {.at = form_r, .room = HABITS_FORM_SIZE};
    size_t at = bytes_find_last(id, '@');
    struct bytes own =
        letter->from.address_count > 0 ? letter->from.addresses[0].domain : BYTES_NONE;

    form_add(&form, bytes_slice(id, 0, at), false);
    if (at >= id.size) {
        return;
    }
    host = bytes_from(id, at + 1);
    form_byte(&form, '@');
    if (own.size > 0 && bytes_equal_fold(host, own)) {
        form_text(&form, "own");
    } else if (bytes_find_byte(host, '.', 0) == BYTES_NOWHERE) {
        form_add(&form, host, false); /* a machine's name: its form tells the machine */
    } else {
        form_byte(&form, '.'); /* some other host; which one is no habit */
    }
}

/* The zone is the last word outside of comments; its form stands in the date's. */
static void
read_date(const struct letter *letter, struct habits *habits)
{
    struct bytes date = bytes_trim(header_value(&letter->header, BYTES("Date"))), zone;
    struct form form = {.at = habits->date, .room = HABITS_FORM_SIZE};
    size_t comment = bytes_find_byte(date, '(', 0);
    size_t blank;

    form_add(&form, date, false);
    date = bytes_trim(bytes_slice(date, 0, comment));
    blank = bytes_find_last(date, ' ');
    zone = blank == BYTES_NOWHERE ? BYTES_NONE : bytes_from(date, blank + 1);
    habits->is_zone_odd =
        date.size > 0 &&
        (zone.size != 5 || (zone.at[0] != '+' && zone.at[0] != '-') ||
         bytes_is(zone, "-0000") || letter->date_zone_minutes % 15 != 0 ||
         letter->date_zone_minutes > ZONE_MOST || letter->date_zone_minutes < -ZONE_MOST);
}

static void
read_boundary(const struct letter *letter, char form_r[HABITS_FORM_SIZE])
{
    const struct part *part = letter->root;
    struct form form = {.at = form_r, .room = HABITS_FORM_SIZE};

    if (part == NULL || part->shape != PART_MULTIPART) {
        return;
    }
    for (size_t i = 0; i < part->parameter_count; i++) {
        if (bytes_is(part->parameters[i].name, "boundary")) {
            form_add(&form, part->parameters[i].value, true);
            return;
        }
    }
}

static void
read_mailer(const struct letter *letter, char form_r[HABITS_FORM_SIZE])
{
    struct bytes mailer = header_value(&letter->header, BYTES("X-Mailer"));
    struct form form = {.at = form_r, .room = HABITS_FORM_SIZE};

    if (mailer.size == 0) {
        mailer = header_value(&letter->header, BYTES("User-Agent"));
    }
    mailer = bytes_trim(mailer);
    for (size_t i = 0; i < mailer.size && !ascii_digit(mailer.at[i]); i++) {
        uint8_t c = mailer.at[i];
        form_byte(&form, c >= ' ' && c < 0x7f ? ascii_lower(c) : '?');
    }
    while (form.size > 0 && form_r[form.size - 1] == ' ') {
        form_r[--form.size] = '\0';
    }
}

void
habits_read(const struct letter *letter, struct habits *habits_r)
{
    const struct header *header = &letter->header;

    *habits_r = (struct habits){0};
    for (size_t i = 0;
         i < header->field_count && habits_r->field_count < LIMIT_HABITS_FIELDS; i++) {
        if (!is_of_the_way(header->fields[i].name)) {
            habits_r->fields[habits_r->field_count++] =
                (uint16_t)hash_quick(header->fields[i].name, 0);
        }
    }
    read_message_id(letter, habits_r->message_id);
    read_date(letter, habits_r);
    read_boundary(letter, habits_r->boundary);
    read_mailer(letter, habits_r->mailer);
}

uint64_t
habits_key(const struct habits *habits, uint64_t seed)
{
    const char *const forms[] = {habits->message_id, habits->date, habits->boundary,
                                 habits->mailer, habits->is_zone_odd ? "odd" : ""};
    uint64_t key = hash_quick(bytes_of((const uint8_t *)habits->fields,
                                       habits->field_count * sizeof habits->fields[0]),
                              seed);

    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        key = hash_quick(bytes_from_text(forms[i]), key + i);
    }
    return habits->field_count == 0 ? 0 : key;
}
