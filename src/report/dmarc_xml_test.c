/* Reports of others: XML, gzip, zip, and what must not be read. Then what we write, read back. */
#include "report/dmarc_report.h"

#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/tap.h"
#include "base/writer.h"

#define HEAD                                                                               \
    "<feedback><version>1.0</version><report_metadata><org_name>Receiver</org_name>"       \
    "<email>a@r.example</email><report_id>7</report_id><date_range><begin>100</begin>"     \
    "<end>200</end></date_range></report_metadata><policy_published>"                      \
    "<domain>d.example</domain><p>reject</p></policy_published>"
#define ROW                                                                                \
    "<record><row><source_ip>192.0.2.1</source_ip><count>3</count><policy_evaluated>"      \
    "<disposition>none</disposition><dkim>pass</dkim><spf>fail</spf></policy_evaluated>"   \
    "</row><identifiers><header_from>d.example</header_from></identifiers><auth_results>"  \
    "<spf><domain>d.example</domain><result>fail</result></spf></auth_results></record>"

static struct arena arena;
static struct dmarc_report report;
static struct why why;

static enum sk_code
read_text(struct bytes xml)
{
    return dmarc_report_read(&arena, xml, &report, &why);
}

static void
test_reading(void)
{
    enum sk_code code =
        read_text(BYTES("\r\n <?xml version=\"1.0\"?>" HEAD ROW "</feedback>"));
    const struct dmarc_row *row = report.rows;

    tap_ok(code == SK_OK && report.row_count == 1 &&
               bytes_is(row->source_ip, "192.0.2.1") && row->count == 3 &&
               bytes_is(row->dkim, "pass") && row->spf_count == 1 && report.begin == 100 &&
               report.end == 200,
           "a report is read, blanks before it or not");
    tap_ok(dmarc_report_check(&report, &why) == SK_OK, "and it can be counted");
    code =
        read_text(BYTES("<d:feedback xmlns:d='urn:x' xmlns:e='urn:y'><d:policy_published>"
                        "<d:domain>a.example</d:domain><e:p>none</e:p></d:policy_published>"
                        "</d:feedback>"));
    tap_ok(code == SK_OK && bytes_is(report.published.domain, "a.example") &&
               report.published.p.at == NULL,
           "a prefix of the root is that of all; elements of others are passed over");
    code =
        read_text(BYTES("<feedback><policy_published><domain> a &amp; b &lt;x&gt; </domain>"
                        "<domain>second</domain></policy_published><record><domain>no"
                        "</domain></record></feedback>"));
    tap_ok(code == SK_OK && bytes_is(report.published.domain, "a & b <x>") &&
               dmarc_report_check(&report, &why) == SK_BAD,
           "entities of XML itself; the first of two counts; nothing from a wrong place");
    tap_ok(read_text(BYTES("")) == SK_BAD && read_text(BYTES("<a/>")) == SK_BAD &&
               read_text(BYTES("<feedback><a></feedback>")) == SK_BAD &&
               read_text(BYTES("<feedback/><feedback/>")) == SK_BAD &&
               read_text(BYTES("<feedback>")) == SK_BAD && read_text(BYTES("<")) == SK_BAD,
           "no report: nothing, another root, broken XML");
}

/* OpenDMARC's reports lack version, scope, envelope_from and fo. */
static void
test_lenient(void)
{
    enum sk_code code = read_text(
        BYTES("<feedback><report_metadata><org_name>o</org_name><report_id>1</report_id>"
              "<date_range><begin>1</begin><end>2</end></date_range></report_metadata>"
              "<policy_published><domain>d.example</domain></policy_published>" ROW
              "</feedback>"));

    tap_ok(code == SK_OK && dmarc_report_check(&report, &why) == SK_OK &&
               report.version.at == NULL && report.rows[0].envelope_from.at == NULL &&
               report.rows[0].spf_results[0].scope.at == NULL,
           "OpenDMARC 52: a report without version, scope, envelope_from and fo is read");
}

static void
test_doctype(void)
{
    tap_ok(read_text(
               BYTES("<!DOCTYPE feedback [<!ENTITY a \"x\">]><feedback>&a;</feedback>")) ==
                   SK_BAD &&
               strstr(why.sentence, "document type") != NULL,
           "a document type is refused, and entities with it");
    tap_ok(read_text(BYTES(
               "<!DOCTYPE feedback SYSTEM \"file:///etc/passwd\"><feedback/>")) == SK_BAD,
           "also one that names a file");
    tap_ok(read_text(BYTES("<feedback>&unknown;</feedback>")) == SK_BAD,
           "an entity that nobody declared is no XML");
}

