#!/usr/bin/env python3
"""`sekisho law`: what an advertisement must display, where it stands and what is missing, for a person and for a machine.
The letters are made here."""
import base64
import json
import os
import tempfile

from checkpoint import done, ok, run

DUTIES = ['sender_name', 'optout_contact', 'optout_notice', 'postal_address', 'complaint_contact']
ARTICLES = ['特定電子メール法4条1号', '特定電子メール法4条2号', '特定電子メール法4条3号、施行規則9条1号', '特定電子メール法4条3号、施行規則9条2号',
            '特定電子メール法4条3号、施行規則9条3号']
LINES = ['株式会社さくら商会', 'https://sakura.example.jp/u/9', '※配信停止は上記URLからお手続きください。', '〒150-0001 東京都渋谷区神宮前1-2-3', '電話 03-1234-5678 (お問い合わせ)']


def letter(lines, subject='秋の大感謝セール', fields='', charset='utf-8', html=False):
    text = '\n'.join(['全品20%OFF！ 送料無料', ''] + lines) + '\n'
    if html:
        text = '<p>' + '</p><p>'.join(text.splitlines()) + '</p>'
    head = ('From: news@sakura.example.jp\r\nTo: hanako@rcpt.example.jp\r\nSubject: =?utf-8?B?%s?=\r\nDate: Sun, 22 Nov 2026 10:00:00 +0900\r\n'
            'Message-ID: <1@sakura.example.jp>\r\nMIME-Version: 1.0\r\nContent-Type: text/%s; charset=%s\r\n%s\r\n' %
            (base64.b64encode(subject.encode()).decode(), 'html' if html else 'plain', charset, fields))
    return head.encode() + text.replace('\n', '\r\n').encode(charset)


def law(data, *arguments):
    r = run('law', '--json', *arguments, '-', input=data)
    return r, json.loads(r.stdout)


def displayed():
    r, d = law(letter(LINES))
    ok(r.returncode == 0 and d['scope'] == 'full' and d['duties'] == {'missing': [], 'old_label': False}, 'all five are there: exit status 0', (r, d))
    ok([x['duty'] for x in d['display']] == DUTIES and [x['article'] for x in d['display']] == ARTICLES, 'each duty and its article', d['display'])
    for charset in ('utf-8', 'iso-2022-jp', 'shift_jis'):
        raw = letter(LINES, charset=charset)
        for duty in law(raw)[1]['display']:
            span = raw[slice(*duty.get('span', [0, 0]))]
            said = (b'\x1b$B' if charset == 'iso-2022-jp' and span[:1] != b'h' else b'') + span  # it begins behind the escape
            said = said.decode(charset, 'replace')
            others = [line for line in LINES if duty['said'][:6] not in line and line[:8] in said]
            ok(duty['said'] in said and not others, 'the bytes of %s in %s' % (duty['duty'], charset), (duty, said))
    for without, missing in ((0, ['sender_name']), (2, ['optout_contact', 'optout_notice']), (3, ['postal_address']), (4, ['complaint_contact'])):
        r, d = law(letter([line for i, line in enumerate(LINES) if i != without]))
        ok(r.returncode == 1 and d['duties']['missing'] == missing, 'without "%s": %s, exit status 1' % (LINES[without], ', '.join(missing)), d['duties'])
    r, d = law(letter(['<span style="display:none">' + line + '</span>' for line in LINES], html=True))
    ok(d['duties']['missing'] == DUTIES, 'hidden text displays nothing', d['duties'])
    ok(law(letter([], subject='未承諾広告※激安'))[1]['duties']['old_label'], 'the label of the law before 2008')


def scopes():
    plain = b'From: a@a.example.jp\r\nSubject: x\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nsee you at ten\r\n'
    r, d = law(plain)
    ok(r.returncode == 0 and d['scope'] == 'outside' and not d['duties']['missing'], 'a letter owes nothing', d['duties'])
    r, d = law(plain, '--advertisement')
    ok(r.returncode == 1 and d['duties']['missing'] == DUTIES, 'unless it is taken for advertising', d['duties'])
    r, d = law(letter(LINES[:1], subject='発送のお知らせ'))
    ok(d['scope'] == 'contract' and d['duties']['missing'] == ['postal_address', 'complaint_contact'], 'a notice on a contract need not offer refusal', d['duties'])
    crowd = b'From: a@a.example.jp\r\nTo: ' + b', '.join(b'u%02d@b.example.jp' % i for i in range(7, 14)) + b'\r\nSubject: \r\n\r\n'
    d = law(crowd)[1]
    ok([s['sign'] for s in d['signs']] == ['invented_addresses', 'empty_body'] and all('6条' in s['article'] for s in d['signs']), 'recipients in a row, and nothing said: article 6', d['signs'])
    ok([s['sign'] for s in law(b'Subject: x\r\n\r\nsale\r\n')[1]['signs']] == ['false_sender'], 'no author: article 5')


