/* Replays a fuzz target over the files of a folder: the corpus and every input that once failed are part of the normal
 * test run. Without a folder, or with an empty one, that is an error: a test that tests nothing must not pass. */
#define SK_BASE
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
replay(const char *path)
{
    FILE *file = fopen(path, "rb");
    size_t size = 0, room = 1u << 16;
    uint8_t *data = malloc(room);

    if (file == NULL || data == NULL) {
        perror(path);
        exit(2);
    }
    for (size_t got; (got = fread(data + size, 1, room - size, file)) > 0;) {
        size += got;
        if (size == room && (data = realloc(data, room *= 2)) == NULL) {
            exit(2);
        }
    }
    fclose(file);
    uint8_t *exact =
        malloc(size > 0 ? size : 1); /* so that one byte past the end is seen */
    memcpy(exact, data, size);
    free(data);
    LLVMFuzzerTestOneInput(exact, size);
    free(exact);
    return 1;
}

int
main(int count, char **arguments)
{
    int replayed = 0;
    char path[4096];

    for (int i = 1; i < count; i++) {
        DIR *folder = opendir(arguments[i]);
        if (folder == NULL) {
            replayed += replay(arguments[i]);
            continue;
        }
        for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
            if (entry->d_name[0] != '.') {
                snprintf(path, sizeof path, "%s/%s", arguments[i], entry->d_name);
                replayed += replay(path);
            }
        }
        closedir(folder);
    }
    LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
    printf("%d inputs replayed\n", replayed);
    return replayed > 0 ? 0 : 1;
}