static struct bytes
nested(size_t depth)
{
    struct writer w;

    writer_init(&w, &arena);
    writer_text(&w, "<feedback>");
    for (size_t i = 1; i < depth; i++) {
        writer_text(&w, "<a>");
    }
    for (size_t i = 1; i < depth; i++) {
        writer_text(&w, "</a>");
    }
    writer_text(&w, "</feedback>");
    return writer_view(&w);
}

static struct bytes
repeated(const char *before, const char *piece, size_t count, const char *after)
{
    struct writer w;

    writer_init(&w, &arena);
    writer_text(&w, before);
    for (size_t i = 0; i < count; i++) {
        writer_text(&w, piece);
    }
    writer_text(&w, after);
    return writer_view(&w);
}

static void
test_bounds(void)
{
    tap_ok(read_text(nested(LIMIT_DMARC_REPORT_DEPTH)) == SK_OK, "depth at its bound");
    tap_ok(read_text(nested(LIMIT_DMARC_REPORT_DEPTH + 1)) == SK_LIMIT, "and one past it");
    tap_ok(read_text(repeated("<feedback>", "<record/>", LIMIT_DMARC_REPORT_ROWS,
                              "</feedback>")) == SK_OK &&
               report.row_count == LIMIT_DMARC_REPORT_ROWS,
           "rows at their bound");
    tap_ok(read_text(repeated("<feedback>", "<record/>", LIMIT_DMARC_REPORT_ROWS + 1,
                              "</feedback>")) == SK_LIMIT,
           "and one past it");
    (void)!read_text(
        repeated("<feedback><record><auth_results>", "<dkim><domain>a</domain></dkim>",
                 LIMIT_DMARC_REPORT_RESULTS + 1, "</auth_results></record></feedback>"));
    tap_ok(report.rows[0].dkim_count == LIMIT_DMARC_REPORT_RESULTS,
           "results of a row stop at their bound");
    (void)!read_text(repeated("<feedback><version>", "x", LIMIT_DMARC_REPORT_TEXT,
                              "</version></feedback>"));
    tap_ok(report.version.size == LIMIT_DMARC_REPORT_TEXT, "a text at its bound");
    (void)!read_text(
        repeated("<feedback><version>", "\xe3\x81\x82", 2000, "</version></feedback>"));
    tap_ok(report.version.size == LIMIT_DMARC_REPORT_TEXT / 3 * 3,
           "and cut at a character past it");
}

