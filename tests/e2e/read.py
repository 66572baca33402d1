#!/usr/bin/env python3
"""`sekisho read`: a letter as it was understood, for a person and for a machine. The letters are made here."""
import base64
import email.mime.base
import email.mime.multipart
import email.mime.text
import io
import json
import os
import tempfile
import zipfile

from checkpoint import done, ok, run

HTML = ('<html><head><title>お知らせ</title><style>.x{display:none}</style></head><body>'
        '<p>本日<b>限り</b>です</p><p class="x">隠した言葉</p><img src="http://beacon.example/p.gif" width=1 height=1>'
        '<a href="http://login.evil-host.com/in">https://www.mizuhobank.co.jp/</a></body></html>')


def packed(name, content):
    file = io.BytesIO()
    with zipfile.ZipFile(file, 'w', zipfile.ZIP_DEFLATED) as z:
        z.writestr(name, content)
    return file.getvalue()


def letter():
    m = email.mime.multipart.MIMEMultipart('mixed')
    m['From'] = '=?iso-2022-jp?B?GyRCOzNFRBsoQg==?= <yamada@sender.example>'
    m['To'] = 'hanako@rcpt.example'
    m['Subject'] = '=?utf-8?B?' + base64.b64encode('ご請求のお知らせ'.encode()).decode() + '?='
    m['Date'] = 'Sun, 22 Nov 2026 10:00:00 +0900'
    m['Message-ID'] = '<1@sender.example>'
    body = email.mime.multipart.MIMEMultipart('alternative')
    plain = email.mime.base.MIMEBase('text', 'plain', charset='iso-2022-jp')  # and is Shift_JIS
    plain.set_payload(base64.encodebytes('ｺﾛｼﾃはいけません。振込先は三井です。'.encode('cp932')).decode())
    plain['Content-Transfer-Encoding'] = 'base64'
    body.attach(plain)
    body.attach(email.mime.text.MIMEText(HTML, 'html', 'utf-8'))
    m.attach(body)
    attached = email.mime.base.MIMEBase('application', 'octet-stream')
    attached.set_payload(base64.encodebytes(packed('請求書.pdf.exe', b'MZ' + bytes(200))).decode())
    attached['Content-Transfer-Encoding'] = 'base64'
    attached.add_header('Content-Disposition', 'attachment', filename='seikyu.zip')
    m.attach(attached)
    return m.as_bytes()


def reading(folder):
    path = os.path.join(folder, 'letter.eml')
    with open(path, 'wb') as file:
        file.write(letter())
    r = run('read', '--lang', 'ja', path)
    text = r.stdout.decode()
    ok(r.returncode == 0 and not r.stderr, 'a letter is shown', r)
    for words in ('件名: ご請求のお知らせ', '差出人: 山田 <yamada@sender.example>', '1.1.1 text/plain  shift_jis (表示は iso-2022-jp',
                  '1.2 application/octet-stream', '「seikyu.zip」', '| 本日限りです', '[display]', '| 隠した言葉', 'http://login.evil-host.com/in',
                  '表示「https://www.mizuhobank.co.jp/」', '[shown_other]', '請求書.pdf.exe', '[double_extension]'):
        ok(words in text, 'it tells: ' + words, text)
    r = run('read', '--lang', 'en', '--normal', path)
    text = r.stdout.decode()
    for words in ('Subject: ', 'labelled iso-2022-jp', 'Hidden text', 'Links', 'Attachments', 'Normal form', 'Findings'):
        ok(words in text, 'and in English: ' + words, text)
    r = run('read', '--json', '--normal', path)
    d = json.loads(r.stdout)
    ok(d['subject'] == 'ご請求のお知らせ' and d['from'] == [{'name': '山田', 'address': 'yamada@sender.example'}], 'JSON: header', d)
    leaf = [p for p in d['parts'] if p['part'] == '1.1.1'][0]
    ok(leaf['charset'] == 'shift_jis' and leaf['charset_label'] == 'iso-2022-jp' and 50 <= leaf['charset_confidence'] <= 100, 'JSON: charset, label and how sure', leaf)
    ok(any(h['reason'] == 'display' and '隠した言葉' in h['text'] for h in d['hidden']), 'JSON: hidden text and why', d['hidden'])
    ok(any('shown_other' in l['flags'] for l in d['links']), 'JSON: links and their flags', d['links'])
    ok(any('double_extension' in a['facts'] for a in d['attachments']), 'JSON: attachments and their facts', d['attachments'])
    names = {f['name'] for f in d['findings']}
    ok({'link_text_mismatch', 'attachment_double_extension'} <= names, 'JSON: findings', names)
    ok(d['normal'].startswith('ご請求のお知らせ') and d['regions'][0]['kind'] == 'own', 'JSON: the normal form and its regions', d['normal'])


