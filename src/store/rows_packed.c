#define SK_BASE
#include "store/rows_packed.h"

#include <zstd.h>

#include "base/hash.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC      "sekrows1"
#define HEAD_SIZE  64
#define HASH_AT    32
#define LEVEL      3
#define CACHE      64
#define BLOCKS_MAX (1u << 24) /* 512 GiB of a day: beyond, it is no file of ours */

static void
put_number(uint8_t *at, uint64_t number, unsigned size)
{
    for (unsigned i = 0; i < size; i++) {
        at[i] = (uint8_t)(number >> (8 * i));
    }
}

static uint64_t
get_number(const uint8_t *at, unsigned size)
{
    uint64_t number = 0;

    for (unsigned i = size; i-- > 0;) {
        number = number << 8 | at[i];
    }
    return number;
}

static uint32_t
get_big(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static bool
read_at(int file, void *to, size_t size, uint64_t at)
{
    uint8_t *bytes = to;

    for (ssize_t got; size > 0; size -= (size_t)got, at += (uint64_t)got) {
        got = pread(file, bytes, size, (off_t)at);
        if (got < 0 && errno == EINTR) {
            got = 0;
        } else if (got <= 0) {
            return false;
        }
        bytes += got;
    }
    return true;
}

static bool
write_at(int file, const void *from, size_t size, uint64_t at)
{
    const uint8_t *bytes = from;

    for (ssize_t put; size > 0; size -= (size_t)put, at += (uint64_t)put) {
        put = pwrite(file, bytes, size, (off_t)at);
        if (put < 0 && errno == EINTR) {
            put = 0;
        } else if (put <= 0) {
            return false;
        }
        bytes += put;
    }
    return true;
}

/* An opened packed file. */
struct pack {
    int file;
    uint64_t size;
    uint32_t count;
    uint64_t *list;
    uint8_t *packed; /* room for one block */
    size_t packed_room;
    struct {
        uint32_t number; /* + 1; 0: nothing here */
        uint8_t *block;
    } cache[CACHE];
};

static void
pack_close(struct pack *p)
{
    if (p->file >= 0) {
        close(p->file);
    }
    for (size_t i = 0; i < CACHE; i++) {
        free(p->cache[i].block);
    }
    free(p->list);
    free(p->packed);
    *p = (struct pack){.file = -1};
}

/* The list is in order, and each block no larger than zstd could make it. */
static bool
list_sound(const struct pack *p, uint64_t list_at)
{
    bool sound = p->list[0] == HEAD_SIZE && p->list[p->count] == list_at;

    for (uint32_t i = 0; i < p->count && sound; i++) {
        sound = p->list[i + 1] > p->list[i] &&
                p->list[i + 1] - p->list[i] <= ZSTD_COMPRESSBOUND(PACKED_BLOCK);
    }
    return sound;
}

static bool
pack_open(struct pack *p, const char *path)
{
    uint8_t head[HEAD_SIZE], digest[HASH_SHA256_SIZE];
    struct stat status;

    *p = (struct pack){.file = open(path, O_RDONLY | O_CLOEXEC)};
    if (p->file < 0 || fstat(p->file, &status) != 0 ||
        !read_at(p->file, head, sizeof(head), 0) || memcmp(head, MAGIC, 8) != 0) {
        return false;
    }
    uint64_t list_at = get_number(head + 24, 8), end = (uint64_t)status.st_size;
    p->size = get_number(head + 8, 8);
    p->count = (uint32_t)get_number(head + 20, 4);
    size_t list_size = ((size_t)p->count + 1) * 8;
    if (get_number(head + 16, 4) != PACKED_BLOCK || p->count > BLOCKS_MAX ||
        p->count != (p->size + PACKED_BLOCK - 1) / PACKED_BLOCK || list_at > end ||
        end - list_at != list_size) {
        return false;
    }
    p->list = malloc(list_size);
    p->packed_room = ZSTD_COMPRESSBOUND(PACKED_BLOCK);
    p->packed = malloc(p->packed_room);
    if (p->list == NULL || p->packed == NULL ||
        !read_at(p->file, p->list, list_size, list_at)) {
        return false;
    }
    const struct bytes pieces[] = {bytes_of(head, HASH_AT), bytes_of(p->list, list_size)};
    hash_sha256_many(pieces, 2, digest);
    for (uint32_t i = 0; i <= p->count; i++) {
        p->list[i] = get_number((const uint8_t *)&p->list[i], 8);
    }
    return memcmp(digest, head + HASH_AT, sizeof(digest)) == 0 && list_sound(p, list_at);
}

/* NULL: it cannot be read. Good until the next call. */
static const uint8_t *
pack_block(struct pack *p, uint32_t number)
{
    size_t slot = number % CACHE;
    size_t wanted = number + 1 < p->count
                        ? PACKED_BLOCK
                        : (size_t)(p->size - (uint64_t)number * PACKED_BLOCK);

    if (p->cache[slot].number == number + 1) {
        return p->cache[slot].block;
    }
    size_t size = (size_t)(p->list[number + 1] - p->list[number]);
    if (p->cache[slot].block == NULL) {
        p->cache[slot].block = malloc(PACKED_BLOCK);
    }
    p->cache[slot].number = 0;
    if (p->cache[slot].block == NULL ||
        !read_at(p->file, p->packed, size, p->list[number]) ||
        ZSTD_decompress(p->cache[slot].block, PACKED_BLOCK, p->packed, size) != wanted) {
        return NULL;
    }
    p->cache[slot].number = number + 1;
    return p->cache[slot].block;
}

/* SQLite's side. */
struct packed_file {
    sqlite3_file base;
    struct pack pack;
};

static int
file_close(sqlite3_file *file)
{
    pack_close(&((struct packed_file *)file)->pack);
    return SQLITE_OK;
}

static int
file_read(sqlite3_file *file, void *to, int wanted, sqlite3_int64 from)
{
    struct pack *p = &((struct packed_file *)file)->pack;
    uint8_t *bytes = to;
    uint64_t at = (uint64_t)from, size = (uint64_t)wanted;

    while (size > 0 && at < p->size) {
        const uint8_t *block = pack_block(p, (uint32_t)(at / PACKED_BLOCK));
        uint64_t within = at % PACKED_BLOCK, part = PACKED_BLOCK - within;
        if (block == NULL) {
            /* Not SQLITE_IOERR: whoever reads it is to know that it will not be better the next time. */
            return SQLITE_CORRUPT;
        }
        part = part < size ? part : size;
        part = part < p->size - at ? part : p->size - at;
        memcpy(bytes, block + within, part);
        bytes += part;
        at += part;
        size -= part;
    }
    if (size > 0) {
        memset(bytes, 0, size);
        return SQLITE_IOERR_SHORT_READ;
    }
    return SQLITE_OK;
}

static int
file_write(sqlite3_file *file, const void *from, int size, sqlite3_int64 at)
{
    return SQLITE_READONLY;
}

static int
file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    return SQLITE_READONLY;
}

