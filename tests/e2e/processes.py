#!/usr/bin/env python3
"""Processes that are killed, reloaded, drained or badly configured: sessions and evidence outlive all of it."""
import random
import re
import stat
from checkpoint import *

HEAD = b'From: a@sender.example\r\nTo: user@rcpt.example\r\nSubject: '


def letter(number):
    return HEAD + b'number %d\r\nMessage-ID: <n%d@sender.example>\r\n\r\nbody %d\r\n' % (number, number, number)


def wait_for(condition, seconds=30):
    end = time.time() + seconds
    while time.time() < end:
        if condition():
            return True
        time.sleep(.05)
    return bool(condition())


def is_running(pid):
    try:
        with open('/proc/%d/stat' % pid) as f:
            return f.read().rsplit(')', 1)[1].split()[0] != 'Z'
    except OSError:
        return False


def deliver(c, number=0):
    try:
        with Smtp(c.port, timeout=20) as s:
            return s.mail(letter(number))
    except OSError as e:
        return 0, [str(e)]


def open_files(pid):
    """(path, whether it can be written) for each file descriptor that is a regular file."""
    found = []
    for fd in os.listdir('/proc/%d/fd' % pid):
        try:
            path = os.readlink('/proc/%d/fd/%s' % (pid, fd))
            regular = stat.S_ISREG(os.stat('/proc/%d/fd/%s' % (pid, fd)).st_mode)
            with open('/proc/%d/fdinfo/%s' % (pid, fd)) as f:
                flags = int(re.search(r'flags:\s*(\d+)', f.read()).group(1), 8)
        except OSError:
            continue
        if regular:
            found.append((path, flags & os.O_ACCMODE != os.O_RDONLY))
    return found


def count_sockets(pid):
    folder = '/proc/%d/fd' % pid
    return sum(os.readlink(os.path.join(folder, fd)).startswith('socket:') for fd in os.listdir(folder))


def worker_is_killed():
    with Checkpoint(extra='log = debug') as c:
        before = c.role_pids('worker')
        ok(len(before) == 2, 'two workers run', before)
        idle = {pid: count_sockets(pid) for pid in before}
        sessions = [Smtp(c.port) for _ in range(12)]
        # Whichever worker is awake takes a connection: the one with fewer of them is killed, so that others have some.
        os.kill(min(before, key=lambda pid: count_sockets(pid) - idle[pid]), signal.SIGKILL)
        died, lived = 0, 0
        for i, s in enumerate(sessions):
            try:
                lived += s.mail(letter(i))[0] == 250
            except OSError:
                died += 1
            s.close()
        ok(lived + died == 12 and lived > 0, "a killed worker takes its own sessions and nobody else's",
           (lived, died))
        ok(wait_for(lambda: len(c.role_pids('worker')) == 2), 'it is started again', c.log_text()[-1500:])
        answers = [deliver(c, 100 + i)[0] for i in range(10)]
        ok(answers == [250] * 10, 'mail walks on', answers)
        ok('signal 9' in c.log_text(), 'the log tells of the death', c.log_text()[-1500:])
        ok(len(c.mails()) == lived + 10, 'what was answered 250 was delivered', (len(c.mails()), lived + 10))
        for _ in range(3):
            for p in c.role_pids('worker'):
                os.kill(p, signal.SIGKILL)
            wait_for(lambda: len(c.role_pids('worker')) == 2)
        ok(wait_for(lambda: deliver(c, 200)[0] == 250, 20), 'all workers killed three times over: mail walks on')


class Stream(threading.Thread):
    """Sends messages one after another; notes for each whether it was answered 250."""

    def __init__(self, c, first):
        super().__init__(daemon=True)
        self.c, self.next, self.going = c, first, True
        self.taken, self.codes = {}, []

    def run(self):
        while self.going:
            try:
                with Smtp(self.c.port, timeout=20) as s:
                    while self.going:
                        self.next += 1
                        code, lines = s.mail(letter(self.next))
                        self.codes.append(code)
                        if code == 250:
                            self.taken[self.next] = lines[-1].split(' as ')[-1].strip()
                        else:
                            s.say(b'RSET')
            except OSError:
                time.sleep(.02)


