#!/usr/bin/env python3
"""Campaigns: copies of one another are found among other mail, told, merged and split by people, kept over the keeper's death,
and gone with the consent they rest on."""
import base64, random, signal, sys

import browser
from checkpoint import *
from console import CHECKS, CONSOLE, PASSWORDS, PICTURES, Person, account

CARRIER = '[permit]\nprofile = carrier\n'
TEMPLATES = {
    'prize': ('おめでとうございます、{name}様', '{name}様、<img src=x onerror="window.pwned=1">このたびは当社の夏の大抽選会で特別賞に当選されました。賞金{amount}円をお受け取り'
              'いただくため、手数料を本日中に次の口座へお振り込みください。\r\nみずほ銀行 新宿支店 普通 {account}\r\n'
              'お問い合わせは {phone} まで、担当の佐々木がお待ちしております。https://prize.example.net/{code}\r\n'),
    'invoice': ('Invoice {number} is overdue', 'Dear {word}, our records show that invoice {number} over {amount} dollars has not been paid '
                'although it was due two weeks ago. Please settle the amount today by the link below, otherwise your service ends '
                'at midnight. https://pay.example.org/{code} Yours sincerely, the accounts department\r\n'),
    'parcel': ('お荷物のお届けについて', 'お客様宛てのお荷物をお届けにあがりましたが、宛先不明のため持ち帰りました。配送番号 {number} の再配達を'
               'ご希望の場合は、{amount}円の追加料金をお支払いのうえ、下記のページからお手続きください。\r\nhttps://parcel.example.com/{code}\r\n'),
}
NAMES = ['山田', '鈴木', '田中', '高橋', '伊藤', '渡辺']


def fill(text, r, account):
    return text.format(name=r.choice(NAMES), word=r.choice(['customer', 'friend', 'colleague']), amount=r.randrange(1000, 99999), account=account,
                       phone='090-%04d-%04d' % (r.randrange(1000, 9999), r.randrange(1000, 9999)), number=r.randrange(100000, 999999),
                       code='%08x' % r.getrandbits(32))


def mail(subject, body, sender):
    return ('From: <%s>\r\nTo: undisclosed-recipients:;\r\nSubject: =?UTF-8?B?%s?=\r\nMIME-Version: 1.0\r\n'
            'Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n%s\r\n'
            % (sender, base64.b64encode(subject.encode()).decode(), base64.b64encode(body.encode()).decode())).encode()


def others(r):
    """Texts that nobody else wrote."""
    syllables = 'ka ri mo ten sho bu na gi lo ver am que stra pli dor fen wu zan'.split()
    words = [''.join(r.choice(syllables) for _ in range(r.randrange(2, 5))) for _ in range(4000)]
    while True:
        yield ' '.join(r.choice(words) for _ in range(4)), ' '.join(r.choice(words) for _ in range(60)) + '\r\n'


def send(s, raw, sender, recipients):
    code, lines = s.mail(raw, sender.encode(), [r.encode() for r in recipients])
    return lines[-1].split(' as ')[-1].split(', id ')[-1].strip() if code in (250, 554, 550) else (code, lines)


def explained(c, identity):
    return {j['kind']: j for j in map(json.loads, c.command('explain', '--json', identity).stdout.splitlines())}


def campaign(c, *words):
    r = c.command('campaign', *words)
    return r.returncode, r.stdout.decode(), r.stderr.decode()


def listed(c, *words):
    code, out, err = campaign(c, 'list', '--json', *words)
    return json.loads(out) if out else {'campaigns': [], 'error': err}


def sizes(c):
    return {one['campaign']: one['messages'] for one in listed(c)['campaigns']}


def keeper_of(c):
    """The keeper's process, None while there is none."""
    pids = c.role_pids('keeper')
    return pids[-1] if pids else None


def kill_keeper(c):
    """Kills it, and waits until another one is there."""
    old = keeper_of(c)
    os.kill(old, signal.SIGKILL)
    end = time.time() + 30
    while time.time() < end and keeper_of(c) in (None, old):
        time.sleep(.1)
    return keeper_of(c) not in (None, old)


def flood(c, r):
    """Three templates, thirty mails each, and two hundred that nothing is like, in any order; which id is of which."""
    ids, plan, unlike = {}, [], others(r)
    for kind, (subject, body) in TEMPLATES.items():
        for i in range(30):
            plan.append((kind, mail(fill(subject, r, ''), fill(body, r, '1234567'), 'a%d@%s%d.example' % (i, kind, i % 7)),
                         'bounce%d@%s%d.example' % (i, kind, i % 7), 'user%d@rcpt.example' % (i % 12)))
    for i in range(200):
        subject, body = next(unlike)
        plan.append(('other', mail(subject, body, 'p%d@person.example' % i), 'p%d@person.example' % i, 'user%d@rcpt.example' % (i % 40)))
    r.shuffle(plan)
    with Smtp(c.port) as s:
        for kind, raw, sender, recipient in plan:
            ids.setdefault(kind, []).append(send(s, raw, sender, [recipient]))
    return ids