static int
file_sync(sqlite3_file *file, int flags)
{
    return SQLITE_OK;
}

static int
file_size(sqlite3_file *file, sqlite3_int64 *size_r)
{
    *size_r = (sqlite3_int64)((struct packed_file *)file)->pack.size;
    return SQLITE_OK;
}

static int
file_lock(sqlite3_file *file, int level)
{
    return SQLITE_OK;
}

static int
file_reserved(sqlite3_file *file, int *is_r)
{
    *is_r = 0;
    return SQLITE_OK;
}

static int
file_control(sqlite3_file *file, int what, void *argument)
{
    return SQLITE_NOTFOUND;
}

static int
file_sector(sqlite3_file *file)
{
    return 4096;
}

static int
file_character(sqlite3_file *file)
{
    return SQLITE_IOCAP_IMMUTABLE;
}

static const sqlite3_io_methods methods = {
    .iVersion = 1,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_lock,
    .xCheckReservedLock = file_reserved,
    .xFileControl = file_control,
    .xSectorSize = file_sector,
    .xDeviceCharacteristics = file_character,
};

static sqlite3_vfs packed_vfs;

static sqlite3_vfs *
base_vfs(void)
{
    return packed_vfs.pAppData;
}

static int
vfs_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags, int *flags_r)
{
    struct packed_file *opened = (struct packed_file *)file;

    if ((flags & SQLITE_OPEN_MAIN_DB) == 0) {
        return base_vfs()->xOpen(base_vfs(), path, file, flags, flags_r);
    }
    *opened = (struct packed_file){.pack.file = -1};
    if (!pack_open(&opened->pack, path)) {
        bool there = opened->pack.file >= 0;
        pack_close(&opened->pack);
        return there ? SQLITE_NOTADB : SQLITE_CANTOPEN;
    }
    opened->base.pMethods = &methods;
    if (flags_r != NULL) {
        *flags_r = SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_READONLY;
    }
    return SQLITE_OK;
}

