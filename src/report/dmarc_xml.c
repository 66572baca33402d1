/* Reads a report's XML with expat. A document type declaration ends the reading, so no entity but the five of XML itself
 * is ever known; names count only where RFC 9990 has them, by a table of parent and child. */
#include "report/dmarc_report.h"

#include <expat.h>

#include "base/limits.h"

enum element {
    OTHER, /* passed over, with all inside */
    TOP,
    FEEDBACK,
    METADATA,
    DATE_RANGE,
    POLICY,
    RECORD,
    ROW,
    EVALUATED,
    REASON,
    IDENTIFIERS,
    RESULTS,
    DKIM,
    SPF,
    LEAF, /* its text is what it says */
};

enum owner { OF_NOTHING, OF_REPORT, OF_ROW, OF_REASON, OF_DKIM, OF_SPF };
enum value { TEXT, NUMBER, ERRORS };

struct known {
    enum element parent;
    const char *name;
    enum element self;
    enum owner owner; /* where a leaf's text goes, at this offset */
    size_t offset;
    enum value value;
};

#define IN_REPORT(member) LEAF, OF_REPORT, offsetof(struct dmarc_report, member)
#define IN_ROW(member)    LEAF, OF_ROW, offsetof(struct dmarc_row, member)
#define IN_REASON(member) LEAF, OF_REASON, offsetof(struct dmarc_reason, member)
#define IN_DKIM(member)   LEAF, OF_DKIM, offsetof(struct dmarc_auth, member)
#define IN_SPF(member)    LEAF, OF_SPF, offsetof(struct dmarc_auth, member)

static const struct known table[] = {
    {TOP, "feedback", FEEDBACK, OF_NOTHING, 0, TEXT},
    {FEEDBACK, "version", IN_REPORT(version), TEXT},
    {FEEDBACK, "report_metadata", METADATA, OF_NOTHING, 0, TEXT},
    {METADATA, "org_name", IN_REPORT(org_name), TEXT},
    {METADATA, "email", IN_REPORT(email), TEXT},
    {METADATA, "extra_contact_info", IN_REPORT(extra_contact_info), TEXT},
    {METADATA, "report_id", IN_REPORT(report_id), TEXT},
    {METADATA, "generator", IN_REPORT(generator), TEXT},
    {METADATA, "error", IN_REPORT(errors), ERRORS},
    {METADATA, "date_range", DATE_RANGE, OF_NOTHING, 0, TEXT},
    {DATE_RANGE, "begin", IN_REPORT(begin), NUMBER},
    {DATE_RANGE, "end", IN_REPORT(end), NUMBER},
    {FEEDBACK, "policy_published", POLICY, OF_NOTHING, 0, TEXT},
    {POLICY, "domain", IN_REPORT(published.domain), TEXT},
    {POLICY, "version_published", IN_REPORT(published.version_published), TEXT},
    {POLICY, "discovery_method", IN_REPORT(published.discovery_method), TEXT},
    {POLICY, "p", IN_REPORT(published.p), TEXT},
    {POLICY, "sp", IN_REPORT(published.sp), TEXT},
    {POLICY, "np", IN_REPORT(published.np), TEXT},
    {POLICY, "adkim", IN_REPORT(published.adkim), TEXT},
    {POLICY, "aspf", IN_REPORT(published.aspf), TEXT},
    {POLICY, "fo", IN_REPORT(published.fo), TEXT},
    {POLICY, "testing", IN_REPORT(published.testing), TEXT},
    {FEEDBACK, "record", RECORD, OF_NOTHING, 0, TEXT},
    {RECORD, "row", ROW, OF_NOTHING, 0, TEXT},
    {ROW, "source_ip", IN_ROW(source_ip), TEXT},
    {ROW, "count", IN_ROW(count), NUMBER},
    {ROW, "policy_evaluated", EVALUATED, OF_NOTHING, 0, TEXT},
    {EVALUATED, "disposition", IN_ROW(disposition), TEXT},
    {EVALUATED, "dkim", IN_ROW(dkim), TEXT},
    {EVALUATED, "spf", IN_ROW(spf), TEXT},
    {EVALUATED, "reason", REASON, OF_NOTHING, 0, TEXT},
    {REASON, "type", IN_REASON(type), TEXT},
    {REASON, "comment", IN_REASON(comment), TEXT},
    {RECORD, "identifiers", IDENTIFIERS, OF_NOTHING, 0, TEXT},
    {IDENTIFIERS, "header_from", IN_ROW(header_from), TEXT},
    {IDENTIFIERS, "envelope_from", IN_ROW(envelope_from), TEXT},
    {IDENTIFIERS, "envelope_to", IN_ROW(envelope_to), TEXT},
    {RECORD, "auth_results", RESULTS, OF_NOTHING, 0, TEXT},
    {RESULTS, "dkim", DKIM, OF_NOTHING, 0, TEXT},
    {DKIM, "domain", IN_DKIM(domain), TEXT},
    {DKIM, "selector", IN_DKIM(selector), TEXT},
    {DKIM, "result", IN_DKIM(result), TEXT},
    {DKIM, "human_result", IN_DKIM(human_result), TEXT},
    {RESULTS, "spf", SPF, OF_NOTHING, 0, TEXT},
    {SPF, "domain", IN_SPF(domain), TEXT},
    {SPF, "scope", IN_SPF(scope), TEXT},
    {SPF, "result", IN_SPF(result), TEXT},
    {SPF, "human_result", IN_SPF(human_result), TEXT},
};

