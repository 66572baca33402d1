#include "judge/indicators_private.h"

/* Names at messengers: the messenger's name, words between, and the id. An id that is an ordinary word counts only where it is said to be
 * one (ID, 検索, @). */

#define ID_MAX 32

struct messenger {
    enum indicator_type type;
    const char *const *names;
    size_t least; /* characters of an id */
};

static const char *const line_names[] = {"LINE", "L I N E", "ライン", "らいん", NULL};
static const char *const telegram_names[] = {
    "telegram", "テレグラム", "テレグラ", "テレグ", "てれぐらむ", "TG", NULL};
static const char *const signal_names[] = {"signal", "シグナル", NULL};
static const char *const whatsapp_names[] = {"whatsapp", "ワッツアップ", "ワッツアプ",
                                             "whats app", NULL};

static const struct messenger messengers[] = {
    {INDICATOR_LINE_ID, line_names, 4},
    {INDICATOR_TELEGRAM_ID, telegram_names, 5},
    {INDICATOR_SIGNAL_ID, signal_names, 3},
    {INDICATOR_WHATSAPP_ID, whatsapp_names, 8},
};

static bool
is_id(uint32_t c)
{
    return glyph_digit(c) || glyph_letter(c) || c == '_' || c == '.' || c == '-';
}

static bool
is_joint(uint32_t c)
{
    return glyph_blank(c) || c == ':' || c == '(' || c == ')' || c == '[' || c == 0x300c ||
           c == 0x3010 || c == 0x300e || c == ']' || c == 0x2192 || c == '=' ||
           c == 0x21d2 || c == '"' || c == 0x30fb || c == '/' || c == 0x2b50 ||
           (c >= 0x1f300 && c < 0x1fb00) || c == 0x3011 || c == 0x300d || c == 0x300f ||
           c == '<' || c == '>';
}

struct lead {
    bool is_id;     /* ID or a word for it was said */
    bool is_told;   /* a colon, arrow, bracket */
    bool is_inside; /* in round brackets */
    size_t to;
};

/* The words between the messenger's name and the id. */
static struct lead
lead_read(const struct reading *r, size_t at)
{
    static const char *const ids[] = {
        "ID",     "アイディー", "アイディ",       "ユーザー名", "username", "user name",
        "handle", "id is",      "ユーザーネーム", "ユーザー名", NULL};
    static const char *const words[] = {"公式アカウント",
                                        "公式",
                                        "アカウント",
                                        "の",
                                        "で",
                                        "から",
                                        "は",
                                        "が",
                                        "へ",
                                        "まで",
                                        "に",
                                        "友だち追加",
                                        "友達追加",
                                        "追加",
                                        "番号",
                                        "is",
                                        "account",
                                        "me",
                                        "on",
                                        "at",
                                        "contact",
                                        "なら",
                                        "number",
                                        "me at",
                                        "me on",
                                        "連絡先",
                                        "交換",
                                        "登録",
                                        "も",
                                        "こちら",
                                        "です",
                                        "だよ",
                                        "連絡",
                                        "ください",
                                        "下さい",
                                        "ご連絡",
                                        "お願いします",
                                        "お友達",
                                        "友達",
                                        "お友だち",
                                        "友だち",
                                        "下記",
                                        "以下",
                                        "telegram",
                                        "whatsapp",
                                        "テレグラム",
                                        "&",
                                        "or",
                                        "and",
                                        NULL};
    struct lead lead = {0};

    for (int steps = 0; steps < 10; steps++) {
        uint32_t c = glyph(r, at);
        size_t size = glyphs_any(r, at, ids);
        bool whole = size > 0 && !(glyph_letter(glyph_before(r, at + size)) &&
                                   is_id(glyph(r, at + size)));
        if (whole) {
            lead.is_id = true;
            at += size;
            continue;
        }
        size = glyphs_any(r, at, words);
        if (size > 0 && !(glyph_letter(c) && is_id(glyph(r, at + size)))) {
            at += size;
            continue;
        }
        if (!is_joint(c)) {
            break;
        }
        lead.is_inside |= c == '(';
        lead.is_told |= !glyph_blank(c) && c != '/' && c != '(' && c != ')';
        at++;
    }
    lead.to = at;
    return lead;
}

