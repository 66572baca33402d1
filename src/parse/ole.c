#include "parse/ole.h"

#include "base/limits.h"

#define HEADER     512
#define ENTRY      128
#define SECTOR_MAX 0xfffffffau /* REGSECT and below are sectors */
#define IN_HEADER  109         /* FAT sectors that the header names */

static uint32_t
little(const uint8_t *at, unsigned size)
{
    uint32_t value = 0;

    for (unsigned i = 0; i < size; i++) {
        value |= (uint32_t)at[i] << (8 * i);
    }
    return value;
}

/* Where a sector lies; NULL: not in the file. */
static const uint8_t *
sector_at(const struct ole *ole, uint32_t sector)
{
    uint64_t at = ((uint64_t)sector + 1) << ole->sector_shift;

    return sector < SECTOR_MAX && at + (1u << ole->sector_shift) <= ole->file.size
               ? ole->file.at + at
               : NULL;
}

static uint32_t
sectors_of(const struct ole *ole)
{
    return (uint32_t)(ole->file.size >> ole->sector_shift);
}

/* The number of the FAT's n-th sector: in the header, or in the chain of DIFAT sectors behind it. */
static uint32_t
fat_sector(const struct ole *ole, uint32_t n)
{
    uint32_t each = (1u << (ole->sector_shift - 2)) - 1, difat = ole->first_difat;

    if (n < IN_HEADER) {
        return little(ole->file.at + 76 + 4 * (size_t)n, 4);
    }
    n -= IN_HEADER;
    for (uint32_t hops = n / each; hops > 0; hops--) {
        const uint8_t *sector = sector_at(ole, difat);
        if (sector == NULL) {
            return UINT32_MAX;
        }
        difat = little(sector + 4 * (size_t)each, 4);
    }
    const uint8_t *sector = sector_at(ole, difat);
    return sector == NULL ? UINT32_MAX : little(sector + 4 * (size_t)(n % each), 4);
}

/* The sector behind one in its chain. */
static uint32_t
after(const struct ole *ole, uint32_t sector)
{
    uint32_t each = 1u << (ole->sector_shift - 2), n = sector / each;
    const uint8_t *fat = n < ole->fat_count ? sector_at(ole, fat_sector(ole, n)) : NULL;

    return fat == NULL ? UINT32_MAX : little(fat + 4 * (size_t)(sector % each), 4);
}

static void
entry_read(const uint8_t *at, struct ole_stream *s)
{
    size_t units = little(at + 64, 2) / 2, size = 0;

    *s = (struct ole_stream){.is_stream = at[66] == 2,
                             .start = little(at + 116, 4),
                             .size = little(at + 120, 4)};
    units = units > 0 && units <= OLE_NAME ? units - 1 : 0; /* without its final NUL */
    for (size_t i = 0; i < units; i++) {
        uint32_t c = little(at + 2 * i, 2);
        if (c < 0x80) {
            s->name[size++] = (char)c;
        } else if (c < 0x800) {
            s->name[size++] = (char)(0xc0 | c >> 6);
            s->name[size++] = (char)(0x80 | (c & 0x3f));
        } else {
            s->name[size++] = (char)(0xe0 | c >> 12);
            s->name[size++] = (char)(0x80 | (c >> 6 & 0x3f));
            s->name[size++] = (char)(0x80 | (c & 0x3f));
        }
    }
}

bool
ole_open(struct bytes file, struct ole *o)
{
    *o = (struct ole){.file = file};
    if (file.size < HEADER || memcmp(file.at, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 8) != 0) {
        return false;
    }
    o->sector_shift = little(file.at + 30, 2);
    o->mini_shift = little(file.at + 32, 2);
    if ((o->sector_shift != 9 && o->sector_shift != 12) || o->mini_shift != 6) {
        return false;
    }
    o->fat_count = little(file.at + 44, 4);
    o->first_directory = little(file.at + 48, 4);
    o->mini_cutoff = little(file.at + 56, 4);
    o->first_mini_fat = little(file.at + 60, 4);
    o->mini_fat_count = little(file.at + 64, 4);
    o->first_difat = little(file.at + 68, 4);
    if (o->fat_count > sectors_of(o)) {
        o->fat_count = sectors_of(o);
    }
    o->directory = o->first_directory;
    o->sectors_left = sectors_of(o);
    const uint8_t *root = sector_at(o, o->first_directory);
    if (root == NULL) {
        return false;
    }
    entry_read(root, &o->root);
    return true;
}

