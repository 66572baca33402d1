#include "trace/claimed.h"

#include "base/limits.h"
#include "parse/header.h"

#define NAME_SIZE_MAX 40

enum trait {
    CLAIMS_CLIENT = 1, /* the value holds the address of a client */
    IS_FORM = 2,       /* only forms and programs of web servers write it */
    IS_SOFTWARE = 4,   /* the value names the software: see programs */
};

/* Names in lower case, one row a line. */
/* clang-format off */
#define NAME(text) {(const uint8_t *)(text), sizeof(text) - 1}
static const struct {
    struct bytes name;
    unsigned traits;
} fields[] = {
    {NAME("x-originating-ip"), CLAIMS_CLIENT},
    {NAME("x-original-ip"), CLAIMS_CLIENT},
    {NAME("x-originating-client-ip"), CLAIMS_CLIENT},
    {NAME("x-sender-ip"), CLAIMS_CLIENT},
    {NAME("x-senderip"), CLAIMS_CLIENT},
    {NAME("x-client-ip"), CLAIMS_CLIENT},
    {NAME("x-client-addr"), CLAIMS_CLIENT},
    {NAME("x-clientaddr"), CLAIMS_CLIENT},
    {NAME("x-remote-addr"), CLAIMS_CLIENT},
    {NAME("x-remote-ip"), CLAIMS_CLIENT},
    {NAME("x-real-ip"), CLAIMS_CLIENT},
    {NAME("x-forwarded-for"), CLAIMS_CLIENT},
    {NAME("x-http-posting-client"), CLAIMS_CLIENT},
    {NAME("x-yahoo-post-ip"), CLAIMS_CLIENT},
    {NAME("x-mdremoteip"), CLAIMS_CLIENT},
    {NAME("x-authenticated-ip"), CLAIMS_CLIENT},
    {NAME("x-webmail-user-ip"), CLAIMS_CLIENT},
    {NAME("x-eip"), CLAIMS_CLIENT},
    {NAME("x-aol-ip"), CLAIMS_CLIENT},
    {NAME("x-me-ip"), CLAIMS_CLIENT},
    {NAME("x-source-ip"), CLAIMS_CLIENT},
    {NAME("x-original-senderip"), CLAIMS_CLIENT},
    {NAME("x-taf-origin-ip"), CLAIMS_CLIENT},
    {NAME("x-sohu-clientip"), CLAIMS_CLIENT},
    {NAME("x-emdg-original-ip"), CLAIMS_CLIENT},
    {NAME("x-en-origip"), CLAIMS_CLIENT},
    {NAME("x-en-cgiuser"), IS_FORM},
    {NAME("x-source-dir"), IS_FORM},
    {NAME("x-ppp-vhost"), IS_FORM},
    {NAME("x-googleforms-formid"), IS_FORM},
    {NAME("x-web-client-ip"), CLAIMS_CLIENT},
    {NAME("x-wum-from-ip"), CLAIMS_CLIENT},
    {NAME("x-imp-remote-addr"), CLAIMS_CLIENT},
    {NAME("x-php-client-ip"), CLAIMS_CLIENT | IS_FORM},
    {NAME("x-php-script"), CLAIMS_CLIENT | IS_FORM},
    {NAME("x-php-originating-script"), IS_FORM},
    {NAME("x-php-filename"), CLAIMS_CLIENT | IS_FORM},
    {NAME("x-form-ip"), CLAIMS_CLIENT | IS_FORM},
    {NAME("x-formmail-ip"), CLAIMS_CLIENT | IS_FORM},
    {NAME("x-contact-ip"), CLAIMS_CLIENT | IS_FORM},
    {NAME("x-wpcf7-content-type"), IS_FORM},
    {NAME("x-wpcf7-remote-ip"), CLAIMS_CLIENT | IS_FORM},
    {NAME("x-eccube-remote-addr"), CLAIMS_CLIENT | IS_FORM},
    {NAME("x-remote-host"), CLAIMS_CLIENT | IS_FORM},
    {NAME("x-http-via"), IS_FORM},
    {NAME("x-http-user-agent"), IS_FORM},
    {NAME("x-http-x-forwarded-for"), CLAIMS_CLIENT | IS_FORM},
    {NAME("x-http-referer"), IS_FORM},
    {NAME("x-cgi-remote-addr"), CLAIMS_CLIENT | IS_FORM},
    {NAME("remote_addr"), CLAIMS_CLIENT | IS_FORM},
    {NAME("remote_host"), CLAIMS_CLIENT | IS_FORM},
    {NAME("x-remote_addr"), CLAIMS_CLIENT | IS_FORM},
    {NAME("x-http-remote-addr"), CLAIMS_CLIENT | IS_FORM},
    {NAME("x-mailer"), IS_SOFTWARE},
    {NAME("user-agent"), IS_SOFTWARE},
};
/* clang-format on */

