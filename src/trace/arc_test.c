#include "trace/arc_test_private.h"

/* --- chains --- */

static void
chains(void)
{
    struct bytes one = seal(BYTES(LETTER), AUTH_NONE), two;

    tap_ok(check(BYTES(LETTER)) == AUTH_NONE && arc.set_count == 0 && arc.instance == 0,
           "no chain");
    tap_ok(check(one) == AUTH_PASS && arc.instance == 1 && arc.set_count == 1 &&
               arc.has_oldest_pass && arc.oldest_pass == 0,
           "one set");
    tap_ok(arc.sets[0].cv == AUTH_NONE &&
               bytes_is(arc.sets[0].authserv_id, "mx.list.example") &&
               bytes_is(arc.sets[0].seal.domain, "list.example") &&
               arc.sets[0].seal.result == AUTH_PASS &&
               arc.sets[0].message_signature.result == AUTH_PASS &&
               arc.sets[0].seal.key_bits == 2048,
           "and what it says");
    two = seal(one, AUTH_PASS);
    tap_ok(check(two) == AUTH_PASS && arc.instance == 2 && arc.oldest_pass == 0,
           "two sets");
    two = seal(change(one, "Subject: hello", "Subject: [l] hello"), AUTH_PASS);
    tap_ok(check(two) == AUTH_PASS && arc.oldest_pass == 2 &&
               arc.sets[0].message_signature.result == AUTH_FAIL &&
               arc.sets[0].seal.result == AUTH_PASS,
           "a subject changed between two sealers: oldest-pass 2");
    tap_ok(check(change(one, "Subject: hello", "Subject: other")) == AUTH_FAIL &&
               reason_has("ARC-Message-Signature of i=1: the header was changed"),
           "a header changed behind the newest sealer");
    tap_ok(check(change(one, "morning", "evening")) == AUTH_FAIL &&
               reason_has("the body was changed"),
           "a body changed");
    tap_ok(check(change(two, "dmarc=pass", "dmarc=fail")) == AUTH_FAIL &&
               reason_has("ARC-Seal of i=2"),
           "results of the newest changed");
    size_t second = bytes_find(two, BYTES("i=1; mx.list"), 0);
    struct bytes old = join(bytes_slice(two, 0, second),
                            change(bytes_from(two, second), "dmarc=pass", "dmarc=none"));
    tap_ok(check(old) == AUTH_FAIL && arc.sets[1].seal.result == AUTH_FAIL,
           "results of an older one changed");
    struct arc_order order = order_of(AUTH_NONE);
    order.ed25519 = true;
    order.selector = BYTES("e");
    order.context = ed25519;
    tap_ok(check(seal_by(BYTES(LETTER), &order)) == AUTH_PASS &&
               bytes_is(arc.sets[0].seal.algorithm, "ed25519-sha256"),
           "Ed25519");
    order = order_of(AUTH_NONE);
    order.standard_form = true;
    tap_ok(check(seal_by(BYTES(LETTER), &order)) == AUTH_PASS, "the standard form");
    two = seal(BYTES("Received: x\r\nFrom: a@author.example\r\n\r\n"), AUTH_NONE);
    tap_ok(check(two) == AUTH_PASS, "an empty body");
}

/* The fields of two sets in another order of the header. */
static void
order_in_the_header(void)
{
    struct bytes two = seal(seal(BYTES(LETTER), AUTH_NONE), AUTH_PASS);
    const struct letter *letter = letter_read_header(&arena, two);
    static const size_t orders[][6] = {
        {5, 4, 3, 2, 1, 0}, {3, 0, 4, 1, 5, 2}, {2, 5, 1, 4, 0, 3}};
    struct writer w;

    for (size_t o = 0; o < 3; o++) {
        writer_init(&w, &arena);
        for (size_t i = 0; i < 6; i++) {
            writer_bytes(&w, letter->header.fields[orders[o][i]].whole);
        }
        writer_text(&w, LETTER);
        tap_ok(check(writer_view(&w)) == AUTH_PASS, "order %zu of the fields", o);
    }
    for (size_t i = 0; i < 6; i++) {
        struct bytes whole = letter->header.fields[i].whole;
        struct bytes without =
            join(bytes_slice(two, 0, (size_t)(whole.at - two.at)),
                 bytes_from(two, (size_t)(whole.at - two.at) + whole.size));
        tap_ok(check(without) == AUTH_FAIL && reason_has("not complete"),
               "without field %zu", i);
        tap_ok(check(join(whole, two)) == AUTH_FAIL && reason_has("same i="),
               "field %zu twice", i);
    }
}

