#include "judge/findings_private.h"

#include <string.h>

#include "base/tap.h"
#include "parse/enclosure.h"

static struct arena arena;

static const struct finding *
find(const struct findings *f, const char *name)
{
    for (size_t i = 0; i < f->count; i++) {
        if (strcmp(f->list[i].name, name) == 0) {
            return &f->list[i];
        }
    }
    return NULL;
}

static struct findings
told(const struct permit *permit, const struct enclosures *all)
{
    const struct letter letter = {.enclosures = all};
    struct findings f;

    findings_init(&f, &arena, permit);
    findings_of_enclosures(&f, &letter);
    return f;
}

static struct findings
told_of(const char *type, uint32_t facts)
{
    struct enclosure one = {.path = BYTES("a.bin"),
                            .is = attachment_type_find(bytes_from_text(type)),
                            .facts = facts};
    const struct enclosures all = {.list = &one, .count = 1};

    return told(permit_for_tool(&arena, FAMILY_ALL), &all);
}

static void
test_rows(void)
{
    static const struct {
        const char *type;
        uint32_t facts;
        const char *only; /* the one finding; NULL: none */
    } rows[] = {
        {"pdf", 0, NULL},
        {"zip", 0, NULL},
        {"none", 0, NULL},
        {"exe", FACT_RUNS, "attachment_program"},
        {"none", FACT_RUNS, "attachment_program"},
        {"zip", FACT_RUNS, NULL}, /* the file in it is told of */
        {"lnk", FACT_RUNS, "attachment_shortcut"},
        {"iso", FACT_RUNS, "attachment_disk"},
        {"one", FACT_RUNS, "attachment_onenote"},
        {"pdf", FACT_DOUBLED, "attachment_double_extension"},
        {"pdf", FACT_BIDI, "attachment_bidi_name"},
        {"zip", FACT_TYPE_LIES, "attachment_type_lies"},
        {"zip", FACT_BAD_PATH, "attachment_bad_path"},
        {"docx", FACT_MACRO, "attachment_macro"},
        {"docx", FACT_REMOTE_TEMPLATE, "attachment_remote_template"},
        {"zip", FACT_ENCRYPTED, "attachment_encrypted"},
        {"zip", FACT_PASSWORD_FITS, "attachment_password_told"},
        {"zip", FACT_LIMIT_RATIO, "attachment_bomb"},
        {"zip", FACT_LIMIT_DEPTH, "attachment_bomb"},
        {"zip", FACT_LIMIT_ENTRIES, "attachment_limit"},
        {"pdf", FACT_LIMIT_TIME, "attachment_limit"},
        {"pdf", FACT_LIMIT_MEMORY, "attachment_limit"},
        {"zip", FACT_BROKEN, "attachment_broken"},
        {"png", FACT_BROKEN, NULL},
        {"zip", FACT_UNOPENED, "attachment_unopened"},
        {"pdf", FACT_SCRIPT, "attachment_document_script"},
        {"html", 0, "attachment_page"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct findings f = told_of(rows[i].type, rows[i].facts);
        tap_ok(rows[i].only == NULL
                   ? f.count == 0
                   : f.count == 1 && strcmp(f.list[0].name, rows[i].only) == 0 &&
                         f.list[0].family == FAMILY_ATTACHMENTS &&
                         bytes_is(f.list[0].detail, "a.bin"),
               "%s with %x: %s", rows[i].type, rows[i].facts,
               rows[i].only ? rows[i].only : "nothing");
    }
    struct findings f = told_of("html", FACT_SCRIPT | FACT_PASSWORD_FIELD);
    tap_ok(f.count == 3 && find(&f, "attachment_page_script") != NULL &&
               find(&f, "attachment_password_form") != NULL,
           "a page that asks for a password");
}

static void
test_depth(void)
{
    struct enclosure list[] = {{.path = BYTES("a.zip"),
                                .is = attachment_type_find(BYTES("zip")),
                                .facts = FACT_RUNS},
                               {.path = BYTES("a.zip > b.exe"),
                                .is = attachment_type_find(BYTES("exe")),
                                .facts = FACT_RUNS | FACT_TYPE_LIES,
                                .depth = 1}};
    const struct enclosures all = {.list = list, .count = 2};
    struct findings f = told(permit_for_tool(&arena, FAMILY_ALL), &all);

    list[0].facts |= FACT_TYPE_LIES;
    f = told(permit_for_tool(&arena, FAMILY_ALL), &all);
    tap_ok(f.count == 2 &&
               bytes_is(find(&f, "attachment_program")->detail, "a.zip > b.exe") &&
               bytes_is(find(&f, "attachment_type_lies")->detail, "a.zip > b.exe"),
           "it is told of the file, and not of the archive around it");
}

static void
test_named(void)
{
    struct enclosure one = {.path = BYTES("a.zip > b.url"), .facts = FACT_RUNS};
    const struct enclosures all = {.list = &one, .count = 1};
    struct findings f = told(permit_for_tool(&arena, FAMILY_ALL), &all);

    tap_ok(f.count == 1 && find(&f, "attachment_shortcut") != NULL,
           "where its bytes do not tell what it is, its name does");
}

static void
test_links(void)
{
    struct link links[] = {{.host = BYTES("example.com")}, {.host = BYTES("192.0.2.1")}};
    enum enclosed_link places[] = {ENCLOSED_LINK_QR, ENCLOSED_LINK_PDF};
    const struct enclosures all = {.links = links, .link_places = places, .link_count = 2};
    struct findings f = told(permit_for_tool(&arena, FAMILY_ALL), &all);

    tap_ok(f.count == 3 && find(&f, "attachment_qr_link") != NULL &&
               find(&f, "attachment_pdf_link") != NULL &&
               bytes_is(find(&f, "attachment_link_to_address")->detail, "192.0.2.1"),
           "links of a code and of a PDF");
    f = told(permit_for_tool(&arena, FAMILY_BIT(FAMILY_ATTACHMENTS)), &all);
    tap_ok(f.count == 0, "where nobody allows links, they are not told");
}

/* Two recipients: what one of them does not allow is not read out of an attachment that both allow. */
static void
test_share(void)
{
    struct permit_recipient to[2] = {{.families = FAMILY_ALL}, {.families = FAMILY_ALL}};
    struct permit permit = {
        .recipients = to, .recipient_count = 2, .union_families = FAMILY_ALL};

    tap_ok(findings_share(&permit, FAMILY_CONTENT), "both allow all");
    to[1].families = FAMILY_BIT(FAMILY_ATTACHMENTS);
    tap_ok(!findings_share(&permit, FAMILY_CONTENT), "one allows attachments alone");
    to[1].families = FAMILY_BIT(FAMILY_CONTENT);
    tap_ok(findings_share(&permit, FAMILY_CONTENT),
           "one allows no attachments: they are read for the other");
    to[0].families = FAMILY_BIT(FAMILY_CONTENT);
    permit.union_families = FAMILY_BIT(FAMILY_CONTENT);
    tap_ok(!findings_share(&permit, FAMILY_CONTENT), "nobody allows attachments");
}

int
main(void)
{
    arena_init(&arena, 16u << 20);
    test_rows();
    test_depth();
    test_named();
    test_links();
    test_share();
    arena_release(&arena);
    return tap_done();
}