def keeper_is_killed():
    with NextHopKept() as hop, Checkpoint(next_hop=hop.url, extra='log = debug') as c:
        streams = [Stream(c, 100000 * (i + 1)) for i in range(4)]
        for s in streams:
            s.start()
        for _ in range(4):
            time.sleep(.7)
            keepers = c.role_pids('keeper')
            if keepers:
                os.kill(keepers[-1], signal.SIGKILL)
        ok(wait_for(lambda: c.role_pids('keeper'), 15), 'the keeper is started again', c.log_text()[-1500:])
        counts = [len(s.taken) for s in streams]
        ok(wait_for(lambda: all(len(s.taken) > n + 3 for s, n in zip(streams, counts)), 20),
           'after that mail walks on in every session', [(n, len(s.taken)) for s, n in zip(streams, counts)])
        for s in streams:
            s.going = False
        for s in streams:
            s.join(30)
        codes = {code for s in streams for code in s.codes}
        ok(codes <= {250, 451, 421}, 'clients heard 250 or 451, nothing else', codes)
        ok(len(c.role_pids('worker')) == 2 and 'worker 0 ended' not in c.log_text(), 'no worker died of it',
           c.log_text()[-1500:])
        taken = {n: i for s in streams for n, i in s.taken.items()}
        ok(len(taken) > 50, 'there was traffic enough to mean something', len(taken))
        arrived = {int(re.search(rb'Subject: number (\d+)', m).group(1)) for m in list(hop.messages)}
        ok(set(taken) <= arrived, 'everything answered 250 stands at the next hop', sorted(set(taken) - arrived)[:9])
        missing = []

        def recorded():
            """Rows follow the ledger: by a moment, and by a second or so after a keeper died."""
            found = c.command('search', '--json', '--limit', '10000').stdout
            ids = {json.loads(l)['id'] for l in found.splitlines()}
            missing[:] = [i for i in taken.values() if i not in ids]
            return not missing
        wait_for(recorded, 5)
        ok(not missing, 'and in the record', (len(missing), len(taken), missing[:9]))
        status = c.stop(keep=True)
        ok(status == 0, 'it ends well', status)
        r = run('ledger', 'verify', '--config', c.conf)
        ok(r.returncode == 0 and b'sound' in r.stdout, 'and the ledger is sound', r.stdout + r.stderr)
        picked = random.Random(1).sample(sorted(taken.values()), min(20, len(taken)))
        bad = [i for i in picked if c.command('explain', i).returncode != 0]
        ok(not bad, 'each can be explained', bad)


class NextHopKept(NextHop):
    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def reload():
    with Checkpoint(extra='log = debug') as c:
        old = Smtp(c.port)
        old.say(b'MAIL FROM:<a@sender.example>')
        c.write_conf('hostname = renamed.example\n[policy]\nx_spam = yes')
        c.signal(signal.SIGHUP)
        ok(wait_for(lambda: 'read again' in c.log_text()), 'SIGHUP: the configuration is read again', c.log_text())

        def name():
            with Smtp(c.port) as s:
                return s.greeting[1][0]
        wait_for(lambda: 'renamed.example' in name(), 20)
        with Smtp(c.port) as s:
            ok('renamed.example' in s.greeting[1][0], 'a new session has the new name', s.greeting)
            a = s.mail(letter(2))
        ok(a[0] == 250, 'and takes mail', a)
        ok(old.say(b'RCPT TO:<user@rcpt.example>')[0] == 250 and old.say(b'DATA')[0] == 354, 'an open session goes on')
        old.send(letter(1) + b'.\r\n')
        a = old.reply()
        ok(a[0] == 250, 'and ends its message', a)
        mails = {re.search(rb'Subject: number (\d)', m).group(1): m for m in c.mails()}
        ok(b'X-Spam-Status:' in mails.get(b'2', b''), 'a new session is judged by the new policy', mails)
        ok(b'X-Spam-Status:' not in mails.get(b'1', b'X-Spam-Status:') and b'renamed' not in mails.get(b'1', b''),
           'the open one ended under the old', mails)
        old.close()

        with open(c.conf) as f:
            good = f.read()
        with open(c.conf, 'w') as f:
            f.write(good.replace('x_spam = yes', 'x_spamm = yes'))
        number = next(i for i, l in enumerate(good.splitlines(), 1) if 'x_spam = yes' in l)
        c.signal(signal.SIGHUP)
        ok(wait_for(lambda: 'stays in force' in c.log_text()), 'a broken configuration: the old one stays',
           c.log_text()[-800:])
        line = [l for l in c.log_text().splitlines() if 'stays in force' in l][-1:] or ['']
        ok('line %d' % number in line[0] and 'x_spamm' in line[0] and 'x_spam' in line[0].split('x_spamm', 1)[1],
           'the log names the line, the key and what to write instead', line)
        with Smtp(c.port) as s:
            ok('renamed.example' in s.greeting[1][0] and s.mail(letter(3))[0] == 250, 'and mail walks on')
        # A worker that is started after a reload has the settings of that reload.
        for p in c.role_pids('worker'):
            os.kill(p, signal.SIGKILL)
        ok(wait_for(lambda: len(c.role_pids('worker')) == 2 and deliver(c, 4)[0] == 250, 20),
           'workers killed while the file is broken come back')
        with Smtp(c.port) as s:
            ok('renamed.example' in s.greeting[1][0], 'with the settings in force', s.greeting)


