/* What it costs to read HTML. Built and started by tests/bench/html.
 *
 *     html-bench PATH ...
 *
 * Takes every text/html part of the mail, in UTF-8, into memory; then times html_read alone over all of them, and over the
 * links in all plain text parts links_in_text. The best counts of all rounds that fit into four seconds of CPU time, of at least
 * five: one round is short, and whatever else the machine does, in the same core too, can only make it longer. */
#ifdef BESIDE_GUMBO
#include <gumbo.h>
#endif
#ifdef BESIDE_LIBXML2
#include <libxml/HTMLparser.h>
#endif

#include <stdio.h>
#include <time.h>

#include "base/limits.h"
#include "parse/html.h"
#include "parse/links.h"
#include "sekisho/corpus.h"

#define ROUNDS_LEAST 5
#define ROUNDS_MOST  1000
#define SECONDS      4.0

struct pile {
    struct bytes *pieces;
    size_t count, room, size;
};

static struct arena keep, scratch;

static double
cpu_seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
pile_add(struct pile *pile, struct bytes piece)
{
    if (pile->count == pile->room) {
        size_t room = pile->room == 0 ? 1024 : pile->room * 2;
        pile->pieces =
            arena_grow(&keep, pile->pieces, pile->room * sizeof piece, room * sizeof piece);
        pile->room = room;
    }
    pile->pieces[pile->count++] = bytes_copy(&keep, piece);
    pile->size += piece.size;
}

static void
read_html(struct bytes piece)
{
    struct html_result r;

    html_read(&scratch, piece, &r);
}

static void
read_links(struct bytes piece)
{
    struct link *links;

    links_in_text(&scratch, bytes_slice(piece, 0, LIMIT_TEXT_BYTES), &links);
}

#ifdef BESIDE_GUMBO
static const char beside[] = "Gumbo's tree";

static void
read_beside(struct bytes piece)
{
    GumboOutput *tree =
        gumbo_parse_with_options(&kGumboDefaultOptions, (const char *)piece.at, piece.size);

    gumbo_destroy_output(&kGumboDefaultOptions, tree);
}
#endif
#ifdef BESIDE_LIBXML2
static const char beside[] = "libxml2's tree";

static void
read_beside(struct bytes piece)
{
    htmlDocPtr tree =
        htmlReadMemory((const char *)piece.at, (int)piece.size, NULL, "utf-8",
                       HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING | HTML_PARSE_NONET);

    xmlFreeDoc(tree);
}
#endif

static void
measure(const char *what, const struct pile *pile, void (*read)(struct bytes))
{
    double best = 0, all = 0;

    for (int round = 0; round < ROUNDS_LEAST || (round < ROUNDS_MOST && all < SECONDS);
         round++) {
        double start = cpu_seconds();
        for (size_t i = 0; i < pile->count; i++) {
            read(pile->pieces[i]);
            arena_release(&scratch);
        }
        double took = cpu_seconds() - start;
        all += took;
        best = round == 0 || took < best ? took : best;
    }
    printf("%-16s %6zu parts, %6.1f MB, %7.1f MB/s, %7.1f us a part\n", what, pile->count,
           (double)pile->size / 1e6, (double)pile->size / 1e6 / best,
           best * 1e6 / (double)(pile->count == 0 ? 1 : pile->count));
}

int
main(int count, char **paths)
{
    struct pile html = {0}, text = {0};
    struct arena message;
    struct why why = {0};

    arena_init(&keep, 4ul << 30);
    arena_init(&scratch, LIMIT_ARENA_MESSAGE);
    arena_init(&message, 2ul * LIMIT_ARENA_MESSAGE);
    struct corpus *corpus = corpus_new(&keep);
    for (int i = 1; i < count; i++) {
        if (corpus_add(corpus, paths[i], 0, &why) != SK_OK) {
            fprintf(stderr, "html-bench: %s\n", why.sentence);
            return 1;
        }
    }
    for (size_t i = 0; i < corpus_count(corpus); i++) {
        struct bytes raw;
        int label;
        const char *path;
        if (corpus_load(&message, corpus, i, &raw, &label, &path, &why) == SK_OK) {
            const struct letter *letter = letter_read(&message, raw);
            for (const struct part *p = letter->root; p != NULL; p = part_next(p)) {
                if (bytes_is(p->type, "text") && p->text.size > 0) {
                    pile_add(bytes_is(p->subtype, "html") ? &html : &text, p->text);
                }
            }
        }
        arena_release(&message);
    }
    measure("HTML", &html, read_html);
    measure("links in text", &text, read_links);
#if defined(BESIDE_GUMBO) || defined(BESIDE_LIBXML2)
    measure(beside, &html, read_beside);
#endif
    arena_release(&scratch);
    arena_release(&keep);
    return 0;
}
