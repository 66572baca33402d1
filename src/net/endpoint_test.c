#include "net/endpoint.h"

#include "base/tap.h"

static struct arena arena;

int
main(void)
{
    static const struct {
        const char *text, *written;
    } addresses[] = {
        {"192.0.2.1", "192.0.2.1"},
        {"2001:DB8:0::1", "2001:db8::1"},
        {"IPv6:::1", "::1"},
        {"::ffff:192.0.2.1", "192.0.2.1"},
        {"192.0.2.256", NULL},
        {"192.0.2", NULL},
        {"", NULL},
        {"fe80::1%eth0", NULL},
        {"[::1]", NULL},
        {"0300.0.0.1", NULL},
        {" 192.0.2.1", NULL},
    };
    static const struct {
        const char *prefix, *address;
        int has; /* -1: no prefix */
    } prefixes[] = {
        {"192.0.2.0/24", "192.0.2.255", 1},
        {"192.0.2.0/24", "192.0.3.0", 0},
        {"192.0.2.0/25", "192.0.2.128", 0},
        {"192.0.2.7", "192.0.2.7", 1},
        {"192.0.2.7", "192.0.2.6", 0},
        {"0.0.0.0/0", "8.8.8.8", 1},
        {"0.0.0.0/0", "2001:db8::1", 0},
        {"::/0", "8.8.8.8", 1},
        {"2001:db8::/33", "2001:db8:8000::", 0},
        {"2001:db8::/32", "2001:db8::9", 1},
        {"192.0.2.0/33", "", -1},
        {"2001:db8::/129", "", -1},
        {"192.0.2.0/", "", -1},
    };
    static const struct {
        const char *text;
        bool good, loopback;
    } endpoints[] = {
        {"127.0.0.1:25", true, true},
        {"192.0.2.1:25", true, false},
        {"[::1]:25", true, true},
        {"[2001:db8::1]:65535", true, false},
        {"unix:/run/x", true, true},
        {"unix:x", false, false},
        {"unix:", false, false},
        {"::1:25", false, false},
        {"127.0.0.1", false, false},
        {"127.0.0.1:65536", false, false},
        {"localhost:25", false, false},
        {"[127.0.0.1]:25", false, false},
        {"", false, false},
    };

    arena_init(&arena, 1 << 20);
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        struct net_address a;
        struct writer w;
        bool good = net_address_read(bytes_from_text(addresses[i].text), &a);
        writer_init(&w, &arena);
        net_address_write(&w, &a);
        tap_ok(good == (addresses[i].written != NULL) &&
                   (!good || bytes_is(writer_view(&w), addresses[i].written)),
               "address \"%s\"", addresses[i].text);
    }
    tap_ok(!net_address_read(BYTES("1.2.3.4\0"), &(struct net_address){0}),
           "an address with a NUL");
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
        struct net_prefix p;
        struct net_address a;
        bool good = net_prefix_read(bytes_from_text(prefixes[i].prefix), &p);
        (void)net_address_read(bytes_from_text(prefixes[i].address), &a);
        tap_ok(good == (prefixes[i].has >= 0) &&
                   (!good || net_prefix_has(&p, &a) == prefixes[i].has),
               "prefix %s, %s", prefixes[i].prefix, prefixes[i].address);
    }
    for (size_t i = 0; i < sizeof endpoints / sizeof *endpoints; i++) {
        struct net_endpoint e;
        struct writer w;
        struct why why;
        bool good =
            net_endpoint_read(bytes_from_text(endpoints[i].text), &e, &why) == SK_OK;
        writer_init(&w, &arena);
        if (good) {
            net_endpoint_write(&w, &e);
        }
        tap_ok(good == endpoints[i].good &&
                   (!good || (e.loopback == endpoints[i].loopback &&
                              bytes_is(writer_view(&w), endpoints[i].text))),
               "endpoint \"%s\"", endpoints[i].text);
    }
    struct writer w;
    struct net_endpoint e;
    for (size_t over = 0; over < 2; over++) {
        writer_init(&w, &arena);
        writer_text(&w, "unix:/");
        while (w.size < 5 + 107 + over) {
            writer_byte(&w, 'x');
        }
        tap_ok((net_endpoint_read(writer_view(&w), &e, NULL) == SK_OK) == (over == 0),
               "a path %s the bound", over ? "past" : "at");
    }
    arena_release(&arena);
    return tap_done();
}
