#include "trace/names.h"

#include <stdio.h>
#include <string.h>

#define NAME_MAX_SIZE 253 /* RFC 1035 2.3.4 */

/* clang-format off */
#define ROW(pattern, provider, kind) {pattern, provider, sizeof(pattern) - 1, kind},
static const struct row {
    const char *pattern, *provider;
    size_t size; /* of the pattern */
    enum name_kind kind;
} rows[] = {
#include "trace/names.inc"
};
/* clang-format on */

const char *
names_kind_word(enum name_kind kind)
{
    static const char *const words[] = {NULL, "line", "mobile", "pool", "rented", "server"};

    return words[kind];
}

bool
names_is_dynamic(enum name_kind kind)
{
    return kind == NAME_LINE || kind == NAME_MOBILE || kind == NAME_POOL;
}

/* One step of a pattern: how many bytes of the name it takes, 0: it does not fit. */
static size_t
step(char p, struct bytes name, size_t at)
{
    size_t from = at;

    if (p == '#') {
        while (at < name.size && ascii_digit(name.at[at])) {
            at++;
        }
    } else if (p == '%') {
        while (at < name.size && ascii_hex(name.at[at]) >= 0) {
            at++;
        }
    } else if (at < name.size && name.at[at] == (uint8_t)p) {
        at++;
    }
    return at - from;
}

/* Goes back only to the last star: at most pattern times name steps. The name is in lower case. */
static bool
fits(const char *pattern, struct bytes name)
{
    const char *star = NULL;
    size_t at = 0, mark = 0;

    for (;;) {
        if (*pattern == '*') {
            star = ++pattern;
            mark = at;
            if (*pattern == '\0') {
                return true;
            }
            continue;
        }
        if (*pattern == '\0' && at == name.size) {
            return true;
        }
        size_t taken = *pattern == '\0' ? 0 : step(*pattern, name, at);
        if (taken > 0) {
            at += taken;
            pattern++;
            continue;
        }
        if (star == NULL || mark >= name.size) {
            return false;
        }
        at = ++mark;
        pattern = star;
    }
}

/* What stands behind the last '*', '#' or '%' must end the name: that settles most rows with a byte or two. */
static bool
ends_like(const struct row *row, struct bytes name)
{
    for (size_t i = row->size, at = name.size; i > 0; i--) {
        char p = row->pattern[i - 1];
        if (p == '*' || p == '#' || p == '%') {
            return true;
        }
        if (at == 0 || name.at[--at] != (uint8_t)p) {
            return false;
        }
    }
    return true;
}

/* Words of a label and of its parts: "dsl" in "host-1.dsl-7.example.net". */
static bool
is_word(struct bytes word, const char *const words[], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (words[i][0] != (char)word.at[0]) {
            continue;
        }
        size_t size = strlen(words[i]);
        bool prefix = words[i][size - 1] == '*';
        size -= prefix;
        if ((word.size == size || (prefix && word.size > size)) &&
            memcmp(word.at, words[i], size) == 0) {
            return true;
        }
    }
    return false;
}

struct words {
    bool server, dynamic, middling, weak;
    size_t numbers; /* runs of digits */
};

#define COUNT(list) (sizeof(list) / sizeof *(list))

/* All words before the last two labels, which are the owner's name and not the host's. */
static struct words
words_of(struct bytes name)
{
    static const char *const servers[] = {
        "mail*",     "smtp*",    "mx*",       "mta*",       "relay*",   "out",
        "outbound*", "mout",     "send*",     "newsletter", "static",   "fixed",
        "server*",   "srv",      "vps*",      "www",        "web",      "ns",
        "lists",     "list",     "dedicated", "edge",       "bounce*",  "esp",
        "email*",    "filter*",  "mgw",       "ironport",   "outgoing", "imap",
        "pop",       "business", "biz",       "corporate",  "postfix",
    };
    static const char *const dynamic[] = {
        "dynamic*", "dyn",  "dhcp*",  "dialup*", "dial",  "dialin", "adsl*", "vdsl*",
        "xdsl*",    "dsl*", "pppoe*", "ftth*",   "flets", "catv*",  "gprs",  "umts",
    };
    static const char *const middling[] = {
        "ppp*",  "pool*", "cable*",   "cpe*",      "mobile", "lte",   "wimax",
        "modem", "wlan",  "wireless", "broadband", "fiber",  "fibre", "hsd*",
    };
    static const char *const weak[] = {
        "cust*", "client*", "user*", "res", "resi", "home", "bb", "subs*", "access", "abo",
    };
    struct words found = {0};
    size_t labels = 0, end = name.size;

    while (end > 0 && labels < 2) {
        labels += name.at[--end] == '.';
    }
    for (size_t at = 0; at < end;) {
        size_t from = at;
        while (at < end && ascii_letter(name.at[at])) {
            at++;
        }
        struct bytes word = bytes_slice(name, from, at);
        if (word.size == 0) {
            found.numbers += ascii_digit(name.at[at]) &&
                             (at + 1 == end || !ascii_digit(name.at[at + 1]));
            at++;
            continue;
        }
        found.server |= is_word(word, servers, COUNT(servers));
        found.dynamic |= is_word(word, dynamic, COUNT(dynamic));
        found.middling |= is_word(word, middling, COUNT(middling));
        found.weak |= is_word(word, weak, COUNT(weak));
    }
    return found;
}

