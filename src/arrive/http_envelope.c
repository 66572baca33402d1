/* Who sent the message and to whom, as the fields and arguments of a scan request tell it. */
#include "arrive/http_scan.h"
#include "base/limits.h"

#define VALUE_MAX 2000 /* bytes of a field that is taken over */

static bool
has_controls(struct bytes b)
{
    for (size_t i = 0; i < b.size; i++) {
        if (b.at[i] < 0x20 || b.at[i] == 0x7f) {
            return true;
        }
    }
    return false;
}

static bool
is_clean(struct bytes b)
{
    return b.size <= VALUE_MAX && !has_controls(b);
}

static struct bytes
without_brackets(struct bytes b)
{
    b = bytes_trim(b);
    return b.size >= 2 && b.at[0] == '<' && b.at[b.size - 1] == '>'
               ? bytes_slice(b, 1, b.size - 1)
               : b;
}

/* The next of a comma list; commas inside quotes belong to the address. */
static bool
next_address(struct bytes *rest, struct bytes *address_r)
{
    bool quoted = false;
    size_t i = 0;

    if (rest->size == 0) {
        return false;
    }
    for (; i < rest->size && (quoted || rest->at[i] != ','); i++) {
        if (rest->at[i] == '"') {
            quoted = !quoted;
        } else if (rest->at[i] == '\\' && quoted) {
            i++;
        }
    }
    *address_r = without_brackets(bytes_slice(*rest, 0, i));
    *rest = bytes_from(*rest, i + 1);
    return true;
}

static enum sk_code
add_recipients(struct arena *arena, struct arrival *a, struct bytes value, struct why *why)
{
    struct bytes address;

    while (next_address(&value, &address)) {
        if (address.size == 0) {
            continue;
        }
        if (a->recipient_count == LIMIT_SMTP_RECIPIENTS) {
            return why_set(why, SK_BAD, "more than %d recipients", LIMIT_SMTP_RECIPIENTS);
        }
        if (address.size > LIMIT_ADDRESS) {
            return why_set(why, SK_BAD, "a recipient of more than %d bytes", LIMIT_ADDRESS);
        }
        size_t n = a->recipient_count;
        if (n == 0 || (n >= 8 && (n & (n - 1)) == 0)) {
            size_t room = n == 0 ? 8 : n * 2;
            a->recipients = arena_grow(arena, a->recipients, n * sizeof *a->recipients,
                                       room * sizeof *a->recipients);
        }
        a->recipients[a->recipient_count++] =
            (struct arrival_recipient){.address = address};
    }
    return SK_OK;
}

static enum sk_code
take_field(struct arena *arena, struct arrival *a, struct bytes name, struct bytes value,
           struct why *why)
{
    static const char *const forbidden[] = {"File", "Path", "Shm", "Shm-Offset",
                                            "Shm-Length"};

    for (size_t i = 0; i < sizeof forbidden / sizeof *forbidden; i++) {
        if (bytes_is_fold(name, forbidden[i])) {
            return why_set(why, SK_BAD, "%s is not supported: send the message as the body",
                           forbidden[i]);
        }
    }
    if (bytes_is_fold(name, "Rcpt")) {
        return has_controls(value) ? why_set(why, SK_BAD, "control bytes in Rcpt")
                                   : add_recipients(arena, a, value, why);
    }
    const struct {
        const char *name;
        struct bytes *place;
    } rows[] = {
        {"Helo", &a->helo},
        {"Hostname", &a->client_name},
        {"User", &a->user},
        {"Queue-Id", &a->queue_id},
        {"TLS-Version", &a->tls_version},
        {"TLS-Cipher", &a->tls_cipher},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (bytes_is_fold(name, rows[i].name)) {
            if (!is_clean(value)) {
                return why_set(why, SK_BAD, "%s is too long or holds control bytes",
                               rows[i].name);
            }
            *rows[i].place = bytes_is_fold(value, "unknown") ? BYTES_NONE : value;
            return SK_OK;
        }
    }
    if (bytes_is_fold(name, "IP")) {
        return net_address_read(value, &a->client) || value.size == 0 ||
                       bytes_is_fold(value, "unknown")
                   ? SK_OK
                   : why_set(why, SK_BAD, "IP is no address");
    }
    if (bytes_is_fold(name, "From")) {
        a->mail_from = without_brackets(value);
        return is_clean(value) && a->mail_from.size <= LIMIT_ADDRESS
                   ? SK_OK
                   : why_set(why, SK_BAD, "From is no address");
    }
    return SK_OK;
}

enum sk_code
http_scan_envelope(struct arena *arena, const struct http_request *request,
                   struct arrival *a, struct why *why)
{
    struct bytes query = request->query, argument, name, value;

    for (size_t i = 0; i < request->field_count; i++) {
        enum sk_code code =
            take_field(arena, a, request->fields[i].name, request->fields[i].value, why);
        if (code != SK_OK) {
            return code;
        }
    }
    while (bytes_split(&query, '&', &argument)) {
        size_t equals = bytes_find_byte(argument, '=', 0);
        if (!http_decode_percent(arena, bytes_slice(argument, 0, equals), &name) ||
            !http_decode_percent(arena,
                                 equals == BYTES_NOWHERE ? BYTES_NONE
                                                         : bytes_from(argument, equals + 1),
                                 &value)) {
            return why_set(why, SK_BAD,
                           "an argument holds a %% without two hexadecimal digits");
        }
        enum sk_code code = take_field(arena, a, name, value, why);
        if (code != SK_OK) {
            return code;
        }
    }
    if (a->recipient_count == 0) {
        return add_recipients(arena, a, http_request_field(request, "Deliver-To"), why);
    }
    return SK_OK;
}
