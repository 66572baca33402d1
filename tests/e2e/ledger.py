#!/usr/bin/env python3
"""The ledger between people: two sites witness each other, keys are changed, an older copy is put back, and a package for a
court is written and checked by strangers: by the verifier page in a real Chromium, and by npm packages that other people wrote."""
import base64
import copy
import hashlib
import re
import urllib.error
import urllib.request

import browser
from checkpoint import *

MAIL = b'From: Taro <taro@sender.example>\r\nSubject: <script>alert(1)</script>\r\n\r\nHello \xe2\x80\xae world.\r\n'


def send(c, count=1, raw=MAIL):
    ids = []
    for _ in range(count):
        with Smtp(c.port) as s:
            code, lines = s.mail(raw)
        assert code == 250, lines
        ids.append(lines[-1].split(' as ')[-1].strip())
    return ids


def read(c, name, seconds=30):
    """The keeper may still be opening the record when the door greets already."""
    end = time.time() + seconds
    while time.time() < end and not os.path.exists(os.path.join(c.record, name)):
        time.sleep(.05)
    with open(os.path.join(c.record, name)) as f:
        return f.read()


def sized(c, least, seconds=30):
    """Waits for a checkpoint of at least so many entries."""
    end = time.time() + seconds
    while time.time() < end and int(read(c, 'checkpoint').split('\n')[1]) < least:
        time.sleep(.05)
    return int(read(c, 'checkpoint').split('\n')[1])


def covered(c, seconds=30):
    """Waits for a checkpoint of all that stands in the ledger now."""
    entries = 'sekisho_ledger_entries '
    end = time.time() + seconds
    while time.time() < end:
        found = [line for line in c.command('status', '--metrics').stdout.decode().splitlines() if line.startswith(entries)]
        if found:
            return sized(c, int(found[0][len(entries):]), end - time.time())
        time.sleep(.05)


def post(c, body, path='/witness/add-checkpoint'):
    request = urllib.request.Request('http://127.0.0.1:%d%s' % (c.clerk_port, path), body, {'Content-Type': 'text/plain'})
    try:
        with urllib.request.urlopen(request, timeout=20) as r:
            return r.status, r.headers['Content-Type'], r.read().decode()
    except urllib.error.HTTPError as e:
        return e.code, e.headers['Content-Type'], e.read().decode()


def get(c, path):
    try:
        with urllib.request.urlopen('http://127.0.0.1:%d%s' % (c.clerk_port, path), timeout=20) as r:
            return r.status, r.read().decode()
    except urllib.error.HTTPError as e:
        return e.code, ''


def ledger(c, *arguments):
    r = c.command('ledger', *arguments)
    return r.returncode, (r.stdout + r.stderr).decode(errors='replace')


