/* What judge/threat says of texts: one a line on stdin, \n for a line end. A line each on stdout: kind (0 none), score, then the
 * features, parted by tabs. For tools/train-threat and tests/bench/threats. */
#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "judge/normal.h"
#include "judge/threat.h"

static size_t
unescape(char *line, size_t size)
{
    size_t to = 0;

    for (size_t i = 0; i < size; i++) {
        bool end = line[i] == '\\' && i + 1 < size && line[i + 1] == 'n';
        line[to++] = end ? '\n' : line[i];
        i += end;
    }
    return to;
}

int
main(void)
{
    struct arena process;
    char *line = NULL;
    size_t room = 0;
    ssize_t size;

    arena_init(&process, (size_t)1 << 26);
    const struct threat_cues *cues = threat_cues_new(&process);
    while ((size = getline(&line, &room, stdin)) > 0) {
        struct arena arena;
        struct threat threat;
        size_t count;
        arena_init(&arena, (size_t)1 << 27);
        struct bytes normal = normal_form(
            &arena, bytes_of(line, unescape(line, (size_t)size - 1)), LIMIT_NORMAL_BYTES);
        const struct region *regions = regions_read(&arena, normal, &count);
        threat_read(&arena, cues, normal, regions, count, &threat);
        printf("%d\t%.3f", (int)threat.kind, threat.score);
        for (int i = 0; i < THREAT_FEATURES; i++) {
            printf("\t%.4g", threat.features[i]);
        }
        putchar('\n');
        arena_release(&arena);
    }
    free(line);
    arena_release(&process);
    return 0;
}
