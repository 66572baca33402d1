/* dmarc-record = dmarc-version *(dmarc-sep dmarc-tag) [dmarc-sep] (RFC 9989 section 4.8). Syntax errors after the version
 * are passed over; of a tag given twice the first counts. */
#include "trace/dmarc.h"

static void
read_policy(struct bytes value, struct dmarc_tag_policy *tag)
{
    if (tag->given) {
        return;
    }
    tag->given = true;
    for (int policy = DMARC_POLICY_NONE; policy <= DMARC_POLICY_REJECT; policy++) {
        if (bytes_is_fold(value, dmarc_policy_name((enum dmarc_policy)policy))) {
            tag->valid = true;
            tag->policy = (enum dmarc_policy)policy;
        }
    }
}

/* At least one URI: a scheme, a colon, something behind it. */
static bool
has_uri(struct bytes list)
{
    struct bytes uri;

    while (bytes_split(&list, ',', &uri)) {
        uri = bytes_trim(uri);
        size_t at = 0;
        while (at < uri.size && (ascii_letter(uri.at[at]) ||
                                 (at > 0 && (ascii_digit(uri.at[at]) || uri.at[at] == '+' ||
                                             uri.at[at] == '-' || uri.at[at] == '.')))) {
            at++;
        }
        if (at == 0 || at + 1 >= uri.size || uri.at[at] != ':') {
            continue;
        }
        if (!bytes_is_fold(bytes_slice(uri, 0, at), "mailto") ||
            bytes_find_byte(uri, '@', at) != BYTES_NOWHERE) {
            return true;
        }
    }
    return false;
}

static void
take_first(struct bytes value, struct bytes *kept)
{
    if (kept->at == NULL) {
        *kept = value;
    }
}

/* One-letter values: the first tag with a known letter counts. */
static void
read_letter(struct bytes value, const char *letters, char *kept)
{
    uint8_t letter = value.size == 1 ? ascii_lower(value.at[0]) : '\0';

    if (*kept == '\0' && letter != '\0' && strchr(letters, letter) != NULL) {
        *kept = (char)letter;
    }
}

bool
dmarc_record_read(struct bytes text, struct dmarc_record *record_r)
{
    struct dmarc_record record = {.text = text};
    struct bytes rest = text, tag;
    char adkim = '\0', aspf = '\0', test = '\0';

    for (size_t n = 0; bytes_split(&rest, ';', &tag); n++) {
        size_t equals = bytes_find_byte(tag, '=', 0);
        struct bytes name = bytes_trim(bytes_slice(tag, 0, equals));
        struct bytes value =
            equals == BYTES_NOWHERE ? BYTES_NONE : bytes_trim(bytes_from(tag, equals + 1));
        if (n == 0) {
            if (!bytes_is_fold(name, "v") || !bytes_is(value, "DMARC1")) {
                return false;
            }
        } else if (equals == BYTES_NOWHERE) {
            continue;
        } else if (bytes_is_fold(name, "p")) {
            read_policy(value, &record.p);
        } else if (bytes_is_fold(name, "sp")) {
            read_policy(value, &record.sp);
        } else if (bytes_is_fold(name, "np")) {
            read_policy(value, &record.np);
        } else if (bytes_is_fold(name, "adkim")) {
            read_letter(value, "rs", &adkim);
        } else if (bytes_is_fold(name, "aspf")) {
            read_letter(value, "rs", &aspf);
        } else if (bytes_is_fold(name, "psd")) {
            read_letter(value, "ynu", &record.psd);
        } else if (bytes_is_fold(name, "t")) {
            read_letter(value, "yn", &test);
        } else if (bytes_is_fold(name, "fo")) {
            take_first(value, &record.fo);
        } else if (bytes_is_fold(name, "rua")) {
            take_first(value, &record.rua);
        } else if (bytes_is_fold(name, "ruf")) {
            take_first(value, &record.ruf);
        }
    }
    record.dkim_strict = adkim == 's';
    record.spf_strict = aspf == 's';
    record.test = test == 'y';
    record.psd = record.psd != '\0' ? record.psd : 'u';
    record.reportable = has_uri(record.rua);
    *record_r = record;
    return true;
}
