/* Messages that are held for one recipient and have not become anything else yet: what a withdrawal asks him about. */
#define SK_BASE
#include "sekisho/held_waiting.h"

#include <fcntl.h>
#include <jansson.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "parse/domain.h"
#include "permit/recipient_name.h"
#include "record/held.h"
#include "record/vault.h"
#include "store/rows.h"

struct looking {
    struct arena *arena;
    const char *folder;
    int at; /* the folder, open */
    struct bytes name;
};

static bool
is_he(const struct looking *l, const json_t *address)
{
    struct bytes name;

    return json_is_string(address) &&
           recipient_name(l->arena,
                          bytes_of(json_string_value(address), json_string_length(address)),
                          domain_to_ascii, &name) &&
           bytes_equal(name, l->name);
}

/* Whether it is held for him by this record; *others_r: and for whom else. */
static bool
held_for_him(const struct looking *l, const json_t *record, bool *others_r)
{
    const json_t *to = json_object_get(record, "to"),
                 *recipients = json_object_get(record, "recipients");
    bool his = false;

    *others_r = false;
    for (size_t i = 0; i < json_array_size(to); i++) {
        const char *action =
            json_string_value(json_object_get(json_array_get(recipients, i), "action"));
        if (action == NULL || strcmp(action, "hold") != 0) {
            continue;
        }
        if (is_he(l, json_array_get(to, i))) {
            his = true;
        } else {
            *others_r = true;
        }
    }
    return his;
}

/* An outcome that ends it for him: he has it, or nobody will. */
static bool
ends_it(const struct looking *l, struct bytes text)
{
    json_t *outcome = json_loadb((const char *)text.at, text.size, JSON_ALLOW_NUL, NULL);
    const json_t *item;
    bool ends = false;
    size_t i;

    json_array_foreach(json_object_get(outcome, "to"), i, item)
    {
        const char *word = json_string_value(json_object_get(item, "outcome"));
        if (word == NULL) {
            continue;
        }
        ends =
            ends || strcmp(word, "erased") == 0 ||
            (strcmp(word, "delivered") == 0 && is_he(l, json_object_get(item, "address")));
    }
    json_decref(outcome);
    return ends;
}

static enum sk_code
has_ended(const struct looking *l, struct bytes id, bool *ended_r, struct why *why)
{
    struct rows_outcome *outcomes;
    struct journal_frame frame;
    size_t count = 0;

    *ended_r = false;
    enum sk_code code = rows_outcomes(l->arena, l->folder, id, &outcomes, &count, why);
    for (size_t i = 0; i < count && code == SK_OK && !*ended_r; i++) {
        const struct rows_place *place = &outcomes[i].place;
        code = journal_fetch(l->arena, l->at, place->segment, place->offset, place->index,
                             &frame, why);
        *ended_r = code == SK_OK && ends_it(l, frame.record);
    }
    return code;
}

/* Rows of an erasure may come a moment later than the file goes. */
static bool
is_there(const struct looking *l, struct bytes record)
{
    struct held_ref ref;
    char path[HELD_PATH_SIZE];

    if (held_ref_read(record, &ref)) {
        held_path(ref.name, path);
    } else if (!held_record_path(NULL, record, path)) {
        return true; /* of the first version: only the keeper knows its name */
    }
    return faccessat(l->at, path, F_OK, 0) == 0;
}

/* Its record, when it is still held for him. */
static enum sk_code
look_at(const struct looking *l, struct bytes id, struct held_waiting *waiting_r,
        bool *waits_r, struct why *why)
{
    struct journal_frame frame;
    bool ended;

    *waits_r = false;
    if (vault_find(l->arena, l->folder, id, &frame, why) != SK_OK || frame.purged ||
        !is_there(l, frame.record)) {
        return SK_OK;
    }
    json_t *record =
        json_loadb((const char *)frame.record.at, frame.record.size, JSON_ALLOW_NUL, NULL);
    bool his = held_for_him(l, record, &waiting_r->others);
    json_decref(record);
    if (!his) {
        return SK_OK;
    }
    enum sk_code code = has_ended(l, id, &ended, why);
    waiting_r->id = id;
    *waits_r = code == SK_OK && !ended;
    return code;
}

enum sk_code
held_waiting(struct arena *arena, const char *folder, struct bytes name,
             struct held_waiting **list_r, size_t *count_r, bool *more_r, struct why *why)
{
    struct rows_query query = {
        .recipient = name, .action = BYTES("hold"), .most = LIMIT_SEARCH_ROWS};
    struct looking l = {.arena = arena, .folder = folder, .name = name};
    struct rows_found found;

    *count_r = 0;
    *more_r = false;
    l.at = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (l.at < 0) {
        return why_set(why, SK_SYSTEM, "cannot open %s", folder);
    }
    enum sk_code code = rows_search(arena, folder, &query, &found, why);
    if (code == SK_OK) {
        *more_r = found.more || found.unread.size > 0;
        *list_r = ARENA_NEW_MANY(arena, found.count, struct held_waiting);
    }
    for (size_t i = 0; code == SK_OK && i < found.count; i++) {
        bool waits;
        code = look_at(&l, found.events[i].id, &(*list_r)[*count_r], &waits, why);
        *count_r += waits;
    }
    close(l.at);
    return code;
}
