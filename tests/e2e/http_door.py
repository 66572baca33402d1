#!/usr/bin/env python3
"""The HTTP door: rspamd's /checkv2 and controller calls, asked with curl, with rspamc and with bytes of our own."""
import re
from checkpoint import *

if not shutil.which('curl'):
    skip('the HTTP door', 'curl is not installed')
    done()
ZONE = {'sender.example': {'TXT': [['v=spf1 ip4:192.0.2.10 -all']]}}
GOOD = (b'From: Taro <taro@sender.example>\r\nTo: user@rcpt.example\r\nSubject: Meeting\r\n'
        b'Date: Sun, 22 Nov 2026 10:00:00 +0900\r\nMessage-ID: <m1@sender.example>\r\n\r\nHello, see you on Monday.\r\n')
BAD = (b'From: winner@prize.example\r\nTo: user@rcpt.example\r\nSubject: zzyzx lottery wunderpill\r\n'
       b'Message-ID: <b1@prize.example>\r\n\r\nGet your wunderpill quuxly now, the zzyzx lottery has drawn frobnicate!\r\n')


def curl(c, path, *more, body=None, port=None):
    """(status, body) of one request."""
    r = subprocess.run(['curl', '-sS', '-m', '30', '-o', '-', '-w', '\n%{http_code}',
                        'http://127.0.0.1:%d%s' % (port or c.http_port, path)] + list(more)
                       + (['--data-binary', '@-', '-H', 'Content-Type:'] if body is not None else []),
                       input=body, capture_output=True)
    text, _, status = r.stdout.rpartition(b'\n')
    return int(status or 0), text


def asked(c, path, *more, body=GOOD):
    status, text = curl(c, path, *more, body=body)
    try:
        return status, json.loads(text)
    except ValueError:
        return status, {'no JSON': text}


def raw(c, data, seconds=10):
    """Sends bytes as they are; all that comes back until the server closes or says nothing for a while."""
    got = b''
    with socket.create_connection(('127.0.0.1', c.http_port), 5) as s:
        s.settimeout(seconds)
        try:
            s.sendall(data)
            s.shutdown(socket.SHUT_WR)
            while True:
                piece = s.recv(65536)
                if not piece:
                    return got
                got += piece
        except OSError:
            return got


def codes(answer):
    return [int(n) for n in re.findall(rb'HTTP/1\.1 (\d+)', answer) if n != b'100']


def checks(c):
    who = ['-H', 'IP: 192.0.2.10', '-H', 'Helo: mail.sender.example', '-H', 'From: <taro@sender.example>',
           '-H', 'Rcpt: <user@rcpt.example>', '-H', 'Queue-Id: ABC123', '-H', 'Hostname: mail.sender.example']
    status, j = asked(c, '/checkv2', *who)
    ok(status == 200 and 'no JSON' not in j, '/checkv2 answers JSON', (status, j))
    for key, kind in (('action', str), ('score', float), ('required_score', float), ('symbols', dict), ('messages', dict),
                      ('message-id', str), ('is_skipped', bool), ('milter', dict), ('thresholds', dict)):
        ok(isinstance(j.get(key), kind), 'with %s, as clients of rspamd want it' % key, j)
    ok(j.get('action') in ('no action', 'add header', 'quarantine', 'reject', 'soft reject', 'greylist', 'rewrite subject'),
       'an action that they know', j.get('action'))
    ok(j.get('message-id') == 'm1@sender.example', "the message's id without brackets", j.get('message-id'))
    for name, symbol in j.get('symbols', {}).items():
        ok(symbol.get('name') == name and isinstance(symbol.get('score'), float), 'symbol %s has name and score' % name, symbol)
    ok('spf=pass' in json.dumps(j), 'SPF is asked for the client that was told', j)
    status, other = asked(c, '/checkv2', '-H', 'IP: 203.0.113.9', '-H', 'Helo: x.example', '-H', 'From: <taro@sender.example>')
    ok('spf=fail' in json.dumps(other), 'and another client gets another answer', other)
    chunked = asked(c, '/checkv2', '-H', 'Transfer-Encoding: chunked', *who)[1]
    ok(chunked.get('score') == j.get('score') and chunked.get('symbols') == j.get('symbols'), 'in chunks: the same verdict',
       (chunked, j))
    ids = (j.get('sekisho_id'), chunked.get('sekisho_id'))
    ok(all(ids) and ids[0] != ids[1], 'each has an id', ids)
    time.sleep(.5)
    r = c.command('explain', ids[0] or '-')
    ok(r.returncode == 0 and b'192.0.2.10' in r.stdout, 'that can be explained from the record', r.stdout + r.stderr)
    for path in ('/check', '/symbols', '/scan'):
        status, other = asked(c, path, *who)
        ok(status == 200 and other.get('score') == j.get('score'), path + ' is the same', (status, other))
    status, j = asked(c, '/checkv2', body=b'')
    ok(status == 200, 'an empty message has a verdict', (status, j))
    status, j = asked(c, '/checkv2', body=bytes(range(256)) * 50)
    ok(status == 200, 'a binary one has a verdict', (status, j))
    hostile = b'Message-ID: <"\\\x1b]0;evil\x07</script>\xe2\x80\xa8>\r\nSubject: \xff\xfe"\r\n\r\nx\r\n'
    status, j = asked(c, '/checkv2', body=hostile)
    ok(status == 200 and 'no JSON' not in j, 'a hostile header does not break the JSON', (status, j))
    ok(b'\x1b' not in curl(c, '/checkv2', body=hostile)[1], 'no escape in it')
    ok(curl(c, '/ping') == (200, b'pong\r\n'), '/ping', curl(c, '/ping'))
    status, text = curl(c, '/stat')
    ok(status == 200 and json.loads(text)['scanned'] >= 1, '/stat', text)
    def scanned():
        return [json.loads(curl(c, '/stat')[1])['scanned'] for _ in range(12)]
    before = scanned()
    for _ in range(10):
        asked(c, '/checkv2')
    after, end = scanned(), time.time() + 20
    while time.time() < end and set(after) != {before[0] + 10}:
        after = scanned()
    ok(set(before) == {before[0]} and set(after) == {before[0] + 10}, '/stat counts for all workers, whichever is asked', (before, after))
    status, text = curl(c, '/metrics')
    ok(status == 200 and b'sekisho_messages_total' in text and text.rstrip().endswith(b'# EOF'), '/metrics', text)


