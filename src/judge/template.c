#include "judge/template.h"

#include "base/hash.h"
#include "base/limits.h"
#include "base/writer.h"
#include "judge/campaign_private.h"

#define ANCHOR_WORDS 4
#define NOWHERE      UINT32_MAX

struct copy {
    struct bytes own;
    struct word *words;
    size_t room;
    uint32_t count;
    uint32_t *found; /* for each word of the base: its index here, or NOWHERE; rising */
    bool is_used;
};

/* A run of ANCHOR_WORDS words, and how often it occurs. */
struct anchor {
    uint64_t key;
    uint32_t base_at, other_at, base_count, other_count;
};

struct job {
    struct arena *arena;
    struct copy *copies;
    size_t count, base;
    struct anchor *anchors; /* open addressing */
    size_t anchor_mask;
    uint32_t *chain, *before; /* for the longest rising sequence */
    uint16_t *cells;          /* for the longest common subsequence */
    bool *fixed;              /* for each word of the base */
    bool
        *inserted; /* for each word of the base, and one more: something stands before it */
};

static void
read_words(struct arena *arena, const struct own_text *text, struct copy *copy)
{
    struct word word;

    copy->own = own_words(arena, text, LIMIT_CAMPAIGN_TEXT);
    copy->room =
        copy->own.size < LIMIT_TEMPLATE_WORDS ? copy->own.size : LIMIT_TEMPLATE_WORDS;
    copy->words = arena_take_many(arena, copy->room, sizeof *copy->words);
    for (size_t at = 0; copy->count < copy->room && word_next(copy->own, &at, &word);) {
        copy->words[copy->count++] = word;
    }
}

/* The copy most like all others; of equals the first. */
static size_t
choose_base(struct arena *arena, const struct own_text *texts, size_t count)
{
    struct minhash *signatures = arena_take_many(arena, count, sizeof *signatures);
    size_t best = 0;
    unsigned best_sum = 0;

    for (size_t i = 0; i < count; i++) {
        minhash_read(arena, &texts[i], 0, &signatures[i]);
    }
    for (size_t i = 0; i < count; i++) {
        unsigned sum = signatures[i].shingle_count > 0;
        for (size_t k = 0; k < count; k++) {
            sum += i == k ? 0 : minhash_similarity(&signatures[i], &signatures[k]);
        }
        if (sum > best_sum) {
            best_sum = sum;
            best = i;
        }
    }
    return best;
}

static uint64_t
run_key(const struct word *words)
{
    uint64_t key = 1;

    for (size_t i = 0; i < ANCHOR_WORDS; i++) {
        key = hash_mix(key ^ words[i].alike) + i;
    }
    return key == 0 ? 1 : key;
}

static struct anchor *
anchor_of(const struct job *job, uint64_t key)
{
    size_t at = (size_t)(key >> 7) & job->anchor_mask;

    while (job->anchors[at].key != 0 && job->anchors[at].key != key) {
        at = (at + 1) & job->anchor_mask;
    }
    return &job->anchors[at];
}

static void
count_runs(const struct job *job, const struct copy *copy, bool is_base)
{
    for (uint32_t i = 0; i + ANCHOR_WORDS <= copy->count; i++) {
        uint64_t key = run_key(copy->words + i);
        struct anchor *anchor = anchor_of(job, key);
        anchor->key = key;
        if (is_base) {
            anchor->base_count++;
            anchor->base_at = i;
        } else {
            anchor->other_count++;
            anchor->other_at = i;
        }
    }
}

/* The longest sequence of base words whose places in the other rise: `found` holds such a place or NOWHERE, and keeps
 * only those of the sequence. */