def witnesses():
    """East is a witness of west."""
    west = Checkpoint(extra='[record]\nname = west.example/sekisho\n')
    east = None
    try:
        ids = send(west, 3)
        size = sized(west, 6)
        vkey = read(west, 'ledger.vkey').strip()
        east = Checkpoint(extra='[record]\nname = east.example/sekisho\n[witness_log west]\nvkey = %s\n' % vkey)
        peer = read(east, 'witness.vkey').strip()
        ok(peer.startswith('east.example/sekisho/witness+') and base64.b64decode(peer.split('+', 2)[2])[0] == 4,
           'a witness has a key of its own, of the type of cosignatures', peer)
        note = read(west, 'checkpoint')
        origin_hash = hashlib.sha256(b'west.example/sekisho').hexdigest()
        ok(get(east, '/witness/%s/checkpoint' % origin_hash)[0] == 404, 'nothing was cosigned yet: 404')
        head = 'old 0\n\n'
        root = note.split('\n')[2]
        for status, words, body in [
                (400, 'no request at all', 'x'), (400, 'an empty one', ''), (400, 'no empty line', 'old 0\n' + note.split('\n\n')[0]),
                (400, 'a size with a leading zero', 'old 00\n\n' + note), (400, 'a negative size', 'old -1\n\n' + note),
                (400, 'a proof line that is no hash', 'old 0\nabc\n\n' + note),
                (400, '64 proof lines', 'old 0\n' + (root + '\n') * 64 + '\n' + note),
                (400, 'line ends of CR LF', ('old 0\n\n' + note).replace('\n', '\r\n')),
                (400, 'no signature', head + note.split('\n\n')[0] + '\n'),
                (404, 'an unknown ledger', head + note.replace('west', 'north')),
                (403, 'a signature by an unknown key alone', head + note.split('\n\n')[0] + '\n\n' + read(east, 'checkpoint').split('\n\n')[1]),
                (403, 'a wrong signature', head + re.sub(r'(— \S+ .{40})(.)', lambda m: m[1] + ('A' if m[2] != 'A' else 'B'), note)),
                (400, 'an old size above the checkpoint', 'old %d\n\n%s' % (size + 1, note)),
                (409, 'an old size that is not the one we know', 'old 1\n\n' + note),
                (422, 'a proof where none belongs', 'old 0\n%s\n\n%s' % (root, note))]:
            answer = post(east, body.encode())
            ok(answer[0] == status, '%d: %s' % (status, words), answer)
        answer = post(east, ('old 1\n\n' + note).encode())
        ok(answer[1] == 'text/x.tlog.size' and answer[2] == '0\n', 'a conflict tells the size that was seen', answer)
        before = int(east_entries(east))
        status, kind, lines = post(east, (head + note).encode())
        ok(status == 200 and lines.startswith('— east.example/sekisho/witness ') and lines.endswith('\n'), 'a good one is cosigned', (status, lines))
        ok(east_entries(east) == before + 1, 'and that stands in the witness\'s own ledger')
        ok(post(east, (head + note).encode())[0] == 409, 'the same request again is a conflict: the witness has seen more')
        status, kind, again = post(east, ('old %d\n\n%s' % (size, note)).encode())
        ok(status == 200 and east_entries(east) == before + 1, 'the same checkpoint from its own size on is cosigned anew, and makes no entry')
        status, text = get(east, '/witness/%s/checkpoint' % origin_hash)
        ok(status == 200 and text.startswith(note.split('\n\n')[0]) and '— east.example/sekisho/witness ' in text, 'it is shown to monitors', text)
        os.kill(east.role_pids('keeper')[-1], signal.SIGKILL) if east.role_pids('keeper') else None
        send(west, 2)
        later = sized(west, size + 4)
        note2 = read(west, 'checkpoint')
        end = time.time() + 45
        while time.time() < end and post(east, ('old %d\n%s\n\n%s' % (size, root, note2)).encode())[0] not in (422,):
            time.sleep(.2)
        answer = post(east, ('old %d\n%s\n\n%s' % (size, root, note2)).encode())
        ok(answer[0] == 422, 'a proof that does not hold is not cosigned, also after the keeper was killed', answer)

        # The ledger's own side.
        ok(ledger(west, 'witness')[0] == 78, 'without a witness in the configuration the command says so', ledger(west, 'witness'))
        west.stop(keep=True)
        west.write_conf('[record]\nname = west.example/sekisho\nwitness_every = 2s\n[witness east]\nurl = http://127.0.0.1:%d/witness\nvkey = %s\n'
                        '[witness gone]\nurl = http://127.0.0.1:%d/\nvkey = %s\n' % (east.clerk_port, peer, free_port(), peer_like(peer)))
        west.start()
        status, text = ledger(west, 'witness', '--lang', 'en')
        ok(status == 69 and 'east: cosigned' in text and 'gone: not cosigned' in text, 'one witness cosigns, one is away, and that is told', (status, text))
        cosigned = read(west, 'checkpoint.cosigned')
        ok(cosigned.count('\n— ') == 2 and '— east.example/sekisho/witness ' in cosigned, 'the cosignature is kept', cosigned)
        send(west, 1)
        at = int(cosigned.split('\n')[1])
        end = time.time() + 45
        while time.time() < end and int(read(west, 'checkpoint.cosigned').split('\n')[1]) <= at:
            time.sleep(.1)
        ok(int(read(west, 'checkpoint.cosigned').split('\n')[1]) > at, 'the clerk asks for cosignatures by itself, again and again')
        ok('the witness gone has not cosigned' in west.log_text() and west.log_text().count('the witness gone') == 1,
           'a witness that is away is told in the log, once', west.log_text()[-1500:])
        status, text = ledger(west, 'verify', '--witnesses', '1', '--lang', 'en')
        ok(status == 0 and 'cosigned by 1 witnesses' in text, 'verify checks it', text)
        status, text = ledger(west, 'verify', '--witnesses', '2', '--lang', 'en')
        ok(status == 1 and 'only 1 of the 2' in text, 'and misses a second one', text)
        ids += send(west, 300)
        status, text = ledger(west, 'rotate', '--reason', '鍵の定期交換', '--lang', 'ja')
        ok(status == 0 and '鍵を替えました' in text, 'the key is changed', text)
        status, text = ledger(west, 'witness', '--lang', 'en')
        ok('east: not cosigned: answered 403' in text, 'a witness that does not know the new key refuses it', text)
        both = json.loads(read(west, 'ledger.keys').splitlines()[1])['note']
        end_of_old = int(read(west, 'checkpoint.cosigned').split('\n')[1])
        ok(both.count('\n— west.example/sekisho ') == 2, 'the checkpoint of the change is signed by both keys')
        east.stop(keep=True)
        east.write_conf('[record]\nname = east.example/sekisho\n[witness_log west]\nvkey = %s, %s\n' % (vkey, read(west, 'ledger.vkey').strip()))
        east.start()
        status, text = ledger(west, 'witness', '--lang', 'en')
        ok('east: cosigned' in text and int(read(west, 'checkpoint.cosigned').split('\n')[1]) > end_of_old,
           'with both keys known it cosigns a tree that has grown by hundreds', text)
        fork(west, east)
        package(west, vkey, peer, [ids[0], ids[-1]])
        independent(west, ids[5])
    finally:
        west.stop()
        if east:
            east.stop()


