#!/usr/bin/env python3
"""The commands for people: check, learn, classify, config, flood, try, and the help of each."""
import base64
import hashlib
import io
import re
import resource
import tarfile
from checkpoint import *

FOLDER = tempfile.mkdtemp(prefix='sekisho-commands-')
GOOD = (b'From: Taro <taro@sender.example>\r\nTo: user@rcpt.example\r\nSubject: Meeting\r\n'
        b'Date: Sun, 22 Nov 2026 10:00:00 +0900\r\nMessage-ID: <m1@sender.example>\r\n\r\nHello, see you on Monday.\r\n')


def spent():
    """Seconds of CPU of all commands that have ended: how long they took is the machine's affair."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def path_of(name):
    return os.path.join(FOLDER, name)


def write(name, data):
    os.makedirs(os.path.dirname(path_of(name)), exist_ok=True)
    with open(path_of(name), 'wb') as f:
        f.write(data if isinstance(data, bytes) else data.encode())
    return path_of(name)


def openssl(*arguments, data=None):
    return subprocess.run(['openssl'] + list(arguments), input=data, capture_output=True, timeout=60).stdout


def sign(message, selector='s1', domain='sender.example', forget=''):
    """(message with a DKIM signature, zone with its key): relaxed/simple over From, To and Subject."""
    key = path_of('dkim.pem')
    openssl('genrsa', '-out', key, '2048')
    public = base64.b64encode(openssl('rsa', '-in', key, '-pubout', '-outform', 'DER')).decode()
    head, body = message.split(b'\r\n\r\n', 1)
    body_hash = base64.b64encode(hashlib.sha256(body).digest()).decode()
    value = ('v=1; a=rsa-sha256; c=relaxed/simple; d=%s; s=%s; h=from:to:subject; bh=%s; b=' % (domain, selector, body_hash))
    fields = dict((l.split(b':', 1)[0].lower(), l.split(b':', 1)[1]) for l in head.split(b'\r\n'))
    text = b''.join(n + b':' + re.sub(rb'[ \t]+', b' ', fields[n].strip()) + b'\r\n' for n in (b'from', b'to', b'subject'))
    text += b'dkim-signature:' + value.encode()
    signature = base64.b64encode(openssl('dgst', '-sha256', '-sign', key, data=text)).decode()
    zone = {'%s._domainkey.%s' % (selector, domain): {'TXT': [['v=DKIM1; k=rsa; p=' + public[:200], public[200:]]]},
            '_dmarc.' + domain: {'TXT': [['v=DMARC1; p=reject']]},
            domain: {'TXT': [['v=spf1 ip4:192.0.2.10 -all']]}}
    return b'DKIM-Signature: ' + value.encode() + signature.encode() + b'\r\n' + message, zone


def checking():
    good = write('good.eml', GOOD)
    for language, words in (('ja', ('件名', '評点')), ('en', ('subject: Meeting', 'score'))):
        r = run('check', '--offline', '--lang', language, good)
        text = r.stdout.decode()
        ok(r.returncode == 0 and all(w in text for w in words), 'check in ' + language, (r.returncode, text, r.stderr))
    r = run('check', '--offline', '--json', good)
    j = json.loads(r.stdout)
    ok(j['action'] == 'accept' and j['subject'] == 'Meeting' and 'origin' in j and 'opinion' in j, 'check --json', j)
    r = run('check', '--offline', '--json', '-', input=GOOD)
    ok(r.returncode == 0 and json.loads(r.stdout)['score'] == j['score'], 'from standard input', r.stdout)

    if shutil.which('openssl'):
        signed, zone = sign(GOOD)
        message, dns = write('signed.eml', signed), write('zone.json', json.dumps(zone))
        arguments = ['--ip', '192.0.2.10', '--helo', 'mail.sender.example', '--mail-from', 'taro@sender.example', '--dns', dns, '--json']
        r = run('check', *arguments, message)
        text = r.stdout.decode()
        j = json.loads(text)
        ok(r.returncode == 0 and j['origin']['dkim'][0]['result'] == 'pass', 'a signature of a fresh key passes', text)
        ok(j['origin']['spf']['result'] == 'pass' and j['origin']['dmarc']['result'] == 'pass' and j['origin']['grade'] == 'A',
           'SPF and DMARC pass, grade A', j['origin'])
        ok(any('s1._domainkey.sender.example' == q['n'] for q in j['dns']), 'the key that was used is told', j['dns'])
        r = run('check', *arguments, write('altered.eml', signed.replace(b'Monday', b'Sunday')))
        j = json.loads(r.stdout)
        ok(j['origin']['dkim'][0]['result'] == 'fail', 'an altered body fails', j['origin']['dkim'])
        forged = ['--ip', '203.0.113.5', '--helo', 'evil.example', '--mail-from', 'x@evil.example', '--dns', dns, '--json']
        r = run('check', *forged, path_of('altered.eml'))
        j = json.loads(r.stdout)
        ok(r.returncode == 1 and j['action'] == 'refuse', 'from a stranger it is refused, as the domain asks: exit status 1', (r.returncode, j['action']))
        r = run('check', *forged, message)
        j = json.loads(r.stdout)
        ok(j['origin']['dmarc']['result'] == 'pass', 'forwarded unaltered the signature still speaks for it', j['origin']['dmarc'])
        key = zone['s1._domainkey.sender.example']
        for name, entry, result in (('no key', 'NXDOMAIN', 'permerror'), ('a slow key', 'TIMEOUT', 'temperror'),
                                    ('a revoked key', [['v=DKIM1; p=']], 'permerror'), ('half a key', [['v=DKIM1; p=MIIB']], 'permerror')):
            zone['s1._domainkey.sender.example'] = {'TXT': entry}
            write('zone.json', json.dumps(zone))
            j = json.loads(run('check', *arguments, message).stdout)
            ok(j['origin']['dkim'][0]['result'] == result, '%s: %s' % (name, result), j['origin']['dkim'])
        zone['s1._domainkey.sender.example'] = key
    else:
        skip('DKIM', 'openssl is not installed')

    hostile = {
        'empty': b'', 'one byte': b'\n', 'binary': bytes(range(256)) * 400, 'header only': b'Subject: x', 'NULs': b'\0' * 10000,
        'nested': b'Content-Type: message/rfc822\n\n' * 3000,
        'parts': b'Content-Type: multipart/mixed; boundary=b\n\n' + b'--b\n\n' * 50000,
        'no line end': b'X' * 3000000, 'colons': b':' * 500000 + b'\n' * 1000, 'escapes': b'Subject: \x1b[2J\x1b]0;x\x07\n\n\x1b[31m\n',
        'base64': b'Content-Transfer-Encoding: base64\n\n' + b'A===' * 100000,
        'encoded words': b'Subject: ' + b'=?utf-8?b?' * 50000 + b'\n\n',
        'html': b'Content-Type: text/html\n\n' + b'<a href="' * 100000,
        'received': b'Received: from (((((((((((\n' * 20000 + b'\n',
        'references': b'From: ' + b'<a@b>, ' * 100000 + b'\n\n',
    }
    for name, data in hostile.items():
        began, start = spent(), time.time()
        for more in ([], ['--json'], ['--lang', 'ja']):
            r = run('check', '--offline', *more, write('hostile.eml', data))
            ok(r.returncode in (0, 1) and b'\x1b' not in r.stdout + r.stderr, 'check of %s %s' % (name, ' '.join(more)), (r.returncode, r.stdout[:300], r.stderr))
            if more == ['--json']:
                try:
                    well = json.loads(r.stdout)['action'] in ('accept', 'label', 'hold', 'refuse')
                except ValueError:
                    well = False
                ok(well, 'its JSON can be read: ' + name, r.stdout[:300])
        ok(spent() - began < 6 and time.time() - start < 60, '%s is quick' % name, (spent() - began, time.time() - start))
    for name, arguments, status in (('a file that is not there', ['/nonexistent/mail'], 66), ('a folder', [FOLDER], 66), ('no file', [], 2),
                                    ('a family that is none', ['--permit', 'everything', good], 78), ('a DNS file that is not there', ['--dns', '/nonexistent/zone', good], 78)):
        r = run('check', *arguments)
        ok(r.returncode == status and r.stderr and not r.stdout, 'check %s: exit status %d' % (name, status), (r.returncode, r.stderr))
    threat = write('threat.eml', 'From: x@threat.example\nSubject: 爆破予告\nContent-Type: text/plain; charset=utf-8\n\n'
                   '明日の15時34分に桜ヶ丘市役所を爆破します。爆弾を仕掛けました。職員を殺します。\n')
    r = run('check', '--offline', '--lang', 'ja', threat)
    ok(r.returncode == 1 and '110' in r.stdout.decode(), 'a threat: exit status 1, and whom to call', r.stdout.decode())
    r = run('check', '--offline', '--lang', 'ja', '--permit', 'source,label', threat)
    ok(r.returncode == 0 and '110' not in r.stdout.decode(), 'without consent the content is not read', r.stdout.decode())
    reasons()


# Many things are wrong with it at once.
LURE = ('From: "みずほ銀行" <x@free-mail.example.top>\nReply-To: y@other.example.net\nSubject: 【重要】アカウント停止\nContent-Type: text/html; charset=utf-8\n\n'
        '<p>みずほ銀行です。異常なログインを検知したため、口座の利用を制限しました。24時間以内に本人確認をお願いします。'
        '<a href="http://198.51.100.7/login">https://www.mizuhobank.co.jp/</a></p><form action="http://198.51.100.7/p"><input type="password" name="p"></form>'
        '<p style="display:none">新聞の記事です。図書館では読み聞かせ会が開かれました。親子連れでにぎわい、町内会は防災訓練の日程を知らせています。</p>')


def reasons():
    path = write('lure.eml', LURE)
    for language, more in (('en', 'more (--all)'), ('ja', '件 (--all)')):
        r = run('check', '--offline', '--lang', language, path)
        text = r.stdout.decode()
        told = re.findall(r'(?m)^  +[+-]\d+\.\d  (.+)$', text)
        ok(len(told) == 5 and more in text, 'the five reasons that mattered most, and how many more there are: ' + language, text)
        rest = [l for l in re.findall(r'(?m)^ {9}(\S.*)$', text)]
        ok(len(rest) == 5 and all(re.search('content|links|source|label|authentication|内容|リンク|送信元|認証', l) for l in rest), 'each with what it was read by: ' + language, rest)
        ok(any(re.search(r'bytes \d+ to \d+|\d+〜\d+ バイト目', l) for l in rest), 'and where it stands: ' + language, rest)
    weights = [abs(float(w)) for w in re.findall(r'(?m)^  +([+-]\d+\.\d)  ', text)]
    ok(weights == sorted(weights, reverse=True), 'the heaviest first', weights)
    all_of_them = re.findall(r'(?m)^  +[+-]\d+\.\d  (.+)$', run('check', '--offline', '--lang', 'ja', '--all', path).stdout.decode())
    j = json.loads(run('check', '--offline', '--json', path).stdout)
    ok(len(all_of_them) == len(j['reasons']) > 5, '--all tells every one', (len(all_of_them), len(j['reasons'])))
    raw = LURE.encode()
    spans = [raw[f['from']:f['to']].decode(errors='replace') for f in j['opinion']['findings'] if 'from' in f]
    ok(spans and any('ログイン' in x or '本人確認' in x or '制限' in x for x in spans), 'the bytes are those of the words', spans)


def letter(kind, i):
    words = {'spam': 'cheap quuxpills lottery frobwinner claim zzyzx prize', 'ham': 'minutes of the plumbus committee budget snorkwell agenda'}
    return ('From: p%d@%s.example\nSubject: %s %d\nMessage-ID: <%s%d@x.example>\n\n%s number %d\n' % (i, kind, words[kind].split()[i % 6], i, kind, i, words[kind], i)).encode()


def learning():
    os.makedirs(path_of('Maildir/cur'), exist_ok=True)
    os.makedirs(path_of('Maildir/new'), exist_ok=True)
    os.makedirs(path_of('Maildir/tmp'), exist_ok=True)
    for i in range(20):
        write('Maildir/%s/%d.host' % ('cur' if i % 2 else 'new', i), letter('ham', i))
    write('spam.mbox', b''.join(b'From x Sun Nov 22 10:00:00 2026\n' + letter('spam', i).replace(b'\nFrom ', b'\n>From ') + b'\n' for i in range(20)))
    with tarfile.open(path_of('more.tar.gz'), 'w:gz') as tar:
        for i in range(20, 30):
            info = tarfile.TarInfo('spam/%d.eml' % i)
            data = letter('spam', i)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    model = path_of('my.model')
    r = run('learn', '--model', model, '--from', 'none', '--ham', path_of('Maildir'), '--spam', path_of('spam.mbox'), path_of('more.tar.gz'))
    ok(r.returncode == 0 and b'knows 30 spam and 20 ham' in r.stderr, 'learn from a Maildir, an mbox and an archive', r.stderr)
    probes = [write('probe-spam.eml', letter('spam', 99)), write('probe-ham.eml', letter('ham', 99))]
    r = run('classify', '--model', model, *probes)
    scores = [float(l.split()[-1]) for l in r.stdout.splitlines()]
    ok(len(scores) == 2 and scores[0] > .8 and scores[1] < .2, 'classify tells them apart', r.stdout)
    r = run('learn', '--model', model, '--ham', path_of('Maildir'))
    ok(r.returncode == 0 and b'30 spam and 40 ham' in r.stderr, 'learning goes on from the file', r.stderr)
    with open(model, 'rb') as f:
        whole = f.read()
    for name, data in (('cut', whole[:1000]), ('empty', b''), ('of garbage', os.urandom(5000)), ('with one bit altered', whole[:500] + bytes([whole[500] ^ 1]) + whole[501:])):
        r = run('classify', '--model', write('bad.model', data), *probes)
        ok(r.returncode not in (0, -6, -11) and r.stderr and not r.stdout, 'a model file %s is refused' % name, (r.returncode, r.stdout, r.stderr))
    lessons = ''
    for i in range(40):
        lessons += 'spam\t%s\nham\t%s\n' % (write('on/s%d' % i, letter('spam', i)), write('on/h%d' % i, letter('ham', i)))
    r = run('classify', '--online', input=lessons.encode())
    lines = [l.split() for l in r.stdout.decode().splitlines()]
    ok(r.returncode == 0 and len(lines) == 80 and [l[0] for l in lines] == ['spam', 'ham'] * 40, 'classify --online: one line for each, in order', r.stdout[:200])
    ok(abs(float(lines[0][1]) - .5) < .1, 'it starts untaught', lines[0])
    ok(all((float(s) > .5) == (k == 'spam') for k, s in lines[20:]), 'and learns as it goes', lines[20:])
    process = subprocess.Popen([PROGRAM, 'classify', '--online'], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    process.stdin.write(lessons.splitlines()[0].encode() + b'\n')
    process.stdin.flush()
    import select
    ready = select.select([process.stdout], [], [], 5)[0]
    ok(ready and process.stdout.readline().startswith(b'spam '), 'each line is answered before the next is asked for')
    process.stdin.close()
    process.wait(10)
    for bad in ('spam /no/tab\n', 'eggs\t%s\n' % probes[0], 'spam\t/nonexistent\n'):
        r = run('classify', '--online', input=bad.encode())
        ok(r.returncode not in (0, -6, -11) and r.stderr, 'a bad line is refused: ' + bad.strip(), (r.returncode, r.stderr))
    r = run('learn', '--ham', '/nonexistent/mail')
    ok(r.returncode != 0 and b'/nonexistent/mail' in r.stderr, 'learn from what is not there', (r.returncode, r.stderr))
    r = run('learn', '--model', '/nonexistent/folder/model', '--ham', path_of('Maildir'))
    ok(r.returncode != 0 and b'/nonexistent/folder/model' in r.stderr, 'a model that cannot be written', (r.returncode, r.stderr))
    r = run('learn')
    ok(r.returncode == 2, 'learn without anything: exit status 2', r.returncode)


def configuring():
    good = write('good.conf', '[transfer]\nlisten = 127.0.0.1:2525\nnext_hop = maildir:/tmp/x\n')
    r = run('config', good)
    ok(r.returncode == 0, 'config: a good one', r.stderr)
    r = run('config', write('bad.conf', '[transfer]\nlisten = 127.0.0.1:2525\nnext_hopp = maildir:/tmp/x\n'))
    ok(r.returncode == 78 and b'line 3' in r.stderr and b'next_hop' in r.stderr, 'config: a bad one', (r.returncode, r.stderr))
    r = run('config', '/nonexistent/conf')
    ok(r.returncode in (66, 78) and b'/nonexistent/conf' in r.stderr, 'config: none', (r.returncode, r.stderr))
    r = run('config', os.path.join(ROOT, 'share', 'sekisho.conf'))
    ok(r.returncode == 0, 'the configuration that is shipped is good', r.stderr)
    for name, data in (('binary', bytes(range(256))), ('huge', b'# x\n' * 600000), ('a line of 10,000 bytes', b'hostname = ' + b'x' * 10000), ('no UTF-8', b'hostname = \xff\xfe\n')):
        r = run('config', write('bad.conf', data))
        ok(r.returncode == 78 and len(r.stderr) < 2000 and b'\x1b' not in r.stderr, 'config: %s' % name, (r.returncode, r.stderr[:300]))
    r = run('config', '--keys')
    lines = r.stdout.decode().splitlines()
    ok(r.returncode == 0 and len(lines) > 40 and all(l.count('\t') == 3 for l in lines), 'config --keys: four columns', lines[:3])


def flooding():
    for i in range(3):
        write('flood/%d.eml' % i, letter('ham', i))
    for place in ('192.0.2.1:25', '[2001:db8::1]:25', 'localhost:25', 'mx.example.com:25', '0.0.0.0:25', '[::]:25', '10.0.0.1:25', '[::ffff:192.0.2.1]:25',
                  '2130706433:25', '127.1:25', '0x7f.0.0.1:25', '128.0.0.1:25', '127.0.0.1.example.com:25', '169.254.1.1:25', '[fe80::1]:25', ''):
        began = time.time()
        r = run('flood', '--to', place, path_of('flood'))
        ok(r.returncode == 2 and r.stderr and time.time() - began < 2, 'flood refuses "%s"' % place, (r.returncode, r.stderr))
    hop = NextHop()
    r = run('flood', '--to', '127.0.0.1:%d' % hop.port, '--messages', '200', '--connections', '5', '--quiet', path_of('flood'))
    ok(r.returncode == 0 and b'messages 200: accepted 200, refused 0, put off 0, broken 0' in r.stdout, 'flood counts', r.stdout + r.stderr)
    ok(len(hop.messages) == 200, 'and so does the server', len(hop.messages))
    ok(sum(m.count(b'plumbus') for m in hop.messages) == 200 and all(m.endswith(b'\r\n') for m in hop.messages), 'whole messages')
    hop.close()
    answers = {'MAIL': '250 ok', 'RCPT': '550 5.1.1 nobody'}
    hop = NextHop(answers)
    r = run('flood', '--to', '127.0.0.1:%d' % hop.port, '--messages', '20', '--quiet', path_of('flood'))
    ok(b'accepted 0, refused 20, put off 0, broken 0' in r.stdout, 'refusals are counted', r.stdout)
    hop.close()
    hop = NextHop({'DOT': '451 4.3.0 later'})
    r = run('flood', '--to', '127.0.0.1:%d' % hop.port, '--messages', '20', '--quiet', path_of('flood'))
    ok(b'accepted 0, refused 0, put off 20, broken 0' in r.stdout, 'and what is put off', r.stdout)
    hop.close()
    hop = NextHop(drop_after_dot=True)
    r = run('flood', '--to', '127.0.0.1:%d' % hop.port, '--messages', '8', '--quiet', path_of('flood'))
    ok(b'accepted 0, refused 0, put off 0, broken 8' in r.stdout and r.returncode == 69, 'and what broke', (r.returncode, r.stdout))
    hop.close()
    r = run('flood', '--to', '127.0.0.1:%d' % free_port(), '--messages', '8', '--quiet', path_of('flood'), timeout=30)
    ok(r.returncode == 69, 'nobody there: exit status 69', (r.returncode, r.stdout, r.stderr))
    hop = NextHop()
    began = time.time()
    r = run('flood', '--to', '127.0.0.1:%d' % hop.port, '--messages', '40', '--rate', '20', '--quiet', path_of('flood'))
    seconds = time.time() - began
    ok(1.7 < seconds < 4 and len(hop.messages) == 40, 'at most 20 a second: 40 messages take two seconds', seconds)
    hop.close()
    hop = NextHop()
    write('dots.eml', b'From: a@b.example\nSubject: dots\n\n.\n..\n.x\nend')
    r = run('flood', '--to', '127.0.0.1:%d' % hop.port, '--quiet', path_of('dots.eml'))
    ok(hop.messages and hop.messages[0].endswith(b'\r\n\r\n.\r\n..\r\n.x\r\nend\r\n'), 'dots arrive as they were', hop.messages)
    hop.close()


def trying():
    r = run('try', 'nonsense', input=b'')
    ok(r.returncode == 2 and b'spf' in r.stderr, 'try: an unknown verb: exit status 2, and the known ones are named', (r.returncode, r.stderr))
    ok(run('try', input=b'').returncode == 2, 'try without a verb: exit status 2')
    lines = [b'{"id": "1", "text": "Sun, 22 Nov 2026 10:00:00 +0900"}', b'no JSON at all', b'{"id": "3"', b'', b'[]', b'{}', b'\xff\xfe', b'{"id":"4","text":' + b'[' * 5000,
             b'{"id": "9", "text": "Sun, 22 Nov 2026 10:00:00 +0900"}']
    for verb in ('date', 'address', 'mime', 'url', 'html', 'charset', 'spf', 'dkim', 'dmarc', 'judge', 'received'):
        r = run('try', verb, input=b'\n'.join(lines) + b'\n')
        out = r.stdout.splitlines()
        try:
            parsed = [json.loads(l) for l in out]
        except ValueError as e:
            parsed = [e]
        ok(r.returncode == 0 and len(parsed) >= 8 and all(isinstance(p, dict) for p in parsed), 'try %s: one object for each line' % verb, (r.returncode, len(out), out[:9]))
        ok(sum('error' in p for p in parsed if isinstance(p, dict)) >= 4, 'try %s: bad lines are answered with an error' % verb, out[:9])
        ok(isinstance(parsed[-1], dict) and parsed[-1].get('id') == '9', 'try %s: and it goes on' % verb, out[-1:])
    r = run('try', 'spf', '--dns', '/nonexistent/zone', input=b'')
    ok(r.returncode in (66, 78), 'try --dns with no file', (r.returncode, r.stderr))


def helping():
    r = run('help', '--commands')
    commands = [l.split('\t')[0] for l in r.stdout.decode().splitlines()]
    ok({'serve', 'check', 'learn', 'classify', 'search', 'explain', 'ledger', 'config', 'flood', 'try', 'help'} <= set(commands), 'help --commands', commands)
    for command in commands:
        r = run(command, '--help')
        ok(r.returncode == 0 and b'usage: sekisho ' + command.encode() in r.stdout and not r.stderr, '%s --help' % command, (r.returncode, r.stdout[:200], r.stderr))
        r = run(command, '--no-such-option')
        ok(r.returncode == 2 and b'--no-such-option' in r.stderr and not r.stdout, '%s with an unknown option: exit status 2' % command, (r.returncode, r.stdout[:200], r.stderr))
        r = run('help', command)
        ok(r.returncode == 0 and b'usage: sekisho ' + command.encode() in r.stdout, 'help ' + command, (r.returncode, r.stderr))
    for arguments in ([], ['nonsense'], ['--nonsense']):
        r = run(*arguments)
        ok(r.returncode == 2 and b'usage' in r.stderr.lower() + r.stdout.lower(), 'sekisho %s: exit status 2' % ' '.join(arguments), (r.returncode, r.stderr))
    for arguments in (['--help'], ['help'], ['--version']):
        ok(run(*arguments).returncode == 0, 'sekisho %s' % arguments[0])
    r = run('help', '--findings')
    rows = [l.split('\t') for l in r.stdout.decode().splitlines()]
    ok(len(rows) > 20 and all(len(row) == 3 and all(row) for row in rows), 'help --findings: each in two languages', rows[:3])
    full = subprocess.run([PROGRAM, 'help', '--commands'], stdout=open('/dev/full', 'w'), stderr=subprocess.PIPE)
    ok(full.returncode in (0, 71), 'output that cannot be written is no crash', full)


try:
    for part in (checking, learning, configuring, flooding, trying, helping):
        if len(sys.argv) < 2 or part.__name__ in sys.argv[1:]:
            part()
finally:
    shutil.rmtree(FOLDER, True)
done()