static void
bounds(void)
{
    struct bytes raw = BYTES(LETTER);
    const struct letter *letter;
    struct arc_order order = order_of(AUTH_PASS);
    struct arc_sealed sealed;
    struct why why;

    for (unsigned i = 1; i <= LIMIT_ARC_SETS; i++) {
        raw = seal(raw, i == 1 ? AUTH_NONE : AUTH_PASS);
    }
    tap_ok(check(raw) == AUTH_PASS && arc.instance == 50 && arc.set_count == 50 &&
               arc.has_oldest_pass && arc.oldest_pass == 0,
           "50 sets");
    letter = letter_read_header(&arena, raw);
    tap_ok(arc_seal(&arena, letter, &order, &sealed, &why) == SK_BAD,
           "no 51st is sealed: %s", why.sentence);
    tap_ok(check(join(BYTES("ARC-Authentication-Results: i=51; x; none\r\n"), raw)) ==
               AUTH_FAIL,
           "a field of i=51");
    raw = BYTES(LETTER);
    for (unsigned i = 0; i < 4; i++) {
        raw = join(BYTES("ARC-Seal: i=2; a=rsa-sha256; b=AAAA; cv=pass; d=x.example; "
                         "s=x\r\n"),
                   raw);
    }
    tap_ok(check(raw) == AUTH_FAIL, "a gap and repetitions");
    struct writer w;
    writer_init(&w, &arena);
    for (unsigned i = 0; i < 10000; i++) {
        writer_text(&w, "ARC-Seal: i=1; a=rsa-sha256; cv=none; d=x; s=y; b=AAAA\r\n");
    }
    clock_t began = clock();
    enum auth_result result = check(join(writer_view(&w), BYTES(LETTER)));
    double seconds = (double)(clock() - began) / CLOCKS_PER_SEC;
    tap_ok(result == AUTH_FAIL && seconds < 1, "10,000 seals in %.4f s", seconds);
}

/* i= as it may and may not be written; the fields are not signed anew, so what is read right fails at a signature. */
static void
instances(void)
{
    static const struct {
        const char *field;
        bool readable;
    } cases[] = {
        {"ARC-Authentication-Results: i=1; x; none", true},
        {"ARC-Authentication-Results:i=01;x; none", true},
        {"ARC-Authentication-Results: (a) i (b) = (c) 1 (d) ; x; none", true},
        {"ARC-Authentication-Results: i=50; x; none", true},
        {"ARC-Authentication-Results: i=51; x; none", false},
        {"ARC-Authentication-Results: i=0; x; none", false},
        {"ARC-Authentication-Results: i=001; x; none", false},
        {"ARC-Authentication-Results: i=; x; none", false},
        {"ARC-Authentication-Results: i=-1; x; none", false},
        {"ARC-Authentication-Results: i=1", false},
        {"ARC-Authentication-Results: i=1 x; none", false},
        {"ARC-Authentication-Results: I=1; x; none", false},
        {"ARC-Authentication-Results: x; i=1; none", false},
        {"ARC-Authentication-Results: (i=1; x; none", false},
        {"ARC-Authentication-Results:", false},
        {"ARC-Seal: i=1; a=x; cv=none", true},
        {"ARC-Seal: (a) i=1 (b); a=x; cv=none", true},
        {"ARC-Seal: a=x; cv=none; i=1", true},
        {"ARC-Seal: a=x; cv=none; i=(a) 1", true},
        {"ARC-Seal: a=x; cv=none; i=", false},
        {"ARC-Seal: a=x; cv=none; i=1x", false},
        {"ARC-Seal: a=x; cv=none; i=51", false},
        {"ARC-Seal: i=1; a=x; cv=none; i=1", false},
        {"ARC-Seal: i=1; a=x; cv=none;; d=x", false},
        {"ARC-Seal: i=1;", false},
        {"ARC-Seal:", false},
        {"ARC-Message-Signature: i=", false},
        {"ARC-Message-Signature: a=x; i=1", true},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct bytes raw = join(bytes_from_text(cases[i].field), BYTES("\r\n\r\n"));
        tap_ok(check(raw) == AUTH_FAIL && (arc.instance > 0) == cases[i].readable &&
                   arc.set_count == cases[i].readable,
               "%s: %s", cases[i].field, cases[i].readable ? "read" : "not read");
    }
    tap_ok(check(BYTES("ARC-Seal : i=1; a=x; cv=none\r\n\r\n")) == AUTH_FAIL,
           "a blank before the colon hides no field");
    tap_ok(check(BYTES("ARC-Sealed: i=1\r\nARC: x\r\narc-\r\n\r\n")) == AUTH_NONE,
           "other names are none of ours");
}

