/* PDF, by poppler: text of its pages, where its links lead, what it starts by itself, and codes in its pictures. */
#define SK_BASE /* glib names what is banned here */
#include "open/look_private.h"

#include <poppler.h>

#define CODE_PAGES                                                                         \
    3 /* pages whose pictures are looked at for codes: a lure is on the first */
#define CODE_IMAGES 8

static uint32_t
action_look(struct look *l, const PopplerAction *action)
{
    if (action == NULL) {
        return 0;
    }
    switch (action->type) {
    case POPPLER_ACTION_URI:
        look_put_link(l, ENCLOSED_LINK_PDF, bytes_from_text(action->uri.uri));
        return 0;
    case POPPLER_ACTION_LAUNCH:
    case POPPLER_ACTION_JAVASCRIPT:
        return FACT_SCRIPT;
    case POPPLER_ACTION_GOTO_REMOTE:
        look_put_link(l, ENCLOSED_LINK_PDF, bytes_from_text(action->goto_remote.file_name));
        return 0;
    default:
        return 0;
    }
}

static uint32_t
page_links(struct look *l, PopplerPage *page)
{
    GList *links = poppler_page_get_link_mapping(page);
    uint32_t facts = 0;

    for (GList *at = links; at != NULL; at = at->next) {
        facts |= action_look(l, ((PopplerLinkMapping *)at->data)->action);
    }
    poppler_page_free_link_mapping(links);
    return facts;
}

/* cairo's pixels (ARGB32, RGB24: 32 bits; A8: 8) as gray; NULL: of another kind, or too large. */
static uint8_t *
surface_gray(struct look *l, cairo_surface_t *surface, int width, int height)
{
    cairo_format_t format = cairo_image_surface_get_format(surface);
    const uint8_t *data = cairo_image_surface_get_data(surface);
    int stride = cairo_image_surface_get_stride(surface);

    if (data == NULL || width <= 0 || height <= 0 ||
        (uint64_t)width * (uint64_t)height > LIMIT_IMAGE_PIXELS ||
        (format != CAIRO_FORMAT_ARGB32 && format != CAIRO_FORMAT_RGB24)) {
        return NULL;
    }
    uint8_t *gray = arena_take_bytes(l->arena, (size_t)width * (size_t)height);
    for (int y = 0; y < height; y++) {
        const uint8_t *row = data + (size_t)y * (size_t)stride;
        for (int x = 0; x < width; x++) {
            unsigned sum = (unsigned)row[4 * x] + 2u * row[4 * x + 1] + row[4 * x + 2];
            gray[(size_t)y * (size_t)width + (size_t)x] = (uint8_t)(sum / 4);
        }
    }
    return gray;
}

static void
page_codes(struct look *l, PopplerPage *page)
{
    GList *images = poppler_page_get_image_mapping(page);
    unsigned count = 0;

    for (GList *at = images; at != NULL && count < CODE_IMAGES && !look_late(l);
         at = at->next, count++) {
        int id = ((PopplerImageMapping *)at->data)->image_id;
        cairo_surface_t *surface = poppler_page_get_image(page, id);
        if (surface == NULL) {
            continue;
        }
        int width = cairo_image_surface_get_width(surface),
            height = cairo_image_surface_get_height(surface);
        uint8_t *gray = surface_gray(l, surface, width, height);
        if (gray != NULL) {
            look_codes(l, gray, (unsigned)width, (unsigned)height);
        }
        cairo_surface_destroy(surface);
    }
    poppler_page_free_image_mapping(images);
}

/* With each password that the message tells, after none. */
static PopplerDocument *
document_open(struct look *l, struct bytes content, uint32_t *facts)
{
    GBytes *bytes = g_bytes_new_static(content.at, content.size);
    PopplerDocument *document = NULL;

    for (size_t i = 0; i <= l->asked->password_count && document == NULL; i++) {
        const char *password =
            i == 0 ? NULL : bytes_text(l->arena, l->asked->passwords[i - 1]);
        GError *error = NULL;
        document = poppler_document_new_from_bytes(bytes, password, &error);
        bool locked = error != NULL && error->domain == POPPLER_ERROR &&
                      error->code == POPPLER_ERROR_ENCRYPTED;
        *facts |= locked ? FACT_ENCRYPTED : 0;
        *facts |= document != NULL && i > 0 ? FACT_PASSWORD_FITS : 0;
        if (error != NULL) {
            g_error_free(error);
        }
        if (document == NULL && !locked) {
            *facts |= FACT_BROKEN;
            break;
        }
    }
    g_bytes_unref(bytes);
    return document;
}

uint32_t
look_pdf(struct look *l, struct bytes content)
{
    uint32_t facts = 0;

    look_tell_so_far(l);
    PopplerDocument *document = document_open(l, content, &facts);
    if (document == NULL) {
        return facts;
    }
    facts |= poppler_document_has_javascript(document) ? FACT_SCRIPT : 0;
    int pages = poppler_document_get_n_pages(document);
    for (int i = 0; i < pages && facts < FACT_LIMIT_ENTRIES; i++) {
        PopplerPage *page =
            i < LIMIT_PDF_PAGES ? poppler_document_get_page(document, i) : NULL;
        if (i == LIMIT_PDF_PAGES) {
            facts |= FACT_LIMIT_ENTRIES;
        } else if (page == NULL) {
            facts |= FACT_BROKEN;
        } else {
            char *text = poppler_page_get_text(page);
            look_put_links_of(l, ENCLOSED_LINK_PDF,
                              bytes_slice(bytes_from_text(text), 0, LIMIT_OPENED_TEXT));
            facts |= look_put_text(l, bytes_from_text(text)) | page_links(l, page);
            g_free(text);
            g_object_unref(page);
        }
        facts |= look_late(l) ? FACT_LIMIT_TIME : 0;
    }
    look_tell_so_far(l);
    for (int i = 0; i < pages && i < CODE_PAGES && !look_late(l); i++) {
        PopplerPage *page = poppler_document_get_page(document, i);
        if (page != NULL) {
            page_codes(l, page);
            g_object_unref(page);
        }
    }
    g_object_unref(document);
    return facts;
}
