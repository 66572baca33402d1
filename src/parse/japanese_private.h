/* Japanese charsets by our own tables: decoders that never stop, and the measure of how Japanese a text looks.
 *
 * Each decoder writes UTF-8 to `out`, which has room for JAPANESE_GROWTH bytes for each byte of input, and returns how many bytes
 * it wrote. What means nothing becomes U+FFFD and is added to *errors. The reading is Microsoft's (CP932,
 * CP51932, CP50220) where the standards differ, for that is what mail is written in; JIS X 0212 and 0213, the user-defined rows of
 * CP932 and eucJP-ms are read too. */
#pragma once

#include <uchar.h>

#include "base/bytes.h"
#include "parse/emoji.h"

#define JAPANESE_GROWTH 3

/* Tables: row and column from 0 (japanese_tables.c, generated). A hole is 0 or U+FFFD. */
extern const char16_t japanese_0208[120][95];
extern const char16_t japanese_0212[94][95];
extern const char16_t japanese_0213_1[94][95];
extern const char16_t japanese_0213_2[94][95];
extern const char16_t japanese_gb2312[94][95];
extern const char16_t japanese_ksx1001[94][95];
extern const char32_t japanese_special[][2];
extern const size_t japanese_special_count;
#define JAPANESE_SPECIAL 0xf700u

/* What is not the same everywhere. */
struct japanese_way {
    enum emoji_carrier
        carrier; /* whose emoji stand there; they become his private characters */
    bool
        x0213; /* JIS X 0213:2004 (EUC-JIS-2004, Shift_JIS-2004) in the place of CP932, CP51932 */
};

/* ISO-2022-JP with -1, -2, -3, -2004, -MS and CP50220 to CP50222: half-width kana by ESC ( I, SO or 8 bits; a shift state that
 * was not ended before the line end is ended there, unless the next escape shows that it was meant to last. */
size_t japanese_from_iso_2022_jp(struct bytes in, struct japanese_way way, uint8_t *out,
                                 size_t *errors);
size_t japanese_from_shift_jis(struct bytes in, struct japanese_way way, uint8_t *out,
                               size_t *errors);
size_t japanese_from_euc_jp(struct bytes in, struct japanese_way way, uint8_t *out,
                            size_t *errors);

/* Whether an escape stands in it that switches to Japanese (or, in ISO-2022-JP-2, any) letters. */
bool japanese_has_escapes(struct bytes in);
/* Text whose ESC bytes were lost on the way ("$B$3$s(B"): true if it is, and then in with the ESC bytes put
 * back, in restored, which has room for 2 * in.size bytes. labelled: a label says ISO-2022-JP, so that less evidence does, and
 * a run may end with its line. */
bool japanese_restore_escapes(struct bytes in, bool labelled, uint8_t *restored,
                              size_t *size_r);
/* Whether a kanji is one of those that make up nine in ten of a text. */
bool japanese_is_usual(uint32_t c);

/* How usual the characters of a UTF-8 text are in mail, in 1/16 bits: the logarithm of the likelihood, always negative. Candidates for
 * one piece of bytes are compared by it: the greatest is right. What is usual depends on the charset that was
 * read: in one that is not Japanese its own letters are; in UTF-8 all are. */
enum japanese_reading { JAPANESE_OWN, JAPANESE_FOREIGN, JAPANESE_UNIVERSAL };
int64_t japanese_plausible(struct bytes utf8, enum japanese_reading reading);
/* Whether kana are at least a quarter of its letters: the language is Japanese, in whatever charset. */
bool japanese_has_kana(struct bytes utf8);

/* From Unicode: row and column of JIS X 0208 with the extensions; false if it is not there. */
bool japanese_0208_find(uint32_t code_point, unsigned *row_r, unsigned *column_r);