static void
statuses(void)
{
    struct bytes one = seal(BYTES(LETTER), AUTH_NONE);
    struct bytes two = seal(one, AUTH_PASS), failed;
    static const char *const bad[] = {"cv=;",        "cv=fail;", "cv=pas;",
                                      "cv=neutral;", "cv=none;", "xv=pass;"};

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        tap_ok(check(change(two, "cv=pass;", bad[i])) == AUTH_FAIL && reason_has("s"),
               "the newest seal has %s", bad[i]);
        tap_ok(memo.answer_count == 5, "and nothing was asked");
    }
    tap_ok(check(change(two, "cv=pass;", "cv=fail;")) == AUTH_FAIL &&
               reason_has("says that the chain had failed"),
           "cv=fail in the newest ends it (section 5.2, step 2)");
    tap_ok(check(change(two, "cv=none;", "cv=pass;")) == AUTH_FAIL &&
               reason_has("cv= is not what it must be"),
           "the first must say none");
    tap_ok(check(change(one, "cv=none;", "cv=none; h=from;")) == AUTH_FAIL &&
               reason_has("h="),
           "a seal with h= (section 4.1.3)");
    failed = seal(change(one, "hello", "other"), AUTH_FAIL);
    tap_ok(check(failed) == AUTH_FAIL && arc.instance == 2 && arc.sets[1].cv == AUTH_FAIL,
           "a chain sealed as failed");
    const struct letter *letter = letter_read_header(&arena, failed);
    struct arc_order order = order_of(AUTH_FAIL);
    struct arc_sealed sealed;
    struct why why;
    tap_ok(arc_seal(&arena, letter, &order, &sealed, &why) == SK_BAD,
           "is not sealed again: %s", why.sentence);
}

/* --- tags, keys and time --- */

static void
tags(void)
{
    static const struct {
        const char *words, *ams, *as, *names;
        enum auth_result result;
    } cases[] = {
        {"as it should be", AMS "h=from:to; b=", AS "b=", "from:to", AUTH_PASS},
        {"unknown tags", AMS "h=from; y=1; b=; z1=x", AS "y=1; b=; x=1; bh=-; l=z", "from",
         AUTH_PASS},
        {"v= means nothing", AMS "h=from; v=9; b=", AS "b=; v=7", "from", AUTH_PASS},
        {"h= without From", AMS "h=to; b=", AS "b=", "to", AUTH_PASS},
        {"h= with nothing", AMS "h=; b=", AS "b=", "", AUTH_PASS},
        {"no h=", AMS "b=", AS "b=", "", AUTH_FAIL},
        {"h= with ARC-Seal", AMS "h=from:Arc-Seal; b=", AS "b=", "from", AUTH_FAIL},
        {"t= in both", AMS "h=from; t=1; b=", AS "t=1; b=", "from", AUTH_PASS},
        {"t= later than now", AMS "h=from; t=1800000000; b=", AS "b=", "from", AUTH_PASS},
        {"t= no number", AMS "h=from; t=soon; b=", AS "b=", "from", AUTH_FAIL},
        {"t= no number in the seal", AMS "h=from; b=", AS "t=; b=", "from", AUTH_FAIL},
        {"x= is now", AMS "h=from; x=1700000000; b=", AS "b=", "from", AUTH_PASS},
        {"x= is past", AMS "h=from; x=1699999999; b=", AS "b=", "from", AUTH_FAIL},
        {"x= of a seal means nothing", AMS "h=from; b=", AS "x=1; b=", "from", AUTH_PASS},
        {"x= before t=", AMS "h=from; t=1900000000; x=1800000000; b=", AS "b=", "from",
         AUTH_FAIL},
        {"l= past the body", AMS "h=from; l=99; b=", AS "b=", "from", AUTH_FAIL},
        {"q= unknown", AMS "h=from; q=http; b=", AS "b=", "from", AUTH_FAIL},
        {"c= empty", "i=1; a=rsa-sha256; c=; d=list.example; s=s; bh=$; h=from; b=",
         AS "b=", "from", AUTH_FAIL},
        {"no c=, relaxed meant", "i=1; a=rsa-sha256; d=list.example; s=s; bh=$; h=from; b=",
         AS "b=", "from", AUTH_PASS},
        {"signed over another field", AMS "h=from; b=", AS "b=", "to", AUTH_FAIL},
    };

    hand_key = rsa;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct bytes raw = seal_by_hand(cases[i].ams, cases[i].as, cases[i].names);
        enum auth_result result = check(raw);
        tap_ok(result == cases[i].result, "%s: %.*s", cases[i].words,
               BYTES_ARGUMENTS(arc.reason));
    }
}

