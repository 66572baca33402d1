/* Conversations in the judge: what one recipient's mail is to them, and nobody else's. */
#include "base/tap.h"
#include "judge/judge.h"
#include "judge/personal.h"
#include "judge/thread_table.h"

static struct arena arena;
static struct judge *judge;
static struct thread_table *table;
static const uint8_t key[HASH_SHA256_SIZE] = {4, 5, 6};

#define HEAD                                                                               \
    "From: =?utf-8?B?576O5ZKy?= <misaki@stranger.example>\nSubject: x\nMIME-Version: "     \
    "1.0\n"                                                                                \
    "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n"
#define CONTACT                                                                             \
    "\n中村さんのアドレスでしょうか。先日お会いした美咲です。\n" \
    "もし人違いでしたらごめんなさい。送り先を間違えたかもしれません。\n"
#define MOVE                                                                               \
    "\nメールだとあまり見られないので、LINEで話しませんか。\n"     \
    "私のLINEのIDは misaki_0921 です。追加してくださいね。\n"
static const char contact[] = HEAD CONTACT, move[] = HEAD MOVE;
static const char plain[] = HEAD "\n明日の会議は10時からです。\n";
static const char wanted[] = HEAD
    "\nご無沙汰しております。同窓会の幹事の田中です。アドレスを間違えていたらごめんなさい。"
    "\n"
    "来月の同窓会の会場が決まりましたのでお知らせします。会費は当日、受付で集めます。\n";
static const char elsewhere[] = HEAD "Reply-To: other@example.net\n" MOVE;
static const char listed[] = HEAD "List-Id: <l.example>\nReply-To: l@example.net\n" MOVE;

/* The first allows content, the second does not. */
static const struct opinion *
judged(const char *mail)
{
    static struct arrival_recipient to[2];
    struct permit *permit = ARENA_NEW(&arena, struct permit);
    struct bytes raw = bytes_from_text(mail);
    struct arrival arrival = {.raw = raw, .recipients = to, .recipient_count = 2};

    to[0].address = BYTES("A@b.example");
    to[1].address = BYTES("b@b.example");
    *permit = *permit_for_tool(&arena, FAMILY_ALL);
    permit->recipient_count = 2;
    permit->recipients = ARENA_NEW_MANY(&arena, 2, struct permit_recipient);
    permit->recipients[0].families = FAMILY_ALL;
    permit->recipients[1].families = FAMILY_BIT(FAMILY_SOURCE);
    return judge_letter(&arena, judge, permit, &arrival, letter_read(&arena, raw), NULL);
}

/* As the keeper does. */
static void
keep(const struct opinion *o, uint32_t day)
{
    uint8_t evicted[HASH_SHA256_SIZE];
    struct personal_id id;

    personal_id_of(key, BYTES("a@b.example"), &id);
    size_t place = thread_table_take(table, id.name, id.domain, evicted);
    struct thread_memory *memory = thread_table_change(table, place);
    for (size_t i = 0; i < o->conversations[0].pair_count; i++) {
        (void)thread_memory_note(memory, o->conversations[0].pairs[i], day, o->lure_stages);
    }
    thread_table_changed(table, place);
}

static void
test_turns(void)
{
    const struct opinion *o = judged(contact);

    tap_ok(o->conversations == NULL && o->lure_stages != 0,
           "without a key nobody remembers anything");
    thread_table_set_key(table, key);
    o = judged(plain);
    tap_ok(o->conversations == NULL, "mail that shows no stage, of somebody unknown");
    o = judged(wanted);
    tap_ok(o->lure_stages == 0 && o->content < 0.2,
           "mail that the classifier takes for wanted is no stage (%.3f)", o->content);
    o = judged(contact);
    if (o->conversation_count != 2) {
        tap_ok(false, "a first contact is a stage (%.3f)", o->content);
        return;
    }
    tap_ok(o->conversations[0].pair_count == 1 && o->conversations[0].turn == NULL,
           "a first contact is to be noted, and no turn");
    tap_ok(o->conversations[1].pair_count == 0, "for who allows it, not for the other");
    keep(o, 100);
    o = judged(plain);
    tap_ok(o->conversations != NULL && o->conversations[0].pair_count == 1 &&
               o->conversations[0].turn == NULL,
           "who is known is counted, whatever he writes");
    o = judged(move);
    tap_ok(o->conversations[0].turn != NULL && o->conversations[1].turn == NULL &&
               o->conversations[0].turn->weight > 1 &&
               bytes_is(o->conversations[0].turn->detail, "contact > move"),
           "another app: a turn, for him alone");
    bool among = false;
    for (size_t i = 0; i < o->finding_count; i++) {
        among = among || strcmp(o->findings[i].name, "lure_turn") == 0;
    }
    tap_ok(!among, "it stands among no findings that others see");
    o = judged(elsewhere);
    tap_ok(o->conversations[0].pair_count == 2 && o->conversations[0].turn != NULL,
           "an answer that would go elsewhere is of two correspondents");
    keep(o, 101);
    o = judged(elsewhere);
    tap_ok(o->conversations[0].pair_count == 2 && o->conversations[0].turn == NULL,
           "the same once more is no turn");
    o = judged(listed);
    tap_ok(o->conversations[0].pair_count == 1, "a list's Reply-To is nobody's");
}

int
main(void)
{
    struct why why;

    arena_init(&arena, 1u << 28);
    tap_ok(judge_open(&arena, NULL, &judge, &why) == SK_OK &&
               thread_table_open(&arena, &table, &why) == SK_OK,
           "a judge and a table");
    judge_use_threads(judge, table);
    test_turns();
    judge_close(judge);
    thread_table_close(table);
    arena_release(&arena);
    return tap_done();
}
