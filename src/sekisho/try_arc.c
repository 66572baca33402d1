/* `sekisho try` arc, arc-sign (RFC 8617): a chain looked at, and a set added to it. */
/* OpenSSL first: its headers name what base/banned.h forbids. */
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <jansson.h>

#include "base/limits.h"
#include "dns/resolver.h"
#include "parse/letter.h"
#include "sekisho/try.h"
#include "trace/arc.h"
#include "trace/arc_seal.h"

static struct bytes
text_of(const json_t *value)
{
    return bytes_of(json_string_value(value), json_string_length(value));
}

static void
put_signature(struct json *j, const char *key, const struct dkim_result *r)
{
    json_key(j, key);
    json_open(j, '{');
    json_put_text(j, "method", "arc");
    json_put_text(j, "result", auth_result_name(r->result));
    try_put_string(j, "reason", r->reason);
    try_put_string(j, "header.d", r->domain);
    try_put_string(j, "header.s", r->selector);
    try_put_string(j, "header.a", r->algorithm);
    try_put_string(j, "header.b", r->b);
    try_put_string(j, "canonicalization", r->canonicalization);
    if (r->key_bits > 0) {
        json_put_number(j, "key_bits", r->key_bits);
    }
    try_put_string(j, "signed_fields", r->signed_fields);
    if (r->has_body_length) {
        json_put_number(j, "body_length", (int64_t)(r->body_length & INT64_MAX));
    }
    if (r->has_time) {
        json_put_number(j, "time", r->time);
    }
    if (r->has_expires) {
        json_put_number(j, "expires", r->expires);
    }
    json_close(j);
}

static void
put_chain(struct json *j, const struct arc_result *arc)
{
    json_put_text(j, "result", auth_result_name(arc->result));
    json_put_number(j, "instance", arc->instance);
    if (arc->has_oldest_pass) {
        json_put_number(j, "oldest_pass", arc->oldest_pass);
    }
    try_put_string(j, "reason", arc->reason);
    json_key(j, "sets");
    json_open(j, '[');
    for (size_t i = 0; i < arc->set_count; i++) {
        const struct arc_set *set = &arc->sets[i];
        json_open(j, '{');
        json_put_number(j, "i", set->instance);
        json_put_text(j, "cv", auth_result_name(set->cv));
        json_put_string(j, "authserv_id", set->authserv_id);
        put_signature(j, "seal", &set->seal);
        put_signature(j, "message_signature", &set->message_signature);
        json_close(j);
    }
    json_close(j);
}

enum sk_code
try_arc(struct try_call *call, struct why *why)
{
    const struct letter *letter;
    struct arc_result arc;
    enum sk_code code = try_letter(call, &letter, why);

    if (code != SK_OK) {
        return code;
    }
    struct dkim_verifier *verifier = dkim_verifier_new(call->arena, letter, call->legacy);
    struct arc_work *work =
        arc_begin(call->arena, letter, call->memo, call->now, call->legacy);
    while ((code = arc_check(work, verifier, &arc)) == SK_MORE) {
        dns_zone_answer(call->zone, call->memo);
    }
    if (code == SK_OK) {
        put_chain(call->reply, &arc);
    }
    return code;
}

/* --- arc-sign --- */

static void
key_close(void *key)
{
    EVP_PKEY_free(key);
}

/* An arc_signer; the context is the key. */
static bool
sign(void *context, const uint8_t digest[32], uint8_t *signature_r, size_t *size_r)
{
    EVP_PKEY *key = context;
    bool done = false;

    *size_r = LIMIT_KEY_SIGNATURE;
    if (EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519) {
        EVP_MD_CTX *md = EVP_MD_CTX_new();
        done = md != NULL && EVP_DigestSignInit(md, NULL, NULL, NULL, key) == 1 &&
               EVP_DigestSign(md, signature_r, size_r, digest, 32) == 1;
        EVP_MD_CTX_free(md);
        return done;
    }
    EVP_PKEY_CTX *rsa = EVP_PKEY_CTX_new(key, NULL);
    done = rsa != NULL && EVP_PKEY_sign_init(rsa) == 1 &&
           EVP_PKEY_CTX_set_signature_md(rsa, EVP_sha256()) == 1 &&
           EVP_PKEY_sign(rsa, signature_r, size_r, digest, 32) == 1;
    EVP_PKEY_CTX_free(rsa);
    return done;
}

