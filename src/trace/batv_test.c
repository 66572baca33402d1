/* OpenSSL first: its headers name what base/banned.h forbids. */
#include <openssl/evp.h>

#include "trace/batv.h"

#include "base/tap.h"
#include "trace/origin.h"
#include "trace/settings.h"

#define DAY   86400
#define TODAY 20779 /* days: 2026-11-22 */
#define NOW   ((int64_t)TODAY * DAY + 3600)

static struct arena arena;
static const struct batv_settings *settings;
static struct why why;
static struct bytes last_asked;
static bool silent;

/* The secret of key number K is "secret K". */
static bool
ask(void *context, unsigned key, struct bytes what, uint8_t tag_r[3])
{
    uint8_t whole[EVP_MAX_MD_SIZE];
    char secret[9] = "secret 0";
    size_t size;

    last_asked = bytes_copy(&arena, what);
    if (silent) {
        return false;
    }
    secret[7] = (char)('0' + key);
    SK_ASSERT(EVP_Q_mac(NULL, "HMAC", NULL, "SHA1", NULL, secret, 8, what.at, what.size,
                        whole, sizeof whole, &size) != NULL);
    memcpy(tag_r, whole, 3);
    return true;
}

static enum sk_code
configure(const char *text)
{
    const struct config *config;

    why = (struct why){0};
    enum sk_code code =
        config_read(&arena, batv_config_keys, bytes_from_text(text), &config, &why);
    return code == SK_OK ? batv_settings_new(&arena, config, &settings, &why) : code;
}

static const char *
tag(const char *address, int64_t now_s)
{
    struct bytes tagged;

    return batv_tag(&arena, settings, bytes_from_text(address), now_s, ask, NULL, &tagged)
               ? bytes_text(&arena, tagged)
               : "";
}

static enum arrival_tag
take(const char *address, int64_t now_s, const char *left)
{
    struct bytes b = bytes_from_text(address);
    enum arrival_tag is = batv_take(&arena, settings, &b, now_s, ask, NULL);

    if (!bytes_is(b, left)) {
        tap_ok(false, "%s is left, not %s", bytes_text(&arena, b), left);
    }
    return is;
}

/* The values were made with `printf 0786user@example.jp | openssl dgst -sha1 -hmac "secret 0"` and the like. */
static void
test_vectors(void)
{
    tap_ok(strcmp(tag("user@example.jp", NOW), "prvs=07864754dc=user@example.jp") == 0,
           "a tag by hand: %s", tag("user@example.jp", NOW));
    tap_ok(bytes_is(last_asked, "0786user@example.jp"), "is over K, DDD and the address");
    SK_ASSERT(configure("[bounce]\ndomains = example.jp\nkey = 7\n") == SK_OK);
    tap_ok(strcmp(tag("User.Name+x@Example.JP", (int64_t)20993 * DAY),
                  "prvs=7000208fb8=User.Name+x@Example.JP") == 0,
           "another key, the turn of the thousand: %s",
           tag("User.Name+x@Example.JP", (int64_t)20993 * DAY));
    tap_ok(bytes_is(last_asked, "7000user.name+x@example.jp"), "in lower case");
}

static void
test_take(void)
{
    const char *tagged = tag("user@example.jp", NOW);

    tap_ok(take(tagged, NOW, "user@example.jp") == TAG_VALID, "it is good today");
    tap_ok(take(tagged, NOW + 7 * DAY, "user@example.jp") == TAG_VALID, "in seven days");
    tap_ok(take(tagged, NOW + 8 * DAY, "user@example.jp") == TAG_EXPIRED, "not in eight");
    tap_ok(take(tagged, NOW - DAY, "user@example.jp") == TAG_EXPIRED,
           "nor was it yesterday, when nobody could have made it");
    tap_ok(take(bytes_text(&arena, bytes_lower(&arena, bytes_from_text(tagged))), NOW,
                "user@example.jp") == TAG_VALID,
           "small letters do not matter");
    char *forged = bytes_text(&arena, bytes_from_text(tagged));
    forged[9] = forged[9] == '0' ? '1' : '0';
    tap_ok(take(forged, NOW, "user@example.jp") == TAG_FORGED, "a digit is another");
    forged = bytes_text(&arena, bytes_from_text(tagged));
    forged[16] = 'x';
    tap_ok(take(forged, NOW, "xser@example.jp") == TAG_FORGED, "so is the address");
    silent = true;
    tap_ok(take(tagged, NOW, "user@example.jp") == TAG_UNCHECKED &&
               strcmp(tag("user@example.jp", NOW), "") == 0,
           "nobody is there to say: not checked, and no tag is made");
    silent = false;
    tap_ok(take("user@example.jp", NOW, "user@example.jp") == TAG_NONE, "none");
    tap_ok(take("prvs=0786123456=u@other.example", NOW,
                "prvs=0786123456=u@other.example") == TAG_NONE,
           "another domain's is left as it is");
    static const char *const odd[] = {
        "prvs=@example.jp",
        "prvs=0786123456=@example.jp",
        "prvs=0786123456@example.jp",
        "prvs=x786123456=u@example.jp",
        "prvs=07861234g6=u@example.jp",
        "prvs=078612345=u@example.jp",
        "prvs0786123456=u@example.jp",
        "@example.jp",
        "prvs=0786123456=u",
        "",
        "prvs=",
    };
    bool all = true;
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        all = all && take(odd[i], NOW, odd[i]) == TAG_NONE;
    }
    tap_ok(all, "what has not the form is no tag");
}

