#include "trace/arc_test_private.h"

/* --- sealing --- */

static enum sk_code
try_seal(struct bytes raw, const struct arc_order *order, struct arc_sealed *sealed_r,
         struct why *why)
{
    return arc_seal(&arena, letter_read_header(&arena, raw), order, sealed_r, why);
}

static void
sealing(void)
{
    static const struct bytes forbidden[] = {BYTES("from"), BYTES("Arc-Seal")};
    static const struct bytes results[] = {BYTES("authentication-results")};
    struct bytes one = seal(BYTES(LETTER), AUTH_NONE);
    struct arc_order order = order_of(AUTH_PASS);
    struct arc_sealed sealed;
    struct why why;

    tap_ok(try_seal(BYTES(LETTER), &order, &sealed, &why) == SK_BAD, "%s", why.sentence);
    order.cv = AUTH_NONE;
    tap_ok(try_seal(one, &order, &sealed, &why) == SK_BAD, "%s", why.sentence);
    order.cv = AUTH_PASS;
    tap_ok(try_seal(change(one, "cv=none", "cv=pass"), &order, &sealed, &why) == SK_BAD,
           "%s", why.sentence);
    order.cv = AUTH_TEMPERROR;
    tap_ok(try_seal(one, &order, &sealed, &why) == SK_BAD, "%s", why.sentence);
    order.cv = AUTH_FAIL;
    tap_ok(try_seal(BYTES("ARC-Seal: nonsense\r\n" LETTER), &order, &sealed, &why) ==
                   SK_OK &&
               sealed.instance == 1,
           "nonsense is sealed as failed");
    order = order_of(AUTH_NONE);
    order.names = forbidden;
    order.name_count = 2;
    tap_ok(try_seal(BYTES(LETTER), &order, &sealed, &why) == SK_BAD, "%s", why.sentence);
    order.names = results;
    order.name_count = 1;
    tap_ok(try_seal(BYTES(LETTER), &order, &sealed, &why) == SK_BAD,
           "Authentication-Results too");
    order = order_of(AUTH_NONE);
    tap_ok(try_seal(BYTES("From: a@b\r\nno field\r\nTo: c\r\n\r\nx\r\n"), &order, &sealed,
                    &why) == SK_BAD &&
               try_seal(BYTES("no header\r\n"), &order, &sealed, &why) == SK_BAD,
           "%s", why.sentence);
    order.sign = sign_nothing;
    tap_ok(try_seal(BYTES(LETTER), &order, &sealed, &why) == SK_LATER, "no signature");
    order = order_of(AUTH_NONE);
    const struct letter *letter = letter_read_header(
        &arena, BYTES("DKIM-Signature: a\r\nX: y\r\nReceived: z\r\nDKIM-Signature: b\r\n"
                      "List-Id: <l.list.example>\r\n" LETTER));
    order.names = arc_seal_names(&arena, &letter->header, &order.name_count);
    tap_ok(order.name_count == 9 && bytes_is(order.names[0], "from") &&
               bytes_is(order.names[1], "from") &&
               bytes_is(order.names[8], "dkim-signature"),
           "From twice, each DKIM-Signature, no trace fields");
    struct bytes raw = seal_by(BYTES(LETTER), &order);
    tap_ok(check(raw) == AUTH_PASS, "names that are not there");
    tap_ok(check(join(BYTES("From: b@author.example\r\n"), raw)) == AUTH_FAIL,
           "no second From can be put on top");
    size_t longest = 0;
    struct bytes rest = raw, line;
    while (bytes_line(&rest, &line)) {
        longest = line.size > longest ? line.size : longest;
    }
    tap_ok(longest <= 78 + 5, "lines of at most %zu bytes", longest);
}

static void
gathering(void)
{
    const struct letter *letter = letter_read_header(
        &arena,
        BYTES("Authentication-Results: MX.example; arc=pass;\r\n"
              "Authentication-Results: evil.example; arc=fail\r\n"
              "Authentication-Results: mx.example;\r\n\tspf=pass smtp.mailfrom=a@b.c\r\n"
              "Authentication-Results: mx.example.evil; dmarc=pass\r\n"
              "Authentication-Results: broken\r\n\r\n"));
    struct bytes results;
    enum auth_result cv;

    tap_ok(arc_gather_results(&arena, &letter->header, BYTES("mx.example"), true, &results,
                              &cv) &&
               cv == AUTH_PASS &&
               bytes_is(results, "arc=pass;\r\n  spf=pass smtp.mailfrom=a@b.c"),
           "the results of one server, and no other's");
    tap_ok(!arc_gather_results(&arena, &letter->header, BYTES("other.example"), true,
                               &results, &cv) &&
               cv == AUTH_NONE,
           "none");
}

int
main(void)
{
    begin();
    sealing();
    gathering();
    return end();
}
