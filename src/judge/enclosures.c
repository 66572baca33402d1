/* What attachments are, and where links in them lead. */
#include "judge/findings_private.h"

#include "parse/enclosure.h"

bool
findings_share(const struct permit *permit, enum permit_family family)
{
    for (size_t i = 0; i < permit->recipient_count; i++) {
        uint32_t families = permit->recipients[i].families;
        if ((families & FAMILY_BIT(FAMILY_ATTACHMENTS)) != 0 &&
            (families & FAMILY_BIT(family)) == 0) {
            return false;
        }
    }
    return permit_has(permit, FAMILY_ATTACHMENTS) && permit_has(permit, family);
}

#define ANY (-1)
#define VIRUS_WEIGHT                                                                       \
    10.0 /* held, whatever else speaks for it: a signature of clamd is as sure as anything that is told of a file */

/* One row is one finding: any of its facts, on a file of that class. The first file that has it is its detail. An encrypted
 * archive and a macro are everyday things in many an office; a program under the name of a bill is in none. */
static const struct {
    const char *name;
    uint32_t facts; /* 0: the class alone */
    int class;
    double weight;
} rows[] = {
    /* clang-format off */
    {"attachment_double_extension", FACT_DOUBLED, ANY, 2.5},
    {"attachment_bidi_name", FACT_BIDI, ANY, 2.5},
    {"attachment_type_lies", FACT_TYPE_LIES, ANY, 2.0},
    {"attachment_bad_path", FACT_BAD_PATH | FACT_CONTROL, ANY, 1.5},
    {"attachment_shortcut", 0, CLASS_SHORTCUT, 2.5},
    {"attachment_disk", 0, CLASS_DISK, 2.0},
    {"attachment_onenote", 0, CLASS_NOTE, 1.5},
    {"attachment_remote_template", FACT_REMOTE_TEMPLATE, ANY, 2.5},
    {"attachment_macro", FACT_MACRO, ANY, 1.0},
    {"attachment_password_form", FACT_PASSWORD_FIELD, CLASS_HTML, 2.0},
    {"attachment_page_script", FACT_SCRIPT, CLASS_HTML, 1.2},
    {"attachment_document_script", FACT_SCRIPT, CLASS_DOCUMENT, 0.5},
    {"attachment_page", 0, CLASS_HTML, 0.3},
    {"attachment_encrypted", FACT_ENCRYPTED, ANY, 0.3},
    {"attachment_password_told", FACT_PASSWORD_FITS, ANY, 0.2},
    {"attachment_bomb", FACT_LIMIT_RATIO | FACT_LIMIT_DEPTH, ANY, 2.0},
    {"attachment_limit", FACT_LIMIT_ENTRIES | FACT_LIMIT_BYTES | FACT_LIMIT_TIME | FACT_LIMIT_MEMORY | FACT_LIMIT_TEXT, ANY, 0.3},
    {"attachment_broken", FACT_BROKEN | FACT_SIZE_LIES, ANY, 0.3},
    {"attachment_unopened", FACT_UNOPENED, ANY, 0},
    {"attachment_unscanned", FACT_UNSCANNED, ANY, 0},
    /* clang-format on */
};

/* Where the content does not tell, the name does. */
static int
class_of(const struct enclosure *e)
{
    const struct attachment_type *type =
        e->is != NULL ? e->is : attachment_type_named(e->path);

    return type == NULL ? CLASS_OTHER : (int)type->class;
}

static bool
has_row(const struct enclosure *e, size_t row)
{
    int class = class_of(e);
    uint32_t facts = e->facts;

    if (class == CLASS_IMAGE || class == CLASS_MEDIA) {
        facts &= ~FACT_BROKEN; /* pictures are cut short every day */
    }
    return (rows[row].class == ANY || rows[row].class == class) &&
           (rows[row].facts == 0 || (facts & rows[row].facts) != 0);
}

/* What a double click runs and no other row names; an archive has the fact of what is in it, and is not itself one. */
static bool
is_program(const struct enclosure *e)
{
    int class = class_of(e);

    return (e->facts & FACT_RUNS) != 0 && class != CLASS_SHORTCUT && class != CLASS_DISK &&
           class != CLASS_NOTE &&
           (class != CLASS_ARCHIVE || (e->facts & FACT_ENCRYPTED) != 0);
}

static void
facts_put(struct findings *f, const struct enclosures *all)
{
    for (size_t i = 0; i < all->count; i++) {
        if (all->list[i].virus.size > 0) {
            findings_put(f, "attachment_virus", FAMILY_ATTACHMENTS, VIRUS_WEIGHT,
                         all->list[i].virus);
            break;
        }
    }
    for (size_t i = 0; i < all->count; i++) {
        if (is_program(&all->list[i])) {
            findings_put(f, "attachment_program", FAMILY_ATTACHMENTS, 3.0,
                         all->list[i].path);
            break;
        }
    }
    for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
        const struct enclosure *best = NULL;
        for (size_t i = 0; i < all->count; i++) {
            /* The deepest: the archive around a file has its facts too. */
            if (has_row(&all->list[i], row) &&
                (best == NULL || all->list[i].depth > best->depth)) {
                best = &all->list[i];
            }
        }
        if (best != NULL) {
            findings_put(f, rows[row].name, FAMILY_ATTACHMENTS, rows[row].weight,
                         best->path.size > 0 || best->is == NULL
                             ? best->path
                             : bytes_from_text(best->is->name));
        }
    }
}

static bool
is_number_host(struct bytes host)
{
    for (size_t i = 0; i < host.size; i++) {
        if (!ascii_digit(host.at[i]) && host.at[i] != '.') {
            return host.at[0] == '[';
        }
    }
    return host.size > 0;
}

static void
links_put(struct findings *f, const struct enclosures *all)
{
    static const struct {
        const char *name;
        double weight;
    } places[ENCLOSED_LINK_COUNT] = {[ENCLOSED_LINK_PDF] = {"attachment_pdf_link", 0.1},
                                     [ENCLOSED_LINK_OFFICE] = {"attachment_office_link", 0},
                                     [ENCLOSED_LINK_QR] = {"attachment_qr_link", 0.7},
                                     [ENCLOSED_LINK_TEXT] = {"attachment_text_link", 0}};
    bool told[ENCLOSED_LINK_COUNT] = {false}, address = false;

    for (size_t i = 0; i < all->link_count; i++) {
        enum enclosed_link place = all->link_places[i];
        const struct link *link = &all->links[i];
        if (!told[place]) {
            findings_put(f, places[place].name, FAMILY_ATTACHMENTS, places[place].weight,
                         link->host.size > 0 ? link->host : link->written);
            told[place] = true;
        }
        if (!address && is_number_host(link->host)) {
            findings_put(f, "attachment_link_to_address", FAMILY_ATTACHMENTS, 1.0,
                         link->host);
            address = true;
        }
    }
}

void
findings_of_enclosures(struct findings *f, const struct letter *letter)
{
    facts_put(f, letter->enclosures);
    if (findings_share(f->permit, FAMILY_LINKS)) {
        links_put(f, letter->enclosures);
    }
}