static void
keep_rising(const struct job *job, uint32_t *found, uint32_t count)
{
    uint32_t length = 0, at;

    for (uint32_t i = 0; i < count; i++) {
        uint32_t low = 0, high = length;
        if (found[i] == NOWHERE) {
            continue;
        }
        while (low < high) {
            uint32_t middle = (low + high) / 2;
            if (found[job->chain[middle]] < found[i]) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        job->before[i] = low == 0 ? NOWHERE : job->chain[low - 1];
        job->chain[low] = i;
        length = low == length ? length + 1 : length;
    }
    at = length == 0 ? NOWHERE : job->chain[length - 1];
    for (uint32_t i = count; i-- > 0;) {
        if (i == at) {
            at = job->before[i];
        } else {
            found[i] = NOWHERE;
        }
    }
}

static bool
is_alike(const struct copy *base, uint32_t i, const struct copy *other, uint32_t k)
{
    return base->words[i].alike == other->words[k].alike;
}

/* Every anchor stands for its whole run, where that does not cross what the runs before it took. */
static void
spread_anchors(const struct copy *base, struct copy *other)
{
    uint32_t base_next = 0, other_next = 0;

    for (uint32_t i = 0; i < base->count; i++) {
        uint32_t at = other->found[i];
        if (at == NOWHERE || i < base_next) {
            continue;
        }
        if (at < other_next) {
            other->found[i] = NOWHERE;
            continue;
        }
        for (uint32_t k = 0; k < ANCHOR_WORDS; k++) {
            other->found[i + k] = at + k;
        }
        base_next = i + ANCHOR_WORDS;
        other_next = at + ANCHOR_WORDS;
    }
}

/* The longest common subsequence of two short pieces. */
static void
align_gap(const struct job *job, const struct copy *base, uint32_t from, uint32_t to,
          struct copy *other, uint32_t other_from, uint32_t other_to)
{
    size_t rows = to - from, columns = other_to - other_from, width = columns + 1;
    uint16_t *cells = job->cells;

    if (rows == 0 || columns == 0 || rows * columns > LIMIT_TEMPLATE_GAP) {
        return;
    }
    for (size_t k = 0; k <= columns; k++) {
        cells[rows * width + k] = 0;
    }
    for (size_t i = rows; i-- > 0;) {
        cells[i * width + columns] = 0;
        for (size_t k = columns; k-- > 0;) {
            uint16_t down = cells[(i + 1) * width + k], right = cells[i * width + k + 1];
            uint16_t best = down > right ? down : right;
            uint16_t both = (uint16_t)(cells[(i + 1) * width + k + 1] + 1);
            bool alike =
                is_alike(base, from + (uint32_t)i, other, other_from + (uint32_t)k);
            cells[i * width + k] = alike && both > best ? both : best;
        }
    }
    for (size_t i = 0, k = 0; i < rows && k < columns;) {
        uint16_t here = cells[i * width + k];
        if (is_alike(base, from + (uint32_t)i, other, other_from + (uint32_t)k) &&
            here == cells[(i + 1) * width + k + 1] + 1) {
            other->found[from + i++] = other_from + (uint32_t)k++;
        } else if (here == cells[(i + 1) * width + k]) {
            i++;
        } else {
            k++;
        }
    }
}

/* Between [from, to) of the base and [other_from, other_to) of the other nothing is aligned yet. */
static void
fill_gap(const struct job *job, const struct copy *base, uint32_t from, uint32_t to,
         struct copy *other, uint32_t other_from, uint32_t other_to)
{
    while (from < to && other_from < other_to && is_alike(base, from, other, other_from)) {
        other->found[from++] = other_from++;
    }
    while (from < to && other_from < other_to &&
           is_alike(base, to - 1, other, other_to - 1)) {
        other->found[--to] = --other_to;
    }
    align_gap(job, base, from, to, other, other_from, other_to);
}

static void
align(const struct job *job, const struct copy *base, struct copy *other)
{
    uint32_t next = 0, other_next = 0;
    size_t found = 0;

    memset(job->anchors, 0, (job->anchor_mask + 1) * sizeof *job->anchors);
    count_runs(job, base, true);
    count_runs(job, other, false);
    for (uint32_t i = 0; i < base->count; i++) {
        other->found[i] = NOWHERE;
        if (i + ANCHOR_WORDS <= base->count) {
            const struct anchor *anchor = anchor_of(job, run_key(base->words + i));
            if (anchor->base_count == 1 && anchor->other_count == 1) {
                other->found[i] = anchor->other_at;
            }
        }
    }
    keep_rising(job, other->found, base->count);
    spread_anchors(base, other);
    for (uint32_t i = 0; i <= base->count; i++) {
        uint32_t at = i == base->count ? other->count : other->found[i];
        if (at == NOWHERE) {
            continue;
        }
        fill_gap(job, base, next, i, other, other_next, at);
        next = i + 1;
        other_next = at + 1;
    }
    for (uint32_t i = 0; i < base->count; i++) {
        found += other->found[i] != NOWHERE;
    }
    other->is_used = found * 2 >= base->count && found > 0;
}

/* Words of a base that stand at the same place, and say the same, in all copies. */
static void
find_fixed(struct job *job)
{
    const struct copy *base = &job->copies[job->base];

    for (uint32_t i = 0; i < base->count; i++) {
        job->fixed[i] = true;
        for (size_t k = 0; k < job->count && job->fixed[i]; k++) {
            const struct copy *copy = &job->copies[k];
            job->fixed[i] = !copy->is_used ||
                            (copy->found[i] != NOWHERE &&
                             copy->words[copy->found[i]].exact == base->words[i].exact);
        }
    }
}

/* A lone character that stands fixed within what else differs is chance: 田中太郎 and 田村一郎. */
static void
drop_lone(struct job *job)
{
    const struct copy *base = &job->copies[job->base];
    const struct word *words = base->words;

    for (uint32_t i = 1; i + 1 < base->count; i++) {
        if (job->fixed[i] && !job->fixed[i - 1] && !job->fixed[i + 1] &&
            words[i].kind == WORD_CHARACTER && words[i - 1].kind == WORD_CHARACTER &&
            words[i + 1].kind == WORD_CHARACTER && words[i - 1].to == words[i].from &&
            words[i].to == words[i + 1].from) {
            job->fixed[i] = false;
        }
    }
}

/* Where a copy has words between two that follow each other in the base. */
static void
find_inserted(struct job *job)
{
    uint32_t count = job->copies[job->base].count;

    for (size_t k = 0; k < job->count; k++) {
        const struct copy *copy = &job->copies[k];
        uint32_t next =
            0; /* behind the word before; NOWHERE behind a slot, which takes what is there */
        for (uint32_t i = 0; copy->is_used && i <= count; i++) {
            if (i < count && !job->fixed[i]) {
                next = NOWHERE;
                continue;
            }
            uint32_t at = i == count ? copy->count : copy->found[i];
            job->inserted[i] = job->inserted[i] || (next != NOWHERE && at > next);
            next = at + 1;
        }
    }
}

/* What a copy has between the fixed words before `from` and at `to`. */
static struct bytes
value_of(const struct copy *copy, uint32_t from, uint32_t to, uint32_t count)
{
    uint32_t first = from == 0 ? 0 : copy->found[from - 1] + 1;
    uint32_t end = to == count ? copy->count : copy->found[to];

    return !copy->is_used || first >= end
               ? BYTES_NONE
               : bytes_slice(copy->own, copy->words[first].from, copy->words[end - 1].to);
}

static bool
is_before_title(struct bytes after)
{
    static const char *const titles[] = {"様",   "さま", "さん", "殿",    "氏",
                                         "先生", "君",   "くん", "ちゃん"};

    after = bytes_trim(after);
    for (size_t i = 0; i < sizeof titles / sizeof *titles; i++) {
        if (bytes_starts(after, bytes_from_text(titles[i]))) {
            return true;
        }
    }
    return false;
}

static bool
is_behind_greeting(struct bytes before)
{
    static const char *const words[] = {"dear", "hello", "hi", "mr", "mrs", "ms"};

    while (before.size > 0 && !ascii_letter(before.at[before.size - 1]) &&
           before.at[before.size - 1] < 0x80 && before.at[before.size - 1] != '\n') {
        before.size--;
    }
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        struct bytes word = bytes_from_text(words[i]);
        if (bytes_ends(before, word) &&
            (before.size == word.size ||
             !ascii_letter(before.at[before.size - word.size - 1]))) {
            return true;
        }
    }
    return false;
}

