#!/usr/bin/env python3
"""What the record can tell, what it must not know, and that nobody can alter it unseen."""
import re
from checkpoint import *


def message(subject, body, sender='Taro <taro@sender.example>', charset='utf-8'):
    import base64
    coded = '=?UTF-8?B?%s?=' % base64.b64encode(subject.encode()).decode()
    return ('From: %s\r\nTo: user@rcpt.example\r\nSubject: %s\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=%s\r\n'
            'Content-Transfer-Encoding: base64\r\n\r\n%s\r\n'
            % (sender, coded, charset, base64.b64encode(body.encode(charset)).decode())).encode()


def send(c, raw, sender=b'taro@sender.example', recipients=(b'user@rcpt.example',)):
    with Smtp(c.port) as s:
        code, lines = s.mail(raw, sender, recipients)
    return lines[-1].split(' as ')[-1].strip() if code == 250 else (code, lines)


def found(c, *arguments):
    """The ids that a search gives, newest first."""
    r = c.command('search', '--json', *arguments)
    return [json.loads(line)['id'] for line in r.stdout.splitlines()]


def settle(c, identity):
    """Rows for search follow the ledger by a moment."""
    end = time.time() + 30
    while time.time() < end and identity not in found(c, '--id', identity):
        time.sleep(.1)


def searching():
    with Checkpoint() as c:
        bill = send(c, message('ご請求のお知らせ', '山田様\n振込先の口座は三井の普通預金です。ご確認ください。'))
        jis = send(c, message('会議室の予約', '来週の会議室を予約しました。', charset='iso-2022-jp'), b'hanako@office.example')
        sjis = send(c, message('桜の写真', 'ｶﾒﾗで撮った写真をお送りします。', charset='shift_jis'), b'kame@photo.example')
        english = send(c, message('Quarterly INVOICE overdue', 'Please find attached our frobnicator statement.'), b'billing@shop.example',
                       [b'Accounts@rcpt.example'])
        latin = send(c, message('Café', 'Très bien, naïve façade.'), b'rene@paris.example')
        wanted = [bill, jis, sjis, english, latin]
        ok(all(isinstance(i, str) for i in wanted), 'five messages are taken', wanted)
        for i in wanted:
            settle(c, i)
        everything = [
            ('two characters: 請求', ['請求'], [bill]),
            ('two characters in the text: 口座', ['口座'], [bill]),
            ('one character: 桜', ['桜'], [sjis]),
            ('three characters: 会議室', ['会議室'], [jis]),
            ('ISO-2022-JP is found by its words: 来週', ['来週'], [jis]),
            ('half-width kana by the full ones: カメラ', ['カメラ'], [sjis]),
            ('two words that both occur', ['請求', '口座'], [bill]),
            ('two words of which one does not', ['請求', '会議室'], []),
            ('ASCII, whatever the case', ['invoice'], [english]),
            ('part of a word', ['frobnic'], [english]),
            ('an accent', ['façade'], [latin]),
            ('a word that is nowhere', ['zzzzzz'], []),
            ('a sender', ['--sender', 'billing@shop.example'], [english]),
            ('part of a sender', ['--sender', 'office'], [jis]),
            ('a recipient, whatever the case', ['--recipient', 'accounts@rcpt'], [english]),
            ('a host', ['--client', '127.0.0.1'], wanted[::-1]),
            ('another host', ['--client', '192.0.2.1'], []),
            ('an id', ['--id', sjis], [sjis]),
            ('since a time to come', ['--since', '2099-01-01'], []),
            ('until a time gone by', ['--until', '2020-01-01'], []),
            ('since a time gone by', ['--since', '2020-01-01', '--until', '2099-01-01T00:00:00+09:00'], wanted[::-1]),
            ('an action', ['--action', 'refuse'], []),
            ('notices of crime', ['--threat'], []),
        ]
        for name, arguments, ids in everything:
            got = found(c, *arguments)
            ok(sorted(got) == sorted(ids), 'search: ' + name, (got, ids))
        ok(found(c, '--limit', '2') == [latin, english], 'the newest come first', found(c, '--limit', '2'))
        classes = {json.loads(l)['category'] for l in c.command('search', '--json').stdout.splitlines()}
        got = [i for k in classes for i in found(c, '--category', k)]
        ok(sorted(got) == sorted(wanted), 'by class each is found once', (classes, got))
        ok(c.command('search', 'zzzzzz').returncode == 1, 'nothing found: exit status 1')
        for bad in (['--since', 'yesterday'], ['--limit', '0'], ['--limit', '10001'], ['--nonsense'], ['--zone', 'Tokyo'], ['--limit', 'x']):
            ok(c.command('search', *bad).returncode == 2, 'search %s: exit status 2' % ' '.join(bad))
        for hostile in ('"', "'", '%', '_', '*', 'a" OR "b', "'; DROP TABLE events; --", '\\', 'NEAR(', 'subject:x', '請"', '-', '^', 'AND'):
            r = c.command('search', '--', hostile)
            ok(r.returncode in (0, 1) and not r.stderr, 'a word like %s is a word' % hostile, (r.returncode, r.stderr))
        ok(bill in found(c), 'and the rows are still there')

        for language, words in (('ja', ('接続元', '封筒', '判定', '台帳', 'その後', '配送')), ('en', ('client', 'envelope', 'Verdict', 'Evidence', 'delivered'))):
            r = c.command('explain', '--lang', language, bill)
            text = r.stdout.decode()
            ok(r.returncode == 0 and all(w in text for w in words), 'explain in ' + language, (text, r.stderr))
            ok('ご請求のお知らせ' in text and bill in text, 'it names the message', text)
        ok(c.command('explain', '0Vbf0000000000000000').returncode == 1, 'explain an id that is not there: exit status 1')
        ok(c.command('explain', "'; --").returncode in (1, 2, 65), 'or one that is none')
        c.stop(keep=True)
        for root, _, files in os.walk(c.record):
            for name in files:
                if name.startswith(('events-', 'rows.mark')):
                    os.remove(os.path.join(root, name))
        r = c.command('explain', '--lang', 'en', english)
        c.start()
        settle(c, bill)
        ok(sorted(found(c)) == sorted(wanted), 'rows that were lost are made again from the ledger', (found(c), wanted))
        r = c.command('explain', '--lang', 'en', english)
        ok(r.returncode == 0 and b'INVOICE' in r.stdout, 'and explain works again', r.stdout + r.stderr)


