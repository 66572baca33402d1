#include "arrive/settings.h"

#include "base/limits.h"
#include "base/tap.h"

static struct arena arena;
static struct config_key keys[100];

static enum sk_code
read(const char *text, const struct arrive_settings **settings_r, struct why *why)
{
    const struct config *config;
    enum sk_code code = config_read(&arena, keys, bytes_from_text(text), &config, why);

    return code == SK_OK ? arrive_settings_new(&arena, config, settings_r, why) : code;
}

int
main(void)
{
    static const char *const bad[] = {
        "hostname = h\n[transfer]\nlisten = 127.0.0.1:25\n",
        "hostname = h\n[transfer]\nlisten = 127.0.0.1\nnext_hop = maildir:/x\n",
        "hostname = h\n[transfer]\nnext_hop = smtp://localhost:25\n",
        "hostname = h\n[transfer]\nnext_hop = ftp://127.0.0.1:25\n",
        "hostname = h\n[transfer]\nnext_hop = maildir:x\n",
        "hostname = h\n[transfer]\nnext_hop = maildir:/x\ntrusted = nobody\n",
        "hostname = h\n[transfer]\nnext_hop = maildir:/x\ntls_key = /x\n",
        ("hostname = h\n[transfer]\nnext_hop = maildir:/x\n"
         "tls_key = /nonexistent\ntls_certificate = /nonexistent\n"),
        "hostname = h\n[transfer]\nnext_hop = maildir:/x\nmessage_size = 51M\n",
        "hostname = h\n[transfer]\nnext_hop = maildir:/x\nconnections = 2001\n",
        "hostname = h\n[http]\nlisten = x\n",
        ("hostname = h\n[transfer]\nnext_hop = smtp://127.0.0.1:25\n"
         "next_hop_tls = verify\n"),
        ("hostname = h\n[transfer]\nnext_hop = smtp://127.0.0.1:25\n"
         "next_hop_tls = verify\nnext_hop_name = hop.example\n"
         "next_hop_authorities = /nonexistent\n"),
        ("hostname = h\n[transfer]\nnext_hop = smtp://127.0.0.1:25\n"
         "next_hop_tls = verify\nnext_hop_name = hop.example\n"
         "next_hop_authorities = /etc/passwd\n"),
    };
    const struct arrive_settings *s;
    struct why why;
    size_t n = 0;

    arena_init(&arena, 1 << 24);
    keys[n++] = (struct config_key){
        .section = "", .name = "hostname", .type = CONFIG_TEXT, .help = "x"};
    for (const struct config_key *k = arrive_config_keys; k->name != NULL; k++) {
        keys[n++] = *k;
    }
    tap_ok(read("hostname = h.example\n", &s, &why) == SK_OK && s->place_count == 0 &&
               s->message_size == LIMIT_MESSAGE && s->command_ms == 300000 &&
               s->next_hop.dot_ms == 600000 && s->bare_newline == BARE_NEWLINE_REFUSE &&
               s->connections == LIMIT_CONNECTIONS &&
               s->client_connections == LIMIT_CONNECTIONS_CLIENT,
           "the defaults");
    tap_ok(read("hostname = h.example\n[transfer]\nlisten = 127.0.0.1:2525, "
                "[::1]:2525\nnext_hop = lmtp+unix:/run/lmtp\n"
                "trusted = 127.0.0.0/8, 2001:db8::/32\nmessage_size = 1M\nnext_hop_tls = "
                "may\ndomains = Example.JP\n[http]\nlisten = 127.0.0.1:11333\n",
                &s, &why) == SK_OK,
           "a full configuration");
    tap_ok(s->place_count == 3 && s->places[2].kind == DOORS_HTTP &&
               s->next_hop.kind == NEXT_HOP_LMTP && s->trusted_count == 2 &&
               s->message_size == 1048576 && s->next_hop.tls_context != NULL &&
               bytes_is(s->domains[0], "example.jp") &&
               bytes_is(s->next_hop.hostname, "h.example"),
           "is understood");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        enum sk_code code = read(bad[i], &s, &why);
        tap_ok(code == SK_CONFIG && why.sentence[0] != '\0', "refused: %s", why.sentence);
    }
    arena_release(&arena);
    return tap_done();
}
