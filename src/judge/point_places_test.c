#include "judge/point_places.h"

#include "base/tap.h"

static struct arena arena;

static const char message[] =
    "Received: from b.example by mx.example; Mon, 3 Jun 2024 10:00:02 +0900\r\n"
    "Received: from a.example by b.example; Mon, 3 Jun 2024 10:00:01 +0900\r\n"
    "DKIM-Signature: v=1; d=one.example; s=a; b=AAAA\r\n"
    "DKIM-Signature: v=1; d=two.example; s=b;\r\n"
    " b=BBBB\r\n"
    "From: Bank <a@one.example>\r\n"
    "To: <you@example.jp>\r\n"
    "Subject: first\r\n"
    "Subject: second\r\n"
    "List-Unsubscribe: <mailto:u@one.example>\r\n"
    "X-PHP-Script: www.shop.example/send.php\r\n"
    "MIME-Version: 1.0\r\n"
    "Content-Type: multipart/mixed; boundary=b\r\n"
    "\r\n"
    "--b\r\n"
    "Content-Type: text/html\r\n"
    "\r\n"
    "<form><input type=password></form>\r\n"
    "--b\r\n"
    "Content-Type: application/zip; name=one.zip\r\n"
    "\r\n"
    "ONE\r\n"
    "--b\r\n"
    "Content-Type: application/zip; name=two.zip\r\n"
    "\r\n"
    "TWO\r\n"
    "--b--\r\n";

static const struct letter *letter;

static void
stands(const char *finding, const char *detail, enum permit_family family,
       const char *expected)
{
    struct finding f = {
        .name = finding, .detail = bytes_from_text(detail), .family = family};
    struct bytes place = point_place(letter, &f);
    tap_ok(bytes_is(place, expected) &&
               (place.size == 0 ||
                (place.at >= letter->raw.at &&
                 place.at + place.size <= letter->raw.at + letter->raw.size)),
           "%s (%s) stands there: %.*s", finding, detail, (int)place.size,
           (const char *)place.at);
}

static void
test_places(void)
{
    static const char two[] = "DKIM-Signature: v=1; d=two.example; s=b;\r\n b=BBBB\r\n",
                      one[] = "DKIM-Signature: v=1; d=one.example; s=a; b=AAAA\r\n";
    const char *signatures = strstr(message, "DKIM-Signature"),
               *after = strstr(message, "From: Bank");
    char both[200] = "";

    stands("dkim_fail", "two.example", FAMILY_LABEL, two);
    stands("dkim_pass", "one.example", FAMILY_LABEL, one);
    stands("dkim_broken", "no key", FAMILY_LABEL, one);
    memcpy(both, signatures, (size_t)(after - signatures));
    stands("dkim_many", "", FAMILY_LABEL, both);
    stands("dkim_unsigned_repeat", "subject", FAMILY_LABEL, "Subject: second\r\n");

    stands("dmarc_fail", "one.example", FAMILY_LABEL, "From: Bank <a@one.example>\r\n");
    stands("hop_forged", "b.example", FAMILY_SOURCE,
           "Received: from b.example by mx.example; Mon, 3 Jun 2024 10:00:02 +0900\r\n");
    stands("hop_break", "a.example", FAMILY_SOURCE,
           "Received: from a.example by b.example; Mon, 3 Jun 2024 10:00:01 +0900\r\n");
    stands("web_form", "www.shop.example/send.php", FAMILY_SOURCE,
           "X-PHP-Script: www.shop.example/send.php\r\n");
    stands("bulk_unsubscribe_https", "", FAMILY_CONTENT,
           "List-Unsubscribe: <mailto:u@one.example>\r\n");
    stands("password_form", "", FAMILY_CONTENT, "<form><input type=password></form>");
    stands("attachment_macro", "two.zip/invoice.doc", FAMILY_ATTACHMENTS, "TWO");
    stands("attachment_program", "one.zip", FAMILY_ATTACHMENTS, "ONE");
}

/* What is missing, what lies somewhere, and what stands nowhere. */
static void
test_wholes(void)
{
    struct finding f = {.name = "bulk_list_unsubscribe", .family = FAMILY_CONTENT};
    struct bytes place = point_place(letter, &f);
    tap_ok(place.at == letter->header.raw.at && place.size == letter->header.raw.size,
           "a missing field is missing in the header");
    f = (struct finding){
        .name = "dkim_unsigned_repeat", .detail = BYTES("To"), .family = FAMILY_LABEL};
    place = point_place(letter, &f);
    tap_ok(place.size == letter->header.raw.size, "a second field that is not there, too");
    f = (struct finding){.name = "law_sender_name", .family = FAMILY_CONTENT};
    place = point_place(letter, &f);
    tap_ok(place.at == letter->body.at && place.size == letter->body.size,
           "a duty that the text does not keep is missing in the body");
    f = (struct finding){.name = "attachment_virus",
                         .detail = BYTES("Eicar-Test"),
                         .family = FAMILY_ATTACHMENTS};
    place = point_place(letter, &f);
    tap_ok(bytes_starts(place, BYTES("ONE")) &&
               bytes_find(place, BYTES("TWO"), 0) == place.size - 3,
           "where nobody says which file, all files");
    f = (struct finding){
        .name = "spf_fail", .detail = BYTES("one.example"), .family = FAMILY_SOURCE};
    tap_ok(point_place(letter, &f).size == 0, "the envelope is no part of the message");
    f = (struct finding){.name = "some_new_finding", .family = FAMILY_CONTENT};
    tap_ok(point_place(letter, &f).size == letter->body.size,
           "of what nobody wrote a row for: the body");
}

static void
test_defects(void)
{
    struct bytes raw = bytes_from_text(
        "From: a@one.example\r\nFrom: b@two.example\r\nSubject: x\r\n\r\ntext\r\n");
    const struct letter *twice = letter_read(&arena, raw);
    struct finding f = {
        .name = "field_twice", .detail = BYTES("from_twice"), .family = FAMILY_CONTENT};
    struct bytes line = point_defect(twice, &f);
    tap_ok(line.size > 0 && bytes_starts(line, BYTES("From: b@two.example")),
           "a defect stands on its line: %.*s", (int)line.size, (const char *)line.at);
    f.detail = BYTES("header_nul");
    tap_ok(point_defect(twice, &f).size == 0,
           "a defect that the letter does not have nowhere");
    const struct letter *empty = letter_read(&arena, BYTES_NONE);
    f = (struct finding){.name = "law_empty_body", .family = FAMILY_CONTENT};
    tap_ok(point_place(empty, &f).size == 0 && point_defect(empty, &f).size == 0,
           "no message has no places");
}

int
main(void)
{
    arena_init(&arena, (size_t)1 << 24);
    letter = letter_read(&arena, bytes_from_text(message));
    test_places();
    test_wholes();
    test_defects();
    arena_release(&arena);
    return tap_done();
}
