#include "record/history.h"

#include <jansson.h>

#include "base/json.h"
#include "base/limits.h"

static const char *const change_names[] = {"first", "rotate", "era"};

const char *
history_change_name(enum history_change change)
{
    return change_names[change];
}

static struct bytes
key_text(struct arena *arena, const struct note_key *key)
{
    struct writer w;

    writer_init(&w, arena);
    note_key_write(&w, key);
    return writer_view(&w);
}

static struct bytes
member(struct arena *arena, const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);

    return json_is_string(value) ? bytes_copy(arena, bytes_of(json_string_value(value),
                                                              json_string_length(value)))
                                 : BYTES_NONE;
}

static bool
read_step(struct arena *arena, const json_t *object, bool first,
          struct history_step *step_r)
{
    const json_t *entry = json_object_get(object, "entry");
    struct bytes change = member(arena, object, "change");
    bool known = false;

    for (size_t i = 0; i < sizeof(change_names) / sizeof(change_names[0]); i++) {
        if (bytes_is(change, change_names[i])) {
            step_r->change = (enum history_change)i;
            known = true;
        }
    }
    if (!known || first != (step_r->change == HISTORY_FIRST) ||
        !note_key_read(arena, member(arena, object, "vkey"), &step_r->key)) {
        return false;
    }
    step_r->time_ms = json_integer_value(json_object_get(object, "time"));
    if (first) {
        return true;
    }
    step_r->note = member(arena, object, "note");
    if (!json_is_integer(entry) || json_integer_value(entry) < 0) {
        return false;
    }
    step_r->entry = (uint64_t)json_integer_value(entry);
    return note_key_read(arena, member(arena, object, "old"), &step_r->old);
}

enum sk_code
history_read(struct arena *arena, struct bytes text, struct history *history_r,
             struct why *why)
{
    struct bytes line;

    *history_r = (struct history){
        .steps = ARENA_NEW_MANY(arena, LIMIT_LEDGER_KEYS, struct history_step)};
    while (text.size > 0 && bytes_line(&text, &line)) {
        if (history_r->count == LIMIT_LEDGER_KEYS) {
            return why_set(why, SK_LIMIT, "%s has more than %d lines", HISTORY_FILE,
                           LIMIT_LEDGER_KEYS);
        }
        struct history_step *step = &history_r->steps[history_r->count];
        json_t *object = json_loadb((const char *)line.at, line.size, 0, NULL);
        bool good = read_step(arena, object, history_r->count == 0, step);
        json_decref(object);
        if (good && history_r->count > 0) {
            good = note_key_equal(&step->old, &history_r->steps[history_r->count - 1].key);
        }
        if (!good) {
            return why_set(why, SK_BAD, "line %zu of %s was altered", history_r->count + 1,
                           HISTORY_FILE);
        }
        history_r->count++;
    }
    return history_r->count > 0 ? SK_OK : why_set(why, SK_BAD, "%s is empty", HISTORY_FILE);
}

void
history_write_step(struct writer *w, const struct history_step *step)
{
    struct json j;

    json_init(&j, w);
    json_open(&j, '{');
    json_put_number(&j, "v", 1);
    json_put_text(&j, "change", change_names[step->change]);
    if (step->change != HISTORY_FIRST) {
        json_put_string(&j, "old", key_text(w->arena, &step->old));
    }
    json_put_string(&j, "vkey", key_text(w->arena, &step->key));
    if (step->change != HISTORY_FIRST) {
        json_put_number(&j, "entry", (int64_t)step->entry);
    }
    json_put_number(&j, "time", step->time_ms);
    if (step->change != HISTORY_FIRST) {
        json_put_string(&j, "note", step->note);
    }
    json_close(&j);
    writer_byte(w, '\n');
}

static void
write_tree(struct writer *w, const char *word, uint64_t size,
           const struct merkle_hash *root)
{
    writer_format(w, "%s %llu ", word, (unsigned long long)size);
    writer_bytes(w, bytes_base64(w->arena, bytes_of(root->at, MERKLE_SIZE)));
    writer_byte(w, '\n');
}

void
era_write(struct writer *w, const struct era *era)
{
    writer_text(w, "sekisho/era@v1\nold ");
    note_key_write(w, &era->old);
    writer_text(w, "\nnew ");
    note_key_write(w, &era->key);
    writer_byte(w, '\n');
    write_tree(w, "signed", era->signed_size, &era->signed_root);
    write_tree(w, "found", era->found_size, &era->found_root);
    writer_format(w, "entry %llu\n", (unsigned long long)era->entry);
}

