#!/usr/bin/env python3
"""Conversations with strangers: a lure that comes over four mails is found at its turns, for who allows content to be read and for nobody
else; what is remembered outlives neither the consent nor loses a turn when the keeper dies."""
import base64
from checkpoint import *
from console import PASSWORDS, Person, account

HANAKO, TARO, JIRO = 'hanako@rcpt.example', 'taro@rcpt.example', 'jiro@rcpt.example'
STRANGER = ('美咲', 'misaki@stranger.example')
LURE = [
    ('あれ？', '中村さんのアドレスでしょうか。先日お会いした美咲です。\nもし人違いでしたらごめんなさい。送り先を間違えたかもしれません。'),
    ('Re: あれ？', 'ご丁寧なお返事ありがとうございます。とても優しい方なんですね。\n毎日ひとりで寂しいので、お返事をいただけてうれしかったです。'
                   'よかったらお友達になってください。'),
    ('Re: あれ？', 'メールだとあまり見られないので、LINEで話しませんか。\n私のLINEのIDは misaki_0921 です。追加してくださいね。'),
    ('Re: あれ？', '実は叔父に教わった投資で毎月50万円ほど利益が出ています。\nあなたにも稼いでほしいので、まず10万円だけ一緒に投資してみませんか。'),
]
WANTED = [
    ('同窓会のご案内', 'ご無沙汰しております。三年二組の幹事の田中です。\n来月の同窓会の会場が決まりましたのでお知らせします。'),
    ('写真ありがとう', '先日の写真を送ってくれてありがとう。母も喜んでいました。\n来週の土曜にまた実家に集まる予定です。'),
    ('会議の件', '明日の会議は10時からに変わりました。\n資料は共有フォルダーに入れてあります。ご確認ください。'),
    ('会費について', '同窓会の会費は5000円です。当日、受付で集めます。\nよろしくお願いします。'),
]


def word(text):
    return '=?UTF-8?B?%s?=' % base64.b64encode(text.encode()).decode()


def mail(subject, text, sender=STRANGER, more=''):
    return ('From: %s <%s>\r\nTo: %s\r\nSubject: %s\r\n%sMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n'
            'Content-Transfer-Encoding: base64\r\n\r\n%s\r\n'
            % (word(sender[0]), sender[1], HANAKO, word(subject), more, base64.b64encode(text.encode()).decode())).encode()


def send(c, raw, *recipients):
    """The message's id, once it is taken: while a keeper starts, mail is put off."""
    for _ in range(300):
        try:
            with Smtp(c.port) as s:
                code, lines = s.mail(raw, b'bounce@stranger.example', [r.encode() for r in recipients])
        except OSError:
            code, lines = 0, ['']
        if code in (250, 554, 550):
            return lines[-1].split(' as ')[-1].split(', id ')[-1].strip()
        time.sleep(.1)
    return ''


def carriers(c, identity):
    """What the content's entry says for each recipient."""
    for line in c.command('explain', '--json', identity).stdout.splitlines():
        entry = json.loads(line)
        if entry['kind'] == 'content':
            return {r['to']: r for r in entry['rests_on']}
    return {}


def turn(c, identity, who):
    return carriers(c, identity).get(who, {}).get('lure', {}).get('detail')


def consent(c, *words):
    r = c.command('consent', *words, env=dict(os.environ, LC_ALL='C'))
    return r.returncode, r.stdout.decode() + r.stderr.decode()


def lure(c, *words):
    r = c.command('lure', *words, '--lang', 'en')
    return r.returncode, r.stdout.decode() + r.stderr.decode()


def shown(c, *words):
    r = c.command('lure', 'show', *words, '--reason', 'a test', '--json')
    return json.loads(r.stdout) if r.stdout else r.stderr


def files(c):
    folder = os.path.join(c.record, 'threads')
    return sorted(os.path.join(folder, n) for n in os.listdir(folder) if n.endswith('.threads')) if os.path.isdir(folder) else []


def wait(what, seconds=20):
    end = time.time() + seconds
    while time.time() < end:
        if what():
            return True
        time.sleep(.1)
    return False


def kill_keeper(c):
    old = c.role_pids('keeper')
    os.kill(old[0], signal.SIGKILL)
    wait(lambda: c.role_pids('keeper') not in ([], old))
    wait(lambda: consent(c, 'show', HANAKO)[0] in (0, 1))


