#include "judge/thread_memory.h"

#include "base/writer.h"

static const char magic[8] = "SKTHRD01";
#define PAIR_SIZE (THREAD_KEY_SIZE + 4 + 4 + 2 + 2 + 2 * LURE_STAGE_COUNT)
#define HEAD_SIZE (sizeof magic + 2 * HASH_SHA256_SIZE + 8 + 4)

void
thread_memory_key(const uint8_t key[HASH_SHA256_SIZE], struct bytes recipient,
                  struct bytes correspondent, uint8_t pair_r[THREAD_KEY_SIZE])
{
    uint8_t lower[LIMIT_THREAD_ADDRESS], digest[HASH_SHA256_SIZE];
    size_t size = correspondent.size < sizeof lower ? correspondent.size : sizeof lower;

    for (size_t i = 0; i < size; i++) {
        lower[i] = ascii_lower(correspondent.at[i]);
    }
    const struct bytes pieces[] = {BYTES("thread"), bytes_of("\0", 1), recipient,
                                   bytes_of("\0", 1), bytes_of(lower, size)};
    hash_hmac_sha256(bytes_of(key, HASH_SHA256_SIZE), pieces, 5, digest);
    memcpy(pair_r, digest, THREAD_KEY_SIZE);
}

static struct thread_pair *
find(struct thread_memory *memory, const uint8_t pair[THREAD_KEY_SIZE])
{
    for (size_t i = 0; i < memory->count; i++) {
        if (memcmp(memory->pairs[i].key, pair, THREAD_KEY_SIZE) == 0) {
            return &memory->pairs[i];
        }
    }
    return NULL;
}

const struct thread_pair *
thread_memory_find(const struct thread_memory *memory, const uint8_t pair[THREAD_KEY_SIZE])
{
    return find((struct thread_memory *)memory, pair);
}

static enum lure_stage
furthest(unsigned stages)
{
    for (int i = LURE_STAGE_COUNT - 1; i > 0; i--) {
        if ((stages & 1u << i) != 0) {
            return (enum lure_stage)i;
        }
    }
    return LURE_STAGE_NONE;
}

/* Whether a says less than b. */
static bool
says_less(const struct thread_pair *a, const struct thread_pair *b)
{
    unsigned x = (unsigned)__builtin_popcount(a->stages),
             y = (unsigned)__builtin_popcount(b->stages);

    return x != y ? x < y : a->last_day < b->last_day;
}

static struct thread_pair *
take(struct thread_memory *memory)
{
    if (memory->count < LIMIT_THREAD_PAIRS) {
        return &memory->pairs[memory->count++];
    }
    struct thread_pair *least = &memory->pairs[0];
    for (size_t i = 1; i < memory->count; i++) {
        least = says_less(&memory->pairs[i], least) ? &memory->pairs[i] : least;
    }
    return least;
}

struct thread_turn
thread_pair_turn(const struct thread_pair *pair, unsigned stages)
{
    struct thread_turn turn = {.is_known = pair != NULL};

    stages &= (1u << LURE_STAGE_COUNT) - 2;
    if (pair != NULL) {
        turn.before = furthest(pair->stages);
        turn.messages = pair->messages;
        turn.first_day = pair->first_day;
        stages |= pair->stages;
    }
    turn.messages += turn.messages < UINT16_MAX;
    turn.stage = furthest(stages);
    turn.turned = turn.before != LURE_STAGE_NONE && turn.stage > turn.before;
    return turn;
}

struct thread_turn
thread_memory_note(struct thread_memory *memory, const uint8_t pair[THREAD_KEY_SIZE],
                   uint32_t day, unsigned stages)
{
    struct thread_pair *it = find(memory, pair);
    struct thread_turn turn = thread_pair_turn(it, stages);

    stages &= (1u << LURE_STAGE_COUNT) - 2;
    if (it == NULL && stages == 0) {
        turn.messages = 0; /* nothing is counted */
        return turn;
    }
    if (it == NULL) {
        it = take(memory);
        *it = (struct thread_pair){.first_day = day, .last_day = day};
        memcpy(it->key, pair, THREAD_KEY_SIZE);
    }
    it->messages = (uint16_t)turn.messages;
    it->last_day = day > it->last_day ? day : it->last_day;
    uint32_t after = day > it->first_day ? day - it->first_day : 0;
    for (unsigned i = 1; i < LURE_STAGE_COUNT; i++) {
        if ((stages & ~it->stages & 1u << i) != 0) {
            it->reached[i] = (uint16_t)(after < UINT16_MAX ? after : UINT16_MAX);
        }
    }
    it->stages = (uint16_t)(it->stages | stages);
    turn.first_day = it->first_day;
    return turn;
}

const struct finding *
thread_turn_finding(struct arena *arena, const struct thread_turn *turn)
{
    static const double weights[LURE_STAGE_COUNT] = {
        [LURE_STAGE_RAPPORT] = 0.5, [LURE_STAGE_MOVE] = 1.5, [LURE_STAGE_MONEY] = 2.0};
    struct writer w;

    if (!turn->turned) {
        return NULL;
    }
    writer_init(&w, arena);
    writer_text(&w, lure_stage_name(turn->before));
    writer_text(&w, " > ");
    writer_text(&w, lure_stage_name(turn->stage));
    struct finding *finding = ARENA_NEW(arena, struct finding);
    *finding = (struct finding){.name = "lure_turn",
                                .weight = weights[turn->stage],
                                .family = FAMILY_CONTENT,
                                .detail = writer_view(&w)};
    return finding;
}

