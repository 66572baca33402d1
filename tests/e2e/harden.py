#!/usr/bin/env python3
"""Hardened processes, as they really run: what a taken-over process would try is tried inside them by a debugger; a message
that kills two workers; a worker that hangs; segments of the journal; more mail than there is room for.
"""
import errno
import glob
import json
import os
import re
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import inject
from checkpoint import Checkpoint, Smtp, done, ok, run, skip

DENIED = {-errno.EPERM, -errno.EACCES, -errno.EROFS, -errno.EBUSY, -errno.EXDEV, -errno.ENOENT}

MAIL = b'Subject: hello\r\nFrom: a@sender.example\r\n\r\nhello\r\n'
BIG = (b'Subject: big\r\nFrom: a@sender.example\r\nContent-Type: text/html; charset=utf-8\r\n\r\n' +
       b'<p><b>x</b><i>y</i></p>\r\n' * 1200000)


def until(what, seconds=20):
    end = time.time() + seconds
    while time.time() < end:
        if what():
            return True
        time.sleep(.05)
    return False


def takes_mail(c, seconds=20):
    def once():
        try:
            with Smtp(c.port) as s:
                return s.mail(MAIL)[0] == 250
        except OSError:
            return False
    return until(once, seconds)


def status(pid):
    with open('/proc/%d/status' % pid) as f:
        return dict(line.rstrip('\n').split(':\t', 1) for line in f if ':\t' in line)


def memory_kib(pid, field='RssAnon'):
    return int(status(pid)[field].split()[0])


O_WRONLY, O_RDWR, O_CREAT = 1, 2, 0o100


def files(c):
    journal = os.path.join(c.record, 'journal')
    segment = os.path.join(journal, sorted(os.listdir(journal))[0])
    return [
        ('opens the ledger for writing', 'open', segment, O_WRONLY, 0),
        ('makes a file in the journal', 'open', journal + '/x.log', O_WRONLY | O_CREAT, 0o600),
        ('makes a file elsewhere', 'open', c.folder + '/made', O_WRONLY | O_CREAT, 0o600),
        ('removes the ledger', 'unlink', segment),
        ('renames the ledger', 'rename', segment, c.record + '/gone'),
        ('renames the journal', 'rename', journal, c.record + '/gone'),
        ('truncates the ledger', 'truncate', segment, 0),
        ('changes the mode of the ledger', 'chmod', segment, 0o666),
        ('reads /etc/shadow', 'open', '/etc/shadow', 0, 0),
        ('opens /proc/self/mem', 'open', '/proc/self/mem', O_RDWR, 0),
        ('listens', 'listen', 3, 1),
        ('signals the supervisor', 'kill', c.process.pid, 0),
        ('opens a raw socket', 'socket', 17, 3, 0),
        ('makes memory that can be run', 'mmap', 0, 4096, 7, 34, -1, 0),
    ]


BY_DESCRIPTOR = [
    ('truncates by the descriptor', 'ftruncate', 99, 0),
    ('truncates by a number that only looks like another', 'ftruncate', 99 | 1 << 40, 0),
    ('punches a hole', 'fallocate', 99, 3, 0, 4096),
    ('makes it other than append-only', 'fcntl', 99, 4, 0),
    ('doubles it', 'dup', 99),
    ('opens it anew', 'open', '/proc/self/fd/99', O_WRONLY, 0),
    ('writes over what is there (RWF_NOAPPEND)', 'pwritev2', 99, 0, 0, 0, 0, 0x20),
]


