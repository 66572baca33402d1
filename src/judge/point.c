#include "base/limits.h"
#include "base/writer.h"
#include "judge/normal.h"
#include "judge/opinion.h"
#include "judge/point_places.h"
#include "judge/point_private.h"
#include "parse/locate.h"

#define SUBJECT_BYTES 500
#define DETAIL_LEAST  6

struct bytes
judged_text(struct arena *arena, const struct letter *letter, size_t text_most)
{
    struct bytes other = bytes_slice(letter->other, 0, text_most / 4);
    struct writer w;

    writer_init(&w, arena);
    writer_bytes(&w, bytes_slice(letter->subject, 0, SUBJECT_BYTES));
    writer_byte(&w, '\n');
    writer_bytes(&w, bytes_slice(letter->text, 0, text_most - other.size));
    if (other.size > 0) {
        writer_text(&w, "\n\n");
        writer_bytes(&w, other);
    }
    return writer_view(&w);
}

static void
point_at(const struct letter *letter, struct finding *finding, struct bytes place)
{
    if (place.size > 0) {
        finding->from = (size_t)(place.at - letter->raw.at);
        finding->to = finding->from + place.size;
    }
}

/* The value of the Subject, as a whole: it is short, and its encoded words do not stand in the order of their bytes. */
static void
point_at_subject(const struct letter *letter, struct finding *finding)
{
    size_t at = 0;
    const struct field *field = header_find(&letter->header, BYTES("Subject"), &at);

    if (field != NULL && field->value.at >= letter->raw.at) {
        point_at(letter, finding, field->value);
    }
}

static void
point_at_text(const struct letter *letter, struct finding *finding, size_t from, size_t to)
{
    if (!letter_locate(letter, from, to, &finding->from, &finding->to)) {
        finding->from = finding->to = 0;
    }
}

/* What a finding about links or looks rests on, where it stands in the body as it was sent, or in the text that was made
 * of it: only what says enough to stand nowhere else. */
static void
point_at_detail(const struct letter *letter, struct finding *finding)
{
    struct bytes detail = finding->detail;
    size_t behind_header = letter->header.raw.size;

    if (detail.size < DETAIL_LEAST ||
        (finding->family != FAMILY_LINKS && finding->family != FAMILY_CONTENT)) {
        return;
    }
    size_t at = bytes_find(letter->raw, detail, behind_header);
    if (at != BYTES_NOWHERE) {
        point_at(letter, finding, bytes_slice(letter->raw, at, at + detail.size));
        return;
    }
    at = bytes_find(letter->text, detail, 0);
    if (at != BYTES_NOWHERE) {
        point_at_text(letter, finding, at, at + detail.size);
    }
}

/* The normal form once more, with the way back. */
struct mapped {
    struct bytes normal;
    struct normal_map map;
    size_t subject; /* its bytes at the beginning, with the line end */
};

static void
point_at_said(struct arena *arena, const struct letter *letter, const struct opinion *o,
              struct mapped *mapped, struct finding *finding)
{
    size_t from = (size_t)(finding->said.at - o->normal.at), to;

    if (mapped->normal.at == NULL) {
        mapped->subject = bytes_slice(letter->subject, 0, SUBJECT_BYTES).size + 1;
        mapped->normal = normal_form_mapped(arena, judged_text(arena, letter, o->text_read),
                                            LIMIT_NORMAL_BYTES, &mapped->map);
    }
    normal_source(&mapped->map, from, from + finding->said.size, &from, &to);
    if (from < mapped->subject) {
        point_at_subject(letter, finding);
    } else {
        point_at_text(letter, finding, from - mapped->subject, to - mapped->subject);
    }
}

void
judge_point(struct arena *arena, const struct letter *letter, const struct opinion *opinion)
{
    struct mapped mapped = {0};

    for (size_t i = 0; i < opinion->finding_count; i++) {
        struct finding *finding = &opinion->findings[i];
        point_at(letter, finding, point_defect(letter, finding));
        if (finding->to == 0 && finding->said.size > 0) {
            point_at_said(arena, letter, opinion, &mapped, finding);
        }
        if (finding->to == 0) {
            point_at_detail(letter, finding);
        }
        if (finding->to == 0) {
            point_at(letter, finding, point_place(letter, finding));
        }
    }
}
