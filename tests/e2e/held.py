#!/usr/bin/env python3
"""Held messages: enciphered on disk, read for a reason that is recorded first, by two persons where that is wanted, passed on,
erased, and wrapped by a new key; and what the ledger says of all that."""
import glob
import pwd
import re
from checkpoint import *

SECRET = 'ヒミツの合言葉'
POLICY = '[policy]\nlabel = 1\nhold = 2\nrefuse = 900\n'


def unwanted():
    return ('From: "三井銀行" <info@mitsui-card.example>\r\nTo: user@rcpt.example\r\nSubject: 【重要】口座が停止されました\r\n'
            'Authentication-Results: mx.rcpt.example; dkim=pass header.d=forged.example\r\n'
            'MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n'
            '<p>%s plainword-in-held お客様の口座は不正利用のため停止されました。至急ご確認ください。\x1b[31m</p>'
            '<a href="http://192.0.2.9/login">https://www.mitsui.example/</a> 今すぐクリック 当選 100万円 無料\r\n' % SECRET).encode()


def send(c, raw, recipients=(b'user@rcpt.example',)):
    with Smtp(c.port) as s:
        code, lines = s.mail(raw, b'info@mitsui-card.example', recipients)
    return code, lines[-1].split(' as ')[-1].split()[0].strip(',.') if code == 250 else lines


def entries(c):
    r = c.command('ledger', 'show', '--json')
    found = []
    for path in sorted(glob.glob(c.record + '/journal/*.log')):
        with open(path, 'rb') as f:
            for line in re.findall(rb'\{"v":1,"kind":"[^\n\x00]*\}', f.read()):
                try:
                    found.append(json.JSONDecoder().raw_decode(line.decode())[0])
                except ValueError:
                    pass
    return found


def kinds(c, kind):
    return [e for e in entries(c) if e.get('kind') == kind]


def held_files(c):
    return glob.glob(c.record + '/held/*/*')


def settle(c, identity):
    end = time.time() + 30
    while time.time() < end and identity.encode() not in c.command('search', '--json', '--id', identity).stdout:
        time.sleep(.1)


def explained(c, identity, word, seconds=30):
    """What `explain` says, as soon as it has that word: rows follow what is kept by a moment."""
    end = time.time() + seconds
    while True:
        r = c.command('explain', '--lang', 'en', identity)
        if word in r.stdout or time.time() >= end:
            return r
        time.sleep(.1)


def reading():
    with Checkpoint(extra=POLICY + '[held]\nsecond_person = no\n') as c:
        raw = unwanted()
        code, identity = send(c, raw)
        ok(code == 250 and len(held_files(c)) == 1, 'a message is held', (code, identity, held_files(c)))
        settle(c, identity)
        path = held_files(c)[0]
        with open(path, 'rb') as f:
            data = f.read()
        ok(path.endswith('.held') and b'plainword' not in data and SECRET.encode() not in data, 'nothing of it is readable in its file')
        everything = b''
        for root, _, files in os.walk(c.record + '-keys'):
            for name in files:
                ok(os.stat(os.path.join(root, name)).st_mode & 0o077 == 0, 'the key %s is ours alone' % name)
        for root, _, files in os.walk(c.record):
            for name in files:
                ok(not name.endswith('.key'), 'no key lies in the record: ' + name) if name.endswith('.key') else None
        r = c.command('held', 'list', '--lang', 'ja')
        ok(r.returncode == 0 and identity.encode() in r.stdout and '保留中'.encode() in r.stdout, 'it is listed', r)
        r = c.command('held', 'read', identity)
        ok(r.returncode == 2 and b'--reason' in r.stderr and not kinds(c, 'look'), 'without a reason nothing is read', r)
        r = c.command('held', 'read', '--reason', 'x', identity)
        ok(r.returncode == 1 and not kinds(c, 'look'), 'a reason of one letter is none', r)
        r = c.command('held', 'read', '--reason', '本人からの照会', identity)
        ok(r.returncode == 0 and SECRET.encode() in r.stdout, 'with one it is', r)
        ok(b'\x1b' not in r.stdout and b'\\x1b' in r.stdout.lower(), 'and no control of it reaches a terminal')
        looks = kinds(c, 'look')
        ok(len(looks) == 1 and looks[0]['id'] == identity and looks[0]['reason'] == '本人からの照会' and '(uid' in looks[0]['by'],
           'the look stands in the ledger', looks)
        r = c.command('held', 'read', '--raw', '--reason', 'a court asked', identity)
        ok(r.stdout == raw and len(kinds(c, 'look')) == 2, 'its bytes are as they came, and that is a second look', r.stderr)
        r = c.command('held', 'read', '--reason', 'a court asked', '0' * 20)
        ok(r.returncode == 1 and len(kinds(c, 'look')) == 2, 'one that is not there is not read', r)
        deleting(c, identity, path)


