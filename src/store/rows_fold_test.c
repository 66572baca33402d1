#include "store/rows_fold.h"

#include "base/tap.h"

int
main(void)
{
    static const struct {
        const char *from, *to;
    } cases[] = {
        {"plain", "plain"},
        {"ｶﾒﾗ", "カメラ"},
        {"ﾃﾞｼﾞﾀﾙ", "デジタル"},
        {"ﾊﾟｽﾎﾟｰﾄ", "パスポート"},
        {"ｳﾞ", "ヴ"},
        {"ｱﾞ", "ア゛"},
        {"ＡＢＣ１２３", "ABC123"},
        {"漢字ｶﾅ", "漢字カナ"},
        {"ﾝ｡｢｣", "ン。「」"},
        {"", ""},
        {"ｶ", "カ"},
        {"ﾂﾞﾃﾞﾄﾞ", "ヅデド"},
        {"ﾊﾞﾋﾞﾌﾞﾍﾞﾎﾞ", "バビブベボ"},
        {"ﾁﾞﾀﾞ", "ヂダ"},
    };
    struct arena arena;

    arena_init(&arena, 1 << 20);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct bytes got = rows_fold(&arena, bytes_from_text(cases[i].from));
        tap_ok(bytes_is(got, cases[i].to), "%s -> %.*s", cases[i].from,
               BYTES_ARGUMENTS(got));
    }
    tap_ok(rows_fold(&arena, BYTES("\xef\xbd")).size == 2 &&
               rows_fold(&arena, BYTES("\xef")).size == 1,
           "half a character stays");
    arena_release(&arena);
    return tap_done();
}
