/* A report as XML, in the order of the tables of RFC 9990 section 3.1 where its schema leaves it open. */
#include "report/dmarc_report.h"

#include "base/utf8.h"
#include "base/writer.h"

#define NAMESPACE "urn:ietf:params:xml:ns:dmarc-2.0"

/* Characters of XML 1.0 (section 2.2). */
static bool
is_character(uint32_t c)
{
    return c == '\t' || c == '\n' || c == '\r' || (c >= ' ' && c != 0xfffe && c != 0xffff);
}

/* Hostile bytes as character data: nothing in it can be markup. */
static void
write_text(struct writer *w, struct bytes text)
{
    for (size_t at = 0; at < text.size;) {
        uint32_t c;
        size_t size = utf8_get(text, at, &c);
        at += size > 0 ? size : 1;
        c = size > 0 && is_character(c) ? c : UTF8_REPLACEMENT;
        if (c == '&') {
            writer_text(w, "&amp;");
        } else if (c == '<') {
            writer_text(w, "&lt;");
        } else if (c == '>') {
            writer_text(w, "&gt;");
        } else if (c == '\r') {
            writer_text(w, "&#13;");
        } else {
            writer_code_point(w, c);
        }
    }
}

static void
indent(struct writer *w, unsigned depth)
{
    while (depth-- > 0) {
        writer_text(w, "  ");
    }
}

/* An element that must be there. */
static void
put(struct writer *w, unsigned depth, const char *name, struct bytes text)
{
    indent(w, depth);
    writer_format(w, "<%s>", name);
    write_text(w, text);
    writer_format(w, "</%s>\n", name);
}

static void
put_some(struct writer *w, unsigned depth, const char *name, struct bytes text)
{
    if (text.size > 0) {
        put(w, depth, name, text);
    }
}

static void
put_number(struct writer *w, unsigned depth, const char *name, uint64_t number)
{
    indent(w, depth);
    writer_format(w, "<%s>%llu</%s>\n", name, (unsigned long long)number, name);
}

static void
open_element(struct writer *w, unsigned depth, const char *name)
{
    indent(w, depth);
    writer_format(w, "<%s>\n", name);
}

static void
close_element(struct writer *w, unsigned depth, const char *name)
{
    indent(w, depth);
    writer_format(w, "</%s>\n", name);
}

static void
write_metadata(struct writer *w, const struct dmarc_report *report)
{
    struct writer errors;

    open_element(w, 1, "report_metadata");
    put(w, 2, "org_name", report->org_name);
    put(w, 2, "email", report->email);
    put_some(w, 2, "extra_contact_info", report->extra_contact_info);
    put(w, 2, "report_id", report->report_id);
    open_element(w, 2, "date_range");
    put_number(w, 3, "begin", report->begin);
    put_number(w, 3, "end", report->end);
    close_element(w, 2, "date_range");
    writer_init(&errors, w->arena); /* the schema wants one */
    for (size_t i = 0; i < report->error_count; i++) {
        writer_text(&errors, i > 0 ? "; " : "");
        writer_bytes(&errors, report->errors[i]);
    }
    put_some(w, 2, "error", writer_view(&errors));
    put_some(w, 2, "generator", report->generator);
    close_element(w, 1, "report_metadata");
}

static void
write_published(struct writer *w, const struct dmarc_published *p)
{
    open_element(w, 1, "policy_published");
    put(w, 2, "domain", p->domain);
    put_some(w, 2, "discovery_method", p->discovery_method);
    put(w, 2, "p", p->p);
    put_some(w, 2, "sp", p->sp);
    put_some(w, 2, "np", p->np);
    put_some(w, 2, "fo", p->fo);
    put_some(w, 2, "adkim", p->adkim);
    put_some(w, 2, "aspf", p->aspf);
    put_some(w, 2, "testing", p->testing);
    close_element(w, 1, "policy_published");
}

static void
write_auth(struct writer *w, const char *name, const struct dmarc_auth *auth)
{
    open_element(w, 3, name);
    put(w, 4, "domain", auth->domain);
    if (bytes_is(bytes_from_text(name), "dkim")) {
        put(w, 4, "selector", auth->selector);
    }
    put_some(w, 4, "scope", auth->scope);
    put(w, 4, "result", auth->result);
    put_some(w, 4, "human_result", auth->human_result);
    close_element(w, 3, name);
}

static void
write_row(struct writer *w, const struct dmarc_row *row)
{
    open_element(w, 1, "record");
    open_element(w, 2, "row");
    put(w, 3, "source_ip", row->source_ip);
    put_number(w, 3, "count", row->count);
    open_element(w, 3, "policy_evaluated");
    put(w, 4, "disposition", row->disposition);
    put(w, 4, "dkim", row->dkim);
    put(w, 4, "spf", row->spf);
    for (size_t i = 0; i < row->reason_count; i++) {
        open_element(w, 4, "reason");
        put(w, 5, "type", row->reasons[i].type);
        put_some(w, 5, "comment", row->reasons[i].comment);
        close_element(w, 4, "reason");
    }
    close_element(w, 3, "policy_evaluated");
    close_element(w, 2, "row");
    open_element(w, 2, "identifiers");
    put(w, 3, "header_from", row->header_from);
    if (row->envelope_from.at != NULL) { /* RFC 9990 3.1.1.9: empty for the null sender */
        put(w, 3, "envelope_from", row->envelope_from);
    }
    put_some(w, 3, "envelope_to", row->envelope_to);
    close_element(w, 2, "identifiers");
    open_element(w, 2, "auth_results");
    for (size_t i = 0; i < row->dkim_count; i++) {
        write_auth(w, "dkim", &row->dkim_results[i]);
    }
    for (size_t i = 0; i < row->spf_count; i++) {
        write_auth(w, "spf", &row->spf_results[i]);
    }
    close_element(w, 2, "auth_results");
    close_element(w, 1, "record");
}

struct bytes
dmarc_report_write(struct arena *arena, const struct dmarc_report *report)
{
    struct writer w;

    writer_init(&w, arena);
    writer_text(&w, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                    "<feedback xmlns=\"" NAMESPACE "\">\n");
    put_some(&w, 1, "version", report->version);
    write_metadata(&w, report);
    write_published(&w, &report->published);
    for (size_t i = 0; i < report->row_count; i++) {
        write_row(&w, &report->rows[i]);
    }
    writer_text(&w, "</feedback>\n");
    return writer_view(&w);
}
