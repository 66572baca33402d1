/* The statement as a page for a desk: 78 columns, the road drawn with box characters. */
#include "trace/statement_private.h"

#include "base/clock.h"
#include "trace/place.h"

#define COLUMNS 78

struct page {
    struct writer *w;
    bool japanese;
    int zone_minutes;
};

static const char *
say(const struct page *p, enum statement_word word)
{
    return statement_words(word, p->japanese);
}

/* Wrapping */

/* Bytes of the character at `at`; the text was cleaned, so it is UTF-8. */
static size_t
character(struct bytes text, size_t at)
{
    uint8_t c = text.at[at];
    size_t size = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;

    return size < text.size - at ? size : text.size - at;
}

/* Three bytes and more are wide, but for U+2000 to U+2E7F: marks, arrows, boxes. */
static size_t
columns(struct bytes text, size_t at, size_t size)
{
    bool narrow = text.at[at] == 0xe2 && size > 1 && text.at[at + 1] < 0xba;

    return size < 3 || narrow ? 1 : 2;
}

/* What must not begin a line (the marks that Japanese typesetting forbids there, and our closing quotation mark). */
static bool
hangs(struct bytes text, size_t at)
{
    static const char *const marks[] = {"\u3002", "\u3001", "\u300d", "\uff09", "\u30fc",
                                        ")",      ".",      ",",      ":",      ";"};

    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
        if (bytes_starts(bytes_from(text, at), bytes_from_text(marks[i]))) {
            return true;
        }
    }
    return false;
}

/* Where the line that begins at `from` ends: after a space or a wide character, else where it is full. */
static size_t
line_end(struct bytes text, size_t from, size_t room)
{
    size_t used = 0, best = 0, at = from;

    while (at < text.size) {
        size_t size = character(text, at), wide = columns(text, at, size);
        if (used + wide > room) {
            return best > from ? best : at > from ? at : at + size;
        }
        used += wide;
        at += size;
        if (at < text.size && (text.at[at - size] == ' ' || wide == 2) &&
            !hangs(text, at)) {
            best = at;
        }
    }
    return at;
}

static void
spaces(struct page *p, size_t count)
{
    while (count-- > 0) {
        writer_byte(p->w, ' ');
    }
}

/* first stands before the first line, and as many columns of white space (or `rest`) before the others. */
static void
wrapped(struct page *p, const char *first, const char *rest, size_t indent,
        struct bytes text)
{
    for (size_t at = 0; at < text.size;) {
        size_t end = line_end(text, at, COLUMNS - indent);
        if (at == 0) {
            writer_text(p->w, first);
        } else if (rest != NULL) {
            writer_text(p->w, rest);
        } else {
            spaces(p, indent);
        }
        struct bytes line = bytes_slice(text, at, end);
        while (line.size > 0 && line.at[line.size - 1] == ' ') {
            line.size--;
        }
        writer_bytes(p->w, line);
        writer_byte(p->w, '\n');
        at = end;
    }
}

static struct bytes
sentence(struct page *p, const struct statement_line *line)
{
    struct writer w;

    writer_init(&w, p->w->arena);
    statement_write_line(&w, line, p->japanese, p->zone_minutes);
    return writer_view(&w);
}

static void
heading(struct page *p, enum statement_word word)
{
    writer_format(p->w, "\n%s\n", say(p, word));
}

static void
bullets(struct page *p, const struct statement_list *list)
{
    if (list->count == 0) {
        writer_format(p->w, "  %s\n", say(p, STATEMENT_NOTHING));
    }
    for (size_t i = 0; i < list->count; i++) {
        wrapped(p, "  - ", NULL, 4, sentence(p, &list->lines[i]));
    }
    if (list->dropped > 0) {
        struct bytes number = statement_number(p->w->arena, list->dropped);
        wrapped(p, "  - ", NULL, 4,
                sentence(p, &(struct statement_line){STATEMENT_MORE, {number}, 0}));
    }
}

/* The road */