#define NAME_WORDS 12 /* a Japanese character is one */

static enum slot_kind
kind_of(const struct bytes *values, size_t count, struct bytes before, struct bytes after)
{
    size_t seen[WORD_MAIL + 1] = {0}, single = 0, filled = 0, most = 0;

    for (size_t i = 0; i < count; i++) {
        struct word word = {0};
        size_t words = 0;
        for (size_t at = 0; words <= NAME_WORDS && word_next(values[i], &at, &word);) {
            words++;
        }
        filled += words > 0;
        single += words == 1;
        seen[word.kind] += words == 1;
        most = words > most ? words : most;
    }
    if (filled > 0 && single == filled) {
        if (seen[WORD_URL] == filled) {
            return SLOT_URL;
        }
        if (seen[WORD_MAIL] == filled) {
            return SLOT_MAIL;
        }
        if (seen[WORD_NUMBER] == filled) {
            return SLOT_NUMBER;
        }
        /* Of codes made by chance some have no digits, and some no letters. */
        if ((seen[WORD_CODE] > 0 && seen[WORD_CODE] + seen[WORD_NUMBER] == filled) ||
            (seen[WORD_CODE] * 2 >= filled &&
             seen[WORD_CODE] + seen[WORD_NUMBER] + seen[WORD_LETTERS] == filled)) {
            return SLOT_CODE;
        }
    }
    return most <= NAME_WORDS && (is_before_title(after) || is_behind_greeting(before))
               ? SLOT_NAME
               : SLOT_WORDS;
}