struct reading {
    struct arena *arena;
    XML_Parser parser;
    struct dmarc_report *report;
    struct why *why;
    enum sk_code code;
    enum element open[LIMIT_DMARC_REPORT_DEPTH + 1];
    size_t depth;
    size_t prefix_size; /* of the root's name, with its colon */
    char prefix[64];
    const struct known *leaf;
    uint8_t
        text[LIMIT_DMARC_REPORT_TEXT + 4]; /* of the leaf, a character more than is kept */
    size_t text_size;
    size_t row_room;
    bool passed_dkim, passed_spf, passed_reason; /* this one is over its bound */
};

static void
stop(struct reading *r, enum sk_code code, const char *words)
{
    r->code = why_set(r->why, code, "%s", words);
    (void)XML_StopParser(r->parser, XML_FALSE);
}

/* Appends a zeroed element to a list that is kept at doubling sizes, at most `most`; NULL beyond. */
static void *
append(struct arena *arena, void *list, size_t *count, size_t size, size_t most)
{
    void **at = list;

    if (*count == most) {
        return NULL;
    }
    if ((*count & (*count - 1)) == 0) { /* 0, 1, 2, 4, ...: full */
        size_t room = *count == 0 ? 1 : 2 * *count;
        void *wider = arena_take_many(arena, room, size);
        if (*count > 0) {
            memcpy(wider, *at, *count * size);
        }
        *at = wider;
    }
    return (char *)*at + (*count)++ * size;
}

static struct dmarc_row *
last_row(struct reading *r)
{
    return r->report->row_count > 0 ? &r->report->rows[r->report->row_count - 1] : NULL;
}

static void
begin_element(struct reading *r, enum element self)
{
    struct dmarc_row *row = last_row(r);
    size_t most = LIMIT_DMARC_REPORT_RESULTS;

    if (self == RECORD) {
        if (append(r->arena, &r->report->rows, &r->report->row_count,
                   sizeof(struct dmarc_row), LIMIT_DMARC_REPORT_ROWS) == NULL) {
            stop(r, SK_LIMIT, "the report has too many rows");
        }
    } else if (self == REASON) {
        r->passed_reason = append(r->arena, &row->reasons, &row->reason_count,
                                  sizeof(struct dmarc_reason), most) == NULL;
    } else if (self == DKIM) {
        r->passed_dkim = append(r->arena, &row->dkim_results, &row->dkim_count,
                                sizeof(struct dmarc_auth), most) == NULL;
    } else if (self == SPF) {
        r->passed_spf = append(r->arena, &row->spf_results, &row->spf_count,
                               sizeof(struct dmarc_auth), most) == NULL;
    }
}

