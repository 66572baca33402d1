#!/usr/bin/env python3
"""Mail in by SMTP, judged, out into a Maildir: with swaks and with bytes of our own."""
import glob, os, re, shutil, subprocess
from checkpoint import *

ZONE = {
    'sender.example': {'TXT': [['v=spf1 ip4:192.0.2.10 -all']], 'MX': [[10, 'mail.sender.example']]},
    'mail.sender.example': {'A': ['192.0.2.10']},
    '_dmarc.sender.example': {'TXT': [['v=DMARC1; p=reject']]},
    '10.2.0.192.in-addr.arpa': {'PTR': ['mail.sender.example']},
}
GOOD = (b'From: Taro <taro@sender.example>\r\nTo: user@rcpt.example\r\nSubject: Meeting on Monday\r\n'
        b'Date: Sun, 22 Nov 2026 10:00:00 +0900\r\nMessage-ID: <m1@sender.example>\r\n\r\nHello,\r\nsee you then.\r\n')


def swaks(c, *more):
    return subprocess.run(['swaks', '--server', '127.0.0.1:%d' % c.port, '--to', 'user@rcpt.example',
                           '--from', 'taro@sender.example', '--helo', 'mail.sender.example',
                           '--xclient', 'ADDR=192.0.2.10 NAME=[UNAVAILABLE]', '--h-From', 'taro@sender.example',
                           '--body', 'Good morning'] + list(more), capture_output=True, text=True, timeout=60)


with Checkpoint(zone=ZONE) as c:
    if shutil.which('swaks'):
        r = swaks(c)
        ok(r.returncode == 0 and '250 2.0.0' in r.stdout, 'swaks delivers', r.stdout + r.stderr)
    else:
        skip('swaks delivers', 'swaks is not installed')
    mails = c.mails()
    ok(len(mails) == 1, 'one message stands in the Maildir', len(mails))
    m = mails[0].decode('utf-8', 'replace') if mails else ''
    ok(m.startswith('Received: from mail.sender.example'), 'our Received stands on top', m[:300])
    ok(re.search(r'Authentication-Results: mx\.rcpt\.example.*spf=pass', m, re.S), 'SPF pass is written', m[:600])
    ok('dmarc=pass' in m, 'DMARC pass is written', m[:600])
    ok('X-Sekisho-Verdict: accept' in m, 'the verdict is written', m[:800])

    with Smtp(c.port) as s:
        ok(s.greeting[0] == 220 and 'mx.rcpt.example' in s.greeting[1][0], 'the greeting names us', s.greeting)
        words = ' '.join(s.ehlo[1])
        for extension in ('PIPELINING', 'SIZE', '8BITMIME', 'ENHANCEDSTATUSCODES', 'SMTPUTF8'):
            ok(extension in words, 'EHLO offers ' + extension, words)
        ok('CHUNKING' not in words, 'EHLO does not offer what we do not do')
        ok(s.say(b'VRFY user')[0] == 252, 'VRFY is answered 252')
        ok(s.say(b'NOOP')[0] == 250, 'NOOP')
        ok(s.say(b'BOGUS')[0] == 500, 'an unknown verb is answered 500')
        ok(s.say(b'DATA')[0] == 503, 'DATA without MAIL is answered 503')
        ok(s.say(b'MAIL FROM:<x@sender.example> SIZE=999999999')[0] == 552, 'SIZE beyond the bound is answered 552')
        forged = b'Authentication-Results: mx.rcpt.example; spf=pass smtp.mailfrom=bank.example\r\n'
        other = b'Authentication-Results: other.example; spf=pass smtp.mailfrom=x.example\r\n'
        s.say(b'XCLIENT ADDR=192.0.2.10 NAME=[UNAVAILABLE]')
        s.say(b'EHLO mail.sender.example')
        a = s.mail(forged + other + b'X-Sekisho-Verdict: accept; forged\r\n' + GOOD, b'taro@sender.example')
        ok(a[0] == 250, 'a second message in the same connection', a)
        dots = GOOD.replace(b'Meeting', b'Dots').replace(b'Hello,', b'a\r\n..\r\n...two\r\n..one')
        a = s.mail(dots, b'taro@sender.example')
        ok(a[0] == 250, 'a message with leading dots', a)
        ok(s.say(b'QUIT')[0] == 221, 'QUIT')
    texts = [m for m in c.mails()]
    m = [t for t in texts if b'other.example' in t][0]
    ok(b'bank.example' not in m, 'a forged Authentication-Results with our name is removed', m)
    ok(b'X-Sekisho-Verdict: accept; forged' not in m, 'a forged X-Sekisho-Verdict is removed', m)
    ok(m.count(b'spf=pass') == 2, 'SPF is checked for the real client', m[:500])
    m = [t for t in texts if b'Subject: Dots' in t][0]
    ok(b'\r\n.\r\n..two\r\n.one' in m, 'leading dots arrive as they were sent', m[-200:])

    # The policy of the From domain is obeyed: sender.example says reject, and this client is not one of its hosts.
    with Smtp(c.port) as s:
        s.say(b'XCLIENT ADDR=203.0.113.99 NAME=[UNAVAILABLE]')
        s.say(b'EHLO evil.example')
        a = s.mail(GOOD, b'x@other.example')
        ok(a[0] == 550 and 'DMARC' in a[1][0], 'a forged From under p=reject is refused with a reason', a)
    # Two recipients at a carrier, one of whom consented: content is read for him alone.
    before = len(c.mails())

extra = '[recipient yes@rcpt.example]\nconsent = content, links, threat\n'
with Checkpoint(zone=ZONE, profile='carrier', extra=extra) as c:
    threat = ('From: x@notice.example\r\nSubject: =?UTF-8?B?%s?=\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\n'
              'Content-Transfer-Encoding: 8bit\r\n\r\n明日の15時34分に桜ヶ丘市役所を爆破します。爆弾を仕掛けました。職員を殺します。\r\n'
              % __import__('base64').b64encode('爆破予告'.encode()).decode()).encode()
    with Smtp(c.port) as s:
        a = s.mail(threat, b'x@notice.example', [b'yes@rcpt.example', b'no@rcpt.example'])
        ok(a[0] == 250, 'a threat to two recipients is delivered, never refused', a)
    by = {}
    for root, _, files in os.walk(c.maildir):
        if root.endswith('/new'):
            for f in files:
                by[root.split(os.sep)[-2]] = open(os.path.join(root, f), 'rb').read()
    ok(set(by) == {'yes', 'no'}, 'both got it', sorted(by))
    ok(b'X-Sekisho-Verdict: label' in by.get('yes', b''), 'who consented sees the label', by.get('yes', b'')[:600])
    ok(b'threat' in by.get('yes', b'')[:800], 'and its reason', by.get('yes', b'')[:800])
    ok(b'X-Sekisho-Verdict: accept' in by.get('no', b'') and b'threat' not in by.get('no', b'').split(b'Subject:')[0],
       'who did not consent gets no finding from content', by.get('no', b'')[:600])
done()