/* A slot for words [from, to) of the base; none of them where copies have something between two. */
static void
add_slot(struct job *job, struct template *template, uint32_t from, uint32_t to)
{
    const struct copy *base = &job->copies[job->base];
    struct template_piece *piece = &template->pieces[template->piece_count++];
    struct bytes *values = arena_take_many(job->arena, job->count, sizeof *values);
    size_t start = from < to  ? base->words[from].from
                   : from > 0 ? base->words[from - 1].to
                              : 0;

    if (from == to && start < base->own.size && base->own.at[start] == ' ') {
        start++;
    }
    for (size_t k = 0; k < job->count; k++) {
        values[k] = value_of(&job->copies[k], from, to, base->count);
    }
    piece->is_slot = true;
    piece->values = values;
    piece->text = bytes_slice(base->own, start, from < to ? base->words[to - 1].to : start);
    template->slot_count++;
}

/* Fixed text is what lies between slots, with the signs around its words. */
static void
build(struct job *job, struct template *template)
{
    const struct copy *base = &job->copies[job->base];
    size_t at = 0;
    uint32_t i = 0;

    template->pieces =
        arena_take_many(job->arena, 2 * (size_t)base->count + 3, sizeof *template->pieces);
    while (i <= base->count) {
        uint32_t to = i;
        while (to < base->count && !job->fixed[to]) {
            to++;
        }
        if (to > i || job->inserted[i]) {
            size_t fixed_at = template->piece_count++;
            add_slot(job, template, i, to);
            struct template_piece *slot = &template->pieces[template->piece_count - 1];
            size_t start = (size_t)(slot->text.at - base->own.at);
            template->pieces[fixed_at].text = bytes_slice(base->own, at, start);
            at = start + slot->text.size;
            if (template->pieces[fixed_at].text.size == 0) {
                template->pieces[fixed_at] = *slot;
                *slot = (struct template_piece){0};
                template->piece_count--;
            }
        }
        i = to + 1;
    }
    if (at < base->own.size) {
        template->pieces[template->piece_count++].text = bytes_from(base->own, at);
    }
    for (size_t k = 0; k < template->piece_count; k++) {
        struct template_piece *piece = &template->pieces[k];
        if (piece->is_slot) {
            piece->kind = kind_of(
                piece->values, job->count,
                k == 0 ? BYTES_NONE : template->pieces[k - 1].text,
                k + 1 == template->piece_count ? BYTES_NONE : template->pieces[k + 1].text);
        }
    }
}