def conversation():
    with Checkpoint(profile='carrier', extra='[policy]\nhold = 900\nrefuse = 1000\n') as c:
        consent(c, 'grant', HANAKO, 'content')
        first = send(c, mail(*LURE[0]), HANAKO, TARO)
        ok(set(carriers(c, first)) == {HANAKO} and carriers(c, first)[HANAKO]['lure']['stages'] == ['contact'] and turn(c, first, HANAKO) is None,
           'a first contact is noted for her alone, and is no turn', carriers(c, first))
        send(c, mail(*LURE[1]), HANAKO, TARO)
        third = send(c, mail(*LURE[2]), HANAKO, TARO)
        ok(turn(c, third, HANAKO) == 'rapport > move', 'to another app: a turn', carriers(c, third))
        copies = {b'lure_turn' in m: m for m in c.mails() if word('Re: あれ？').encode() in m and base64.b64encode(LURE[2][1].encode()) in m}
        ok(set(copies) == {True, False}, 'it stands in the header of her copy, not of his', copies)
        r = c.command('explain', '--lang', 'en', third)
        ok(b'the conversation turns' in r.stdout and b'rapport > move' in r.stdout, 'explain says so', r.stdout.decode())
        raw = os.path.join(c.folder, 'third.eml')
        with open(raw, 'wb') as f:
            f.write(mail(*LURE[2]))
        r = c.command('replay', '--file', raw, third)
        ok(r.returncode == 0, 'replay makes the same verdict again', (r.stdout, r.stderr))
        ok(wait(lambda: len(files(c)) == 1, 15), 'one file, for her', files(c))
        with open(files(c)[0], 'rb') as f:
            data = f.read()
        ok(b'misaki' not in data and b'hanako' not in data and b'LINE' not in data and os.stat(files(c)[0]).st_mode & 0o777 == 0o600,
           'without names and words', data)

        kill_keeper(c)
        fourth = send(c, mail(*LURE[3]), HANAKO, TARO)
        ok(turn(c, fourth, HANAKO) == 'move > money', 'the keeper was killed: the turn to money is found', carriers(c, fourth))
        kill_keeper(c)
        answer = shown(c, HANAKO)
        one = answer['conversations'][0] if answer.get('conversations') else {}
        ok(len(answer['conversations']) == 1 and one['messages'] == 4 and set(one['reached']) == {'contact', 'rapport', 'move', 'money'} and one['lure'],
           'killed right after an answer: nothing of it is lost, or counted twice', answer)
        ok('strangers remembered: 1' in consent(c, 'show', HANAKO)[1], 'consent show tells her how many are remembered', consent(c, 'show', HANAKO))
        ok(shown(c, TARO)['conversations'] == [], 'nothing is remembered for him who did not consent')
        c.stop(keep=True)
        c.start()
        ok(shown(c, HANAKO)['conversations'] == answer['conversations'], 'the same after a restart')

        ok(shown(c, HANAKO, STRANGER[1].upper())['lure'] is True and shown(c, HANAKO, 'friend@other.example')['lure'] is False,
           'who writes to her is warned, who writes to a friend is not')
        code, words = lure(c, 'show', HANAKO, STRANGER[1], '--reason', 'she asked')
        ok(code == 0 and 'needs care' in words and 'money' in words and 'misaki' not in words, 'in words', words)
        code, words = lure(c, 'list')
        ok(code == 0 and 'recipients: 1' in words and 'those who lure: 1' in words, 'sums over all', words)
        ok(lure(c, 'show', HANAKO)[0] == 2 and lure(c, 'show', HANAKO, '--reason', ' ')[0] == 65, 'a look wants a reason')
        journal = b''.join(open(os.path.join(c.record, 'journal', n), 'rb').read() for n in os.listdir(os.path.join(c.record, 'journal')))
        ok(b'"what":"lure"' in journal and b'she asked' in journal, 'and is in the ledger')

        with open(files(c)[0], 'r+b') as f:
            f.seek(90)
            f.write(b'xx')
        c.stop(keep=True)
        with open(files(c)[0], 'r+b') as f:
            f.seek(90)
            f.write(b'xx')
        c.start()
        ok(shown(c, HANAKO)['conversations'] == answer['conversations'] and 'damaged' in c.log_text(), 'a damaged file is made again from the ledger',
           shown(c, HANAKO))

        code, words = consent(c, 'withdraw', HANAKO, 'content')
        ok(code == 0 and files(c) == [] and shown(c, HANAKO)['conversations'] == [], 'withdrawn: when the answer comes all of it is gone', (words, files(c)))
        kill_keeper(c)
        ok(files(c) == [] and shown(c, HANAKO)['conversations'] == [], 'and does not come back')
        time.sleep(1.1)
        consent(c, 'grant', HANAKO, 'content')
        again = send(c, mail(*LURE[3]), HANAKO)
        ok(carriers(c, again).get(HANAKO, {}).get('lure', {}).get('stages') == ['money'] and turn(c, again, HANAKO) is None,
           'a new consent begins at nothing', carriers(c, again))
        c.stop(keep=True)
        ok(len(files(c)) == 1, 'a keeper that ends writes what it knows', files(c))
        code, words = consent(c, 'withdraw', HANAKO, 'content')
        ok(code == 0 and files(c) == [], 'withdrawn while no keeper runs: the file is gone too', (words, files(c)))
        c.start()
        ok(files(c) == [] and shown(c, HANAKO)['conversations'] == [], 'and stays so')
        ok('not forgotten' not in c.log_text() and 'conversations:' not in c.log_text(), 'nothing failed', c.log_text()[-800:])


