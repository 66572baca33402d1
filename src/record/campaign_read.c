#include "record/campaign_read.h"

#include <endian.h>
#include <jansson.h>
#include <stdlib.h>

#include "base/limits.h"
#include "judge/normal.h"
#include "judge/template.h"
#include "record/journal.h"
#include "record/row.h"

#define FRAME_SIZE_AT  4
#define FRAME_INDEX_AT 8
#define CUT_TEXT       (LIMIT_RECORD_TEXT - 8) /* a text of so many bytes was cut, or nearly */

struct member {
    uint64_t entry, message; /* of its content, and of its message */
    json_t *content, *record;
};

struct reading {
    struct arena *arena;
    const struct campaign_asked *asked;
    struct member *members;
    size_t count;
};

/* Of a frame its index and where the next begins, without a look at its record. */
static bool
hop(struct bytes segment, size_t at, uint64_t *index_r, size_t *next_r)
{
    uint32_t size;
    uint64_t index;

    if (segment.size < JOURNAL_HEADER_SIZE || at > segment.size - JOURNAL_HEADER_SIZE) {
        return false;
    }
    memcpy(&size, segment.at + at + FRAME_SIZE_AT, sizeof size);
    memcpy(&index, segment.at + at + FRAME_INDEX_AT, sizeof index);
    *index_r = be64toh(index);
    *next_r = at + JOURNAL_HEADER_SIZE + be32toh(size);
    return true;
}

struct wanted {
    uint64_t index;
    json_t **to;
};

static int
by_index(const void *a, const void *b)
{
    const struct wanted *x = a, *y = b;

    return (x->index > y->index) - (x->index < y->index);
}

static void
unref(void *json)
{
    json_decref(json);
}

static void
take(struct reading *r, struct bytes segment, size_t at, const struct wanted *wanted)
{
    struct journal_frame frame;

    if (journal_frame_read(segment, at, &frame) != SK_OK || frame.purged ||
        *wanted->to != NULL) {
        return;
    }
    json_t *json =
        json_loadb((const char *)frame.record.at, frame.record.size, JSON_ALLOW_NUL, NULL);
    if (json_is_object(json)) {
        arena_defer(r->arena, unref, json);
        *wanted->to = json;
    } else {
        json_decref(json);
    }
}

/* All that is wanted, in the order of the journal, each segment once. */
static enum sk_code
fetch(struct reading *r, struct wanted *wanted, size_t count, struct why *why)
{
    struct journal_list list;
    struct bytes segment;

    qsort(wanted, count, sizeof *wanted, by_index);
    enum sk_code code = journal_list(r->arena, r->asked->folder, &list, why);
    for (size_t i = 0, k = 0; code == SK_OK && i < list.count && k < count; i++) {
        uint64_t end = i + 1 < list.count ? list.firsts[i + 1] : UINT64_MAX, index;
        if (wanted[k].index >= end) {
            continue;
        }
        code = journal_map(r->asked->folder, list.firsts[i], &segment, why);
        for (size_t at = 0, next = 0; code == SK_OK && k < count && wanted[k].index < end &&
                                      hop(segment, at, &index, &next);
             at = next) {
            for (; k < count && wanted[k].index <= index; k++) {
                if (wanted[k].index == index) {
                    take(r, segment, at, &wanted[k]);
                }
            }
        }
        if (code == SK_OK) {
            journal_unmap(segment);
        }
        for (; k < count && wanted[k].index < end; k++) {
        }
    }
    return code;
}

static struct bytes
text_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);

    return json_is_string(value)
               ? bytes_of(json_string_value(value), json_string_length(value))
               : BYTES_NONE;
}

static bool
is_kind(const json_t *record, const char *kind)
{
    return bytes_is(text_of(record, "kind"), kind);
}

static enum sk_code
read_members(struct reading *r, struct why *why)
{
    const struct campaign_asked *asked = r->asked;
    size_t count =
        asked->count < LIMIT_CAMPAIGN_MEMBERS ? asked->count : LIMIT_CAMPAIGN_MEMBERS;
    struct wanted *wanted = ARENA_NEW_MANY(r->arena, count + 1, struct wanted);
    struct member *all = ARENA_NEW_MANY(r->arena, count + 1, struct member);

    for (size_t i = 0; i < count; i++) {
        all[i].entry = asked->entries[i];
        wanted[i] = (struct wanted){all[i].entry, &all[i].content};
    }
    enum sk_code code = fetch(r, wanted, count, why);
    /* The message stands right before its content; where that was written anew, "of" tells. */
    for (size_t i = 0; i < count && code == SK_OK; i++) {
        const json_t *of = json_object_get(all[i].content, "of");
        all[i].message = json_is_integer(of) ? (uint64_t)json_integer_value(of)
                                             : all[i].entry - (all[i].entry > 0 ? 1 : 0);
        wanted[i] = (struct wanted){all[i].message, &all[i].record};
    }
    if (code == SK_OK) {
        code = fetch(r, wanted, count, why);
    }
    r->members = ARENA_NEW_MANY(r->arena, count + 1, struct member);
    for (size_t i = 0; i < count && code == SK_OK; i++) {
        if (is_kind(all[i].content, "content")) {
            r->members[r->count++] = all[i];
        }
    }
    return code;
}