/* Four numbers in a row, each parted from the next by one byte, that are the address forwards or backwards; without an
 * address: that could be one. */
static bool
has_decimal(struct bytes name, const uint8_t *ip)
{
    unsigned run[4] = {0};
    size_t count = 0, at = 0;

    while (at < name.size) {
        size_t from = at;
        unsigned number = 0;
        while (at < name.size && ascii_digit(name.at[at]) && at - from < 4) {
            number = number * 10 + (unsigned)(name.at[at++] - '0');
        }
        if (at == from || at - from > 3 || number > 255) {
            count = 0;
            at += at == from;
            while (at < name.size && ascii_digit(name.at[at - 1]) &&
                   ascii_digit(name.at[at])) {
                at++; /* the rest of a long run */
            }
            continue;
        }
        memmove(run, run + 1, 3 * sizeof *run);
        run[3] = number;
        count++;
        if (count >= 4 &&
            (ip == NULL ||
             (run[0] == ip[0] && run[1] == ip[1] && run[2] == ip[2] && run[3] == ip[3]) ||
             (run[3] == ip[0] && run[2] == ip[1] && run[1] == ip[2] && run[0] == ip[3]))) {
            return true;
        }
        if (at < name.size && !ascii_digit(name.at[at])) {
            at++;
        }
    }
    return false;
}

/* The address in eight hexadecimal digits, or in twelve decimal ones, forwards or backwards. */
static bool
has_digits(struct bytes name, const uint8_t *ip)
{
    char text[13];

    if (ip == NULL) {
        return false;
    }
    for (int turn = 0; turn < 2; turn++) {
        uint8_t a[4];
        for (int i = 0; i < 4; i++) {
            a[i] = ip[turn == 0 ? i : 3 - i];
        }
        (void)snprintf(text, sizeof text, "%02x%02x%02x%02x", a[0], a[1], a[2], a[3]);
        if (bytes_find(name, bytes_of(text, 8), 0) != BYTES_NOWHERE) {
            return true;
        }
        (void)snprintf(text, sizeof text, "%03u%03u%03u%03u", a[0], a[1], a[2], a[3]);
        if (bytes_find(name, bytes_of(text, 12), 0) != BYTES_NOWHERE) {
            return true;
        }
    }
    return false;
}

static enum name_kind
general_kind(struct bytes name, const struct net_address *ip)
{
    struct words words = words_of(name);
    bool known = ip != NULL && ip->known;
    const uint8_t *ip4 = known && net_address_is_ip4(ip) ? ip->bytes + 12 : NULL;

    if (words.server) {
        return NAME_SERVER;
    }
    if (words.dynamic || (words.middling && words.numbers >= 1) ||
        (words.weak && words.numbers >= 2)) {
        return NAME_POOL;
    }
    if (known && ip4 == NULL) {
        return NAME_UNKNOWN; /* IPv6: no digits to compare that anyone writes into names */
    }
    return has_decimal(name, ip4) || has_digits(name, ip4) ? NAME_POOL : NAME_UNKNOWN;
}

struct name_facts
names_look(struct bytes name, const struct net_address *ip)
{
    uint8_t lower[NAME_MAX_SIZE + 1];

    if (name.size > 0 && name.at[name.size - 1] == '.') {
        name.size--;
    }
    if (name.size == 0 || name.size > NAME_MAX_SIZE) {
        return (struct name_facts){NAME_UNKNOWN, NULL};
    }
    for (size_t i = 0; i < name.size; i++) {
        lower[i] = ascii_lower(name.at[i]);
    }
    name = bytes_of(lower, name.size);
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (ends_like(&rows[i], name) && fits(rows[i].pattern, name)) {
            return (struct name_facts){rows[i].kind, rows[i].provider};
        }
    }
    return (struct name_facts){general_kind(name, ip), NULL};
}