def refusals(c):
    cases = [
        ('no such path', 404, ['/nothing'], {}),
        ('GET where a message is wanted', 405, ['/checkv2'], {}),
        ('DELETE', 405, ['/ping', '-X', 'DELETE'], {}),
        ('a File: header', 400, ['/checkv2', '-H', 'File: /etc/passwd'], {'body': GOOD}),
        ('Path: likewise', 400, ['/checkv2', '-H', 'Path: /etc/passwd'], {'body': GOOD}),
        ('Shm: likewise', 400, ['/checkv2', '-H', 'Shm: /x'], {'body': GOOD}),
        ('a file in the arguments', 400, ['/checkv2?file=/etc/passwd'], {'body': GOOD}),
        ('an IP that is none', 400, ['/checkv2', '-H', 'IP: 999.1.1.1'], {'body': GOOD}),
        ('a compressed body', 415, ['/checkv2', '-H', 'Content-Encoding: zstd'], {'body': GOOD}),
        ('a header past the bound', 431, ['/ping', '-H', 'X: ' + 'y' * 70000], {}),
    ]
    for name, wanted, arguments, more in cases:
        status, text = curl(c, *arguments, **more)
        ok(status == wanted, '%s: %d' % (name, wanted), (status, text))
        ok(b'root:' not in text, '%s: no file is read' % name, text)
    a = raw(c, b'POST /checkv2 HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n')
    ok(codes(a) == [413], 'a length past the bound: 413, before a byte of it came', a)
    a = raw(c, b'POST /checkv2 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n' + b'%x\r\n' % (60 << 20) + b'x' * 100)
    ok(codes(a) == [413], 'a chunk past the bound: 413', a)
    a = raw(c, b'GET /ping HTTP/1.1\r\n' + b'A: b\r\n' * 2000 + b'\r\n')
    ok(codes(a) == [431], 'too many fields: 431', a[:200])

    inner = b'GET /stat HTTP/1.1\r\nHost: x\r\n\r\n'
    shapes = [
        ('both lengths', b'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n' + inner),
        ('two lengths', b'Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello' + inner),
        ('a list of lengths', b'Content-Length: 5, 6\r\n\r\nhello' + inner),
        ('a length with a sign', b'Content-Length: +5\r\n\r\nhello' + inner),
        ('a length in hex', b'Content-Length: 0x5\r\n\r\nhello' + inner),
        ('chunked twice', b'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n' + inner),
        ('an encoding that is not chunked', b'Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n' + inner),
        ('chunked is not last', b'Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n' + inner),
        ('a blank before the colon', b'Content-Length : 5\r\n\r\nhello' + inner),
        ('a folded field', b'Content-Length: 5\r\n X: y\r\n\r\nhello' + inner),
        ('a bare LF', b'Content-Length: 5\nX: y\r\n\r\nhello' + inner),
        ('a bare CR', b'X: a\rContent-Length: 0\r\nContent-Length: 5\r\n\r\nhello' + inner),
        ('a NUL', b'X: a\0b\r\nContent-Length: 5\r\n\r\nhello' + inner),
        ('a chunk size with a sign', b'Transfer-Encoding: chunked\r\n\r\n+5\r\nhello\r\n0\r\n\r\n' + inner),
        ('a chunk size of 17 digits', b'Transfer-Encoding: chunked\r\n\r\n10000000000000005\r\nhello\r\n0\r\n\r\n' + inner),
        ('a chunk that is longer than it says', b'Transfer-Encoding: chunked\r\n\r\n3\r\nhello\r\n0\r\n\r\n' + inner),
        ('a chunk size ended by LF', b'Transfer-Encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n' + inner),
    ]
    for name, rest in shapes:
        a = raw(c, b'POST /checkv2 HTTP/1.1\r\nHost: x\r\n' + rest, 5)
        ok(codes(a) in ([400], [501]), 'smuggling by %s: one refusal, and the connection ends' % name, a[:300])
    for name, line in (('no version', b'GET /ping\r\n\r\n'), ('HTTP/2.0', b'GET /ping HTTP/2.0\r\n\r\n'), ('a blank too many', b'GET  /ping HTTP/1.1\r\n\r\n'),
                       ('garbage', b'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n')):
        a = raw(c, line, 5)
        ok(codes(a) in ([400], [505]), 'a request line with %s' % name, a[:200])
    a = raw(c, b'GET /ping HTTP/1.1\r\nHost: x\r\n\r\n' * 3)
    ok(codes(a) == [200] * 3, 'three requests in one connection', a)
    a = raw(c, b'POST /checkv2 HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf', 5)
    ok(codes(a) in ([], [400]), 'half a message and away: no verdict', a)
    ok(curl(c, '/ping')[0] == 200 and ' ended (' not in c.log_text(), 'after all that it lives', c.log_text()[-500:])