/* How often each text stands there. */
struct tally {
    struct bytes text, kind;
    size_t count;
};

struct tallies {
    struct tally *list;
    size_t count, room;
};

static void
tally_add(struct reading *r, struct tallies *t, struct bytes kind, struct bytes text)
{
    if (t->count == t->room) {
        size_t room = t->room == 0 ? 256 : 2 * t->room;
        t->list = arena_grow(r->arena, t->list, t->room * sizeof *t->list,
                             room * sizeof *t->list);
        t->room = room;
    }
    t->list[t->count++] = (struct tally){.text = text, .kind = kind, .count = 1};
}

static int
by_text(const void *a, const void *b)
{
    const struct tally *x = a, *y = b;
    int order = bytes_compare(x->kind, y->kind);

    return order != 0 ? order : bytes_compare(x->text, y->text);
}

static int
by_count(const void *a, const void *b)
{
    const struct tally *x = a, *y = b;

    return x->count != y->count ? (x->count < y->count ? 1 : -1) : by_text(a, b);
}

static void
tally_up(struct tallies *t)
{
    size_t to = 0;

    if (t->count == 0) {
        return;
    }
    qsort(t->list, t->count, sizeof *t->list, by_text);
    for (size_t i = 1; i < t->count; i++) {
        if (by_text(&t->list[to], &t->list[i]) == 0) {
            t->list[to].count++;
        } else {
            t->list[++to] = t->list[i];
        }
    }
    t->count = to + 1;
    qsort(t->list, t->count, sizeof *t->list, by_count);
}

static void
write_tally(struct tallies *t, size_t most, const char *key, struct json *j)
{
    tally_up(t);
    json_key(j, key);
    json_open(j, '[');
    for (size_t i = 0; i < t->count && i < most; i++) {
        json_open(j, '[');
        json_bytes(j, t->list[i].text);
        json_number(j, (int64_t)t->list[i].count);
        json_close(j);
    }
    json_close(j);
}

static void
write_envelopes(struct reading *r, struct json *j)
{
    struct tallies senders = {0}, clients = {0}, recipients = {0};
    size_t k;
    json_t *to;

    for (size_t i = 0; i < r->count; i++) {
        const json_t *record = r->members[i].record;
        if (!is_kind(record, "message")) {
            continue;
        }
        tally_add(r, &senders, BYTES(""), text_of(record, "from"));
        tally_add(r, &clients, BYTES(""), text_of(record, "client"));
        json_array_foreach(json_object_get(record, "to"), k, to)
        {
            tally_add(r, &recipients, BYTES(""),
                      bytes_of(json_string_value(to), json_string_length(to)));
        }
    }
    write_tally(&senders, CAMPAIGN_VALUES_TOLD, "senders", j);
    write_tally(&clients, CAMPAIGN_VALUES_TOLD, "clients", j);
    write_tally(&recipients, CAMPAIGN_MEMBERS_TOLD, "recipients", j);
    json_put_number(j, "recipient_count", (int64_t)recipients.count);
}

static void
write_member(const struct reading *r, const struct member *m, struct json *j)
{
    size_t k;
    json_t *to;

    json_open(j, '{');
    json_put_string(j, "id", text_of(m->content, "id"));
    json_put_number(j, "entry", (int64_t)m->entry);
    json_put_number(j, "time", json_integer_value(json_object_get(m->content, "time")));
    json_put_string(j, "from", text_of(m->record, "from"));
    json_put_string(j, "client", text_of(m->record, "client"));
    json_key(j, "to");
    json_open(j, '[');
    json_array_foreach(json_object_get(m->record, "to"), k, to)
    {
        json_bytes(j, bytes_of(json_string_value(to), json_string_length(to)));
    }
    json_close(j);
    json_put_string(j, "action", text_of(m->record, "action"));
    json_put_string(j, "category", text_of(m->content, "category"));
    if (r->asked->content) {
        json_put_string(j, "subject", text_of(m->content, "subject"));
    }
    json_close(j);
}

/* Of "https://host/...": the host; links of one mail to one host stand together, so it is told once. */
static struct bytes
host_of(struct bytes url)
{
    size_t from = bytes_find(url, BYTES("://"), 0), end;

    if (from == BYTES_NOWHERE) {
        return BYTES_NONE;
    }
    for (end = from += 3; end < url.size; end++) {
        if (bytes_find_byte(BYTES("/?#:"), url.at[end], 0) != BYTES_NOWHERE) {
            break;
        }
    }
    return bytes_slice(url, from, end);
}