def deleting(c, identity, path):
    with open(path, 'rb') as f:
        before = f.read()
    code, second = send(c, unwanted())
    settle(c, second)
    ok(code == 250 and len(held_files(c)) == 1, 'the same message held again is one file')
    r = c.command('held', 'delete', identity)
    ok(r.returncode == 1 and os.path.exists(path), 'erasing needs a reason', r)
    r = c.command('hold', 'place', '--reason', '警察の照会', '--by', 'sato', '--second', 'suzuki', '--id', identity)
    ok(r.returncode == 0, 'a legal hold is placed on it', r)
    r = c.command('held', 'delete', '--reason', '本人の希望', identity)
    ok(r.returncode != 0 and os.path.exists(path) and not kinds(c, 'held.erase'), 'under a legal hold it is not erased', r)
    r = c.command('purge', '--now')
    time.sleep(1)
    ok(os.path.exists(path) and not kinds(c, 'held.erase'), 'nor purged', r)
    c.command('hold', 'lift', '1', '--reason', '終了', '--by', 'sato')
    r = c.command('hold', 'confirm', '1', '--by', 'suzuki')
    ok(r.returncode == 0, 'the hold is lifted by two', r)
    r = c.command('held', 'delete', '--reason', '本人の希望', identity)
    ok(r.returncode == 0 and not os.path.exists(path) and len(kinds(c, 'held.erase')) == 1, 'then it is gone, and the ledger says why', r)
    r = c.command('held', 'read', '--reason', 'once more', identity)
    ok(r.returncode == 1 and b'not there' in r.stderr, 'it is not read any more', r)
    r = c.command('held', 'list')
    ok(b'erased' in r.stdout, 'the list says so', r)
    r = c.command('explain', '--lang', 'en', identity)
    ok(r.returncode == 0, 'its record is still explained', r)
    r = c.command('ledger', 'verify')
    ok(r.returncode == 0, 'and the ledger is sound', r.stdout + r.stderr)


def rotating():
    with Checkpoint(extra=POLICY + '[held]\nsecond_person = no\n') as c:
        identities = []
        for i in range(12):
            code, identity = send(c, unwanted().replace(b'plainword', b'plainword%d' % i))
            identities.append(identity)
        settle(c, identities[-1])
        files = held_files(c)
        bodies = {p: open(p, 'rb').read() for p in files}
        key = open(c.record + '-keys/held.key', 'rb').read()
        r = c.command('held', 'rotate', '--reason', '年に一度の交換')
        ok(r.returncode == 0 and len(kinds(c, 'held.rotate')) == 1, 'the key is changed', r)
        now = open(c.record + '-keys/held.key', 'rb').read()
        ok(now[:32] == key[:32] and now[32:] != key[32:], 'names stay, the wrapping key is another')
        r = c.command('held', 'read', '--raw', '--reason', 'still readable?', identities[3])
        ok(b'plainword3' in r.stdout, 'messages are read meanwhile', r)
        c.stop(keep=True)
        c.start()
        code, identity = send(c, unwanted().replace(b'plainword', b'afterwards'))
        ok(code == 250, 'more is held under the new key, after a restart in the middle')
        settle(c, identity)
        end = time.time() + 30
        while time.time() < end and os.path.exists(c.record + '-keys/held.old'):
            time.sleep(.2)
        ok(not os.path.exists(c.record + '-keys/held.old'), 'all are wrapped anew beside the mail, and the old key is destroyed')
        ok(all(open(p, 'rb').read()[160:] == bodies[p][160:] for p in files), 'what is enciphered is not touched')
        ok(all(open(p, 'rb').read()[24:160] != bodies[p][24:160] for p in files), 'the wrapped keys are others')
        r = c.command('held', 'read', '--raw', '--reason', 'and now?', identities[5])
        ok(b'plainword5' in r.stdout, 'all can still be read', r)
        r = c.command('held', 'rotate', '--reason', 'and once more')
        ok(r.returncode == 0, 'then it can be changed again', r)
        r = c.command('held', 'read', '--raw', '--reason', 'and now?', identity)
        ok(b'afterwards' in r.stdout, 'and the newest is read too', r)
        r = c.command('ledger', 'verify')
        ok(r.returncode == 0, 'the ledger is sound', r.stdout + r.stderr)