static int
vfs_delete(sqlite3_vfs *vfs, const char *path, int sync)
{
    return SQLITE_READONLY;
}

/* There is no log and no journal beside it. */
static int
vfs_access(sqlite3_vfs *vfs, const char *path, int flags, int *is_r)
{
    *is_r = 0;
    return SQLITE_OK;
}

void
packed_register(void)
{
    sqlite3_vfs *base = sqlite3_vfs_find(NULL);

    if (packed_vfs.zName != NULL || base == NULL) {
        return;
    }
    packed_vfs = *base; /* what it does not do itself (time, random bytes, full names) */
    packed_vfs.pNext = NULL;
    packed_vfs.zName = PACKED_VFS;
    packed_vfs.pAppData = base;
    if (packed_vfs.szOsFile < (int)sizeof(struct packed_file)) {
        packed_vfs.szOsFile = (int)sizeof(struct packed_file);
    }
    packed_vfs.xOpen = vfs_open;
    packed_vfs.xDelete = vfs_delete;
    packed_vfs.xAccess = vfs_access;
    sqlite3_vfs_register(&packed_vfs, 0);
}

int
packed_open(const char *path, sqlite3 **database_r)
{
    packed_register();
    return sqlite3_open_v2(path, database_r, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX,
                           PACKED_VFS);
}

/* The chain of trunk pages, each with a list of leaves; bounded by the number of pages, whatever the file says. */
static bool
read_free_pages(struct packed_job *job)
{
    uint8_t head[100], *page = malloc(job->page_size);
    uint32_t seen = 0;

    bool good = page != NULL && read_at(job->from, head, sizeof(head), 0);
    for (uint32_t trunk = good ? get_big(head + 32) : 0; trunk != 0 && good;) {
        good = trunk <= job->page_count && seen++ <= job->page_count &&
               read_at(job->from, page, job->page_size,
                       (uint64_t)(trunk - 1) * job->page_size);
        uint32_t leaves = good ? get_big(page + 4) : 0;
        good = good && leaves <= job->page_size / 4 - 2;
        for (uint32_t i = 0; i < leaves && good; i++) {
            uint32_t leaf = get_big(page + 8 + 4 * (size_t)i);
            good = leaf >= 1 && leaf <= job->page_count;
            if (good) {
                job->free_pages[(leaf - 1) / 8] |= (uint8_t)(1u << ((leaf - 1) % 8));
            }
        }
        trunk = good ? get_big(page) : 0;
    }
    free(page);
    return good;
}

enum sk_code
packed_begin(struct packed_job *job, const char *from, const char *to, struct why *why)
{
    uint8_t head[100];
    struct stat status;

    *job = (struct packed_job){.from = open(from, O_RDONLY | O_CLOEXEC), .to = -1};
    if (job->from < 0 || fstat(job->from, &status) != 0 ||
        !read_at(job->from, head, sizeof(head), 0)) {
        return why_set(why, SK_SYSTEM, "cannot read %s", from);
    }
    job->size = (uint64_t)status.st_size;
    job->page_size = (uint32_t)head[16] << 8 | head[17];
    job->page_size = job->page_size == 1 ? 65536 : job->page_size;
    uint64_t count = (job->size + PACKED_BLOCK - 1) / PACKED_BLOCK;
    if (memcmp(head, "SQLite format 3", 16) != 0 || job->page_size < 512 ||
        PACKED_BLOCK % job->page_size != 0 || job->size % job->page_size != 0 ||
        count > BLOCKS_MAX) {
        return why_set(why, SK_BAD, "%s is no whole file of rows", from);
    }
    job->page_count = (uint32_t)(job->size / job->page_size);
    job->count = (uint32_t)count;
    job->list = calloc((size_t)job->count + 1, 8);
    job->free_pages = calloc(job->page_count / 8 + 1, 1);
    SK_ASSERT(job->list != NULL && job->free_pages != NULL);
    if (!read_free_pages(job)) {
        return why_set(why, SK_BAD, "the list of free pages in %s is damaged", from);
    }
    job->to = open(to, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    job->at = HEAD_SIZE;
    return job->to >= 0 ? SK_OK : why_set(why, SK_SYSTEM, "cannot write %s", to);
}

static bool
pack_next(struct packed_job *job, uint8_t *block, uint8_t *packed, size_t room)
{
    uint64_t from = (uint64_t)job->next * PACKED_BLOCK;
    size_t size =
        job->size - from < PACKED_BLOCK ? (size_t)(job->size - from) : PACKED_BLOCK;

    if (!read_at(job->from, block, size, from)) {
        return false;
    }
    if (job->next == 0) {
        block[18] = block[19] = 1; /* no write-ahead log will ever stand beside it */
    }
    for (size_t at = 0; at < size; at += job->page_size) {
        uint64_t page = (from + at) / job->page_size;
        if ((job->free_pages[page / 8] >> (page % 8) & 1) != 0) {
            memset(block + at, 0, job->page_size);
        }
    }
    ZSTD_CCtx *context = ZSTD_createCCtx();
    SK_ASSERT(context != NULL);
    (void)ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, LEVEL);
    (void)ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
    size_t got = ZSTD_compress2(context, packed, room, block, size);
    ZSTD_freeCCtx(context);
    if (ZSTD_isError(got) || !write_at(job->to, packed, got, job->at)) {
        return false;
    }
    put_number((uint8_t *)&job->list[job->next], job->at, 8);
    job->at += got;
    job->next++;
    return true;
}