static void
write_place_words(struct writer *w, const struct place *place)
{
    if (place->country[0] != '\0') {
        writer_text(w, "  ");
        writer_clean(w, bytes_from_text(place->country), 2);
    }
    if (place->as_number != 0) {
        writer_format(w, "  AS%u ", place->as_number);
        statement_write_argument(w, place->as_name);
    }
    for (unsigned i = 0; place_kind_name(i) != NULL; i++) {
        if ((place->kinds & 1u << i) != 0) {
            writer_format(w, "  <%s>", place_kind_name(i));
        }
    }
}

static void
write_host(struct page *p, struct writer *w, const struct statement_station *t)
{
    writer_text(w, say(p, statement_station_word(t->kind)));
    writer_byte(w, ' ');
    if (t->name.size > 0) {
        struct statement_line line = {STATEMENT_QUOTED, {t->name}, 0};
        writer_bytes(w, sentence(p, &line));
        if (t->name_verified) {
            writer_format(w, " (%s)", say(p, STATEMENT_VERIFIED));
        }
    }
    if (t->ip.known) {
        writer_text(w, " [");
        net_address_write(w, &t->ip);
        writer_byte(w, ']');
    } else if (t->name.size == 0 && t->kind != STATION_US) {
        writer_text(w, say(p, STATEMENT_STATION_NAMELESS));
    }
    write_place_words(w, &t->place);
}

static void
write_detail(struct writer *w, const char *between, struct bytes text)
{
    if (text.size > 0) {
        writer_text(w, between);
        statement_write_argument(w, text);
    }
}

/* What is known of its handover to the next. */
static void
write_handover(struct page *p, struct writer *w, const struct statement_station *t)
{
    if (t->has_time) {
        clock_write_rfc3339(w, t->time_s, p->zone_minutes);
    }
    write_detail(w, "  ", t->with);
    write_detail(w, "  id ", t->id);
    write_detail(w, "  ", t->tls);
    write_detail(w, "  login ", t->login);
    if (t->written_by.size > 0) {
        struct statement_line line = {STATEMENT_WRITTEN_BY, {t->written_by}, 0};
        writer_text(w, "  ");
        writer_bytes(w, sentence(p, &line));
    }
}

static void
border(struct page *p)
{
    writer_format(p->w, "  \u2550\u256a\u2550\u2550 %s \u2550\u2550\n",
                  say(p, STATEMENT_BORDER));
}

/* Broken lines where only the other side's word stands, whole ones below the border; the words say the same. */
static void
station(struct page *p, const struct statement_station *t)
{
    static const char *const nodes[] = {
        [STATION_CLAIMED] = "\u25cb", [STATION_FORM] = "\u25cb",
        [STATION_SOURCE] = "\u25cf",  [STATION_TRUSTED] = "\u25a0",
        [STATION_US] = "\u25c6",
    };
    const char *bar = t->vouch <= VOUCH_TRUSTED ? "   \u2503 " : "   \u2506 ";
    struct writer w;
    struct bytes text;

    writer_init(&w, p->w->arena);
    writer_format(&w, "%s ", nodes[t->kind]);
    write_host(p, &w, t);
    wrapped(p, "   ", t->kind == STATION_US ? NULL : bar, 5, writer_view(&w));
    if (t->kind == STATION_US) {
        return;
    }
    if (t->claimed.size > 0) {
        text =
            sentence(p, &(struct statement_line){STATEMENT_CALLS_ITSELF, {t->claimed}, 0});
        wrapped(p, bar, bar, 5, text);
    }
    writer_clear(&w);
    write_handover(p, &w, t);
    wrapped(p, bar, bar, 5, bytes_trim(writer_view(&w)));
    wrapped(p, bar, bar, 5, bytes_from_text(say(p, statement_vouch_word(t->vouch))));
    if (t->kind == STATION_SOURCE) {
        border(p);
    }
}