def pointing(folder):
    """A finding tells the bytes that it rests on, through base64, charset and HTML."""
    words = '明日15時34分に市役所を爆破します。'
    raw = {
        'plain': b'Subject: x\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nfirst\r\n' + words.encode() + b'\r\nlast\r\n',
        'iso-2022-jp': b'Subject: x\r\nContent-Type: text/plain; charset=iso-2022-jp\r\n\r\nfirst\r\n' + words.encode('iso-2022-jp') + b'\r\nlast\r\n',
        'html': b'Subject: x\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>first</p><p>' + words.replace('爆', '<b>爆</b>').encode() + b'</p><p>last</p>\r\n',
        'base64': b'Subject: x\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n' + base64.encodebytes(('first\r\n' + words + '\r\nlast\r\n').encode()),
    }
    for name, message in raw.items():
        path = os.path.join(folder, name + '.eml')
        with open(path, 'wb') as file:
            file.write(message)
        r = run('read', '--json', path)
        threats = [f for f in json.loads(r.stdout)['findings'] if f['name'] == 'threat_notice']
        span = message[threats[0].get('from', 0):threats[0].get('to', 0)] if threats else b''
        if name == 'base64':
            at = message.find(b'\r\n\r\n') + 4
            first, end = (threats[0].get('from', at) - at, threats[0].get('to', at) - at) if threats else (0, 0)
            letters = message[at:].replace(b'\n', b'')
            first, end = first - message[at:at + first].count(b'\n'), end - message[at:at + end].count(b'\n')
            span = base64.b64decode(letters[first // 4 * 4:-(-end // 4) * 4])
        wanted = '爆'.encode() if name != 'iso-2022-jp' else '爆破'.encode('iso-2022-jp')[3:-3]
        ok(len(threats) == 1 and wanted in span and b'last' not in span and b'first' not in span, 'the bytes that a threat rests on: ' + name, (threats, span))


def hostile(folder):
    evil = ('Subject: hi \x1b[2J \u202egnp.exe\r\nFrom: "\x1b]0;x\x07" <a@b.example>\r\nContent-Type: text/plain; charset=utf-8; name="\x1b[31m.exe"\r\n\r\n'
            'text \x1b[31m red \u009b0m \u202e over\r\n').encode()
    path = os.path.join(folder, 'evil.eml')
    with open(path, 'wb') as file:
        file.write(evil)
    for arguments in (['read', path], ['read', '--lang', 'ja', '--normal', '--all', path], ['read', '--json', path]):
        r = run(*arguments)
        controls = [b for b in r.stdout if b < 32 and b != 10]
        ok(r.returncode == 0 and not controls and b'\xc2\x9b' not in r.stdout and '\u202e'.encode() not in r.stdout,
           '%s prints no control character and turns nothing' % ' '.join(arguments[:-1]), r.stdout)
    ok(run('read').returncode == 2, 'without a file: exit status 2')
    ok(run('read', os.path.join(folder, 'none.eml')).returncode == 66, 'a file that is not there: exit status 66')
    ok(run('read', '-', input=b'').returncode == 0, 'an empty letter is shown')
    ok(run('read', '-', input=bytes(range(256)) * 100).returncode == 0, 'so is noise')
    long = b'Subject: x\r\n\r\n' + b'0123456789\r\n' * 1000
    short, whole = run('read', '--lang', 'en', '-', input=long).stdout, run('read', '--lang', 'en', '--all', '-', input=long).stdout
    ok(b'bytes more (--all' in short and len(whole) > 12000, 'long text is cut, --all shows it', (len(short), len(whole)))


def main():
    with tempfile.TemporaryDirectory() as folder:
        reading(folder)
        pointing(folder)
        hostile(folder)
    done()


main()
