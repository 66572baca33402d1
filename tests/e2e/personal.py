#!/usr/bin/env python3
"""Weights of recipients: each teaches for himself, is heard alone, and takes all of it away when he withdraws."""
import re, stat, urllib.error, urllib.request
from checkpoint import *

A, B = 'a@rcpt.example', 'b@rcpt.example'
MAIL = ('From: Garden <news@garden.example>\r\nTo: readers@rcpt.example\r\nSubject: seeds %s\r\nMIME-Version: 1.0\r\n'
        'Content-Type: text/plain; charset=UTF-8\r\n\r\nThe tomato seedlings are ready for pickup at the greenhouse on Saturday. '
        'Bring boxes, the heirloom varieties sell out early. %s\r\n')
BOTH = '[recipient %s]\nconsent = content\n[recipient %s]\nconsent = content\n' % (A, B)


def mail(mark):
    return (MAIL % (mark, mark)).encode()


def http(c, path, message, *recipients):
    request = urllib.request.Request('http://127.0.0.1:%d/%s' % (c.http_port, path), data=message)
    request.add_header('From', 'news@garden.example')
    if recipients:
        request.add_header('Rcpt', ', '.join(recipients))
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, json.loads(answer.read() or b'{}')
    except urllib.error.HTTPError as e:
        return e.code, e.read()


def consent(c, *words):
    return c.command('consent', *words, env=dict(os.environ, LC_ALL='C'))


def ready(c):
    for _ in range(300):
        if consent(c, 'show', A).returncode == 0:
            return
        time.sleep(.1)


def both(c, message):
    """The answer to a message for both: the common part, and each one's own."""
    for _ in range(300): # while a keeper starts, mail is put off
        status, j = http(c, 'checkv2', message, A, B)
        if status == 200:
            break
        time.sleep(.1)
    each = j.get('recipients', {})
    if isinstance(each, list):
        each = {r.get('address', r.get('rcpt', i)): r for i, r in enumerate(each)}
    return {k: v for k, v in j.items() if k not in ('recipients', 'message-id', 'scan_time', 'time_real', 'id')}, each, j


def apart(each, who):
    return each.get(who) or {}


def strip(value):
    """Without what differs from message to message."""
    return re.sub(r'id=[A-Za-z0-9_.-]+', 'id=', re.sub(r'"(message-id|id|time[a-z_]*|scan_time)": "?[^",}]*"?', '', json.dumps(value, sort_keys=True)))


def weights(c):
    folder = os.path.join(c.record, 'personal')
    return sorted(os.path.join(folder, n) for n in os.listdir(folder)) if os.path.isdir(folder) else []


def score(c, who):
    for _ in range(300):
        status, j = http(c, 'checkv2', mail('x'), who)
        if status == 200:
            return j['score'], j
        time.sleep(.1)
    return None, None


def has(value):
    return 'personal_model' in json.dumps(value)


def keeper(c):
    for pid in os.listdir('/proc'):
        try:
            with open('/proc/%s/comm' % pid) as f:
                name = f.read().strip()
            with open('/proc/%s/status' % pid) as f:
                parent = re.search(r'PPid:\s+(\d+)', f.read()).group(1)
        except (OSError, AttributeError):
            continue
        if name == 'sekisho-keeper' and int(parent) == c.process.pid:
            return int(pid)
    return None


def in_memory(pid, sample):
    # All of a process that can be written to.
    with open('/proc/%d/maps' % pid) as maps, open('/proc/%d/mem' % pid, 'rb') as memory:
        for line in maps:
            m = re.match(r'([0-9a-f]+)-([0-9a-f]+) rw', line)
            if not m:
                continue
            at, end = int(m.group(1), 16), int(m.group(2), 16)
            if end - at > 1 << 28:
                continue
            memory.seek(at)
            try:
                if sample in memory.read(end - at):
                    return True
            except OSError:
                pass
    return False


