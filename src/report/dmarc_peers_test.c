/* Faults of others in reading reports of DMARC, named by who had them (docs/PEERS.md). The bytes of a report are laid so that the
 * page behind their last byte cannot be read: one byte too far ends this test, with or without a sanitizer. */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/tap.h"
#include "base/writer.h"
#include "report/dmarc_report.h"

static const char xml[] =
    "<?xml version=\"1.0\"?><feedback><version>1.0</version><report_metadata><org_name>"
    "Receiver</org_name><report_id>7</report_id><date_range><begin>100</begin><end>200</"
    "end>"
    "</date_range></report_metadata><policy_published><domain>d.example</domain><p>reject</"
    "p>"
    "</policy_published><record><row><source_ip>192.0.2.1</source_ip><count>3</count>"
    "<policy_evaluated><disposition>none</disposition><dkim>pass</dkim><spf>fail</spf>"
    "</policy_evaluated></row><identifiers><header_from>d.example</header_from></"
    "identifiers>"
    "</record></feedback>";

#define XML bytes_of(xml, sizeof xml - 1)

static struct arena arena;
static uint8_t *edge; /* the first byte that cannot be read */
static size_t room;   /* before it */

static bool
edge_open(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);

    room = 4 * page;
    uint8_t *at =
        mmap(NULL, room + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED || mprotect(at + room, page, PROT_NONE) != 0) {
        return false;
    }
    edge = at + room;
    return true;
}

/* The same bytes, the last of them at the edge. */
static struct bytes
at_edge(struct bytes text)
{
    SK_ASSERT(text.size <= room);
    if (text.size > 0) {
        memcpy(edge - text.size, text.at, text.size);
    }
    return bytes_of(edge - text.size, text.size);
}

static enum sk_code
read_at_edge(struct bytes text)
{
    struct dmarc_report report;
    struct why why;

    return dmarc_report_read(&arena, at_edge(text), &report, &why);
}

static void
test_terminator(void)
{
    size_t read = 0;

    tap_ok(read_at_edge(XML) == SK_OK,
           "class 19, OpenDMARC CVE-2020-12460: a report without a byte behind it is read");
    for (size_t size = 0; size < XML.size; size++) {
        read += read_at_edge(bytes_slice(XML, 0, size)) == SK_OK;
    }
    tap_ok(read == 0, "class 19, OpenDMARC CVE-2020-12460: cut off anywhere it is refused, "
                      "and nothing behind the cut is looked at");
    uint8_t *changed = arena_take_bytes(&arena, XML.size);
    size_t told = 0;
    for (size_t i = 0; i < XML.size; i++) {
        struct dmarc_report report;
        struct why why = {0};
        memcpy(changed, XML.at, XML.size);
        changed[i] = i % 2 ? 0 : '<';
        enum sk_code code =
            dmarc_report_read(&arena, at_edge(bytes_of(changed, XML.size)), &report, &why);
        told += code == SK_OK || why.sentence[0] != '\0';
    }
    tap_ok(told == XML.size,
           "class 19: a NUL or a bracket in any place: read, or refused with a reason");
}

static void
test_packed(void)
{
    struct bytes packed = dmarc_pack(&arena, XML), out;
    struct why why;
    size_t opened = 0;
    enum sk_code code = dmarc_unpack(&arena, at_edge(packed), &out, &why);

    tap_ok(code == SK_OK && bytes_equal(out, XML),
           "class 19: gzip without a byte behind it is unpacked");
    for (size_t size = 0; size < packed.size; size++) {
        code = dmarc_unpack(&arena, at_edge(bytes_slice(packed, 0, size)), &out, &why);
        opened += code == SK_OK;
    }
    tap_ok(opened == 0, "class 19: gzip that was cut off anywhere is refused");
    opened = 0;
    for (size_t size = 4; size < 200; size++) { /* what looks like the end of a zip */
        struct writer w;
        writer_init(&w, &arena);
        writer_text(&w, "PK\3\4");
        while (w.size < size) {
            writer_text(&w, "PK\5\6\xff\xff");
        }
        code = dmarc_unpack(&arena, at_edge(bytes_slice(writer_view(&w), 0, size)), &out,
                            &why);
        opened += code == SK_OK;
    }
    tap_ok(opened == 0,
           "class 19: a zip whose directory points out of it is refused, and not followed");
}

/* A text at each size around the bound, with the longest characters, so that the cut falls inside one. */
static void
test_texts(void)
{
    size_t whole = 0, count = 0;

    for (size_t size = LIMIT_DMARC_REPORT_TEXT - 8; size <= LIMIT_DMARC_REPORT_TEXT + 8;
         size++) {
        struct dmarc_report report;
        struct writer w;
        struct why why;
        writer_init(&w, &arena);
        writer_text(&w, "<feedback><version>");
        for (size_t i = 0; i < size % 4; i++) {
            writer_byte(&w, 'x');
        }
        for (size_t i = 0; i < size / 4; i++) {
            writer_text(&w, "\xf0\xa9\xb8\xbd");
        }
        writer_text(&w, "</version></feedback>");
        count++;
        enum sk_code code =
            dmarc_report_read(&arena, at_edge(writer_view(&w)), &report, &why);
        whole += code == SK_OK && report.version.size <= LIMIT_DMARC_REPORT_TEXT &&
                 report.version.size >= LIMIT_DMARC_REPORT_TEXT - 11 &&
                 (report.version.size - size % 4) % 4 == 0;
    }
    tap_ok(whole == count,
           "class 19: a text at its bound, below and past it, is cut between characters");
}

int
main(void)
{
    arena_init(&arena, (size_t)256 << 20);
    if (edge_open()) {
        test_terminator();
        test_packed();
        test_texts();
    } else {
        tap_skip("no page that cannot be read");
    }
    arena_release(&arena);
    arena_forget_blocks();
    return tap_done();
}
