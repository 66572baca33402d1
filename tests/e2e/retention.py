#!/usr/bin/env python3
"""The end of records: erasure after a withdrawal, legal holds that beat it, what purge says, and that the ledger stays sound.

That records go by their age is tested where the clock can be turned: src/record/retention_test.c."""
from checkpoint import *

HANAKO, TARO = b'hanako@rcpt.example', b'taro@rcpt.example'
CARRIER = '[permit]\nprofile = carrier\n'


def message(subject, body):
    import base64
    coded = '=?UTF-8?B?%s?=' % base64.b64encode(subject.encode()).decode()
    return ('From: Shop <news@shop.example>\r\nTo: user@rcpt.example\r\nSubject: %s\r\nMIME-Version: 1.0\r\n'
            'Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n%s\r\n'
            % (coded, base64.b64encode(body.encode()).decode())).encode()


def send(c, raw, recipients):
    with Smtp(c.port) as s:
        code, lines = s.mail(raw, b'news@shop.example', recipients)
    return lines[-1].split(' as ')[-1].strip() if code == 250 else (code, lines)


def found(c, *arguments):
    return [json.loads(line)['id'] for line in c.command('search', '--json', *arguments).stdout.splitlines()]


def wait(condition, seconds=30):
    end = time.time() + seconds
    while time.time() < end:
        if condition():
            return True
        time.sleep(.2)
    return bool(condition())


def residue(c, word):
    """The files of the record in which the word stands in the clear."""
    hits = []
    for root, _, files in os.walk(c.record):
        for name in files:
            path = os.path.join(root, name)
            try:
                with open(path, 'rb') as f:
                    if word.encode() in f.read():
                        hits.append(os.path.relpath(path, c.record))
            except OSError:
                pass
    return hits


def said(c, *arguments):
    r = c.command(*arguments)
    return r.returncode, r.stdout.decode() + r.stderr.decode()


def grant(c, address, *families):
    r = c.command('consent', 'grant', address.decode(), *(families or ('content',)), '--channel', 'web')
    return ok(r.returncode == 0, '%s grants %s' % (address.decode(), ', '.join(families or ('content',))), r.stderr)


def explained(c, identity):
    return [json.loads(l) for l in c.command('explain', '--json', identity).stdout.splitlines()]


def apart():
    """Content stands apart from its message, and only for those who allowed it."""
    with Checkpoint(profile='carrier') as c:
        none = send(c, message('tokonoma secretum', 'ranunculus text'), [HANAKO])
        grant(c, HANAKO)
        one = send(c, message('kakejiku letterum', 'chrysanthemum text'), [HANAKO, TARO])
        ok(isinstance(none, str) and isinstance(one, str), 'two messages are taken', (none, one))
        wait(lambda: one in found(c, '--id', one) and none in found(c, '--id', none))
        ok(not residue(c, 'tokonoma') and not residue(c, 'ranunculus'), 'without consent nothing of it is in any file')
        lines = explained(c, none)
        ok([l['kind'] for l in lines] == ['message', 'outcome'], 'a message without consent has no content line', lines)
        text = json.dumps(lines)
        ok('sha256' not in text and 'message_id' not in text, 'and no hash by which a guess could be confirmed', text)
        lines = explained(c, one)
        ok([l['kind'] for l in lines] == ['message', 'content', 'outcome'], 'one with consent has', [l['kind'] for l in lines])
        head, content = lines[0], lines[1]
        ok('kakejiku' not in json.dumps(head) and 'category' not in head and 'sha256' not in head, 'the message line says nothing of the content', head)
        ok(content['subject'] == 'kakejiku letterum' and len(content['sha256']) == 64, 'the content line does', content)
        ok([r['to'] for r in content['rests_on']] == ['hanako@rcpt.example'] and content['rests_on'][0]['families'] == {'content': 'consent'},
           'and rests on who allowed it, by his consent', content['rests_on'])
        ok(isinstance(head['recipients'][0]['entries']['content'], int), 'whose entry it names', head['recipients'][0])
        inner = {'content', 'links', 'signatures', 'attachments', 'threat'}
        ok(all(f['family'] not in inner for f in head['findings']) and all(r['ground'] for r in head['recipients']),
           'every action has its ground, no finding from inside stands outside', head)
        code, words = said(c, 'explain', '--lang', 'ja', one)
        ok(code == 0 and 'kakejiku' in words and '本人の同意' in words and '根拠とする受信者' in words, 'explain joins both, in Japanese', words)
        ok(found(c, 'kakejiku') == [one] and found(c, 'chrysanthemum') == [one], 'search finds it by its words')