static void
keys(void)
{
    static const char short_ams[] = "i=1; a=rsa-sha256; c=relaxed/relaxed; d=list.example; "
                                    "s=short; bh=$; h=from; b=";
    static const char short_as[] =
        "i=1; a=rsa-sha256; cv=none; d=list.example; s=short; b=";
    static const char old_ams[] =
        "i=1; a=rsa-sha1; c=relaxed/relaxed; d=list.example; s=s; bh=$; h=from; b=";
    static const char old_as[] = "i=1; a=rsa-sha1; cv=none; d=list.example; s=s; b=";
    struct bytes raw;

    hand_key = short_rsa;
    raw = seal_by_hand(short_ams, short_as, "from");
    tap_ok(check(raw) == AUTH_FAIL && reason_has("too short"), "a key of 768 bits");
    tap_ok(check_as(raw, true, NOW) == AUTH_PASS, "under legacy it counts");
    hand_key = rsa;
    raw = seal_by_hand(old_ams, old_as, "from");
    tap_ok(check(raw) == AUTH_FAIL && reason_has("RFC 8301"), "rsa-sha1");
    tap_ok(check_as(raw, true, NOW) == AUTH_PASS, "under legacy it counts");
    raw = seal_by_hand(
        AMS "h=from; b=", "i=1; a=rsa-sha256; cv=none; d=list.example; s=gone; b=", "from");
    tap_ok(check(raw) == AUTH_FAIL && reason_has("there is no key"),
           "a seal without a key");
    raw = seal_by_hand(
        AMS "h=from; b=", "i=1; a=rsa-sha256; cv=none; d=slow.example; s=s; b=", "from");
    tap_ok(check(raw) == AUTH_FAIL && arc.sets[0].seal.result == AUTH_TEMPERROR,
           "a key that cannot be had now is a failure too (section 5.2.1)");
    raw = seal_by_hand(
        AMS "h=from; b=", "i=1; a=rsa-sha256; cv=none; d=list.example; s=e; b=", "from");
    tap_ok(check(raw) == AUTH_FAIL && reason_has("not of the signature's algorithm"),
           "a key of the other kind");
}