def told(c, ids):
    """The campaigns of these messages, by how many."""
    numbers = {}
    for identity in ids:
        number = explained(c, identity).get('content', {}).get('campaign')
        numbers[number] = numbers.get(number, 0) + 1
    return numbers


def clusters():
    subprocess.run([os.path.join(ROOT, 'tools', 'make-console'), CONSOLE], capture_output=True, timeout=300)
    with Checkpoint() as c:
        r = random.Random(20261122)
        ids = flood(c, r)
        ok(all(isinstance(i, str) for kind in ids.values() for i in kind), '290 messages are taken', [i for kind in ids.values() for i in kind if not isinstance(i, str)][:3])
        numbers = {kind: told(c, ids[kind]) for kind in ids}
        ok(all(list(numbers[kind].values()) == [30] for kind in TEMPLATES) and len({n for k in TEMPLATES for n in numbers[k]}) == 3,
           'the thirty of each template are one campaign', {k: numbers[k] for k in TEMPLATES})
        ok(len(numbers['other']) == 200 and None not in numbers['other'], 'the two hundred others are alone', len(numbers['other']))
        of = {kind: list(numbers[kind])[0] for kind in TEMPLATES}
        answer = listed(c)
        ok(sorted((one['campaign'], one['messages']) for one in answer['campaigns']) == sorted((n, 30) for n in of.values()) and answer['messages'] == 290,
           'the list has the three', answer)
        ok(all(len(one['days']) == 14 and sum(d[1] for d in one['days']) == 30 for one in answer['campaigns']), 'with their days')
        ok(listed(c, '--since', '2099-01-01')['campaigns'] == [] and campaign(c, 'list', '--since', '2099-01-01')[0] == 1, 'none of a time to come')
        code, out, err = campaign(c, 'list', '--lang', 'ja')
        ok(code == 0 and '14日間' in out and '█' in out and str(of['prize']) in out, 'and for people', (code, out, err))

        code, out, err = campaign(c, 'show', str(of['prize']), '--json')
        one = json.loads(out or '{}')
        ok(code == 0 and one['messages'] == 30 and one['read'] == 30 and sorted(m['id'] for m in one['members']) == sorted(ids['prize']),
           'one is shown with its members', (code, err, one.get('read')))
        slots = [p['slot'] for p in one.get('text', []) if 'slot' in p]
        fixed = ''.join(p.get('text', '{}') for p in one.get('text', []))
        ok('name' in slots and 'number' in slots and '特別賞に当選' in fixed, 'its template has the slots of name and amount', one.get('text'))
        name = next((p for p in one.get('text', []) if p.get('slot') == 'name'), {'values': []})
        ok(set(name['values']) == set(NAMES), 'with what stood in them', name)
        ok([p for p in one['subject'] if 'slot' in p], 'so has its subject', one['subject'])
        links = {(l['type'], l['messages']) for l in one['links'] if '1234567' in l['value']}
        ok(('bank_account', 30) in links, 'an account joins all of them', one['links'][:3])
        ok([l['messages'] for l in one['links'] if l['type'] == 'host' and l['value'] == 'prize.example.net'] == [30], 'so does the host of their links', one['links'][:3])
        ok(one['recipient_count'] == 12 and len(one['senders']) == 20 and sum(n for _, n in one['recipients']) == 30, 'over recipients and senders',
           (one['recipient_count'], len(one['senders'])))
        code, out, err = campaign(c, 'show', str(of['prize']), '--lang', 'en')
        ok(code == 0 and 'Template of the text' in out and 'bank_account' in out and '{1 name}' in out and ids['prize'][0] in out, 'and for people', (code, out[:1500], err))
        ok(campaign(c, 'show', '999999')[0] == 65 and campaign(c, 'show', 'x')[0] == 2, 'what is none is refused')
        found = [json.loads(l) for l in c.command('search', '--json', '--limit', '100', '--campaign', str(of['parcel'])).stdout.splitlines()]
        ok(sorted(f['id'] for f in found) == sorted(ids['parcel']) and all(f['campaign'] == of['parcel'] for f in found), 'a search by campaign finds its thirty', len(found))
        text = c.command('explain', '--lang', 'ja', ids['prize'][0]).stdout.decode()
        ok('一連の送信: %d' % of['prize'] in text and '指標: bank_account' in text, 'explain tells it, and the account', text)
        killed(c, ids, of)
        people(c, ids, of)
        told_console(c, of)
        before = sizes(c)
        ok(c.command('ledger', 'verify').returncode == 0, 'the ledger is sound')
        status = c.stop(keep=True)
        c.start()
        ok(status == 0 and sizes(c) == before, 'and after an orderly end all is as it was', (before, sizes(c)))