/* Accounts, numbers, names and links: of each message once. Postal addresses and names of people join nothing, and are left out. */
static void
write_links(struct reading *r, struct json *j)
{
    struct tallies links = {0};
    size_t k;
    json_t *one;

    for (size_t i = 0; i < r->count; i++) {
        struct bytes last = BYTES_NONE;
        json_array_foreach(json_object_get(r->members[i].content, "indicators"), k, one)
        {
            struct bytes type = text_of(one, "type"), host = BYTES_NONE;
            if (bytes_is(type, "url")) {
                host = host_of(text_of(one, "value"));
            }
            if (host.size > 0 && !bytes_equal(host, last)) {
                tally_add(r, &links, BYTES("host"), host);
                last = host;
            }
            if (!bytes_is(type, "name") && !bytes_is(type, "postal_address")) {
                tally_add(r, &links, type, text_of(one, "value"));
            }
        }
    }
    tally_up(&links);
    json_key(j, "links");
    json_open(j, '[');
    for (size_t i = 0; i < links.count && i < 2 * CAMPAIGN_VALUES_TOLD; i++) {
        json_open(j, '{');
        json_put_string(j, "type", links.list[i].kind);
        json_put_string(j, "value", links.list[i].text);
        json_put_number(j, "messages", (int64_t)links.list[i].count);
        json_close(j);
    }
    json_close(j);
}

static int
by_bytes(const void *a, const void *b)
{
    return bytes_compare(*(const struct bytes *)a, *(const struct bytes *)b);
}

static void
write_slot(struct arena *arena, const struct template *t,
           const struct template_piece *piece, struct json *j)
{
    struct bytes *values = ARENA_NEW_MANY(arena, t->text_count + 1, struct bytes);
    size_t count = 0, told = 0;

    for (size_t i = 0; i < t->text_count; i++) {
        if (t->is_used[i] && piece->values[i].size > 0) {
            values[count++] = piece->values[i];
        }
    }
    qsort(values, count, sizeof *values, by_bytes);
    json_put_text(j, "slot", slot_kind_name(piece->kind));
    json_key(j, "values");
    json_open(j, '[');
    for (size_t i = 0; i < count && told < CAMPAIGN_VALUES_TOLD; i++) {
        if (i == 0 || !bytes_equal(values[i], values[i - 1])) {
            json_bytes(j, values[i]);
            told++;
        }
    }
    json_close(j);
}

/* is_cut: the texts are beginnings, so where they end they differ by their lengths alone. */
static void
write_pieces(struct reading *r, const struct own_text *texts, size_t count, bool is_cut,
             const char *key, struct json *j)
{
    struct template t;

    template_read(r->arena, texts, count, &t);
    json_key(j, key);
    json_open(j, '[');
    for (size_t i = 0; i < t.piece_count; i++) {
        const struct template_piece *piece = &t.pieces[i];
        if (is_cut && piece->is_slot && i + 1 == t.piece_count && i > 0) {
            break;
        }
        json_open(j, '{');
        if (piece->is_slot) {
            write_slot(r->arena, &t, piece, j);
        } else {
            json_put_string(j, "text", piece->text);
        }
        json_close(j);
    }
    json_close(j);
    if (is_cut) {
        json_put_bool(j, "cut", true);
    }
}

static void
write_template(struct reading *r, struct json *j)
{
    struct own_text texts[LIMIT_TEMPLATE_TEXTS], subjects[LIMIT_TEMPLATE_TEXTS];
    size_t most = r->count < LIMIT_TEMPLATE_TEXTS ? r->count : LIMIT_TEMPLATE_TEXTS,
           text_count = 0, subject_count = 0;
    bool is_cut = false;

    /* Some from all of its time. */
    for (size_t i = 0; i < most; i++) {
        const json_t *content = r->members[i * r->count / most].content;
        struct bytes text = text_of(content, "text"), subject = text_of(content, "subject");
        if (text.size > 0) {
            is_cut = is_cut || text.size >= CUT_TEXT;
            texts[text_count++] = (struct own_text){
                .normal = normal_form(r->arena, text, LIMIT_RECORD_FIELD * 2)};
        }
        if (subject.size > 0) {
            subjects[subject_count++] = (struct own_text){
                .normal = normal_form(r->arena, subject, LIMIT_RECORD_FIELD * 2)};
        }
    }
    json_put_number(j, "of", (int64_t)text_count);
    write_pieces(r, subjects, subject_count, false, "subject", j);
    write_pieces(r, texts, text_count, is_cut, "text", j);
}

enum sk_code
campaign_read(struct arena *arena, const struct campaign_asked *asked, struct json *j,
              struct why *why)
{
    struct reading r = {.arena = arena, .asked = asked};

    enum sk_code code = read_members(&r, why);
    if (code != SK_OK) {
        return code;
    }
    json_put_number(j, "read", (int64_t)r.count);
    json_put_number(
        j, "gone",
        (int64_t)((asked->count < LIMIT_CAMPAIGN_MEMBERS ? asked->count
                                                         : LIMIT_CAMPAIGN_MEMBERS) -
                  r.count));
    write_envelopes(&r, j);
    json_key(j, "members");
    json_open(j, '[');
    for (size_t i = 0; i < r.count && i < CAMPAIGN_MEMBERS_TOLD; i++) {
        write_member(&r, &r.members[i], j);
    }
    json_close(j);
    if (asked->content) {
        write_links(&r, j);
        write_template(&r, j);
    }
    return SK_OK;
}
