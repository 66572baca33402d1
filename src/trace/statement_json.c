/* The statement as JSON, in both languages at once: the console needs no table of its own. Its members are described in
 * docs/ORIGIN.md. */
#include "trace/statement_private.h"

#include "trace/place.h"

#define JST_MINUTES 540
#define TEXT_SHOWN  200

static void
put_words(struct json *j, const struct statement_line *line)
{
    struct writer w;

    for (int ja = 1; ja >= 0; ja--) {
        writer_init(&w, j->w->arena);
        statement_write_line(&w, line, ja != 0, JST_MINUTES);
        json_put_string(j, ja != 0 ? "ja" : "en", writer_view(&w));
    }
}

static void
put_word(struct json *j, enum statement_word word)
{
    json_put_text(j, "name", statement_word_name(word));
    put_words(j, &(struct statement_line){.word = word});
}

static void
put_line(struct json *j, const struct statement_line *line)
{
    json_put_text(j, "name", statement_word_name(line->word));
    put_words(j, line);
}

static void
put_labelled(struct json *j, const char *key, enum statement_word word)
{
    json_key(j, key);
    json_open(j, '{');
    put_word(j, word);
    json_close(j);
}

static void
put_lines(struct json *j, const char *key, const struct statement_list *list)
{
    json_key(j, key);
    json_open(j, '[');
    for (size_t i = 0; i < list->count; i++) {
        json_open(j, '{');
        put_line(j, &list->lines[i]);
        json_close(j);
    }
    if (list->dropped > 0) {
        struct bytes number = statement_number(j->w->arena, list->dropped);
        json_open(j, '{');
        put_line(j, &(struct statement_line){STATEMENT_MORE, {number}, 0});
        json_close(j);
    }
    json_close(j);
}

static void
put_text(struct json *j, const char *key, struct bytes text)
{
    struct writer w;

    if (text.size > 0) {
        writer_init(&w, j->w->arena);
        writer_clean(&w, text, TEXT_SHOWN);
        json_put_string(j, key, writer_view(&w));
    }
}

static void
put_place(struct json *j, const struct statement_station *t)
{
    if (t->ip.known) {
        json_put_string(j, "ip", statement_address(j->w->arena, &t->ip));
    }
    put_text(j, "country", bytes_from_text(t->place.country));
    if (t->place.as_number != 0) {
        json_put_number(j, "as", t->place.as_number);
    }
    put_text(j, "as_name", t->place.as_name);
    for (unsigned i = 0; place_kind_name(i) != NULL; i++) {
        if ((t->place.kinds & 1u << i) != 0) {
            json_put_bool(j, place_kind_name(i), true);
        }
    }
}

static void
put_station(struct json *j, const struct statement_station *t)
{
    json_open(j, '{');
    put_labelled(j, "kind", statement_station_word(t->kind));
    if (t->kind != STATION_US) {
        put_labelled(j, "vouch", statement_vouch_word(t->vouch));
    }
    put_text(j, "host", t->name);
    if (t->name_verified) {
        json_put_bool(j, "host_verified", true);
    }
    put_text(j, "calls_itself", t->claimed);
    put_place(j, t);
    put_text(j, "written_by", t->written_by);
    put_text(j, "with", t->with);
    put_text(j, "id", t->id);
    put_text(j, "tls", t->tls);
    put_text(j, "login", t->login);
    if (t->has_time) {
        json_put_number(j, "epoch", t->time_s);
    }
    json_close(j);
}

static void
put_road(struct json *j, const struct statement *s)
{
    json_key(j, "road");
    json_open(j, '{');
    put_word(j, STATEMENT_ROAD);
    put_labelled(j, "border", STATEMENT_BORDER);
    json_key(j, "stations");
    json_open(j, '[');
    for (size_t i = 0; i < s->station_count; i++) {
        put_station(j, &s->stations[i]);
    }
    json_close(j);
    if (s->stations_dropped > 0) {
        struct bytes number = statement_number(j->w->arena, s->stations_dropped);
        json_key(j, "dropped");
        json_open(j, '{');
        json_put_number(j, "before", (int64_t)s->stations_dropped_at);
        put_line(j, &(struct statement_line){STATEMENT_STATIONS_DROPPED, {number}, 0});
        json_close(j);
    }
    json_close(j);
}

