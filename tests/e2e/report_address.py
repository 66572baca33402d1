#!/usr/bin/env python3
"""Mail that people forward to a report address: who may, what is learned in whose name, and what they are told."""
import email.message, email.policy, email
from checkpoint import *

SPAM, HAM = b'spam@report.example', b'ham@report.example'
TARO, JIRO = b'taro@rcpt.example', b'jiro@rcpt.example'
EXTRA = ('[recipient %s]\nconsent = content\n[transfer]\ndomains = rcpt.example\ntrusted = 127.0.0.1\n'
         '[learn]\nspam_address = %s\nham_address = %s\nclients = 192.0.2.0/24\ndaily = 12\n') % (TARO.decode(), SPAM.decode(), HAM.decode())


def mail(mark):
    m = email.message.EmailMessage(policy=email.policy.SMTP)
    m['From'], m['To'], m['Subject'], m['Message-ID'] = 'news@garden.example', TARO.decode(), 'seeds ' + mark, '<%s@garden.example>' % mark
    m.set_content('The tomato seedlings are ready for pickup at the greenhouse on Saturday. ' + mark)
    return m


def report(*attached, eml=False, text='please learn this'):
    m = email.message.EmailMessage(policy=email.policy.SMTP)
    m['From'], m['To'], m['Subject'] = TARO.decode(), SPAM.decode(), 'Fwd: seeds'
    m.set_content(text)
    for a in attached:
        if eml:
            m.add_attachment(a.as_bytes(), maintype='application', subtype='octet-stream', filename='mail.eml')
        else:
            m.add_attachment(a)
    return m.as_bytes()


def lessons(c):
    r = run('learn', 'list', '--json', '--config', c.conf)
    return json.loads(r.stdout)['lessons'] if r.returncode == 0 else None


def session(c, address='192.0.2.7', login=None):
    s = Smtp(c.port)
    answer = s.say(b'XCLIENT ADDR=%s%s' % (address.encode(), b' LOGIN=' + login.encode() if login else b''))
    if answer[0] != 220:
        raise RuntimeError(answer)
    s.say(b'EHLO client.example')
    return s


def reports(c):
    with session(c) as s:
        code, lines = s.mail(report(mail('a'), mail('b')), TARO, [SPAM])
        ok((code, lines) == (250, ['250 2.0.0 learned as unwanted: 2 of 2 messages, 0 known before']), 'two messages attached: two lessons',
           (code, lines))
        found = lessons(c)
        ok(len(found) == 2 and all(e['said'] == 'spam' and e['personal'] for e in found), 'in his name', found)
        code, lines = s.mail(report(mail('a')), TARO, [SPAM])
        ok(code == 250 and '1 known before' in lines[0], 'again: known', lines)
        code, lines = s.mail(report(mail('a')), TARO, [HAM])
        ok(code == 250 and 'as wanted: 1 of 1' in lines[0] and lessons(c)[0]['said'] == 'ham', 'the other address: wanted', lines)
        code, lines = s.mail(report(mail('d'), eml=True), TARO, [SPAM])
        ok(code == 250 and '1 of 1' in lines[0], 'a file by the name of a mail counts as much', lines)
        code, lines = s.mail(report(), TARO, [SPAM])
        ok(code == 550 and '5.6.0' in lines[0] and 'attachment' in lines[0], 'nothing attached: he is told how', lines)
        inner = report(mail('deep'))
        code, lines = s.mail(report(email.message_from_bytes(inner, policy=email.policy.SMTP)), TARO, [SPAM])
        ok(code == 250 and '1 of 1' in lines[0], 'what is attached to the attached is part of it', lines)
        code, lines = s.mail(report(mail('e')), JIRO, [SPAM])
        ok(code == 550 and '5.7.1' in lines[0] and 'consented' in lines[0], 'who has not consented teaches nothing', lines)
        before = len(lessons(c))
        code, lines = s.mail(report(*[mail('n%d' % n) for n in range(20)]), TARO, [SPAM])
        ok(code == 250 and len(lessons(c)) == 12 and '%d of 20' % (12 - before) in lines[0], 'up to his bound of the day', lines)
        code, lines = s.mail(report(mail('late')), TARO, [SPAM])
        ok(code == 552 and 'today' in lines[0], 'then no more today', lines)


def rights(c):
    before = len(lessons(c))
    with session(c, '198.51.100.7') as s:
        code, lines = s.mail(report(mail('s')), TARO, [SPAM])
        ok(code == 550 and '5.7.1' in lines[0] and 'our own people' in lines[0], 'a stranger may not', lines)
        ok(s.say(b'RSET')[0] == 250 and s.mail(mail('normal').as_bytes(), b'x@y.example', [TARO])[0] == 250, 'but he may send mail')
    with session(c, '198.51.100.7', 'taro') as s:
        code, lines = s.mail(report(mail('m')), TARO, [SPAM])
        ok(code == 552, 'with a login he may, from anywhere (his bound of today is reached)', lines)
        ok(s.say(b'RSET')[0] == 250, 'reset')
        s.say(b'MAIL FROM:<%s>' % TARO)
        first, second = s.say(b'RCPT TO:<%s>' % SPAM), s.say(b'RCPT TO:<%s>' % TARO)
        ok(first[0] == 250 and second[0] == 452 and '4.5.3' in second[1][0], 'a report goes alone', (first, second))
        s.say(b'RSET')
        s.say(b'MAIL FROM:<%s>' % TARO)
        first, second = s.say(b'RCPT TO:<%s>' % TARO), s.say(b'RCPT TO:<%s>' % HAM)
        ok(first[0] == 250 and second[0] == 452, 'and nothing goes with one', (first, second))
        s.say(b'RSET')
        s.say(b'MAIL FROM:<>')
        ok(s.say(b'RCPT TO:<%s>' % SPAM)[0] == 550, 'a bounce reports nothing')
    ok(len(lessons(c)) == before, 'none of it taught anything')


hop = NextHop()
with Checkpoint(profile='carrier', extra=EXTRA) as c:
    for _ in range(200):
        if lessons(c) is not None:
            break
        time.sleep(.1)
    reports(c)
    rights(c)
    ok(len(c.mails()) == 1, 'no report was delivered', len(c.mails()))
with Checkpoint(next_hop=hop.url, profile='carrier', extra=EXTRA) as c:
    for _ in range(200):
        if lessons(c) is not None:
            break
        time.sleep(.1)
    with session(c) as s:
        # Something else than what follows: the same again he would rightly not get.
        unwanted = mail('a')
        unwanted.replace_header('Subject', 'Cheap tablets')
        unwanted.set_content('Order tablets without prescription, discreet shipping, lowest price today.')
        message = report(unwanted)
        s.send(b'MAIL FROM:<%s>\r\nRCPT TO:<%s>\r\nDATA\r\n' % (TARO, SPAM))
        codes = [s.reply()[0] for _ in range(3)]
        s.send(message + b'.\r\n')
        code, lines = s.reply()
        ok(codes == [250, 250, 354] and code == 250 and '1 of 1' in lines[0], 'before a next hop, pipelined: answers in their order',
           (codes, lines))
        code, lines = s.mail(mail('after').as_bytes(), TARO, [TARO])
        ok(code == 250 and len(hop.messages) == 1 and b'seeds after' in hop.messages[0], 'the next hop gets the next mail, not the report',
           (lines, len(hop.messages)))
hop.close()
done()