def drain():
    hop = NextHop(stall=None)
    answer = hop.answers['DOT']
    c = Checkpoint(next_hop=hop.url, workers=1)
    idle, busy = Smtp(c.port), Smtp(c.port)
    busy.say(b'MAIL FROM:<a@sender.example>')
    busy.say(b'RCPT TO:<user@rcpt.example>')
    ok(busy.say(b'DATA')[0] == 354, 'a message is in hand')
    busy.send(letter(1))
    c.signal(signal.SIGTERM)
    time.sleep(.7)
    ok(c.process.poll() is None, 'SIGTERM waits for it')

    def refused():
        try:
            Smtp(c.port, timeout=2).close()
            return False
        except OSError:
            return True
    ok(wait_for(refused), 'nobody new is let in')
    busy.send(b'.\r\n')
    a = busy.reply()
    ok(a[0] == 250 and len(hop.messages) == 1, 'the message is finished', (a, answer))
    try:
        a = idle.reply()
    except OSError as e:
        a = (0, [str(e)])
    ok(a[0] == 421, 'an idle session is sent away with 421', a)
    try:
        status = c.process.wait(15)
    except subprocess.TimeoutExpired:
        status = 'still running'
    ok(status == 0, 'then it ends with status 0', status)
    r = run('ledger', 'verify', '--config', c.conf)
    ok(r.returncode == 0, 'and the ledger is sound', r.stdout + r.stderr)
    c.stop()
    hop.close()

    hop = NextHop(stall='DOT')
    c = Checkpoint(next_hop=hop.url, workers=1)
    s = Smtp(c.port)
    threading.Thread(target=lambda: quietly(s.mail, letter(1)), daemon=True).start()
    wait_for(lambda: hop.messages)
    c.signal(signal.SIGTERM)
    time.sleep(.5)
    ok(c.process.poll() is None, 'a slow next hop is waited for')
    children = c.children()
    began = time.time()
    c.signal(signal.SIGTERM)
    try:
        status = c.process.wait(10)
    except subprocess.TimeoutExpired:
        status = 'still running'
    ok(status == 0 and time.time() - began < 5, 'a second SIGTERM ends it now', (status, time.time() - began))
    ok(not any(is_running(p) for p in children), 'and leaves nobody behind', children)
    r = run('ledger', 'verify', '--config', c.conf)
    ok(r.returncode == 0, 'the ledger is sound', r.stdout + r.stderr)
    c.stop()
    hop.close()


def quietly(f, *arguments):
    try:
        return f(*arguments)
    except OSError:
        return None