def hostile_text():
    with Checkpoint() as c:
        evil = 'hi \x1b[2J\x1b]0;evil\x07 \u202egnp.exe\u2066 \x9b31m \x00 end'
        raw = (b'From: "\x1b[31mred" <x@evil.example>\r\nSubject: ' + evil.encode() + b'\r\n\r\n' + evil.encode() + b'\r\n')
        identity = send(c, raw, b'x@evil.example')
        ok(isinstance(identity, str), 'hostile text is taken', identity)
        settle(c, identity)
        for name, r in (('search', c.command('search')), ('search --json', c.command('search', '--json')),
                        ('explain ja', c.command('explain', '--lang', 'ja', identity)), ('explain en', c.command('explain', '--lang', 'en', identity))):
            text = r.stdout
            controls = [b for b in text if b < 32 and b != 10]
            ok(r.returncode == 0 and not controls, '%s prints no control character' % name, text)
            ok(b'\xc2\x9b' not in text and '\u202e'.encode() not in text, '%s: neither C1 nor direction marks' % name, text)
        line = c.command('search', '--json').stdout
        ok(json.loads(line)['id'] == identity, 'the JSON can be read', line)


def privacy():
    secret, text = '極秘の縁談', '仲人の佐々木さんによれば先方は乗り気です'
    extra = '[recipient yes@rcpt.example]\nconsent = content, links, threat\n'
    with Checkpoint(profile='carrier', extra=extra) as c:
        quiet = send(c, message(secret, text), recipients=[b'no@rcpt.example'])
        settle(c, quiet)
        ok(found(c, '--id', quiet) == [quiet], 'a message to somebody who did not consent is in the record')
        for word in ('極秘', '縁談', '佐々木', '仲人', '乗り気'):
            ok(found(c, word) == [], '%s is not found' % word)
        everything = b''
        for command in (['search'], ['search', '--json'], ['explain', '--lang', 'ja', quiet], ['explain', '--lang', 'en', quiet]):
            everything += c.command(*command).stdout
        ok(secret.encode() not in everything and '佐々木'.encode() not in everything, 'neither subject nor text is told', everything)
        ok(b'taro@sender.example' in everything, 'what is needed to carry it is told')
        c.stop(keep=True)
        stored = b''
        for root, _, files in os.walk(c.record):
            for name in files:
                with open(os.path.join(root, name), 'rb') as f:
                    stored += f.read()
        ok(secret.encode() not in stored and '佐々木'.encode() not in stored and 'Taro'.encode() not in stored,
           'nor does it lie in any file of the record')
        c.start()
        told = send(c, message(secret, text), recipients=[b'yes@rcpt.example'])
        settle(c, told)
        ok(found(c, '縁談') == [told], 'for somebody who consented the words are found', found(c, '縁談'))
        both = send(c, message('二人への手紙', '同じ文面です'), recipients=[b'yes@rcpt.example', b'no@rcpt.example'])
        settle(c, both)
        ok(found(c, '--id', both) == [both], 'a message to both is in the record once')


