#include "judge/lure.h"

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
    size_t count[2] = {0}, caught[2] = {0};
    const char *wish = getenv("WRITTEN_SHOW");
    struct written it;
    struct arena scratch;

    arena_init(&scratch, 1 << 24);
    while (written_next(&scratch, &file, &it)) {
        size_t class = bytes_is(it.column[0], "lure") ? 0 : 1;
        struct lure lure = lure_of(&scratch, table, &it);
        count[class]++;
        caught[class] += lure.is_lure;
        if (wish != NULL && (wish[0] == 'a' || lure.is_lure != (class == 0))) {
            show(&it, &lure);
        }
        arena_release(&scratch);
    }
    tap_ok(count[0] >= 200 && caught[0] * 10 >= count[0] * 9, "%zu of %zu lures are caught",
           caught[0], count[0]);
    tap_ok(count[1] >= 300 && caught[1] * 50 <= count[1],
           "%zu of %zu wanted look-alikes are flagged", caught[1], count[1]);
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

static bool
is(double got, double want)
{
    return got > want - 0.01 && got < want + 0.01;
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
    test_written();
    lure_close(table);
    arena_release(&arena);
    return tap_done();
}
