#!/usr/bin/env python3
"""Rows that were damaged or lost: mail goes on, a search says what it could not read, and the keeper makes them again."""
import glob
from checkpoint import *


def message(number):
    return ('From: <a@sender.example>\r\nTo: user@rcpt.example\r\nSubject: notice %d\r\n\r\nrareword%d in the text of this message\r\n'
            % (number, number)).encode()


def send(c, numbers):
    with Smtp(c.port) as s:
        return all(s.mail(message(n))[0] == 250 for n in numbers)


def found(c, *arguments):
    r = c.command('search', '--json', '--limit', '1000', *arguments)
    return r, [json.loads(line)['id'] for line in r.stdout.splitlines() if line.startswith(b'{"')]


def wait_for(c, words, count, seconds=30):
    end = time.time() + seconds
    while time.time() < end:
        r, ids = found(c, words)
        if len(ids) == count:
            return True
        time.sleep(.2)
    return False


def day_files(c, ending='.db'):
    return sorted(glob.glob(c.record + '/events-*' + ending))


def scribble(path, at, size=4096):
    with open(path, 'r+b') as f:
        f.seek(at)
        f.write(b'\xa5' * size)


def healed(c, what, sent):
    ok(wait_for(c, 'notice', sent), what + ': all rows are there again', c.log_text()[-600:])


def stopped():
    """Damage while nothing runs."""
    with Checkpoint() as c:
        sent = 40
        ok(send(c, range(sent)) and wait_for(c, 'notice', sent), 'mail, and its rows')
        damages = [('no database', lambda p: scribble(p, 0, 100)),
                   ('noise on the second page', lambda p: scribble(p, 4096)),
                   ('noise in the middle', lambda p: scribble(p, os.path.getsize(p) // 8192 * 4096)),
                   ('cut short', lambda p: os.truncate(p, os.path.getsize(p) // 2)),
                   ('an empty file', lambda p: os.truncate(p, 0)),
                   ('deleted, the mark is not', os.unlink)]
        for what, damage in damages:
            c.stop(keep=True)
            damage(day_files(c)[-1])
            started = len(c.log_text())
            c.start()
            with Smtp(c.port) as s:
                code = s.mail(message(sent))[0]
            ok(code == 250, what + ': mail goes on')
            sent += 1
            healed(c, what, sent)
            if 'deleted' not in what and 'empty' not in what:
                ok('set aside' in c.log_text()[started:] and day_files(c, '.db.damaged'), what + ': the log says what was set aside',
                   c.log_text()[started:])
                for path in day_files(c, '.db.damaged'):
                    os.unlink(path)
        c.stop(keep=True)
        wal = day_files(c)[-1] + '-wal'
        with open(wal, 'wb') as f:
            f.write(os.urandom(20000))
        c.start()
        ok(send(c, [sent]), 'a log of noise: mail goes on')
        healed(c, 'a log of noise', sent + 1)
        r = c.command('ledger', 'verify')
        ok(r.returncode == 0, 'the ledger was never touched', r.stdout + r.stderr)


def running():
    """Damage under a running keeper."""
    with Checkpoint() as c:
        ok(send(c, range(30)) and wait_for(c, 'notice', 30), 'mail, and its rows')
        time.sleep(1.2)
        path = day_files(c)[-1]
        for ending in ('', '-wal'):
            if os.path.exists(path + ending) and os.path.getsize(path + ending) > 8192:
                scribble(path + ending, 0, 4096)
        good = send(c, range(30, 60))
        ok(good, 'mail goes on over a file that was ruined under the keeper', c.log_text()[-500:])
        c.stop(keep=True)
        c.start()
        healed(c, 'after a restart', 60)


def killed():
    """The keeper is killed while it makes days again."""
    with Checkpoint() as c:
        ok(send(c, range(200)) and wait_for(c, 'notice', 200), 'two hundred messages')
        c.stop(keep=True)
        os.unlink(day_files(c)[-1])
        c.start()
        for _ in range(4):
            pids = c.role_pids('keeper')
            if pids:
                os.kill(pids[-1], signal.SIGKILL)
            time.sleep(.7)
        ok(c.wait_greeting() and wait_for(c, 'rareword199', 1) and wait_for(c, 'rareword0', 1), 'the rows are there in the end', c.log_text()[-800:])


def closed():
    """A day that is over, made by moving its file back in time: closed by the keeper itself, and it answers."""
    with Checkpoint() as c:
        ok(send(c, range(20)) and wait_for(c, 'notice', 20), 'mail, and its rows')
        c.stop(keep=True)
        path = day_files(c)[-1]
        old = os.path.join(c.record, 'events-2026-01-02.db')
        os.rename(path, old)
        mark = os.path.join(c.record, 'rows.mark')
        with open(mark) as f:
            first = f.readline()
        with open(mark, 'w') as f:
            f.write(first + '2026-01-02 0\n')
        c.start()
        end = time.time() + 30
        while time.time() < end and os.path.exists(old):
            time.sleep(.2)
        ok(not os.path.exists(old) and os.path.exists(old[:-3] + '.rows'), 'an old day is closed beside the mail', os.listdir(c.record))
        r, ids = found(c, 'rareword7')
        ok(len(ids) == 1, 'and still answers', r)
        r = c.command('explain', ids[0]) if ids else None
        ok(r is not None and r.returncode == 0, 'its messages are explained', r)


for part in (stopped, running, killed, closed):
    try:
        part()
    except Exception:
        import traceback
        ok(False, '%s runs to its end' % part.__name__, traceback.format_exc())
done()