def releasing():
    hop = NextHop()
    with Checkpoint(next_hop=hop.url, extra=POLICY) as c:
        code, identity = send(c, unwanted(), (b'hanako@rcpt.example', b'taro@rcpt.example'))
        settle(c, identity)
        ok(code == 250 and not hop.messages and len(held_files(c)) == 1, 'held, and not passed on')
        r = c.command('held', 'release', '--reason', '誤判定', identity)
        ok(r.returncode == 0 and len(hop.messages) == 1, 'released, it goes to the next hop', (r, c.log_text()[-500:]))
        if hop.messages:
            message, envelope = hop.messages[0], hop.envelopes[0]
            ok(message.startswith(b'X-Sekisho-Released: ' + identity.encode()), 'and says so', message[:200])
            ok(b'header.d=forged.example' not in message, 'forged results are taken out', message[:600])
            ok(SECRET.encode() in message and len(envelope[1]) == 2 and b'info@mitsui-card.example' in envelope[0],
               'to both, from its sender', envelope)
        outcomes = [e for e in kinds(c, 'outcome') if e['id'] == identity and 'by' in e]
        ok(len(outcomes) == 1 and {t['outcome'] for t in outcomes[0]['to']} == {'delivered'}, 'what became of it is recorded', outcomes)
        ok(len(kinds(c, 'held.release')) == 1 and kinds(c, 'held.release')[0]['reason'] == '誤判定', 'and who released it why')
        r = explained(c, identity, b'delivered')
        ok(b'delivered' in r.stdout, 'explain tells it', r)
    hop.close()
    hop = NextHop(answers={'RCPT': '550 5.1.1 unknown'})
    with Checkpoint(extra=POLICY) as c:
        code, identity = send(c, unwanted())
        settle(c, identity)
        r = c.command('held', 'release', '--reason', 'wrongly held', identity)
        ok(r.returncode == 0 and len(c.mails()) == 1, 'released into a Maildir', r)
        c.stop(keep=True)
        c.next_hop = hop.url
        c.write_conf(POLICY)
        c.start()
        r = c.command('held', 'release', '--reason', 'again', identity)
        ok(r.returncode == 1 and b'unknown' in r.stdout, 'a next hop that refuses is told', r)
        ok([t['outcome'] for t in kinds(c, 'outcome')[-1]['to']] == ['refused'], 'and recorded')
    hop.close()


