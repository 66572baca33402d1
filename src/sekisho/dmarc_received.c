#include "sekisho/dmarc_received.h"

#include "base/hash.h"
#include "base/limits.h"
#include "parse/letter.h"

/* A part that may be a report by what it says of itself. Senders call them by every name; the bytes decide. */
static bool
may_be_report(const struct part *part)
{
    static const char *const ends[] = {".xml", ".gz", ".zip"};
    bool known =
        bytes_is_fold(part->subtype, "gzip") || bytes_is_fold(part->subtype, "x-gzip") ||
        bytes_is_fold(part->subtype, "zip") ||
        bytes_is_fold(part->subtype, "x-zip-compressed") ||
        bytes_is_fold(part->subtype, "xml") || bytes_is_fold(part->subtype, "octet-stream");

    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        known |= bytes_ends_fold(part->filename, bytes_from_text(ends[i]));
    }
    return known;
}

enum sk_code
dmarc_of_message(struct arena *arena, struct bytes raw, struct bytes *xml_r,
                 struct why *why)
{
    const struct letter *letter = letter_read(arena, raw);

    for (const struct part *part = letter->root; part != NULL; part = part_next(part)) {
        if (part->shape == PART_LEAF && may_be_report(part) &&
            dmarc_packed_looks(part->content)) {
            return dmarc_unpack(arena, part->content, xml_r, why);
        }
    }
    return why_set(why, SK_BAD, "no part of the message is a report");
}

enum sk_code
dmarc_of_bytes(struct arena *arena, struct bytes raw, struct bytes *xml_r, struct why *why)
{
    return dmarc_packed_looks(raw) ? dmarc_unpack(arena, raw, xml_r, why)
                                   : dmarc_of_message(arena, raw, xml_r, why);
}

/* By which a report that comes again is known (RFC 9990 3.5.3): who, about whom, its id and period. */
static struct bytes
report_digest(struct arena *arena, const struct dmarc_report *report)
{
    uint8_t digest[HASH_SHA256_SIZE];
    struct writer w;

    writer_init(&w, arena);
    writer_bytes(&w, report->org_name);
    writer_byte(&w, '\n');
    writer_bytes(&w, report->report_id);
    writer_byte(&w, '\n');
    writer_bytes(&w, report->published.domain);
    writer_format(&w, "\n%llu", (unsigned long long)report->begin);
    hash_sha256(writer_view(&w), digest);
    return bytes_hex(arena, bytes_of(digest, 16));
}

static bool
is(struct bytes word, const char *text)
{
    return bytes_is_fold(word, text);
}

/* ["192.0.2.1","example.jp",12,"ps","q"]: source, From domain, messages, what is aligned (d: DKIM, s: SPF), and the
 * disposition's first letter. */
static void
put_row(struct arena *arena, struct json *j, const struct dmarc_row *row)
{
    struct writer aligned;

    writer_init(&aligned, arena);
    writer_text(&aligned, is(row->dkim, "pass") ? "d" : "");
    writer_text(&aligned, is(row->spf, "pass") ? "s" : "");
    json_open(j, '[');
    json_bytes(j, bytes_lower(arena, row->source_ip));
    json_bytes(j, bytes_lower(arena, bytes_slice(row->header_from, 0, LIMIT_DOMAIN)));
    json_number(j, (int64_t)row->count);
    json_bytes(j, writer_view(&aligned));
    json_bytes(j, is(row->disposition, "reject")       ? BYTES("r")
                  : is(row->disposition, "quarantine") ? BYTES("q")
                                                       : BYTES("n"));
    json_close(j);
}

struct bytes
dmarc_received_request(struct arena *arena, const struct dmarc_report *report, size_t from)
{
    struct writer w;
    struct json j;

    writer_init(&w, arena);
    json_init(&j, &w);
    json_open(&j, '{');
    json_put_text(&j, "do", "dmarc.received");
    json_put_string(&j, "report", report_digest(arena, report));
    json_put_number(&j, "part", (int64_t)(from / DMARC_ROWS_A_REQUEST));
    json_put_string(&j, "org", bytes_slice(report->org_name, 0, LIMIT_DOMAIN));
    json_put_string(&j, "report_id", bytes_slice(report->report_id, 0, LIMIT_DOMAIN));
    json_put_string(&j, "domain", bytes_lower(arena, report->published.domain));
    json_put_string(&j, "p", bytes_slice(report->published.p, 0, 20));
    json_put_number(&j, "begin", (int64_t)report->begin);
    json_put_number(&j, "end", (int64_t)report->end);
    json_key(&j, "rows");
    json_open(&j, '[');
    for (size_t i = from; i < report->row_count && i < from + DMARC_ROWS_A_REQUEST; i++) {
        put_row(arena, &j, &report->rows[i]);
    }
    json_close(&j);
    json_close(&j);
    return writer_view(&w);
}
