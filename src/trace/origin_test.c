/* What the record keeps of a DMARC record: only what a report to the domain's owner needs, and only where he asks for one. */
#include "trace/origin.h"

#include "base/json.h"
#include "base/limits.h"
#include "base/tap.h"
#include "base/writer.h"
#include "trace/dmarc.h"

static struct arena arena;

/* The member "published" for this record, "" if there is none. */
static struct bytes
published(const char *text)
{
    struct origin origin = {0};
    struct dmarc_record record;
    struct writer w;
    struct json j;

    bool read = dmarc_record_read(bytes_from_text(text), &record);
    SK_ASSERT(read);
    origin.dmarc.published = &record;
    writer_init(&w, &arena);
    json_init(&j, &w);
    origin_write_json(&origin, &j);
    struct bytes json = writer_view(&w);
    size_t at = bytes_find(json, BYTES("\"published\":"), 0);
    return at == BYTES_NOWHERE
               ? BYTES("")
               : bytes_slice(json, at + 12, bytes_find_byte(json, '}', at) + 1);
}

/* A record whose tag has a value of that many bytes. */
static const char *
of_size(const char *tag, size_t size)
{
    struct writer w;

    writer_init(&w, &arena);
    writer_format(&w, "v=DMARC1; p=none; %s=", tag);
    size_t begin = w.size;
    writer_text(&w, "mailto:a@b.example");
    while (w.size < begin + size) {
        writer_byte(&w, 'x');
    }
    return writer_c(&w);
}

static bool
has(struct bytes json, const char *what)
{
    return bytes_find(json, bytes_from_text(what), 0) != BYTES_NOWHERE;
}

int
main(void)
{
    arena_init(&arena, (size_t)4 << 20);
    tap_ok(published("v=DMARC1; p=reject; fo=1:d").size == 0,
           "who asks for no report: nothing of his record");
    tap_ok(bytes_is(published("v=DMARC1; p=reject; sp=none; fo=1:d; "
                              "rua=mailto:a@b.example; ruf=mailto:f@b.example"),
                    "{\"p\":\"reject\",\"sp\":\"none\",\"fo\":\"1:d\",\"rua\":\"mailto:a@b."
                    "example\",\"ruf\":\"mailto:f@b.example\"}"),
           "where aggregate and where failure reports go, and which");
    tap_ok(bytes_is(published("v=DMARC1; p=none; ruf=mailto:f@b.example"),
                    "{\"p\":\"none\",\"ruf\":\"mailto:f@b.example\"}"),
           "failure reports alone");
    tap_ok(bytes_is(published("v=DMARC1; p=none; rua=mailto:a@b.example"),
                    "{\"p\":\"none\",\"rua\":\"mailto:a@b.example\"}"),
           "aggregate reports alone");
    tap_ok(has(published(of_size("ruf", LIMIT_DMARC_RUA)), "\"ruf\":\"mailto:") &&
               has(published(of_size("rua", LIMIT_DMARC_RUA)), "\"rua\":\"mailto:"),
           "lists of addresses at their bound");
    tap_ok(published(of_size("ruf", LIMIT_DMARC_RUA + 1)).size == 0 &&
               published(of_size("rua", LIMIT_DMARC_RUA + 1)).size == 0,
           "and one byte past it: as if they were not given");
    arena_release(&arena);
    return tap_done();
}