def withdrawing():
    hop = NextHop()
    with Checkpoint(next_hop=hop.url, extra=POLICY) as c:
        hers = [send(c, unwanted().replace(b'plainword', b'word%d' % i), (b'hanako@rcpt.example',))[1] for i in range(2)]
        both = send(c, unwanted().replace(b'plainword', b'both'), (b'hanako@rcpt.example', b'taro@rcpt.example'))[1]
        his = send(c, unwanted().replace(b'plainword', b'jiro'), (b'Jiro@rcpt.example',))[1]
        for identity in hers + [both, his]:
            settle(c, identity)
        withdraw = ('consent', 'withdraw', '--lang', 'en')
        r = c.command(*withdraw, 'hanako@rcpt.example', 'statistics')
        ok(r.returncode == 0 and all(i.encode() in r.stdout for i in hers + [both]) and his.encode() not in r.stdout
           and len(held_files(c)) == 4 and not hop.messages, 'a withdrawal names what is held for him, and does nothing with it unasked', r)
        r = c.command(*withdraw, 'hanako@rcpt.example', 'all', '--held', 'keep')
        ok(r.returncode == 2 and b'release or erase' in r.stderr, 'another word for --held is refused', r)
        r = c.command(*withdraw, 'hanako@rcpt.example', 'all', '--held', 'release')
        ok(r.returncode == 0 and len(hop.messages) == 2 and both.encode() + b' (held for others too' in r.stdout,
           'with --held release he gets what is his alone', (r, len(hop.messages)))
        ok({e['id'] for e in kinds(c, 'held.release')} == set(hers) and
           all(e['reason'] == 'consent withdrawn' for e in kinds(c, 'held.release')), 'and the ledger says why')
        end = time.time() + 30
        while time.time() < end and len(held_files(c)) > 2:
            time.sleep(.1)
        ok(len(held_files(c)) == 2, 'delivered, our copies are erased: what was kept on his consent is gone', held_files(c))
        r = c.command(*withdraw, 'jiro@rcpt.example', 'all', '--held', 'erase')
        ok(r.returncode == 0 and [e['id'] for e in kinds(c, 'held.erase') if e.get('reason') == 'consent withdrawn'] == [his]
           and len(held_files(c)) == 1, 'with --held erase it is destroyed, by his word', (r, kinds(c, 'held.erase')))
        r = c.command(*withdraw, 'jiro@rcpt.example', 'statistics')
        ok(r.returncode == 0 and his.encode() not in r.stdout, 'and is not told again', r)
        r = c.command('ledger', 'verify')
        ok(r.returncode == 0, 'the ledger is sound after it', r)
    hop.close()


def until(is_so, seconds=60):
    end = time.time() + seconds
    while not is_so() and time.time() < end:
        time.sleep(.1)
    return is_so()


def releasing_meanwhile():
    """A withdrawal is worked through beside a release that takes its time: whichever ends first, nothing of ours is left."""
    go = threading.Event()
    hop = NextHop(answers={'DOT': lambda message: go.wait(90) and '250 2.0.0 queued' or '451 4.3.0 nobody let it go'})
    with Checkpoint(next_hop=hop.url, extra=POLICY) as c:
        hers = [send(c, unwanted().replace(b'plainword', b'word%d' % i), (b'hanako@rcpt.example',))[1] for i in range(3)]
        for identity in hers:
            settle(c, identity)
        answers = {}

        def beside(name, *arguments):
            thread = threading.Thread(target=lambda: answers.update({name: c.command(*arguments)}))
            thread.start()
            return thread

        def through(n):
            return until(lambda: len(kinds(c, 'erase.done')) >= n)

        go.set()
        r = c.command('held', 'release', '--reason', 'wrongly held', hers[0])
        ok(r.returncode == 0 and len(held_files(c)) == 3, 'one is his before he withdraws', r)
        go.clear()
        slow = beside('release', 'held', 'release', '--reason', 'wrongly held', hers[1])
        ok(until(lambda: len(hop.messages) == 2), 'another is on its way', hop.commands)
        withdrawal = beside('withdraw', 'consent', 'withdraw', '--lang', 'en', 'hanako@rcpt.example', 'all')
        ok(through(1), 'while he withdraws, and that is worked through', kinds(c, 'erase'))
        ok(until(lambda: len(held_files(c)) == 2), 'the first goes at once, as he has it', held_files(c))
        done_first = kinds(c, 'erase.done')[0]
        ok(done_first.get('destroyed') == 1 and done_first.get('held') == 2, 'the entry says what is held still', done_first)
        withdrawal.join(60)
        ok(hers[1].encode() in answers['withdraw'].stdout and hers[2].encode() in answers['withdraw'].stdout and
           hers[0].encode() not in answers['withdraw'].stdout, 'he is told of the other two', answers['withdraw'])
        ok(len(held_files(c)) == 2, 'they are his mail, and stay until he has them', held_files(c))
        go.set()
        slow.join(60)
        ok(answers['release'].returncode == 0 and until(lambda: len(held_files(c)) == 1), 'delivered, the second is gone as well',
           (answers, held_files(c)))
        go.clear()
        seen = len(kinds(c, 'erase.done'))
        last = beside('last', 'consent', 'withdraw', '--lang', 'en', 'hanako@rcpt.example', 'all', '--held', 'release')
        ok(until(lambda: len(hop.messages) == 3) and through(seen + 1) and len(held_files(c)) == 1,
           'a withdrawal that releases: the erasure overtakes the next hop', (kinds(c, 'erase.done'), held_files(c)))
        go.set()
        last.join(60)
        ok(answers['last'].returncode == 0 and until(lambda: not held_files(c)), 'and comes back for the last', (answers['last'], held_files(c)))
        r = c.command('ledger', 'verify')
        ok(r.returncode == 0, 'the ledger is sound after it', r)
    go.set()
    hop.close()