/* The id that stands there, without what ends the sentence. */
static size_t
id_end(const struct reading *r, size_t at, bool *odd_r, bool *letter_r)
{
    size_t from = at;

    *odd_r = *letter_r = false;
    while (at - from < ID_MAX && is_id(glyph(r, at))) {
        *letter_r |= glyph_letter(glyph(r, at));
        at++;
    }
    while (at > from && (glyph_before(r, at) == '.' || glyph_before(r, at) == '-')) {
        at--;
    }
    for (size_t i = from; i < at; i++) {
        *odd_r |= !glyph_letter(glyph(r, i));
    }
    return is_id(glyph(r, at)) && glyph(r, at) != '.' && glyph(r, at) != '-' ? from : at;
}

static bool
is_searched(const struct reading *r, size_t at)
{
    static const char *const words[] = {"を検索", "で検索", "と検索", "を追加", "を友だち",
                                        "を友達", "検索",   "追加",   "へ連絡", NULL};

    at += glyph(r, at) == 0x300d || glyph(r, at) == 0x3011 || glyph(r, at) == 0x300f;
    at += glyph(r, at) == ' ';
    return glyphs_any(r, at, words) > 0;
}

/* nick.42, as Signal makes them. */
static bool
is_signal_name(const struct reading *r, size_t from, size_t to)
{
    size_t dot = to;

    while (dot > from && glyph_digit(glyph(r, dot - 1))) {
        dot--;
    }
    return to - dot >= 2 && dot > from + 3 && glyph(r, dot - 1) == '.' &&
           glyph_letter(glyph(r, from));
}

static bool
is_told(const struct reading *r, const struct messenger *m, const struct lead *lead,
        size_t from, size_t to, bool at_sign)
{
    bool odd, letter;

    bool sure = at_sign || lead->is_id;
    if (id_end(r, from, &odd, &letter) != to || to - from < (sure ? 3 : m->least) ||
        !letter || glyph(r, to) == '@' || glyph(r, to) == '/' ||
        glyphs_are(r, to, "://") > 0) {
        return false; /* an address or link */
    }
    if (m->type == INDICATOR_SIGNAL_ID) {
        return is_signal_name(r, from, to) && (lead->is_id || lead->is_told || at_sign);
    }
    if (m->type == INDICATOR_TELEGRAM_ID) {
        for (size_t i = from; i < to; i++) {
            if (glyph(r, i) == '.' || glyph(r, i) == '-') {
                return false;
            }
        }
    }
    bool inside = lead->is_inside && odd && glyph(r, to) == ')' &&
                  (to - from >= 6 || glyph(r, from + 1) == '_');
    return sure || inside || is_searched(r, to) ||
           (odd && (lead->is_told || lead->to > from));
}

static struct bytes
id_text(const struct reading *r, const struct messenger *m, size_t from, size_t to,
        bool at_sign)
{
    struct bytes id = glyphs_copy_lower(r, from, to);
    struct writer w;

    if (m->type != INDICATOR_LINE_ID || !at_sign) {
        return id;
    }
    writer_init(&w, r->arena);
    writer_byte(&w, '@');
    writer_bytes(&w, id);
    return bytes_copy(r->arena, writer_view(&w));
}

/* LINE is written in capitals, or said to have an ID; "line" alone is a word of English. */
static size_t
name_at(const struct reading *r, const struct messenger *m, size_t at)
{
    size_t size = glyphs_any(r, at, m->names);
    uint32_t c = glyph(r, at), before = glyph_before(r, at);

    if (size == 0 ||
        (glyph_letter(c) &&
         (glyph_letter(before) ||
          (glyph_letter(glyph(r, at + size)) && glyphs_are(r, at + size, "ID") == 0))) ||
        (glyph_katakana(c) &&
         (glyph_katakana(before) || glyph_katakana(glyph(r, at + size))))) {
        return 0;
    }
    if (size == 2 && (c != 'T' || glyph(r, at + 1) != 'G')) {
        return 0;
    }
    bool word = m->type == INDICATOR_LINE_ID && c == 'l' &&
                glyphs_are(r, at + size, " id") == 0 && glyphs_are(r, at + size, "id") == 0;
    return word ? 0 : size;
}

