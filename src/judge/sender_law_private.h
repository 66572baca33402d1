/* How the display duties are found: the text in pieces, the words that matter, and whom one could reach.
 *
 * A piece is a sentence or a line, whichever ends first: duties are bound to contacts piece by piece. Words are found in
 * one pass, the longest at each place; what begins within a word that was found is not looked for. */
#pragma once

#include "judge/normal.h"
#include "judge/regions.h"
#include "parse/letter.h"

enum law_word {
    LAW_WORD_NONE = 0,           /* covers others: よくあるご質問 is no way to ask */
    LAW_WORD_REFUSE = 1 << 0,    /* 配信停止 */
    LAW_WORD_SETTINGS = 1 << 1,  /* 配信設定: leads to refusal, does not say so */
    LAW_WORD_REPLY = 1 << 2,     /* 返信 */
    LAW_WORD_BELOW = 1 << 3,     /* 下記 */
    LAW_WORD_ABOVE = 1 << 4,     /* 上記 */
    LAW_WORD_ASK = 1 << 5,       /* お問い合わせ */
    LAW_WORD_CALL = 1 << 6,      /* tel, e-mail */
    LAW_WORD_ORDER = 1 << 7,     /* ご注文: whose telephone is for selling */
    LAW_WORD_ELSEWHERE = 1 << 8, /* 会場: whose address is another's */
    LAW_WORD_ADDRESSEE = 1 << 9, /* 御中 */
    LAW_WORD_COMPANY = 1 << 10,  /* 株式会社 */
    LAW_WORD_SENDER = 1 << 11,   /* 発行者: */
    LAW_WORD_COPYRIGHT = 1 << 12, /* (c) */
    LAW_WORD_POSTAL = 1 << 13,    /* 所在地 */
    LAW_WORD_PLACE = 1 << 14,     /* 東京都 */
    LAW_WORD_STREET = 1 << 15,    /* street, -ku */
    LAW_WORD_LAND = 1 << 16,      /* japan, usa: ends an address */
    LAW_WORD_PROFILE = 1 << 17,   /* 会社概要 */
    LAW_WORD_DISCLOSE = 1 << 18,  /* 特定商取引法に基づく表記 */
    LAW_WORD_CANNOT = 1 << 19,    /* できません */
    LAW_WORD_ADVERT = 1 << 20,    /* セール */
    LAW_WORD_CONTRACT = 1 << 21,  /* ご注文ありがとうございます */
    LAW_WORD_FREE_MAIL = 1 << 22, /* get your free email */
    LAW_WORD_SELF = 1 << 23,      /* と申します: who says it names himself */
    LAW_WORD_BOX = 1 << 24,       /* 私書箱: no address */
    LAW_WORD_HERE = 1 << 25,      /* こちら */
};

struct law_hit {
    unsigned word;   /* of enum law_word, mostly one */
    size_t from, to; /* in the text */
    size_t piece;
};

struct law_piece {
    size_t from, to;     /* without the sign that ends it */
    size_t line;         /* pieces of one line share it */
    unsigned words;      /* of enum law_word, together */
    bool quoted;         /* another's words */
    bool heading;        /* begins with a mark, as headings do */
    bool ruled;          /* signs alone */
    size_t hit, contact; /* the first in it or behind it */
};

enum law_reach { LAW_REACH_URL = 1, LAW_REACH_MAIL = 2, LAW_REACH_PHONE = 4 };

/* Whom one could reach, and where it stands. */
struct law_contact {
    enum law_reach reach;
    size_t from, to, piece;
    struct bytes where; /* the URL, address or number */
    bool shown;         /* it stands there itself; else behind a word */
};

struct law_text {
    struct arena *arena;
    struct bytes normal;
    struct law_piece *pieces;
    size_t piece_count;
    struct law_hit *hits; /* in their order */
    size_t hit_count;
    struct law_contact *contacts; /* by `from` */
    size_t contact_count;
};

/* Words of a text in normal form, in their order; piece is not set. */
struct law_hit *law_words_find(struct arena *arena, struct bytes normal, size_t *count_r);

/* Pieces, words and contacts. regions: of the same text. */
void law_text_read(struct arena *arena, struct bytes normal, const struct region *regions,
                   size_t region_count, const struct letter *letter,
                   struct law_text *text_r);

static inline struct bytes
law_piece_text(const struct law_text *t, size_t piece)
{
    return bytes_slice(t->normal, t->pieces[piece].from, t->pieces[piece].to);
}

/* Whether a hit begins a postal address that one could write on an envelope; *end_r is behind its number. */
bool law_address_at(const struct law_text *t, const struct law_hit *hit, size_t *end_r);

/* Whether the piece names who sends. */
bool law_names_sender(const struct law_text *t, size_t piece);

struct sender_law;
struct origin;

/* One letter in hand. */
struct law_reading {
    struct arena *arena;
    const struct letter *letter;
    struct law_text text;
    struct normal_map map;
    unsigned subject; /* words of it, of enum law_word */
    struct sender_law *law;
    const struct law_contact *refusal; /* that was taken */
    size_t name, address;              /* pieces where they stand; piece_count: nowhere */
    bool begins;                       /* the address begins its line */
};

/* Fills law->duties; text, map, letter and law are set. */
void law_duties_read(struct law_reading *r);

/* Signs of what articles 5 and 6 forbid (sender_law_signs.c). */
void sender_law_signs(struct arena *arena, const struct letter *letter,
                      const struct origin *origin, struct sender_law *law);
