#include "judge/thread_memory.h"

#include "base/tap.h"

#define CONTACT (1u << LURE_STAGE_CONTACT)
#define RAPPORT (1u << LURE_STAGE_RAPPORT)
#define MOVE    (1u << LURE_STAGE_MOVE)
#define MONEY   (1u << LURE_STAGE_MONEY)

static struct arena arena;
static const uint8_t secret[HASH_SHA256_SIZE] = {1, 2, 3};
static struct thread_memory memory, other;

static void
number_key(uint32_t number, uint8_t key[THREAD_KEY_SIZE])
{
    memset(key, 0, THREAD_KEY_SIZE);
    memcpy(key, &number, sizeof number);
    key[THREAD_KEY_SIZE - 1] = 1;
}

static void
test_keys(void)
{
    static const uint8_t another[HASH_SHA256_SIZE] = {9};
    uint8_t a[THREAD_KEY_SIZE], b[THREAD_KEY_SIZE];

    thread_memory_key(secret, BYTES("a@example.jp"), BYTES("Mei@Example.com"), a);
    thread_memory_key(secret, BYTES("a@example.jp"), BYTES("mei@example.com"), b);
    tap_ok(memcmp(a, b, sizeof a) == 0, "an address in any case is one correspondent");
    thread_memory_key(secret, BYTES("b@example.jp"), BYTES("mei@example.com"), b);
    tap_ok(memcmp(a, b, sizeof a) != 0, "another recipient's pair has another key");
    thread_memory_key(another, BYTES("a@example.jp"), BYTES("mei@example.com"), b);
    tap_ok(memcmp(a, b, sizeof a) != 0, "under another secret too");
}

static void
test_turns(void)
{
    uint8_t mei[THREAD_KEY_SIZE], friend[THREAD_KEY_SIZE];

    number_key(1, mei);
    number_key(2, friend);
    thread_memory_clear(&memory);
    struct thread_turn turn = thread_memory_note(&memory, friend, 100, 0);
    tap_ok(!turn.is_known && memory.count == 0, "who shows no stage is not kept");
    turn = thread_memory_note(&memory, mei, 100, CONTACT);
    tap_ok(!turn.turned && turn.stage == LURE_STAGE_CONTACT && turn.messages == 1,
           "the first mail is no turn");
    turn = thread_pair_turn(thread_memory_find(&memory, mei), RAPPORT);
    tap_ok(turn.turned && turn.messages == 2 &&
               thread_memory_find(&memory, mei)->messages == 1,
           "what would be a turn is told, and not kept");
    turn = thread_memory_note(&memory, mei, 101, 0);
    tap_ok(turn.is_known && !turn.turned && turn.messages == 2,
           "a harmless mail is counted");
    turn = thread_memory_note(&memory, mei, 103, RAPPORT);
    tap_ok(turn.turned && turn.before == LURE_STAGE_CONTACT, "contact to rapport");
    tap_ok(lure_outgoing(thread_memory_find(&memory, mei)).is_lure,
           "two stages: the guard warns");
    turn = thread_memory_note(&memory, mei, 110, MOVE | CONTACT);
    tap_ok(turn.turned && turn.before == LURE_STAGE_RAPPORT &&
               turn.stage == LURE_STAGE_MOVE,
           "rapport to another app");
    const struct finding *finding = thread_turn_finding(&arena, &turn);
    tap_ok(finding != NULL && bytes_is(finding->detail, "rapport > move") &&
               finding->weight > 1 && finding->family == FAMILY_CONTENT,
           "a finding that names the stages");
    turn = thread_memory_note(&memory, mei, 111, RAPPORT);
    tap_ok(!turn.turned && turn.stage == LURE_STAGE_MOVE &&
               thread_turn_finding(&arena, &turn) == NULL,
           "back again is no turn");
    turn = thread_memory_note(&memory, mei, 120, MONEY);
    const struct thread_pair *pair = thread_memory_find(&memory, mei);
    tap_ok(turn.turned && turn.stage == LURE_STAGE_MONEY && turn.messages == 6 &&
               turn.first_day == 100 && pair != NULL &&
               pair->reached[LURE_STAGE_MOVE] == 10 &&
               pair->reached[LURE_STAGE_MONEY] == 20,
           "and to money, with the days");
    struct lure_outgoing out = lure_outgoing(thread_memory_find(&memory, mei));
    tap_ok(out.is_lure && out.stage == LURE_STAGE_MONEY && out.messages == 6 &&
               out.first_day == 100 && out.last_day == 120,
           "the guard is told how far it has come");
    tap_ok(!lure_outgoing(thread_memory_find(&memory, friend)).is_lure,
           "others are free to be written to");
    (void)thread_memory_note(&memory, friend, 120, CONTACT);
    tap_ok(!lure_outgoing(thread_memory_find(&memory, friend)).is_lure,
           "one contact alone is no warning");
    tap_ok(thread_memory_drop(&memory, mei) && thread_memory_find(&memory, mei) == NULL &&
               thread_memory_find(&memory, friend) != NULL && memory.count == 1 &&
               memory.pairs[1].stages == 0 && !thread_memory_drop(&memory, mei),
           "one is taken out, and the other stays");
}

