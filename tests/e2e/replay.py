#!/usr/bin/env python3
"""The verdict again, from the record: the same build gives the same, a changed policy or model is named, and the network is
not asked."""
import glob
from checkpoint import *

ZONE = {
    'sender.example': {'TXT': [['v=spf1 ip4:127.0.0.1 -all']], 'MX': [[10, 'mx.sender.example']]},
    '_dmarc.sender.example': {'TXT': [['v=DMARC1; p=none']]},
    'mx.sender.example': {'A': ['127.0.0.1']},
}


def samples(most):
    found = []
    for kind in ('ham', 'unwanted'):
        paths = sorted(glob.glob(os.path.join(ROOT, 'samples', 'ja', kind, '**', '*'), recursive=True))
        paths = [p for p in paths if os.path.isfile(p)]
        found += paths[:: max(1, len(paths) * 2 // most)][: most // 2]
    return found


def wire(raw):
    raw = raw.replace(b'\r\n', b'\n').replace(b'\r', b'\n').replace(b'\n', b'\r\n')
    return raw if raw.endswith(b'\r\n') else raw + b'\r\n'


def stuffed(raw):
    return b'\r\n'.join(b'.' + l if l.startswith(b'.') else l for l in raw.split(b'\r\n'))


def send_all(c, messages):
    """(id, bytes) of those that got a verdict."""
    taken = []
    with Smtp(c.port) as s:
        for raw in messages:
            code, lines = s.mail(stuffed(raw), b'news@sender.example', (b'user@rcpt.example', b'second@rcpt.example'))
            word = lines[-1]
            mark = ' as ' if code == 250 else ', id '
            if mark in word:
                taken.append((word.split(mark)[-1].split()[0].strip(',.'), raw))
    return taken


def replay(c, identity, path, *more):
    r = c.command('replay', '--json', '--file', path, *more, identity)
    try:
        return r, json.loads(r.stdout)
    except ValueError:
        return r, {}


def write(c, raw):
    path = os.path.join(c.folder, 'raw')
    with open(path, 'wb') as f:
        f.write(raw)
    return path


def settle(c, identity):
    end = time.time() + 30
    while time.time() < end and identity.encode() not in c.command('search', '--json', '--id', identity).stdout:
        time.sleep(.1)


def same_again():
    messages = []
    for path in samples(200):
        with open(path, 'rb') as f:
            messages.append(wire(f.read()))
    if len(messages) < 20:
        return skip('samples are judged again', 'there are none')
    with Checkpoint(zone=ZONE, extra='[held]\nsecond_person = no\n') as c:
        taken = send_all(c, messages)
        ok(len(taken) > len(messages) * 3 // 4, '%d of %d samples were judged' % (len(taken), len(messages)))
        settle(c, taken[-1][0])
        wrong = []
        for identity, raw in taken:
            r, said = replay(c, identity, write(c, raw))
            if r.returncode != 0 or not said.get('same') or not said.get('bytes_proved') or said.get('unanswered'):
                wrong.append((identity, r.returncode, r.stdout[:600], r.stderr[:300]))
        ok(not wrong, 'all %d give the same verdict' % len(taken), wrong[:5])
        identity, raw = taken[0]
        r = c.command('replay', '--lang', 'ja', '--file', write(c, raw), identity)
        ok('同じ判定'.encode() in r.stdout, 'said in Japanese', r)
        r = c.command('replay', '--lang', 'en', '--file', write(c, raw + b'x\r\n'), identity)
        ok(r.returncode == 65 and b'differ' in r.stderr, 'other bytes are refused', r)
        r = c.command('replay', identity)
        ok(r.returncode == 65 and b'--file' in r.stderr, 'without bytes there is nothing to replay', r)
        r = c.command('replay', '--file', write(c, raw), '0' * 20)
        ok(r.returncode == 1, 'nor of an id that is not there', r)
        changed(c, taken)


def changed(c, taken):
    """Today's settings differ from those of the verdict."""
    with open(c.conf) as f:
        before = f.read()
    with open(c.conf, 'w') as f:
        f.write(before + '\n[policy]\nlabel = 1\nhold = 1\nrefuse = 900\n')
    named = different = 0
    for identity, raw in taken[-40:]:
        r, said = replay(c, identity, write(c, raw))
        different += said.get('same') is False
        named += said.get('changed') == ['policy']
    ok(named == min(40, len(taken)) and different > 0, 'a changed policy is named, and changes verdicts (%d)' % different)
    r = c.command('replay', '--lang', 'ja', '--file', write(c, taken[-1][1]), taken[-1][0])
    ok('運用者の方針'.encode() in r.stdout and b'hold 1' in r.stdout, 'in words too', r)
    model = os.path.join(c.folder, 'other.model')
    learnt = subprocess.run([PROGRAM, 'learn', '--help'], capture_output=True, text=True).stdout
    option = '--model' if '--model' in learnt else None
    with open(c.conf, 'w') as f:
        f.write(before)
    # A lesson changes the model that the next start judges by.
    import urllib.request
    request = urllib.request.Request('http://127.0.0.1:%d/learnspam' % c.http_port, data=taken[0][1], method='POST')
    try:
        urllib.request.urlopen(request, timeout=10).read()
    except OSError as error:
        ok(False, 'a lesson is taken', error)
    c.stop(keep=True)
    r, said = replay(c, taken[1][0], write(c, taken[1][1]))
    ok(said.get('changed') == ['model'], 'a model that has learned since is named', (r, said))


def unanswered():
    """A question that the record does not answer is told, and not asked."""
    with Checkpoint(zone=ZONE) as c:
        (identity, raw), = send_all(c, [b'From: <news@sender.example>\r\nSubject: x\r\n\r\nhello\r\n'])
        settle(c, identity)
        trace = os.path.join(c.folder, 'trace')
        if subprocess.run(['which', 'strace'], capture_output=True).returncode == 0:
            subprocess.run(['strace', '-f', '-e', 'trace=network', '-o', trace, PROGRAM, 'replay', '--config', c.conf, '--file', write(c, raw), identity],
                           capture_output=True)
            with open(trace) as f:
                text = f.read()
            ok('AF_INET' not in text, 'no socket of the network is opened', text[:500])
        else:
            skip('no socket of the network is opened', 'strace is not there')


def held():
    policy = '[policy]\nlabel = 1\nhold = 1\nrefuse = 900\n[held]\nsecond_person = no\n'
    with Checkpoint(zone=ZONE, extra=policy) as c:
        raw = ('From: <x@bad.example>\r\nSubject: 無料 当選 至急\r\nMIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n'
               'Content-Transfer-Encoding: 8bit\r\n\r\n<a href="http://192.0.2.1/">https://bank.example/</a> 今すぐクリック 口座停止\r\n').encode()
        (identity, raw), = send_all(c, [raw])
        settle(c, identity)
        r = c.command('replay', identity)
        ok(r.returncode == 65 and b'--reason' in r.stderr, 'a held message is not looked into without a reason', r)
        r = c.command('replay', '--json', '--reason', '異議申立ての調査', identity)
        said = json.loads(r.stdout or b'{}')
        ok(r.returncode == 0 and said.get('same') and said.get('action') == 'hold', 'with one it is replayed from what is held', r)


def places():
    """Tables of places change with the years: what they said then stands in the record."""
    folder = tempfile.mkdtemp(prefix='sekisho-replay-')
    tor = os.path.join(folder, 'tor')
    with open(tor, 'w') as f:
        f.write('198.51.100.7\n')
    try:
        with Checkpoint(zone=ZONE, extra='[place]\ntor_exits = %s\n' % tor) as c:
            raw = wire(b'Received: from relay (relay [198.51.100.7]) by mx.rcpt.example; Sun, 22 Nov 2026 10:00:02 +0900\n'
                       b'From: <news@sender.example>\nSubject: x\n\nhello\n')
            (identity, raw), = send_all(c, [raw])
            settle(c, identity)
            r = c.command('explain', '--json', identity)
            ok(b'source_tor' in r.stdout and b'"tor"' in r.stdout, 'a Tor exit is recorded as one', r)
            os.unlink(tor)
            open(tor, 'w').close()
            r, said = replay(c, identity, write(c, raw))
            ok(r.returncode == 0 and said.get('same'), 'and is one in the replay, though the list has it no more', (r, said))
    finally:
        shutil.rmtree(folder, True)


for part in (same_again, unanswered, held, places):
    try:
        part()
    except Exception:
        import traceback
        ok(False, '%s runs to its end' % part.__name__, traceback.format_exc())
done()
