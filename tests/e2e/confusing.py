#!/usr/bin/env python3
"""Messages that are made to confuse the judge: what a person sees is judged, whatever lies around it, and the time that a message
takes is bounded. Asked by `sekisho try judge`; nothing is started."""
import base64, json, resource, subprocess, time

from checkpoint import PROGRAM, done, ok

CORE = ('お客様のアカウントに第三者による不正なログインが検出されたため、ご利用を一時的に制限しました。24時間以内に下記のリンクからログインし、'
        'ご本人確認とカード情報の更新をお願いいたします。確認が取れない場合、アカウントは永久に停止されます。')
LINK = 'https://account-verify.example.top/login'
NEWS = ('県内の水稲の作付面積は前年より増え、農協は今年の新米の集荷目標を引き上げた。市立図書館では週末に読み聞かせ会が開かれ、親子連れでにぎわった。'
        '駅前の再開発では歩道の幅を広げる工事が始まり、来年三月に終わる予定だ。町内会は防災訓練の日程を回覧板で知らせている。')
NOVEL = '祖母は縁側で豆をより分けながら、昔の運動会の話をした。私は宿題の手を止めて、庭の柿の木を見ていた。夕方になると雨が降り出した。'


def message(body, kind='plain', subject='お知らせ', sender='お客様センター <info@mail.example.top>'):
    head = ('From: =?UTF-8?B?%s?= <info@mail.example.top>\r\nTo: you@recipient.example\r\nSubject: =?UTF-8?B?%s?=\r\nMIME-Version: 1.0\r\n'
            'Content-Type: text/%s; charset=UTF-8\r\nContent-Transfer-Encoding: base64\r\n\r\n'
            % (base64.b64encode(sender.split(' <')[0].encode()).decode(), base64.b64encode(subject.encode()).decode(), kind))
    return head.encode() + base64.encodebytes(body.encode())


def judged(raw):
    """(the answer, CPU seconds it took beyond starting)."""
    def run(data):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        r = subprocess.run([PROGRAM, 'try', 'judge'], input=data, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return r.stdout, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    idle = run(json.dumps({'id': '0', 'text': 'x'}).encode() + b'\n')[1]
    out, took = run(json.dumps({'id': '1', 'message_b64': base64.b64encode(raw).decode()}).encode() + b'\n')
    return json.loads(out), took - idle


def unwanted(a):
    return a['unwanted'] >= .5 and a['category'] == 'phishing'


def main():
    plain = judged(message(CORE + '\n' + LINK))[0]
    ok(unwanted(plain), 'the letter as it is', (plain['category'], plain['unwanted']))

    for name, words in (('news', NEWS), ('a novel', NOVEL)):
        a = judged(message(CORE + '\n' + LINK + '\n\n' + words * 6))[0]
        ok(unwanted(a), 'good words behind it: ' + name, (a['category'], a['unwanted'], a['findings'][:4]))
        a = judged(message(words * 6 + '\n\n' + CORE + '\n' + LINK))[0]
        ok(unwanted(a), 'good words before it: ' + name, (a['category'], a['unwanted'], a['findings'][:4]))

    page = '<html><body><p>%s</p><p><a href="%s">確認する</a></p>%%s</body></html>' % (CORE, LINK)
    bare = judged(message(page % '', 'html'))[0]
    for name, hidden in (('display:none', '<div style="display:none">%s</div>'), ('white on white', '<p style="color:#fff;background:#fff">%s</p>'),
                         ('no size', '<span style="font-size:0">%s</span>'), ('a comment', '<!-- %s -->')):
        a = judged(message(page % (hidden % (NEWS * 6)), 'html'))[0]
        ok(unwanted(a) and NEWS[:20] not in a.get('text', ''), 'good words nobody sees (%s) are not read' % name, (a['unwanted'], a.get('text', '')[:200]))
        ok(a['unwanted'] >= bare['unwanted'] - 1e-4, 'and speak for nothing (%s)' % name, (a['unwanted'], bare['unwanted']))

    torn = ''.join('<span>%s</span>' % c for c in CORE)
    a = judged(message('<html><body><p>%s</p><p><a href="%s">確認する</a></p></body></html>' % (torn, LINK), 'html'))[0]
    ok(a.get('text') == bare.get('text') and abs(a['unwanted'] - bare['unwanted']) < .02, 'one character a tag: the same text, the same judgement',
       (a['unwanted'], bare['unwanted']))
    a = judged(message(' '.join(CORE) + '\n' + LINK))[0]
    ok(unwanted(a), 'spaced out', (a['category'], a['unwanted'], a.get('text', '')[:80]))
    a = judged(message('\u200b'.join(CORE) + '\n' + LINK))[0]
    ok(unwanted(a), 'with zero width spaces', (a['category'], a['unwanted']))
    english = 'We detected unusual sign-in activity. Verify your account within 24 hours or it will be permanently suspended: ' + LINK
    mixed = english.replace('a', '\u0430').replace('e', '\u0435').replace('o', '\u043e')
    one, two = judged(message(english, subject='Account notice'))[0], judged(message(mixed, subject='Account notice'))[0]
    ok(two['unwanted'] >= .5 and two['unwanted'] >= one['unwanted'] - .05, 'Cyrillic letters among Latin ones', (one['unwanted'], two['unwanted']))

    a = judged(message('<html><body><a href="%s"><img src="https://img.example.top/a.png"></a></body></html>' % LINK, 'html'))[0]
    ok(0 <= a['unwanted'] <= 1 and a['findings'] is not None, 'an image alone is judged by what can be known', a['unwanted'])

    tongues = 'Здравствуйте, как дела? 你好，最近怎么样？ 안녕하세요, 잘 지내세요? Γειά σου, τι κάνεις; สวัสดีครับ สบายดีไหม नमस्ते, आप कैसे हैं? مرحبا كيف حالك שלום, מה שלומך? Xin chào! Merhaba! Grüß Gott! '
    for name, raw in (('10 MB of text', message(NEWS * (10000000 // len(NEWS.encode())))), ('10 MB of its own words', message((CORE + '\n') * (10000000 // len(CORE.encode())))),
                      ('10 MB of threats', message('爆弾を仕掛けた。殺す。' * 300000)), ('10 MB of digits', message('090-1234-5678 口座 普通 1234567 ' * 250000)),
                      ('10 MB of slang', message('野菜 手押し 0.5 2.5 テレグラム ' * 220000)), ('all languages', message(tongues * 200)),
                      ('10 MB of one character', message('あ' * 3300000)), ('10 MB of letters without a blank', message('abcdefghij' * 1000000)),
                      ('50,000 links', message('\n'.join('https://h%d.example.top/%d' % (i, i) for i in range(50000)))),
                      ('100,000 tags around a character', message('<b>' * 100000 + 'あ' + '</b>' * 100000, 'html'))):
        a, took = judged(raw)
        ok('unwanted' in a and took < 3, '%s: %.2f s of CPU, at most 3' % (name, took), (took, str(a)[:200]))


if __name__ == '__main__':
    main()
    done()
