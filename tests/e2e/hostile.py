#!/usr/bin/env python3
"""Hostile, truncated, huge, empty, binary, deeply nested: in each case a true answer, and the checkpoint lives on."""
import random, threading
from checkpoint import *

HEAD = b'From: a@sender.example\r\nTo: user@rcpt.example\r\nSubject: x\r\n'
hop = NextHop()
extra = '[transfer]\ncommand_time = 2s\ndata_time = 2s\n'


def fresh(f, **k):
    with Smtp(c.port, **k) as s:
        return f(s)


with Checkpoint(next_hop=hop.url, extra=extra) as c:
    # SMTP smuggling: every end of data but CR LF . CR LF is no end, and nothing after it becomes a second message.
    for name, end in (('LF . LF', b'\n.\n'), ('LF . CR LF', b'\n.\r\n'), ('CR LF . LF', b'\r\n.\n'), ('CR . CR', b'\r.\r'),
                      ('CR LF . CR', b'\r\n.\r'), ('CR . CR LF', b'\r.\r\n'), ('LF CR . CR LF', b'\n\r.\r\n')):
        seen = len(hop.messages)
        def smuggle(s):
            s.say(b'MAIL FROM:<a@sender.example>'); s.say(b'RCPT TO:<user@rcpt.example>'); s.say(b'DATA')
            s.send(HEAD + b'\r\nfirst' + end + b'MAIL FROM:<evil@x.example>\r\nRCPT TO:<user@rcpt.example>\r\nDATA\r\n'
                   + HEAD + b'\r\nsmuggled\r\n.\r\n')
            first = s.reply()
            return first, s.say(b'NOOP')
        a, noop = fresh(smuggle)
        ok(a[0] == 550 and noop[0] == 250, 'smuggling by %s: one refusal, one message' % name, (a, noop))
        ok(len(hop.messages) == seen, 'nothing of it is passed on', len(hop.messages) - seen)
    a = fresh(lambda s: (s.send(b'NOOP\n'), s.reply())[1])
    ok(a[0] in (500, 421), 'a command with a bare LF is refused', a)
    a = fresh(lambda s: (s.send(b'NO\rOP\r\n'), s.reply())[1])
    ok(a[0] in (500, 421), 'a command with a bare CR is refused', a)

    cases = {
        'empty': b'',
        'no header': b'\r\njust a body\r\n',
        'header only': HEAD,
        'NULs': HEAD + b'\r\na\0b\0\0c\r\n',
        'binary': HEAD + b'\r\n' + bytes(random.Random(1).choices([i for i in range(256) if i not in (10, 13)], k=20000)) + b'\r\n',
        '1 MB of header': HEAD + b'X-A: ' + b'\r\n '.join([b'y' * 900] * 1200) + b'\r\n\r\nbody\r\n',
        '100,000 header fields': HEAD + b'X: y\r\n' * 100000 + b'\r\nbody\r\n',
        '10,000 parts': HEAD + b'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n'
                        + b'--b\r\n\r\nx\r\n' * 10000 + b'--b--\r\n',
        '2,000 levels': HEAD + b''.join(b'Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n' % (i, i) for i in range(2000)) + b'deep\r\n',
        '500 nested messages': HEAD + b'Content-Type: message/rfc822\r\n\r\n' * 500 + b'deep\r\n',
        'wrong charset': HEAD + b'Content-Type: text/plain; charset=x-no-such\r\n\r\n\xff\xfe\xfd\r\n',
        'half a character': HEAD + b'Content-Type: text/plain; charset=iso-2022-jp\r\n\r\n\x1b$B$\r\n',
        'broken base64': HEAD + b'Content-Transfer-Encoding: base64\r\n\r\n!!!!====A\r\n',
        'a line of 1 MB': HEAD + b'\r\n' + b'z' * 1000000 + b'\r\n',
        'HTML of 200,000 open tags': HEAD + b'Content-Type: text/html\r\n\r\n' + b'<div>\r\n' * 200000,
        'two From, group, quotes': b'From: a@x.example\r\nFrom: "b\\" <c@d.example>, e:;\r\nFrom: (((((\r\n\r\nx\r\n',
        'Subject of escapes': b'From: a@x.example\r\nSubject: \x1b[2J\x1b]0;evil\x07\xe2\x80\xae\r\n\r\nx\r\n',
    }
    for name, message in cases.items():
        stuffed = b'\r\n'.join((b'.' + l if l.startswith(b'.') else l) for l in message.split(b'\r\n'))
        seen = len(hop.messages)
        try:
            a = fresh(lambda s: s.mail(stuffed), timeout=60)
        except OSError as e:
            a = (0, [str(e)])
        ok(a[0] in (250, 550, 552, 554, 451), '%s: a true answer' % name, a)
        ok(a[0] != 250 or len(hop.messages) == seen + 1, '%s: 250 means it was passed on' % name)
        if a[0] == 250 and message:
            ok(hop.messages[-1].endswith(message if message.endswith(b'\r\n') else message + b'\r\n'),
               '%s: its bytes are unchanged' % name, hop.messages[-1][-200:])
    huge = HEAD + b'\r\n' + (b'x' * 998 + b'\r\n') * 53000  # 53 MB
    try:
        a = fresh(lambda s: s.mail(huge), timeout=120)
    except OSError as e:
        a = (552, [str(e)])
    ok(a[0] == 552, 'past the bound of 50 MiB: 552', a)

    a = fresh(lambda s: (s.send(b'X' * 10000 + b'\r\n'), s.reply())[1])
    ok(a[0] == 500, 'a command line past the bound: 500', a)
    a = fresh(lambda s: [s.say(b'MAIL FROM:<a@sender.example>')] + [s.say(b'RCPT TO:<u%d@rcpt.example>' % i) for i in range(1001)])
    ok(a[1000][0] == 250 and a[1001][0] == 452, '1,000 recipients, and one more is put off', (a[1000], a[1001]))
    a = fresh(lambda s: s.say(b'MAIL FROM:<' + b'a' * 300 + b'@' + b'b' * 200 + b'.example>'))
    ok(a[0] in (501, 553), 'an address past the bound: 501', a)

    def flood_garbage(s):
        s.send(b'MAIL FROM:<a@sender.example>\r\nRCPT TO:<user@rcpt.example>\r\nDATA\r\n' + HEAD + b'\r\nx\r\n.\r\nGARBAGE\r\nNOOP\r\n')
        return [s.reply()[0] for _ in range(6)]
    a = fresh(flood_garbage)
    ok(a[:2] == [250, 250] and len(a) == 6, 'data and garbage pipelined behind DATA: answers stay in order', a)

    def lines(s):
        for _ in range(30):
            s.send(b'\r\n' * 100)
        codes = []
        try:
            while True:
                codes.append(s.reply()[0])
        except OSError:
            return codes
    a = fresh(lines)
    ok(a and a[-1] == 421, 'a flood of empty lines ends in 421', a[-3:])

    def vanish(s):
        s.say(b'MAIL FROM:<a@sender.example>'); s.say(b'RCPT TO:<user@rcpt.example>'); s.say(b'DATA')
        s.send(HEAD + b'\r\nhalf a message')
    seen = len(hop.messages)
    fresh(vanish)
    time.sleep(.5)
    ok(len(hop.messages) == seen, 'a client that vanishes in DATA: nothing is passed on')

    def stall(s):
        s.say(b'MAIL FROM:<a@sender.example>'); s.say(b'RCPT TO:<user@rcpt.example>'); s.say(b'DATA')
        s.send(HEAD)
        return s.reply()
    began = time.time()
    try:
        a = fresh(stall)
    except OSError as e:
        a = (421, [str(e)])
    ok(a[0] == 421 and time.time() - began < 10, 'a client that stalls in DATA is sent away', a)
    try:
        a = fresh(lambda s: s.reply())
    except OSError as e:
        a = (421, [str(e)])
    ok(a[0] == 421, 'a client that says nothing is sent away', a)

    fuzz = random.Random(7)
    for i in range(60):
        with socket.create_connection(('127.0.0.1', c.port), 5) as s:
            s.sendall(bytes(fuzz.choices(b'MAILFROMRCPTDATAEHLO<>@:\r\n .\0\xff', k=fuzz.randrange(1, 4000))))
            s.settimeout(1)
            try:
                s.recv(65536)
            except OSError:
                pass
    a = fresh(lambda s: s.mail(HEAD + b'\r\nstill here\r\n'))
    ok(a[0] == 250, 'after all that mail still walks', a)
    log = c.log_text()
    ok('assertion failed' not in log and ' ended (' not in log, 'and no process died', log[-2000:])
    ok('\x1b' not in log, 'no escape of the mail reached the log')
hop.close()
done()
