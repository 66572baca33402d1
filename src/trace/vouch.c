#include "trace/vouch.h"

#include "parse/domain.h"
#include "parse/header.h"

static bool
is_word(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.at[i];
        if (!ascii_letter(c) && !ascii_digit(c) && c != '-' && c != '_') {
            return false;
        }
    }
    return text.size > 0;
}

/* "certifier.example:other.example"; those past the bound are not looked at. */
static void
read_vouchers(struct bytes value, struct vbr_info *info)
{
    struct bytes piece;

    while (info->voucher_count < LIMIT_VBR_VOUCHERS && bytes_split(&value, ':', &piece)) {
        piece = bytes_trim(piece);
        if (piece.size > 0 && piece.at[piece.size - 1] == '.') {
            piece.size--;
        }
        if (piece.size > 0) {
            info->vouchers[info->voucher_count++] = piece;
        }
    }
}

bool
vbr_info_read(struct arena *arena, struct bytes value, struct vbr_info *info_r)
{
    struct bytes rest = header_unfold(arena, value), tag;
    bool has_domain = false, has_content = false, has_vouchers = false;

    *info_r = (struct vbr_info){.content = BYTES("all")};
    while (bytes_split(&rest, ';', &tag)) {
        tag = bytes_trim(tag);
        size_t equals = bytes_find_byte(tag, '=', 0);
        if (tag.size == 0) {
            continue; /* behind the last semicolon */
        }
        if (equals == BYTES_NOWHERE) {
            return false;
        }
        struct bytes name = bytes_trim(bytes_slice(tag, 0, equals)),
                     content = bytes_trim(bytes_from(tag, equals + 1));
        bool *seen = bytes_is_fold(name, "md")   ? &has_domain
                     : bytes_is_fold(name, "mc") ? &has_content
                     : bytes_is_fold(name, "mv") ? &has_vouchers
                                                 : NULL;
        if (seen == NULL) {
            continue; /* tags of later */
        }
        if (*seen) {
            return false;
        }
        *seen = true;
        if (seen == &has_domain) {
            info_r->domain = content;
        } else if (seen == &has_content) {
            info_r->content = content;
        } else {
            read_vouchers(content, info_r);
        }
    }
    if (info_r->domain.size > 0 && info_r->domain.at[info_r->domain.size - 1] == '.') {
        info_r->domain.size--;
    }
    return info_r->domain.size > 0 && info_r->voucher_count > 0 && is_word(info_r->content);
}

bool
vbr_record_vouches(struct bytes record, struct bytes content)
{
    bool vouches = false;
    struct bytes word;

    while (bytes_split(&record, ' ', &word)) {
        word = bytes_trim(word);
        if (word.size == 0) {
            continue;
        }
        if (!is_word(word)) {
            return false; /* not a record of this kind: a wildcard of something else */
        }
        vouches |= bytes_is_fold(word, "all") || bytes_equal_fold(word, content);
    }
    return vouches;
}

enum sk_code
vouch_settings_new(struct arena *arena, const struct config *config,
                   struct vouch_settings *settings_r, struct why *why)
{
    const struct bytes *believe =
        config_list(config, "vouch.believe", &settings_r->believe_count);
    struct bytes *domains = ARENA_NEW_MANY(arena, settings_r->believe_count, struct bytes);

    for (size_t i = 0; i < settings_r->believe_count; i++) {
        if (!domain_to_ascii(arena, believe[i], &domains[i]) || domains[i].size == 0) {
            return why_set_line(why, SK_CONFIG, config_line(config, "vouch.believe"),
                                "vouch.believe: %.60s is no domain",
                                bytes_text(arena, believe[i]));
        }
        domains[i] = bytes_lower(arena, domains[i]);
        if (domains[i].at[domains[i].size - 1] == '.') {
            domains[i].size--;
        }
    }
    settings_r->believe = domains;
    return SK_OK;
}

/* RFC 5518 section 3: the domain is one that the message proved. */
static bool
is_proved(struct arena *arena, const struct origin *origin, struct bytes domain)
{
    struct bytes other;

    for (size_t i = 0; i < origin->dkim_count; i++) {
        if (origin->dkim[i].result == AUTH_PASS &&
            domain_to_ascii(arena, origin->dkim[i].domain, &other) &&
            bytes_equal_fold(other, domain)) {
            return true;
        }
    }
    return origin->spf.result == AUTH_PASS && !origin->spf.helo_identity &&
           bytes_equal_fold(origin->spf.domain, domain);
}

static bool
is_believed(const struct vouch_settings *settings, struct bytes voucher)
{
    for (size_t i = 0; i < settings->believe_count; i++) {
        if (bytes_equal_fold(settings->believe[i], voucher)) {
            return true;
        }
    }
    return false;
}

static enum sk_code
ask_voucher(struct arena *arena, struct dns_memo *memo, struct bytes domain,
            struct bytes voucher, struct bytes content, bool *vouches_r)
{
    struct writer w;

    writer_init(&w, arena);
    writer_bytes(&w, domain);
    writer_text(&w, "._vouch.");
    writer_bytes(&w, voucher);
    const struct dns_answer *a = dns_memo_ask(memo, writer_view(&w), DNS_TXT);
    if (a == NULL) {
        return SK_MORE;
    }
    for (size_t i = 0; a->status == DNS_FOUND && i < a->record_count; i++) {
        *vouches_r |= vbr_record_vouches(a->records[i].data, content);
    }
    return SK_OK;
}

enum sk_code
vouch_check(struct arena *arena, struct dns_memo *memo,
            const struct vouch_settings *settings, const struct letter *letter,
            struct origin *origin)
{
    const struct field *field;
    size_t at = 0, fields = 0;
    bool more = false;

    if (settings == NULL || settings->believe_count == 0) {
        return SK_OK;
    }
    while (origin->vouched_by.size == 0 && fields++ < LIMIT_VBR_FIELDS &&
           (field = header_find(&letter->header, BYTES("VBR-Info"), &at)) != NULL) {
        struct vbr_info info;
        struct bytes domain;
        if (!vbr_info_read(arena, field->value, &info) ||
            !domain_to_ascii(arena, info.domain, &domain) ||
            !is_proved(arena, origin, domain)) {
            continue;
        }
        for (size_t i = 0; i < info.voucher_count; i++) {
            struct bytes voucher = bytes_lower(arena, info.vouchers[i]);
            bool vouches = false;
            if (!is_believed(settings, voucher)) {
                continue;
            }
            more |= ask_voucher(arena, memo, domain, voucher, info.content, &vouches) ==
                    SK_MORE;
            if (vouches &&
                !more) { /* the first that is named counts, whoever answers first */
                origin->vouched_by = voucher;
                origin_note(arena, origin, "vouched", voucher);
                break;
            }
        }
    }
    return more ? SK_MORE : SK_OK;
}
