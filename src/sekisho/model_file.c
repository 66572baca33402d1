#define SK_BASE
#include "sekisho/model_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "judge/judge.h"

/* Never more than a model can have, whatever the file grows to meanwhile. */
static bool
copy_file(int from, int to)
{
    static uint8_t piece[65536];
    size_t size = 0;
    ssize_t n = 1;

    while (size <= MODEL_FILE_MAX && (n = read(from, piece, sizeof piece)) > 0) {
        if (write(to, piece, (size_t)n) != n) {
            return false;
        }
        size += (size_t)n;
    }
    return n == 0;
}

static enum sk_code
check(int file, struct why *why)
{
    struct bytes bytes;
    struct model *model;
    enum sk_code code = model_file_map(file, &bytes, why);

    if (code == SK_OK) {
        code = model_open_bytes(bytes, &model, why);
        model_file_unmap(bytes);
    }
    if (code == SK_OK) {
        model_close(model);
    }
    return code;
}

enum sk_code
model_file_open(const struct config *config, int *file_r, struct why *why)
{
    struct bytes path = config_text(config, "judge.model");
    size_t line = config_line(config, "judge.model");
    struct arena arena;
    struct why cause;

    *file_r = -1;
    if (path.size == 0) {
        return SK_OK;
    }
    arena_init(&arena, 1u << 16);
    int from = open(bytes_text(&arena, path), O_RDONLY | O_CLOEXEC);
    arena_release(&arena);
    if (from < 0) {
        return why_set_line(why, SK_SYSTEM, line,
                            "line %zu: judge.model: %.*s cannot be opened", line,
                            BYTES_ARGUMENTS(bytes_slice(path, 0, 200)));
    }
    int file = memfd_create("model", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    bool good = file >= 0 && copy_file(from, file) &&
                fcntl(file, F_ADD_SEALS,
                      F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) == 0;
    close(from);
    enum sk_code code =
        good ? check(file, &cause)
             : why_set(&cause, SK_SYSTEM, "it cannot be read, or is larger than a model");
    if (code != SK_OK) {
        if (file >= 0) {
            close(file);
        }
        return why_set_line(why, code, line, "line %zu: judge.model: %.*s: %s", line,
                            BYTES_ARGUMENTS(bytes_slice(path, 0, 200)), cause.sentence);
    }
    *file_r = file;
    return SK_OK;
}

enum sk_code
model_file_map(int file, struct bytes *bytes_r, struct why *why)
{
    struct stat status;

    if (file < 0) {
        *bytes_r = judge_built_in_model();
        return SK_OK;
    }
    void *at = fstat(file, &status) == 0 && status.st_size > 0
                   ? mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, file, 0)
                   : MAP_FAILED;
    if (at == MAP_FAILED) {
        return why_set(why, SK_SYSTEM, "it is empty, or no memory is left");
    }
    *bytes_r = bytes_of(at, (size_t)status.st_size);
    return SK_OK;
}

void
model_file_unmap(struct bytes bytes)
{
    if (bytes.size > 0 && bytes.at != judge_built_in_model().at) {
        munmap((void *)(uintptr_t)bytes.at, bytes.size);
    }
}