def withdrawing():
    with Checkpoint(profile='carrier') as c:
        grant(c, HANAKO)
        grant(c, TARO)
        hers = [send(c, message('quillwort %d' % i, '秘密の山茶花番号 buckthorn'), [HANAKO]) for i in range(30)]
        both = send(c, message('sundew shared', 'bogmyrtle'), [HANAKO, TARO])
        held = send(c, message('asphodel evidence', 'orchis'), [HANAKO])
        wait(lambda: found(c, '--id', held) == [held])
        ok(len(found(c, '--limit', '100', 'quillwort')) == 30 and found(c, '山茶') == hers[::-1], 'thirty messages can be found')

        code, words = said(c, 'hold', 'place', '--id', held)
        ok(code == 65 and 'reason' in words, 'a hold without a reason is refused', (code, words))
        code, words = said(c, 'hold', 'place', '--reason', 'police, case 12', '--by', 'sato')
        ok(code == 65 and 'what is to be held' in words, 'a hold of everything is refused', (code, words))
        code, words = said(c, 'hold', 'place', '--reason', 'police, case 12', '--by', 'sato', '--second', 'SATO', '--id', held)
        ok(code == 65 and 'another person' in words, 'the same name twice is refused', (code, words))
        code, words = said(c, 'hold', 'place', '--reason', 'police, case 12\x1b[2J', '--by', 'sato', '--id', held)
        ok(code == 0 and 'waits for a second name' in words and '\x1b' not in words, 'a hold is in force at once', (code, words))

        r = c.command('consent', 'withdraw', HANAKO.decode(), 'content')
        ok(r.returncode == 0 and b'hold' in r.stdout, 'the consent is withdrawn, and the hold is told', (r.stdout, r.stderr))
        later = send(c, message('saxifrage later', 'gentian'), [HANAKO])
        ok(wait(lambda: not residue(c, 'quillwort') and not residue(c, 'buckthorn') and not residue(c, '山茶花番号')),
           'nothing of the thirty is left in any file', [residue(c, w) for w in ('quillwort', 'buckthorn', '山茶花番号')])
        ok(found(c, 'quillwort') == [] and found(c, '--id', hers[3]) == [hers[3]], 'the rows know their envelope, not their words')
        ok(not residue(c, 'saxifrage') and isinstance(later, str), 'the next message is not read at all')
        ok(found(c, 'sundew') == [both] and residue(c, 'sundew'), 'what Taro allowed too stays, for him')
        content = [l for l in explained(c, both) if l['kind'] == 'content']
        ok(len(content) == 1 and [r['to'] for r in content[0]['rests_on']] == ['taro@rcpt.example'] and 'hanako' not in json.dumps(content),
           'written anew without her', content)
        ok(found(c, 'asphodel') == [held], 'what the hold covers waits')
        code, words = said(c, 'explain', '--lang', 'en', hers[0])
        ok(code == 0 and 'it was purged' in words and 'consent withdrawn' in words, 'explain tells when and why', words)
        r = c.command('ledger', 'verify', '--json')
        report = json.loads(r.stdout)
        ok(r.returncode == 0 and report['sound'] and report['purged'] == 31, 'the ledger is sound: 31 purged, each by an order', report)

        code, words = said(c, 'hold', 'lift', '1', '--reason', 'case closed', '--by', 'sato')
        ok(code == 0 and 'lifting waits' in words, 'one person asks for the lift', (code, words))
        time.sleep(2.5)
        ok(found(c, 'asphodel') == [held], 'and it still holds')
        code, words = said(c, 'hold', 'confirm', '1', '--by', 'sato')
        ok(code == 65, 'he cannot be the second as well', (code, words))
        code, words = said(c, 'hold', 'confirm', '1', '--by', 'suzuki')
        ok(code == 0 and 'lifted' in words, 'another confirms', (code, words))
        ok(wait(lambda: not residue(c, 'asphodel')) and found(c, 'asphodel') == [], 'then the erasure is made up for', residue(c, 'asphodel'))
        code, words = said(c, 'hold', 'confirm', '1', '--by', 'tanaka')
        ok(code == 65 and 'waits for nobody' in words, 'a lifted hold stays lifted', (code, words))
        code, words = said(c, 'hold', 'show', '--all', '--json')
        hold = json.loads(words)
        ok(hold['state'] == 'lifted' and hold['first'] == 'sato' and hold['lift_second'] == 'suzuki', 'the hold shows who did what', hold)
        ok(said(c, 'hold', 'show', '--lang', 'ja')[1].strip() == '保全の指示はない', 'no other is in force')
        ok(c.command('ledger', 'verify').returncode == 0, 'the ledger is sound')

        # Killed in the middle: the promise is in the ledger.
        c.command('consent', 'withdraw', TARO.decode(), 'content')
        keeper = c.role_pids('keeper')
        if keeper:
            os.kill(keeper[-1], signal.SIGKILL)
        ok(bool(keeper) and wait(lambda: not residue(c, 'sundew')), 'a keeper killed after a withdrawal erases when it is back', residue(c, 'sundew'))
        wait(lambda: c.command('ledger', 'verify').returncode == 0)
        ok(c.command('ledger', 'verify').returncode == 0, 'and the ledger is sound')
        ok('purger' in c.log_text() and 'entries were purged' in c.log_text(), 'the work was done by a purger of its own', c.log_text()[-1500:])