bool
ole_next(struct ole *o, struct ole_stream *stream_r)
{
    uint32_t each = (1u << o->sector_shift) / ENTRY;

    while (o->sectors_left > 0 && o->stream_count < LIMIT_OLE_STREAMS) {
        const uint8_t *sector = sector_at(o, o->directory);
        if (sector == NULL) {
            return false;
        }
        while (o->directory_at < each) {
            const uint8_t *entry = sector + (size_t)ENTRY * o->directory_at++;
            if (entry[66] == 1 || entry[66] == 2) {
                entry_read(entry, stream_r);
                o->stream_count++;
                return true;
            }
        }
        o->directory_at = 0;
        o->directory = after(o, o->directory);
        o->sectors_left--;
    }
    return false;
}

/* Sectors of the plain kind, one after the other. */
static size_t
read_chain(const struct ole *o, uint32_t sector, uint8_t *out, size_t most)
{
    size_t size = 0, each = (size_t)1 << o->sector_shift;

    for (uint32_t left = sectors_of(o); left > 0 && size < most; left--) {
        const uint8_t *at = sector_at(o, sector);
        if (at == NULL) {
            break;
        }
        size_t take = most - size < each ? most - size : each;
        memcpy(out + size, at, take);
        size += take;
        sector = after(o, sector);
    }
    return size;
}

/* A small stream lies in pieces of 64 bytes within the root's stream, chained by a FAT of its own. */
static size_t
read_mini(struct arena *arena, const struct ole *o, uint32_t piece, uint8_t *out,
          size_t most)
{
    size_t room = (size_t)o->root.size < o->file.size ? (size_t)o->root.size : o->file.size;
    size_t fat_room = (size_t)o->mini_fat_count << o->sector_shift, size = 0;
    size_t each = (size_t)1 << o->mini_shift;

    fat_room = fat_room < o->file.size ? fat_room : o->file.size;
    uint8_t *stream = arena_take_bytes(arena, room + 1);
    uint8_t *fat = arena_take_bytes(arena, fat_room + 1);
    room = read_chain(o, o->root.start, stream, room);
    fat_room = read_chain(o, o->first_mini_fat, fat, fat_room);
    for (size_t left = room / each + 1; left > 0 && size < most; left--) {
        size_t at = (size_t)piece << o->mini_shift;
        if (at >= room) {
            break;
        }
        size_t take = room - at < each ? room - at : each;
        take = most - size < take ? most - size : take;
        memcpy(out + size, stream + at, take);
        size += take;
        if (((size_t)piece + 1) * 4 > fat_room) {
            break;
        }
        piece = little(fat + 4 * (size_t)piece, 4);
    }
    return size;
}

struct bytes
ole_read(struct arena *arena, const struct ole *o, const struct ole_stream *s, size_t most)
{
    most = s->size < most ? (size_t)s->size : most;
    most = o->file.size < most ? o->file.size : most;
    uint8_t *out = arena_take_bytes(arena, most + 1);
    bool mini = s->size < o->mini_cutoff;
    size_t size = mini ? read_mini(arena, o, s->start, out, most)
                       : read_chain(o, s->start, out, most);
    return bytes_of(out, size);
}

const char *
ole_kind(struct bytes file, bool *macros_r, bool *encrypted_r)
{
    /* The first row whose stream is there decides: what is embedded (a workbook in a letter) stands further down. */
    static const char *const rows[][2] = {
        {"WordDocument", "doc"},  {"PowerPoint Document", "ppt"},
        {"Workbook", "xls"},      {"Book", "xls"},
        {"FileHeader", "hwp"},    {"__properties_version1.0", "msg"},
        {"VisioDocument", "vsd"}, {"EncryptedPackage", "ooxml"},
    };
    struct ole_stream s;
    struct ole ole;
    size_t best = sizeof rows / sizeof *rows;
    bool installer = false;

    *macros_r = *encrypted_r = false;
    if (!ole_open(file, &ole)) {
        return "ole";
    }
    while (ole_next(&ole, &s)) {
        struct bytes name = bytes_from_text(s.name);
        for (size_t i = 0; s.is_stream && i < best; i++) {
            best = bytes_is_fold(name, rows[i][0]) ? i : best;
        }
        *macros_r |= bytes_is_fold(name, "_VBA_PROJECT") ||
                     bytes_is_fold(name, "_VBA_PROJECT_CUR") ||
                     (!s.is_stream && bytes_is_fold(name, "VBA"));
        *encrypted_r |= s.is_stream && bytes_is_fold(name, "EncryptedPackage");
        /* The tables of an installer are named with characters from U+3800 on and U+4840 before. */
        installer |= bytes_starts(name, BYTES("\xe4\xa1\x80"));
    }
    return best < sizeof rows / sizeof *rows ? rows[best][1] : installer ? "msi" : "ole";
}