def peer_like(peer):
    """A verifier key of the same form that nobody has."""
    name, key = 'gone.example/witness', bytes([4]) + hashlib.sha256(b'nobody').digest()
    return '%s+%s+%s' % (name, hashlib.sha256(name.encode() + b'\n' + key).digest()[:4].hex(), base64.b64encode(key).decode())


def east_entries(c):
    return json.loads(c.command('ledger', 'verify', '--json').stdout)['entries']


def fork(west, east):
    """West goes on from an older copy without its memory of what it signed: the witness does not cosign the other branch."""
    west.stop(keep=True)
    for name in (west.record, west.record + '-keys'):
        shutil.copytree(name, name + '.fork')
    west.start()
    send(west, 1)
    covered(west)
    status, text = ledger(west, 'witness', '--lang', 'en')
    ok('east: cosigned' in text, 'the true branch goes on', text)
    west.stop(keep=True)
    for name in (west.record, west.record + '-keys'):
        os.rename(name, name + '.true')
        os.rename(name + '.fork', name)
    west.start()
    send(west, 2)
    covered(west)
    status, text = ledger(west, 'witness', '--lang', 'en')
    ok(status == 69 and 'another branch' in text, 'a fork is not cosigned, and the words say why', text)
    west.stop(keep=True)
    for name in (west.record, west.record + '-keys'):
        shutil.rmtree(name)
        os.rename(name + '.true', name)
    west.start()


def eras():
    with Checkpoint(extra='[record]\nname = era.example/sekisho\n') as c:
        send(c, 5)
        c.stop(keep=True)
        shutil.copytree(c.record, c.record + '.backup')
        with open(os.path.join(c.record, 'ledger.vkey')) as f:
            vkey = f.read().strip()
        c.start()
        send(c, 4)
        c.stop(keep=True)
        shutil.rmtree(c.record)
        os.rename(c.record + '.backup', c.record)
        refused = subprocess.run([PROGRAM, 'serve', '--config', c.conf], capture_output=True, timeout=60)
        ok(refused.returncode == 78 and b'ledger era' in refused.stderr, 'a record put back to an older state does not start, and says what to type',
           refused.stderr.decode()[-600:])
        ok(ledger(c, 'era')[0] == 2, 'a new era wants a reason')
        status, text = ledger(c, 'era', '--reason', 'disk was lost, backup of yesterday', '--lang', 'en')
        ok(status == 0 and 'era.example/sekisho/era-2' in text, 'a new era begins', text)
        c.start()
        send(c, 2)
        covered(c)
        status, text = ledger(c, 'verify', '--key', vkey)
        ok(status == 0 and 'era-2' in text, 'the chain from the first key holds', text)
        ok(ledger(c, 'era', '--reason', 'x')[0] == 78, 'not while the keeper runs')