/* A chain of five domains, the keys of which nobody has asked for. */
static void
questions(void)
{
    struct bytes raw = BYTES(LETTER);
    struct arc_order order;

    for (unsigned i = 1; i <= 5; i++) {
        char name[16];
        snprintf(name, sizeof name, "d%u.example", i);
        order = order_of(i == 1 ? AUTH_NONE : AUTH_PASS);
        order.domain = bytes_copy(&arena, bytes_from_text(name));
        raw = seal_by(raw, &order);
    }
    const struct letter *letter = letter_read_header(&arena, raw);
    struct dkim_verifier *verifier = dkim_verifier_new(&arena, letter, false);
    dns_memo_init(&memo, &arena);
    memo.questions_max = 3;
    struct arc_work *work = arc_begin(&arena, letter, &memo, NOW, false);
    tap_ok(memo.answer_count == 5 && memo.questions_max == 8,
           "five keys are asked at once, beside the three questions of the others");
    tap_ok(arc_check(work, verifier, &arc) == SK_MORE, "and waited for");
    for (unsigned i = 1; i <= 5; i++) {
        char name[40];
        snprintf(name, sizeof name, "s._domainkey.d%u.example", i);
        put_answer(name, DNS_FOUND, record_of(rsa));
    }
    tap_ok(arc_check(work, verifier, &arc) == SK_OK && arc.result == AUTH_PASS,
           "one round is enough");
    dns_memo_init(&memo, &arena);
    (void)arc_begin(&arena, letter_read_header(&arena, change(raw, "cv=pass", "cv=none")),
                    &memo, NOW, false);
    tap_ok(memo.answer_count == 0 && memo.questions_max == LIMIT_DNS_QUESTIONS,
           "a chain that cannot pass asks nothing");
    use_keys();
}

/* Sets so long that hashing them for each seal would be too much. */
static void
long_sets(void)
{
    struct bytes raw = BYTES(LETTER);
    struct arc_order order = order_of(AUTH_NONE);
    struct writer w;

    writer_init(&w, &arena);
    for (unsigned i = 0; i < 16 * 1024 / 8; i++) {
        writer_text(&w, "(abcde)\t");
    }
    writer_text(&w, "spf=pass");
    order.results = writer_view(&w);
    for (unsigned i = 1; i <= LIMIT_ARC_SETS; i++) {
        order.cv = i == 1 ? AUTH_NONE : AUTH_PASS;
        raw = seal_by(raw, &order);
        if (i == 40) {
            tap_ok(check(raw) == AUTH_PASS && !arc.has_oldest_pass,
                   "40 sets of 17 KB pass, without oldest-pass");
        }
    }
    clock_t began = clock();
    enum auth_result result = check(raw);
    double seconds = (double)(clock() - began) / CLOCKS_PER_SEC;
    tap_ok(result == AUTH_FAIL && reason_has("too long") && seconds < 2,
           "50 of them do not: %.3f s", seconds);
}

/* What others got wrong. */
static void
faults_of_others(void)
{
    EVP_PKEY *large = EVP_RSA_gen(3072);
    struct arc_order order = order_of(AUTH_NONE);
    struct bytes raw;

    put_answer("large._domainkey.list.example", DNS_FOUND, record_of(large));
    order.selector = BYTES("large");
    order.context = large;
    tap_ok(check(seal_by(BYTES(LETTER), &order)) == AUTH_PASS &&
               arc.sets[0].seal.key_bits == 3072,
           "a seal by RSA of 3072 bits (OpenDMARC died of it)");
    EVP_PKEY_free(large);
    hand_key = rsa;
    tap_ok(check(seal_by_hand(AMS "h=from; b=", AS "b=", "from")) == AUTH_PASS &&
               !arc.sets[0].seal.has_time,
           "seals without t= (OpenARC refused a large provider's)");
    raw = BYTES(LETTER);
    for (unsigned i = 1; i <= 11; i++) {
        raw = seal(raw, i == 1 ? AUTH_NONE : AUTH_PASS);
    }
    tap_ok(check(raw) == AUTH_PASS && arc.instance == 11,
           "more than ten sets (rspamd refuses them)");
    static const char *const malformed[] = {"",        ";",      "i",    "i=1",
                                            "=",       "i=1;;",  "\xff", "i=1; b",
                                            "i=1; b=", "i=1; a", "i=1(", "i=1; cv=("};
    for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++) {
        struct writer w;
        writer_init(&w, &arena);
        writer_format(&w, "ARC-Seal: %s\r\n", malformed[i]);
        tap_ok(
            check(join(writer_view(&w), BYTES(LETTER))) == AUTH_FAIL && arc.reason.size > 0,
            "a malformed seal is a failure, with a reason (%zu; OpenDMARC died of it)", i);
    }
}

int
main(void)
{
    begin();
    chains();
    order_in_the_header();
    bounds();
    instances();
    statuses();
    tags();
    keys();
    questions();
    long_sets();
    faults_of_others();
    return end();
}
