#include "judge/findings_private.h"

#include <math.h>

#include "base/tap.h"
#include "base/writer.h"
#include "parse/letter.h"

static struct arena arena;

static struct findings
read_findings(const char *text, uint32_t families)
{
    struct permit permit = {.union_families = families};
    struct findings f;

    findings_init(&f, &arena, &permit);
    findings_of_defects(&f, letter_read(&arena, bytes_from_text(text)));
    return f;
}

static const struct finding *
find(const struct findings *f, const char *name)
{
    for (size_t i = 0; i < f->count; i++) {
        if (strcmp(f->list[i].name, name) == 0) {
            return &f->list[i];
        }
    }
    return NULL;
}

#define ALL (FAMILY_BIT(FAMILY_CONTENT) | FAMILY_BIT(FAMILY_ATTACHMENTS))

int
main(void)
{
    arena_init(&arena, (size_t)1 << 28);
    struct findings f = read_findings("From: a@b\nSubject: x\n\ntext\n", ALL);
    tap_ok(f.count == 0, "an ordinary letter: none");

    static const char two[] =
        "Content-Type: text/plain\nContent-Type: text/html\n\n<b>x</b>\n";
    f = read_findings(two, ALL);
    const struct finding *finding = find(&f, "two_readings");
    tap_ok(finding != NULL && finding->weight > 0 &&
               bytes_is(finding->detail, "content_type_conflict"),
           "two readings, and why");
    f = read_findings("Content-Type: text/plain\nContent-Type: text/html\n\nx\n", ALL);
    tap_ok(find(&f, "two_readings") == NULL, "that say the same: none");
    f = read_findings(two, FAMILY_BIT(FAMILY_SOURCE));
    tap_ok(f.count == 0, "without a permit nothing is told");

    f = read_findings("Cc: a@b\nCc: c@d\nTo: a@b\nTo: c@d\n\nx\n", ALL);
    tap_ok(f.count == 1 && find(&f, "field_twice") != NULL &&
               bytes_is(f.list[0].detail, "cc_twice") &&
               fabs(f.list[0].weight - 0.5) < 1e-9,
           "several defects of a kind count once");
    f = read_findings("Content-Disposition: attachment; filename=a.txt\nContent-Type: "
                      "application/x; name=a.exe\n\nx\n",
                      FAMILY_BIT(FAMILY_ATTACHMENTS));
    tap_ok(find(&f, "file_name_two") != NULL, "two file names, of the attachments' family");
    f = read_findings("Content-Type: message/partial; id=x\n\nSubject: x\n\nin", ALL);
    tap_ok(find(&f, "message_partial") != NULL, "a fragment");
    f = read_findings("Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx", ALL);
    tap_ok(find(&f, "mime_broken") != NULL, "MIME without an end");
    arena_release(&arena);
    return tap_done();
}
