#include "judge/marks.h"

#include "base/limits.h"
#include "base/tap.h"
#include "base/writer.h"

static struct arena arena;

static const char mail[] =
    "From: a@example.jp\r\nReply-To: Desk@reply.example\r\nMessage-ID: <1@example.jp>\r\n"
    "Content-Type: text/plain; charset=utf-8\r\n\r\n"
    "本日中に下記の口座へお振込みください。みずほ銀行 新宿支店 普通 1234567\r\n"
    "お問い合わせは 090-1234-5678 まで。https://pay.example.net/x\r\n";

static struct marks
made(const char *raw, uint32_t families, bool unwanted, uint64_t seed)
{
    const struct letter *letter = letter_read(&arena, bytes_from_text(raw));
    const struct indicator_texts texts = {
        .text = letter->text, .links = letter->links, .link_count = letter->link_count};
    struct marks_of of = {.permit = permit_for_tool(&arena, families),
                          .letter = letter,
                          .normal = letter->text,
                          .unwanted = unwanted};
    struct marks marks;

    of.indicators = indicators_read(&arena, &texts, &of.indicator_count);
    marks_read(&arena, &of, seed, &marks);
    return marks;
}

static bool
has(const struct marks *marks, enum mark_kind kind, bool joins)
{
    for (size_t i = 0; i < marks->key_count; i++) {
        if (marks->keys[i].kind == kind) {
            return marks->keys[i].joins == joins;
        }
    }
    return false;
}

static void
test_consent(void)
{
    for (uint32_t families = 0; families <= FAMILY_ALL; families++) {
        struct marks m = made(mail, families, true, 7);
        bool signatures = (families & FAMILY_BIT(FAMILY_SIGNATURES)) != 0,
             content = signatures && (families & FAMILY_BIT(FAMILY_CONTENT)) != 0,
             links = content && (families & FAMILY_BIT(FAMILY_LINKS)) != 0;
        if ((m.minhash.shingle_count > 0) != signatures || (m.key_count > 0) != content ||
            has(&m, MARK_HOST, false) != links) {
            tap_ok(false, "families %x", families);
        }
    }
    tap_ok(true, "every set of families was tried");
}

static void
test_keys(void)
{
    struct marks bad = made(mail, FAMILY_ALL, true, 7),
                 good = made(mail, FAMILY_ALL, false, 7),
                 other = made(mail, FAMILY_ALL, true, 8);

    tap_ok(has(&bad, MARK_ACCOUNT, true) && has(&bad, MARK_PHONE, true) &&
               has(&bad, MARK_HOST, false) && has(&bad, MARK_REPLY, false) &&
               has(&bad, MARK_HABITS, false),
           "an account and a number of unwanted mail join by themselves");
    tap_ok(has(&good, MARK_ACCOUNT, false) && has(&good, MARK_PHONE, false),
           "those of wanted mail do not");
    bool met = false;
    for (size_t i = 0; i < bad.key_count; i++) {
        for (size_t k = 0; k < good.key_count; k++) {
            met = met || (bad.keys[i].joins && bad.keys[i].key == good.keys[k].key);
        }
    }
    tap_ok(!met, "and the two never meet");
    tap_ok(bad.keys[0].key != other.keys[0].key &&
               minhash_similarity(&bad.minhash, &other.minhash) < 200,
           "another seed gives other marks");
    struct marks again =
        made("Reply-To: desk@reply.example\r\n"
             "Content-Type: text/plain; charset=utf-8\r\n\r\n"
             "振込先は変わりました。みずほ銀行 普通 1234567 ヤマダ タロウ様あて"
             "にお願いします。\r\n",
             FAMILY_ALL, true, 7);
    bool same = false;
    for (size_t i = 0; i < again.key_count; i++) {
        for (size_t k = 0; k < bad.key_count; k++) {
            same = same || (again.keys[i].kind == MARK_ACCOUNT &&
                            again.keys[i].key == bad.keys[k].key);
        }
    }
    tap_ok(same, "one account is one key, with and without branch and holder");
}

/* Eighteen tags of different names, one after the other. */
#define PAGE                                                                               \
    "<table><tr><td><div><p><b><i><u><h1><h2><h3><ul><li><dl><dt><dd><center><font>"

static const struct mark *
kit_in(const struct marks *marks)
{
    for (size_t i = 0; i < marks->key_count; i++) {
        if (marks->keys[i].kind == MARK_KIT) {
            return &marks->keys[i];
        }
    }
    return NULL;
}

