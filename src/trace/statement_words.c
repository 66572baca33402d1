/* The statement's sentences: rows of the table, and what stands in their places. */
#include "trace/statement_private.h"

#include "base/clock.h"

#define ARGUMENT_SHOWN 160

#define WORD(name, word, ja, en) {word, ja, en},
static const struct {
    const char *name, *ja, *en;
} rows[] = {
#include "trace/statement_words.inc"
};
#undef WORD

_Static_assert(sizeof rows / sizeof *rows == STATEMENT_WORDS, "a row for each word");
_Static_assert(STATEMENT_GRADE_E - STATEMENT_GRADE_A == GRADE_E - GRADE_A,
               "grades stand in a row");

const char *
statement_word_name(enum statement_word word)
{
    return rows[word].name;
}

const char *
statement_words(enum statement_word word, bool japanese)
{
    return japanese ? rows[word].ja : rows[word].en;
}

enum statement_word
statement_vouch_word(enum statement_vouch vouch)
{
    return (enum statement_word)((int)STATEMENT_VOUCH_SEEN + (int)vouch);
}

enum statement_word
statement_station_word(enum station_kind kind)
{
    return (enum statement_word)((int)STATEMENT_STATION_CLAIMED + (int)kind);
}

/* A quotation mark of ours within: it would end the quotation. */
static size_t
closing_mark(struct bytes text, size_t at)
{
    static const char *const marks[] = {"\"", "\u300c", "\u300d", "\u201c", "\u201d"};

    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
        struct bytes mark = bytes_from_text(marks[i]);
        if (bytes_starts(bytes_from(text, at), mark)) {
            return mark.size;
        }
    }
    return 0;
}

void
statement_write_argument(struct writer *w, struct bytes argument)
{
    struct writer clean;

    writer_init(&clean, w->arena);
    writer_clean(&clean, argument, ARGUMENT_SHOWN);
    struct bytes text = writer_view(&clean);
    for (size_t i = 0; i < text.size;) {
        size_t mark = closing_mark(text, i);
        if (mark == 0) {
            writer_byte(w, text.at[i++]);
        }
        for (; mark > 0; mark--) {
            writer_format(w, "\\x%02x", text.at[i++]);
        }
    }
}

static void
write_time(struct writer *w, int64_t time_s, int zone_minutes)
{
    clock_write_rfc3339(w, time_s, zone_minutes);
    if (zone_minutes != 0) {
        writer_text(w, " = ");
        clock_write_rfc3339(w, time_s, 0);
    }
}

/* "{1}", "[1]" or "{t}" at the beginning of text; anything else is text. */
static bool
write_place(struct writer *w, const char *text, const struct statement_line *line,
            bool japanese, int zone_minutes)
{
    bool quoted = text[0] == '{', plain = text[0] == '[';

    if ((!quoted && !plain) || text[1] == '\0' || text[2] != (quoted ? '}' : ']')) {
        return false;
    }
    if (quoted && text[1] == 't') {
        write_time(w, line->time_s, zone_minutes);
        return true;
    }
    if (text[1] < '1' || text[1] > '0' + STATEMENT_ARGUMENTS) {
        return false;
    }
    if (quoted) {
        writer_text(w, japanese ? "\u300c" : "\"");
    }
    statement_write_argument(w, line->arguments[text[1] - '1']);
    if (quoted) {
        writer_text(w, japanese ? "\u300d" : "\"");
    }
    return true;
}

void
statement_write_line(struct writer *w, const struct statement_line *line, bool japanese,
                     int zone_minutes)
{
    for (const char *text = statement_words(line->word, japanese); *text != '\0';) {
        if (write_place(w, text, line, japanese, zone_minutes)) {
            text += 3;
        } else {
            writer_byte(w, (uint8_t)*text++);
        }
    }
}

static struct bytes
day(struct arena *arena, int64_t time_s, int zone_minutes)
{
    struct writer w;

    writer_init(&w, arena);
    clock_write_rfc3339(&w, time_s, zone_minutes);
    return bytes_slice(writer_view(&w), 0, 10);
}

bool
statement_until(struct arena *arena, const struct statement_question *q, int zone_minutes,
                struct statement_line *line_r)
{
    *line_r = (struct statement_line){.word = STATEMENT_UNTIL_NOW};
    if (q->has_dates) {
        *line_r = (struct statement_line){
            STATEMENT_UNTIL,
            {day(arena, q->from_s, zone_minutes), day(arena, q->until_s, zone_minutes)},
            0};
        return true;
    }
    return q->addressee == ADDRESSEE_DEVICES;
}
