#include "judge/findings_private.h"

#include <string.h>

#include "base/limits.h"
#include "base/writer.h"

#define DETAIL_MAX 200

void
findings_init(struct findings *f, struct arena *arena, const struct permit *permit)
{
    *f = (struct findings){.arena = arena, .permit = permit, .room = 16};
    f->list = ARENA_NEW_MANY(arena, f->room, struct finding);
}

void
findings_put_said(struct findings *f, const char *name, enum permit_family family,
                  double weight, struct bytes detail, struct bytes said)
{
    struct writer w;

    if (!permit_has(f->permit, family)) {
        return;
    }
    if (f->count == LIMIT_FINDINGS) {
        f->dropped++;
        return;
    }
    if (f->count == f->room) {
        f->list = arena_grow(f->arena, f->list, f->room * sizeof *f->list,
                             f->room * 2 * sizeof *f->list);
        f->room *= 2;
    }
    writer_init(&w, f->arena);
    writer_clean(&w, detail, DETAIL_MAX);
    f->list[f->count++] = (struct finding){.name = name,
                                           .weight = weight,
                                           .family = family,
                                           .detail = writer_view(&w),
                                           .said = said};
}

void
findings_put(struct findings *f, const char *name, enum permit_family family, double weight,
             struct bytes detail)
{
    findings_put_said(f, name, family, weight, detail, BYTES_NONE);
}

static double
size_of(double weight)
{
    return weight < 0 ? -weight : weight;
}

/* Insertion keeps the order of what weighs the same, so the same message gives the same list. */
void
findings_finish(struct findings *f)
{
    for (size_t i = 1; i < f->count; i++) {
        struct finding finding = f->list[i];
        size_t at = i;
        while (at > 0 && size_of(f->list[at - 1].weight) < size_of(finding.weight)) {
            f->list[at] = f->list[at - 1];
            at--;
        }
        f->list[at] = finding;
    }
}

double
findings_sum(const struct findings *f, uint32_t families)
{
    double sum = 0;

    for (size_t i = 0; i < f->count; i++) {
        if ((families & FAMILY_BIT(f->list[i].family)) != 0) {
            sum += f->list[i].weight;
        }
    }
    return sum;
}

static void
dkim_finding(struct findings *f, const struct origin *origin)
{
    const struct dkim_result *failed = NULL;

    for (size_t i = 0; i < origin->dkim_count; i++) {
        if (origin->dkim[i].result == AUTH_PASS) {
            findings_put(f, "dkim_pass", FAMILY_LABEL, -0.3, origin->dkim[i].domain);
            return;
        }
        failed = origin->dkim[i].result == AUTH_FAIL ? &origin->dkim[i] : failed;
    }
    if (failed != NULL) {
        findings_put(f, "dkim_fail", FAMILY_LABEL, 0.3, failed->domain);
    }
}

/* What trace noted (origin_note): under which family it may count, and how much. One row a line. */
static const struct {
    const char *name;
    enum permit_family family;
    double weight;
} noted[] = {
    /* clang-format off */
    {"from_several", FAMILY_LABEL, 0.5},
    {"from_missing", FAMILY_LABEL, 1.0},
    {"from_group", FAMILY_LABEL, 0.3},
    {"from_name_address", FAMILY_LABEL, 1.0},
    {"from_encoded", FAMILY_LABEL, 1.0},
    {"spf_broken", FAMILY_SOURCE, 0.2},
    {"dkim_body_tail", FAMILY_LABEL, 0.7},
    {"dkim_unsigned_repeat", FAMILY_LABEL, 1.0},
    {"dkim_short_key", FAMILY_LABEL, 0.3},
    {"dkim_old_hash", FAMILY_LABEL, 0.3},
    {"dkim_broken", FAMILY_LABEL, 0.2},
    {"dkim_future", FAMILY_LABEL, 0.3},
    {"dkim_many", FAMILY_LABEL, 0.5},
    {"dmarc_broken", FAMILY_LABEL, 0.2},
    {"dns_questions", FAMILY_SOURCE, 1.0},
    {"dns_large", FAMILY_SOURCE, 0.3},
    {"dns_unanswered", FAMILY_LABEL, 0.1},
    {"dynamic_name", FAMILY_SOURCE, 0.9},
    {"hop_time", FAMILY_SOURCE, 0.8},
    {"hop_delay", FAMILY_SOURCE, 0.2},
    {"hop_break", FAMILY_SOURCE, 0.3},
    {"hop_impossible", FAMILY_SOURCE, 1.2},
    {"hop_forged", FAMILY_SOURCE, 1.5},
    {"hop_many", FAMILY_SOURCE, 0.2},
    {"hop_gap", FAMILY_SOURCE, 0}, /* told, not counted: see trace/hops_check.h */
    {"hop_private", FAMILY_SOURCE, 0},
    {"hop_undated", FAMILY_SOURCE, 0},
    {"helo_ours", FAMILY_SOURCE, 1.5},
    {"helo_address", FAMILY_SOURCE, 0.6},
    {"helo_not_fqdn", FAMILY_SOURCE, 0.4},
    {"helo_unknown", FAMILY_SOURCE, 0.4},
    {"helo_elsewhere", FAMILY_SOURCE, 0.2},
    {"web_form", FAMILY_SOURCE, 0.2},
    {"source_tor", FAMILY_SOURCE, 0.5}, /* and origin_hidden, 0.8 */
    {"source_proxy", FAMILY_SOURCE, 0.5},
    {"source_hosting", FAMILY_SOURCE, 0.2},
    {"listed_bad", FAMILY_SOURCE, 0}, /* the weight is that of the sections dnslist */
    {"listed_good", FAMILY_SOURCE, 0},
    {"vouched", FAMILY_LABEL, -1.0},
    {"arc_speaks", FAMILY_LABEL, -0.3},
    {"leaving", FAMILY_SOURCE, 0.0},
    {"batv_pass", FAMILY_SOURCE, -1.5},
    {"batv_missing", FAMILY_SOURCE, 1.0},
    {"batv_expired", FAMILY_SOURCE, 0.3},
    {"batv_forged", FAMILY_SOURCE, 2.5},
    /* clang-format on */
};