def bulk(folder):
    fields = 'List-Unsubscribe: <https://sakura.example.jp/u/9>, <mailto:u@sakura.example.jp>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n'
    states = {x['rule']: x['state'] for x in law(letter(LINES, fields=fields))[1]['bulk']}
    ok(states['list_unsubscribe'] == states['unsubscribe_https'] == states['one_click'] == states['unsubscribe_seen'] == 'met' and
       states['spf'] == states['dkim'] == states['dmarc'] == states['from_aligned'] == states['one_click_signed'] == 'open', 'without the DNS: fields are told, the rest is open', states)
    zone = os.path.join(folder, 'zone.json')
    with open(zone, 'w') as file:
        json.dump({'sakura.example.jp': {'TXT': ['v=spf1 ip4:192.0.2.7 -all']}, '_dmarc.sakura.example.jp': {'TXT': ['v=DMARC1; p=reject']},
                   '7.2.0.192.in-addr.arpa': {'PTR': ['mx.sakura.example.jp']}, 'mx.sakura.example.jp': {'A': ['192.0.2.7']}}, file)
    with_zone = ['--dns', zone, '--helo', 'mx.sakura.example.jp', '--mail-from', 'b@sakura.example.jp']
    d = law(letter(LINES, fields=fields), '--ip', '192.0.2.7', *with_zone)[1]
    states = {x['rule']: x['state'] for x in d['bulk']}
    ok(states['spf'] == states['dmarc'] == states['from_aligned'] == states['reverse_name'] == 'met' and states['dkim'] == states['one_click_signed'] == 'unmet' and
       not d['signs'], 'with the DNS: SPF, DMARC, alignment, name; no signature covers the fields', states)
    d = law(letter(LINES), '--ip', '198.51.100.1', *with_zone)[1]
    states = {x['rule']: x['state'] for x in d['bulk']}
    ok(states['spf'] == states['from_aligned'] == states['list_unsubscribe'] == 'unmet' and [s['sign'] for s in d['signs']] == ['false_sender'],
       "another's host: the author's domain denies it", (states, d['signs']))


def people(folder):
    path = os.path.join(folder, 'ad.eml')
    with open(path, 'wb') as file:
        file.write(letter(LINES[:3]))
    r = run('law', '--lang', 'ja', path)
    text = r.stdout.decode()
    for words in (path + ': 広告・宣伝', '[表示あり] 送信者の氏名又は名称 (特定電子メール法4条1号)  3行目「株式会社さくら商会」', '[表示なし] 送信者の住所 (特定電子メール法4条3号、施行規則9条2号)',
                  '[不適合] List-Unsubscribe フィールド', '[未確認] SPF 認証'):
        ok(words in text, 'it tells: ' + words.replace(folder, ''), text)
    r = run('law', '--lang', 'en', path, path)
    text = r.stdout.decode()
    ok(r.returncode == 1 and text.count('[missing] postal address of the sender (Specified E-mail Act art. 4(3), rule 9(2))') == 2, 'in English, of two files', text)
    evil = letter(['発行者: \x1b[31m\u202eevil\x9b 株式会社', '配信停止 https://x.example.jp/\x1b[2J'])
    for arguments in (['--lang', 'ja'], ['--json']):
        r = run('law', *arguments, '-', input=evil)
        controls = [b for b in r.stdout if b < 32 and b != 10]
        ok(r.returncode == 1 and not controls and '\u202e'.encode() not in r.stdout, 'no control character is printed: ' + arguments[0], r.stdout)
    ok(run('law').returncode == 2, 'without a file: exit status 2')
    ok(run('law', '--ip', 'x', path).returncode == 2, 'an address that is none: exit status 2')
    ok(run('law', os.path.join(folder, 'none.eml')).returncode == 66, 'a file that is not there: exit status 66')
    for data in (b'', bytes(range(256)) * 200):
        ok(run('law', '-', input=data).returncode in (0, 1), 'nothing and noise are read')


def main():
    with tempfile.TemporaryDirectory() as folder:
        displayed()
        scopes()
        bulk(folder)
        people(folder)
    done()


if __name__ == '__main__':
    main()
