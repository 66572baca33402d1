#include "parse/received.h"

#include "base/limits.h"
#include "base/tap.h"
#include "base/writer.h"

static struct arena arena;
static struct received r;

static void
read_text(const char *text)
{
    received_read(&arena, bytes_from_text(text), &r);
}

static void
test_postfix(void)
{
    read_text("from a.example (b.example [192.0.2.1])\r\n\t(using TLSv1.3 with cipher "
              "TLS_AES_256_GCM_SHA384 (256/256 "
              "bits))\r\n\t(Authenticated sender: me@b.example)\r\n\tby mx.example "
              "(Postfix) with ESMTPSA id "
              "4ABC\r\n\tfor <you@example.jp>; Sun, 22 Nov 2026 11:00:00 +0900 (JST)");
    tap_ok(bytes_is(r.from, "a.example") && bytes_is(r.from_rdns, "b.example") &&
               bytes_is(r.from_ip, "192.0.2.1"),
           "from");
    tap_ok(bytes_is(r.tls_version, "TLSv1.3") &&
               bytes_is(r.tls_cipher, "TLS_AES_256_GCM_SHA384"),
           "TLS");
    tap_ok(bytes_is(r.auth, "me@b.example"), "login");
    tap_ok(bytes_is(r.by, "mx.example") && bytes_is(r.with, "ESMTPSA") &&
               bytes_is(r.id, "4ABC"),
           "by, with, id");
    tap_ok(bytes_is(r.for_, "you@example.jp"), "for");
    tap_ok(r.has_date && r.date_is_standard && r.date_zone_minutes == 540, "date");
}

static void
test_others(void)
{
    read_text(
        "from unknown (HELO me) (u@192.0.2.7) by x with SMTP; 1 Nov 2003 07:05:19 -0000");
    tap_ok(bytes_is(r.helo, "me") && bytes_is(r.from_ip, "192.0.2.7") &&
               bytes_is(r.ident, "u"),
           "qmail");
    read_text("from [192.0.2.9] (helo=h ident=i) by x with smtp (Exim 4) id 1-2-3");
    tap_ok(bytes_is(r.from_ip, "192.0.2.9") && bytes_is(r.helo, "h") &&
               bytes_is(r.ident, "i") && !r.has_date,
           "Exim");
    read_text("from x ([IPv6:2001:db8::1]) by y with ESMTPS (TLS1.3:AES:256) id z; x");
    tap_ok(bytes_is(r.from_ip, "2001:db8::1") && bytes_is(r.tls_version, "TLS1.3") &&
               bytes_is(r.tls_cipher, "AES"),
           "IPv6");
    tap_ok(!r.has_date && bytes_is(r.date_text, "x"), "no date");
    read_text("from x by y (envelope-from <a@b>) with Microsoft SMTP Server id 9");
    tap_ok(bytes_is(r.envelope_from, "a@b") && bytes_is(r.with, "Microsoft SMTP Server"),
           "envelope and words");
    read_text("(qmail 1 invoked from network); 13 Feb 2003 20:59:28 -0000");
    tap_ok(bytes_is(r.from, "network") && r.has_date, "invoked from");
    read_text("by y with HTTP; 13 Feb 2003 20:59:28 -0000");
    tap_ok(r.from.size == 0 && r.from_ip.size == 0 && bytes_is(r.with, "HTTP"), "no from");
    read_text("");
    tap_ok(r.from.size == 0 && r.by.size == 0 && !r.has_date, "nothing");
    received_read(&arena, BYTES("from \0 (\0[\0) by \0;\0"), &r);
    tap_ok(!r.has_date, "NULs");
}

/* One field as each kind of server writes it, names and addresses changed: from, helo, from_ip, from_rdns, by, with, id,
 * auth, tls_version. All that have a date say 2026-11-22 02:00 UTC. */