def supervisor_is_killed():
    c = Checkpoint()
    deliver(c)
    children = c.children()
    ok(len(children) == 6, 'keys, keeper, clerk, opener and two workers', children)
    c.process.kill()
    c.process.wait()
    ok(wait_for(lambda: not any(is_running(p) for p in children), 10), 'supervisor killed: its children end by themselves',
       [p for p in children if is_running(p)])
    c.process = None
    c.start()
    ok(deliver(c, 2)[0] == 250, 'and it can be started again at once')
    c.stop()


def nobody_but_the_keeper_writes():
    with Checkpoint(extra='log = debug') as c:
        for i in range(20):
            deliver(c, i)
        for role in ('worker', 'clerk'):
            for p in c.role_pids(role):
                held = [f for f in open_files(p) if f[1] and f[0] != c.log_path]
                ok(not held, 'a %s has no file open for writing' % role, held)
                inside = [f for f in open_files(p) if f[0].startswith(c.record)]
                ok(role == 'clerk' or not inside, 'and nothing of the record open' if role == 'worker' else
                   'and nothing of the record open for writing', inside)
        held = [f for p in c.role_pids('keeper') for f in open_files(p) if f[1]]
        ok(any('/journal/' in f[0] for f in held), 'the keeper has the ledger open', held)
        holders = [p for p in c.children() if any('/journal/' in f[0] for f in open_files(p))]
        ok(holders == c.role_pids('keeper'), 'nobody else has', holders)
        mode = os.stat(c.record).st_mode & 0o777
        ok(mode == 0o700, 'the record is closed to others', oct(mode))
        ok(os.stat(os.path.join(c.record + '-keys', 'ledger.key')).st_mode & 0o077 == 0, 'and so is its key')