static void
road(struct page *p, const struct statement *s)
{
    heading(p, STATEMENT_ROAD);
    writer_byte(p->w, '\n');
    for (size_t i = 0; i < s->station_count; i++) {
        if (s->stations_dropped > 0 && i == s->stations_dropped_at) {
            struct bytes number = statement_number(p->w->arena, s->stations_dropped);
            struct statement_line line = {STATEMENT_STATIONS_DROPPED, {number}, 0};
            wrapped(p, "   \u2506 ", "   \u2506 ", 5, sentence(p, &line));
        }
        station(p, &s->stations[i]);
    }
}

static void
letter_of(struct writer *w, size_t number)
{
    writer_format(w, "(%zu)", number + 1);
}

static void
explanations(struct page *p, const struct statement *s)
{
    struct writer w;

    heading(p, STATEMENT_EXPLANATIONS);
    if (s->explanation_count == 0) {
        writer_format(p->w, "  %s\n", say(p, STATEMENT_NOTHING));
    }
    for (size_t i = 0; i < s->explanation_count; i++) {
        const struct statement_explanation *e = &s->explanations[i];
        const char *between = "";
        writer_init(&w, p->w->arena);
        writer_bytes(&w, sentence(p, &e->line));
        if (e->questions != 0) {
            writer_format(&w, " [%s: ", say(p, STATEMENT_DECIDED_BY));
            for (size_t q = 0; q < s->question_count; q++) {
                if ((e->questions & 1u << s->questions[q].addressee) != 0) {
                    writer_text(&w, between);
                    letter_of(&w, q);
                    between = " ";
                }
            }
            writer_byte(&w, ']');
        }
        wrapped(p, "  - ", NULL, 4, writer_view(&w));
    }
}

static void
question(struct page *p, const struct statement_question *q, size_t number)
{
    struct statement_line until;
    struct writer w;

    writer_init(&w, p->w->arena);
    letter_of(&w, number);
    writer_byte(&w, ' ');
    writer_bytes(&w, sentence(p, &q->whom));
    wrapped(p, "  ", NULL, 6, writer_view(&w));
    wrapped(p, "      ", NULL, 6, sentence(p, &q->what));
    if (statement_until(p->w->arena, q, p->zone_minutes, &until)) {
        wrapped(p, "      ", NULL, 6, sentence(p, &until));
    }
    wrapped(p, "      ", NULL, 6, sentence(p, &q->kept));
    if (q->name.count > 0) {
        writer_format(p->w, "      %s:\n", say(p, STATEMENT_NAME_IN_IT));
        for (size_t i = 0; i < q->name.count; i++) {
            wrapped(p, "        - ", NULL, 10, sentence(p, &q->name.lines[i]));
        }
    }
}

static void
questions(struct page *p, const struct statement *s)
{
    heading(p, STATEMENT_QUESTIONS);
    wrapped(p, "  ", NULL, 2, bytes_from_text(say(p, STATEMENT_LAW)));
    for (size_t i = 0; i < s->question_count; i++) {
        question(p, &s->questions[i], i);
    }
    if (s->questions_dropped > 0) {
        struct bytes number = statement_number(p->w->arena, s->questions_dropped);
        wrapped(p, "  ", NULL, 2,
                sentence(p, &(struct statement_line){STATEMENT_MORE, {number}, 0}));
    }
}

void
statement_write_text(const struct statement *s, struct writer *w, bool japanese,
                     int zone_minutes)
{
    struct page p = {w, japanese, zone_minutes};

    writer_format(w, "%s  %s %c: %s\n", say(&p, STATEMENT_TITLE), say(&p, STATEMENT_GRADE),
                  'A' + (int)s->grade, say(&p, s->grade_words));
    wrapped(&p, "", NULL, 0, bytes_from_text(say(&p, STATEMENT_NOT_A_PERSON)));
    bullets(&p, &s->reasons);
    road(&p, s);
    heading(&p, STATEMENT_PROVED);
    bullets(&p, &s->proved);
    heading(&p, STATEMENT_CLAIMED);
    bullets(&p, &s->claimed);
    heading(&p, STATEMENT_UNKNOWN);
    bullets(&p, &s->unknown);
    explanations(&p, s);
    questions(&p, s);
}