def killed(c, ids, of):
    before = sizes(c)
    another = kill_keeper(c)
    end = time.time() + 30
    while time.time() < end and sizes(c) != before:
        time.sleep(.2)
    ok(another and sizes(c) == before, 'a keeper that is killed forgets nothing', (before, sizes(c)))
    subject, body = TEMPLATES['invoice']
    r = random.Random(7)
    identity = None
    for _ in range(50): # while the keeper starts, mail is put off
        with Smtp(c.port) as s:
            identity = send(s, mail(fill(subject, r, ''), fill(body, r, ''), 'z@late.example'), 'z@late.example', ['late@rcpt.example'])
        if isinstance(identity, str):
            break
        time.sleep(.2)
    ids['invoice'].append(identity)
    ok(told(c, [identity]) == {of['invoice']: 1}, 'what comes then is known', told(c, [identity]))


def people(c, ids, of):
    code, out, err = campaign(c, 'merge', str(of['parcel']), str(of['invoice']))
    ok(code == 2 and '--reason' in err, 'a merger without a reason is refused', (code, err))
    code, out, err = campaign(c, 'merge', str(of['parcel']), '424242', '--reason', 'x')
    ok(code == 65, 'so is one with a campaign that is not there', (code, err))
    code, out, err = campaign(c, 'merge', str(of['parcel']), str(of['invoice']), '--reason', 'the same pages, by the same hand')
    ok(code == 0 and sizes(c) == {of['prize']: 30, of['invoice']: 61}, 'two are merged', (code, out, err, sizes(c)))
    subject, body = TEMPLATES['parcel']
    r = random.Random(8)
    with Smtp(c.port) as s:
        late = send(s, mail(subject, fill(body, r, ''), 'z@late.example'), 'z@late.example', ['late@rcpt.example'])
    ok(told(c, [late]) == {of['invoice']: 1}, 'what comes then belongs to the one')
    code, out, err = campaign(c, 'split', str(of['invoice']), *ids['parcel'][:5], late, '--reason', 'another hand after all')
    apart = set(sizes(c)) - set(of.values())
    ok(code == 0 and len(apart) == 1 and sizes(c)[list(apart)[0]] == 6 and sizes(c)[of['invoice']] == 56, 'six are parted', (code, out, err, sizes(c)))
    code, out, err = campaign(c, 'split', str(of['prize']), ids['parcel'][0], '--reason', 'x')
    ok(code == 65 and 'is not of campaign' in err, 'what is of another campaign cannot be', (code, err))
    entries = [json.loads(l) for l in journal(c)]
    kinds = {e['kind']: e for e in entries if e.get('kind', '').startswith('campaign.')}
    ok(set(kinds) == {'campaign.merge', 'campaign.split'} and all(e['by'] and e['reason'] and e['channel'] == 'command' for e in kinds.values()),
       'the ledger has who did it, and why', kinds)
    before = sizes(c)
    kill_keeper(c)
    end = time.time() + 30
    while time.time() < end and sizes(c) != before:
        time.sleep(.2)
    ok(sizes(c) == before, 'both outlive the keeper', (before, sizes(c)))


def journal(c):
    """Records that stand in the journal."""
    folder = os.path.join(c.record, 'journal')
    for name in sorted(os.listdir(folder)):
        data = open(os.path.join(folder, name), 'rb').read()
        at = 0
        while at + 80 <= len(data):
            size = int.from_bytes(data[at + 4:at + 8], 'big')
            if data[at:at + 4] == b'SKJ1':
                yield data[at + 80:at + 80 + size]
            at += 80 + size


