#!/usr/bin/env python3
"""One text in every encoding and mislabelling that Japanese mail has: the normal form and the judgement are the same.

Three texts (unwanted, wanted, a threat) are written as proper mail and in more than thirty other ways; `sekisho try judge`
reads all. The table that is printed names each way, whether text, score, findings and category are those of the proper
mail (the note that label and bytes disagree aside), and the charset that was found with its confidence."""
import base64
import html
import re
import unicodedata
from checkpoint import *

TEXTS = {
    'unwanted': ('重要：口座のお知らせ',
                 'お客様のカードのご利用を確認できませんでした。\n至急、下記のリンクより口座の番号を入力してください。\n'
                 'アカウントは24時間以内に停止されます。\nhttp://secure.example.net/login\n'),
    'wanted': ('会議の議事録',
               'お世話になっております。\n昨日の会議の議事録をお送りいたします。\nご確認のほど、よろしくお願いいたします。\n'
               '次回のミーティングは来週の月曜日です。\n'),
    'threat': ('予告',
               '明日15時34分に市役所を爆破します。\n職員を全員殺害する。\nこれはイタズラではない。覚悟しろ。\n'),
}
KATAKANA = re.compile('[ァ-ヺー]{2,}')


def word(text, codec, label):
    return b'=?%s?B?%s?=' % (label.encode(), base64.b64encode(text.encode(codec)))


def mail(subject, label, body, encoding='8bit', kind='text/plain', mime=True):
    head = [b'From: a@sender.example', b'To: b@rcpt.example', b'Subject: ' + subject, b'Date: Sun, 22 Nov 2026 10:00:00 +0900',
            b'Message-ID: <m@sender.example>']
    if mime:
        head += [b'MIME-Version: 1.0', b'Content-Type: ' + kind.encode() + (b'; charset=' + label.encode() if label else b'')]
        head += [b'Content-Transfer-Encoding: ' + encoding.encode()]
    return b'\r\n'.join(head) + b'\r\n\r\n' + body.replace(b'\n', b'\r\n')


def plain(codec, label, word_label=None):
    """A way: subject in an encoded word of the same (or another) label, body in the codec, under the label."""
    return lambda s, b: mail(word(s, codec, word_label or label), label, b.encode(codec))


def based(codec, label):
    return lambda s, b: mail(word(s, codec, label), label, base64.encodebytes(b.encode(codec)), 'base64')


def quoted(data):
    return b''.join(b'=%02X' % c for c in data)


def split_states(s, b):
    """Encoded words that begin and end inside a shift state, and body lines without the return to ASCII."""
    data = s.encode('iso-2022-jp')
    words = [b'=?ISO-2022-JP?B?%s?=' % base64.b64encode(data[i:i + 9]) for i in range(0, len(data), 9)]
    return mail(b'\r\n '.join(words), 'ISO-2022-JP', b.encode('iso-2022-jp').replace(b'\x1b(B\n', b'\n'))


def split_letters(s, b):
    data = s.encode()
    words = [b'=?UTF-8?Q?%s?=' % quoted(data[i:i + 4]) if i % 8 else b'=?utf-8?B?%s?=' % base64.b64encode(data[i:i + 4])
             for i in range(0, len(data), 4)]
    return mail(b'\r\n '.join(words), 'UTF-8', b.encode())


def utf7(text):
    return text.encode('utf-7')


def entities(s, b):
    text = ''.join(('&#%d;' if i % 2 else '&#x%x;') % ord(c) if ord(c) > 127 else c for i, c in enumerate(b))
    return mail(word(s, 'utf-8', 'UTF-8'), 'us-ascii', text.replace('\n', '<br>\n').encode(), kind='text/html')


def page(s, b):
    return mail(word(s, 'utf-8', 'UTF-8'), 'UTF-8', html.escape(b).replace('\n', '<br>\n').encode(), kind='text/html')