def teaching():
    with Checkpoint(profile='carrier', extra=BOTH) as c:
        ready(c)
        for i in range(4): # the common model hears it too: first without a name's weights in the way
            http(c, 'learnham', mail('w%d' % i), A, B)
        common, each, whole = both(c, mail('x'))
        ok(not has(whole) and not weights(c), 'two named recipients: nobody has weights of his own', (whole, weights(c)))
        before, _ = score(c, B)
        status, said = http(c, 'learnspam', mail('x'), A)
        ok(status == 200 and len(weights(c)) == 1, 'a lesson in his name makes a file', (status, said, weights(c)))
        path = weights(c)[0]
        ok(re.fullmatch(r'[0-9a-f]{64}\.weights', os.path.basename(path)) and stat.S_IMODE(os.stat(path).st_mode) == 0o600,
           'of mode 0600, that does not tell whose it is', path)
        ok(http(c, 'learnspam', mail('x'), A)[0] == 208, 'the same lesson is known')
        _, mine = score(c, A)
        _, others = score(c, B)
        ok(has(mine) and mine['symbols']['personal_model']['score'] > .5, 'his score rests on it', mine)
        ok(not has(others), "the other's does not", others)
        common, each, whole = both(c, mail('y'))
        ok(not has(common) and has(apart(each, A)) and not has(apart(each, B)),
           'one answer for both: it stands with him, not with the other, not in what is said to all', whole)
        with_weights = strip(apart(each, B)), strip(common.get('symbols'))
        with Smtp(c.port) as s:
            s.mail(mail('smtp'), b'news@garden.example', [A.encode(), B.encode()])
        copies = {}
        for m in c.mails():
            copies['personal_model' in m.decode('utf-8', 'replace')] = m
        ok(set(copies) == {True, False}, 'in the header of his copy alone', copies)
        c.command('search')
        journal = b''.join(open(os.path.join(c.record, 'journal', n), 'rb').read() for n in os.listdir(os.path.join(c.record, 'journal')))
        ok(b'"name":"personal_model"' not in journal and b'"personal":' in journal, 'in the record it stands with him, among no findings')
        ok(b'weights of his own: yes' in consent(c, 'show', A).stdout and b'weights of his own: no' in consent(c, 'show', B).stdout,
           'consent show tells', consent(c, 'show', A).stdout)

        his, _ = score(c, A)
        pid = keeper(c)
        os.kill(pid, signal.SIGKILL)
        end = time.time() + 20
        while time.time() < end and keeper(c) in (None, pid):
            time.sleep(.1)
        after, mine = score(c, A)
        ok(has(mine) and abs(after - his) < .01, 'a killed keeper: the weights come back', (his, after))
        ready(c)
        status, said = http(c, 'learnspam', mail('x'), A)
        ok(status == 208, 'and what was learned is known', (status, said))

        lessons = os.path.join(c.record, 'learned.lessons')
        size = os.path.getsize(lessons)
        with open(weights(c)[0], 'rb') as f:
            data = f.read()
        at = next(i for i in range(96, len(data) - 64, 4) if data[i:i + 4] != bytes(4))
        sample = data[at:at + 4096].rstrip(b'\0')[:256]
        everyone = [keeper(c)] + c.role_pids('worker')
        ok(len(everyone) == 3 and all(in_memory(pid, sample) for pid in everyone), 'his weights are in the memory that keeper and workers share')
        r = consent(c, 'withdraw', A, 'content')
        ok(r.returncode == 0 and not weights(c), 'withdrawn: when the answer comes the file is gone', (r, weights(c)))
        ok(not any(in_memory(pid, sample) for pid in everyone), 'and nothing of them in the memory of keeper and workers')
        ok(os.path.getsize(lessons) < size, 'and his lines of what was learned', (size, os.path.getsize(lessons)))
        ok(b'weights of his own: no' in consent(c, 'show', A).stdout, 'and the slot in memory')
        ok(not has(score(c, A)[1]) and http(c, 'learnspam', mail('x'), A)[0] == 403, 'his mail is judged without, and he teaches no more')
        common, each, whole = both(c, mail('y'))
        ok(not has(whole) and apart(each, B) and strip(apart(each, B)) != with_weights[0] and abs(score(c, B)[0] - before) < .011,
           "the common model forgot his lesson too: what the other is told is what it was before", (score(c, B)[0], before))
        time.sleep(1.1)
        consent(c, 'grant', A, 'content')
        ok(not has(score(c, A)[1]), 'a new consent does not bring them back')
        log = c.log_text()
        ok('not unlearned' not in log and 'could not be noted' not in log, 'nothing failed', log[-800:])


def commands():
    with Checkpoint(profile='carrier', extra='[recipient %s]\nconsent = content\n' % A) as c:
        ready(c)
        path = os.path.join(c.folder, 'lesson.eml')
        with open(path, 'wb') as f:
            f.write(mail('x'))
        r = c.command('learn', '--recipient', A, '--spam', path)
        ok(r.returncode == 0 and len(weights(c)) == 1 and has(score(c, A)[1]), 'sekisho learn --recipient', r)
        r = c.command('learn', '--recipient', A, '--spam', path)
        ok(r.returncode == 0 and b'1 of them known' in r.stderr, 'and again: known', r)
        r = c.command('learn', '--recipient', B, '--spam', path)
        ok(r.returncode != 0 and b'consented' in r.stderr and len(weights(c)) == 1, 'not for who has not consented', r)
        r = c.command('learn', '--recipient', A, '--spam', path, '--model', 'x')
        ok(r.returncode == 2, '--recipient and --model exclude each other', r)
        consent(c, 'grant', A, 'content')
        c.stop(keep=True)
        r = consent(c, 'withdraw', A, 'content')
        ok(r.returncode == 0 and not weights(c), 'withdrawn while no keeper runs: the file is gone too', (r, weights(c)))


def domain():
    with Checkpoint(profile='carrier') as c:
        ready(c)
        consent(c, 'grant', '@rcpt.example', 'content')
        consent(c, 'grant', B, 'content')
        http(c, 'learnspam', mail('x'), A)
        http(c, 'learnham', mail('y'), B)
        ok(len(weights(c)) == 2, 'two with weights', weights(c))
        r = consent(c, 'withdraw', '@rcpt.example', 'content')
        ok(r.returncode == 0 and len(weights(c)) == 1 and has(score(c, B)[1]) and not has(score(c, A)[1]),
           'a domain withdraws: those go who did not consent themselves', (r, weights(c)))


def full():
    with Checkpoint(profile='school') as c:
        ready(c)
        codes = [http(c, 'learnspam', mail('x'), 'u%d@rcpt.example' % i)[0] for i in range(256)]
        ok(set(codes) == {200} and len(weights(c)) == 256, '256 recipients have weights', set(codes))
        status, said = http(c, 'learnspam', mail('x'), 'more@rcpt.example')
        ok(status == 400 and b'too many' in said, 'one more is told so', (status, said))
        ok(http(c, 'learnham', mail('z'), 'u3@rcpt.example')[0] == 200, 'who has some goes on learning')
        consent(c, 'withdraw', 'u7@rcpt.example', 'content')
        ok(http(c, 'learnspam', mail('x'), 'more@rcpt.example')[0] == 200, 'a withdrawal makes room')


for part in (teaching, commands, domain, full):
    if len(sys.argv) < 2 or part.__name__ in sys.argv[1:]:
        part()
done()