class Record:
    """A record with many entries and held messages, and copies of it to spoil."""

    def __init__(self):
        with Checkpoint(extra='[policy]\nhold = 4\nrefuse = 100\n') as c:
            self.ids = []
            for i in range(300):
                if i % 100 == 0:
                    s = Smtp(c.port)
                self.ids.append(s.mail(message('letter %d' % i, 'text %d' % i))[1][-1].split(' as ')[-1].strip())
            folder = os.path.join(ROOT, 'samples', 'ja', 'unwanted')
            for name in sorted(os.listdir(folder))[:60]:
                with open(os.path.join(folder, name), 'rb') as f:
                    raw = f.read().replace(b'\r\n', b'\n').replace(b'\n', b'\r\n')
                s.mail(re.sub(rb'(?m)^\.', b'..', raw), b'x@evil.example')
            s.close()
            c.stop(keep=True)
            self.folder = tempfile.mkdtemp(prefix='sekisho-record-')
            self.good = os.path.join(self.folder, 'good')
            shutil.copytree(c.record, self.good)
            shutil.copytree(c.record + '-keys', self.good + '-keys')
        self.key = ''

    def verify(self, folder, *more):
        return run('ledger', 'verify', '--folder', folder, *more)

    def spoiled(self, spoil):
        """(result of verify, its faults) after `spoil(folder)` did its work on a copy."""
        bad = os.path.join(self.folder, 'bad')
        shutil.rmtree(bad, True)
        shutil.copytree(self.good, bad)
        spoil(bad)
        r = self.verify(bad, '--json')
        try:
            report = json.loads(r.stdout)
        except ValueError:
            report = {'sound': None, 'faults': [], 'text': (r.stdout, r.stderr)}
        words = self.verify(bad)
        return r.returncode, report, words.stdout.decode('utf-8', 'replace') + words.stderr.decode('utf-8', 'replace')


def flip(path, at):
    with open(path, 'r+b') as f:
        f.seek(at)
        byte = f.read(1)
        f.seek(at)
        f.write(bytes([byte[0] ^ 1]))


def files_of(folder, under):
    return sorted(os.path.join(r, n) for r, _, files in os.walk(os.path.join(folder, under)) for n in files)


def cut(path, size):
    with open(path, 'r+b') as f:
        f.truncate(size)