/* A zip of one stored file, as a tool would write it. */
static struct bytes
stored_zip(struct bytes name, struct bytes content, uint32_t crc, unsigned flags)
{
    struct writer w;
    const uint8_t size[] = {(uint8_t)content.size, (uint8_t)(content.size >> 8), 0, 0};
    const uint8_t sum[] = {(uint8_t)crc, (uint8_t)(crc >> 8), (uint8_t)(crc >> 16),
                           (uint8_t)(crc >> 24)};

    writer_init(&w, &arena);
    writer_bytes(&w, bytes_of("PK\3\4\24\0\0\0\0\0\0\0\0\0", 14));
    writer_bytes(&w, bytes_of(sum, 4));
    writer_bytes(&w, bytes_of(size, 4));
    writer_bytes(&w, bytes_of(size, 4));
    writer_byte(&w, (uint8_t)name.size);
    writer_bytes(&w, bytes_of("\0\0\0", 3));
    writer_bytes(&w, name);
    writer_bytes(&w, content);
    size_t directory = w.size;
    writer_bytes(&w, bytes_of("PK\1\2\24\0\24\0", 8));
    writer_byte(&w, (uint8_t)flags);
    writer_bytes(&w, bytes_of("\0\0\0\0\0\0\0", 7));
    writer_bytes(&w, bytes_of(sum, 4));
    writer_bytes(&w, bytes_of(size, 4));
    writer_bytes(&w, bytes_of(size, 4));
    writer_byte(&w, (uint8_t)name.size);
    writer_bytes(&w, bytes_of("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 17));
    writer_bytes(&w, name);
    size_t end = w.size;
    writer_bytes(&w, bytes_of("PK\5\6\0\0\0\0\1\0\1\0", 12));
    writer_byte(&w, (uint8_t)(end - directory));
    writer_bytes(&w, bytes_of("\0\0\0", 3));
    writer_byte(&w, (uint8_t)directory);
    writer_bytes(&w, bytes_of("\0\0\0\0\0", 5));
    return writer_view(&w);
}

static void
test_unpacking(void)
{
    struct bytes xml = BYTES("<feedback/>"), packed = dmarc_pack(&arena, xml), out;
    uint32_t crc = 0x3b0ab784;

    tap_ok(dmarc_unpack(&arena, packed, &out, &why) == SK_OK && bytes_equal(out, xml),
           "gzip, there and back");
    tap_ok(bytes_equal(packed, dmarc_pack(&arena, xml)) &&
               memcmp(packed.at + 4, "\0\0\0\0", 4) == 0,
           "the same bytes give the same gzip: no time is in it");
    bool cut = true;
    for (size_t i = 3; i < packed.size; i++) {
        cut = cut && dmarc_unpack(&arena, bytes_slice(packed, 0, i), &out, &why) == SK_BAD;
    }
    tap_ok(cut, "a gzip that was cut off anywhere is broken");
    struct bytes zip = stored_zip(BYTES("a.xml"), xml, crc, 0);
    enum sk_code code = dmarc_unpack(&arena, zip, &out, &why);
    tap_ok(code == SK_OK && bytes_equal(out, xml), "a zip is opened by its directory");
    tap_ok(dmarc_unpack(&arena, stored_zip(BYTES("a.xml"), xml, 1, 0), &out, &why) ==
               SK_BAD,
           "a zip whose sum is wrong is damaged");
    tap_ok(dmarc_unpack(&arena, stored_zip(BYTES("a.xml"), xml, crc, 1), &out, &why) ==
               SK_BAD,
           "one that is encrypted is not read");
    cut = true;
    for (size_t i = 4; i < zip.size; i++) {
        cut = cut && dmarc_unpack(&arena, bytes_slice(zip, 0, i), &out, &why) == SK_BAD;
    }
    tap_ok(cut, "a zip that was cut off anywhere is broken");
    tap_ok(dmarc_unpack(&arena, BYTES("hello"), &out, &why) == SK_BAD &&
               dmarc_unpack(&arena, BYTES(""), &out, &why) == SK_BAD,
           "what is neither XML nor gzip nor zip is no report");
}

static void
test_bomb(void)
{
    struct arena big;
    struct bytes out;

    arena_init(&big, (size_t)600 << 20);
    uint8_t *blank = arena_take_bytes(&big, LIMIT_DMARC_REPORT_BYTES + 1);
    memset(blank, ' ', LIMIT_DMARC_REPORT_BYTES + 1);
    struct bytes most = dmarc_pack(&big, bytes_of(blank, LIMIT_DMARC_REPORT_BYTES)),
                 past = dmarc_pack(&big, bytes_of(blank, LIMIT_DMARC_REPORT_BYTES + 1));
    tap_ok(dmarc_unpack(&big, past, &out, &why) == SK_LIMIT && past.size < 100000,
           "a bomb of %zu bytes stops at the bound", past.size);
    enum sk_code code = dmarc_unpack(&big, most, &out, &why);
    tap_ok(code == SK_OK && out.size == LIMIT_DMARC_REPORT_BYTES,
           "at the bound nothing is lost");
    arena_release(&big);
}

static void
test_hostile_writing(void)
{
    struct dmarc_auth auth = {
        .domain = BYTES("</domain><x>"), .selector = BYTES("a&b"), .result = BYTES("pass")};
    struct dmarc_row row = {.source_ip = BYTES("192.0.2.1"),
                            .count = 1,
                            .disposition = BYTES("none"),
                            .dkim = BYTES("pass"),
                            .spf = BYTES("fail"),
                            .header_from = bytes_of("a\0b\x1b\xff]]>\"'\xef\xbf\xbe", 13),
                            .envelope_from = BYTES(""),
                            .dkim_results = &auth,
                            .dkim_count = 1};
    struct dmarc_report ours = {
        .org_name = BYTES("<script>"),
        .published = {.domain = BYTES("d.example"), .p = BYTES("none")},
        .rows = &row,
        .row_count = 1};
    struct bytes xml = dmarc_report_write(&arena, &ours);

    tap_ok(bytes_find(xml, BYTES("<x>"), 0) == BYTES_NOWHERE &&
               bytes_find(xml, BYTES("<script>"), 0) == BYTES_NOWHERE &&
               bytes_find(xml, BYTES("]]>"), 0) == BYTES_NOWHERE &&
               bytes_find_byte(xml, 0x1b, 0) == BYTES_NOWHERE &&
               bytes_find_byte(xml, 0, 0) == BYTES_NOWHERE,
           "hostile text in a report of ours is never markup");
    tap_ok(read_text(xml) == SK_OK &&
               bytes_is(report.rows[0].dkim_results[0].domain, "</domain><x>") &&
               bytes_is(report.rows[0].header_from,
                        "a\xef\xbf\xbd"
                        "b\xef\xbf\xbd\xef\xbf\xbd]]>\"'\xef\xbf\xbd") &&
               report.rows[0].envelope_from.at != NULL &&
               report.rows[0].envelope_from.size == 0,
           "and is read back as what it was, what is no character as U+FFFD");
}

int
main(void)
{
    arena_init(&arena, (size_t)1 << 30);
    test_reading();
    test_lenient();
    test_doctype();
    test_bounds();
    test_unpacking();
    test_bomb();
    test_hostile_writing();
    arena_release(&arena);
    return tap_done();
}