bool
thread_memory_drop(struct thread_memory *memory, const uint8_t pair[THREAD_KEY_SIZE])
{
    struct thread_pair *it = find(memory, pair);

    if (it == NULL) {
        return false;
    }
    *it = memory->pairs[--memory->count];
    memory->pairs[memory->count] = (struct thread_pair){0};
    return true;
}

size_t
thread_memory_forget(struct thread_memory *memory, uint32_t before_day)
{
    size_t kept = 0, count = memory->count;

    for (size_t i = 0; i < count; i++) {
        if (memory->pairs[i].last_day >= before_day) {
            memory->pairs[kept++] = memory->pairs[i];
        }
    }
    memset(&memory->pairs[kept], 0, (count - kept) * sizeof memory->pairs[0]);
    memory->count = kept;
    return count - kept;
}

void
thread_memory_clear(struct thread_memory *memory)
{
    memset(memory, 0, sizeof *memory);
}

static void
put_number(struct writer *w, uint64_t number, int size)
{
    for (int i = 0; i < size; i++) {
        writer_byte(w, (uint8_t)(number >> 8 * i));
    }
}

static uint64_t
take_number(const uint8_t **at, int size)
{
    uint64_t number = 0;

    for (int i = 0; i < size; i++) {
        number |= (uint64_t)(*at)[i] << 8 * i;
    }
    *at += size;
    return number;
}

struct bytes
thread_memory_write(struct arena *arena, const struct thread_memory *memory,
                    const uint8_t key[HASH_SHA256_SIZE])
{
    uint8_t digest[HASH_SHA256_SIZE];
    struct writer w;

    writer_init(&w, arena);
    writer_bytes(&w, bytes_of(magic, sizeof magic));
    writer_bytes(&w, bytes_of(memory->name, HASH_SHA256_SIZE));
    writer_bytes(&w, bytes_of(memory->domain, HASH_SHA256_SIZE));
    put_number(&w, memory->upto, 8);
    put_number(&w, memory->count, 4);
    for (size_t i = 0; i < memory->count; i++) {
        const struct thread_pair *it = &memory->pairs[i];
        writer_bytes(&w, bytes_of(it->key, THREAD_KEY_SIZE));
        put_number(&w, it->first_day, 4);
        put_number(&w, it->last_day, 4);
        put_number(&w, it->messages, 2);
        put_number(&w, it->stages, 2);
        for (int k = 0; k < LURE_STAGE_COUNT; k++) {
            put_number(&w, it->reached[k], 2);
        }
    }
    struct bytes body = writer_view(&w);
    hash_hmac_sha256(bytes_of(key, HASH_SHA256_SIZE), &body, 1, digest);
    writer_bytes(&w, bytes_of(digest, sizeof digest));
    return writer_view(&w);
}

enum sk_code
thread_memory_read(struct bytes file, const uint8_t key[HASH_SHA256_SIZE],
                   struct thread_memory *memory_r, struct why *why)
{
    uint8_t digest[HASH_SHA256_SIZE];

    thread_memory_clear(memory_r);
    if (file.size < HEAD_SIZE + HASH_SHA256_SIZE ||
        memcmp(file.at, magic, sizeof magic) != 0) {
        return why_set(why, SK_BAD, "it is no memory of conversations");
    }
    struct bytes body = bytes_slice(file, 0, file.size - HASH_SHA256_SIZE);
    hash_hmac_sha256(bytes_of(key, HASH_SHA256_SIZE), &body, 1, digest);
    const uint8_t *names = file.at + sizeof magic, *at = names + 2 * HASH_SHA256_SIZE;
    uint64_t upto = take_number(&at, 8), count = take_number(&at, 4);
    if (!bytes_equal(bytes_from(file, body.size), bytes_of(digest, sizeof digest)) ||
        count > LIMIT_THREAD_PAIRS || body.size != HEAD_SIZE + count * PAIR_SIZE) {
        return why_set(why, SK_BAD, "the memory of conversations is damaged or another's");
    }
    memcpy(memory_r->name, names, HASH_SHA256_SIZE);
    memcpy(memory_r->domain, names + HASH_SHA256_SIZE, HASH_SHA256_SIZE);
    memory_r->upto = upto;
    for (size_t i = 0; i < count; i++) {
        struct thread_pair *it = &memory_r->pairs[i];
        memcpy(it->key, at, THREAD_KEY_SIZE);
        at += THREAD_KEY_SIZE;
        it->first_day = (uint32_t)take_number(&at, 4);
        it->last_day = (uint32_t)take_number(&at, 4);
        it->messages = (uint16_t)take_number(&at, 2);
        it->stages = (uint16_t)take_number(&at, 2);
        for (int k = 0; k < LURE_STAGE_COUNT; k++) {
            it->reached[k] = (uint16_t)take_number(&at, 2);
        }
    }
    memory_r->count = count;
    return SK_OK;
}

struct lure_outgoing
lure_outgoing(const struct thread_pair *pair)
{
    if (pair == NULL) {
        return (struct lure_outgoing){0};
    }
    enum lure_stage stage = furthest(pair->stages);
    return (struct lure_outgoing){
        .is_lure = stage >= LURE_STAGE_MOVE || __builtin_popcount(pair->stages) >= 2,
        .stage = stage,
        .messages = pair->messages,
        .first_day = pair->first_day,
        .last_day = pair->last_day,
    };
}