def walls():
    with Checkpoint(workers=1) as c:
        ok(takes_mail(c), 'mail walks')
        before = subprocess.run(['find', c.record + '/journal', '-type', 'f'], capture_output=True, text=True).stdout
        for role in ('worker', 'keeper', 'clerk', 'keys', 'opener'):
            pids = c.role_pids(role)
            if not ok(len(pids) == 1, 'there is a %s' % role, pids):
                continue
            s = status(pids[0])
            ok(s['NoNewPrivs'] == '1' and int(s['CapEff'], 16) == 0 and int(s['CapPrm'], 16) == 0 and int(s['CapBnd'], 16) == 0,
               '%s: no capability, and none to be had' % role, s['CapEff'] + ' ' + s['CapBnd'])
            ok(s['Seccomp'] == '2', '%s: seccomp is in force' % role)
            limits = open('/proc/%d/limits' % pids[0]).read()
            ok(re.search(r'Max core file size +0 +0', limits) is not None, '%s: leaves no core' % role)
        if not inject.possible():
            skip('what is tried inside the running processes', 'not root, or not x86-64')
            return
        for role in ('worker', 'keeper', 'clerk', 'keys', 'opener'):
            with inject.Inside(c.role_pids(role)[0]) as p:
                ok(p.call('getpid') == p.pid, '%s: calls can be made inside it' % role)
                for words, name, *arguments in files(c) + (BY_DESCRIPTOR if role == 'keeper' else []):
                    result = p.call(name, *arguments)
                    ok(result in DENIED, '%s: cannot, though it tries: %s' % (role, words), result)
        ok(not os.path.exists(c.folder + '/made') and not os.path.exists(c.record + '/gone'), 'and nothing was made')
        ok(subprocess.run(['find', c.record + '/journal', '-type', 'f'], capture_output=True, text=True).stdout == before,
           'the journal has the files it had')
        ok(takes_mail(c), 'mail walks on after all that')
        for role in ('worker', 'clerk', 'keys', 'opener', 'keeper'):
            pid = c.role_pids(role)[0]
            try:
                with inject.Inside(pid) as p:
                    p.call('execve', '/bin/true', 0, 0)
            except inject.Died as died:
                ok(died.signal == signal.SIGSYS, '%s: SIGSYS when it executes a program' % role, died)
            ok(until(lambda: pid not in c.role_pids(role)), '%s: ends when it executes a program' % role)
            ok(until(lambda: len(c.role_pids(role)) == 1), '%s: is started again' % role)
            ok('signal %d' % signal.SIGSYS in c.log_text(), '%s: and the log says by which signal' % role)
        ok(takes_mail(c), 'mail walks on')
        ok(c.command('ledger', 'verify').returncode == 0, 'and the ledger is sound')


def segments():
    with Checkpoint(workers=1, extra='[record]\nsegment = 64k\n') as c:
        with Smtp(c.port) as s:
            codes = {s.mail(b'Subject: %d\r\nFrom: a@sender.example\r\n\r\nhello\r\n' % i)[0] for i in range(250)}
        ok(codes == {250}, 'messages are taken while segments change', codes)
        names = sorted(os.listdir(c.record + '/journal'))
        ok(len(names) > 3, 'there are several segments', names)
        if os.geteuid() == 0:
            link = os.readlink('/proc/%d/fd/99' % c.role_pids('keeper')[0])
            ok(link.endswith(names[-1]), 'the keeper holds the last one, by its fixed number', link)
            held = [os.readlink(p) for p in glob.glob('/proc/%d/fd/*' % c.role_pids('keeper')[0]) if os.path.islink(p)]
            ok(sum('/journal/' in h for h in held) == 1, 'and no other', held)
            with open('/proc/%d/fdinfo/99' % c.role_pids('keeper')[0]) as f:
                flags = int(re.search(r'flags:\s+(\d+)', f.read()).group(1), 8)
            ok(flags & os.O_APPEND and flags & 3 == os.O_WRONLY, 'for appending only')
        ok(c.command('ledger', 'verify').returncode == 0, 'the ledger is sound')
        os.kill(c.role_pids('keeper')[0], signal.SIGKILL)
        ok(takes_mail(c), 'a new keeper goes on')
        c.process.send_signal(signal.SIGTERM)
        c.process.wait(30)
        ok(c.command('ledger', 'verify').returncode == 0, 'and the ledger is sound')


