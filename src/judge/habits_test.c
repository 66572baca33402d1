#include "judge/habits.h"

#include "base/limits.h"
#include "base/tap.h"
#include "base/writer.h"

static struct arena arena;

static struct habits
read(const char *mail)
{
    struct habits habits;

    habits_read(letter_read(&arena, bytes_from_text(mail)), &habits);
    return habits;
}

static bool
is(const char *got, const char *want)
{
    bool same = strcmp(got, want) == 0;

    if (!same) {
        printf("# got  %s\n# want %s\n", got, want);
    }
    return same;
}

static const char one[] =
    "Received: from a by b; Sun, 22 Nov 2026 10:00:00 +0900\n"
    "DKIM-Signature: v=1; a=rsa-sha256\n"
    "Message-ID: <20261122100000.A1B2C3D4E5@shop.example>\n"
    "From: =?utf-8?B?5bqX?= <info@shop.example>\nTo: a@example.jp\nSubject: x\n"
    "Date: Sun, 22 Nov 2026 10:00:00 +0900\nMIME-Version: 1.0\n"
    "Content-Type: multipart/alternative; "
    "boundary=\"----=_NextPart_000_0012_01D8A2C3.5E6F7A80\"\n"
    "X-Mailer: Foxmail 6, 13, 102, 15 [cn]\nX-Spam-Score: 3\n\n"
    "------=_NextPart_000_0012_01D8A2C3.5E6F7A80\nContent-Type: text/plain\n\na\n"
    "------=_NextPart_000_0012_01D8A2C3.5E6F7A80--\n";
/* The same program, another mail, another way. */
static const char two[] =
    "Return-Path: <x@y.example>\nReceived: from c by d; Mon, 23 Nov 2026 03:04:05 +0900\n"
    "List-Id: <a.example>\n"
    "Message-ID: <20261123030405.FF00AA1199@other.example>\n"
    "From: <staff@other.example>\nTo: b@example.jp\nSubject: y\n"
    "Date: Mon, 23 Nov 2026 03:04:05 +0900\nMIME-Version: 1.0\n"
    "Content-Type: multipart/alternative; "
    "boundary=\"----=_NextPart_000_0ABC_01D9FFFF.11223344\"\n"
    "X-Mailer: Foxmail 7\n\n"
    "------=_NextPart_000_0ABC_01D9FFFF.11223344\nContent-Type: text/plain\n\nb\n"
    "------=_NextPart_000_0ABC_01D9FFFF.11223344--\n";
static const char person[] =
    "MIME-Version: 1.0\nDate: Sun, 22 Nov 2026 01:00:00 +0000\n"
    "Message-ID: <CAKx+abc=_d1E2f3G4h5@mail.example.com>\nSubject: z\n"
    "From: Some One <some.one@example.org>\nTo: c@example.jp\n"
    "Content-Type: multipart/alternative; boundary=\"000000000000a1b2c305e0f1d2c3\"\n\n"
    "--000000000000a1b2c305e0f1d2c3\nContent-Type: text/plain\n\nc\n"
    "--000000000000a1b2c305e0f1d2c3--\n";

static void
test_forms(void)
{
    struct habits h = read(one);

    tap_ok(h.field_count == 8, "what the way adds is left out: %zu", h.field_count);
    tap_ok(is(h.message_id, "9*14.x*10@own"), "Message-ID");
    tap_ok(is(h.date, "a, 9 a 9 9:9:9 +9"), "Date");
    tap_ok(is(h.boundary, "----=_nextpart_9_9_x*8.x*8"), "boundary");
    tap_ok(is(h.mailer, "foxmail"), "mailer");
    tap_ok(!h.is_zone_odd, "zone");
    h = read("Date: Sun, 22 Nov 2026 10:00:00 -0000\nFrom: a@b.example\n\n");
    tap_ok(h.is_zone_odd, "-0000 is odd");
    h = read("Date: Sun, 22 Nov 2026 10:00:00 GMT\nFrom: a@b.example\n\n");
    tap_ok(h.is_zone_odd, "a zone by name");
    h = read("Date: Sun, 22 Nov 2026 10:00:00 +0900 (JST)\nFrom: a@b.example\n\n");
    tap_ok(!h.is_zone_odd, "a comment behind it is not");
    h = read("Date: Sun, 22 Nov 2026 10:00:00 +0907\nFrom: a@b.example\n\n");
    tap_ok(h.is_zone_odd, "no clock shows seven minutes");
    h = read("Message-Id: <x@DESKTOP-A1B2C3D>\nFrom: a@b.example\n\n");
    tap_ok(is(h.message_id, "a@a-x"), "a machine's name by its form");
    h = read("Message-Id: <1@mx.other.example>\nFrom: a@b.example\n\n");
    tap_ok(is(h.message_id, "9@."), "another host is no habit");
}

static void
test_key(void)
{
    struct habits a = read(one), again = read(one), b = read(two), c = read(person),
                  none = read("\n\n");

    tap_ok(habits_key(&a, 1) == habits_key(&again, 1) && habits_key(&a, 1) != 0,
           "like itself");
    tap_ok(habits_key(&a, 1) != habits_key(&c, 1), "another program is another");
    tap_ok(habits_key(&a, 1) != habits_key(&a, 2), "another secret too");
    tap_ok(habits_key(&none, 1) == 0, "no header has none");
    b = a;
    b.mailer[0] ^= 1;
    struct habits d = a;
    d.is_zone_odd = !d.is_zone_odd;
    struct habits e = a;
    e.fields[0] ^= 1;
    tap_ok(habits_key(&b, 1) != habits_key(&a, 1) &&
               habits_key(&d, 1) != habits_key(&a, 1) &&
               habits_key(&e, 1) != habits_key(&a, 1),
           "each part counts");
}

static void
test_bounds(void)
{
    struct writer w;
    struct habits h;

    writer_init(&w, &arena);
    for (size_t i = 0; i < LIMIT_HABITS_FIELDS; i++) {
        writer_format(&w, "X-Own-%zu: a\n", i);
    }
    size_t size = w.size;
    habits_read(letter_read(&arena, bytes_copy(&arena, writer_view(&w))), &h);
    struct habits at = h;
    tap_ok(at.field_count == LIMIT_HABITS_FIELDS, "at the bound: %zu", at.field_count);
    w.size = size;
    writer_text(&w, "X-Last: b\n");
    habits_read(letter_read(&arena, writer_view(&w)), &h);
    tap_ok(h.field_count == LIMIT_HABITS_FIELDS && habits_key(&h, 1) == habits_key(&at, 1),
           "one past it is not looked at");
    writer_clear(&w);
    writer_text(&w, "From: a@b.example\nMessage-ID: <");
    for (size_t i = 0; i < HABITS_FORM_SIZE; i++) {
        writer_text(&w, ".");
    }
    writer_text(&w, "@c>\nX-Mailer: ");
    for (size_t i = 0; i < 2 * HABITS_FORM_SIZE; i++) {
        writer_text(&w, "y");
    }
    writer_text(&w, "\n\n");
    habits_read(letter_read(&arena, writer_view(&w)), &h);
    tap_ok(strlen(h.mailer) == HABITS_FORM_SIZE - 1 &&
               strlen(h.message_id) < HABITS_FORM_SIZE,
           "long forms are cut");
}

int
main(void)
{
    arena_init(&arena, (size_t)1 << 28);
    test_forms();
    test_key();
    test_bounds();
    arena_release(&arena);
    return tap_done();
}
