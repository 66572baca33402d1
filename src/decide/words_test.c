#include "decide/verdict.h"

#include <string.h>

#include "base/tap.h"
#include "base/utf8.h"

static bool
has_japanese(const char *text)
{
    struct bytes b = bytes_from_text(text);
    uint32_t c;

    for (size_t at = 0, size; at < b.size; at += size) {
        size = utf8_get(b, at, &c);
        if (size == 0) {
            return false;
        }
        if (c >= 0x3040 && c < 0xa000) {
            return true;
        }
    }
    return false;
}

int
main(void)
{
    const char *name, *ja, *en, *other;
    size_t count = 0;

    for (; words_finding(count, &name, &ja, &en); count++) {
        bool plain = true;
        for (const char *c = name; *c != '\0'; c++) {
            plain = plain && ((*c >= 'a' && *c <= 'z') || *c == '_');
        }
        tap_ok(plain && has_japanese(ja) && utf8_valid(bytes_from_text(en)) &&
                   en[0] != '\0',
               "%s", name);
        for (size_t k = 0; k < count; k++) {
            const char *unused_ja, *unused_en;
            (void)words_finding(k, &other, &unused_ja, &unused_en);
            if (strcmp(other, name) == 0) {
                tap_ok(false, "%s stands twice", name);
            }
        }
    }
    tap_ok(count > 15, "the table is not empty");
    tap_ok(strcmp(words_finding_en("spf_fail"), "the sending host is not allowed by SPF") ==
               0,
           "words are found by name");
    tap_ok(strcmp(words_finding_ja("no_such"), "no_such") == 0,
           "an unknown name stands for itself");
    for (unsigned i = VERDICT_ACCEPT; i <= VERDICT_TEMPFAIL; i++) {
        enum verdict_action action = (enum verdict_action)i, back;
        tap_ok(verdict_action_read(bytes_from_text(verdict_action_name(action)), &back) &&
                   back == action && has_japanese(words_action_ja(action)),
               "action %s", verdict_action_name(action));
    }
    return tap_done();
}