def settings():
    for section, key, value, good in (
            ('record', 'segment', '65536', True), ('record', 'segment', '65535', False), ('record', 'segment', '1G', True),
            ('record', 'segment', '1073741825', False), ('', 'worker_memory', '2G', True),
            ('', 'worker_memory', '2147483649', False), ('', 'watchdog', '1s', True), ('', 'watchdog', '999ms', False),
            ('', 'watchdog', '1h', True), ('', 'watchdog', '3600001ms', False), ('', 'harden', 'strict', True),
            ('', 'harden', 'none', False)):
        extra = ('[%s]\n' % section if section else '') + '%s = %s\n' % (key, value)
        with Checkpoint(start=False, extra=extra) as c:
            code = run('serve', '--check', '--config', c.conf).returncode
            ok((code == 0) == good, '%s = %s is %s' % (key, value, 'taken' if good else 'refused'), code)


def send_big(c):
    """Sends it up to the final dot; gives the session."""
    s = Smtp(c.port, timeout=60)
    for line in (b'MAIL FROM:<a@sender.example>', b'RCPT TO:<user@rcpt.example>', b'DATA'):
        s.say(line)
    s.send(BIG + b'.\r\n')
    return s


def kill_with_it_in_hand(c, number):
    """Until the log says that one more worker died of it."""
    words = 'ended with this message in hand'
    before = c.log_text().count(words)
    for wait in (.4, .3, .5, .2, .6, .7, .1, .35, .45, .8):
        until(lambda: len(c.role_pids('worker')) == 1)
        try:
            s = send_big(c)
        except OSError:
            continue
        time.sleep(wait)
        for pid in c.role_pids('worker'):
            os.kill(pid, number)
        try:
            s.reply()
        except OSError:
            pass
        s.close()
        if until(lambda: c.log_text().count(words) > before, 2):
            return True
    return False


def suspects():
    with Checkpoint(workers=1) as c:
        ok(kill_with_it_in_hand(c, signal.SIGSEGV), 'a worker dies of a fault with a message in hand: the log names it')
        ok(takes_mail(c), 'other mail walks on')
        ok(kill_with_it_in_hand(c, signal.SIGSEGV), 'a second one dies of the same message')
        ok(takes_mail(c), 'other mail walks on')
        pid = c.role_pids('worker')
        with send_big(c) as s:
            answer = s.reply()
        ok(answer[0] == 451 and '451 4.3.0 unparsed' in answer[1][0], 'the third time it is answered 451 unparsed', answer)
        ok(c.role_pids('worker') == pid, 'no worker died of it any more')
        ok(takes_mail(c), 'other mail walks on')
        identity = re.findall(r'(\w{20}): kept unparsed', c.log_text())
        ok(len(identity) == 1, 'the log says that it was kept', c.log_text()[-500:])
        held = glob.glob(c.record + '/held/*/*')
        ok(len(held) == 1, 'it was kept as evidence', held)
        records = [json.loads(line) for line in c.command('ledger', 'show', '--json', '0-1000').stdout.splitlines() if line.startswith(b'{')]
        crashes = b'"kind":"crash"' in b''.join(open(p, 'rb').read() for p in glob.glob(c.record + '/journal/*'))
        ok(crashes, 'and the ledger tells of it', records[-2:])
        def rung():
            out = c.command('alarm', '--json', 'list').stdout
            return [a for a in (json.loads(out) if out else []) if a.get('about') == 'crash']
        ok(until(lambda: len(rung()) == 1) and rung()[0]['state'] == 'open' and rung()[0]['count'] >= 1,
           'one alarm of it waits for a person', c.command('alarm', '--json', 'list').stdout)
        with Smtp(c.port, timeout=60) as s:
            answer = s.mail(BIG + b'<p>\r\n')
        ok(answer[0] == 250, 'one that differs is read as ever', answer)
        ok(c.command('ledger', 'verify').returncode == 0, 'the ledger is sound')