def spaced(text):
    """Blanks between Japanese characters, as writers of unwanted mail put them."""
    japanese = '[\u3041-\u3096\u30a1-\u30fa\u30fc\u4e00-\u9fff]'
    return re.sub('(%s)(?=%s)' % (japanese, japanese), r'\1 ', text)


def wide(text):
    return ''.join(chr(ord(c) + 0xfee0) if c.isalnum() and c.isascii() else c for c in text)


def half(text):
    """Katakana words in half-width kana."""
    table = {}
    for code in range(0xff66, 0xffa0):
        table[unicodedata.normalize('NFKC', chr(code))] = chr(code)
    return KATAKANA.sub(lambda m: ''.join(table.get(c) or ''.join({'\u3099': 'ﾞ', '\u309a': 'ﾟ'}.get(d) or table[d]
                        for d in unicodedata.normalize('NFD', c)) for c in m.group()), text)


def jis_kana(text):
    """ISO-2022-JP whose half-width kana are written by ESC ( I."""
    out = b''
    for piece in re.split('([\uff61-\uff9f]+)', text):
        out += (b'\x1b(I' + bytes(ord(c) - 0xff40 for c in piece) + b'\x1b(B') if piece and '\uff61' <= piece[0] <= '\uff9f' \
            else piece.encode('iso-2022-jp')
    return out


WAYS = {
    'UTF-8': plain('utf-8', 'UTF-8'),
    'ISO-2022-JP': plain('iso-2022-jp', 'ISO-2022-JP'),
    'no label': lambda s, b: mail(word(s, 'iso-2022-jp', 'ISO-2022-JP'), '', b.encode('iso-2022-jp')),
    'raw JIS without MIME': lambda s, b: mail(s.encode('iso-2022-jp'), '', b.encode('iso-2022-jp'), mime=False),
    'raw Shift_JIS without MIME': lambda s, b: mail(s.encode('cp932'), '', b.encode('cp932'), mime=False),
    'raw EUC-JP without MIME': lambda s, b: mail(s.encode('euc-jp'), '', b.encode('euc-jp'), mime=False),
    'raw UTF-8 without MIME': lambda s, b: mail(s.encode(), '', b.encode(), mime=False),
    'Shift_JIS': plain('cp932', 'Shift_JIS'),
    'Shift_JIS labelled ISO-2022-JP': plain('cp932', 'ISO-2022-JP'),
    'Shift_JIS labelled UTF-8': plain('cp932', 'UTF-8'),
    'Shift_JIS labelled GB2312': plain('cp932', 'gb2312'),
    'Shift_JIS labelled KOI8-R': plain('cp932', 'koi8-r'),
    'CP50220 label': plain('iso-2022-jp', 'CP50220'),
    'ISO-2022-JP-2004 label': plain('iso-2022-jp-2004', 'ISO-2022-JP-2004'),
    'raw Shift_JIS subject': lambda s, b: mail(s.encode('cp932'), 'Shift_JIS', b.encode('cp932')),
    'split shift states': split_states,
    'split inside letters, B and Q mixed': split_letters,
    'EUC-JP': plain('euc-jp', 'EUC-JP'),
    'EUC-JP labelled Shift_JIS': plain('euc-jp', 'Shift_JIS'),
    'EUC-JP labelled ISO-8859-1': plain('euc-jp', 'ISO-8859-1'),
    'EUC-JP labelled Big5': plain('euc-jp', 'Big5'),
    'EUC-JIS-2004': plain('euc-jis-2004', 'EUC-JIS-2004'),
    'Shift_JIS-2004': plain('shift_jis-2004', 'Shift_JIS-2004'),
    'GB2312, kana and kanji in it': plain('gb18030', 'GB2312'),
    'UTF-8 in base64 labelled ISO-2022-JP': based('utf-8', 'ISO-2022-JP'),
    'UTF-8 in base64 labelled EUC-KR': based('utf-8', 'EUC-KR'),
    'UTF-8 labelled windows-1251': plain('utf-8', 'windows-1251'),
    'UTF-8 labelled US-ASCII': plain('utf-8', 'US-ASCII'),
    'UTF-8 of an unknown label': plain('utf-8', 'x-unheard-of'),
    'UTF-8 encoded twice by windows-1252': lambda s, b: mail(word(s, 'utf-8', 'UTF-8'), 'UTF-8',
                                                             b.encode().decode('latin-1').encode()),
    'HTML with references': entities,
    'HTML': page,
    'UTF-7': lambda s, b: mail(word(s, 'utf-8', 'UTF-8'), 'UTF-7', utf7(b)),
    'UTF-7 without a label': lambda s, b: mail(word(s, 'utf-8', 'UTF-8'), '', utf7(b)),
    'UTF-16 with its mark': based('utf-16', 'UTF-16'),
    'UTF-16 without mark and label': lambda s, b: mail(word(s, 'utf-8', 'UTF-8'), '', base64.encodebytes(b.encode('utf-16-le')), 'base64'),
    'full-width letters': lambda s, b: mail(word(s, 'utf-8', 'UTF-8'), 'UTF-8', wide(b).encode() if 'http' not in b else
                                            (wide(b.split('http')[0]) + 'http' + b.split('http')[1]).encode()),
    'spaced out': lambda s, b: mail(word(s, 'utf-8', 'UTF-8'), 'UTF-8', spaced(b).encode()),
    'stripped ESC': lambda s, b: mail(s.encode('iso-2022-jp').replace(b'\x1b', b''), 'ISO-2022-JP',
                                      b.encode('iso-2022-jp').replace(b'\x1b', b'')),
    'stripped ESC, no label': lambda s, b: mail(word(s, 'utf-8', 'UTF-8'), '', b.encode('iso-2022-jp').replace(b'\x1b', b'')),
    'half-width kana by ESC ( I': lambda s, b: mail(word(s, 'iso-2022-jp', 'ISO-2022-JP'), 'ISO-2022-JP', jis_kana(half(b))),
    'half-width kana in 8 bits': lambda s, b: mail(word(half(s), 'cp932', 'Shift_JIS'), 'Shift_JIS', half(b).encode('cp932')),
}
# The header says that it is HTML, which is no matter of encoding and counts: there text and category are compared, and HTML
# with HTML in all.
HTML = {'HTML', 'HTML with references'}
SILENT = {'charset_disagrees', 'charset_twice', 'header_raw'}