static void
put_section(struct json *j, enum statement_word word, const struct statement_list *list)
{
    json_open(j, '{');
    put_word(j, word);
    put_lines(j, "lines", list);
    json_close(j);
}

static void
put_explanations(struct json *j, const struct statement *s)
{
    json_key(j, "explanations");
    json_open(j, '{');
    put_word(j, STATEMENT_EXPLANATIONS);
    json_key(j, "lines");
    json_open(j, '[');
    for (size_t i = 0; i < s->explanation_count; i++) {
        const struct statement_explanation *e = &s->explanations[i];
        json_open(j, '{');
        put_line(j, &e->line);
        json_key(j, "questions");
        json_open(j, '[');
        for (size_t q = 0; q < s->question_count; q++) {
            if ((e->questions & 1u << s->questions[q].addressee) != 0) {
                json_number(j, (int64_t)q);
            }
        }
        json_close(j);
        json_close(j);
    }
    json_close(j);
    json_close(j);
}

static void
put_sentence(struct json *j, const char *key, const struct statement_line *line)
{
    json_key(j, key);
    json_open(j, '{');
    put_line(j, line);
    json_close(j);
}

static void
put_questions(struct json *j, const struct statement *s)
{
    json_key(j, "questions");
    json_open(j, '{');
    put_word(j, STATEMENT_QUESTIONS);
    put_labelled(j, "law", STATEMENT_LAW);
    put_labelled(j, "name_in_it", STATEMENT_NAME_IN_IT);
    put_labelled(j, "decided_by", STATEMENT_DECIDED_BY);
    json_key(j, "lines");
    json_open(j, '[');
    for (size_t i = 0; i < s->question_count; i++) {
        const struct statement_question *q = &s->questions[i];
        json_open(j, '{');
        put_sentence(j, "whom", &q->whom);
        put_sentence(j, "what", &q->what);
        put_sentence(j, "kept", &q->kept);
        if (q->has_dates) {
            json_put_number(j, "kept_from", q->from_s);
            json_put_number(j, "kept_until", q->until_s);
        }
        struct statement_line until;
        if (statement_until(j->w->arena, q, JST_MINUTES, &until)) {
            put_sentence(j, "until", &until);
        }
        put_lines(j, "named", &q->name);
        json_close(j);
    }
    json_close(j);
    if (s->questions_dropped > 0) {
        json_put_number(j, "dropped", (int64_t)s->questions_dropped);
    }
    json_close(j);
}

void
statement_write_json(const struct statement *s, struct json *j)
{
    const char letter[2] = {(char)('A' + (int)s->grade), '\0'};

    json_open(j, '{');
    json_put_number(j, "v", 1);
    json_key(j, "title");
    json_open(j, '{');
    put_word(j, STATEMENT_TITLE);
    json_close(j);
    put_labelled(j, "always", STATEMENT_NOT_A_PERSON);
    json_key(j, "grade");
    json_open(j, '{');
    json_put_text(j, "letter", letter);
    put_word(j, s->grade_words);
    put_lines(j, "reasons", &s->reasons);
    json_close(j);
    if (s->has_time) {
        json_put_number(j, "arrived", s->time_s);
    }
    put_road(j, s);
    json_key(j, "sections");
    json_open(j, '[');
    put_section(j, STATEMENT_PROVED, &s->proved);
    put_section(j, STATEMENT_CLAIMED, &s->claimed);
    put_section(j, STATEMENT_UNKNOWN, &s->unknown);
    json_close(j);
    put_explanations(j, s);
    put_questions(j, s);
    json_close(j);
}