def told_console(c, of):
    for name, role in (('hanako', 'operator'), ('ryoko', 'reviewer'), ('akira', 'auditor')):
        account(c, 'add', name, '--role', role, password=PASSWORDS[name])
    nobody, operator, reviewer, auditor = Person(c), Person(c, 'hanako'), Person(c, 'ryoko'), Person(c, 'akira')
    ok(nobody.ask('GET', '/v1/campaigns')[0] == 401 and auditor.ask('GET', '/v1/campaigns')[0] == 403, 'strangers and auditors are told nothing')
    status, answer = operator.ask('GET', '/v1/campaigns')
    ok(status == 200 and len(answer['campaigns']) == 3, 'an operator hears of the three', answer)
    status, answer = operator.ask('GET', '/v1/campaigns/%d' % of['prize'])
    ok(status == 200 and answer['messages'] == 30 and len(answer['members']) == 30 and 'text' not in answer and 'links' not in answer
       and 'subject' not in answer['members'][0], 'of one he sees who and when, not what it says', list(answer))
    ok(operator.ask('POST', '/v1/campaigns/%d/content' % of['prize'], {'reason': 'x'})[0] == 403 and
       reviewer.ask('POST', '/v1/campaigns/%d/content' % of['prize'], {})[0] == 400, 'what it says is for reviewers, with a reason')
    status, answer = reviewer.ask('POST', '/v1/campaigns/%d/content' % of['prize'], {'reason': 'case 12'})
    ok(status == 200 and any(p.get('slot') == 'name' for p in answer['text']) and answer['links'], 'a reviewer sees the template', answer if status != 200 else '')
    ok(operator.ask('GET', '/v1/campaigns/77777777')[0] == 404 and operator.ask('GET', '/v1/campaigns/x')[0] == 404, 'what is none is not found')
    looks = json.dumps(auditor.ask('GET', '/v1/looks')[1])
    ok('"campaign"' in looks and 'case 12' in looks, 'each look is recorded', looks[:400])
    in_browser(c, of)


def look(b, language, name):
    time.sleep(.5)
    wrong = b.run(CHECKS)
    ok(not wrong, '%s, %s: labels, headings, contrast, width' % (name, language), '\n'.join(wrong))
    os.makedirs(PICTURES, exist_ok=True)
    b.picture(os.path.join(PICTURES, '%s-%s.png' % (name, language)), whole=True)


def in_browser(c, of):
    if browser.missing() or not os.path.exists(os.path.join(CONSOLE, 'lib', 'preact.js')):
        skip('campaigns in a browser', browser.missing() or 'the libraries of the console are not there')
        return
    for language, name in (('ja', 'ryoko'), ('en', 'hanako')):
        with browser.Browser(language=language) as b:
            b.open('http://127.0.0.1:%d/' % c.clerk_port)
            b.until(lambda: b.has('#name'))
            b.find('#name').type(name)
            b.find('#password').type(PASSWORDS[name])
            b.find('main form button').click()
            b.until(lambda: b.has('nav'))
            b.run('location.hash = "#/campaigns"')
            b.until(lambda: b.has('tr.campaign'))
            ok(len(b.all('tr.campaign')) == 3 and len(b.all('tr.campaign svg rect')) >= 3, '%s: three campaigns with their days drawn' % language, b.text('main'))
            b.find('a[href="#/campaigns/%d"]' % of['prize']).click()
            b.until(lambda: b.has('svg.days'))
            b.until(lambda: b.has('ul.members'))
            ok(len(b.all('ul.members li')) == 30 and len(b.all('svg.days rect')) >= 1, '%s: one of them, its days and members' % language)
            if name == 'ryoko':
                b.find('form.inline input').type('case 13')
                b.find('form.inline button[type=submit]').click()
                b.until(lambda: b.has('mark.slot'))
                marks = [m.text for m in b.all('mark.slot')]
                ok(marks and '特別賞' in b.text('main'), 'the template is shown with its slots marked', marks)
            else:
                ok(not b.has('form.inline input') and not b.has('mark.slot'), 'an operator is not offered what it says')
            ok(b.run('return window.pwned === undefined && !document.querySelector("#app img[src=x]")'), '%s: hostile text stayed text' % language)
            look(b, language, 'campaign')
            b.run('location.hash = "#/campaigns"')
            b.until(lambda: b.has('tr.campaign'))
            look(b, language, 'campaigns')
            wrong = [m for _, m in b.console() if 'Content Security' in m or 'Uncaught' in m or 'Error' in m]
            ok(not wrong, '%s: the console of the browser has no complaint' % language, '\n'.join(wrong))


