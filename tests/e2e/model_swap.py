#!/usr/bin/env python3
"""Another model while mail flows: judge.model and SIGHUP. Each message is judged wholly by the one or the other, what people taught
stays on top, and a file that is broken, or breaks later, changes nothing."""
import threading, urllib.error, urllib.request
from checkpoint import *

GARDEN = ('From: Garden <news@garden.example>\r\nTo: readers@rcpt.example\r\nSubject: seeds %s\r\nMIME-Version: 1.0\r\n'
          'Content-Type: text/plain; charset=UTF-8\r\n\r\nThe tomato seedlings are ready for pickup at the greenhouse on Saturday. '
          'Bring boxes, the heirloom varieties sell out early. %s\r\n')
CLUB = ('From: Club <news@club.example>\r\nTo: readers@rcpt.example\r\nSubject: minutes %s\r\nMIME-Version: 1.0\r\n'
        'Content-Type: text/plain; charset=UTF-8\r\n\r\nMinutes of the meeting of the sailing club: the boats go into the water in '
        'April, fees are due before, Hanako keeps the keys. %s\r\n')


def make(c, name, garden_is_spam):
    """A model that knows the two kinds of mail, and its path."""
    path, folder = os.path.join(c.folder, name), os.path.join(c.folder, name + '.d')
    os.mkdir(folder)
    for kind, text in (('garden', GARDEN), ('club', CLUB)):
        os.mkdir(os.path.join(folder, kind))
        for i in range(12):
            with open(os.path.join(folder, kind, '%d.eml' % i), 'wb') as f:
                f.write((text % (i, i)).encode())
    spam, ham = ('garden', 'club') if garden_is_spam else ('club', 'garden')
    r = run('learn', '--model', path, '--from', 'none', '--spam', os.path.join(folder, spam), '--ham', os.path.join(folder, ham))
    if r.returncode != 0:
        raise RuntimeError(r.stderr)
    return path


def conf(path, more=''):
    return '[judge]\nmodel = %s\n%s' % (path, more)


def hup(c, extra, wait='another model judges from now on'):
    c.write_conf(extra)
    before = c.log_text().count(wait)
    c.signal(signal.SIGHUP)
    end = time.time() + 20
    while time.time() < end and c.log_text().count(wait) == before:
        time.sleep(.02)
    return c.log_text().count(wait) > before


def send(c, message):
    with Smtp(c.port) as s:
        code, lines = s.mail(message, b'news@garden.example', [b'user@rcpt.example'])
    return lines[0].split()[-1] if code == 250 else None


def judged(c, identity):
    """Which model, and what it said: the classifier's probability."""
    lines = [json.loads(line) for line in run('explain', '--config', c.conf, '--json', identity).stdout.splitlines()]
    kinds = {j['kind']: j for j in lines}
    return kinds['message']['made_by']['model'], kinds['content']['content']


def teach(c, message, spam, who):
    request = urllib.request.Request('http://127.0.0.1:%d/%s' % (c.http_port, 'learnspam' if spam else 'learnham'), data=message)
    request.add_header('Rcpt', who)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status
    except urllib.error.HTTPError as e:
        return e.code


def lessons(c):
    for _ in range(200):
        r = run('learn', 'list', '--json', '--config', c.conf)
        if r.returncode == 0:
            return json.loads(r.stdout)['lessons']
        time.sleep(.1)


