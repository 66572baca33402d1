#!/usr/bin/env python3
"""The disk is full or read-only, a sync fails, the clock jumps, the keeper is killed between any two system calls: mail is
refused, held or put off with a clear word, nothing that was answered 250 is lost, and the ledger verifies.

The tests that need a disk of their own or a tracer run as root with mount(8) and strace; elsewhere they say so and skip."""
import glob
import json
import os
import random
import re
import shutil
import signal
import subprocess
import tempfile
import time

from checkpoint import PROGRAM, Checkpoint, NextHop, Smtp, done, ok, skip

ROOT_USER = os.geteuid() == 0
STRACE = shutil.which('strace')


def verify(record):
    run = subprocess.run([PROGRAM, 'ledger', 'verify', '--folder', record], capture_output=True, text=True, timeout=120)
    return run.returncode == 0, run.stdout + run.stderr


def send(checkpoint, subject, recipients=(b'user@rcpt.example',), size=0):
    """The reply to one message, '' when the connection broke."""
    try:
        with Smtp(checkpoint.port, timeout=30) as smtp:
            code, words = smtp.mail(b'Subject: %s\r\n\r\nwords\r\n' % subject.encode()
                                    + (b'y' * 74 + b'\r\n') * (size // 76), recipients=recipients)
            return '%d %s' % (code, ' '.join(words))
    except OSError:
        return ''


def ids(record):
    found = set()
    for name in glob.glob(os.path.join(record, 'journal', '*.log')):
        found.update(m.decode() for m in re.findall(rb'"kind":"message","id":"(\w{20})"', open(name, 'rb').read()))
    return found


def accepted(reply):
    found = re.search(r'accepted as (\w{20})', reply)
    return found.group(1) if found else None


def good(reply):
    return reply.startswith('250')


def until_good(checkpoint, seconds=30):
    end = time.time() + seconds
    while time.time() < end:
        reply = send(checkpoint, 'again')
        if good(reply):
            return reply
        time.sleep(.2)
    return ''


class Disk:
    """A small disk of memory."""

    def __init__(self, size='24m'):
        self.place = tempfile.mkdtemp(prefix='sekisho-disk-')
        self.there = ROOT_USER and subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=' + size, 'tmpfs', self.place],
                                                  capture_output=True).returncode == 0

    def fill(self, leave):
        disk = os.statvfs(self.place)
        with open(os.path.join(self.place, 'filler'), 'ab') as file:
            size = disk.f_bavail * disk.f_frsize - leave
            while size > 0:
                try:
                    size -= file.write(b'\0' * min(size, 65536))
                    file.flush()
                except OSError:
                    break

    def free(self):
        os.unlink(os.path.join(self.place, 'filler'))

    def gone(self):
        if self.there:
            subprocess.run(['umount', '-l', self.place], capture_output=True)
        shutil.rmtree(self.place, ignore_errors=True)


def on_disk(place, **keywords):
    """A checkpoint whose record lies on that disk."""
    checkpoint = Checkpoint(start=False, **keywords)
    text = open(checkpoint.conf).read()
    checkpoint.record = os.path.join(place, 'record')
    open(checkpoint.conf, 'w').write(re.sub(r'(?m)^folder = .*$', 'folder = ' + checkpoint.record, text))
    return checkpoint


def full_disk():
    disk = Disk()
    if not disk.there:
        return skip('a full disk', 'a small disk cannot be mounted here')
    checkpoint = on_disk(disk.place)
    try:
        checkpoint.start()
        first = [accepted(send(checkpoint, 'before %d' % i)) for i in range(20)]
        ok(all(first), 'mail flows on a small disk')
        disk.fill(60000)
        said = [send(checkpoint, 'full %d' % i, size=20000) for i in range(60)]
        refused = [r for r in said if not r.startswith('250')]
        ok(refused and all(r.startswith('4') for r in refused), 'on a full disk mail is put off, never dropped', said[-3:])
        log = checkpoint.log_text()
        ok('No space left' in log, 'and the log says why', log[-800:])
        kept = first + [accepted(r) for r in said if r.startswith('250')]
        disk.free()
        ok(good(until_good(checkpoint)), 'when there is room again mail flows, without a restart by hand')
        checkpoint.stop(keep=True)
        whole, words = verify(checkpoint.record)
        ok(whole, 'the ledger verifies after it', words)
        missing = [id for id in kept if id not in ids(checkpoint.record)]
        ok(not missing, 'and has everything that was answered 250', missing)
    finally:
        checkpoint.stop()
        disk.gone()


def read_only():
    disk = Disk()
    if not disk.there:
        return skip('a read-only disk', 'a small disk cannot be mounted here')
    checkpoint = on_disk(disk.place)
    try:
        checkpoint.start()
        send(checkpoint, 'before')
        checkpoint.stop(keep=True)
        subprocess.run(['mount', '-o', 'remount,ro', disk.place], check=True)
        started = True
        try:
            checkpoint.start()
        except RuntimeError:
            started = False
        log = checkpoint.log_text()
        ok(not started and 'Read-only' in log, 'on a read-only disk the checkpoint does not start, and says why', log[-600:])
        if started:
            checkpoint.stop(keep=True)
        subprocess.run(['mount', '-o', 'remount,rw', disk.place], check=True)
        checkpoint.start()
        ok(good(until_good(checkpoint)), 'and starts when it can write again')
    finally:
        checkpoint.stop()
        disk.gone()


def trace(pid, *options):
    """strace on a process of the checkpoint; returns when it is attached. A busy machine may take more than one try."""
    for _ in range(3):
        tracer = trace_once(pid, *options)
        if tracer is not None or not os.path.exists('/proc/%d' % pid):
            return tracer
    return None


def trace_once(pid, *options):
    said = tempfile.NamedTemporaryFile('w+', suffix='.strace')
    process = subprocess.Popen([STRACE, '-f', '-qq', '-o', '/dev/null', *options, '-p', str(pid)], stderr=said)
    end = time.time() + 10
    while time.time() < end:
        try:
            if int(re.search(r'TracerPid:\s+(\d+)', open('/proc/%d/status' % pid).read()).group(1)):
                return process
        except (OSError, AttributeError):
            break
        if process.poll() is not None:
            break
        time.sleep(.02)
    if process.poll() is None:
        process.terminate()
        process.wait()
    return None


def end_trace(process):
    if process is not None:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()


def failing(name, error, injected):
    """Every `injected` call of the keeper fails for a while."""
    checkpoint = Checkpoint()
    try:
        before = [accepted(send(checkpoint, 'before %d' % i)) for i in range(5)]
        keeper = checkpoint.role_pids('keeper')[0]
        tracer = trace(keeper, '-e', 'trace=' + injected, '-e', 'inject=%s:error=%s' % (injected, error))
        if tracer is None:
            return skip(name, 'the keeper cannot be traced here')
        said = []
        for i in range(6):
            said.append(send(checkpoint, 'during %d' % i))
            if not os.path.exists('/proc/%d' % keeper):
                break
        end_trace(tracer)
        refused = [r for r in said if not r.startswith('250')]
        ok(refused and all(r == '' or r.startswith('4') for r in refused), '%s: mail is put off' % name, said)
        ok(good(until_good(checkpoint)), '%s: and flows again when the disk is well, without a restart by hand' % name,
           checkpoint.log_text()[-800:])
        kept = before + [accepted(r) for r in said if r.startswith('250')]
        log = checkpoint.log_text()
        ok(re.search(r'<3>error', log) is not None, '%s: the log tells' % name, log[-500:])
        checkpoint.stop(keep=True)
        whole, words = verify(checkpoint.record)
        ok(whole, '%s: the ledger verifies' % name, words)
        missing = [id for id in kept if id not in ids(checkpoint.record)]
        ok(not missing, '%s: and has everything that was answered 250' % name, missing)
    finally:
        checkpoint.stop()


def killed_anywhere(rounds=24):
    """The keeper dies before its N-th system call, for an N at random, while messages come in."""
    chance = random.Random(11)
    checkpoint = None
    kept, faults, deaths = [], [], 0
    try:
        for i in range(rounds):
            if checkpoint is None:
                checkpoint = Checkpoint()
            keeper = checkpoint.role_pids('keeper')
            if not keeper:
                faults.append('no keeper')
                break
            tracer = trace(keeper[0], '-e', 'inject=all:signal=SIGKILL:when=%d' % chance.randrange(1, 40))
            if tracer is None and os.path.exists('/proc/%d' % keeper[0]):
                return skip('the keeper killed between two system calls', 'the keeper cannot be traced here')
            for k in range(4):
                id = accepted(send(checkpoint, 'round %d.%d' % (i, k)))
                if id:
                    kept.append(id)
                if not os.path.exists('/proc/%d' % keeper[0]):
                    break
            end_trace(tracer)
            if not os.path.exists('/proc/%d' % keeper[0]):
                deaths += 1
            if not good(until_good(checkpoint)):
                faults.append('round %d: mail does not flow again: %s' % (i, checkpoint.log_text()[-500:]))
                break
            if i % 4 == 3:
                # A new one before the supervisor grows patient with a keeper that dies again and again.
                checkpoint.stop(keep=True)
                whole, words = verify(checkpoint.record)
                if not whole:
                    faults.append('round %d: %s' % (i, words))
                there = ids(checkpoint.record)
                faults += ['round %d: %s was answered 250 and is not there' % (i, id) for id in kept if id not in there]
                shutil.rmtree(checkpoint.folder, True)
                checkpoint, kept = None, []
        ok(deaths >= rounds // 2, 'the keeper was killed at %d of %d places' % (deaths, rounds))
        ok(not faults, 'whatever call it died at, what was answered 250 is in a ledger that verifies', '\n'.join(faults))
    finally:
        if checkpoint is not None:
            checkpoint.stop()


SHIM = r'''
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
static volatile long long *jump;
__attribute__((constructor)) static void begin(void)
{
    int fd = open(getenv("CLOCK_JUMP"), O_RDWR);
    jump = mmap(0, 4096, PROT_READ, MAP_SHARED, fd, 0);
}
int clock_gettime(clockid_t clock, struct timespec *t)
{
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int r = real(clock, t);
    if (r == 0 && jump && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) t->tv_sec += *jump;
    return r;
}
time_t time(time_t *out) { struct timespec t; clock_gettime(CLOCK_REALTIME, &t); if (out) *out = t.tv_sec; return t.tv_sec; }
int gettimeofday(struct timeval *tv, void *zone)
{
    struct timespec t; (void)zone; clock_gettime(CLOCK_REALTIME, &t);
    tv->tv_sec = t.tv_sec; tv->tv_usec = t.tv_nsec / 1000; return 0;
}
'''


def clock_jumps():
    place = tempfile.mkdtemp(prefix='sekisho-clock-')
    library, jump = os.path.join(place, 'clock.so'), os.path.join(place, 'jump')
    open(os.path.join(place, 'clock.c'), 'w').write(SHIM)
    open(jump, 'wb').write(b'\0' * 4096)
    if subprocess.run(['cc', '-shared', '-fPIC', '-O1', '-o', library, os.path.join(place, 'clock.c'), '-ldl'],
                      capture_output=True).returncode != 0:
        return skip('the clock jumps', 'the clock cannot be shifted here')

    def shift(seconds):
        with open(jump, 'r+b') as file:
            file.write(int(seconds).to_bytes(8, 'little', signed=True))

    os.environ.update(LD_PRELOAD=library, CLOCK_JUMP=jump)
    checkpoint = Checkpoint(start=False)
    try:
        checkpoint.start()
        for name in ('LD_PRELOAD', 'CLOCK_JUMP'):
            os.environ.pop(name, None)
        first = [accepted(send(checkpoint, 'now %d' % i)) for i in range(5)]
        shift(-86400)
        back = [accepted(send(checkpoint, 'yesterday %d' % i)) for i in range(5)]
        shift(3 * 366 * 86400)
        ahead = [accepted(send(checkpoint, 'in three years %d' % i)) for i in range(5)]
        time.sleep(4)
        more = [accepted(send(checkpoint, 'still there %d' % i)) for i in range(5)]
        shift(-400 * 86400)
        last = [accepted(send(checkpoint, 'long ago %d' % i)) for i in range(5)]
        shift(0)
        everything = first + back + ahead + more + last
        ok(all(everything), 'mail flows while the clock jumps back and forth', everything)
        ok(len(set(everything)) == len(everything), 'no id is given twice')
        time.sleep(2.5)
        shown = subprocess.run([PROGRAM, 'status', '--config', checkpoint.conf, '--json'], capture_output=True, text=True)
        figures = json.loads(shown.stdout)['keeper']['figures']
        ok(abs(figures['ledger_checkpoint_age_seconds']) < 3 * 366 * 86400 + 100 and figures['ledger_entries'] >= 25,
           'the keeper goes on signing', shown.stdout)
        checkpoint.stop(keep=True)
        whole, words = verify(checkpoint.record)
        ok(whole, 'the ledger verifies', words)
        there = ids(checkpoint.record)
        ok(all(id in there for id in everything), 'a clock that jumped ahead purged nothing', set(everything) - there)
    finally:
        for name in ('LD_PRELOAD', 'CLOCK_JUMP'):
            os.environ.pop(name, None)
        checkpoint.stop()
        shutil.rmtree(place, ignore_errors=True)


if __name__ == '__main__':
    full_disk()
    read_only()
    if ROOT_USER and STRACE:
        failing('a failing sync', 'EIO', 'fdatasync,fsync,syncfs')
        killed_anywhere()
    else:
        skip('a failing sync', 'it takes root and strace')
        skip('the keeper killed between two system calls', 'it takes root and strace')
    clock_jumps()
    done()