def tampering():
    record = Record()
    r = record.verify(record.good, '--json')
    good = json.loads(r.stdout)
    ok(r.returncode == 0 and good['sound'] and good['checkpoint'] == good['entries'] > 600 and good['held'] > 0,
       'a record that was closed is sound, all of it under the checkpoint', good)
    journal = open(files_of(record.good, 'journal')[0], 'rb').read()
    frames = []                     # (offset, entry) of each frame, from its magic
    at = 0
    while (at := journal.find(b'SKJ1', at)) >= 0:
        frames.append((at, int.from_bytes(journal[at + 8:at + 16], 'big')))
        at += 4
    frames = [f for i, f in enumerate(frames) if f[1] == i]
    ok(len(frames) == good['entries'], 'the journal holds each entry', (len(frames), good['entries']))
    for entry in (0, 123, 255, 256, 511, len(frames) - 1):
        offset, _ = frames[entry]
        for name, where in (('record', offset + 0x50 + 20), ('salt', offset + 0x35), ('header', offset + 9), ('size', offset + 6)):
            code, report, words = record.spoiled(lambda f: flip(files_of(f, 'journal')[0], where))
            entries = [x.get('entry') for x in report['faults']]
            ok(code == 1 and report['sound'] is False, 'one bit in the %s of entry %d: exit status 1' % (name, entry), (code, report))
            ok(entry in entries and len(entries) <= 3, 'and entry %d is named' % entry, report['faults'])
            ok('entry %d' % entry in words or 'entries %d' % entry in words, 'in words too', words)
    swapped = journal.replace(b'letter 150', b'letter 999', 1)

    def replace_journal(f):
        with open(files_of(f, 'journal')[0], 'wb') as out:
            out.write(swapped)
    code, report, words = record.spoiled(replace_journal)
    ok(swapped != journal and code == 1 and len(report['faults']) == 1, 'another subject in one record', (code, report['faults']))
    whole = len(journal)
    for name, size in (('half of the journal', whole // 2), ('its last byte', whole - 1), ('all of it', 0)):
        code, report, words = record.spoiled(lambda f: cut(files_of(f, 'journal')[0], size))
        ok(code == 1, '%s cut off: exit status 1' % name, (code, report))
        lost = [i for o, i in frames if i + 1 == len(frames) or frames[i + 1][0] > size][0]
        ok(any(x.get('entry') == lost for x in report['faults']), 'the first that is missing is named: %d' % lost, report['faults'])
    code, report, words = record.spoiled(lambda f: os.remove(files_of(f, 'journal')[0]))
    ok(code == 1, 'the journal gone: exit status 1', (code, report))

    # Partial tiles of earlier checkpoints may still lie there; only those of the last one are its evidence.
    tiles = files_of(record.good, 'tile')
    wide = {}
    for path in tiles:
        if path.split('.p/')[0] != path:
            wide.setdefault(path.split('.p/')[0], []).append(int(path.split('.p/')[1]))
    tiles = [p for p in tiles if '.p/' not in p or int(p.split('.p/')[1]) == max(wide[p.split('.p/')[0]])]
    for path in tiles:
        relative = os.path.relpath(path, record.good)
        code, report, words = record.spoiled(lambda f: flip(os.path.join(f, relative), os.path.getsize(path) // 2))
        ok(code == 1, 'one bit in %s: exit status 1' % relative, (code, report))
        ok('tile/' in words or 'entr' in words, 'and the place is named', words)
    relative = os.path.relpath(tiles[0], record.good)
    code, report, words = record.spoiled(lambda f: os.remove(os.path.join(f, relative)))
    ok(code == 1 and relative in words, 'a tile gone: named', words)
    code, report, words = record.spoiled(lambda f: cut(os.path.join(f, relative), 33))
    ok(code == 1 and relative in words, 'a tile cut short: named', words)

    size = os.path.getsize(os.path.join(record.good, 'checkpoint'))
    for at in range(0, size, max(1, size // 12)):
        code, report, words = record.spoiled(lambda f: flip(os.path.join(f, 'checkpoint'), at))
        ok(code == 1 and 'checkpoint' in words, 'one bit in byte %d of the checkpoint: exit status 1' % at, (code, words))
    code, report, words = record.spoiled(lambda f: os.remove(os.path.join(f, 'checkpoint')))
    ok(code == 1 and 'checkpoint' in words, 'the checkpoint gone', (code, words))

    held = files_of(record.good, 'held')
    for at in (0, 10, os.path.getsize(held[0]) // 2, os.path.getsize(held[0]) - 1):
        relative = os.path.relpath(held[0], record.good)
        code, report, words = record.spoiled(lambda f: flip(os.path.join(f, relative), at))
        ok(code == 1 and os.path.basename(relative)[:16] in words, 'one bit in byte %d of a held message: named' % at, (code, words))
    code, report, words = record.spoiled(lambda f: os.remove(os.path.join(f, relative)))
    ok(code == 1 and len(report['faults']) == 1 and isinstance(report['faults'][0].get('entry'), int),
       'a held message gone: the entry that speaks of it is named', (code, report))

    # Somebody who holds the key can make a new ledger, but not one of the key that was noted down elsewhere.
    other = Checkpoint()
    send(other, message('x', 'y'))
    other.stop(keep=True)
    vkey = re.search(rb'verifier key: (\S+)', run('ledger', 'show', '--folder', record.good).stdout).group(1).decode()
    ok(record.verify(record.good, '--key', vkey).returncode == 0, 'verified with the key that was noted down')
    r = record.verify(other.record, '--key', vkey)
    ok(r.returncode == 1, 'a ledger that was made anew does not pass for ours', r.stdout)
    other.stop()

    proof = run('ledger', 'prove', '--folder', record.good, record.ids[7])
    ok(proof.returncode == 0, 'a proof of one message', proof.stderr)
    path = os.path.join(record.folder, 'proof')
    with open(path, 'wb') as f:
        f.write(proof.stdout)
    r = run('ledger', 'check', '--key', vkey, path)
    ok(r.returncode == 0 and record.ids[7].encode() in r.stdout and record.ids[8].encode() not in r.stdout and b'letter' not in r.stdout, 'can be checked without the ledger, and tells of no other', r.stdout + r.stderr)
    passed = []
    for at in range(0, len(proof.stdout), max(1, len(proof.stdout) // 60)):
        with open(path, 'wb') as f:
            f.write(proof.stdout[:at] + bytes([proof.stdout[at] ^ 1]) + proof.stdout[at + 1:])
        r = run('ledger', 'check', '--key', vkey, path)
        if r.returncode != 1 and r.stdout != run('ledger', 'check', '--key', vkey, path).stdout:
            passed.append(at)
        if r.returncode == 0:
            passed.append(at)
    ok(not passed, 'and no byte of it can be altered', passed)
    r = run('ledger', 'prove', '--folder', record.good, '0Vbf0000000000000000')
    ok(r.returncode == 1, 'no proof of what is not there', r.stderr)

    # A torn end is what a crash leaves behind the checkpoint: reported, not a fault.
    def torn(f):
        with open(files_of(f, 'journal')[0], 'ab') as out:
            out.write(b'SKJ1\0\0\x0a')
    code, report, words = record.spoiled(torn)
    ok(code == 0 and report['torn_bytes'] == 7, 'a torn end is told and is no fault', (code, report))

    # The keeper does not go on with a record that was altered under its checkpoint.
    c = Checkpoint(start=False)
    shutil.copytree(record.good, c.record)
    shutil.copytree(record.good + '-keys', c.record + '-keys')
    cut(files_of(c.record, 'journal')[0], whole // 2)
    try:
        r = run('serve', '--config', c.conf, timeout=20)
        ok(r.returncode == 78 and b'entr' in r.stderr, 'a checkpoint does not start on a record that was cut', (r.returncode, r.stderr))
    except subprocess.TimeoutExpired as e:
        ok(False, 'a checkpoint does not start on a record that was cut', e.stderr)
    c.stop()
    shutil.rmtree(record.folder, True)


PARTS = (searching, hostile_text, privacy, tampering)
for part in PARTS:
    if len(sys.argv) < 2 or part.__name__ in sys.argv[1:]:
        part()
done()
