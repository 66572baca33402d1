/* Emoji of Japan's mobile carriers, and what an emoji says.
 *
 * Before Unicode 6.0 docomo, KDDI (au) and SoftBank each had their own: in Shift_JIS where CP932 has its user-defined
 * letters, in ISO-2022-JP in rows 0x75 to 0x7B (KDDI) or as web codes ESC $ G ! SI (SoftBank), in UTF-8 in the private use
 * area, where each carrier, and Google's mail from U+FE000 on, took places of its own. They overlap: one code may be three
 * emoji. Whose it is the caller says from the sender's domain (emoji_carrier_of_domain), or the codes themselves tell,
 * where only one carrier has them all (emoji_carrier_of_text).
 *
 * The facts are those of EmojiSources.txt of Unicode; what has no equal there (a carrier's own logos) becomes the geta
 * mark 〓, as the carriers themselves showed each other's emoji. All functions are pure; cost linear. */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"

enum emoji_carrier { EMOJI_NOBODY, EMOJI_DOCOMO, EMOJI_KDDI, EMOJI_SOFTBANK };
#define EMOJI_CARRIERS 4

/* One emoji in UTF-8 is at most this long (a flag: two letters of four bytes). */
#define EMOJI_SIZE_MAX 8

/* "docomo", "kddi", "softbank" in any case; else EMOJI_NOBODY. */
enum emoji_carrier emoji_carrier_of_name(struct bytes name);
/* Whose phones send from a domain: docomo.ne.jp, ezweb.ne.jp, au.com, softbank.ne.jp and their kin. */
enum emoji_carrier emoji_carrier_of_domain(struct bytes domain);

/* The private character that a carrier gives the emoji of a Shift_JIS code, by row and column (from 0) of KDDI's
 * ISO-2022-JP, or by the two characters behind ESC $ of SoftBank's web codes ("G!"); 0 if there is none. A decoder
 * writes it, and emoji_replace makes the emoji of it. */
uint32_t emoji_private(enum emoji_carrier carrier, unsigned code);
uint32_t emoji_private_kddi_jis(unsigned row, unsigned column);
uint32_t emoji_private_web_code(uint8_t page, uint8_t c);

/* The one carrier who has all the private characters of a UTF-8 text; EMOJI_NOBODY if there are none, or if none
 * or several have them. from_cp932: the text was read from Shift_JIS as CP932 reads it, so that U+E000 is F040. */
enum emoji_carrier emoji_carrier_of_text(struct bytes utf8, bool from_cp932);
/* Puts emoji in the place of a carrier's private characters, and of Google's. A view of the text if there are none. */
struct bytes emoji_replace(struct arena *arena, struct bytes utf8,
                           enum emoji_carrier carrier, size_t *count_r);

/* What an emoji says, in Japanese ("爆弾"); NULL for what is none, and for marks that are text in Japan (JIS X 0208). */
const char *emoji_word(uint32_t code_point);