static const struct {
    const char *server, *text, *want[9];
    bool dated;
} servers[] = {
    /* clang-format off */
    {"Postfix", "from mail.example.com (mail.example.com [192.0.2.1]) by mx.example.jp (Postfix) with ESMTP id 4XABC1 for <u@example.jp>; Sun, 22 Nov 2026 11:00:00 +0900 (JST)", {"mail.example.com", "", "192.0.2.1", "mail.example.com", "mx.example.jp", "ESMTP", "4XABC1", "", ""}, true},
    {"Postfix, no name", "from ylmf-pc (unknown [198.51.100.7]) by mx.example.jp (Postfix) with SMTP id 4XABC2; Sun, 22 Nov 2026 11:00:00 +0900 (JST)", {"ylmf-pc", "", "198.51.100.7", "", "mx.example.jp", "SMTP", "4XABC2", "", ""}, true},
    {"Postfix, TLS", "from a.example (a.example [192.0.2.2]) (using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits) key-exchange X25519 server-signature ECDSA (P-256) server-digest SHA256) (No client certificate requested) by mx.example.jp (Postfix) with ESMTPS id 4XABC3 for <u@example.jp>; Sun, 22 Nov 2026 11:00:00 +0900 (JST)", {"a.example", "", "192.0.2.2", "a.example", "mx.example.jp", "ESMTPS", "4XABC3", "", "TLSv1.3"}, true},
    {"Postfix, old TLS, certificate", "from a.example (a.example [192.0.2.2]) (using TLSv1 with cipher DHE-RSA-AES256-SHA (256/256 bits)) (Client CN \"a.example\", Issuer \"Example CA\" (verified OK)) by mx.example.jp (Postfix) with ESMTPS id 9F1; Sun, 22 Nov 2026 11:00:00 +0900 (JST)", {"a.example", "", "192.0.2.2", "a.example", "mx.example.jp", "ESMTPS", "9F1", "", "TLSv1"}, true},
    {"Postfix, login", "from [192.168.1.10] (p123.example.ne.jp [203.0.113.9]) (using TLSv1.2 with cipher ECDHE-RSA-AES128-GCM-SHA256 (128/128 bits)) (Client did not present a certificate) (Authenticated sender: taro@example.jp) by smtp.example.jp (Postfix) with ESMTPSA id 77A; Sun, 22 Nov 2026 11:00:00 +0900 (JST)", {"192.168.1.10", "", "203.0.113.9", "p123.example.ne.jp", "smtp.example.jp", "ESMTPSA", "77A", "taro@example.jp", "TLSv1.2"}, true},
    {"Postfix, pickup", "by mx.example.jp (Postfix, from userid 33) id 5C2A; Sun, 22 Nov 2026 11:00:00 +0900 (JST)", {"userid", "", "", "", "mx.example.jp", "", "5C2A", "", ""}, true},
    {"Postfix, local", "from localhost (localhost [127.0.0.1]) by mx.example.jp (Postfix) with ESMTP id 61D; Sun, 22 Nov 2026 11:00:00 +0900", {"localhost", "", "127.0.0.1", "localhost", "mx.example.jp", "ESMTP", "61D", "", ""}, true},
    {"Postfix, IPv6", "from v6.example (v6.example [IPv6:2001:db8::25]) by mx.example.jp (Postfix) with ESMTPS id 61E; Sun, 22 Nov 2026 11:00:00 +0900", {"v6.example", "", "2001:db8::25", "v6.example", "mx.example.jp", "ESMTPS", "61E", "", ""}, true},
    {"Postfix, XFORWARD port", "from a.example (a.example [192.0.2.2]:52110) by mx.example.jp (Postfix) with ESMTP id 61F; Sun, 22 Nov 2026 11:00:00 +0900", {"a.example", "", "192.0.2.2", "a.example", "mx.example.jp", "ESMTP", "61F", "", ""}, true},
    {"Postfix, LMTP", "from mx.example.jp ([127.0.0.1]) by localhost (mx.example.jp [127.0.0.1]) (amavisd-new, port 10024) with LMTP id q8Zt3; Sun, 22 Nov 2026 11:00:00 +0900", {"mx.example.jp", "", "127.0.0.1", "", "localhost", "LMTP", "q8Zt3", "", ""}, true},
    {"Postfix, unix", "from localhost (localhost [unix:/run/lmtp]) by mx.example.jp (Postfix) with LMTP id 620; Sun, 22 Nov 2026 11:00:00 +0900", {"localhost", "", "", "localhost", "mx.example.jp", "LMTP", "620", "", ""}, true},
    {"sendmail", "from mail.example.com (mail.example.com [192.0.2.1]) by mx.example.jp (8.15.2/8.15.2) with ESMTP id 0AM2003q012345 for <u@example.jp>; Sun, 22 Nov 2026 11:00:00 +0900", {"mail.example.com", "", "192.0.2.1", "mail.example.com", "mx.example.jp", "ESMTP", "0AM2003q012345", "", ""}, true},
    {"sendmail, forged", "from bank.example (host-7.example.net [198.51.100.7] (may be forged)) by mx.example.jp (8.14.7/8.14.7) with SMTP id 0AM2003r; Sun, 22 Nov 2026 11:00:00 +0900", {"bank.example", "", "198.51.100.7", "host-7.example.net", "mx.example.jp", "SMTP", "0AM2003r", "", ""}, true},
    {"sendmail, TLS", "from a.example (a.example [192.0.2.2]) by mx.example.jp (8.16.1/8.16.1) with ESMTPS id 1A (version=TLSv1.3 cipher=TLS_AES_256_GCM_SHA384 bits=256 verify=NOT) for <u@example.jp>; Sun, 22 Nov 2026 11:00:00 +0900", {"a.example", "", "192.0.2.2", "a.example", "mx.example.jp", "ESMTPS", "1A", "", "TLSv1.3"}, true},
    {"sendmail, login", "from pc (p1.example.ne.jp [203.0.113.9]) (authenticated bits=0) by smtp.example.jp (8.14.4/8.14.4) with ESMTP id 1B; Sun, 22 Nov 2026 11:00:00 +0900", {"pc", "", "203.0.113.9", "p1.example.ne.jp", "smtp.example.jp", "ESMTP", "1B", "", ""}, true},
    {"sendmail, login named", "from pc (p1.example.ne.jp [203.0.113.9]) (authenticated as taro) by smtp.example.jp with ESMTP id 1C; Sun, 22 Nov 2026 11:00:00 +0900", {"pc", "", "203.0.113.9", "p1.example.ne.jp", "smtp.example.jp", "ESMTP", "1C", "taro", ""}, true},
    {"sendmail, from file", "(from root@localhost) by host.example.jp (8.14.4/8.14.4/Submit) id 0AM1; Sun, 22 Nov 2026 11:00:00 +0900", {"root@localhost", "", "", "", "host.example.jp", "", "0AM1", "", ""}, true},
    {"sendmail, ident", "from a.example (nobody@a.example [192.0.2.2]) by mx.example.jp (8.9.3/8.9.3) with SMTP id LAA01; Sun, 22 Nov 2026 11:00:00 +0900", {"a.example", "", "192.0.2.2", "", "mx.example.jp", "SMTP", "LAA01", "", ""}, true},
    {"sendmail, local", "from localhost (root@localhost) by host.example.jp (8.8.8/3.7W) id LAA02; Sun, 22 Nov 2026 11:00:00 +0900", {"localhost", "", "", "", "host.example.jp", "", "LAA02", "", ""}, true},
    {"Exim", "from mail.example.com ([192.0.2.1]) by mx.example.jp with esmtp (Exim 4.96) (envelope-from <a@example.com>) id 1oABC-0001-2x for u@example.jp; Sun, 22 Nov 2026 11:00:00 +0900", {"mail.example.com", "", "192.0.2.1", "", "mx.example.jp", "esmtp", "1oABC-0001-2x", "", ""}, true},
    {"Exim, helo", "from host.example.net ([198.51.100.7] helo=bank.example) by mx.example.jp with esmtps (TLS1.3) tls TLS_AES_256_GCM_SHA384 (Exim 4.96) id 1oABD; Sun, 22 Nov 2026 11:00:00 +0900", {"host.example.net", "bank.example", "198.51.100.7", "", "mx.example.jp", "esmtps", "1oABD", "", "TLS1.3"}, true},
    {"Exim, no name", "from [198.51.100.7] (helo=ylmf-pc) by mx.example.jp with smtp (Exim 4.92) id 1oABE; Sun, 22 Nov 2026 11:00:00 +0900", {"198.51.100.7", "ylmf-pc", "198.51.100.7", "", "mx.example.jp", "smtp", "1oABE", "", ""}, true},
    {"Exim, an address as helo", "from [198.51.100.7] (port=4000 helo=[127.0.0.1]) by mx.example.jp with esmtpa (Exim 4.92) id 1oABF; Sun, 22 Nov 2026 11:00:00 +0900", {"198.51.100.7", "127.0.0.1", "198.51.100.7", "", "mx.example.jp", "esmtpa", "1oABF", "", ""}, true},
    {"Exim, port", "from host.example.net ([198.51.100.7]:39664 helo=x.example) by mx.example.jp with esmtpsa (TLS1.2:ECDHE_RSA_AES_256_GCM_SHA384:256) (Exim 4.90) id 1oABG; Sun, 22 Nov 2026 11:00:00 +0900", {"host.example.net", "x.example", "198.51.100.7", "", "mx.example.jp", "esmtpsa", "1oABG", "", "TLS1.2"}, true},
    {"Exim, local", "from taro by host.example.jp with local (Exim 4.94) (envelope-from <taro@example.jp>) id 1oABH; Sun, 22 Nov 2026 11:00:00 +0900", {"taro", "", "", "", "host.example.jp", "local", "1oABH", "", ""}, true},
    {"Exim, ident", "from host.example.net ([198.51.100.7] ident=mail) by mx.example.jp with esmtp (Exim 4.94) id 1oABI; Sun, 22 Nov 2026 11:00:00 +0900", {"host.example.net", "", "198.51.100.7", "", "mx.example.jp", "esmtp", "1oABI", "", ""}, true},
    {"Exim, IPv6 helo", "from [2001:db8::7] (helo=[IPv6:2001:db8::9]) by mx.example.jp with esmtp (Exim 4.94) id 1oABJ; Sun, 22 Nov 2026 11:00:00 +0900", {"2001:db8::7", "2001:db8::9", "2001:db8::7", "", "mx.example.jp", "esmtp", "1oABJ", "", ""}, true},
    {"qmail", "from unknown (HELO mail.example.com) (192.0.2.1) by mx.example.jp with SMTP; 22 Nov 2026 02:00:00 -0000", {"unknown", "mail.example.com", "192.0.2.1", "", "mx.example.jp", "SMTP", "", "", ""}, true},
    {"qmail, same name", "from mail.example.com (192.0.2.1) by mx.example.jp with SMTP; 22 Nov 2026 02:00:00 -0000", {"mail.example.com", "", "192.0.2.1", "", "mx.example.jp", "SMTP", "", "", ""}, true},
    {"qmail, named", "from host.example.net (HELO bank.example) (198.51.100.7) by mx.example.jp with SMTP; 22 Nov 2026 02:00:00 -0000", {"host.example.net", "bank.example", "198.51.100.7", "", "mx.example.jp", "SMTP", "", "", ""}, true},
    {"netqmail, HELO with marks", "from unknown (HELO ?192.168.0.5?) (taro@example.jp@203.0.113.9) by smtp.example.jp with ESMTPA; 22 Nov 2026 11:00:00 +0900", {"unknown", "?192.168.0.5?", "203.0.113.9", "", "smtp.example.jp", "ESMTPA", "", "", ""}, true},
    {"netqmail, TLS", "from unknown (HELO a.example) (192.0.2.2) by mx.example.jp with (DHE-RSA-AES256-SHA encrypted) SMTP; 22 Nov 2026 02:00:00 -0000", {"unknown", "a.example", "192.0.2.2", "", "mx.example.jp", "SMTP", "", "", ""}, true},
    {"qmail, network", "(qmail 2541 invoked from network); 22 Nov 2026 02:00:00 -0000", {"network", "", "", "", "", "", "", "", ""}, true},
    {"qmail, uid", "(qmail 2542 invoked by uid 48); 22 Nov 2026 02:00:00 -0000", {"", "", "", "", "", "", "", "", ""}, true},
    {"qmail, alias", "(qmail 2543 invoked by alias); 22 Nov 2026 02:00:00 -0000", {"", "", "", "", "", "", "", "", ""}, true},
    {"qmail-scanner", "from 192.0.2.1 by mx.example.jp (envelope-from <a@example.com>, uid 89) with qmail-scanner-2.01 (clamdscan: 0.90. Clear:RC:0(192.0.2.1):. Processed in 0.05 secs); 22 Nov 2026 02:00:00 -0000", {"192.0.2.1", "", "192.0.2.1", "", "mx.example.jp", "qmail-scanner-2.01", "", "", ""}, true},
    {"nullmailer", "(nullmailer pid 4061 invoked by uid 1000); Sun, 22 Nov 2026 11:00:00 +0900", {"", "", "", "", "", "", "", "", ""}, true},
    {"simscan", "by simscan 1.4.0 ppid: 13502, pid: 14100, t: 0.5876s scanners: attach: 1.4.0", {"", "", "", "", "simscan", "", "", "", ""}, false},
    {"Exchange", "from EX01.corp.example (10.1.1.5) by EX02.corp.example (10.1.1.6) with Microsoft SMTP Server (TLS) id 15.0.1497.2; Sun, 22 Nov 2026 11:00:00 +0900", {"EX01.corp.example", "", "10.1.1.5", "", "EX02.corp.example", "Microsoft SMTP Server", "15.0.1497.2", "", ""}, true},
    {"Outlook.com", "from TY2PR01MB1.jpnprd01.prod.outlook.com (2603:1096:404:1::5) by OS3PR01MB2.jpnprd01.prod.outlook.com (2603:1096:604:2::6) with Microsoft SMTP Server (version=TLS1_2, cipher=TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384) id 15.20.8182.14; Sun, 22 Nov 2026 11:00:00 +0900", {"TY2PR01MB1.jpnprd01.prod.outlook.com", "", "2603:1096:404:1::5", "", "OS3PR01MB2.jpnprd01.prod.outlook.com", "Microsoft SMTP Server", "15.20.8182.14", "", "TLS1_2"}, true},
    {"Outlook.com, mapi", "from TY2PR01MB1.jpnprd01.prod.outlook.com ([fe80::1c2:3%5]) by TY2PR01MB1.jpnprd01.prod.outlook.com ([fe80::1c2:3%5]) with mapi id 15.20.8182.014; Sun, 22 Nov 2026 11:00:00 +0900", {"TY2PR01MB1.jpnprd01.prod.outlook.com", "", "fe80::1c2:3%5", "", "TY2PR01MB1.jpnprd01.prod.outlook.com", "mapi", "15.20.8182.014", "", ""}, true},
    {"Outlook.com, from outside", "from mail.example.com (192.0.2.1) by OS0JPN01FT0.mail.protection.outlook.com (10.13.1.2) with Microsoft SMTP Server (version=TLS1_3, cipher=TLS_AES_256_GCM_SHA384) id 15.20.8182.14 via Frontend Transport; Sun, 22 Nov 2026 11:00:00 +0900", {"mail.example.com", "", "192.0.2.1", "", "OS0JPN01FT0.mail.protection.outlook.com", "Microsoft SMTP Server", "15.20.8182.14", "", "TLS1_3"}, true},
    {"IIS", "from mail pickup service by web.example.jp with Microsoft SMTPSVC; Sun, 22 Nov 2026 11:00:00 +0900", {"mail", "", "", "", "web.example.jp", "Microsoft SMTPSVC", "", "", ""}, true},
    {"IIS, SMTPSVC", "from pc ([203.0.113.9]) by web.example.jp with Microsoft SMTPSVC(8.5.9600.16384); Sun, 22 Nov 2026 11:00:00 +0900", {"pc", "", "203.0.113.9", "", "web.example.jp", "Microsoft SMTPSVC", "", "", ""}, true},
    {"Google", "from mail-yw1-f169.google.com (mail-yw1-f169.google.com. [209.85.128.169]) by mx.google.com with ESMTPS id 00721157ae682-1si for <u@example.jp> (version=TLS1_3 cipher=TLS_AES_128_GCM_SHA256 bits=128/128); Sat, 21 Nov 2026 18:00:00 -0800 (PST)", {"mail-yw1-f169.google.com", "", "209.85.128.169", "mail-yw1-f169.google.com.", "mx.google.com", "ESMTPS", "00721157ae682-1si", "", "TLS1_3"}, true},
    {"Google, inside", "by 2002:a05:6402:22dc:b0:5d0:1 with SMTP id dm28csp1; Sat, 21 Nov 2026 18:00:00 -0800 (PST)", {"", "", "", "", "2002:a05:6402:22dc:b0:5d0:1", "SMTP", "dm28csp1", "", ""}, true},
    {"Google, HTTP", "by 2002:a05:6402:22dc:0:0:0:0 with HTTP; Sat, 21 Nov 2026 18:00:00 -0800 (PST)", {"", "", "", "", "2002:a05:6402:22dc:0:0:0:0", "HTTP", "", "", ""}, true},
    {"Google, submission", "from [10.0.2.15] (p1.example.ne.jp. [203.0.113.9]) by smtp.gmail.com with ESMTPSA id d9443c01a7336-2 for <u@example.jp> (version=TLS1_3 cipher=TLS_AES_256_GCM_SHA384 bits=256/256); Sat, 21 Nov 2026 18:00:00 -0800 (PST)", {"10.0.2.15", "", "203.0.113.9", "p1.example.ne.jp.", "smtp.gmail.com", "ESMTPSA", "d9443c01a7336-2", "", "TLS1_3"}, true},
    {"Google, workspace", "by mail-pl1-f182.google.com with SMTP id d9443c01a7336-20c9978a221so1 for <u@example.jp>; Sat, 21 Nov 2026 18:00:00 -0800 (PST)", {"", "", "", "", "mail-pl1-f182.google.com", "SMTP", "d9443c01a7336-20c9978a221so1", "", ""}, true},
    {"Yahoo!", "from sonic.gate.mail.ne1.yahoo.com by sonic304.consmr.mail.ne1.yahoo.com with HTTP; Sun, 22 Nov 2026 02:00:00 +0000", {"sonic.gate.mail.ne1.yahoo.com", "", "", "", "sonic304.consmr.mail.ne1.yahoo.com", "HTTP", "", "", ""}, true},
    {"Yahoo!, submission", "by hermes--production-gq1.kubernetes.yahoo.com (Yahoo Inc. Hermes SMTP Server) with ESMTPA ID a1b2c3; Sun, 22 Nov 2026 02:00:00 +0000 (UTC)", {"", "", "", "", "hermes--production-gq1.kubernetes.yahoo.com", "ESMTPA", "a1b2c3", "", ""}, true},
    {"Yahoo!, web", "from [203.0.113.9] by web100.mail.kks.yahoo.co.jp via HTTP; Sun, 22 Nov 2026 11:00:00 JST", {"203.0.113.9", "", "203.0.113.9", "", "web100.mail.kks.yahoo.co.jp", "", "", "", ""}, true},
    {"Yahoo!, NNFMP", "from [98.138.1.2] by nm1.bullet.mail.ne1.yahoo.com with NNFMP; 22 Nov 2026 02:00:00 -0000", {"98.138.1.2", "", "98.138.1.2", "", "nm1.bullet.mail.ne1.yahoo.com", "NNFMP", "", "", ""}, true},
    {"Amazon SES", "from a1-2.smtp-out.ap-northeast-1.amazonses.com (a1-2.smtp-out.ap-northeast-1.amazonses.com [54.240.1.2]) by inbound-smtp.us-east-1.amazonaws.com with SMTP id 5abc for u@example.jp; Sun, 22 Nov 2026 11:00:00 +0900", {"a1-2.smtp-out.ap-northeast-1.amazonses.com", "", "54.240.1.2", "a1-2.smtp-out.ap-northeast-1.amazonses.com", "inbound-smtp.us-east-1.amazonaws.com", "SMTP", "5abc", "", ""}, true},
    {"SendGrid", "by filter1760p1mdw1.sendgrid.net with SMTP id filter1760p1mdw1-25110-5F019304-15 2026-11-22 02:00:00.729747513 +0000 UTC m=+468983.435952994", {"", "", "", "", "filter1760p1mdw1.sendgrid.net", "SMTP", "filter1760p1mdw1-25110-5F019304-15", "", ""}, true},
    {"SendGrid, HTTP", "from MTc0MzAzNDc (unknown) by ismtpd0061p1las1.sendgrid.net (SG) with HTTP id nDGVw0ExSt-OEJ Sun, 22 Nov 2026 02:00:00.640 +0000 (UTC)", {"MTc0MzAzNDc", "", "", "", "ismtpd0061p1las1.sendgrid.net", "HTTP", "nDGVw0ExSt-OEJ", "", ""}, true},
    {"SendGrid, client", "from shop.example (unknown [192.0.2.8]) by geopod-ismtpd-5 (SG) with ESMTP id abc; Sun, 22 Nov 2026 02:00:00.1 +0000 (UTC)", {"shop.example", "", "192.0.2.8", "", "geopod-ismtpd-5", "ESMTP", "abc", "", ""}, true},
    {"docomo", "from docomo.ne.jp ([10.200.1.1]) by mfsmax.docomo.ne.jp (DOCOMO Mail Server Ver2.0) with SMTP id 0b1 for <u@example.jp>; Sun, 22 Nov 2026 11:00:00 +0900 (JST)", {"docomo.ne.jp", "", "10.200.1.1", "", "mfsmax.docomo.ne.jp", "SMTP", "0b1", "", ""}, true},
    {"docomo, spmode", "from mwsmtp.spmode.ne.jp (mail-n11.spmode.ne.jp [1.79.1.2]) by mx.example.jp (Postfix) with ESMTP id 0b2; Sun, 22 Nov 2026 11:00:00 +0900 (JST)", {"mwsmtp.spmode.ne.jp", "", "1.79.1.2", "mail-n11.spmode.ne.jp", "mx.example.jp", "ESMTP", "0b2", "", ""}, true},
    {"au", "from lsean.ezweb.ne.jp ([127.0.0.1]) by lsean.ezweb.ne.jp (EZweb Mail) with ESMTP id X1Y2 for <u@example.jp>; Sun, 22 Nov 2026 11:00:00 +0900", {"lsean.ezweb.ne.jp", "", "127.0.0.1", "", "lsean.ezweb.ne.jp", "ESMTP", "X1Y2", "", ""}, true},
    {"SoftBank", "from imap.softbank.jp (imap.softbank.jp [10.1.1.2]) by pmx.softbank.jp with SMTP id 20261122; Sun, 22 Nov 2026 11:00:00 +0900 (JST)", {"imap.softbank.jp", "", "10.1.1.2", "imap.softbank.jp", "pmx.softbank.jp", "SMTP", "20261122", "", ""}, true},
    {"InterScan", "from unknown (HELO mail.example.com) (192.0.2.1) by 0 with SMTP; 22 Nov 2026 11:00:00 +0900", {"unknown", "mail.example.com", "192.0.2.1", "", "0", "SMTP", "", "", ""}, true},
    {"ODN", "from vmsa509.odn.example by cmsa509.odn.example with ESMTP id <20261122020000.YNPJ.67809.cmsa509@msa509.odn.example> for <u@example.jp>; Sun, 22 Nov 2026 11:00:00 +0900", {"vmsa509.odn.example", "", "", "", "cmsa509.odn.example", "ESMTP", "20261122020000.YNPJ.67809.cmsa509@msa509.odn.example", "", ""}, true},
    {"Courier", "from a.example (a.example [::ffff:192.0.2.2]) by mx.example.jp with esmtp; Sun, 22 Nov 2026 11:00:00 +0900 id 000000000C860387.000000005F9C642A.0000311D", {"a.example", "", "::ffff:192.0.2.2", "a.example", "mx.example.jp", "esmtp", "000000000C860387.000000005F9C642A.0000311D", "", ""}, true},
    {"Courier, login", "from pc ([::ffff:203.0.113.9]) (AUTH: LOGIN taro@example.jp) by smtp.example.jp with esmtp; Sun, 22 Nov 2026 11:00:00 +0900", {"pc", "", "::ffff:203.0.113.9", "", "smtp.example.jp", "esmtp", "", "taro@example.jp", ""}, true},
    {"MDaemon", "from mail.example.com [192.0.2.1] by mx.example.jp with ESMTP (MDaemon PRO v10.0.1) id md50001 for <u@example.jp>; Sun, 22 Nov 2026 11:00:00 +0900", {"mail.example.com", "", "192.0.2.1", "", "mx.example.jp", "ESMTP", "md50001", "", ""}, true},
    {"MDaemon, new", "from [192.0.2.1] by mx.example.jp (MDaemon PRO v20.0.1) with ESMTPS id md5002.msg; Sun, 22 Nov 2026 11:00:00 +0900", {"192.0.2.1", "", "192.0.2.1", "", "mx.example.jp", "ESMTPS", "md5002.msg", "", ""}, true},
    {"Lotus Domino", "from mail.example.com ([192.0.2.1]) by domino.example.jp (Lotus Domino Release 8.5.3FP6) with ESMTP id 2026112211000000-123 ; Sun, 22 Nov 2026 11:00:00 +0900", {"mail.example.com", "", "192.0.2.1", "", "domino.example.jp", "ESMTP", "2026112211000000-123", "", ""}, true},
    {"CommuniGate", "from [192.0.2.1] (account taro HELO pc) by mx.example.jp (CommuniGate Pro SMTP 6.2.1) with ESMTPSA id 123456; Sun, 22 Nov 2026 11:00:00 +0900", {"192.0.2.1", "pc", "192.0.2.1", "", "mx.example.jp", "ESMTPSA", "123456", "taro", ""}, true},
    {"CommuniGate, verified", "from mail.example.com ([192.0.2.1] verified) by mx.example.jp (CommuniGate Pro SMTP 5.4) with ESMTP id 123457; Sun, 22 Nov 2026 11:00:00 +0900", {"mail.example.com", "", "192.0.2.1", "", "mx.example.jp", "ESMTP", "123457", "", ""}, true},
    {"CommuniGate, web", "from [203.0.113.9] (account taro@example.jp) by mx.example.jp (CommuniGate Pro WEBUSER 5.4) with HTTP id 123458; Sun, 22 Nov 2026 11:00:00 +0900", {"203.0.113.9", "", "203.0.113.9", "", "mx.example.jp", "HTTP", "123458", "taro@example.jp", ""}, true},
    {"Zimbra", "from zmta.example.jp (LHLO zmta.example.jp) (10.0.0.5) by zmbox.example.jp with LMTP; Sun, 22 Nov 2026 11:00:00 +0900", {"zmta.example.jp", "zmta.example.jp", "10.0.0.5", "", "zmbox.example.jp", "LMTP", "", "", ""}, true},
    {"iMS", "from mail.example.com ([192.0.2.1]) by ims.example.jp (Sun Java(tm) System Messaging Server 7u4-18.01 64bit (built Jul 15 2010)) with ESMTP id <0LAB00K@ims.example.jp> for u@example.jp; Sun, 22 Nov 2026 11:00:00 +0900", {"mail.example.com", "", "192.0.2.1", "", "ims.example.jp", "ESMTP", "0LAB00K@ims.example.jp", "", ""}, true},
    {"iMS, process", "from process-daemon.ims.example.jp by ims.example.jp (Oracle Communications Messaging Server 8.0.1 64bit) id <0LAB01@ims.example.jp>; Sun, 22 Nov 2026 11:00:00 +0900", {"process-daemon.ims.example.jp", "", "", "", "ims.example.jp", "", "0LAB01@ims.example.jp", "", ""}, true},
    {"XMail", "from mail.example.com ([192.0.2.1]:41111) by mx.example.jp with [XMail 1.27 ESMTP Server] id <S12AB> for <u@example.jp> from <a@example.com>; Sun, 22 Nov 2026 11:00:00 +0900", {"mail.example.com", "", "192.0.2.1", "", "mx.example.jp", "[XMail 1.27 ESMTP Server]", "S12AB", "", ""}, true},
    {"MailEnable", "from mail.example.com ([192.0.2.1]) by mx.example.jp with MailEnable ESMTP; Sun, 22 Nov 2026 11:00:00 +0900", {"mail.example.com", "", "192.0.2.1", "", "mx.example.jp", "MailEnable ESMTP", "", "", ""}, true},
    {"MailEnable, web", "from ([203.0.113.9]) by mx.example.jp with MailEnable WebMail; Sun, 22 Nov 2026 11:00:00 +0900", {"", "", "203.0.113.9", "", "mx.example.jp", "MailEnable WebMail", "", "", ""}, true},
    {"IMail", "from mail.example.com [192.0.2.1] by mx.example.jp with ESMTP (SMTPD32-8.05) id A123; Sun, 22 Nov 2026 11:00:00 +0900", {"mail.example.com", "", "192.0.2.1", "", "mx.example.jp", "ESMTP", "A123", "", ""}, true},
    {"IMail, brackets", "from mail.example.com[192.0.2.1] by mx.example.jp[192.0.2.99] (SMTPD32); Sun, 22 Nov 2026 11:00:00 +0900", {"mail.example.com", "", "192.0.2.1", "", "mx.example.jp", "", "", "", ""}, true},
    {"Haraka", "from mail.example.com (mail.example.com [192.0.2.1]) by mx.example.jp (Haraka/3.0.3) with ESMTPS id A1B2.1 envelope-from <a@example.com> tls TLS_AES_256_GCM_SHA384 (authenticated bits=0); Sun, 22 Nov 2026 11:00:00 +0900", {"mail.example.com", "", "192.0.2.1", "mail.example.com", "mx.example.jp", "ESMTPS", "A1B2.1", "", ""}, true},
    {"OpenSMTPD", "from mail.example.com (mail.example.com [192.0.2.1]) by mx.example.jp (OpenSMTPD) with ESMTPS id 1a2b3c4d (TLSv1.3:TLS_AES_256_GCM_SHA384:256:NO) for <u@example.jp>; Sun, 22 Nov 2026 11:00:00 +0900", {"mail.example.com", "", "192.0.2.1", "mail.example.com", "mx.example.jp", "ESMTPS", "1a2b3c4d", "", "TLSv1.3"}, true},
    {"OpenSMTPD, login", "from pc (<unknown> [203.0.113.9]) by mx.example.jp (OpenSMTPD) with ESMTPSA id 1a2b (TLSv1.3:AEAD-AES256-GCM-SHA384:256:NO) auth=yes user=taro; Sun, 22 Nov 2026 11:00:00 +0900", {"pc", "", "203.0.113.9", "", "mx.example.jp", "ESMTPSA", "1a2b", "taro", "TLSv1.3"}, true},
    {"fetchmail", "from pop.example.jp [192.0.2.110] by localhost with POP3 (fetchmail-6.4.0) for <taro@localhost> (single-drop); Sun, 22 Nov 2026 11:00:00 +0900", {"pop.example.jp", "", "192.0.2.110", "", "localhost", "POP3", "", "", ""}, true},
    {"Horde", "from p1.example.ne.jp (p1.example.ne.jp [203.0.113.9]) by webmail.example.jp (Horde Framework) with HTTP; Sun, 22 Nov 2026 11:00:00 +0900", {"p1.example.ne.jp", "", "203.0.113.9", "p1.example.ne.jp", "webmail.example.jp", "HTTP", "", "", ""}, true},
    {"IMP", "from 203.0.113.9 ([203.0.113.9]) by webmail.example.jp (IMP) with HTTP for <taro@imap.example.jp>; Sun, 22 Nov 2026 11:00:00 +0900", {"203.0.113.9", "", "203.0.113.9", "", "webmail.example.jp", "HTTP", "", "", ""}, true},
    {"SquirrelMail", "from 203.0.113.9 (SquirrelMail authenticated user taro@example.jp) by webmail.example.jp with HTTP; Sun, 22 Nov 2026 11:00:00 +0900", {"203.0.113.9", "", "203.0.113.9", "", "webmail.example.jp", "HTTP", "", "taro@example.jp", ""}, true},
    {"SquirrelMail, proxy", "from 203.0.113.9 (proxying for 10.1.1.1) (SquirrelMail authenticated user taro) by webmail.example.jp with HTTP; Sun, 22 Nov 2026 11:00:00 +0900", {"203.0.113.9", "", "203.0.113.9", "", "webmail.example.jp", "HTTP", "", "taro", ""}, true},
    {"RoundCube", "from [203.0.113.9] (p1.example.ne.jp [203.0.113.9]) by webmail.example.jp with HTTP (HTTP/1.1 POST); Sun, 22 Nov 2026 11:00:00 +0900", {"203.0.113.9", "", "203.0.113.9", "p1.example.ne.jp", "webmail.example.jp", "HTTP", "", "", ""}, true},
    {"Aliyun", "from localhost(mailfrom:a@example.com fp:SMTPD_---0U1) by smtp.aliyun-inc.example(127.0.0.1); Sun, 22 Nov 2026 11:00:00 +0900", {"localhost", "", "", "", "smtp.aliyun-inc.example", "", "", "", ""}, true},
    {"IronPort", "from esa1.example.jp ([10.7.209.41]) by esa2.example.jp with ESMTP/TLS/ECDHE-RSA-AES256-GCM-SHA384; 22 Nov 2026 11:00:00 +0900", {"esa1.example.jp", "", "10.7.209.41", "", "esa2.example.jp", "ESMTP/TLS/ECDHE-RSA-AES256-GCM-SHA384", "", "", ""}, true},
    {"Barracuda", "from mail.example.com (mail.example.com [192.0.2.1]) by barracuda.example.jp with ESMTP id abcDEF (version=TLSv1.2 cipher=ECDHE-RSA-AES256-GCM-SHA384 bits=256 verify=NO); Sun, 22 Nov 2026 11:00:00 +0900", {"mail.example.com", "", "192.0.2.1", "mail.example.com", "barracuda.example.jp", "ESMTP", "abcDEF", "", "TLSv1.2"}, true},
    {"Proofpoint", "from pps.filterd (m0098404.ppops.net [127.0.0.1]) by mx0a.example.jp (8.18.1.2/8.18.1.2) with ESMTP id 4AM1; Sun, 22 Nov 2026 11:00:00 +0900", {"pps.filterd", "", "127.0.0.1", "m0098404.ppops.net", "mx0a.example.jp", "ESMTP", "4AM1", "", ""}, true},
    {"Kerio", "from shop.example ([192.0.2.8]) (authenticated user info@shop.example) by mail.shop.example (Kerio Connect 9.0.1) with ESMTPSA (using TLSv1 with cipher ECDHE-RSA-AES256-SHA (256 bits)) for u@example.jp; Sun, 22 Nov 2026 11:00:00 +0900", {"shop.example", "", "192.0.2.8", "", "mail.shop.example", "ESMTPSA", "", "info@shop.example", "TLSv1"}, true},
    {"SmarterMail", "from pc (p1.example.ne.jp [203.0.113.9]) by mail.example.jp with SMTP (version=TLS\\Tls12 cipher=Aes256 bits=256); Sun, 22 Nov 2026 11:00:00 +0900", {"pc", "", "203.0.113.9", "p1.example.ne.jp", "mail.example.jp", "SMTP", "", "", "TLS\\Tls12"}, true},
    {"hMailServer", "from pc (p1.example.ne.jp [203.0.113.9]) by mail.example.jp with ESMTPSA (version=TLSv1.2 cipher=ECDHE-RSA-AES256-GCM-SHA384 bits=256); Sun, 22 Nov 2026 11:00:00 +0900", {"pc", "", "203.0.113.9", "p1.example.ne.jp", "mail.example.jp", "ESMTPSA", "", "", "TLSv1.2"}, true},
    {"PowerMTA", "from [10.0.0.7] (10.0.0.7) by mta1.shop.example (PowerMTA(TM) v4.5r8) id h1g2 for <u@example.jp>; Sun, 22 Nov 2026 11:00:00 +0900 (envelope-from <b@shop.example>)", {"10.0.0.7", "", "10.0.0.7", "", "mta1.shop.example", "", "h1g2", "", ""}, true},
    {"Mailman", "from lists.example.org (localhost [127.0.0.1]) by lists.example.org (Postfix) with ESMTP id 4L1; Sun, 22 Nov 2026 02:00:00 +0000 (UTC)", {"lists.example.org", "", "127.0.0.1", "localhost", "lists.example.org", "ESMTP", "4L1", "", ""}, true},
    {"hosteurope", "from [203.0.113.9] (helo=pc); authenticated by wp1.example.de running ExIM with esmtpsa (TLS1.3:ECDHE_RSA_AES_128_GCM_SHA256:128) id 1p0-7B; Sun, 22 Nov 2026 11:00:00 +0900", {"203.0.113.9", "pc", "203.0.113.9", "", "wp1.example.de", "esmtpsa", "1p0-7B", "", "TLS1.3"}, true},
    {"a broken comment", "from x.example (unknown (198.51.100.7]) by y.example with SMTP id 47a; for <u@example.jp>;Sun, 22 Nov 2026 11:00:00 +0900", {"x.example", "", "198.51.100.7", "", "y.example", "SMTP", "47a", "", ""}, true},
    {"folded", "from a.example\r\n\t(a.example [192.0.2.2])\r\n\tby mx.example.jp\r\n\twith ESMTP\r\n\tid 9;\r\n\tSun, 22 Nov 2026 11:00:00 +0900", {"a.example", "", "192.0.2.2", "a.example", "mx.example.jp", "ESMTP", "9", "", ""}, true},
    {"capitals", "FROM a.example (HELO b.example) (192.0.2.2) BY mx.example.jp WITH smtp ID 9; Sun, 22 Nov 2026 11:00:00 +0900", {"a.example", "b.example", "192.0.2.2", "", "mx.example.jp", "smtp", "9", "", ""}, true},
    {"no date", "from a.example (a.example [192.0.2.2]) by mx.example.jp with ESMTP id 9", {"a.example", "", "192.0.2.2", "a.example", "mx.example.jp", "ESMTP", "9", "", ""}, false},
    {"Farcaster", "from EX19.ant.example.com [10.0.21.151:49900] by smtpin.example.com [10.0.27.169:2525] with esmtp (Farcaster) id 3e1; Sun, 22 Nov 2026 02:00:00 +0000 (UTC)", {"EX19.ant.example.com", "", "10.0.21.151", "", "smtpin.example.com", "esmtp", "3e1", "", ""}, true},
    {"BestMail", "from shop.example (192.0.2.8:52239) by ITA.example with [BestMail 3.00.000 (Win32/Ix86) ESMTP Server] id <S121FD2> for <u@example.jp> from <a@shop.example>; Sun, 22 Nov 2026 11:00:00 +0900", {"shop.example", "", "192.0.2.8", "", "ITA.example", "[BestMail 3.00.000", "S121FD2", "", ""}, true},
    {"CrediShield", "from 172.19.25.122(172.19.25.122) at Sun, 22 Nov 2026 11:00:00 +0900 by spam.example with ESMTP CrediShield", {"172.19.25.122", "", "172.19.25.122", "", "spam.example", "ESMTP CrediShield", "", "", ""}, true},
    {"WS-web", "from WS-web (x_y$a@shop.example[127.0.0.1]) by e01e07544.example at Sun, 22 Nov 2026 10:00:00 +0800", {"WS-web", "", "127.0.0.1", "", "e01e07544.example", "", "", "", ""}, true},
    {"UUCP", "from uucp by relay.example.jp with UUCP id AB12 for u; Sun, 22 Nov 2026 11:00:00 +0900", {"uucp", "", "", "", "relay.example.jp", "UUCP", "AB12", "", ""}, true},
    {"via", "from a.example by b.example via TCP with SMTP id 7; Sun, 22 Nov 2026 11:00:00 +0900", {"a.example", "", "", "", "b.example", "SMTP", "7", "", ""}, true},
    /* clang-format on */
};

