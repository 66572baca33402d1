/* For tests: cases of tests/written, lines of class, kind, language, From, Reply-To, subject, text, parted by tabs. */
#pragma once

#include <stdlib.h>

#include "base/limits.h"
#include "base/tap.h"
#include "base/writer.h"
#include "judge/normal.h"
#include "judge/phrases.h"
#include "judge/regions.h"
#include "parse/letter.h"

#define WRITTEN_COLUMNS 7

struct written {
    struct bytes column[WRITTEN_COLUMNS];
    const struct letter *letter;
    struct phrase_text text;
    const struct region *regions;
    size_t region_count;
};

static inline struct bytes
written_file(struct arena *arena, const char *name)
{
    const char *source = getenv("SEKISHO_SOURCE");
    struct writer w;

    writer_init(&w, arena);
    writer_format(&w, "%s/%s", source == NULL ? "." : source, name);
    FILE *file = fopen(writer_c(&w), "re");
    if (file == NULL) {
        return BYTES_NONE;
    }
    uint8_t *at = arena_take_bytes(arena, 1 << 20);
    size_t size = fread(at, 1, 1 << 20, file);
    fclose(file);
    return bytes_of(at, size);
}

static inline struct bytes
written_mail(struct arena *arena, const struct written *it)
{
    struct bytes text = it->column[6];
    struct writer w;

    writer_init(&w, arena);
    writer_text(&w, "From: ");
    writer_bytes(&w, it->column[3]);
    if (!bytes_is(it->column[4], "-")) {
        writer_text(&w, "\nReply-To: ");
        writer_bytes(&w, it->column[4]);
    }
    writer_text(&w, "\nTo: you@example.jp\nSubject: ");
    writer_bytes(&w, it->column[5]);
    writer_text(&w, "\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n"
                    "Content-Transfer-Encoding: 8bit\n\n");
    for (size_t i = 0; i < text.size; i++) {
        bool line = text.at[i] == '\\' && i + 1 < text.size && text.at[i + 1] == 'n';
        writer_byte(&w, line ? '\n' : text.at[i]);
        i += line;
    }
    writer_byte(&w, '\n');
    return bytes_copy(arena, writer_view(&w));
}

/* A mail as the judge sees it. */
static inline void
written_read(struct arena *arena, struct bytes mail, struct written *it)
{
    struct writer w;

    it->letter = letter_read(arena, mail);
    writer_init(&w, arena);
    writer_bytes(&w, it->letter->subject);
    writer_byte(&w, '\n');
    writer_bytes(&w, it->letter->text);
    it->text =
        phrase_text_of(arena, normal_form(arena, writer_view(&w), LIMIT_NORMAL_BYTES));
    it->regions = regions_read(arena, it->text.normal, &it->region_count);
}

/* The next case of a file, read; false at its end. */
static inline bool
written_next(struct arena *arena, struct bytes *file, struct written *it)
{
    struct bytes line;

    while (bytes_line(file, &line)) {
        size_t columns = 0;
        if (line.size == 0 || line.at[0] == '#') {
            continue;
        }
        *it = (struct written){0};
        while (columns < WRITTEN_COLUMNS &&
               bytes_split(&line, '\t', &it->column[columns])) {
            columns++;
        }
        written_read(arena, written_mail(arena, it), it);
        return true;
    }
    return false;
}