def judge(messages):
    lines = ''.join(json.dumps({'id': name, 'message_b64': base64.b64encode(data).decode()}) + '\n' for name, data in messages)
    out = {}
    for verb in ('judge', 'mime'):
        r = run('try', verb, input=lines.encode())
        out[verb] = [json.loads(line) for line in r.stdout.decode().splitlines()]
    return zip(out['judge'], out['mime'])


def seen(reply):
    return {'text': reply['text'], 'score': reply['unwanted'], 'category': reply['category'],
            'findings': [(f['name'], f['weight']) for f in reply['findings'] if f['name'] not in SILENT]}


def main():
    for name, (subject, body) in TEXTS.items():
        proper = page_like = None
        for reply, read in judge([(way, make(subject, body)) for way, make in WAYS.items()]):
            now = seen(reply)
            proper = proper or now
            like = proper
            if reply['id'] in HTML:
                page_like = page_like or now
                like = dict(page_like, text=proper['text'], category=proper['category'])
            differ = [k for k in now if now[k] != like[k]]
            part = read['body']
            print('# %-8s | %-36s | %-6s | %-12s %3s%% | %.4f %s' % (
                name, reply['id'], 'same' if not differ else 'DIFFERS', part.get('charset'), part.get('charset_confidence'),
                now['score'], now['category']))
            ok(not differ, '%s: %s reads as the proper mail' % (name, reply['id']), {k: (like[k], now[k]) for k in differ})
        if name == 'threat':
            ok(proper['category'] == 'threat', 'the threat is one', proper)


main()
done()
