#!/usr/bin/env python3
"""POST /v1/judge: what a message wants, told by the HTTP door in the very bytes of `sekisho try judge`."""
import base64, urllib.error, urllib.request
from checkpoint import *

EVERY = max(1, int(os.environ.get('JUDGE_DOOR_EVERY', '7'))) # of the samples
WHO, OTHER = 'user@rcpt.example', 'silent@rcpt.example'
ALL = 'source, label, content, links, signatures, attachments, threat, statistics'
ZONE = {'sender.example': {'TXT': [['v=spf1 ip4:192.0.2.10 -all']]}}
ENVELOPE = {'IP': '192.0.2.10', 'Helo': 'mail.sender.example', 'From': 'taro@sender.example'}
BODY = 'Content-Type: text/plain; charset=utf-8\r\n\r\n'
OWN = {
    'mail': 'From: taro@sender.example\r\nTo: user@rcpt.example\r\nSubject: Monday\r\n' + BODY + 'See you there.\r\n',
    'bank': 'From: x@sender.example\r\nSubject: =?UTF-8?B?44GK5pSv5omV44GE?=\r\n' + BODY
            + 'みずほ銀行 新宿支店 普通 1234567 ヤマダタロウ までお振り込みください。電話 03-1234-5678\r\n',
    'threat': 'From: x@sender.example\r\nSubject: test\r\n' + BODY + '明日の正午に市役所を爆破する。\r\n',
    'empty': '',
    'no header': '\r\nnothing but words\r\n',
}


def samples():
    found = []
    for root, folders, files in os.walk(os.path.join(ROOT, 'samples')):
        folders.sort()
        found += [os.path.join(root, name) for name in sorted(files) if not name.endswith(('.tsv', '.md'))]
    out = {name: text.encode() for name, text in OWN.items()}
    for path in found[::EVERY]:
        with open(path, 'rb') as f:
            out[os.path.relpath(path, ROOT)] = f.read()
    return out


def post(c, message, path='/v1/judge', **fields):
    request = urllib.request.Request('http://127.0.0.1:%d%s' % (c.http_port, path), data=message, method='POST')
    for key, value in dict(ENVELOPE, **fields).items():
        request.add_header(key.replace('_', '-'), value)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as e:
        return e.code, e.read()


def tried(c, cases, permit):
    lines = ''.join(json.dumps({'id': name, 'message_b64': base64.b64encode(message).decode(), 'ip': ENVELOPE['IP'],
                                'helo': ENVELOPE['Helo'], 'mailfrom': ENVELOPE['From'], 'rcpt': [WHO], 'permit': permit}) + '\n'
                    for name, message in cases.items())
    out = run('try', 'judge', '--dns', os.path.join(c.folder, 'zone.json'), input=lines.encode()).stdout
    return dict(zip(cases, out.splitlines()))


def same_bytes(c):
    cases = samples()
    wanted = tried(c, cases, ALL.split(', '))
    different, findings = [], 0
    for name, message in cases.items():
        status, got = post(c, message, Rcpt=WHO, Queue_Id=name)
        if status != 200 or got != wanted.get(name):
            different.append((name, status, got[:1500], wanted.get(name, b'')[:1500]))
        else:
            findings += len(json.loads(got)['findings'])
    ok(len(cases) > 40 and not different, '%d messages: the answers are those of try judge, byte for byte' % len(cases),
       different[:3])
    ok(findings > 2 * len(cases), 'and they say something: %d findings' % findings)
    threat = json.loads(post(c, cases['threat'], Rcpt=WHO)[1])
    ok(threat['category'] == 'threat' and threat['threat']['kind'] == 'bomb', 'a threat is told with its kind', threat)
    bank = json.loads(post(c, cases['bank'], Rcpt=WHO)[1])
    ok(any(i['type'] == 'bank_account' for i in bank['indicators']), 'and an account with its number', bank)


def rights(c):
    message = OWN['threat'].encode()
    status, got = post(c, message, Rcpt=OTHER, Queue_Id='x')
    j = json.loads(got)
    ok(status == 200 and 'text' not in j and 'indicators' not in j and 'threat' not in j, 'who allowed nothing: nothing of the '
       'text is told', got)
    ok({f['ground'] for f in j['findings']} <= {'lawful_act'} and 'bomb' not in got.decode(), 'and no finding rests on consent', got)
    status, got = post(c, message, Rcpt=WHO + ',' + OTHER)
    ok(status == 400 and b'one recipient' in got, 'two recipients are refused: each may allow something else', (status, got))
    r = urllib.request.Request('http://127.0.0.1:%d/v1/judge' % c.http_port)
    try:
        status = urllib.request.urlopen(r, timeout=10).status
    except urllib.error.HTTPError as e:
        status = e.code
    ok(status == 405, 'it wants POST', status)
    status, got = post(c, message, Rcpt=WHO)
    name = json.loads(got)['id']
    r = c.command('explain', name)
    ok(r.returncode == 0 and b'192.0.2.10' in r.stdout, 'it is recorded as any scan: explain finds the id that was told',
       (name, r.stdout, r.stderr))


with Checkpoint(profile='carrier', zone=ZONE, extra='[recipient %s]\nconsent = %s\n[attachments]\nopen = no\n' % (WHO, ALL)) as c:
    for _ in range(100):
        if post(c, b'\r\n', Rcpt=WHO)[0] == 200:
            break
        time.sleep(.1)
    same_bytes(c)
    rights(c)
done()