def altered(text, change):
    package = json.loads(text)
    change(package)
    return json.dumps(package, ensure_ascii=False)


def flip(encoded, at=5):
    data = bytearray(base64.b64decode(encoded))
    data[at] ^= 1
    return base64.b64encode(data).decode()


def flip_signature(note, name, at=30):
    def one(m):
        return m[1] + flip(m[2], at)
    return re.sub(r'(— %s )(\S+)' % re.escape(name), one, note, count=1)


def message_entry(p):
    return next(e for e in p['entries'] if e['kind'] == 'message')


def set_in(target, key, value):
    target[key] = value


def package(c, vkey, peer, ids):
    path = os.path.join(c.folder, 'package.json')
    covered(c)
    ledger(c, 'witness')
    status, text = ledger(c, 'export', *ids, path, '--lang', 'ja')
    ok(status == 0 and os.stat(path).st_mode & 0o077 == 0, 'a package is written, for its owner alone', text)
    ok(ledger(c, 'export', ids[0], path)[0] == 71, 'one that is there is not written over')
    ok(ledger(c, 'export', 'nothing', path + '.x')[0] == 1, 'an unknown id is told')
    with open(path, encoding='utf-8') as f:
        good = f.read()
    p = json.loads(good)
    kinds = [e['kind'] for e in p['entries']]
    ok(kinds.count('message') == 2 and kinds.count('outcome') == 2 and 'key' in kinds and len(p['keys']) == 2,
       'it has all entries of the messages, and the change of keys', kinds)
    reason = browser.missing()
    page = 'file://' + os.path.join(ROOT, 'share', 'verifier', 'verifier.html')
    r = subprocess.run([os.path.join(ROOT, 'tools', 'verifier-hashes'), '--check'], capture_output=True)
    ok(r.returncode == 0, 'the page\'s policy names its script and style', r.stderr)
    if reason:
        skip('the verifier page in a browser', reason)
        return
    cosigner, origin = 'east.example/sekisho/witness', 'west.example/sekisho'
    cases = [
        ('record', 'entry', lambda p: set_in(message_entry(p), 'record', flip(message_entry(p)['record'], 40))),
        ('salt', 'entry', lambda p: set_in(message_entry(p), 'salt', flip(message_entry(p)['salt']))),
        ('proof', 'entry', lambda p: message_entry(p)['path'].__setitem__(0, flip(message_entry(p)['path'][0]))),
        ('proof cut short', 'entry', lambda p: message_entry(p)['path'].pop()),
        ('number of an entry', 'entry', lambda p: set_in(message_entry(p), 'index', message_entry(p)['index'] + 1)),
        ('root', 'signature', lambda p: set_in(p, 'checkpoint', '\n'.join(
            flip(line) if i == 2 else line for i, line in enumerate(p['checkpoint'].split('\n'))))),
        ('size', 'signature', lambda p: set_in(p, 'checkpoint', re.sub(r'\n(\d+)\n', lambda m: '\n%d\n' % (int(m[1]) + 1), p['checkpoint'], count=1))),
        ('signature', 'signature', lambda p: set_in(p, 'checkpoint', flip_signature(p['checkpoint'], origin))),
        ('cosignature', 'cosignature', lambda p: set_in(p, 'checkpoint', flip_signature(p['checkpoint'], cosigner))),
        ('time of a cosignature', 'cosignature', lambda p: set_in(p, 'checkpoint', flip_signature(p['checkpoint'], cosigner, 11))),
        ('first key', 'key', lambda p: set_in(p['keys'][0], 'vkey', p['keys'][1]['vkey'])),
        ('hand-over', 'key', lambda p: set_in(p['keys'][1], 'note', flip_signature(p['keys'][1]['note'], origin))),
        ('hand-over left out', 'key', lambda p: p['keys'].pop()),
        ('way from the hand-over to now', 'key', lambda p: p['keys'][1]['consistency'].__setitem__(0, flip(p['keys'][1]['consistency'][0]))),
        ('list of hashes', 'hashes', lambda p: set_in(p['sha256'][-1], 'sha256', '0' * 64)),
        ('a record put in by hand', 'entry', lambda p: p['entries'].append(dict(message_entry(p), record=base64.b64encode(b'{"kind":"message"}').decode()))),
        ('no entries', 'entry', lambda p: set_in(p, 'entries', [])),
        ('another format', 'package', lambda p: set_in(p, 'format', 'x')),
    ]
    with browser.Browser(language='en') as b:
        b.open(page)
        ok(b.text('h1') == 'Evidence verifier', 'the page speaks English', b.text('h1'))

        def check(text, key=''):
            other = os.path.join(c.folder, 'try.json')
            with open(other, 'w', encoding='utf-8') as f:
                f.write(text)
            b.open(page)
            if key:
                b.find('#key').type(key)
            b.upload('#file', other)
            b.until(lambda: b.run('return document.documentElement.dataset.done || ""'), 30)
            return b.run('return document.documentElement.dataset.done'), b.text('#result')

        verdict, words = check(good)
        ok(verdict == 'good' and 'Sound' in words, 'a good package is sound', words[:600])
        ok('by this file and by the browser' in words, 'both ways to check a signature were used', words[:1500])
        ok('cosignature: witness "%s"' % cosigner in words and 'change of keys' in words, 'cosignature and change of keys are told')
        ok('<script>' not in b.run('return document.getElementById("result").innerHTML.replace(/&lt;/g, "")') and '\u202e' not in words,
           'text from outside is only text')
        os.makedirs(os.path.join(ROOT, 'build', 'pictures'), exist_ok=True)
        b.picture(os.path.join(ROOT, 'build', 'pictures', 'verifier-en.png'))
        ok(check(good, vkey)[0] == 'good', 'the key noted down before the change leads to it')
        verdict, words = check(good, 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k')
        ok(verdict == 'bad' and 'pasted' in words, 'another key is refused', words[:600])
        for name, word, change in cases:
            verdict, words = check(altered(good, change))
            line = next((l for l in words.split('\n') if l.startswith('BAD')), '')
            ok(verdict == 'bad' and word in line, 'altered: %s' % name, words[:800])
        ok(check('{')[0] == 'bad' and check('')[0] == 'bad', 'what is no package is refused')
        check(good)
        b.find('#lang').click()
        b.until(lambda: '異状なし' in b.text('#result'), 20)
        ok(b.text('h1') == '証拠検証プログラム' and 'アドレスは人ではない' in b.text('#result'), 'and in Japanese')
        b.picture(os.path.join(ROOT, 'build', 'pictures', 'verifier-ja.png'))
        requests = b.run('return performance.getEntriesByType("resource").length')
        ok(requests == 0, 'the page asked for nothing', requests)


def independent(c, identity):
    """Checkpoint, signature and inclusion proof, read by packages of npm that other people wrote for other logs."""
    proof = c.command('ledger', 'prove', identity).stdout.decode()
    vkey = read(c, 'ledger.vkey').strip()
    lines = proof.split('\n')
    ok(lines[0] == 'c2sp.org/tlog-proof@v1' and lines[1].startswith('extra ') and lines[2].startswith('index '), 'a proof in the form of tlog-proof', proof[:200])
    path = os.path.join(c.folder, 'proof.txt')
    with open(path, 'w') as f:
        f.write(proof)
    r = run('ledger', 'check', '--key', vkey, path)
    ok(r.returncode == 0 and identity.encode() in r.stdout, 'our own check takes it', r.stderr.decode())
    with open(path, 'w') as f:
        f.write(proof.replace('index ', 'index 0', 1))
    ok(run('ledger', 'check', '--key', vkey, path).returncode == 1, 'an index with a leading zero is none')
    with open(path, 'w') as f:
        f.write(proof)
    here = os.path.join(ROOT, 'tests', 'independent')
    work = os.path.join(ROOT, 'build', 'independent')
    if not shutil.which('npm') or not shutil.which('node'):
        skip('an independent implementation', 'npm is not installed')
        return
    os.makedirs(work, exist_ok=True)
    for name in os.listdir(here):
        if os.path.isfile(os.path.join(here, name)):
            shutil.copy(os.path.join(here, name), work)
    r = subprocess.run(['npm', 'ci', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'], cwd=work, capture_output=True, text=True, timeout=180)
    if r.returncode:
        skip('an independent implementation', 'npm cannot install: ' + (r.stderr.strip().splitlines() or ['?'])[-1][:200])
        return
    r = subprocess.run(['node', 'read.js', path, vkey], cwd=work, capture_output=True, text=True, timeout=60)
    for line in r.stdout.splitlines():
        if line.startswith(('ok ', 'not ok ')):
            ok(line.startswith('ok '), line.split(' - ', 1)[-1], r.stdout + r.stderr)
    ok(r.returncode == 0 and r.stdout.count('ok ') >= 5, 'the independent implementation has spoken', r.stdout + r.stderr)


def held_message():
    """A held message goes into the package only with a reason, and that is a look."""
    raw = ('From: "三井銀行" <info@mitsui-card.example>\r\nTo: user@rcpt.example\r\nSubject: 【重要】口座が停止されました\r\n'
           'Authentication-Results: mx.rcpt.example; dkim=pass header.d=forged.example\r\n'
           'MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n'
           '<p>お客様の口座は不正利用のため停止されました。至急ご確認ください。</p>'
           '<a href="http://192.0.2.9/login">https://www.mitsui.example/</a> 今すぐクリック 当選 100万円 無料\r\n').encode()
    with Checkpoint(extra='[policy]\nlabel = 1\nhold = 2\nrefuse = 900\n[held]\nsecond_person = no\n') as c:
        identity = send(c, 1, raw)[0].split()[0].strip(',.')
        covered(c)
        path = os.path.join(c.folder, 'package')
        status, text = ledger(c, 'export', identity, path + '-1')
        with open(path + '-1') as f:
            plain = json.load(f)
        ok(status == 0 and not plain['messages'], 'without a reason the package has no message', text)
        status, text = ledger(c, 'export', identity, path + '-2', '--reason', 'order of the court', '--lang', 'en')
        with open(path + '-2') as f:
            package = json.load(f)
        if not package['messages']:
            ok(False, 'the held message is in the package', text)
            return
        held = package['messages'][0]
        ok(base64.b64decode(held['raw']) == raw and hashlib.sha256(raw).hexdigest() == held['sha256'],
           'with a reason the held message is in the package as it came', text)
        looks = [json.loads(base64.b64decode(e['record'])) for e in package['entries'] if e.get('kind') == 'look']
        ok(len(looks) == 1 and looks[0]['reason'] == 'order of the court', 'and the look stands in the ledger', looks)


def by_hand():
    """What docs/VERIFY.md asks people to type gives what it says."""
    with open(os.path.join(ROOT, 'docs', 'VERIFY.md'), encoding='utf-8') as f:
        text = f.read()
    script = re.search(r'```bash\n(.*?)```', text, re.S).group(1)
    printed = re.search(r'It prints\n\n```\n(.*?)```', text, re.S).group(1)
    r = subprocess.run(['bash', '-c', script], capture_output=True, text=True)
    ok(r.stdout == printed and r.stdout.count('\n') == 3, 'the example of docs/VERIFY.md gives what it says', r.stdout + r.stderr)
    leaf = hashlib.sha256(b'\0' + hashlib.sha256(b'\7' * 32 + b'{"v":1,"kind":"message","id":"example"}').digest()).digest()
    beside = bytes.fromhex(re.search(r'beside=([0-9a-f]{64})', script).group(1))
    ok(hashlib.sha256(b'\1' + leaf + beside).hexdigest() in printed, 'which is what another program computes')


witnesses()
eras()
held_message()
by_hand()
done()
