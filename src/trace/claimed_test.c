#include "trace/claimed.h"

#include "base/limits.h"
#include "base/tap.h"
#include "base/writer.h"

static struct arena arena;

static struct origin
claims(const char *header)
{
    struct origin origin = {0};

    claimed_read(&arena, letter_read_header(&arena, bytes_from_text(header)), &origin);
    return origin;
}

static bool
is(const struct claimed_client *claim, const char *field, const char *ip)
{
    struct net_address address;

    return bytes_is(claim->field, field) &&
           net_address_read(bytes_from_text(ip), &address) &&
           net_address_equal(&address, &claim->ip);
}

static void
test_names(void)
{
    static const char *const names[] = {
        "X-Originating-IP",  "x-sender-ip",     "X-Client-IP", "X-SenderIP",
        "X-Remote-Addr",     "X-Yahoo-Post-IP", "X-EIP",       "REMOTE_ADDR",
        "X-WPCF7-Remote-IP", "X-MDRemoteIP",    "X-Real-IP",   "X-Source-IP",
    };
    struct writer w;

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        writer_init(&w, &arena);
        writer_format(&w, "Subject: x\r\n%s: [203.0.113.9]\r\n\r\n", names[i]);
        struct origin o = claims(writer_c(&w));
        tap_ok(o.claimed_count == 1 && is(&o.claimed[0], names[i], "203.0.113.9"), "%s",
               names[i]);
    }
}

static void
test_clients(void)
{
    struct origin o = claims("X-Originating-IP: [203.0.113.9]\r\n\r\n");

    tap_ok(bytes_is(o.claimed[0].value, "[203.0.113.9]") && o.note_count == 0,
           "the value is kept; web mail is no form");
    o = claims("X-Originating-IP: 203.0.113.9, 10.0.0.1 (2001:db8::9)\r\n\r\n");
    tap_ok(o.claimed_count == 3 && is(&o.claimed[2], "X-Originating-IP", "2001:db8::9"),
           "several addresses, IPv6");
    o = claims("X-Originating-IP: [203.0.113.9]\r\nX-Originating-IP: 203.0.113.9\r\n\r\n");
    tap_ok(o.claimed_count == 1, "the same once");
    o = claims("X-Forwarded-For: someone@example.com other@example.com\r\n\r\n");
    tap_ok(o.claimed_count == 0, "Google's X-Forwarded-For holds no address");
    o = claims("X-Originating-IP: 999.1.1.1, 1.2.3, fe80::1%1, [x], 203.0.113.9x\r\n\r\n");
    tap_ok(o.claimed_count == 0, "no addresses");
    o = claims("X-Some-IP: 203.0.113.9\r\nSubject: 203.0.113.9\r\n\r\n"
               "X-Originating-IP: 203.0.113.9\r\n");
    tap_ok(o.claimed_count == 0, "other fields and the body are not looked at");
    o = claims("X-PHP-Script: www.shop.example/contact.php for 203.0.113.9, "
               "203.0.113.9\r\n\r\n");
    tap_ok(o.claimed_count == 1 && is(&o.claimed[0], "X-PHP-Script", "203.0.113.9") &&
               origin_has_note(&o, "web_form"),
           "PHP's mail.add_x_header");
    o = claims("X-PHP-Filename: form.php REMOTE_ADDR: 203.0.113.9\r\n\r\n");
    tap_ok(o.claimed_count == 1 && origin_has_note(&o, "web_form"), "X-PHP-Filename");
    o = claims("X-Originating-IP:\r\n [203.0.113.9]\r\n\r\n");
    tap_ok(o.claimed_count == 1, "folded");
}

static void
test_forms(void)
{
    static const struct {
        const char *header;
        bool form;
    } cases[] = {
        {"X-PHP-Originating-Script: 33:class-phpmailer.php\r\n\r\n", true},
        {"X-Mailer: PHPMailer 6.8.0 (https://github.com/PHPMailer/PHPMailer)\r\n\r\n",
         true},
        {"X-Mailer: WordPress/6.1\r\n\r\n", true},
        {"X-Mailer: PHP/7.4.3\r\n\r\n", true},
        {"X-Mailer: Postmail v8.2\r\n\r\n", true},
        {"X-Mailer: CGI mailer\r\n\r\n", true},
        {"X-WPCF7-Content-Type: text/plain\r\n\r\n", true},
        {"X-GoogleForms-FormId: e/1FAI\r\n\r\n", true},
        {"X-Source-Dir: shop.example:/public_html/mail\r\n\r\n", true},
        {"X-Source-Dir: \r\n\r\n", false},
        {"X-Mailer: Becky! ver. 2.81.01 [ja]\r\n\r\n", false},
        {"X-Mailer: Microsoft Outlook 16.0\r\n\r\n", false},
        {"X-Mailer: iPhone Mail (20A362)\r\n\r\n", false},
        {"X-Mailer: git-send-email 2.38.1\r\n\r\n", false},
        {"User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:91.0)\r\n\r\n", false},
        {"User-Agent: Roundcube Webmail/1.6.1\r\n\r\n", false},
        {"User-Agent: SquirrelMail/1.4.22\r\n\r\n", false},
        {"Subject: PHPMailer\r\n\r\n", false},
        {"\r\nX-Mailer: PHPMailer\r\n", false},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct origin o = claims(cases[i].header);
        tap_ok(origin_has_note(&o, "web_form") == cases[i].form, "form %zu", i);
    }
}

static void
test_bounds(void)
{
    for (int more = 0; more < 2; more++) {
        struct writer w;
        writer_init(&w, &arena);
        for (int i = 0; i < LIMIT_CLAIMED_CLIENTS + more; i++) {
            writer_format(&w, "X-Real-IP: 10.0.0.%d\r\n", i + 1);
        }
        writer_text(&w, "\r\n");
        struct origin o = claims(writer_c(&w));
        tap_ok(o.claimed_count == LIMIT_CLAIMED_CLIENTS,
               "addresses at the bound, and %d more", more);
        writer_init(&w, &arena);
        for (int i = 0; i < LIMIT_CLAIMED_FIELDS - 1 + more; i++) {
            writer_text(&w, "X: y\r\n");
        }
        writer_text(&w, "X-Real-IP: 10.0.0.1\r\n\r\n");
        o = claims(writer_c(&w));
        tap_ok(o.claimed_count == (more ? 0 : 1), "the last field looked at, and %d more",
               more);
        writer_init(&w, &arena);
        writer_text(&w, "X-Real-IP: ");
        for (int i = 0; i < LIMIT_CLAIMED_VALUE - 10 + more; i++) {
            writer_byte(&w, ',');
        }
        writer_text(&w, "10.0.0.11\r\n\r\n");
        o = claims(writer_c(&w));
        tap_ok(o.claimed_count == (more ? 0 : 1), "the last byte looked at, and %d more",
               more);
    }
}

int
main(void)
{
    arena_init(&arena, 1ul << 26);
    test_names();
    test_clients();
    test_forms();
    test_bounds();
    arena_release(&arena);
    arena_forget_blocks();
    return tap_done();
}