def consent():
    """Nobody's mail without his consent; and none that outlives it."""
    with Checkpoint(profile='carrier') as c:
        subject, body = TEMPLATES['invoice']
        r = random.Random(5)

        def one(recipients):
            with Smtp(c.port) as s:
                return send(s, mail(fill(subject, r, ''), fill(body, r, ''), 'a@b.example'), 'a@b.example', recipients)
        plain = [one(['taro@rcpt.example']) for _ in range(3)]
        ok(told(c, plain) == {None: 3} and listed(c, '--least', '1')['messages'] == 0, 'without consent nothing is compared', listed(c, '--least', '1'))
        c.command('consent', 'grant', 'taro@rcpt.example', 'content', 'links', '--channel', 'web')
        content = one(['taro@rcpt.example'])
        ok(told(c, [content]) == {None: 1} and 'signature' not in explained(c, content)['content'], 'nor with consent to other things')
        for who in ('hanako', 'jiro'):
            c.command('consent', 'grant', who + '@rcpt.example', 'content', 'signatures', 'links', '--channel', 'web')
        hers, his, both = [one(['hanako@rcpt.example']) for _ in range(3)], one(['jiro@rcpt.example']), one(['jiro@rcpt.example', 'hanako@rcpt.example'])
        number = list(told(c, hers))[0]
        ok(told(c, hers + [his, both]) == {number: 5} and sizes(c) == {number: 5}, 'with it they are one campaign', sizes(c))
        c.command('consent', 'withdraw', 'hanako@rcpt.example', 'signatures')
        end = time.time() + 30
        while time.time() < end and sizes(c) != {number: 2}:
            time.sleep(.2)
        ok(sizes(c) == {number: 2}, 'what rested on her alone is gone, what rests on him too stays', sizes(c))
        content = explained(c, hers[0])['content']
        ok('signature' not in content and 'campaign' not in content and 'keys' not in content and content['subject'], 'and out of her records', content)
        ok(explained(c, both)['content']['campaign'] == number, 'not out of his')
        found = c.command('search', '--json', '--campaign', str(number)).stdout.splitlines()
        ok(len(found) == 2, 'a search finds the two', found)
        c.command('consent', 'withdraw', 'jiro@rcpt.example', 'content', 'signatures', 'links')
        end = time.time() + 30
        while time.time() < end and sizes(c) != {}:
            time.sleep(.2)
        ok(listed(c, '--least', '1')['messages'] == 0 and listed(c, '--least', '1')['campaigns'] == [], 'then nobody is left', listed(c, '--least', '1'))
        kill_keeper(c)
        end = time.time() + 30
        while time.time() < end and 'error' in listed(c, '--least', '1'):
            time.sleep(.2)
        left = listed(c, '--least', '1')
        ok('error' not in left and left['campaigns'] == [], 'nor after a restart', left)
        again = one(['jiro@rcpt.example'])
        ok(told(c, [again]) == {None: 1}, 'and his next mail is not compared')


PAGE = ('<html><head><title>x</title></head><body class="%s"><div id=top><table><tr><td><h1>%s</h1><p>%s<p><b><i>x</i></b><ul><li>a</ul><dl><dt>b<dd>c</dl>'
        '<center><font color=red>!</font></center><a href="https://%s/%s/login.php?id=%d">ログイン</a></table></body></html>\r\n')


def kits():
    """Phishing of one kit: other brand, words, host and names by chance."""
    def page(brand, text, host, chance, page=PAGE):
        raw = mail('【重要】' + brand, page % (chance, brand, text, host, chance, len(text)), 'a@' + host)
        return raw.replace(b'text/plain', b'text/html').replace(b'From: <', b'From: =?utf-8?B?%s?= <' % base64.b64encode(brand.encode()))
    with Checkpoint() as c:
        with Smtp(c.port) as s:
            texts = ('アカウントを停止しました。二十四時間以内に本人確認をお願いします。第三者による不正利用の疑いがあります。',
                     'Dear customer, your account has been suspended. Verify your billing information within 24 hours or it will be closed for ever.')
            one = [send(s, page('三井住友カード', texts[0], 'k1.example', 'qwertzui'), 'a@k1.example', ['u@rcpt.example']),
                   send(s, page('Amazon', texts[1], 'k2.example', 'asdfghjk'), 'a@k2.example', ['v@rcpt.example'])]
            other = send(s, page('PayPay銀行', 'お取引を制限しました。次のページから登録情報を更新してください。期限までに手続きがないと失効いたします。', 'k3.example', 'yxcvbnml',
                                 PAGE.replace('<ul>', '<pre>x</pre><ul>')), 'a@k3.example', ['w@rcpt.example'])
        numbers = told(c, one)
        ok(None not in numbers and list(numbers.values()) == [2], 'two mails of one kit are one campaign', numbers)
        ok(list(told(c, [other])) not in (list(numbers), [None]), 'one of another kit is not', (numbers, told(c, [other])))


PARTS = (clusters, consent, kits)
if __name__ == '__main__':
    for part in PARTS:
        if not sys.argv[1:] or part.__name__ in sys.argv[1:]:
            part()
    done()
