/* What it costs to read a message. Built and started by tests/bench/reading.
 *
 *     reading-bench PATH ...
 *
 * Takes all mail at PATH into memory; then times, over all of it: the header with its addresses, date and subject
 * (letter_read_header); the header blocks and the tree of parts with their transfer encodings undone (mime_read); and
 * the whole reading with charsets, HTML and links (letter_read). The best of five rounds counts. */
#ifdef BESIDE_GMIME
#include <gmime/gmime.h>
#endif

#include <stdio.h>
#include <time.h>

#include "base/limits.h"
#include "parse/mime.h"
#include "sekisho/corpus.h"

#define ROUNDS 5

struct pile {
    struct bytes *messages;
    const char **names;
    size_t count, size;
};

static struct arena keep, scratch;

static double
cpu_seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
read_header(struct bytes raw)
{
    letter_read_header(&scratch, raw);
}

static void
read_mime(struct bytes raw)
{
    struct letter *letter = ARENA_NEW(&scratch, struct letter);
    struct mime_outside outside;
    struct defects defects;

    letter->raw = raw;
    defects_init(&defects, &scratch, raw);
    mime_read(&scratch, letter, &outside, &defects);
}

static void
read_all(struct bytes raw)
{
    letter_read(&scratch, raw);
}

#ifdef BESIDE_GMIME
static void
part_beside(GMimeObject *parent, GMimeObject *part, void *nothing)
{
    (void)parent;
    (void)nothing;
    GMimeDataWrapper *content =
        GMIME_IS_PART(part) ? g_mime_part_get_content(GMIME_PART(part)) : NULL;

    if (content != NULL) {
        GMimeStream *to = g_mime_stream_mem_new();
        g_mime_data_wrapper_write_to_stream(content, to);
        g_object_unref(to);
    }
}

static void
read_beside(struct bytes raw)
{
    GMimeStream *stream = g_mime_stream_mem_new_with_buffer((const char *)raw.at, raw.size);
    GMimeParser *parser = g_mime_parser_new_with_stream(stream);
    GMimeMessage *message = g_mime_parser_construct_message(parser, NULL);

    if (message != NULL) {
        g_mime_message_foreach(message, part_beside, NULL);
        g_object_unref(message);
    }
    g_object_unref(parser);
    g_object_unref(stream);
}
#endif

static void
measure(const char *what, const struct pile *pile, void (*read)(struct bytes))
{
    double best = 0;

    for (int round = 0; round < ROUNDS; round++) {
        double start = cpu_seconds();
        for (size_t i = 0; i < pile->count; i++) {
            read(pile->messages[i]);
            arena_release(&scratch);
        }
        double took = cpu_seconds() - start;
        best = round == 0 || took < best ? took : best;
    }
    printf("%-24s %7.1f us a message, %7.1f MB/s\n", what,
           best * 1e6 / (double)(pile->count == 0 ? 1 : pile->count),
           (double)pile->size / 1e6 / best);
}

/* The message that takes longest, each at its best of ROUNDS. */
static void
slowest(const struct pile *pile)
{
    double most = 0;
    size_t which = 0;

    for (size_t i = 0; i < pile->count; i++) {
        double best = 0;
        for (int round = 0; round < ROUNDS && (round == 0 || best > most); round++) {
            double start = cpu_seconds();
            read_all(pile->messages[i]);
            double took = cpu_seconds() - start;
            arena_release(&scratch);
            best = round == 0 || took < best ? took : best;
        }
        if (best > most) {
            most = best;
            which = i;
        }
    }
    printf("slowest message          %7.1f ms, of %.1f KB (%s)\n", most * 1e3,
           pile->count == 0 ? 0 : (double)pile->messages[which].size / 1e3,
           pile->count == 0 ? "none" : pile->names[which]);
}

int
main(int count, char **paths)
{
    struct pile pile = {0};
    struct why why = {0};

    arena_init(&keep, 8ul << 30);
    arena_init(&scratch, LIMIT_ARENA_MESSAGE);
    struct corpus *corpus = corpus_new(&keep);
    for (int i = 1; i < count; i++) {
        if (corpus_add(corpus, paths[i], 0, &why) != SK_OK) {
            fprintf(stderr, "reading-bench: %s\n", why.sentence);
            return 1;
        }
    }
    pile.messages = ARENA_NEW_MANY(&keep, corpus_count(corpus) + 1, struct bytes);
    pile.names = ARENA_NEW_MANY(&keep, corpus_count(corpus) + 1, const char *);
    for (size_t i = 0; i < corpus_count(corpus); i++) {
        struct bytes raw;
        int label;
        const char *path;
        if (corpus_load(&keep, corpus, i, &raw, &label, &path, &why) == SK_OK) {
            pile.names[pile.count] = path;
            pile.messages[pile.count++] = raw;
            pile.size += raw.size;
        }
    }
    printf("%zu messages, %.1f MB\n", pile.count, (double)pile.size / 1e6);
    measure("header", &pile, read_header);
    measure("MIME and decoding", &pile, read_mime);
    measure("all of it", &pile, read_all);
    slowest(&pile);
#ifdef BESIDE_GMIME
    g_mime_init();
    measure("GMime: MIME, decoding", &pile, read_beside);
    g_mime_shutdown();
#endif
    arena_release(&scratch);
    arena_release(&keep);
    return 0;
}