static bool
pack_finish(struct packed_job *job)
{
    uint8_t head[HEAD_SIZE] = MAGIC;
    size_t list_size = ((size_t)job->count + 1) * 8;

    put_number((uint8_t *)&job->list[job->count], job->at, 8);
    put_number(head + 8, job->size, 8);
    put_number(head + 16, PACKED_BLOCK, 4);
    put_number(head + 20, job->count, 4);
    put_number(head + 24, job->at, 8);
    const struct bytes pieces[] = {bytes_of(head, HASH_AT), bytes_of(job->list, list_size)};
    hash_sha256_many(pieces, 2, head + HASH_AT);
    return write_at(job->to, job->list, list_size, job->at) &&
           write_at(job->to, head, sizeof(head), 0) && fdatasync(job->to) == 0;
}

enum sk_code
packed_step(struct packed_job *job, size_t blocks, struct why *why)
{
    size_t room = ZSTD_COMPRESSBOUND(PACKED_BLOCK);
    uint8_t *block = malloc(PACKED_BLOCK), *packed = malloc(room);
    bool good = block != NULL && packed != NULL;

    for (size_t i = 0; i < blocks && job->next < job->count && good; i++) {
        good = pack_next(job, block, packed, room);
    }
    free(block);
    free(packed);
    if (good && job->next < job->count) {
        return SK_MORE;
    }
    good = good && pack_finish(job);
    return good ? SK_OK : why_set(why, SK_SYSTEM, "cannot pack a day of rows");
}

void
packed_end(struct packed_job *job)
{
    if (job->from >= 0) {
        close(job->from);
    }
    if (job->to >= 0) {
        close(job->to);
    }
    free(job->list);
    free(job->free_pages);
    *job = (struct packed_job){.from = -1, .to = -1};
}

enum sk_code
packed_unpack(const char *from, const char *to, struct why *why)
{
    struct pack p;
    bool good = pack_open(&p, from);
    int file = good ? open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;
    enum sk_code code = SK_OK;

    if (!good) {
        code = why_set(why, SK_BAD, "%s is no closed day of rows", from);
    } else if (file < 0) {
        code = why_set(why, SK_SYSTEM, "cannot write %s", to);
    }
    for (uint32_t i = 0; i < p.count && code == SK_OK; i++) {
        const uint8_t *block = pack_block(&p, i);
        uint64_t at = (uint64_t)i * PACKED_BLOCK;
        size_t size = p.size - at < PACKED_BLOCK ? (size_t)(p.size - at) : PACKED_BLOCK;
        if (block == NULL) {
            code = why_set(why, SK_BAD, "%s is damaged", from);
        } else if (!write_at(file, block, size, at)) {
            code = why_set(why, SK_SYSTEM, "cannot write %s", to);
        }
    }
    if (code == SK_OK && fdatasync(file) != 0) {
        code = why_set(why, SK_SYSTEM, "cannot sync %s", to);
    }
    if (file >= 0) {
        close(file);
    }
    pack_close(&p);
    return code;
}