/* Further words of Japanese up to an @ or ID, as in LINEで友達追加お願いします→@abc; the lead as it was if there is none. */
static struct lead
lead_further(const struct reading *r, struct lead lead)
{
    size_t to = lead.to, from = to;

    while (to - from < 24) {
        uint32_t c = glyph(r, to);
        if (c == '@') {
            lead.to = to;
            return lead;
        }
        if (glyphs_are(r, to, "ID") > 0 && !glyph_letter(glyph(r, to + 2)) &&
            !glyph_letter(glyph_before(r, to))) {
            return lead_read(r, to);
        }
        bool word = glyph_kanji(c) || glyph_hiragana(c) || glyph_katakana(c) || c == '!' ||
                    c == 0x266a || c == 0x3002 || (is_joint(c) && c != '\n');
        size_t message = glyphs_are(r, to, "DM");
        if (!word && message == 0) {
            break;
        }
        to += message > 0 ? message : 1;
    }
    return lead;
}

static size_t
messenger_at(struct reading *r, const struct messenger *m, size_t at)
{
    size_t size = name_at(r, m, at), to = at;
    bool odd, letter;

    if (size == 0) {
        return at;
    }
    struct lead lead = lead_read(r, at + size);
    size_t from = lead.to;
    if (m->type == INDICATOR_SIGNAL_ID || m->type == INDICATOR_WHATSAPP_ID) {
        struct bytes phone = phone_number(r, from, true, &to);
        if (phone.size > 0 && !reading_taken(r, from, to)) {
            reading_add(r, m->type, phone, from, to);
            return to;
        }
    }
    if (m->type == INDICATOR_WHATSAPP_ID) {
        return at;
    }
    lead = lead_further(r, lead);
    from = lead.to;
    bool at_sign = glyph(r, from) == '@';
    from += at_sign;
    to = id_end(r, from, &odd, &letter);
    if (from == at + size || reading_taken(r, from, to) ||
        !is_told(r, m, &lead, from, to, at_sign)) {
        return at;
    }
    reading_add(r, m->type, id_text(r, m, from, to, at_sign), from - at_sign, to);
    return to;
}

/* @abc をLINEで追加: the id stands first. */
static size_t
sign_at(struct reading *r, size_t at)
{
    static const char *const joints[] = {"を",  "で",   "は", "(", " (",
                                         " を", " on ", " ",  NULL};
    bool odd, letter;
    size_t from = at + 1, to = id_end(r, from, &odd, &letter);

    if (glyph(r, at) != '@' || is_id(glyph_before(r, at)) || to - from < 4 || !letter ||
        reading_taken(r, from, to)) {
        return at;
    }
    size_t name = to + glyphs_any(r, to, joints);
    for (size_t i = 0; name > to && i < 2; i++) {
        if (name_at(r, &messengers[i], name) > 0) {
            reading_add(r, messengers[i].type, id_text(r, &messengers[i], from, to, true),
                        at, to);
            return to;
        }
    }
    return at;
}

/* tg://resolve?domain=abc and line://ti/p/@abc, which are no URLs of the web. */
static size_t
scheme_at(struct reading *r, size_t at)
{
    bool odd, letter;
    size_t from = at + glyphs_are(r, at, "tg://resolve?domain="), to;

    if (from > at) {
        to = id_end(r, from, &odd, &letter);
        if (to - from >= 4) {
            reading_add(r, INDICATOR_TELEGRAM_ID, glyphs_copy_lower(r, from, to), at, to);
            return to;
        }
        return at;
    }
    from = at + glyphs_are(r, at, "line://ti/p/");
    if (from > at) {
        bool at_sign = glyph(r, from) == '@';
        from += at_sign || glyph(r, from) == '~';
        to = id_end(r, from, &odd, &letter);
        if (to - from >= 3) {
            reading_add(r, INDICATOR_LINE_ID, id_text(r, &messengers[0], from, to, at_sign),
                        at, to);
            return to;
        }
    }
    return at;
}

