#include "judge/findings_private.h"

#include <string.h>

/* What a defect of a letter (parse/letter.h) says as a finding. Weights are about half of the logarithm of how much oftener
 * it was seen in unwanted mail: 8,172 wanted and 7,691 unwanted messages, of SpamAssassin's corpus and of public
 * lists (wanted : unwanted). What was in none of them has 0 and is told only, or 0.5 where no honest mailer writes it. One row
 * a line. */
static const struct {
    const char *defect, *finding;
    enum permit_family family;
    double weight;
} rows[] = {
    /* clang-format off */
    {"reads_otherwise", "two_readings", FAMILY_CONTENT, 1.0}, /* none : 20 */
    {"filename_conflict", "file_name_two", FAMILY_ATTACHMENTS, 0.5},
    {"file_in_text", "file_in_text", FAMILY_ATTACHMENTS, 0}, /* 1 : none */
    {"message_partial", "message_partial", FAMILY_CONTENT, 0.5},
    {"message_external", "message_external", FAMILY_CONTENT, 0},
    {"header_8bit", "header_raw", FAMILY_CONTENT, 0}, /* 8 : 65; but of Japanese mail 6 wanted : none */
    {"header_nul", "header_broken", FAMILY_CONTENT, 0},
    {"header_cr", "header_broken", FAMILY_CONTENT, 0},
    {"header_line", "header_broken", FAMILY_CONTENT, 0},
    {"header_unended", "header_broken", FAMILY_CONTENT, 0},
    {"header_missing", "header_broken", FAMILY_CONTENT, 0},
    {"base64_broken", "mime_broken", FAMILY_CONTENT, 0.5}, /* together 2 : 75 */
    {"quoted_printable_broken", "mime_broken", FAMILY_CONTENT, 0.5},
    {"uuencode_broken", "mime_broken", FAMILY_CONTENT, 0.5},
    {"yenc_broken", "mime_broken", FAMILY_CONTENT, 0.5},
    {"content_type_broken", "mime_broken", FAMILY_CONTENT, 0.5},
    {"encoding_unknown", "mime_broken", FAMILY_CONTENT, 0.5},
    {"parameter_unquoted", "mime_broken", FAMILY_CONTENT, 0.5},
    {"mime_unclosed", "mime_broken", FAMILY_CONTENT, 0.5},
    {"mime_boundary", "mime_broken", FAMILY_CONTENT, 0.5},
    {"from_twice", "field_twice", FAMILY_CONTENT, 0.5}, /* together none : 14 */
    {"sender_twice", "field_twice", FAMILY_CONTENT, 0.5},
    {"reply_to_twice", "field_twice", FAMILY_CONTENT, 0.5},
    {"to_twice", "field_twice", FAMILY_CONTENT, 0.5},
    {"cc_twice", "field_twice", FAMILY_CONTENT, 0.5},
    {"subject_twice", "field_twice", FAMILY_CONTENT, 0.5},
    {"date_twice", "field_twice", FAMILY_CONTENT, 0.5},
    {"message_id_twice", "field_twice", FAMILY_CONTENT, 0.5},
    {"header_fields", "mime_bounds", FAMILY_CONTENT, 0.5},
    {"header_size", "mime_bounds", FAMILY_CONTENT, 0.5},
    {"header_field_size", "mime_bounds", FAMILY_CONTENT, 0},
    {"mime_depth", "mime_bounds", FAMILY_CONTENT, 0.5},
    {"mime_parts", "mime_bounds", FAMILY_CONTENT, 0.5},
    {"mime_parameters", "mime_bounds", FAMILY_CONTENT, 0.5},
    {"mime_readings", "mime_bounds", FAMILY_CONTENT, 0.5},
    {"mime_other", "mime_bounds", FAMILY_CONTENT, 0.5},
    {"addresses", "mime_bounds", FAMILY_CONTENT, 0},
    {"text_size", "mime_bounds", FAMILY_CONTENT, 0},
    {"charset_disagrees", "charset_disagrees", FAMILY_CONTENT, 0},
    {"charset_twice", "charset_twice", FAMILY_CONTENT, 0},
    /* clang-format on */
};
#define ROWS (sizeof rows / sizeof *rows)

/* Why a letter can be read in another way: told beside it. */
static bool
is_cause(const char *defect)
{
    static const char *const causes[] = {
        "content_type_conflict",
        "boundary_conflict",
        "charset_conflict",
        "encoding_conflict",
        "field_name_blank",
        "boundary_missing",
        "boundary_near",
        "multipart_encoded",
        "header_cr",
        "body_cr",
        "header_blank_line",
        "base64_runs",
        "content_type_broken",
        "mime_empty",
    };

    for (size_t i = 0; i < sizeof causes / sizeof *causes; i++) {
        if (strcmp(defect, causes[i]) == 0) {
            return true;
        }
    }
    return false;
}

static bool
was_put(const struct findings *f, const char *name)
{
    for (size_t i = 0; i < f->count; i++) {
        if (strcmp(f->list[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

void
findings_of_defects(struct findings *f, const struct letter *letter)
{
    const char *cause = NULL;

    for (size_t i = 0; i < letter->defect_count; i++) {
        const char *defect = letter->defects[i].name;
        if (cause == NULL && is_cause(defect)) {
            cause = defect;
        }
        for (size_t row = 0; row < ROWS; row++) {
            if (strcmp(rows[row].defect, defect) != 0 || was_put(f, rows[row].finding)) {
                continue;
            }
            bool same = strcmp(rows[row].finding, defect) == 0;
            const char *detail = strcmp(defect, "reads_otherwise") == 0 ? cause
                                 : same                                 ? NULL
                                                                        : defect;
            findings_put(f, rows[row].finding, rows[row].family, rows[row].weight,
                         bytes_from_text(detail));
        }
    }
}