/* Takes the next line if it begins with that word; gives what follows the blank. */
static bool
word_line(struct bytes *text, const char *word, struct bytes *rest_r)
{
    struct bytes line, start = bytes_from_text(word);

    if (!bytes_line(text, &line) || !bytes_starts(line, start) || line.size <= start.size ||
        line.at[start.size] != ' ') {
        return false;
    }
    *rest_r = bytes_from(line, start.size + 1);
    return true;
}

static bool
read_tree(struct arena *arena, struct bytes text, uint64_t *size_r,
          struct merkle_hash *root_r)
{
    struct bytes size, root;

    if (!bytes_split(&text, ' ', &size) || !bytes_to_number(size, INT64_MAX, size_r) ||
        !note_base64_read(arena, text, &root) || root.size != MERKLE_SIZE) {
        return false;
    }
    memcpy(root_r->at, root.at, MERKLE_SIZE);
    return true;
}

bool
era_read(struct arena *arena, struct bytes text, struct era *era_r)
{
    struct bytes line, old, key, last, found, entry;

    return bytes_line(&text, &line) && bytes_is(line, "sekisho/era@v1") &&
           word_line(&text, "old", &old) && note_key_read(arena, old, &era_r->old) &&
           word_line(&text, "new", &key) && note_key_read(arena, key, &era_r->key) &&
           word_line(&text, "signed", &last) &&
           read_tree(arena, last, &era_r->signed_size, &era_r->signed_root) &&
           word_line(&text, "found", &found) &&
           read_tree(arena, found, &era_r->found_size, &era_r->found_root) &&
           word_line(&text, "entry", &entry) &&
           bytes_to_number(entry, INT64_MAX, &era_r->entry) && text.size == 0;
}

/* A hand-over by checkpoint. */
static bool
rotation_good(const struct history_step *step, struct bytes text, struct checkpoint *tree_r)
{
    return checkpoint_read(text, tree_r) && bytes_equal(tree_r->origin, step->key.name) &&
           bytes_equal(step->old.name, step->key.name) && tree_r->size > step->entry;
}

static bool
era_good(struct arena *arena, const struct history_step *step, struct bytes text,
         struct checkpoint *tree_r)
{
    struct era era;

    if (!era_read(arena, text, &era) || !note_key_equal(&era.old, &step->old) ||
        !note_key_equal(&era.key, &step->key) || era.entry != step->entry ||
        era.found_size != step->entry || bytes_equal(step->old.name, step->key.name)) {
        return false;
    }
    *tree_r = (struct checkpoint){step->key.name, era.found_size, era.found_root};
    return true;
}

enum sk_code
history_check(struct arena *arena, const struct history_step *step,
              struct checkpoint *tree_r, struct why *why)
{
    struct note note;

    *tree_r = (struct checkpoint){0};
    enum sk_code code = note_read(arena, step->note, &note, why);
    if (code == SK_OK) {
        code = note_check(&note, &step->old, why);
    }
    if (code == SK_OK) {
        code = note_check(&note, &step->key, why);
    }
    if (code == SK_OK &&
        !(step->change == HISTORY_ERA ? era_good(arena, step, note.text, tree_r)
                                      : rotation_good(step, note.text, tree_r))) {
        code = why_set(why, SK_BAD, "the note does not hand over to the new key");
    }
    return code;
}

static const struct bytes entry_start = {(const uint8_t *)"{\"v\":1,\"kind\":\"key\"", 19};

struct bytes
history_entry_write(struct arena *arena, const struct history_entry *entry)
{
    struct writer w;
    struct json j;

    writer_init(&w, arena);
    json_init(&j, &w);
    json_open(&j, '{');
    json_put_number(&j, "v", 1);
    json_put_text(&j, "kind", "key");
    json_put_text(&j, "change", change_names[entry->change]);
    json_put_string(&j, "old", key_text(arena, entry->old));
    json_put_string(&j, "vkey", key_text(arena, entry->key));
    json_put_number(&j, "time", entry->time_ms);
    json_put_string(&j, "by", entry->by);
    json_put_string(&j, "channel", entry->channel);
    json_put_string(&j, "reason", entry->reason);
    json_close(&j);
    return writer_view(&w);
}

bool
history_entry_kind(struct bytes record)
{
    return bytes_starts(record, entry_start);
}

bool
history_entry_is(struct arena *arena, struct bytes record, enum history_change change,
                 const struct note_key *old, const struct note_key *key)
{
    if (!history_entry_kind(record)) {
        return false;
    }
    json_t *object = json_loadb((const char *)record.at, record.size, 0, NULL);
    bool is = bytes_is(member(arena, object, "change"), change_names[change]) &&
              bytes_equal(member(arena, object, "old"), key_text(arena, old)) &&
              bytes_equal(member(arena, object, "vkey"), key_text(arena, key));
    json_decref(object);
    return is;
}