/* Whether a name or an id may begin at a mark: of Latin letters li, l i, te, tg, si, wha. */
static inline bool
may_begin(const struct reading *r, size_t at)
{
    uint32_t c = glyph_lower(r->glyphs[at].c), next = glyph_lower(glyph(r, at + 1));

    return !glyph_letter(c) ||
           (!glyph_letter(glyph_before(r, at)) &&
            ((c == 'l' && (next == 'i' || next == ' ')) ||
             (c == 't' && (next == 'e' || next == 'g')) || (c == 's' && next == 'i') ||
             (c == 'w' && next == 'h' && glyph_lower(glyph(r, at + 2)) == 'a')));
}

static size_t
messenger_any(struct reading *r, size_t at)
{
    size_t after;

    if (glyph(r, at) == '@') {
        return sign_at(r, at);
    }
    after = scheme_at(r, at);
    for (size_t i = 0; after == at && i < sizeof messengers / sizeof *messengers; i++) {
        after = messenger_at(r, &messengers[i], at);
    }
    return after;
}

void
messengers_read(struct reading *r)
{
    for (size_t at = reading_next(r, MARK_MESSENGER, 0);
         at < r->count && r->found < LIMIT_INDICATORS;) {
        size_t after = may_begin(r, at) && !r->glyphs[at].taken ? messenger_any(r, at) : at;
        at = reading_next(r, MARK_MESSENGER, after > at ? after : at + 1);
    }
}

/* The digits of a number in a link, with a plus; "" if it is none. */
static struct bytes
link_phone(struct arena *arena, struct bytes text)
{
    struct writer w;
    size_t digits = 0;

    writer_init(&w, arena);
    writer_byte(&w, '+');
    for (size_t i = 0; i < text.size && ascii_digit(text.at[i]); i++) {
        writer_byte(&w, text.at[i]);
        digits++;
    }
    return digits >= 8 && digits <= 15 ? bytes_copy(arena, writer_view(&w)) : BYTES_NONE;
}

static struct bytes
joined(struct arena *arena, const char *start, struct bytes rest)
{
    struct writer w;

    if (rest.size == 0) {
        return BYTES_NONE;
    }
    writer_init(&w, arena);
    writer_text(&w, start);
    writer_bytes(&w, rest);
    return bytes_copy(arena, writer_view(&w));
}

/* Takes `start` from the beginning of *text. */
static bool
skip(struct bytes *text, const char *start)
{
    struct bytes it = bytes_from_text(start);

    if (!bytes_starts_fold(*text, it)) {
        return false;
    }
    *text = bytes_from(*text, it.size);
    return true;
}

/* Up to the next slash, question mark or number sign. */
static struct bytes
segment(struct bytes text)
{
    size_t end = 0;

    while (end < text.size && text.at[end] != '/' && text.at[end] != '?' &&
           text.at[end] != '#' && text.at[end] != '&') {
        end++;
    }
    return bytes_slice(text, 0, end);
}

static struct bytes
line_link(struct arena *arena, struct bytes host, struct bytes path)
{
    if (bytes_is(host, "lin.ee") || bytes_is(host, "line.ee")) {
        return joined(arena, "lin.ee/", segment(path));
    }
    (void)skip(&path, "R/");
    if (skip(&path, "ti/p/")) {
        if (skip(&path, "~")) {
            return bytes_lower(arena, segment(path));
        }
        if (skip(&path, "@") || skip(&path, "%40")) {
            return joined(arena, "@", bytes_lower(arena, segment(path)));
        }
        return joined(arena, "ti/p/", segment(path));
    }
    if (skip(&path, "ti/g2/") || skip(&path, "ti/g/")) {
        return joined(arena, "ti/g/", segment(path));
    }
    return BYTES_NONE;
}

