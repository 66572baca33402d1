#include "base/writer.h"
#include "judge/findings_private.h"
#include "parse/domain.h"
#include "parse/links.h"

/* What a link's flags weigh, by the mail they were measured on (docs/MEASURED.md). Those of weight 0 are told and do not count: ordinary
 * newsletters have them as often. */
static const struct {
    unsigned flag;
    const char *name;
    double weight;
    bool pictures; /* counts for pictures too */
} rows[] = {
    /* clang-format off */
    {LINK_LOOKALIKE, "link_lookalike", 2.5, false},
    {LINK_USERINFO, "link_userinfo", 1.5, true},
    {LINK_ODD_ADDRESS, "link_odd_address", 1.5, true},
    {LINK_ADDRESS, "link_to_address", 1.0, false},
    {LINK_WIDE, "link_wide", 1.0, true},
    {LINK_SHORTENER, "link_shortener", 0.5, false},
    {LINK_REDIRECTOR, "link_redirector", 0, false},
    {LINK_DEFANGED, "link_defanged", 0, false},
    {LINK_DATA, "link_data", 0, false},
    /* clang-format on */
};
#define ROW_COUNT (sizeof rows / sizeof *rows)

/* A text that shows another site: more where it is a whole URL, little where it is a bare name, or where a known host leads on, as in
 * newsletters that count clicks. */
static double
mismatch_weight(const struct link *link)
{
    if (link->flags & (LINK_REDIRECTOR | LINK_SHORTENER)) {
        return 0.3;
    }
    return bytes_find(bytes_slice(link->text, 0, 12), BYTES("://"), 0) != BYTES_NOWHERE
               ? 1.5
               : 0.7;
}

static void
put_like(struct findings *f, const struct link *link, struct bytes like, double weight)
{
    struct writer w;

    writer_init(&w, f->arena);
    writer_bytes(&w, link->host);
    writer_text(&w, " ~ ");
    writer_bytes(&w, like);
    findings_put(f, "link_lookalike", FAMILY_LINKS, weight, writer_view(&w));
}

/* Whether a link looks like the sender's own domain and is another. */
static bool
imitates(const struct link *link, struct bytes domain, struct bytes skeleton)
{
    return skeleton.size > 0 && bytes_equal(link->skeleton, skeleton) &&
           !bytes_equal_fold(link->domain, domain);
}

void
findings_of_links(struct findings *f, const struct letter *letter)
{
    bool said[ROW_COUNT] = {false}, nested = false, like = false;
    struct bytes sender = BYTES_NONE, skeleton = BYTES_NONE;
    const struct link *worst = NULL;

    if (letter->link_count > 0 && letter->from.address_count > 0) {
        sender = domain_registrable(f->arena, letter->from.addresses[0].domain);
        skeleton = link_skeleton(f->arena, sender);
    }
    for (size_t i = 0; i < letter->link_count; i++) {
        const struct link *link = &letter->links[i];
        for (size_t k = 0; k < ROW_COUNT; k++) {
            if (said[k] || !(link->flags & rows[k].flag) ||
                (link->kind == LINK_IMAGE && !rows[k].pictures)) {
                continue;
            }
            said[k] = true;
            if (rows[k].flag == LINK_LOOKALIKE) {
                put_like(f, link, link->like, rows[k].weight);
                like = true;
            } else {
                findings_put(f, rows[k].name, FAMILY_LINKS, rows[k].weight, link->host);
            }
        }
        if (!like && imitates(link, sender, skeleton)) {
            put_like(f, link, sender, rows[0].weight);
            like = true;
        }
        if (!nested && link->kind == LINK_NESTED) {
            findings_put(f, "link_nested", FAMILY_LINKS, 0, link->host);
            nested = true;
        }
        if ((link->flags & LINK_SHOWN_OTHER) &&
            (worst == NULL || mismatch_weight(link) > mismatch_weight(worst))) {
            worst = link;
        }
    }
    if (worst != NULL) {
        findings_put(f, "link_text_mismatch", FAMILY_LINKS, mismatch_weight(worst),
                     worst->host);
    }
}

/* Text that style keeps from the eye; a summary for lists of messages and the title are no harm. */
static void
hidden_findings(struct findings *f, const struct letter *letter)
{
    size_t size = 0, all = 0;
    const struct hidden *longest = NULL;

    for (size_t i = 0; i < letter->hidden_count; i++) {
        const struct hidden *hidden = &letter->hidden_texts[i];
        all += hidden->text.size;
        if (hidden->reason == HIDDEN_PREHEADER || hidden->reason == HIDDEN_ELEMENT) {
            continue;
        }
        size += hidden->text.size;
        if (longest == NULL || hidden->text.size > longest->text.size) {
            longest = hidden;
        }
    }
    if (longest != NULL && size > 100 && size > letter->text.size / 8) {
        findings_put(f, "hidden_text", FAMILY_CONTENT, 1.2,
                     bytes_slice(longest->text, 0, 60));
    }
    size_t rest = letter->hidden.size > all ? letter->hidden.size - all : 0;
    if (rest > 200 && rest > letter->text.size / 4) {
        findings_put(f, "other_text", FAMILY_CONTENT, 0.5,
                     bytes_slice(letter->hidden, 0, 60));
    }
}

void
findings_of_looks(struct findings *f, const struct letter *letter)
{
    hidden_findings(f, letter);
    if (letter->invisible_count >= 3) {
        findings_put(f, "zero_width_text", FAMILY_CONTENT, 0.8, BYTES_NONE);
    }
    if (letter->override_count > 0 || letter->html.turned_count > 0) {
        findings_put(f, "turned_text", FAMILY_CONTENT, 0, BYTES_NONE);
    }
    if (letter->html.has_password) {
        findings_put(f, "password_form", FAMILY_CONTENT, 2.0, BYTES_NONE);
    }
    if (letter->html.has_refresh) {
        findings_put(f, "page_refresh", FAMILY_CONTENT, 0.3, BYTES_NONE);
    }
}
