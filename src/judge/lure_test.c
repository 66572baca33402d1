#include "judge/lure.h"

#include "judge/wording.h"
#include "judge/written_private.h"

static struct arena arena;
static struct lure_table *table;

static struct lure
lure_of(struct arena *scratch, struct lure_table *by, const struct written *it)
{
    struct lure lure;

    lure_read(scratch, by, it->letter, &it->text, it->regions, it->region_count, &lure);
    return lure;
}

static struct lure
asked_of(struct arena *scratch, struct lure_table *by, const struct written *it)
{
    struct lure lure = lure_of(scratch, by, it);

    lure_ask(scratch, by, it->text.normal, it->regions, it->region_count, &lure);
    return lure;
}

static bool
is(double got, double want)
{
    return got > want - 0.01 && got < want + 0.01;
}

static void
show(const struct written *it, const struct lure *lure)
{
    printf("# %.*s %.*s %.1f:", BYTES_ARGUMENTS(it->column[0]),
           BYTES_ARGUMENTS(it->column[1]), lure->points);
    for (size_t i = 0; i < lure->part_count; i++) {
        printf(" %s %.1f (%.*s)", lure_theme_name(lure->parts[i].theme),
               lure->parts[i].points, BYTES_ARGUMENTS(lure->parts[i].words));
    }
    printf(" | %.*s | %.*s\n", BYTES_ARGUMENTS(it->column[5]),
           BYTES_ARGUMENTS(it->column[6]));
}

static void
test_written(void)
{
    struct bytes file = written_file(&arena, "tests/written/lures.tsv");
    size_t count[2] = {0}, caught[2] = {0}, told[2] = {0};
    const char *wish = getenv("WRITTEN_SHOW");
    struct written it;
    struct arena scratch;

    arena_init(&scratch, 1 << 24);
    while (written_next(&scratch, &file, &it)) {
        size_t class = bytes_is(it.column[0], "lure") ? 0 : 1;
        struct lure lure = lure_of(&scratch, table, &it);
        count[class]++;
        caught[class] += lure.is_lure;
        told[class] += asked_of(&scratch, table, &it).is_lure;
        if (wish != NULL && (wish[0] == 'a' || lure.is_lure != (class == 0))) {
            show(&it, &lure);
        }
        arena_release(&scratch);
    }
    tap_ok(count[0] >= 200 && caught[0] * 10 >= count[0] * 9, "%zu of %zu lures are caught",
           caught[0], count[0]);
    tap_ok(count[1] >= 300 && caught[1] * 50 <= count[1],
           "%zu of %zu wanted look-alikes are flagged", caught[1], count[1]);
    tap_ok(told[0] * 20 >= count[0] * 19 && told[1] * 100 <= count[1] &&
               told[1] < caught[1],
           "with their wording %zu are, and %zu of the look-alikes", told[0], told[1]);
}

static struct lure
asked_about(struct lure_table *by, const char *mail)
{
    struct written it = {0};

    written_read(&arena, bytes_from_text(mail), &it);
    return asked_of(&arena, by, &it);
}

