#!/usr/bin/env python3
"""Lessons: who is believed, what contradicts whom, what a lesson would change, and how one is taken back."""
import hashlib, urllib.error, urllib.request
from checkpoint import *

MAIL = ('From: %s <news@%s.example>\r\nTo: readers@rcpt.example\r\nSubject: %s\r\nMessage-ID: <%s@x.example>\r\n'
        'MIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\n\r\n%s %s\r\n')
TEXT = 'The tomato seedlings are ready for pickup at the greenhouse on Saturday. Bring boxes, the heirloom varieties sell out early.'
OTHER = 'Minutes of the meeting of the sailing club: the boats go into the water in April, fees are due before, Hanako keeps the keys.'


def mail(mark, text=TEXT):
    return (MAIL % ('Garden', 'garden', mark, mark, text, mark)).encode()


def teach(c, message, spam, *who):
    request = urllib.request.Request('http://127.0.0.1:%d/%s' % (c.http_port, 'learnspam' if spam else 'learnham'), data=message)
    if who:
        request.add_header('Rcpt', ', '.join(w + '@rcpt.example' for w in who))
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status
    except urllib.error.HTTPError as e:
        return e.code


def listed(c, *more):
    r = run('learn', 'list', '--json', '--config', c.conf, *more)
    return json.loads(r.stdout)['lessons'] if r.returncode == 0 else r


def undo(c, number):
    return run('learn', 'undo', '--config', c.conf, str(number))


def ready(c):
    for _ in range(200):
        if run('learn', 'list', '--config', c.conf).returncode == 0:
            return
        time.sleep(.1)


def model(c, wanted=None):
    """The learned model's digest, once it is saved; waits for another than `wanted` or for it."""
    path = os.path.join(c.record, 'learned.model')
    end = time.time() + 12
    while True:
        digest = hashlib.sha256(open(path, 'rb').read()).hexdigest() if os.path.exists(path) else None
        if wanted is None or digest == wanted or time.time() > end:
            return digest
        time.sleep(.2)


def saved(c):
    time.sleep(6) # it is saved every five seconds
    return model(c)


def state(c, number):
    return next((e['state'] for e in listed(c) if e['id'] == number), None)


def taken_back():
    with Checkpoint(profile='school') as c:
        ready(c)
        ok(listed(c) == [], 'no lessons yet', listed(c))
        for i in range(6):
            teach(c, mail('a%d' % i), True, 'taro')
            teach(c, mail('b%d' % i, OTHER), False, 'hanako')
        first = saved(c)
        ok(teach(c, mail('bad', OTHER), True, 'jiro') == 200, 'a lesson that somebody will regret')
        second = saved(c)
        all_ = listed(c)
        bad = all_[0]
        ok(len(all_) == 13 and bad['said'] == 'spam' and bad['state'] == 'taught' and bad['personal'] and bad['weight'] == 0.5,
           'the newest of the list, by one of whom nothing is known', bad)
        his = listed(c, '--by', 'jiro@rcpt.example')
        ok([e['id'] for e in his] == [bad['id']] and len(listed(c, '--by', 'taro@rcpt.example')) == 6, 'the list of one reporter', his)
        ok(first != second, 'it changed the model')
        began = time.time()
        r = undo(c, bad['id'])
        took = time.time() - began
        ok(r.returncode == 0 and model(c, first) == first, 'taken back: the model is what it was before, byte for byte (%.2f s)' % took,
           (r, model(c), first))
        ok(state(c, bad['id']) == 'undone' and listed(c)[0]['weight'] < .4, 'he is believed less', listed(c)[0])
        r = undo(c, bad['id'])
        ok(r.returncode == 1 and b'no lesson' in r.stderr, 'once', r)
        ok(undo(c, 9999).returncode == 1 and undo(c, 'x').returncode == 2, 'what is no lesson is none')
        c.level()
        journal = b''.join(open(os.path.join(c.record, 'journal', n), 'rb').read() for n in os.listdir(os.path.join(c.record, 'journal')))
        ok(b'"kind":"lesson.undo"' in journal and b'"lesson":%d' % bad['id'] in journal and b'uid' in journal,
           'the ledger says which, and who took it back')
        book = open(os.path.join(c.record, 'lessons', 'book'), 'rb').read()
        ok(b'tomato' not in book and b'hanako' not in book and b'taro' not in book, 'the book can be read by nobody who has no key')
        ok(teach(c, mail('bad', OTHER), True, 'jiro') == 200 and listed(c)[0]['state'] == 'waiting' and saved(c) == first,
           'he says it again: it is kept and waits, as nobody believes him now', listed(c)[0])
        ok(teach(c, mail('bad', OTHER), True, 'taro') == 200 and sum(e['state'] == 'taught' for e in listed(c)) == 13,
           'until somebody who is believed says so too', listed(c)[:2])
        third = saved(c)
        c.stop(keep=True)
        c.start()
        ready(c)
        ok(model(c) == third and len(listed(c)) == 15, 'another start: the same book and model')
        pid = c.role_pids('keeper')[0]
        ok(teach(c, mail('late'), True, 'taro') == 200, 'a lesson, and the keeper dies before it saves the model')
        os.kill(pid, signal.SIGKILL)
        c.stop(keep=True)
        ok(model(c) == third, 'it did', model(c))
        c.start()
        ready(c)
        ok(model(c) != third and listed(c)[0]['state'] == 'taught' and teach(c, mail('late'), True, 'taro') == 208,
           'the next one makes the model from the book: nothing that was answered is lost', listed(c)[0])
        os.remove(os.path.join(c.record, 'learned.model'))
        c.stop(keep=True)
        if os.path.exists(os.path.join(c.record, 'learned.model')):
            os.remove(os.path.join(c.record, 'learned.model'))
        c.start()
        ready(c)
        ok(listed(c) == [] and 'set back' in c.log_text(), 'who removes the learned model begins anew', listed(c))


