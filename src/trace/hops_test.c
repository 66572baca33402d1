#include "base/limits.h"
#include "base/tap.h"
#include "base/writer.h"
#include "trace/hops.h"

static struct arena arena;

static struct origin
read_hops(const char *text, const char *client, const char *const *trusted,
          size_t trusted_count)
{
    struct net_prefix *prefixes = ARENA_NEW_MANY(&arena, trusted_count, struct net_prefix);
    struct trace_settings settings = {.trusted = prefixes, .trusted_count = trusted_count};
    struct net_address address = {0};
    struct origin origin = {0};

    for (size_t i = 0; i < trusted_count; i++) {
        if (!net_prefix_read(bytes_from_text(trusted[i]), &prefixes[i])) {
            tap_ok(false, "prefix %s", trusted[i]);
        }
    }
    if (client != NULL) {
        (void)net_address_read(bytes_from_text(client), &address);
    }
    hops_read(&arena, letter_read_header(&arena, bytes_from_text(text)), &settings,
              &address, &origin);
    return origin;
}

static bool
source_is(const struct origin *origin, const char *text)
{
    struct net_address address;

    return net_address_read(bytes_from_text(text), &address) &&
           net_address_equal(&origin->source, &address);
}

static const char three[] =
    "Received: from relay.example.jp (relay.example.jp [192.0.2.10])\r\n"
    "\tby mx.example.jp (Postfix) with ESMTPS id AAA; Sun, 22 Nov 2026 10:00:03 +0900\r\n"
    "Subject: x\r\n"
    "Received: from lies.example (pool-7.example.net [198.51.100.7])\r\n"
    "\tby relay.example.jp (Postfix) with ESMTP id BBB for <u@example.jp>;\r\n"
    "\tSun, 22 Nov 2026 10:00:02 +0900\r\n"
    "Received: from bank.example (bank.example [203.0.113.1])\r\n"
    "\tby lies.example with SMTP id CCC; Sun, 22 Nov 2026 10:00:01 +0900\r\n\r\n";

int
main(void)
{
    static const char *const ours[] = {"192.0.2.0/24", "127.0.0.0/8"};
    struct writer w;

    arena_init(&arena, 1ul << 26);
    struct origin o = read_hops(three, NULL, ours, 2);
    tap_ok(o.hop_count == 3 && o.border == 2,
           "the border lies below the field of our relay");
    tap_ok(o.hops[0].trusted && o.hops[1].trusted && !o.hops[2].trusted,
           "the third field is not believed");
    tap_ok(source_is(&o, "198.51.100.7"), "the source is the client of our relay");
    tap_ok(bytes_is(o.hops[1].helo, "lies.example"), "what it called itself");
    tap_ok(o.hops[1].has_date && o.hops[1].date == 1795309202, "when (%lld)",
           (long long)o.hops[1].date);
    tap_ok(bytes_starts(o.hops[2].field, BYTES("Received: from bank.example")),
           "the whole field is kept");
    o = read_hops(three, NULL, NULL, 0);
    tap_ok(o.border == 1 && source_is(&o, "192.0.2.10"), "nobody is trusted but ourselves");
    o = read_hops(three, "198.51.100.9", ours, 2);
    tap_ok(o.border == 0 && source_is(&o, "198.51.100.9"),
           "a strange client: no field is believed");
    o = read_hops(three, "127.0.0.1", ours, 2);
    tap_ok(o.border == 2 && source_is(&o, "198.51.100.7"),
           "a client of ours: as far as trust goes");
    o = read_hops("Subject: none\r\n\r\n", "198.51.100.9", ours, 2);
    tap_ok(o.hop_count == 0 && o.border == 0 && source_is(&o, "198.51.100.9"),
           "no fields at all");
    o = read_hops("Subject: none\r\n\r\n", NULL, ours, 2);
    tap_ok(o.hop_count == 0 && !o.source.known, "nor a client");
    o = read_hops("Received: by mx.example.jp (Postfix, from userid 33) id AAA; Sun, 22 "
                  "Nov 2026 10:00:03 +0900\r\n"
                  "Received: from bank.example (bank.example [203.0.113.1]) by x.example; "
                  "Sun, 22 Nov 2026 10:00:01 +0900\r\n\r\n",
                  "127.0.0.1", ours, 2);
    tap_ok(o.border == 1 && source_is(&o, "127.0.0.1"),
           "what comes from inside our host is not believed further");
    o = read_hops("Received: \xff\xfe(((((\r\nReceived:\r\n\r\n", "127.0.0.1", ours, 2);
    tap_ok(o.hop_count == 2 && o.border == 1, "nonsense");
    for (int count = LIMIT_RECEIVED_HOPS; count <= LIMIT_RECEIVED_HOPS + 1; count++) {
        writer_init(&w, &arena);
        for (int i = 0; i < count; i++) {
            writer_text(&w, "Received: from a (a [192.0.2.1]) by b; Sun, 22 Nov 2026 "
                            "10:00:01 +0900\r\n");
        }
        writer_text(&w, "\r\n");
        o = read_hops(writer_c(&w), "127.0.0.1", ours, 2);
        tap_ok(o.hop_count == LIMIT_RECEIVED_HOPS && o.border == o.hop_count, "%d fields",
               count);
    }
    arena_release(&arena);
    arena_forget_blocks();
    return tap_done();
}