def apart():
    with Checkpoint(profile='carrier') as c:
        for who in (HANAKO, JIRO):
            consent(c, 'grant', who, 'content')
        send(c, mail(*LURE[0]), HANAKO)
        both = send(c, mail(*LURE[2]), HANAKO, JIRO)
        ok(turn(c, both, HANAKO) is not None and turn(c, both, JIRO) is None, 'a turn for her who had the first mail, not for him', carriers(c, both))
        elsewhere = mail(LURE[3][0], LURE[3][1], ('鈴木', 'suzuki@another.example'), 'Reply-To: %s\r\n' % STRANGER[1])
        other = send(c, elsewhere, JIRO)
        ok(turn(c, other, JIRO) is not None and len(carriers(c, other)[JIRO]['lure']['pairs']) == 2,
           'another sender whose answers go to her: the same conversation', carriers(c, other))
        for subject, text in WANTED:
            identity = send(c, mail(subject, text, ('田中', 'tanaka@friend.example')), HANAKO)
            ok('lure' not in carriers(c, identity).get(HANAKO, {'lure': 1}), 'wanted mail: nothing is noted (%s)' % subject, carriers(c, identity))
        ok(len(shown(c, HANAKO)['conversations']) == 1, 'she has one conversation', shown(c, HANAKO))
        code, words = lure(c, 'forget', JIRO, STRANGER[1], '--reason', 'his sister')
        ok(code == 0 and ': 1' in words and shown(c, JIRO, STRANGER[1])['lure'] is False and len(shown(c, JIRO)['conversations']) == 1,
           'one conversation is forgotten', (words, shown(c, JIRO)))
        kill_keeper(c)
        ok(len(shown(c, JIRO)['conversations']) == 1 and len(shown(c, HANAKO)['conversations']) == 1, 'also by the next keeper', shown(c, JIRO))
        ok(lure(c, 'forget', JIRO, '--reason', 'he asked')[0] == 0 and shown(c, JIRO)['conversations'] == [] and
           lure(c, 'forget', JIRO, '--reason', 'again')[0] == 1, 'all of his')
        c.stop(keep=True)
        code, words = lure(c, 'list')
        ok(code == 69 and 'running' in words, 'without a checkpoint it says so', (code, words))


def console():
    with Checkpoint() as c:
        for subject, text in LURE[:3]:
            send(c, mail(subject, text), HANAKO)
        for name, role in (('hanako', 'operator'), ('ryoko', 'reviewer'), ('akira', 'auditor')):
            account(c, 'add', name, '--role', role, password=PASSWORDS[name])
        nobody, operator, reviewer, auditor = Person(c), Person(c, 'hanako'), Person(c, 'ryoko'), Person(c, 'akira')
        ok(nobody.ask('GET', '/v1/lures')[0] == 401 and auditor.ask('GET', '/v1/lures')[0] == 403, 'strangers and auditors are told nothing')
        status, answer = operator.ask('GET', '/v1/lures')
        ok(status == 200 and answer['recipients'] == 1 and answer['lures'] == 1 and answer['stages']['move'] == 1, 'an operator sees sums', answer)
        body = {'address': HANAKO, 'reason': 'case 7', 'correspondent': STRANGER[1]}
        ok(operator.ask('POST', '/v1/lures', body)[0] == 403 and reviewer.ask('POST', '/v1/lures', {'address': HANAKO})[0] == 400,
           'one recipient is for reviewers, with a reason')
        status, answer = reviewer.ask('POST', '/v1/lures', body)
        ok(status == 200 and answer['lure'] is True and answer['conversations'][0]['stage'] == 'move', 'a reviewer is told whether she would write to a lure',
           answer)
        looks = json.dumps(auditor.ask('GET', '/v1/looks')[1])
        ok('"lure"' in looks and 'case 7' in looks, 'the look is recorded', looks[:400])


for part in (conversation, apart, console):
    if len(sys.argv) < 2 or part.__name__ in sys.argv[1:]:
        part()
done()