static struct bytes
telegram_link(struct arena *arena, struct bytes path)
{
    (void)skip(&path, "s/");
    if (skip(&path, "joinchat/") || skip(&path, "+") || skip(&path, "%2B")) {
        struct bytes number = link_phone(arena, segment(path));
        return number.size > 0 ? number : joined(arena, "+", segment(path));
    }
    struct bytes name = segment(path);
    for (size_t i = 0; i < name.size; i++) {
        if (!ascii_letter(name.at[i]) && !ascii_digit(name.at[i]) && name.at[i] != '_') {
            return BYTES_NONE;
        }
    }
    return name.size >= 4 && name.size <= ID_MAX && !bytes_is(name, "share")
               ? bytes_lower(arena, name)
               : BYTES_NONE;
}

static struct bytes
signal_link(struct arena *arena, struct bytes host, struct bytes path)
{
    if (bytes_is(host, "signal.group")) {
        return skip(&path, "#") ? joined(arena, "group/", segment(path)) : BYTES_NONE;
    }
    if (skip(&path, "#p/+") || skip(&path, "#p/%2B")) {
        return link_phone(arena, path);
    }
    return skip(&path, "#eu/") ? joined(arena, "eu/", segment(path)) : BYTES_NONE;
}

static struct bytes
whatsapp_link(struct arena *arena, struct bytes host, struct bytes path)
{
    if (bytes_is(host, "chat.whatsapp.com")) {
        (void)skip(&path, "invite/");
        return joined(arena, "chat/", segment(path));
    }
    if (bytes_is(host, "wa.me")) {
        if (skip(&path, "message/")) {
            return joined(arena, "message/", segment(path));
        }
        (void)skip(&path, "+");
        return link_phone(arena, path);
    }
    size_t phone = bytes_find(path, BYTES("phone="), 0);
    if (phone == BYTES_NOWHERE) {
        return BYTES_NONE;
    }
    path = bytes_from(path, phone + 6);
    if (!skip(&path, "+")) {
        (void)skip(&path, "%2B");
    }
    return link_phone(arena, path);
}

bool
messenger_link(struct arena *arena, struct bytes host, struct bytes href,
               enum indicator_type *type_r, struct bytes *value_r)
{
    static const struct {
        const char *host;
        enum indicator_type type;
    } hosts[] = {
        {"line.me", INDICATOR_LINE_ID},
        {"line.naver.jp", INDICATOR_LINE_ID},
        {"lin.ee", INDICATOR_LINE_ID},
        {"line.ee", INDICATOR_LINE_ID},
        {"t.me", INDICATOR_TELEGRAM_ID},
        {"telegram.me", INDICATOR_TELEGRAM_ID},
        {"telegram.dog", INDICATOR_TELEGRAM_ID},
        {"signal.me", INDICATOR_SIGNAL_ID},
        {"signal.group", INDICATOR_SIGNAL_ID},
        {"wa.me", INDICATOR_WHATSAPP_ID},
        {"api.whatsapp.com", INDICATOR_WHATSAPP_ID},
        {"chat.whatsapp.com", INDICATOR_WHATSAPP_ID},
        {"web.whatsapp.com", INDICATOR_WHATSAPP_ID},
    };
    size_t slash = bytes_find(href, BYTES("//"), 0);

    (void)skip(&host, "www.");
    slash = slash == BYTES_NOWHERE ? href.size : bytes_find_byte(href, '/', slash + 2);
    struct bytes path = bytes_from(href, slash == BYTES_NOWHERE ? href.size : slash + 1);
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        if (!bytes_is(host, hosts[i].host)) {
            continue;
        }
        *type_r = hosts[i].type;
        *value_r = hosts[i].type == INDICATOR_LINE_ID       ? line_link(arena, host, path)
                   : hosts[i].type == INDICATOR_TELEGRAM_ID ? telegram_link(arena, path)
                   : hosts[i].type == INDICATOR_SIGNAL_ID
                       ? signal_link(arena, host, path)
                       : whatsapp_link(arena, host, path);
        return value_r->size > 0;
    }
    return false;
}