def two_persons():
    if os.getuid() != 0:
        return skip('a second person', 'needs root, to be two users')
    nobody = pwd.getpwnam('nobody')
    c = Checkpoint(extra='user = nobody\n' + POLICY, profile='carrier', start=False)
    consent = '[recipient user@rcpt.example]\nconsent = source, label, content, links, threat\n'
    c.write_conf('user = nobody\n' + POLICY + consent)
    os.chmod(c.folder, 0o755)
    for path in (c.record, c.record + '-keys', c.maildir):
        os.mkdir(path, 0o700)
        os.chown(path, nobody.pw_uid, nobody.pw_gid)
    with c:
        c.start()
        code, identity = send(c, unwanted())
        ok(code == 250 and len(held_files(c)) == 1, 'a carrier holds a message', (code, identity, c.log_text()[-800:]))
        settle(c, identity)
        r = c.command('held', 'read', '--reason', '捜査関係事項照会', identity)
        number = re.search(rb'approve (\w+)', r.stderr)
        ok(r.returncode == 69 and number and not kinds(c, 'look'), 'a carrier wants a second person', r)
        number = number.group(1).decode() if number else '?'
        again = ('held', 'read', '--reason', '捜査関係事項照会', '--request', number, identity)
        r = c.command(*again)
        ok(r.returncode == 69 and SECRET.encode() not in r.stdout, 'who asked waits', r)
        r = c.command('held', 'approve', number)
        ok(r.returncode == 1 and b'cannot approve' in r.stderr, 'and cannot approve his own request', r)
        r = c.command('held', 'requests')
        ok(number.encode() in r.stdout and '捜査'.encode() in r.stdout, 'the request is listed', r)
        second = dict(user=nobody.pw_uid, group=nobody.pw_gid, extra_groups=[])
        r = c.command(*again, **second)
        ok(r.returncode == 1 and SECRET.encode() not in r.stdout, "another cannot use somebody's request", r)
        r = c.command('held', 'approve', number, **second)
        ok(r.returncode == 0, 'a second person approves', r)
        r = c.command(*again)
        looks = kinds(c, 'look')
        ok(r.returncode == 0 and SECRET.encode() in r.stdout and len(looks) == 1 and 'nobody' in looks[0]['approved_by'],
           'then it is read, and both names are recorded', (r, looks))
        r = c.command(*again)
        ok(r.returncode == 1 and len(kinds(c, 'look')) == 1, 'once', r)


def without_keeper():
    with Checkpoint(extra=POLICY + '[held]\nsecond_person = no\n') as c:
        code, identity = send(c, unwanted())
        settle(c, identity)
        c.stop(keep=True)
        r = c.command('held', 'read', '--reason', 'while nothing runs', identity)
        ok(r.returncode == 0 and SECRET.encode() in r.stdout and len(kinds(c, 'look')) == 1, 'without a keeper the command records the look itself', r)
        with open(held_files(c)[0], 'r+b') as f:
            f.seek(200)
            byte = f.read(1)
            f.seek(200)
            f.write(bytes([byte[0] ^ 1]))
        r = c.command('held', 'read', '--reason', 'while nothing runs', identity)
        ok(r.returncode == 1 and b'altered' in r.stderr and SECRET.encode() not in r.stdout, 'an altered one is not shown', r)
        r = c.command('ledger', 'verify')
        ok(r.returncode == 1 and b'altered' in r.stdout + r.stderr, 'and verify tells it without a key', r.stdout + r.stderr)


for part in (reading, rotating, releasing, withdrawing, releasing_meanwhile, two_persons, without_keeper):
    try:
        part()
    except Exception as error:
        import traceback
        ok(False, '%s runs to its end' % part.__name__, traceback.format_exc())
done()