def broken_configurations():
    c = Checkpoint(start=False)
    with open(c.conf) as f:
        good = f.read()

    def start(text, seconds=20):
        with open(c.conf, 'w') as f:
            f.write(text)
        try:
            return run('serve', '--config', c.conf, timeout=seconds)
        except subprocess.TimeoutExpired as e:
            return subprocess.CompletedProcess([], 'still running', b'', e.stderr or b'')

    def line_of(text, part):
        return next(i for i, l in enumerate(text.splitlines(), 1) if part in l)

    cases = [
        ('an unknown key', good.replace('profile =', 'profil ='), 'profil =', ['profil', 'profile']),
        ('an unknown section', good.replace('[permit]', '[permitt]'), '[permitt]', ['permit']),
        ('a value of the wrong kind', good.replace('workers = 2', 'workers = many'), 'workers =', ['many', 'digits']),
        ('a number out of range', good.replace('workers = 2', 'workers = 1000'), 'workers =', ['1000', '256']),
        ('a word that is no choice', good.replace('profile = enterprise', 'profile = entreprise'), 'profile =',
         ['enterprise', 'carrier']),
        ('no address', good.replace('listen = 127.0.0.1:%d' % c.port, 'listen = 127.0.0.1'), 'listen = 127.0.0.1\n'.strip(),
         ['listen']),
        ('a next hop of an unknown kind', good.replace('maildir:', 'maildirr:'), 'next_hop', ['maildir:', 'smtp:']),
        ('a line without =', good + '\nnonsense\n', 'nonsense', ['=']),
        ('a heading that does not close', good + '\n[judge\n', '[judge', [']']),
        ('a time without sense', good + '\n[judge]\n[dns]\ntimeout = soon\n', 'timeout', ['soon', '30s']),
        ('a consent that is no family', good + '\n[recipient a@rcpt.example]\nconsent = contents\n', 'consent',
         ['contents', 'content']),
    ]
    for name, text, part, words in cases:
        r = start(text)
        said = r.stderr.decode('utf-8', 'replace')
        ok(r.returncode == 78, '%s: exit status 78' % name, (r.returncode, said))
        ok('line %d' % line_of(text, part) in said, '%s: the line is named' % name, said)
        ok(all(w in said for w in words), '%s: said what is wrong and what is known' % name, said)
        ok(len([l for l in said.splitlines() if l]) <= 3, '%s: in few words' % name, said)
        checked = run('config', c.conf)
        ok(checked.returncode == 78, '%s: `config` says so too' % name, (checked.returncode, checked.stderr))
    doubled = good.replace('hostname = mx.rcpt.example', 'hostname = mx.rcpt.example\nhostname = b.example')
    r = start(doubled)
    ok(r.returncode == 78 and b'line 2' in r.stderr and b'hostname' in r.stderr, 'a key twice', r.stderr)
    r = start('\n'.join(l for l in good.splitlines() if not l.startswith('next_hop')))
    ok(r.returncode == 78 and b'next_hop' in r.stderr, 'no next hop', (r.returncode, r.stderr))
    r = start(good.replace('\n[transfer]', '\n[transfer]\ntls_certificate = /nonexistent/a.pem\ntls_key = /nonexistent/b.pem'))
    ok(r.returncode == 78 and b'/nonexistent/a.pem' in r.stderr, 'a certificate that is not there', (r.returncode, r.stderr))
    pem = os.path.join(c.folder, 'bad.pem')
    with open(pem, 'w') as f:
        f.write('this is no certificate\n')
    r = start(good.replace('\n[transfer]', '\n[transfer]\ntls_certificate = %s\ntls_key = %s' % (pem, pem)))
    ok(r.returncode == 78 and b'bad.pem' in r.stderr, 'a certificate that is none', (r.returncode, r.stderr))
    with socket.socket() as taken:
        taken.bind(('127.0.0.1', c.port))
        taken.listen()
        r = start(good)
        ok(r.returncode == 78 and b'%d' % c.port in r.stderr and b'use' in r.stderr.lower(), 'a port that is taken',
           (r.returncode, r.stderr))
    r = start(good.replace('127.0.0.1:%d' % c.clerk_port, '0.0.0.0:%d' % c.clerk_port))
    ok(r.returncode == 78 and b'loopback' in r.stderr, 'the clerk on an address of the world', (r.returncode, r.stderr))
    r = start(good.replace('folder = ' + c.record, 'folder = /nonexistent/record'))
    ok(r.returncode == 78 and b'/nonexistent/record' in r.stderr, 'a record folder that cannot be made', (r.returncode, r.stderr))
    r = start(good.replace('workers = 2', 'workers = 2\nuser = no-such-user-here'))
    ok(r.returncode == 78 and b'no-such-user-here' in r.stderr or os.geteuid() != 0, 'a user that is not there',
       (r.returncode, r.stderr))
    with open(os.path.join(c.folder, 'zone.json'), 'w') as f:
        f.write('{ broken')
    r = start(good)
    ok(r.returncode == 78 and b'zone.json' in r.stderr, 'a zone file that is broken', (r.returncode, r.stderr))
    ok(b'\x1b' not in start(good.replace('profile =', 'pro\x1b[2Jfile =')).stderr, 'an escape in it stays out of the log')
    r = run('serve', '--config', '/nonexistent/sekisho.conf')
    ok(r.returncode in (66, 78) and b'/nonexistent/sekisho.conf' in r.stderr, 'no configuration at all', r.stderr)
    ok(r.stderr.count(b'/nonexistent') == 1, 'its name is said once', r.stderr)
    c.write_conf()
    r = run('serve', '--check', '--config', c.conf)
    ok(r.returncode == 0, '--check says that a good one is good', r.stderr)
    c.stop()


def two_on_one_record():
    with Checkpoint() as c:
        other = Checkpoint(start=False)
        with open(other.conf) as f:
            text = f.read().replace('folder = ' + other.record, 'folder = ' + c.record)
        with open(other.conf, 'w') as f:
            f.write(text)
        try:
            r = run('serve', '--config', other.conf, timeout=20)
            ok(r.returncode == 78 and b'another keeper' in r.stderr, 'a second checkpoint on the same record does not start',
               (r.returncode, r.stderr))
        except subprocess.TimeoutExpired as e:
            ok(False, 'a second checkpoint on the same record does not start', e.stderr)
        ok(deliver(c)[0] == 250, 'and the first goes on')
        other.stop()


PARTS = (worker_is_killed, keeper_is_killed, reload, drain, supervisor_is_killed, nobody_but_the_keeper_writes,
         broken_configurations, two_on_one_record)
for part in PARTS:
    if len(sys.argv) < 2 or part.__name__ in sys.argv[1:]:
        part()
done()