/* Software of forms and of pages that send mail, as X-Mailer names it; in lower case, found anywhere in the value. */
static const char *const programs[] = {
    "phpmailer",    "wordpress", "wp mail",     "contact form", "formmail", "postmail",
    "cgi",          "php/",      "ec-cube",     "drupal",       "joomla",   "mtmail",
    "movable type", "htmlform",  "swiftmailer", "perl script",  "mailform", "mw wp form",
};

static unsigned
traits_of(struct bytes name)
{
    if (name.size < 5 || name.size > NAME_SIZE_MAX) {
        return 0;
    }
    uint8_t first = ascii_lower(name.at[0]);
    if (first != 'x' && first != 'r' && first != 'u') {
        return 0;
    }
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        if (bytes_equal_fold(name, fields[i].name)) {
            return fields[i].traits;
        }
    }
    return 0;
}

static bool
names_program(struct bytes value)
{
    value = bytes_slice(value, 0, 200);
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
        if (bytes_find_fold(value, bytes_from_text(programs[i]), 0) != BYTES_NOWHERE) {
            return true;
        }
    }
    return false;
}

static bool
is_separator(uint8_t c)
{
    return ascii_blank(c) || c == ',' || c == ';' || c == '(' || c == ')' || c == '[' ||
           c == ']' || c == '<' || c == '>' || c == '"' || c == '=';
}

static void
add(struct arena *arena, struct origin *origin, const struct field *field,
    const struct net_address *ip, struct bytes value)
{
    for (size_t i = 0; i < origin->claimed_count; i++) {
        if (net_address_equal(&origin->claimed[i].ip, ip) &&
            bytes_equal_fold(origin->claimed[i].field, field->name)) {
            return;
        }
    }
    if (origin->claimed == NULL) {
        origin->claimed =
            ARENA_NEW_MANY(arena, LIMIT_CLAIMED_CLIENTS, struct claimed_client);
    }
    origin->claimed[origin->claimed_count++] =
        (struct claimed_client){.field = field->name, .value = value, .ip = *ip};
}

/* Every address among the words: "[203.0.113.9]", "www.shop.example/form.php for 203.0.113.9, 10.0.0.1". */
static void
take_addresses(struct arena *arena, struct origin *origin, const struct field *field)
{
    struct bytes value = bytes_trim(bytes_slice(field->value, 0, LIMIT_CLAIMED_VALUE));
    struct net_address ip;

    for (size_t at = 0; at < value.size && origin->claimed_count < LIMIT_CLAIMED_CLIENTS;) {
        size_t from = at;
        while (at < value.size && !is_separator(value.at[at])) {
            at++;
        }
        struct bytes word = bytes_slice(value, from, at);
        if (at == value.size && field->value.size > LIMIT_CLAIMED_VALUE) {
            return; /* a word that the bound cuts is not what was written */
        }
        if (word.size >= 2 && word.size < 64 &&
            (ascii_hex(word.at[0]) >= 0 || word.at[0] == ':' || word.at[0] == 'I') &&
            net_address_read(word, &ip)) {
            add(arena, origin, field, &ip, value);
        }
        at += at == from;
    }
}

void
claimed_read(struct arena *arena, const struct letter *letter, struct origin *origin)
{
    const struct header *header = &letter->header;
    size_t count = header->field_count < LIMIT_CLAIMED_FIELDS ? header->field_count
                                                              : LIMIT_CLAIMED_FIELDS;

    for (size_t i = 0; i < count; i++) {
        const struct field *field = &header->fields[i];
        unsigned traits = traits_of(field->name);
        if ((traits & CLAIMS_CLIENT) != 0) {
            take_addresses(arena, origin, field);
        }
        if (((traits & IS_FORM) != 0 && bytes_trim(field->value).size > 0) ||
            ((traits & IS_SOFTWARE) != 0 && names_program(field->value))) {
            origin_note(arena, origin, "web_form", bytes_trim(field->value));
        }
    }
}
