#!/usr/bin/env python3
"""The next hop down, slow, refusing, dying: the client hears the truth and nothing acknowledged is lost."""
from checkpoint import *

MAIL = b'From: a@sender.example\r\nSubject: x\r\n\r\nbody\r\n'
extra = ('[transfer]\nnext_hop_greeting_time = 2s\nnext_hop_mail_time = 2s\nnext_hop_rcpt_time = 2s\n'
         'next_hop_data_time = 2s\nnext_hop_dot_time = 2s\n')


def one(hop, recipients=(b'user@rcpt.example',), mail=MAIL):
    with Checkpoint(next_hop=hop if isinstance(hop, str) else hop.url, extra=extra, workers=1) as c:
        with Smtp(c.port) as s:
            answer = s.mail(mail, recipients=recipients)
        time.sleep(.2)
        return answer, c.command('search', '--json').stdout.decode('utf-8', 'replace')


a, _ = one('smtp://127.0.0.1:%d' % free_port())
ok(a[0] // 100 == 4, 'down: put off', a)

hop = NextHop({'RCPT': '550 5.1.1 no such user here'})
a, _ = one(hop)
ok(a[0] == 550 and 'no such user here' in a[1][0], "RCPT refused: the next hop's own words", a)

hop = NextHop({'RCPT': lambda l: '550 5.1.1 unknown' if b'unknown' in l else '250 2.1.5 ok'})
a, _ = one(hop, (b'user@rcpt.example', b'unknown@rcpt.example'))
ok(a[0] == 250 and len(hop.messages) == 1 and len(hop.envelopes[0][1]) == 1, 'one of two refused: the other is served', a)

hop = NextHop({'DOT': '452 4.2.2 mailbox full'})
a, record = one(hop)
ok(a[0] == 452 and 'mailbox full' in a[1][0], "after the dot put off: the next hop's own words", a)

hop = NextHop({'DOT': '554 5.6.0 not that'})
a, _ = one(hop)
ok(a[0] == 554, 'after the dot refused', a)

hop = NextHop(drop_after_dot=True)
a, _ = one(hop)
ok(a[0] == 451, 'dies after the dot: 451, the client keeps the message', a)

for verb in ('EHLO', 'MAIL', 'RCPT', 'DATA', 'DOT'):
    hop = NextHop(stall=verb)
    began = time.time()
    a, _ = one(hop)
    ok(a[0] // 100 == 4 and time.time() - began < 25, 'slow at %s: put off in time' % verb, (a, time.time() - began))

hop = NextHop({'EHLO': '500 what', 'HELO': '250 hop.example'})
a, _ = one(hop)
ok(a[0] == 250 and len(hop.messages) == 1, 'a next hop that knows only HELO', a)

hop = NextHop({'EHLO': 'garbage'})
a, _ = one(hop)
ok(a[0] // 100 == 4, 'a next hop that talks garbage', a)

hop = NextHop({'DOT': '554 5.6.0 a lone\rCR'})
a, _ = one(hop)
ok(a[0] // 100 in (4, 5) and '\r' not in a[1][0], 'an answer with a lone CR is not handed on as it is', a)

hop = NextHop({'RCPT': '250 ok\r\n554 injected'})
a, _ = one(hop)
ok(a[0] // 100 in (2, 4, 5), 'a next hop that answers twice does not confuse us', a)

hop = NextHop({'DOT': ['250 2.0.0 one', '452 4.2.2 two is full']}, lmtp=True)
a, _ = one(hop, (b'one@rcpt.example', b'two@rcpt.example'))
ok(len(hop.messages) == 1, 'LMTP: one transaction', hop.commands)
ok(a[0] // 100 in (2, 4), 'LMTP: mixed answers for two recipients get one true reply', a)

hop = NextHop(lmtp=True)
a, _ = one(hop)
ok(a[0] == 250 and any(c.startswith(b'LHLO') for c in hop.commands), 'LMTP', a)

# 250 only after the keeper's "kept": what the client was told stands in the record, outcome and all.
hop = NextHop()
with Checkpoint(next_hop=hop.url, extra=extra) as c:
    with Smtp(c.port) as s:
        a = s.mail(MAIL)
    identity = a[1][0].split(' as ')[-1].split()[0].strip(',.') if ' as ' in a[1][0] else ''
    r = c.command('explain', identity)
    text = r.stdout.decode('utf-8', 'replace')
    ok(r.returncode == 0 and identity and identity in text, 'the id in the reply explains itself', (a, text, r.stderr))
    for _ in range(200):  # the row of an outcome may follow by a moment
        if 'queued' in text:
            break
        time.sleep(.1)
        text = c.command('explain', identity).stdout.decode('utf-8', 'replace')
    ok('queued' in text, "the record has the next hop's answer", text)
    os.killpg(c.process.pid, signal.SIGKILL)
    c.process.wait()
    c.process = None
    r = c.command('explain', identity)
    ok(identity in r.stdout.decode('utf-8', 'replace'), 'and still has it after everything was killed')
    r = run('ledger', 'verify', '--config', c.conf)
    ok(r.returncode == 0, 'and the ledger verifies', r.stdout + r.stderr)
done()
