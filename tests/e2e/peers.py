#!/usr/bin/env python3
"""Faults of others that only a whole checkpoint can have, each named by who had it; docs/PEERS.md lists them all."""
import base64, hashlib, re
from checkpoint import *

TAGS = 'v=1; a=rsa-sha256; c=simple/simple; d=sender.example; s=s1; h=from:subject:x-blanks; bh=%s; b='
ODD = [b'From: Taro <taro@sender.example>\r\n', b'sUbject \t:Two  blanks \t\r\n', b'X-Blanks:\r\n\t folded \r\n\tagain\r\n']
BODY = b'.\r\n..\r\n.a dot\r\n \r\nblanks  \r\n\ttab\t\r\n\x0c\r\nx'


def openssl(*arguments, data=None):
    return subprocess.run(['openssl'] + list(arguments), input=data, capture_output=True, timeout=60, check=True).stdout


def signed(folder):
    """(zone, message): everything hashed byte for byte as it stands, so that one changed blank breaks the signature."""
    key = os.path.join(folder, 'dkim.pem')
    openssl('genrsa', '-out', key, '2048')
    public = base64.b64encode(openssl('rsa', '-in', key, '-pubout', '-outform', 'DER')).decode()
    tags = TAGS % base64.b64encode(hashlib.sha256(BODY + b'\r\n').digest()).decode()
    field = b'DKIM-Signature: ' + tags.encode()
    signature = openssl('dgst', '-sha256', '-sign', key, data=b''.join(ODD) + field)
    zone = {'s1._domainkey.sender.example': {'TXT': [['v=DKIM1; k=rsa; p=' + public[:200], public[200:]]]},
            '_dmarc.sender.example': {'TXT': [['v=DMARC1; p=reject']]},
            '_dmarc.bank.example': {'TXT': [['v=DMARC1; p=reject']]},
            '_dmarc.shop.example': {'TXT': [['v=DMARC1; p=quarantine']]}}
    return zone, field + base64.b64encode(signature) + b'\r\n' + b''.join(ODD) + b'\r\n' + BODY


def from_client(s, login=None):
    s.say(b'XCLIENT ADDR=192.0.2.10 NAME=[UNAVAILABLE]' + (b' LOGIN=' + login if login else b''))
    s.say(b'EHLO mail.sender.example')


def stuffed(message):
    return re.sub(rb'(?m)^\.', b'..', message)


def wire(c, message):
    """Class 14: what is hashed is what was on the wire, and what goes on is what came."""
    with Smtp(c.port) as s:
        from_client(s)
        answer = s.mail(stuffed(message), b'taro@sender.example')
    mails = c.mails()
    text = mails[0] if mails else b''
    ok(answer[0] == 250 and b'dkim=pass' in text,
       'class 14: a simple signature over odd blanks and stuffed dots passes at the SMTP door', (answer, text[:900]))
    ok(text.endswith(message + b'\r\n'), 'class 14: and every byte of it goes on', text[-300:])
    ours = re.search(rb'(?m)^Authentication-Results: mx\.rcpt\.example', text)
    ok(ours and ours.start() < text.index(b'DKIM-Signature:'),
       'OpenDMARC: our Authentication-Results stand above all that came, not one field below', text[:600])
    with Smtp(c.port) as s:
        from_client(s)
        answer = s.mail(stuffed(message).replace(b'Two  blanks', b'Two blanks'), b'taro@sender.example')
    ok(answer[0] == 550, 'class 14: one blank less, and the policy of the domain stands', answer)


def policies(c):
    with Smtp(c.port) as s:
        from_client(s)
        answer = s.mail(b'From: Shop <a@shop.example>\r\nSubject: quarantine\r\n\r\nx\r\n', b'a@evil.example')
        label = [m for m in c.mails() if b'Subject: quarantine' in m]
        ok(answer[0] == 250 and label and b'X-Sekisho-Verdict: label' in label[0],
           'OpenDMARC: p=quarantine does something: the message is labelled', (answer, label))
        many = b', '.join(b'u@evil%d.example' % i for i in range(25))
        answer = s.mail(b'From: a@bank.example, %s\r\nSubject: many\r\n\r\nx\r\n' % many, b'a@evil.example')
        ok(answer[0] in (550, 554), 'OpenDMARC CVE-2019-16378: a forged From before 25 others is refused', answer)
        s.mail(b'From: %s, a@bank.example\r\nSubject: behind\r\n\r\nx\r\n' % many, b'a@evil.example')
        ok(not [m for m in c.mails() if b'Subject: behind' in m],
           'OpenDMARC CVE-2019-16378: nor does one behind 25 others come through')


def authenticated(c):
    with Smtp(c.port) as s:
        from_client(s, b'taro')
        answer = s.mail(b'From: Bank <a@bank.example>\r\nSubject: login\r\n\r\nx\r\n', b'a@bank.example')
        again = s.mail(b'From: Bank <a@bank.example>\r\nSubject: login\r\n\r\nx\r\n', b'a@bank.example')
    ok(answer[0] == again[0] and answer[0] in (250, 550) and ' ended (' not in c.log_text(),
       'OpenDMARC 274: mail of one who has signed in is answered, and nobody died of it', (answer, again, c.log_text()[-500:]))


def reloads(c):
    workers, before = c.role_pids('worker'), c.log_text().count('new configuration in force')
    with Smtp(c.port) as s:
        from_client(s)
        for i in range(5):
            c.signal(signal.SIGHUP)
            answer = s.mail(b'From: a@other.example\r\nSubject: reload %d\r\n\r\nx\r\n' % i, b'a@other.example')
            if answer[0] != 250:
                break
            time.sleep(.2)
        ok(answer[0] == 250, 'OpenDMARC: five SIGHUPs within a session, and the session goes on', answer)
    ok(c.process.poll() is None and c.role_pids('worker') == workers, 'OpenDMARC: SIGHUP ends no process',
       (workers, c.role_pids('worker')))
    end = time.time() + 10  # the tables of words are compiled anew
    while time.time() < end and c.log_text().count('new configuration in force') == before:
        time.sleep(.1)
    ok(c.log_text().count('new configuration in force') > before, 'OpenDMARC: SIGHUP brings the new configuration', c.log_text()[-800:])


def counters(c):
    r = run('status', '--config', c.conf, '--json')
    figures = json.loads(r.stdout)
    ok(r.returncode == 0 and figures['keeper']['figures']['messages_total'] > 0 and not re.search(rb',\s*[}\]]', r.stdout),
       'yenma 9: the counters are JSON, with no comma before a closing brace', r.stdout[:500])


with tempfile.TemporaryDirectory() as folder:
    zone, message = signed(folder)
    with Checkpoint(zone=zone) as c:
        wire(c, message)
        policies(c)
        authenticated(c)
        reloads(c)
        counters(c)
done()