/* The same words in a lure and in a letter to a mother; and how much of a text is asked about. */
static void
test_wording(void)
{
    static const char head[] = "From: yumi <yumi@example.com>\nTo: you@example.jp\n"
                               "Subject: x\nMIME-Version: 1.0\n"
                               "Content-Type: text/plain; charset=utf-8\n"
                               "Content-Transfer-Encoding: 8bit\n\n";
    static const char rows[] = "word\ta\talpha\nsign\tcontact\t21\t0\ta\n";
    struct lure_table *own;
    struct writer w;

    writer_init(&w, &arena);
    writer_text(&w, head);
    writer_text(
        &w,
        "はじめまして。一人で毎日寂しくて、お話し相手を探しています。よかったらLINEを追加"
        "してください。\n");
    struct lure lure = asked_about(table, writer_c(&w));
    tap_ok(lure.asked && lure.is_lure && lure.logit >= 0 && lure.passage.size > 0,
           "a stranger's loneliness (%.1f)", lure.logit);
    writer_init(&w, &arena);
    writer_text(&w, head);
    writer_text(
        &w,
        "お母さん、元気ですか。一人暮らしは少し寂しいけれど、大学にも慣れました。LINEを追"
        "加したので写真を送ります。\n来月の法事には帰ります。\n");
    lure = asked_about(table, writer_c(&w));
    tap_ok(lure.asked && !lure.is_lure && lure.logit < 0, "a daughter's (%.1f)",
           lure.logit);
    writer_init(&w, &arena);
    writer_text(&w, "Subject: x\n\nno.\n\nBob wrote:\n> alpha beta\n");
    lure = asked_about(table, writer_c(&w));
    tap_ok(bytes_find(lure.passage, BYTES("no."), 0) != BYTES_NOWHERE &&
               bytes_find(lure.passage, BYTES("alpha"), 0) == BYTES_NOWHERE,
           "what is quoted is not asked about");
    writer_init(&w, &arena);
    writer_text(&w, head);
    for (int i = 0; i < 1000; i++) {
        writer_text(&w, "寂");
    }
    lure = asked_about(table, writer_c(&w));
    tap_ok(lure.passage.size <= WORDING_MOST && lure.passage.size > WORDING_MOST - 3 &&
               (lure.passage.at[lure.passage.size - 3] & 0xc0) == 0xc0,
           "no more than %d bytes of a long text are, whole characters", WORDING_MOST);
    if (lure_open(&arena, bytes_from_text(rows), &own, NULL) == SK_OK) {
        struct lure at = asked_about(own, "Subject: x\n\nalpha\n");
        struct lure below = asked_about(own, "Subject: x\n\nbeta\n");
        tap_ok(at.is_lure && is(at.logit, 0) && at.passage.size == 0 && !below.is_lure &&
                   is(below.logit, -LURE_LINE),
               "a table of somebody's own is asked for its points alone");
        lure_close(own);
    }
}

static bool
refused(const char *text, size_t line, const char *what)
{
    struct lure_table *made;
    struct why why = {0};
    enum sk_code code = lure_open(&arena, bytes_from_text(text), &made, &why);

    return tap_ok(code == SK_CONFIG && why.line == line, "%s (line %zu)", what, why.line);
}

static void
test_table(void)
{
    refused("word\n", 1, "a word without a concept");
    refused("# x\nverb\ta\tb\n", 2, "another kind of row");
    refused("word\t@a\tb\n", 1, "concepts of the program's are not the table's");
    refused("word\ta\tb\nsign\tcontact\t8\t0\tc\n", 2, "a concept that was not told");
    refused("word\ta\tb\nsign\tnobody\t8\t0\ta\n", 2, "an unknown theme");
    refused("word\ta\tb\nsign\tcontact\t100\t0\ta\n", 2, "a weight past 99");
    refused("word\ta\tb\nsign\tcontact\t-5\t0\ta\n", 2,
            "below zero speaks for wanted mail only");
    refused("word\ta\tb\nsign\twanted\t5\t0\ta\n", 2, "which adds no points");
    refused("word\ta\tb\nsign\tcontact\t5\t10001\ta\n", 2, "a reach past 10,000");
    refused("word\ta\tb\nsign\tcontact\t5\t0\ta a a a a\n", 2, "five concepts together");
    refused("word\ta\tb\nsign\tcontact\t5\t0\t!a\n", 2,
            "nothing but what may not be there");
}

static double
points_of(const char *rows, const char *mail)
{
    struct lure_table *made;
    struct written it = {0};
    double points;

    if (lure_open(&arena, bytes_from_text(rows), &made, NULL) != SK_OK) {
        return -1;
    }
    written_read(&arena, bytes_from_text(mail), &it);
    points = lure_of(&arena, made, &it).points;
    lure_close(made);
    return points;
}