def disagreeing():
    with Checkpoint(profile='school', extra='[learn]\ndaily = 5\n') as c:
        ready(c)
        teach(c, mail('base'), False)
        empty = saved(c)
        ok(listed(c)[0]['reporter'] == 'operator' and listed(c)[0]['weight'] == 2, 'nobody named: the word of the operator')
        teach(c, mail('x'), True, 'taro')
        one = saved(c)
        ok(one != empty and teach(c, mail('x'), True, 'taro') == 208, 'one says so, and says it again')
        ok(teach(c, mail('x'), False, 'hanako') == 200 and model(c, empty) == empty and
           {e['state'] for e in listed(c)[:2]} == {'waiting'}, 'another says otherwise: the model has neither', listed(c)[:2])
        teach(c, mail('x'), True, 'jiro')
        ok(listed(c)[0]['state'] == 'taught' and saved(c) != empty, 'two against one: taught', listed(c)[:3])
        weights = {e['reporter']: e['weight'] for e in listed(c)}
        hers = listed(c, '--by', 'hanako@rcpt.example')[0]
        ok(hers['weight'] < .4 and sorted(weights.values())[0] == hers['weight'] and sorted(weights.values())[1] > .4,
           'who is contradicted by both is believed less than they', weights)
        ok(teach(c, mail('x'), True) == 200, 'the operator says so too')
        hers = listed(c, '--by', 'hanako@rcpt.example')
        ok(hers[0]['weight'] < .4, 'his word counts against her', hers)
        before = saved(c)
        ok(teach(c, mail('new'), True, 'hanako') == 200 and listed(c)[0]['state'] == 'waiting' and saved(c) == before,
           'her next word waits', listed(c)[0])
        ok(teach(c, mail('x'), True, 'hanako') == 200 and
           [e['state'] for e in listed(c, '--by', 'hanako@rcpt.example')][-1] == 'replaced', 'she takes back what she said herself',
           listed(c, '--by', 'hanako@rcpt.example'))
        codes = [teach(c, mail('day%d' % i), True, 'saburo') for i in range(7)]
        ok(codes == [200] * 5 + [400] * 2, 'learn.daily: no more than five of one reporter in a day', codes)
        ok(all(teach(c, mail('op%d' % i), True) == 200 for i in range(7)), 'the operator has no such bound')


def tried():
    with Checkpoint(profile='school') as c:
        ready(c)
        for i in range(4):
            teach(c, mail('a%d' % i), True)
        before = saved(c)
        path = os.path.join(c.folder, 'lesson.eml')
        with open(path, 'wb') as f:
            f.write(mail('dry', TEXT + ' and quuxly frobnicate'))
        r = run('learn', '--dry-run', '--config', c.conf, '--ham', path)
        import re
        m = re.search(rb'([0-9.]+) -> ([0-9.]+); of (\d+) kept lessons (\d+) would become unwanted, (\d+) wanted', r.stdout)
        ok(r.returncode == 0 and m and float(m.group(2)) < float(m.group(1)) and int(m.group(3)) == 4 and int(m.group(5)) == 4 and
           b'nothing was taught' in r.stderr, '--dry-run tells what ham of such a kind would change: four lessons turn over', r)
        ok(saved(c) == before and len(listed(c)) == 4, 'and changes nothing')
        r = run('learn', '--dry-run', '--config', c.conf, '--spam', path)
        m = re.search(rb'kept lessons (\d+) would become unwanted, (\d+) wanted', r.stdout)
        ok(m and m.groups() == (b'0', b'0'), 'spam of a known kind turns nothing over', r.stdout)


def own_verdicts():
    with Checkpoint(profile='school') as c:
        ready(c)
        for i in range(40):
            request = urllib.request.Request('http://127.0.0.1:%d/checkv2' % c.http_port, data=mail('v%d' % i))
            request.add_header('Rcpt', 'taro@rcpt.example')
            urllib.request.urlopen(request, timeout=20).read()
            with Smtp(c.port) as s:
                s.mail(mail('s%d' % i), b'news@garden.example', [b'taro@rcpt.example'])
        time.sleep(6)
        ok(len(c.mails()) > 30 and not os.path.exists(os.path.join(c.record, 'learned.model')) and listed(c) == [] and
           os.path.getsize(os.path.join(c.record, 'learned.lessons')) == 0, 'eighty verdicts of our own teach nothing')


def old():
    with Checkpoint(profile='school', extra='[learn]\nkeep = 3s\n') as c:
        ready(c)
        for i in range(3):
            teach(c, mail('a%d' % i), True, 'taro')
        first, book = saved(c), os.path.join(c.record, 'lessons', 'book')
        size = os.path.getsize(book)
        ok(len(listed(c)) == 3, 'three lessons')
        teach(c, mail('b', OTHER), False, 'hanako')
        found = listed(c)
        ok(len(found) == 1 and found[0]['said'] == 'ham' and os.path.getsize(book) < size,
           'after learn.keep older ones cannot be taken back, and their text is gone', found)
        second = saved(c)
        ok(undo(c, found[0]['id']).returncode == 0 and first != second and model(c, first) == first, 'what they taught stays', listed(c))


for part in (taken_back, disagreeing, tried, own_verdicts, old):
    if len(sys.argv) < 2 or part.__name__ in sys.argv[1:]:
        part()
done()