static void
align_all(struct job *job, struct template *template)
{
    struct copy *base = &job->copies[job->base];
    bool *is_used = arena_take_many(job->arena, job->count, sizeof *is_used);
    size_t room = 16;

    for (size_t k = 0; k < job->count; k++) {
        while (room < 2 * ((size_t)base->count + job->copies[k].count)) {
            room *= 2;
        }
    }
    job->anchors = arena_take_many(job->arena, room, sizeof *job->anchors);
    job->anchor_mask = room - 1;
    job->chain = arena_take_many(job->arena, base->count, sizeof *job->chain);
    job->before = arena_take_many(job->arena, base->count, sizeof *job->before);
    /* (rows + 1) * (columns + 1) of what is at most LIMIT_TEMPLATE_GAP pairs */
    job->cells = arena_take_many(
        job->arena, LIMIT_TEMPLATE_GAP + 2 * LIMIT_TEMPLATE_WORDS + 1, sizeof *job->cells);
    for (size_t k = 0; k < job->count; k++) {
        struct copy *copy = &job->copies[k];
        copy->found =
            arena_take_many(job->arena, (size_t)base->count + 1, sizeof *copy->found);
        if (k == job->base) {
            for (uint32_t i = 0; i < base->count; i++) {
                copy->found[i] = i;
            }
            copy->is_used = true;
        } else if (copy->count > 0) {
            align(job, base, copy);
        }
        is_used[k] = copy->is_used;
        template->used_count += copy->is_used;
    }
    template->is_used = is_used;
}

void
template_read(struct arena *arena, const struct own_text *texts, size_t count,
              struct template *template_r)
{
    struct job job = {.arena = arena};

    *template_r = (struct template){0};
    count = count < LIMIT_TEMPLATE_TEXTS ? count : LIMIT_TEMPLATE_TEXTS;
    job.count = template_r->text_count = count;
    if (count == 0) {
        return;
    }
    job.copies = arena_take_many(arena, count, sizeof *job.copies);
    for (size_t k = 0; k < count; k++) {
        read_words(arena, &texts[k], &job.copies[k]);
    }
    job.base = template_r->base = choose_base(arena, texts, count);
    template_r->words = job.copies[job.base].count;
    if (template_r->words == 0) {
        return;
    }
    align_all(&job, template_r);
    job.fixed = arena_take_many(arena, template_r->words, sizeof *job.fixed);
    job.inserted = arena_take_many(arena, template_r->words + 1, sizeof *job.inserted);
    find_fixed(&job);
    drop_lone(&job);
    find_inserted(&job);
    for (size_t i = 0; i < template_r->words; i++) {
        template_r->fixed_words += job.fixed[i];
    }
    build(&job, template_r);
}

struct bytes
template_write(struct arena *arena, const struct template *template)
{
    struct writer w;

    writer_init(&w, arena);
    for (size_t i = 0; i < template->piece_count; i++) {
        const struct template_piece *piece = &template->pieces[i];
        if (piece->is_slot) {
            writer_byte(&w, '{');
            writer_text(&w, slot_kind_name(piece->kind));
            writer_byte(&w, '}');
        } else {
            writer_bytes(&w, piece->text);
        }
    }
    return writer_view(&w);
}

const char *
slot_kind_name(enum slot_kind kind)
{
    static const char *const names[] = {"words", "name", "number", "code", "url", "mail"};

    return names[kind];
}