static void
test_signs(void)
{
    static const char near[] = "word\ta\talpha\nword\tb\tbeta\nsign\tcontact\t8\t20\ta b\n";
    static const char any[] = "word\ta\talpha\nword\tb\tbeta\nsign\tcontact\t8\t0\ta b\n";
    static const char no[] = "word\ta\talpha\nword\tb\tbeta\nsign\tcontact\t8\t0\ta "
                             "!b\nsign\twanted\t-5\t0\tb\n";
    static const char sum[] = "sign\tgift\t10\t0\t#sum\nsign\tgift\t20\t0\t#fortune\n";

    tap_ok(is(points_of(near, "Subject: x\n\nbeta and alpha\n"), 0.8),
           "together, in any order");
    tap_ok(is(points_of(near, "Subject: x\n\nbeta xxxxxxx xxxxxxxxx alpha\n"), 0),
           "beyond the reach");
    tap_ok(is(points_of(any, "Subject: beta\n\nxxxxxxxxxxxxxxxxxxxxxxx alpha\n"), 0.8),
           "anywhere, the subject included");
    tap_ok(is(points_of(near, "Subject: x\n\nalpha beta alpha beta\n"), 0.8),
           "a sign counts once");
    tap_ok(is(points_of(no, "Subject: x\n\nalpha\n"), 0.8) &&
               is(points_of(no, "Subject: x\n\nalpha beta\n"), -0.5),
           "what may not be there, and what speaks for the mail");
    tap_ok(is(points_of(near, "Subject: x\n\nBob wrote:\n> alpha beta\n\nno.\n"), 0),
           "what is quoted counts nothing");
    tap_ok(is(points_of(sum, "Subject: x\n\n400円\n"), 0) &&
               is(points_of(sum, "Subject: x\n\n5,000円\n"), 1) &&
               is(points_of(sum, "Subject: x\n\n三千万円\n"), 3) &&
               is(points_of(sum, "Subject: x\n\n1億2千万円\n"), 3) &&
               is(points_of(sum, "Subject: x\n\n６,０００万円\n"), 3) &&
               is(points_of(sum, "Subject: x\n\n199万円\n"), 1) &&
               is(points_of(sum, "Subject: x\n\n200万円\n"), 3) &&
               is(points_of(sum, "Subject: x\n\n$2.5 million\n"), 3) &&
               is(points_of(sum, "Subject: x\n\n$500\n"), 1) &&
               is(points_of(sum, "Subject: x\n\n円い月\n"), 0),
           "amounts of money");
}

static void
test_header(void)
{
    static const char rows[] =
        "sign\tmove\t1\t0\t@reply_elsewhere\nsign\tmove\t2\t0\t@given_name\n"
        "sign\tmove\t4\t0\t@app_id\nsign\tmove\t8\t0\t@address\n"
        "sign\tmove\t16\t0\t@names_itself\n";

    tap_ok(
        is(points_of(
               rows,
               "From: a b <a@b.example.com>\nReply-To: c@b.example.com\nSubject: x\n\nx\n"),
           0) &&
            is(points_of(
                   rows,
                   "From: a b <a@b.example.com>\nReply-To: c@d.example\nSubject: x\n\nx\n"),
               0.1),
        "Reply-To in another domain");
    tap_ok(is(points_of(rows, "From: Linda <a@b.example.com>\nSubject: x\n\nx\n"), 0.2),
           "a given name");
    tap_ok(
        is(points_of(rows, "From: a b <a@b.example.com>\nSubject: x\n\nLINE ID: mei_88\n"),
           0.4) &&
            is(points_of(rows, "From: a b <a@b.example.com>\nSubject: x\n\n@mei_88\n"),
               0.4) &&
            is(points_of(rows,
                         "From: a b <a@b.example.com>\nSubject: x\n\na candid idea\n"),
               0),
        "an id as at messengers");
    tap_ok(
        is(points_of(rows, "From: a b <a@b.example.com>\nSubject: x\n\nm@c.example.com\n"),
           0.8) &&
            is(points_of(rows,
                         "From: a b <a@b.example.com>\nSubject: x\n\na@b.example.com\n"),
               0),
        "another address in the text");
    tap_ok(
        is(points_of(rows,
                     "From: Holmes Peter <a@b.example.com>\nSubject: x\n\nbye, holmes\n"),
           1.6),
        "the family name in the text");
}

static void
test_stages(void)
{
    struct written it = {0};

    written_read(&arena,
                 bytes_from_text("From: a <a@b.example>\nSubject: x\n\n"
                                 "LINEを追加してね。送金して、必ず返します。\n"),
                 &it);
    struct lure lure = lure_of(&arena, table, &it);
    tap_ok(lure.is_lure && (lure.stages & 1u << LURE_STAGE_MONEY) != 0 &&
               (lure.stages & 1u << LURE_STAGE_MOVE) != 0 && lure.part_count > 1 &&
               lure.parts[0].points >= lure.parts[1].points && lure.parts[0].words.size > 0,
           "stages, and themes by their points with the words that they rest on");
}

int
main(void)
{
    struct why why;

    arena_init(&arena, 1 << 28);
    if (!tap_ok(lure_open(&arena, lure_built_in(), &table, &why) == SK_OK,
                "the table that is built in")) {
        printf("# %s (line %zu)\n", why.sentence, why.line);
        return tap_done();
    }
    test_table();
    test_signs();
    test_header();
    test_stages();
    test_wording();
    test_written();
    lure_close(table);
    arena_release(&arena);
    return tap_done();
}
