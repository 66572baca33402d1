#include "parse/html_names_private.h"
#include "parse/html_tokens.h"
#include "parse/html_view_private.h"

#define BLOCK (HTML_SHAPE_BLOCK | HTML_SHAPE_CLOSES_P)
#define VOID  HTML_SHAPE_VOID
#define SKIP  (HTML_SHAPE_SKIPPED | HTML_SHAPE_RAW)

const struct html_element html_elements[] = {
    {"", 0, HTML_WHAT_OTHER},
    {"a", 0, HTML_WHAT_A},
    {"address", BLOCK, 0},
    {"area", VOID, HTML_WHAT_AREA},
    {"article", BLOCK, 0},
    {"aside", BLOCK, 0},
    {"audio", HTML_SHAPE_HIDDEN, HTML_WHAT_OBJECT},
    {"base", VOID, HTML_WHAT_BASE},
    {"basefont", VOID, 0},
    {"bdo", 0, HTML_WHAT_BDO},
    {"bgsound", VOID, 0},
    {"blockquote", BLOCK, 0},
    {"body", BLOCK, HTML_WHAT_BODY},
    {"br", VOID, HTML_WHAT_BR},
    {"button", HTML_SHAPE_CELL, HTML_WHAT_BUTTON},
    {"caption", HTML_SHAPE_BLOCK, 0},
    {"center", BLOCK, 0},
    {"col", VOID, 0},
    {"dd", BLOCK | HTML_SHAPE_CLOSES_SAME, 0},
    {"details", BLOCK, 0},
    {"dialog", BLOCK, 0},
    {"dir", BLOCK | HTML_SHAPE_BARRIER, 0},
    {"div", BLOCK, 0},
    {"dl", BLOCK | HTML_SHAPE_BARRIER, 0},
    {"dt", BLOCK | HTML_SHAPE_CLOSES_SAME, 0},
    {"embed", VOID, HTML_WHAT_OBJECT},
    {"fieldset", BLOCK, 0},
    {"figcaption", BLOCK, 0},
    {"figure", BLOCK, 0},
    {"font", 0, HTML_WHAT_FONT},
    {"footer", BLOCK, 0},
    {"form", BLOCK, HTML_WHAT_FORM},
    {"frame", VOID, HTML_WHAT_FRAME},
    {"h1", BLOCK, 0},
    {"h2", BLOCK, 0},
    {"h3", BLOCK, 0},
    {"h4", BLOCK, 0},
    {"h5", BLOCK, 0},
    {"h6", BLOCK, 0},
    {"head", 0, 0},
    {"header", BLOCK, 0},
    {"hr", BLOCK | VOID, 0},
    {"html", 0, 0},
    {"iframe", HTML_SHAPE_RAW | HTML_SHAPE_HIDDEN, HTML_WHAT_FRAME},
    {"img", VOID, HTML_WHAT_IMG},
    {"input", VOID, HTML_WHAT_INPUT},
    {"keygen", VOID, 0},
    {"legend", HTML_SHAPE_BLOCK, 0},
    {"li", BLOCK | HTML_SHAPE_CLOSES_SAME, 0},
    {"link", VOID, HTML_WHAT_LINK},
    {"listing", BLOCK | HTML_SHAPE_PRE, 0},
    {"main", BLOCK, 0},
    {"menu", BLOCK | HTML_SHAPE_BARRIER, 0},
    {"meta", VOID, HTML_WHAT_META},
    {"nav", BLOCK, 0},
    {"noembed", HTML_SHAPE_RAW | HTML_SHAPE_HIDDEN, 0},
    {"noframes", HTML_SHAPE_RAW | HTML_SHAPE_HIDDEN, 0},
    {"object", 0, HTML_WHAT_OBJECT},
    {"ol", BLOCK | HTML_SHAPE_BARRIER, 0},
    {"optgroup", HTML_SHAPE_BLOCK, 0},
    {"option", HTML_SHAPE_BLOCK | HTML_SHAPE_CLOSES_SAME, 0},
    {"p", BLOCK, HTML_WHAT_P},
    {"param", VOID, 0},
    {"plaintext", BLOCK | HTML_SHAPE_PRE, HTML_WHAT_PLAINTEXT},
    {"pre", BLOCK | HTML_SHAPE_PRE, 0},
    {"rb", HTML_SHAPE_RUBY, 0},
    {"rp", HTML_SHAPE_RUBY | HTML_SHAPE_HIDDEN, 0},
    {"rt", HTML_SHAPE_RUBY | HTML_SHAPE_READING, HTML_WHAT_READING},
    {"rtc", HTML_SHAPE_RUBY | HTML_SHAPE_READING, HTML_WHAT_READING},
    {"ruby", HTML_SHAPE_BARRIER, 0},
    {"script", SKIP, HTML_WHAT_SCRIPT},
    {"search", BLOCK, 0},
    {"section", BLOCK, 0},
    {"select", HTML_SHAPE_BLOCK | HTML_SHAPE_BARRIER, 0},
    {"source", VOID, 0},
    {"style", SKIP, HTML_WHAT_STYLE},
    {"summary", BLOCK, 0},
    {"table", BLOCK | HTML_SHAPE_BARRIER, HTML_WHAT_TABLE},
    {"tbody", HTML_SHAPE_BLOCK | HTML_SHAPE_CLOSES_SAME, 0},
    {"td", HTML_SHAPE_CELL | HTML_SHAPE_CLOSES_SAME, 0},
    {"template", HTML_SHAPE_HIDDEN, 0},
    {"textarea", HTML_SHAPE_BLOCK | HTML_SHAPE_RAW | HTML_SHAPE_RCDATA, 0},
    {"tfoot", HTML_SHAPE_BLOCK | HTML_SHAPE_CLOSES_SAME, 0},
    {"th", HTML_SHAPE_CELL | HTML_SHAPE_CLOSES_SAME, 0},
    {"thead", HTML_SHAPE_BLOCK | HTML_SHAPE_CLOSES_SAME, 0},
    {"title", HTML_SHAPE_RAW | HTML_SHAPE_RCDATA | HTML_SHAPE_HIDDEN, HTML_WHAT_TITLE},
    {"tr", HTML_SHAPE_BLOCK | HTML_SHAPE_CLOSES_SAME, 0},
    {"track", VOID, 0},
    {"ul", BLOCK | HTML_SHAPE_BARRIER, 0},
    {"video", HTML_SHAPE_HIDDEN, HTML_WHAT_OBJECT},
    {"wbr", VOID, 0},
    {"xmp", BLOCK | HTML_SHAPE_RAW | HTML_SHAPE_PRE, 0},
};