def flowing():
    with Checkpoint(profile='school', start=False) as c:
        one, two = make(c, 'one.model', True), make(c, 'two.model', False)
        c.write_conf(conf(one))
        c.start()
        message = (GARDEN % ('x', 'x')).encode()
        name_one, says_one = judged(c, send(c, message))
        ok(says_one > .7, 'one model has it unwanted', says_one)
        ok(hup(c, conf(two)), 'another file and SIGHUP: another model')
        name_two, says_two = judged(c, send(c, message))
        ok(says_two < .3 and name_two != name_one, 'it has the same mail wanted, and the record names it', (name_one, name_two, says_two))
        starts = c.role_pids('worker') + c.role_pids('keeper')
        ids, end = [], threading.Event()

        def pump():
            while not end.is_set():
                ids.append(send(c, message))
        threads = [threading.Thread(target=pump) for _ in range(3)]
        for t in threads:
            t.start()
        turns = [hup(c, conf(one if i % 2 == 0 else two)) for i in range(8)]
        end.set()
        for t in threads:
            t.join()
        seen = [judged(c, i) for i in ids if i]
        ok(all(turns) and None not in ids and len(ids) > 20, '%d mails while eight models came: all taken' % len(ids), (turns, len(ids)))
        ok(set(seen) == {(name_one, says_one), (name_two, says_two)},
           'each judged wholly by the one or the other, and the record says by which', sorted(set(seen)))
        ok(starts == c.role_pids('worker') + c.role_pids('keeper'), 'no process was started for it')

        # Broken, or broken later.
        with open(two, 'rb') as f:
            good = f.read()
        broken = os.path.join(c.folder, 'broken.model')
        for what, data in (('cut short', good[:-1000]), ('altered', good[:5000] + b'XXXX' + good[5004:]), ('no model', b'hello'), ('empty', b'')):
            with open(broken, 'wb') as f:
                f.write(data)
            said = hup(c, conf(broken), 'the old configuration stays in force')
            r = run('serve', '--check', '--config', c.conf)
            ok(said and 'judge.model: %s' % broken in c.log_text() and r.returncode == 78 and b'broken.model' in r.stderr and
               judged(c, send(c, message)) == (name_two, says_two), what + ': the old one stays, the log names the file, and --check does not pass', r)
        with open(two, 'r+b') as f:
            f.truncate(1000)
        ok(judged(c, send(c, message)) == (name_two, says_two), 'the file in force is cut short: nothing changes')
        pid = c.role_pids('keeper')[0]
        os.kill(pid, signal.SIGKILL)
        lessons(c)
        ok(judged(c, send(c, message)) == (name_two, says_two), 'nor for a keeper that starts then')
        os.rename(two, two + '.old')
        with open(two, 'wb') as f:
            f.write(open(one, 'rb').read())
        ok(hup(c, conf(two)) and judged(c, send(c, message)) == (name_one, says_one), 'the same name with other bytes is another model')
        ok(hup(c, '') and judged(c, send(c, message))[0] not in (name_one, name_two), 'without a name: the one that is built in')


def taught():
    with Checkpoint(profile='school', start=False) as c:
        one, two = make(c, 'one.model', True), make(c, 'two.model', False)
        c.write_conf(conf(one))
        c.start()
        lessons(c)
        text = 'From: a@b.example\r\nSubject: cake %d\r\n\r\nChocolate cake recipes with walnuts, cream and cherries, volume %d.\r\n'
        cake = (text % (99, 99)).encode()
        _, before = judged(c, send(c, cake))
        for i in range(6):
            teach(c, (text % (i, i)).encode(), True, 'u%d@rcpt.example' % i)
        _, learned = judged(c, send(c, cake))
        ok(learned > before + .1, 'people taught', (before, learned))
        count = len(lessons(c))
        garden = (GARDEN % ('x', 'x')).encode()
        ok(hup(c, conf(two)), 'another model')
        name, after = judged(c, send(c, cake))
        ok(after > before + .1 and judged(c, send(c, garden))[1] < .3, 'what they taught is on top of it', (before, learned, after))
        ok(len(lessons(c)) == count and teach(c, (text % (0, 0)).encode(), True, 'u0@rcpt.example') == 208,
           'their lessons are known and can be taken back')
        r = run('learn', 'undo', '--config', c.conf, str(lessons(c)[0]['id']))
        ok(r.returncode == 0 and judged(c, send(c, cake))[1] < after, 'one is', r)
        undone = judged(c, send(c, cake))
        pid = c.role_pids('keeper')[0]
        os.kill(pid, signal.SIGKILL)
        end = time.time() + 20
        while time.time() < end and c.role_pids('keeper') in ([], [pid]):
            time.sleep(.05)
        lessons(c)
        ok(judged(c, send(c, cake)) == undone, 'a killed keeper: the same')
        c.stop(keep=True)
        c.start()
        lessons(c)
        ok(judged(c, send(c, cake))[1] == undone[1], 'a start anew: the same', (judged(c, send(c, cake)), undone))
        c.stop(keep=True)
        c.write_conf(conf(one))
        c.start()
        lessons(c)
        ok(judged(c, send(c, garden))[1] > .7 and judged(c, send(c, cake))[1] > before + .05,
           'a start with the first model: that, and the lessons', judged(c, send(c, garden)))
        log = c.log_text()
        wrong = [line for line in log.splitlines() if '<3>' in line and 'signal 9' not in line]
        ok(not wrong, 'nothing failed but the keeper that was killed', wrong)


for part in (flowing, taught):
    if len(sys.argv) < 2 or part.__name__ in sys.argv[1:]:
        part()
done()