static void
test_bounds(void)
{
    char address[100];

    memset(address, 'a', sizeof address);
    memcpy(address + 48, "@example.jp", 12);
    tap_ok(strlen(tag(address, NOW)) == 48 + 11 + 16, "a local part of 48 gets a tag: 64");
    memset(address, 'a', sizeof address);
    memcpy(address + 49, "@example.jp", 12);
    tap_ok(strcmp(tag(address, NOW), "") == 0, "one of 49 none");
    tap_ok(strcmp(tag("\"a b\"@example.jp", NOW), "") == 0, "nor one in quotes");
    tap_ok(strcmp(tag("", NOW), "") == 0 && strcmp(tag("@example.jp", NOW), "") == 0 &&
               strcmp(tag("user@other.example", NOW), "") == 0 &&
               strcmp(tag("user@sub.example.jp", NOW), "") == 0,
           "nor the null sender, nor others' domains");
    tap_ok(strcmp(tag(tag("user@example.jp", NOW), NOW), "") == 0,
           "nor one that has a tag already");
}

/* --- notes --- */

static struct arrival arrival;
static struct arrival_recipient to[3];

/* The note's name, "" for none. */
static const char *
note(bool leaving)
{
    struct origin origin = {.client_name = BYTES("mail.partner.example")};

    batv_note(&arena, settings, &arrival, leaving, &origin);
    return origin.note_count == 0 ? "" : origin.notes[0].name;
}

static bool
notes(const char *address, enum arrival_tag is, const char *name)
{
    to[0] = (struct arrival_recipient){.address = bytes_from_text(address), .tag = is};
    return strcmp(note(false), name) == 0;
}

static void
test_notes(void)
{
    arrival = (struct arrival){.recipients = to, .recipient_count = 1};
    SK_ASSERT(net_address_read(BYTES("192.0.2.9"), &arrival.client));
    SK_ASSERT(configure("[bounce]\ndomains = example.jp\nrequire = refuse\nexceptions = "
                        "postmaster, list@example.jp, 10.0.0.0/8, .partner2.example\n") ==
              SK_OK);
    tap_ok(notes("user@example.jp", TAG_VALID, "batv_pass"), "a bounce with its tag");
    tap_ok(notes("user@example.jp", TAG_NONE, "batv_missing"), "without");
    tap_ok(notes("user@example.jp", TAG_EXPIRED, "batv_expired"), "too late");
    tap_ok(notes("user@example.jp", TAG_FORGED, "batv_forged"), "forged");
    tap_ok(notes("user@example.jp", TAG_UNCHECKED, ""), "not checked: nothing is said");
    tap_ok(notes("user@other.example", TAG_NONE, ""), "to another domain");
    tap_ok(notes("Postmaster@example.jp", TAG_NONE, ""), "to postmaster");
    tap_ok(notes("list@example.jp", TAG_NONE, "") &&
               notes("list2@example.jp", TAG_NONE, "batv_missing"),
           "to an address that is excepted, and to another");
    tap_ok(
        notes("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@example.jp", TAG_NONE, ""),
        "to one that is too long to be tagged");
    to[0] = (struct arrival_recipient){.address = BYTES("user@example.jp")};
    tap_ok(strcmp(note(true), "") == 0, "from a client of ours");
    SK_ASSERT(net_address_read(BYTES("10.9.9.9"), &arrival.client));
    tap_ok(strcmp(note(false), "") == 0, "from a client that is excepted");
    SK_ASSERT(net_address_read(BYTES("192.0.2.9"), &arrival.client));
    arrival.mail_from = BYTES("someone@shop.example");
    tap_ok(strcmp(note(false), "") == 0 && notes("user@example.jp", TAG_VALID, "batv_pass"),
           "a letter needs no tag, but one counts");
    arrival.mail_from = BYTES_NONE;
    to[1] =
        (struct arrival_recipient){.address = BYTES("two@example.jp"), .tag = TAG_VALID};
    arrival.recipient_count = 2;
    tap_ok(notes("user@example.jp", TAG_NONE, "batv_pass"), "one good tag is enough");
    arrival.recipient_count = 1;
    arrival.door = ARRIVAL_HTTP;
    tap_ok(notes("user@example.jp", TAG_NONE, ""), "a scan");
    arrival.door = ARRIVAL_TRANSFER;
    SK_ASSERT(
        configure("[bounce]\ndomains = example.jp\nexceptions = .partner.example\n") ==
        SK_OK);
    tap_ok(notes("user@example.jp", TAG_NONE, "") &&
               notes("user@example.jp", TAG_FORGED, ""),
           "from a verified name that is excepted");
    SK_ASSERT(configure("[bounce]\ndomains = example.jp\n") == SK_OK);
    tap_ok(notes("user@example.jp", TAG_NONE, ""),
           "where none is required, none is missed");
    tap_ok(notes("user@example.jp", TAG_FORGED, "batv_forged"), "but a forged one is told");
    tap_ok(configure("[bounce]\nrequire = refuse\n") == SK_CONFIG, "nothing tagged: %s",
           why.sentence);
    tap_ok(configure("") == SK_OK && notes("user@example.jp", TAG_NONE, ""), "all off");
}

int
main(void)
{
    arena_init(&arena, 1ul << 24);
    SK_ASSERT(configure("[bounce]\ndomains = EXAMPLE.jp\n") == SK_OK);
    test_vectors();
    SK_ASSERT(configure("[bounce]\ndomains = EXAMPLE.jp\n") == SK_OK);
    test_take();
    test_bounds();
    test_notes();
    arena_release(&arena);
    return tap_done();
}