/* A text of a board or a form, of which its door made a message (POST /v1/text): that it has no From says nothing. */
static bool
is_text(const struct arrival *arrival, const struct letter *letter)
{
    static const char *const fields[] = {"Subject", "Content-Language", "MIME-Version",
                                         "Content-Type", "Content-Transfer-Encoding"};
    const size_t count = sizeof fields / sizeof *fields;

    if (arrival == NULL || arrival->door == ARRIVAL_TRANSFER) {
        return false;
    }
    for (size_t i = 0; i < letter->header.field_count; i++) {
        size_t k = 0;
        while (k < count && !bytes_is_fold(letter->header.fields[i].name, fields[k])) {
            k++;
        }
        if (k == count) {
            return false;
        }
    }
    return true;
}

static void
findings_of_notes(struct findings *f, const struct origin *origin, bool text)
{
    for (size_t i = 0; i < origin->note_count; i++) {
        for (size_t row = 0; row < sizeof noted / sizeof *noted; row++) {
            if (strcmp(noted[row].name, origin->notes[i].name) == 0 &&
                !(text && strcmp(noted[row].name, "from_missing") == 0)) {
                const struct trace_note *note = &origin->notes[i];
                findings_put(f, noted[row].name, noted[row].family,
                             note->weight != 0 ? note->weight : noted[row].weight,
                             note->detail);
            }
        }
    }
}

void
findings_of_origin(struct findings *f, const struct arrival *arrival,
                   const struct letter *letter, const struct origin *origin)
{
    if (origin == NULL) {
        return;
    }
    if (origin->spf.result == AUTH_PASS) {
        findings_put(f, "spf_pass", FAMILY_SOURCE, -0.2, origin->spf.domain);
    } else if (origin->spf.result == AUTH_FAIL) {
        findings_put(f, "spf_fail", FAMILY_SOURCE, 1.2, origin->spf.domain);
    } else if (origin->spf.result == AUTH_SOFTFAIL) {
        findings_put(f, "spf_softfail", FAMILY_SOURCE, 0.5, origin->spf.domain);
    }
    dkim_finding(f, origin);
    if (origin->dmarc.result == AUTH_PASS) {
        findings_put(f, "dmarc_pass", FAMILY_LABEL, -0.6, origin->dmarc.from_domain);
    } else if (origin->dmarc.result == AUTH_FAIL && origin->arc.speaker.size == 0) {
        double weight = origin->dmarc.policy == DMARC_POLICY_REJECT       ? 2.5
                        : origin->dmarc.policy == DMARC_POLICY_QUARANTINE ? 1.8
                                                                          : 0.8;
        findings_put(f, "dmarc_fail", FAMILY_LABEL, weight, origin->dmarc.from_domain);
    }
    if (origin->iprev == AUTH_FAIL) {
        findings_put(f, "iprev_fail", FAMILY_SOURCE, 0.5,
                     arrival == NULL ? BYTES_NONE : arrival->helo);
    }
    if (origin->grade == GRADE_E) {
        findings_put(f, "origin_hidden", FAMILY_SOURCE, 0.8, BYTES_NONE);
    }
    findings_of_notes(f, origin, is_text(arrival, letter));
}

static void
attachment_findings(struct findings *f, const struct letter *letter)
{
    static const char *const programs[] = {
        ".exe", ".scr", ".com", ".pif", ".bat", ".cmd", ".js",  ".jse", ".vbs", ".vbe",
        ".wsf", ".hta", ".lnk", ".iso", ".img", ".apk", ".msi", ".jar", ".ps1", ".cpl"};

    for (const struct part *part = letter->root; part != NULL; part = part_next(part)) {
        for (size_t i = 0;
             part->filename.size > 0 && i < sizeof programs / sizeof *programs; i++) {
            struct bytes ending = bytes_from_text(programs[i]);
            bool other = bytes_ends_fold(part->other_name, ending);
            if (other || bytes_ends_fold(part->filename, ending)) {
                findings_put(f, "attachment_program", FAMILY_ATTACHMENTS, 3.0,
                             other ? part->other_name : part->filename);
                return;
            }
        }
    }
}

void
findings_of_letter(struct findings *f, const struct letter *letter)
{
    findings_of_defects(f, letter);
    if (permit_has(f->permit, FAMILY_LINKS)) {
        findings_of_links(f, letter);
    }
    if (permit_has(f->permit, FAMILY_ATTACHMENTS) && letter->enclosures != NULL) {
        findings_of_enclosures(f, letter);
    } else if (permit_has(f->permit, FAMILY_ATTACHMENTS)) {
        attachment_findings(f, letter);
    }
    if (!permit_has(f->permit, FAMILY_CONTENT)) {
        return;
    }
    findings_of_looks(f, letter);
}