def commands():
    with Checkpoint(profile='carrier') as c:
        for text, word in (('source = 89d', b'retention.source'), ('content = 181d', b'retention.content'), ('held = 1d', b'held'),
                           ('source = 90d\ncontent = 91d', b'secrecy')):
            path = os.path.join(c.folder, 'bad.conf')
            with open(c.conf) as f:
                conf = f.read()
            with open(path, 'w') as f:
                f.write(conf + '\n[retention]\n' + text + '\n')
            r = run('config', 'check', path)
            ok(r.returncode == 78, 'retention of "%s" is refused' % text.replace('\n', ', '), (r.returncode, r.stdout, r.stderr))
        send(c, message('x', 'y'), [HANAKO])
        code, words = said(c, 'purge', '--json')
        due = json.loads(words)
        ok(code == 0 and due['source'] == {'days': 180, 'due': 0, 'held': 0} and due['content']['days'] == 30, 'nothing is due on the first day', due)
        code, words = said(c, 'purge', '--dry-run', '--lang', 'ja')
        ok(code == 0 and '期限切れ 0' in words and '犯罪予告' in words, 'in Japanese', words)
        code, words = said(c, 'purge', '--now')
        ok(code == 0 and 'begun' in words, 'purge --now asks the keeper', (code, words))
        code, words = said(c, 'purge', '--now', '--class', 'everything')
        ok(code == 65 and 'class' in words, 'an unknown class is refused', (code, words))
        ok(said(c, 'purge', '--now', '--dry-run')[0] == 2 and said(c, 'purge', '--class', 'content')[0] == 2, 'options that do not fit: exit status 2')
        ok(said(c, 'hold', 'burn')[0] == 2 and said(c, 'hold', 'lift')[0] == 2 and said(c, 'hold', 'lift', 'x')[0] == 2, 'hold: exit status 2')
        ok(said(c, 'hold', 'lift', '9', '--reason', 'r', '--by', 'a')[0] == 65, 'a hold that is not there: 65')
        c.stop(keep=True)
        code, words = said(c, 'hold', 'place', '--reason', 'court', '--by', 'sato', '--second', 'suzuki', '--sender', '@shop.example')
        ok(code == 0 and 'in force' in words, 'without a keeper the command does it itself', (code, words))
        code, words = said(c, 'purge', '--now')
        ok(code == 0, 'purge --now as well', (code, words))
        ok(c.command('ledger', 'verify').returncode == 0, 'the ledger is sound')
        c.start()
        ok('sato' in said(c, 'hold', 'show')[1], 'the keeper knows of the hold')


for part in (apart, withdrawing, commands):
    part()
done()
