/* From bytes in any charset to UTF-8.
 *
 * In Japanese mail the label lies often: it is missing, or says ISO-2022-JP over Shift_JIS bytes, or UTF-8 over EUC-JP.
 * charset_decode therefore takes the label for a hint and the bytes for evidence: escapes of ISO 2022 in 7-bit text, and
 * for 8-bit text the labelled charset and UTF-8, Shift_JIS, EUC-JP tried and scored by validity and by how
 * usual the characters are; where none of them reads well, Chinese, Korean and Cyrillic ones too. charset_decode_as obeys
 * the label. Text encoded twice is mended, and emoji of Japan's carriers (emoji.h) become Unicode's.
 *
 * Nothing is ever lost and nothing fails: bytes that mean nothing become U+FFFD and are counted. Text that is UTF-8
 * already (ASCII too) is not copied: the result is then a view of the input; else it lies in the arena. The charset is
 * a constant in lower case, by the names of the WHATWG Encoding Standard where it has one ("utf-8",
 * "shift_jis", "euc-jp", "iso-2022-jp", "windows-1252", "us-ascii"). Cost: linear, and nearly nothing for ASCII without ESC. */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"
#include "parse/emoji.h"

struct charset_result {
    struct bytes text;    /* UTF-8 */
    struct bytes charset; /* the one used */
    size_t errors;        /* count of U+FFFD made */
    bool
        disagrees; /* a charset other than the labelled one was used, and the text is not the same in both */
    bool
        twice; /* it had been encoded twice (UTF-8 read as another charset on the way), which was undone */
    bool obeyed; /* by charset_decode_as */
    unsigned
        confidence; /* in percent: 100 where the bytes can mean nothing else or the label was obeyed, 50 where another
                            charset explains them as well; less the share of letters that came out as U+FFFD */
    enum emoji_carrier carrier; /* whose emoji stood in it: told, or found out */
    size_t emoji;               /* how many of them became Unicode's */
};

/* By evidence. label may be "", in any case, quoted or padded with blanks. */
void charset_decode(struct arena *arena, struct bytes bytes, struct bytes label,
                    struct charset_result *r);
/* The same, where the carrier is known whose phone wrote it. */
void charset_decode_from(struct arena *arena, struct bytes bytes, struct bytes label,
                         enum emoji_carrier carrier, struct charset_result *r);

/* Obeys the label; an unknown or empty one is decoded as charset_decode does with none. */
void charset_decode_as(struct arena *arena, struct bytes bytes, struct bytes label,
                       struct charset_result *r);
/* The same, where the carrier is known whose phone wrote it. */
void charset_decode_as_from(struct arena *arena, struct bytes bytes, struct bytes label,
                            enum emoji_carrier carrier, struct charset_result *r);

/* The name under which we know a label: "x-sjis" gives "shift_jis"; "" when nobody knows it. */
struct bytes charset_name(struct bytes label);

/* Whether the charset keeps shift state (ISO 2022, HZ, UTF-7), so that neighbouring encoded words must be
 * joined before they are decoded. */
bool charset_is_stateful(struct bytes label);

/* Text in a Japanese charset, for tests and `sekisho try`: false if the charset is none of iso-2022-jp, shift_jis,
 * euc-jp, utf-8. Characters it lacks become numeric character references, as forms in browsers write them. */
bool charset_encode(struct arena *arena, struct bytes text, struct bytes label,
                    struct bytes *bytes_r);

/* Gives the converters kept for this process back (for leak checkers; none need call it). */
void charset_forget_converters(void);