static void
test_bound(void)
{
    uint8_t key[THREAD_KEY_SIZE];

    thread_memory_clear(&memory);
    for (uint32_t i = 0; i < LIMIT_THREAD_PAIRS; i++) {
        number_key(i, key);
        (void)thread_memory_note(&memory, key, 100 + i, i == 0 ? CONTACT | MONEY : CONTACT);
    }
    number_key(LIMIT_THREAD_PAIRS - 1, key);
    tap_ok(memory.count == LIMIT_THREAD_PAIRS && thread_memory_find(&memory, key) != NULL,
           "as many as there is room for");
    number_key(LIMIT_THREAD_PAIRS, key);
    (void)thread_memory_note(&memory, key, 1000, CONTACT);
    tap_ok(memory.count == LIMIT_THREAD_PAIRS && thread_memory_find(&memory, key) != NULL,
           "one more finds a place");
    number_key(0, key);
    tap_ok(thread_memory_find(&memory, key) != NULL, "who reached more stages stays");
    number_key(1, key);
    tap_ok(thread_memory_find(&memory, key) == NULL, "the longest quiet one gave way");
    tap_ok(thread_memory_forget(&memory, 1000) == LIMIT_THREAD_PAIRS - 1 &&
               memory.count == 1,
           "what is quiet longer than the retention goes");
    tap_ok(memory.pairs[1].first_day == 0 && memory.pairs[1].key[15] == 0,
           "and leaves no bytes behind");
}

static bool
is_same(const struct thread_memory *a, const struct thread_memory *b)
{
    bool same = a->count == b->count && a->upto == b->upto &&
                memcmp(a->name, b->name, sizeof a->name) == 0 &&
                memcmp(a->domain, b->domain, sizeof a->domain) == 0;

    for (size_t i = 0; i < a->count && same; i++) {
        const struct thread_pair *x = &a->pairs[i], *y = &b->pairs[i];
        same = memcmp(x->key, y->key, sizeof x->key) == 0 && x->first_day == y->first_day &&
               x->last_day == y->last_day && x->messages == y->messages &&
               x->stages == y->stages &&
               memcmp(x->reached, y->reached, sizeof x->reached) == 0;
    }
    return same;
}

static void
test_file(void)
{
    static const uint8_t another[HASH_SHA256_SIZE] = {9};
    uint8_t key[THREAD_KEY_SIZE];

    thread_memory_clear(&memory);
    for (uint32_t i = 0; i < 3; i++) {
        number_key(i, key);
        (void)thread_memory_note(&memory, key, 20000 + i, CONTACT | MOVE);
    }
    memory.upto = (uint64_t)1 << 40;
    memory.name[0] = 7;
    memory.domain[31] = 8;
    struct bytes file = thread_memory_write(&arena, &memory, secret);
    tap_ok(thread_memory_read(file, secret, &other, NULL) == SK_OK &&
               is_same(&memory, &other),
           "what was written is read");
    tap_ok(thread_memory_read(file, another, &other, NULL) == SK_BAD && other.count == 0,
           "not under another key");
    size_t taken = 0;
    for (size_t size = 0; size < file.size; size++) {
        taken +=
            thread_memory_read(bytes_slice(file, 0, size), secret, &other, NULL) == SK_OK;
    }
    tap_ok(taken == 0, "nor cut anywhere");
    for (size_t i = 0; i < file.size; i++) {
        ((uint8_t *)file.at)[i] ^= 1;
        taken += thread_memory_read(file, secret, &other, NULL) == SK_OK;
        ((uint8_t *)file.at)[i] ^= 1;
    }
    tap_ok(taken == 0, "nor with any byte changed");
    thread_memory_clear(&memory);
    file = thread_memory_write(&arena, &memory, secret);
    tap_ok(thread_memory_read(file, secret, &other, NULL) == SK_OK && other.count == 0,
           "an empty one");
}

int
main(void)
{
    arena_init(&arena, 1 << 24);
    test_keys();
    test_turns();
    test_bound();
    test_file();
    arena_release(&arena);
    return tap_done();
}