def watchdog():
    with Checkpoint(workers=2, extra='watchdog = 2s\n') as c:
        ok(takes_mail(c), 'mail walks')
        pid = c.role_pids('worker')[0]
        os.kill(pid, signal.SIGSTOP)
        ok(until(lambda: pid not in c.role_pids('worker'), 15), 'a worker whose loop does not turn is ended')
        ok('does one thing for more than 2 s' in c.log_text(), 'and the log says why')
        ok(until(lambda: len(c.role_pids('worker')) == 2), 'another one is started')
        time.sleep(5)
        ok(c.log_text().count('does one thing') == 1, 'idle workers are left alone')
        ok(takes_mail(c), 'mail walks on')


def room():
    share = 128 << 20
    with Checkpoint(workers=1, extra='worker_memory = 128M\n') as c:
        ok(takes_mail(c), 'mail walks')
        pid = c.role_pids('worker')[0]
        base = memory_kib(pid)
        piece = b'x' * 998 + b'\r\n'
        open_ones, refused, most = [], [], 0
        for _ in range(60):
            try:
                s = Smtp(c.port)
            except (OSError, ValueError) as e:
                refused.append(str(e))
                continue
            if s.greeting[0] == 421:
                refused.append(s.greeting[1][0])
                s.close()
                continue
            answers = [s.say(b'MAIL FROM:<a@sender.example>'), s.say(b'RCPT TO:<user@rcpt.example>'), s.say(b'DATA')]
            if answers[-1][0] == 354:
                s.send(MAIL + piece * 5000)
            else:
                refused.append(answers[0][1][0])
                s.close()
                continue
            open_ones.append(s)
            most = max(most, memory_kib(pid))
        time.sleep(1)
        most = max(most, memory_kib(pid))
        ok(c.role_pids('worker') == [pid], 'the worker lives under more mail than there is room for')
        ok((most - base) << 10 <= share, 'its memory stays within its share', '%d KiB over %d' % (most, base))
        ends = []
        for s in open_ones:
            try:
                s.send(b'.\r\n')
                ends.append(s.reply()[0])
            except OSError:
                ends.append(0)
        refusals = [r for r in refused if not (r.startswith('421 4.3.2') or r.startswith('452 4.3.1'))]
        ok(not refusals, 'new connections hear 421 4.3.2, or MAIL 452 4.3.1', refusals[:3])
        ok(set(ends) <= {250, 452, 503, 451}, 'each message is taken or put off, none is refused for good', sorted(set(ends)))
        ok(250 in ends and (452 in ends or refused), 'some are taken, others put off', (ends.count(250), ends.count(452), len(refused)))
        for s in open_ones:
            s.close()
        ok(takes_mail(c), 'when they are gone mail walks again')
        ok(until(lambda: (memory_kib(pid) - base) << 10 < share // 4, 10), 'and the memory was given back', memory_kib(pid) - base)


def another_maildir():
    with Checkpoint(workers=1) as c:
        ok(takes_mail(c), 'mail walks into a Maildir')
        there = c.folder + '/elsewhere'
        with open(c.conf) as f:
            text = f.read()
        with open(c.conf, 'w') as f:
            f.write(text.replace('maildir:' + c.maildir, 'maildir:' + there))
        c.signal(signal.SIGHUP)
        ok(until(lambda: 'the keeper is started anew' in c.log_text()), 'another one by reload: a new keeper with a right to it')
        ok(takes_mail(c) and until(lambda: glob.glob(there + '/*/*/new/*') + glob.glob(there + '/*/new/*')),
           'mail walks there', os.popen('find %s' % there).read())


def strict():
    with Checkpoint(workers=1, extra='harden = strict\n', start=False) as c:
        try:
            c.start()
            ok(takes_mail(c), 'harden = strict: on this machine nothing is missing')
        except RuntimeError as e:
            ok('harden = strict' in str(e), 'harden = strict: it does not start, and says what is missing', e)


for part in (walls, segments, settings, suspects, watchdog, room, another_maildir, strict):
    print('# ' + part.__name__)
    part()
done()