static void
test_kit(void)
{
    static const char one[] =
        "Content-Type: text/html\r\n\r\n" PAGE
        "one two three four five six seven eight nine ten eleven twelve thirteen"
        "<a href=https://a.example/abcdefgh/login.php>x</a>";
    static const char other[] =
        "Content-Type: text/html\r\n\r\n" PAGE
        "ein zwei drei vier sechs sieben acht neun zehn elf zwölf dreizehn vierzehn"
        "<a href=https://b.example/qwertzui/login.php>y</a>";
    struct marks a = made(one, FAMILY_ALL, true, 7), b = made(other, FAMILY_ALL, true, 7),
                 good = made(other, FAMILY_ALL, false, 7),
                 closed = made(one, FAMILY_ALL & ~FAMILY_BIT(FAMILY_LINKS), true, 7);

    tap_ok(kit_in(&a) != NULL && kit_in(&b) != NULL && kit_in(&a)->joins &&
               kit_in(&a)->key == kit_in(&b)->key &&
               minhash_similarity(&a.minhash, &b.minhash) < 200,
           "a kit joins unwanted mails of other words and hosts");
    tap_ok(kit_in(&good) != NULL && !kit_in(&good)->joins &&
               kit_in(&good)->key != kit_in(&a)->key,
           "that of wanted mail joins nothing by itself, and is another");
    tap_ok(kit_in(&closed) == NULL, "no path without consent to links");
}

static void
test_text(void)
{
    struct marks m = made(mail, FAMILY_ALL, true, 7), back;
    struct bytes signature = marks_signature(&arena, &m), keys = marks_keys(&arena, &m);

    bool same = marks_parse(&arena, signature, keys, &back) == SK_OK &&
                back.key_count == m.key_count &&
                memcmp(back.minhash.at, m.minhash.at, sizeof m.minhash.at) == 0;
    for (size_t i = 0; same && i < m.key_count; i++) {
        same = back.keys[i].key == m.keys[i].key && back.keys[i].kind == m.keys[i].kind &&
               back.keys[i].joins == m.keys[i].joins;
    }
    tap_ok(same && signature.size == 344, "there and back: %.*s", BYTES_ARGUMENTS(keys));
    static const char *const broken[] = {"x0123456789abcdef", "a0123456789abcde",
                                         "a0123456789abcdef0", "a0123456789abcdeg",
                                         "a0123456789abcdef  a0123456789abcdef"};
    bool refused = true;
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        refused =
            refused &&
            marks_parse(&arena, BYTES_NONE, bytes_from_text(broken[i]), &back) == SK_BAD &&
            back.key_count == 0;
    }
    tap_ok(refused, "what is no key is refused");
    tap_ok(marks_parse(&arena, BYTES("AAAA"), BYTES_NONE, &back) == SK_BAD &&
               marks_parse(&arena, BYTES("!"), BYTES_NONE, &back) == SK_BAD &&
               marks_parse(&arena, BYTES_NONE, BYTES_NONE, &back) == SK_OK &&
               back.minhash.shingle_count == 0,
           "nor a signature of another size");
    struct writer w;
    writer_init(&w, &arena);
    for (unsigned i = 0; i < LIMIT_CAMPAIGN_KEYS; i++) {
        writer_format(&w, "%sh%016x", i > 0 ? " " : "", i);
    }
    bool at = marks_parse(&arena, BYTES_NONE, writer_view(&w), &back) == SK_OK &&
              back.key_count == LIMIT_CAMPAIGN_KEYS;
    writer_text(&w, " h0000000000000fff");
    tap_ok(at && marks_parse(&arena, BYTES_NONE, writer_view(&w), &back) == SK_BAD,
           "%d keys, and one more", LIMIT_CAMPAIGN_KEYS);
    writer_init(&w, &arena);
    writer_text(&w, "Content-Type: text/plain\r\n\r\n");
    for (unsigned i = 0; i < 3 * LIMIT_CAMPAIGN_KEYS; i++) {
        writer_format(&w, "see https://h%u.example.net/ for more of it now\r\n", i);
    }
    m = made(writer_c(&w), FAMILY_ALL, false, 7);
    tap_ok(m.key_count == LIMIT_CAMPAIGN_KEYS, "a mail with too many hosts gives as many");
}

static void
test_short(void)
{
    struct marks m =
        made("Subject: x\r\n\r\none two three four five six seven eight nine ten "
             "eleven\r\n",
             FAMILY_ALL, true, 7);

    tap_ok(m.minhash.shingle_count == 0 && m.key_count == 0, "eleven words have no marks");
    m = made("Subject: x\r\n\r\none two three four five six seven eight nine ten eleven "
             "twelve\r\n",
             FAMILY_ALL, true, 7);
    tap_ok(m.minhash.shingle_count == MARKS_LEAST_SHINGLES, "twelve have");
    bool named = true;
    for (unsigned i = 0; i < MARK_KINDS; i++) {
        named = named && mark_kind_name((enum mark_kind)i)[0] != '\0';
    }
    tap_ok(named, "each kind has a name");
}

int
main(void)
{
    arena_init(&arena, (size_t)256 << 20);
    test_consent();
    test_keys();
    test_kit();
    test_text();
    test_short();
    arena_release(&arena);
    return tap_done();
}