static enum sk_code
read_key(struct try_call *call, struct arc_order *order, struct why *why)
{
    const json_t *value = json_object_get(call->request, "private_key");
    BIO *bio = BIO_new_mem_buf(json_string_value(value), (int)json_string_length(value));
    EVP_PKEY *key = bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);

    BIO_free(bio);
    if (key == NULL) {
        return why_set(why, SK_BAD, "private_key is no key in PEM");
    }
    arena_defer(call->arena, key_close, key);
    int kind = EVP_PKEY_get_base_id(key);
    order->ed25519 = kind == EVP_PKEY_ED25519;
    order->sign = sign;
    order->context = key;
    return order->ed25519 || kind == EVP_PKEY_RSA
               ? SK_OK
               : why_set(why, SK_BAD, "private_key is neither RSA nor Ed25519");
}

static enum sk_code
read_names(struct try_call *call, const struct letter *letter, struct arc_order *order,
           struct why *why)
{
    const json_t *list = json_object_get(call->request, "sign_headers");
    size_t count = json_array_size(list);

    if (list == NULL) {
        order->names = arc_seal_names(call->arena, &letter->header, &order->name_count);
        return SK_OK;
    }
    struct bytes *names = ARENA_NEW_MANY(call->arena, count, struct bytes);
    for (size_t i = 0; i < count; i++) {
        names[i] = text_of(json_array_get(list, i));
        for (size_t k = 0; k < names[i].size; k++) {
            if (names[i].at[k] <= ' ' || names[i].at[k] >= 0x7f || names[i].at[k] == ':' ||
                names[i].at[k] == ';') {
                return why_set(why, SK_BAD, "sign_headers holds what is no field name");
            }
        }
    }
    order->names = names;
    order->name_count = count;
    return SK_OK;
}

static enum sk_code
read_order(struct try_call *call, const struct letter *letter, struct arc_order *order,
           struct why *why)
{
    const json_t *time = json_object_get(call->request, "time");
    struct bytes domain = text_of(json_object_get(call->request, "domain"));
    struct bytes selector = text_of(json_object_get(call->request, "selector"));

    order->authserv_id = text_of(json_object_get(call->request, "authserv_id"));
    order->time = json_is_integer(time) ? json_integer_value(time) : call->now;
    order->standard_form = json_is_true(json_object_get(call->request, "standard_form"));
    if (!dkim_name_read(call->arena, domain, &order->domain) ||
        !dkim_name_read(call->arena, selector, &order->selector)) {
        return why_set(why, SK_BAD, "domain or selector is no name");
    }
    enum sk_code code = read_names(call, letter, order, why);
    return code == SK_OK ? read_key(call, order, why) : code;
}

static void
put_value(struct json *j, const char *key, struct bytes value)
{
    if (value.size > 0) {
        json_put_string(j, key, value);
    } else {
        json_put_text(j, key, NULL);
    }
}

enum sk_code
try_arc_sign(struct try_call *call, struct why *why)
{
    const struct letter *letter;
    struct arc_order order = {0};
    struct arc_sealed sealed = {0};
    struct why no;
    enum sk_code code = try_letter(call, &letter, why);

    if (code != SK_OK || (code = read_order(call, letter, &order, why)) != SK_OK) {
        return code;
    }
    if (!arc_gather_results(call->arena, &letter->header, order.authserv_id,
                            order.standard_form, &order.results, &order.cv)) {
        (void)why_set(&no, SK_BAD, "there are no results of %.100s",
                      bytes_text(call->arena, order.authserv_id));
    } else if (arc_seal(call->arena, letter, &order, &sealed, &no) == SK_LATER) {
        return why_set(why, SK_BAD, "the key does not sign");
    }
    put_value(call->reply, "arc_seal", sealed.seal);
    put_value(call->reply, "arc_message_signature", sealed.message_signature);
    put_value(call->reply, "arc_authentication_results", sealed.results);
    if (sealed.instance == 0) {
        json_put_text(call->reply, "reason", no.sentence);
    }
    return SK_OK;
}