static void
test_servers(void)
{
    static const char *const names[] = {"from", "helo", "from_ip", "from_rdns",  "by",
                                        "with", "id",   "auth",    "tls_version"};

    for (size_t i = 0; i < sizeof servers / sizeof *servers; i++) {
        read_text(servers[i].text);
        const struct bytes got[] = {r.from, r.helo, r.from_ip, r.from_rdns,  r.by,
                                    r.with, r.id,   r.auth,    r.tls_version};
        bool good = r.has_date == servers[i].dated && (!r.has_date || r.date == 1795312800);
        const char *wrong = good ? "" : "date";
        for (size_t n = 0; n < sizeof got / sizeof *got; n++) {
            if (!bytes_is(got[n], servers[i].want[n])) {
                wrong = names[n];
                good = false;
            }
        }
        tap_ok(good, "%s %s", servers[i].server, wrong);
    }
}

/* Short and plain comments are read another way than long ones and those with more in them. */
static void
test_comments(void)
{
    static const char *const inner[] = {"", "(y)", "\\)", "\\(", "((y)(z))"};
    size_t good = 0, tried = 0;

    for (size_t i = 0; i < sizeof inner / sizeof inner[0]; i++) {
        for (size_t fill = 0; fill <= 300; fill++) {
            struct writer w;
            writer_init(&w, &arena);
            writer_text(&w, "from a.example (");
            for (size_t n = 0; n < fill; n++) {
                writer_text(&w, "x");
            }
            writer_text(&w, inner[i]);
            writer_text(&w, ") by b.example with SMTP id 9");
            received_read(&arena, writer_view(&w), &r);
            good += bytes_is(r.by, "b.example") && bytes_is(r.id, "9");
            tried++;
        }
    }
    tap_ok(good == tried, "comments of every size to 300 end where they end (%zu of %zu)",
           good, tried);
    read_text("from a.example (\\) by b.example with SMTP id 9");
    tap_ok(bytes_is(r.by, "b.example"), "a comment that is not closed is text");
}

static void
test_floods(void)
{
    static const char *const pieces[] = {"(",  "()",    "from ",   "[",        "([",
                                         "<",  "; ",    "by (a [", "id xfor ", "(from ",
                                         "\"", "helo ", "AUTH: ",  ")"};

    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        for (int open = 0; open < 2; open++) {
            struct writer w;
            writer_init(&w, &arena);
            writer_text(&w, open ? "from x (" : "from ");
            while (w.size < LIMIT_HEADER_FIELD) {
                writer_text(&w, pieces[i]);
            }
            writer_text(&w, open ? ")" : "");
            received_read(&arena, writer_view(&w), &r);
            tap_ok(!r.has_date, "a flood of piece %zu, %d", i, open);
        }
    }
}

int
main(void)
{
    arena_init(&arena, (size_t)1 << 30);
    test_postfix();
    test_others();
    test_servers();
    test_comments();
    test_floods();
    arena_release(&arena);
    return tap_done();
}
