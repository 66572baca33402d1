/* Indicators: by what a message can be followed to whoever sent it, and by what messages of one sender are joined.
 *
 * Bank accounts, telephone numbers, names at messengers, addresses of coins, mail addresses however they are disguised, URLs, postal
 * addresses, and the names that senders give themselves: each typed, brought to one normal form, and with its place.
 * What only looks like one (numbers of orders and parcels, dates, prices, ISBN, cards) is left alone: a number counts by its form,
 * its check digits, and the words before it.
 *
 * Read is the text as a person sees it (letter.text), not judge/normal.h's form of it: the addresses of coins and the paths of
 * links live by case, which that form folds. Widths (NFKC), half-width kana, invisible characters, dashes and blanks are folded
 * here, and offsets are those of the text given.
 *
 * Normal forms:
 *     bank_account    the set parts joined by blanks. Parts: bank (its full name where it is one of those listed in
 *                     indicators_banks.c, else as written; from a bank code or BIC too), branch (its name, else its number; of
 *                     Japan Post Bank the three kanji digits), kind (普通, 当座, 貯蓄), number (seven digits, zeros before it), holder.
 *                     記号 and 番号 of Japan Post Bank are turned into branch and number as the bank does it. An IBAN (ISO 13616,
 *                     check digits verified) has a number alone.
 *     phone           E.164. Japanese numbers by their form (the numbering plan of the Ministry of Internal Affairs); others only
 *                     with + or 010
 *     line_id         lower case, with @ where it is an official account's; of a link that tells no id: lin.ee/..., ti/p/...
 *     telegram_id     lower case without @; an invitation: + and its key
 *     signal_id, whatsapp_id  E.164 of their number, or a name, or what their link tells (group/..., chat/..., eu/...)
 *     bitcoin         Base58Check as written, Bech32 and Bech32m (BIP 173, BIP 350) in lower case; check sums verified
 *     ethereum        lower case; where it is written in both cases the check of EIP-55 holds
 *     email           lower case, domain in ASCII
 *     url             as the WHATWG URL standard writes it (parse/url.h)
 *     postal_address  postcode, blank, and the address up to its numbers, joined by hyphens (丁目, 番地, 号 undone)
 *     name            as written, blanks made one
 *
 * Pure. Memory is the arena's; nothing points into the text. At most LIMIT_INDICATOR_TEXT bytes of text are read and LIMIT_INDICATORS
 * found; each kind looks only some hundred characters back and ahead, so that time is linear. Of what is told twice the first
 * place counts. */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"
#include "parse/letter.h"

enum indicator_type {
    INDICATOR_BANK_ACCOUNT,
    INDICATOR_PHONE,
    INDICATOR_LINE_ID,
    INDICATOR_TELEGRAM_ID,
    INDICATOR_SIGNAL_ID,
    INDICATOR_WHATSAPP_ID,
    INDICATOR_BITCOIN,
    INDICATOR_ETHEREUM,
    INDICATOR_EMAIL,
    INDICATOR_URL,
    INDICATOR_POSTAL_ADDRESS,
    INDICATOR_NAME,
};
#define INDICATOR_TYPE_COUNT 12

struct indicator {
    enum indicator_type type;
    struct bytes value; /* normal form, UTF-8 */
    struct bytes bank, branch, kind, number,
        holder; /* of a bank account; "" where unknown */
    size_t from,
        to; /* in the text given: [from, to); both 0 where it stands in a link alone */
    bool disguised; /* a mail address or link that no program follows as it is written */
};

struct indicator_texts {
    struct bytes text; /* UTF-8 as a person sees it; broken bytes are no characters */
    /* Links that do not stand in the text (of HTML); those of kind LINK_TEXT are found in the text again, pictures are left out. */
    const struct link *links;
    size_t link_count;
};

/* In the order of the text, then those of links alone. */
const struct indicator *indicators_read(struct arena *arena,
                                        const struct indicator_texts *in, size_t *count_r);

/* "bank_account", "phone", ...; a constant. */
const char *indicator_type_name(enum indicator_type type);
