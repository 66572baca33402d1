#include "parse/mime_private.h"

#include "parse/blocks.h"
#include "parse/header.h"
#include "parse/transfer.h"
#include "parse/words.h"

void
mime_content_decode(struct arena *arena, struct part *part, struct defects *defects)
{
    bool broken = false;

    switch (part->encoding) {
    case ENCODING_BASE64:
        part->content = transfer_from_base64(arena, part->raw, &broken);
        break;
    case ENCODING_QUOTED_PRINTABLE:
        part->content = transfer_from_quoted_printable(arena, part->raw, &broken);
        break;
    case ENCODING_UUENCODE:
        part->content = transfer_from_uuencode(arena, part->raw, &broken);
        break;
    default:
        part->content = part->raw;
        break;
    }
    if (broken) {
        defect_note(defects,
                    part->encoding == ENCODING_BASE64     ? "base64_broken"
                    : part->encoding == ENCODING_UUENCODE ? "uuencode_broken"
                                                          : "quoted_printable_broken",
                    part->raw.at);
    }
}

/* The files in a text become leaves below it. */
static void
files_take(struct mime_reader *m, struct part *part)
{
    static const struct {
        enum part_encoding encoding;
        const char *text, *broken;
    } kinds[] = {
        [BLOCK_UUENCODE] = {ENCODING_UUENCODE, "x-uuencode", "uuencode_broken"},
        [BLOCK_BASE64] = {ENCODING_BASE64, "base64", "base64_broken"},
        [BLOCK_YENC] = {ENCODING_YENC, "x-yenc", "yenc_broken"},
    };
    struct part *last = NULL;
    struct blocks blocks;
    struct block block;

    blocks_init(&blocks, part->content);
    while (blocks_next(m->arena, &blocks, &block)) {
        if (m->budget->part_count >= LIMIT_MIME_PARTS) {
            defect_note(m->defects, "mime_parts", part->raw.at);
            break;
        }
        last = mime_part_add(m, part, last);
        last->type = BYTES("application");
        last->subtype = BYTES("octet-stream");
        last->encoding = kinds[block.kind].encoding;
        last->encoding_text = bytes_from_text(kinds[block.kind].text);
        last->disposition = BYTES("attachment");
        last->filename = words_decode(m->arena, block.name, NULL);
        last->raw = block.raw;
        last->content = block.content;
        last->is_in_text = true;
        if (block.broken) {
            defect_note(m->defects, kinds[block.kind].broken, part->raw.at);
        }
    }
    if (last != NULL) {
        defect_note(m->defects, "file_in_text", part->raw.at);
    }
}

/* Blocks of fields, parted by empty lines (RFC 3464 2.1). */
static void
groups_read(struct mime_reader *m, struct part *part)
{
    struct bytes rest = part->content;
    struct header group;
    size_t room = 0;

    while (part->group_count < LIMIT_REPORT_GROUPS) {
        while (rest.size > 0 && (rest.at[0] == '\r' || rest.at[0] == '\n')) {
            rest = bytes_from(rest, 1);
        }
        size_t next = header_read(m->arena, rest, NULL, &group, NULL);
        if (group.field_count == 0) {
            return;
        }
        if (part->group_count == room) {
            size_t more = room == 0 ? 4 : room * 2;
            part->groups = arena_grow(m->arena, part->groups, room * sizeof group,
                                      more * sizeof group);
            room = more;
        }
        part->groups[part->group_count++] = group;
        rest = bytes_from(rest, next);
    }
}

static bool
is_report(const struct part *part)
{
    static const char *const kinds[] = {
        "delivery-status",          "global-delivery-status",
        "disposition-notification", "global-disposition-notification",
        "feedback-report",          "tracking-status",
    };

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (bytes_is(part->subtype, kinds[i])) {
            return true;
        }
    }
    return false;
}

void
mime_leaf_read(struct mime_reader *m, struct part *part)
{
    if (part->content.at == NULL) {
        mime_content_decode(m->arena, part, m->defects);
    }
    if (bytes_is(part->type, "text") && !bytes_is(part->subtype, "html")) {
        files_take(m, part);
    } else if (bytes_is(part->type, "message")) {
        if (is_report(part)) {
            groups_read(m, part);
        } else if (bytes_is(part->subtype, "partial")) {
            defect_note(m->defects, "message_partial", part->raw.at);
        } else if (bytes_is(part->subtype, "external-body")) {
            defect_note(m->defects, "message_external", part->raw.at);
        }
    } else if (bytes_is(part->subtype, "ms-tnef") ||
               bytes_is(part->subtype, "vnd.ms-tnef") ||
               bytes_is_fold(part->filename, "winmail.dat")) {
        defect_note(m->defects, "tnef", part->raw.at);
    }
}