def learning():
    extra = '[http]\npassword = secret word\n'
    with Checkpoint(extra=extra, zone=ZONE) as c:
        key = ['-H', 'Password: secret word']
        began = time.time()
        status, j = asked(c, '/learnspam', body=BAD)
        ok(status == 401, 'learning without the password: 401', (status, j))
        status, j = asked(c, '/learnspam', '-H', 'Password: wrong', body=BAD)
        ok(status == 401 and time.time() - began > 1.5, 'a wrong password: 401, and not at once', (status, time.time() - began))
        ok(asked(c, '/checkv2', body=BAD)[0] == 200, 'scanning wants no password')
        before = asked(c, '/checkv2', body=BAD)[1]['score']
        status, j = asked(c, '/learnspam', *key, body=BAD)
        ok(status == 200 and j.get('success') is True, 'a message is learned', (status, j))
        status, j = asked(c, '/learnspam', *key, body=BAD)
        ok(status == 208, 'the same once more: 208', (status, j))
        for i in range(8):
            status, j = asked(c, '/learnspam', *key, body=BAD.replace(b'b1@', b'b%d@' % (i + 2)).replace(b'drawn', b'drawn %d' % i))
            ok(status == 200, 'variant %d is learned' % i, (status, j))
        status, j = asked(c, '/learnham', *key, body=GOOD)
        ok(status == 200, 'and a good one as ham', (status, j))
        probe = BAD.replace(b'b1@', b'probe@')
        end = time.time() + 30
        after = before
        while time.time() < end and after <= before + .5:
            after = asked(c, '/checkv2', body=probe)[1]['score']
            time.sleep(.1)
        ok(after > before + .5, 'what was learned has effect without a restart', (before, after))
        c.stop(keep=True)
        c.start()
        again = asked(c, '/checkv2', body=probe)[1]['score']
        ok(abs(again - after) < .5 and again > before + .5, 'and survives one', (before, after, again))
        status, j = asked(c, '/learnspam', *key, body=BAD)
        ok(status == 208, 'that it was learned is remembered too', (status, j))
        r = run('ledger', 'verify', '--config', c.conf)
        ok(r.returncode == 0, 'the ledger is sound', r.stdout + r.stderr)


def with_rspamc(c):
    if not shutil.which('rspamc'):
        skip('rspamc', 'rspamd is not installed')
        return
    path = os.path.join(c.folder, 'message.eml')
    with open(path, 'wb') as f:
        f.write(GOOD)
    base = ['rspamc', '-h', '127.0.0.1:%d' % c.http_port]
    r = subprocess.run(base + ['symbols', path], capture_output=True, text=True, timeout=60)
    ok(r.returncode == 0 and 'Action: ' in r.stdout and 'Symbol: ' in r.stdout, 'rspamc symbols', r.stdout + r.stderr)
    r = subprocess.run(base + ['learn_spam', path], capture_output=True, text=True, timeout=60)
    ok(r.returncode == 0 and 'success = true' in r.stdout, 'rspamc learn_spam', r.stdout + r.stderr)
    r = subprocess.run(base + ['stat'], capture_output=True, text=True, timeout=60)
    ok(r.returncode == 0 and 'scanned' in r.stdout.lower(), 'rspamc stat', r.stdout + r.stderr)


with Checkpoint(zone=ZONE) as checkpoint:
    checks(checkpoint)
    refusals(checkpoint)
    with_rspamc(checkpoint)
learning()
done()
