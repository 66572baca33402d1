#include "base/limits.h"
#include "base/writer.h"
#include "judge/normal.h"
#include "judge/opinion.h"
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

/* The value of the Subject, as a whole: it is short, and its encoded words do not stand in the order of their bytes. */
static void
point_at_subject(const struct letter *letter, struct finding *finding)
{
    size_t at = 0;
    const struct field *field = header_find(&letter->header, BYTES("Subject"), &at);

    if (field != NULL && field->value.at >= letter->raw.at) {
        finding->from = (size_t)(field->value.at - letter->raw.at);
        finding->to = finding->from + field->value.size;
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
 * of it. Only what says enough to stand nowhere else. */
static void
point_at_detail(const struct letter *letter, struct finding *finding)
{
    struct bytes detail = finding->detail;
    size_t at = letter->header.raw.size;

    if (detail.size < DETAIL_LEAST ||
        (finding->family != FAMILY_LINKS && finding->family != FAMILY_CONTENT)) {
        return;
    }
    at = bytes_find(letter->raw, detail, at); /* behind the header */
    if (at != BYTES_NOWHERE) {
        finding->from = at;
        finding->to = at + detail.size;
        return;
    }
    at = bytes_find(letter->text, detail, 0);
    if (at != BYTES_NOWHERE) {
        point_at_text(letter, finding, at, at + detail.size);
    }
}

void
judge_point(struct arena *arena, const struct letter *letter, const struct opinion *opinion)
{
    struct bytes normal = BYTES_NONE;
    struct normal_map map = {0};
    size_t subject = bytes_slice(letter->subject, 0, SUBJECT_BYTES).size + 1, from, to;

    for (size_t i = 0; i < opinion->finding_count; i++) {
        struct finding *finding = &opinion->findings[i];
        if (finding->said.size == 0) {
            point_at_detail(letter, finding);
            continue;
        }
        if (normal.at == NULL) {
            normal =
                normal_form_mapped(arena, judged_text(arena, letter, opinion->text_read),
                                   LIMIT_NORMAL_BYTES, &map);
        }
        from = (size_t)(finding->said.at - opinion->normal.at);
        normal_source(&map, from, from + finding->said.size, &from, &to);
        if (from < subject) {
            point_at_subject(letter, finding);
        } else {
            point_at_text(letter, finding, from - subject, to - subject);
        }
    }
}
