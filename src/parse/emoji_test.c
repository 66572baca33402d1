#include "parse/emoji.h"

#include "base/limits.h"
#include "base/tap.h"
#include "base/utf8.h"

static struct arena arena;

static struct bytes
emoji_of(enum emoji_carrier carrier, unsigned code)
{
    uint8_t text[4];
    size_t count;
    uint32_t c = emoji_private(carrier, code);

    return c == 0 ? BYTES_NONE
                  : emoji_replace(&arena,
                                  bytes_copy(&arena, bytes_of(text, utf8_put(text, c))),
                                  carrier, &count);
}

static void
test_codes(void)
{
    static const struct {
        const char *what;
        enum emoji_carrier carrier;
        unsigned code;
        const char *text;
    } rows[] = {
        {"docomo's first", EMOJI_DOCOMO, 0xf89f, "☀"},
        {"docomo's bomb", EMOJI_DOCOMO, 0xf9a3, "💣"},
        {"docomo's last", EMOJI_DOCOMO, 0xf9fc, "😱"},
        {"before docomo's first", EMOJI_DOCOMO, 0xf89e, ""},
        {"no trail byte", EMOJI_DOCOMO, 0xf97f, ""},
        {"KDDI's first, F340", EMOJI_KDDI, 0xf340, "🍂"},
        {"KDDI's heart", EMOJI_KDDI, 0xf7b2, "❤"},
        {"KDDI's keycap", EMOJI_KDDI, 0xf489, "#\u20e3"},
        {"KDDI's knife", EMOJI_KDDI, 0xf79c, "🔪"},
        {"KDDI's, which Unicode lacks", EMOJI_KDDI, 0xf493, "〓"},
        {"SoftBank's first page", EMOJI_SOFTBANK, 0xf941, "👦"},
        {"SoftBank's flag", EMOJI_SOFTBANK, 0xfbab, "🇯🇵"},
        {"SoftBank's bomb", EMOJI_SOFTBANK, 0xf9b1, "💣"},
        {"behind a page", EMOJI_SOFTBANK, 0xf79c, ""},
        {"nobody's", EMOJI_NOBODY, 0xf941, ""},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct bytes text = emoji_of(rows[i].carrier, rows[i].code);
        tap_ok(bytes_is(text, rows[i].text), "%s: %.*s", rows[i].what,
               BYTES_ARGUMENTS(text));
    }
    tap_ok(emoji_private_kddi_jis(84, 25) == 0xe481 &&
               emoji_private_kddi_jis(88, 0) == 0xe5cd &&
               emoji_private_kddi_jis(83, 0) == 0 && emoji_private_kddi_jis(91, 0) == 0,
           "KDDI's rows of JIS");
    tap_ok(emoji_private_web_code('G', '!') == 0xe001 &&
               emoji_private_web_code('Q', 'S') != 0 &&
               emoji_private_web_code('H', '!') == 0 &&
               emoji_private_web_code('G', '{') == 0,
           "SoftBank's web codes");
}

static void
test_evidence(void)
{
    static const struct {
        const char *what, *text;
        bool from_cp932;
        enum emoji_carrier carrier;
    } rows[] = {
        {"docomo's alone", "\ue63e\ue690", false, EMOJI_DOCOMO},
        {"KDDI's alone", "\ue468 \uea80", false, EMOJI_KDDI},
        {"SoftBank's alone", "\ue001\ue04a", false, EMOJI_SOFTBANK},
        {"two carriers'", "\ue63e\ue001", false, EMOJI_NOBODY},
        {"of two carriers at once", "\ue50b", false, EMOJI_NOBODY},
        {"made clear by another", "\ue50b\ue001", false, EMOJI_SOFTBANK},
        {"a user's own letter in CP932", "\ue000", true, EMOJI_NOBODY},
        {"docomo's in CP932", "\ue63e", true, EMOJI_DOCOMO},
        {"F9A3 in CP932, docomo's or SoftBank's", "\ue6ff", true, EMOJI_NOBODY},
        {"no private letter", "絵文字", false, EMOJI_NOBODY},
        {"nothing", "", false, EMOJI_NOBODY},
    };
    size_t count;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        enum emoji_carrier who =
            emoji_carrier_of_text(bytes_from_text(rows[i].text), rows[i].from_cp932);
        tap_ok(who == rows[i].carrier, "%s: %d", rows[i].what, (int)who);
    }
    struct bytes plain = BYTES("絵文字\ue63e");
    tap_ok(emoji_replace(&arena, plain, EMOJI_NOBODY, &count).at == plain.at && count == 0,
           "without a carrier the text is not touched");
    tap_ok(bytes_is(emoji_replace(&arena, BYTES("a\U000fe000z"), EMOJI_NOBODY, &count),
                    "a☀z") &&
               count == 1,
           "Google's need no carrier");
    tap_ok(bytes_is(emoji_replace(&arena, BYTES("\ue50b\ue50b\ue50b\ue50b"), EMOJI_SOFTBANK,
                                  &count),
                    "🇯🇵🇯🇵🇯🇵🇯🇵") &&
               count == 4,
           "flags, which grow most");
}

static void
test_names(void)
{
    tap_ok(emoji_carrier_of_domain(BYTES("docomo.ne.jp")) == EMOJI_DOCOMO &&
               emoji_carrier_of_domain(BYTES("BIZ.EZWEB.NE.JP")) == EMOJI_KDDI &&
               emoji_carrier_of_domain(BYTES("i.softbank.jp")) == EMOJI_SOFTBANK,
           "domains of carriers");
    tap_ok(emoji_carrier_of_domain(BYTES("notdocomo.ne.jp")) == EMOJI_NOBODY &&
               emoji_carrier_of_domain(BYTES("docomo.ne.jp.example")) == EMOJI_NOBODY,
           "and those that look like them");
    tap_ok(emoji_carrier_of_name(BYTES("KDDI")) == EMOJI_KDDI &&
               emoji_carrier_of_name(BYTES("")) == EMOJI_NOBODY,
           "names");
    tap_ok(emoji_word(0x1f4a3) != NULL && strcmp(emoji_word(0x1f4a3), "爆弾") == 0 &&
               strstr(emoji_word(0x2764), "ハート") != NULL,
           "what an emoji says");
    tap_ok(emoji_word('a') == NULL && emoji_word(0x3042) == NULL &&
               emoji_word(0x2605) == NULL && emoji_word(0x10ffff) == NULL,
           "letters and marks say nothing more");
}

int
main(void)
{
    arena_init(&arena, LIMIT_ARENA_MESSAGE);
    test_codes();
    test_evidence();
    test_names();
    arena_release(&arena);
    return tap_done();
}