#define ELEMENT_COUNT (sizeof html_elements / sizeof *html_elements)

/* Both tables are made once per process. */
struct html_names html_element_names, html_attribute_names;
bool html_names_made;

const uint64_t html_name_masks[9] = {
    0x20, /* of no bytes: the key of no name */
    0xff,           0xffff,           0xffffff,   0xffffffff, 0xffffffff | 0xffull << 32,
    0xffffffffffff, 0xffffffffffffff, UINT64_MAX,
};

static const char *const attributes[] = {
    [HTML_ATTRIBUTE_ACTION] = "action",
    [HTML_ATTRIBUTE_ALT] = "alt",
    [HTML_ATTRIBUTE_BACKGROUND] = "background",
    [HTML_ATTRIBUTE_BGCOLOR] = "bgcolor",
    [HTML_ATTRIBUTE_CLASS] = "class",
    [HTML_ATTRIBUTE_COLOR] = "color",
    [HTML_ATTRIBUTE_CONTENT] = "content",
    [HTML_ATTRIBUTE_DATA] = "data",
    [HTML_ATTRIBUTE_DIR] = "dir",
    [HTML_ATTRIBUTE_FORMACTION] = "formaction",
    [HTML_ATTRIBUTE_HEIGHT] = "height",
    [HTML_ATTRIBUTE_HIDDEN] = "hidden",
    [HTML_ATTRIBUTE_HREF] = "href",
    [HTML_ATTRIBUTE_HTTP_EQUIV] = "http-equiv",
    [HTML_ATTRIBUTE_ID] = "id",
    [HTML_ATTRIBUTE_PLACEHOLDER] = "placeholder",
    [HTML_ATTRIBUTE_SRC] = "src",
    [HTML_ATTRIBUTE_STYLE] = "style",
    [HTML_ATTRIBUTE_TEXT] = "text",
    [HTML_ATTRIBUTE_TITLE] = "title",
    [HTML_ATTRIBUTE_TYPE] = "type",
    [HTML_ATTRIBUTE_VALUE] = "value",
    [HTML_ATTRIBUTE_WIDTH] = "width",
};

/* Nobody asks for these, but they are usual: a name that is found in the table needs no second look. */
static const char *const other_attributes[] = {
    "align",   "alink", "border", "cellpadding", "cellspacing", "colspan", "face",
    "hspace",  "lang",  "link",   "name",        "nowrap",      "rel",     "role",
    "rowspan", "size",  "target", "valign",      "vlink",       "vspace",
};

__attribute__((noinline, cold)) void
html_names_make_now(void)
{
    _Static_assert(ELEMENT_COUNT < UINT8_MAX, "an index is one byte");
    for (size_t i = 1; i < ELEMENT_COUNT; i++) {
        html_names_put(&html_element_names, bytes_from_text(html_elements[i].name),
                       (uint8_t)i);
    }
    for (size_t i = HTML_ATTRIBUTE_OTHER + 1; i < HTML_ATTRIBUTE_COUNT; i++) {
        html_names_put(&html_attribute_names, bytes_from_text(attributes[i]), (uint8_t)i);
    }
    for (size_t i = 0; i < sizeof other_attributes / sizeof *other_attributes; i++) {
        html_names_put(&html_attribute_names, bytes_from_text(other_attributes[i]),
                       HTML_ATTRIBUTE_OTHER);
    }
    html_names_made = true;
}

const struct html_element *
html_element_of(struct bytes name)
{
    html_names_make();
    return &html_elements[html_names_get(&html_element_names, name, html_name_key(name))];
}