/* The name without the root's prefix; NULL where it has another. The root settles the prefix. */
static const char *
local_name(struct reading *r, const char *name)
{
    if (r->depth == 0) {
        const char *colon = strrchr(name, ':');
        size_t size = colon == NULL ? 0 : (size_t)(colon - name) + 1;
        r->prefix_size = size < sizeof r->prefix ? size : 0;
        memcpy(r->prefix, name, r->prefix_size);
    }
    const char *bare =
        strncmp(name, r->prefix, r->prefix_size) == 0 ? name + r->prefix_size : name;
    return strchr(bare, ':') == NULL ? bare : NULL;
}

static void XMLCALL
on_start(void *context, const char *name, const char **attributes)
{
    struct reading *r = context;
    (void)attributes;
    if (r->code != SK_OK) { /* expat may still call after it was stopped */
        return;
    }
    enum element parent = r->depth == 0 ? TOP : r->open[r->depth - 1], self = OTHER;
    if (r->depth == LIMIT_DMARC_REPORT_DEPTH) {
        stop(r, SK_LIMIT, "elements of the report are nested too deep");
        return;
    }
    const char *local = local_name(r, name);
    r->leaf = NULL;
    for (size_t i = 0; local != NULL && i < sizeof table / sizeof *table; i++) {
        if (table[i].parent == parent && strcmp(table[i].name, local) == 0) {
            self = table[i].self;
            r->leaf = self == LEAF ? &table[i] : NULL;
        }
    }
    if (parent == TOP && self != FEEDBACK) {
        stop(r, SK_BAD, "this XML is no DMARC report: its root is not <feedback>");
        return;
    }
    r->open[r->depth++] = self;
    r->text_size = 0;
    begin_element(r, self);
}

static void XMLCALL
on_text(void *context, const char *text, int size)
{
    struct reading *r = context;

    if (r->leaf != NULL) {
        size_t room = sizeof r->text - r->text_size;
        size_t take = (size_t)size < room ? (size_t)size : room;
        memcpy(r->text + r->text_size, text, take);
        r->text_size += take;
    }
}

static void *
owner_of(struct reading *r, enum owner owner)
{
    struct dmarc_row *row = last_row(r);

    switch (owner) {
    case OF_REPORT:
        return r->report;
    case OF_ROW:
        return row;
    case OF_REASON:
        return r->passed_reason ? NULL : &row->reasons[row->reason_count - 1];
    case OF_DKIM:
        return r->passed_dkim ? NULL : &row->dkim_results[row->dkim_count - 1];
    case OF_SPF:
        return r->passed_spf ? NULL : &row->spf_results[row->spf_count - 1];
    case OF_NOTHING:
        break;
    }
    return NULL;
}

/* Where an element comes twice, the first counts. */
static void
take_leaf(struct reading *r)
{
    char *owner = owner_of(r, r->leaf->owner);
    struct bytes text = bytes_of(r->text, r->text_size);

    if (owner == NULL) {
        return;
    }
    if (text.size > LIMIT_DMARC_REPORT_TEXT) {
        text.size = LIMIT_DMARC_REPORT_TEXT;
        while (text.size > 0 && (text.at[text.size] & 0xc0) == 0x80) {
            text.size--;
        }
    }
    text = bytes_trim(text);
    if (r->leaf->value == NUMBER) {
        uint64_t *number = (uint64_t *)(void *)(owner + r->leaf->offset), read;
        if (*number == 0 && bytes_to_number(text, INT64_MAX, &read)) {
            *number = read;
        }
    } else if (r->leaf->value == ERRORS) {
        struct bytes *error = append(r->arena, &r->report->errors, &r->report->error_count,
                                     sizeof(struct bytes), LIMIT_DMARC_REPORT_RESULTS);
        if (error != NULL) {
            *error = bytes_copy(r->arena, text);
        }
    } else {
        struct bytes *to = (struct bytes *)(void *)(owner + r->leaf->offset);
        if (to->at == NULL) {
            *to = text.size > 0 ? bytes_copy(r->arena, text) : BYTES("");
        }
    }
}

static void XMLCALL
on_end(void *context, const char *name)
{
    struct reading *r = context;

    (void)name;
    if (r->code != SK_OK) {
        return;
    }
    if (r->leaf != NULL && r->open[r->depth - 1] == LEAF) {
        take_leaf(r);
    }
    r->leaf = NULL;
    r->depth--;
}

static void XMLCALL
on_doctype(void *context, const char *name, const char *system, const char *public_id,
           int internal)
{
    (void)name;
    (void)system;
    (void)public_id;
    (void)internal;
    stop(context, SK_BAD, "the report declares a document type, as no report may");
}

static void
free_parser(void *parser)
{
    XML_ParserFree(parser);
}

enum sk_code
dmarc_report_read(struct arena *arena, struct bytes xml, struct dmarc_report *report_r,
                  struct why *why)
{
    struct reading *r = ARENA_NEW(arena, struct reading);

    *report_r = (struct dmarc_report){0};
    while (xml.size > 0 && ascii_blank(xml.at[0])) {
        xml = bytes_from(xml, 1);
    }
    if (xml.size > LIMIT_DMARC_REPORT_BYTES) {
        return why_set(why, SK_LIMIT, "the report is larger than %d bytes",
                       LIMIT_DMARC_REPORT_BYTES);
    }
    if (xml.size == 0) {
        return why_set(why, SK_BAD, "the report is empty");
    }
    *r = (struct reading){
        .arena = arena, .report = report_r, .why = why, .parser = XML_ParserCreate(NULL)};
    if (r->parser == NULL) {
        return why_set(why, SK_SYSTEM, "no memory for reading a report");
    }
    arena_defer(arena, free_parser, r->parser);
    XML_SetUserData(r->parser, r);
    XML_SetElementHandler(r->parser, on_start, on_end);
    XML_SetCharacterDataHandler(r->parser, on_text);
    XML_SetStartDoctypeDeclHandler(r->parser, on_doctype);
    enum XML_Status status =
        XML_Parse(r->parser, (const char *)xml.at, (int)xml.size, XML_TRUE);
    if (r->code != SK_OK) {
        return r->code;
    }
    if (status != XML_STATUS_OK) {
        return why_set(why, SK_BAD, "no well-formed XML: %s in line %lu",
                       XML_ErrorString(XML_GetErrorCode(r->parser)),
                       (unsigned long)XML_GetCurrentLineNumber(r->parser));
    }
    return SK_OK;
}

/* An address as RFC 3986 3.2.2 has it, looked at from afar: digits, letters to f, dots, colons. */
static bool
is_address(struct bytes text)
{
    bool mark = false;

    for (size_t i = 0; i < text.size; i++) {
        bool separator = text.at[i] == '.' || text.at[i] == ':';
        mark |= separator;
        if (!separator && ascii_hex(text.at[i]) < 0) {
            return false;
        }
    }
    return mark && text.size <= 45;
}

enum sk_code
dmarc_report_check(const struct dmarc_report *report, struct why *why)
{
    if (report->published.domain.size == 0 ||
        report->published.domain.size > LIMIT_DOMAIN) {
        return why_set(why, SK_BAD, "the report names no domain");
    }
    if (report->end == 0 || report->end < report->begin ||
        report->end > UINT64_C(253402300799)) {
        return why_set(why, SK_BAD, "the report names no period");
    }
    if (report->row_count == 0) {
        return why_set(why, SK_BAD, "the report has no rows");
    }
    for (size_t i = 0; i < report->row_count; i++) {
        const struct dmarc_row *row = &report->rows[i];
        if (!is_address(row->source_ip) || row->count > UINT32_MAX) {
            return why_set(why, SK_BAD, "row %zu has no address or no number of messages",
                           i + 1);
        }
    }
    return SK_OK;
}
