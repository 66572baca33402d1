"""Starts real parts on loopback for the end-to-end tests, and speaks TAP for them.

Each test is a program: it makes a Checkpoint in a folder of its own, talks to it, and calls ok() for each statement.
Everything listens on 127.0.0.1 on free ports and is ended by the test that started it.
"""
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAM = os.environ.get('SEKISHO', os.path.join(ROOT, 'build', 'sekisho'))
count = failures = 0


def ok(is_so, name, detail=''):
    global count, failures
    count += 1
    failures += not is_so
    print('%s %d - %s' % ('ok' if is_so else 'not ok', count, name), flush=True)
    if not is_so and detail:
        for line in str(detail).splitlines()[:40]:
            print('#   ' + line, flush=True)
    return is_so


def skip(name, reason):
    global count
    count += 1
    print('ok %d - %s # SKIP %s' % (count, name, reason), flush=True)


def done():
    print('1..%d' % count, flush=True)
    sys.exit(1 if failures or not count else 0)


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


def wait_port(port, seconds=20, host='127.0.0.1'):
    end = time.time() + seconds
    while time.time() < end:
        try:
            socket.create_connection((host, port), 1).close()
            return True
        except OSError:
            time.sleep(.05)
    return False


def run(*arguments, **keywords):
    keywords.setdefault('timeout', 120)
    return subprocess.run([PROGRAM] + list(arguments), capture_output=True, **keywords)


class Checkpoint:
    """`sekisho serve` with a configuration made from `sections` over workable defaults."""

    def __init__(self, next_hop=None, extra='', profile='enterprise', zone=None, workers=2, http=True, start=True):
        self.folder = tempfile.mkdtemp(prefix='sekisho-e2e-')
        self.port, self.http_port, self.clerk_port = free_port(), free_port(), free_port()
        self.record = os.path.join(self.folder, 'record')
        self.maildir = os.path.join(self.folder, 'mail')
        self.conf = os.path.join(self.folder, 'sekisho.conf')
        self.next_hop = next_hop or 'maildir:' + self.maildir
        self.profile, self.workers, self.zone = profile, workers, zone if zone is not None else {}
        self.log_path = os.path.join(self.folder, 'log')
        self.process = None
        self.write_conf(extra)
        if start:
            self.start()

    def write_conf(self, extra=''):
        """`extra` is text: lines before the first heading go to the top, sections are merged."""
        zone = os.path.join(self.folder, 'zone.json')
        with open(zone, 'w') as f:
            json.dump(self.zone, f)
        sections = {
            '': ['hostname = mx.rcpt.example', 'workers = %d' % self.workers],
            'transfer': ['listen = 127.0.0.1:%d' % self.port, 'next_hop = ' + self.next_hop,
                         'trusted = 127.0.0.1'],
            'http': ['listen = 127.0.0.1:%d' % self.http_port],
            'permit': ['profile = ' + self.profile],
            'record': ['folder = ' + self.record],
            'report': ['listen = 127.0.0.1:%d' % self.clerk_port],
            'dns': ['zone = ' + zone],
        }
        heading = ''
        for line in extra.splitlines():
            line = line.strip()
            if line.startswith('['):
                heading = line.strip('[]')
                sections.setdefault(heading, [])
            elif line:
                key = line.split('=')[0].strip()
                sections[heading] = [l for l in sections[heading] if l.split('=')[0].strip() != key] + [line]
        with open(self.conf, 'w') as f:
            for name, lines in sections.items():
                if name:
                    f.write('\n[%s]\n' % name)
                f.write('\n'.join(l for l in lines if l.split('=', 1)[1].strip() != '-') + '\n')

    def start(self):
        self.log = open(self.log_path, 'ab')
        self.process = subprocess.Popen([PROGRAM, 'serve', '--config', self.conf], stderr=self.log,
                                        stdout=self.log, start_new_session=True)
        if not wait_port(self.port) or not self.wait_greeting():
            raise RuntimeError('the checkpoint did not start: ' + self.log_text()[-2000:])
        self.wait_workers()

    def wait_workers(self, seconds=10):
        """Until each worker has its name: one that greets says nothing of the others."""
        with open(self.conf) as f:
            wanted = [int(line.split('=')[1]) for line in f if line.startswith('workers =')]
        end = time.time() + seconds
        while wanted and time.time() < end and self.process.poll() is None and len(self.role_pids('worker')) < wanted[-1]:
            time.sleep(.05)

    def wait_greeting(self, seconds=20):
        end = time.time() + seconds
        while time.time() < end and self.process.poll() is None:
            try:
                with Smtp(self.port, greet=False, timeout=2) as s:
                    if s.reply()[0] == 220:
                        return True
            except OSError:
                pass
            time.sleep(.1)
        return False

    def log_text(self):
        with open(self.log_path, errors='replace') as f:
            return f.read()

    def children(self):
        """role -> list of process ids, from the process table."""
        out = subprocess.run(['ps', '--ppid', str(self.process.pid), '-o', 'pid='], capture_output=True, text=True)
        return [int(p) for p in out.stdout.split()]

    def role_pids(self, role):
        """The processes of a role, by the name they give themselves, newest last."""
        pids = []
        for pid in self.children():
            try:
                if open('/proc/%d/comm' % pid).read().strip() == 'sekisho-' + role:
                    pids.append(pid)
            except OSError:
                pass
        return sorted(pids)

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self, keep=False):
        status = None
        if self.process:
            if self.process.poll() is None:
                self.process.send_signal(signal.SIGTERM)
            try:
                status = self.process.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                status = self.process.wait(10)
            self.log.close()
            self.process = None
        if not keep:
            shutil.rmtree(self.folder, True)
        return status

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def level(self, seconds=20):
        """Waits until the rows that a search reads have caught up with the ledger, or cannot."""
        end = time.time() + seconds
        while time.time() < end and self.process and self.process.poll() is None:
            figures = dict(line.rsplit(' ', 1) for line in run('status', '--metrics', '--config', self.conf).stdout.decode().splitlines()
                           if line.startswith('sekisho_record_'))
            if figures.get('sekisho_record_rows_behind', '0') == '0' or figures['sekisho_record_trouble'] == '1':
                return
            time.sleep(.05)

    def command(self, *arguments, **keywords):
        """A reading command, told where the record is."""
        if arguments[0] in ('search', 'explain', 'origin', 'replay'):
            self.level()
        return run(arguments[0], '--config', self.conf, *arguments[1:], **keywords)

    def mails(self, address=None):
        """Bytes of all delivered messages."""
        found = []
        for root, _, files in os.walk(self.maildir):
            if os.path.basename(root) == 'new':
                for name in files:
                    with open(os.path.join(root, name), 'rb') as f:
                        found.append(f.read())
        return found


class Smtp:
    """A client that sends exactly the bytes it is told to."""

    def __init__(self, port, greet=True, timeout=30, host='127.0.0.1'):
        self.socket = socket.create_connection((host, port), timeout)
        self.file = self.socket.makefile('rb')
        if greet:
            self.greeting = self.reply()
            self.ehlo = self.say(b'EHLO client.example')

    def reply(self):
        lines = []
        while True:
            line = self.file.readline()
            if not line:
                raise OSError('the server closed the connection')
            lines.append(line.decode('utf-8', 'replace').rstrip('\r\n'))
            if len(line) < 4 or line[3:4] != b'-':
                return int(line[:3]), lines

    def send(self, data):
        self.socket.sendall(data)

    def say(self, line):
        self.send(line + b'\r\n')
        return self.reply()

    def mail(self, message, sender=b'a@sender.example', recipients=(b'user@rcpt.example',)):
        """A whole transaction; `message` is sent as it is, then CR LF . CR LF. Gives the last reply."""
        answer = self.say(b'MAIL FROM:<%s>' % sender)
        if answer[0] != 250:
            return answer
        taken = [self.say(b'RCPT TO:<%s>' % r) for r in recipients]
        if not any(t[0] == 250 for t in taken):
            return taken[-1]
        answer = self.say(b'DATA')
        if answer[0] != 354:
            return answer
        self.send(message + (b'' if message.endswith(b'\r\n') else b'\r\n') + b'.\r\n')
        return self.reply()

    def close(self):
        try:
            self.file.close()
            self.socket.close()
        except OSError:
            pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class NextHop:
    """A scripted SMTP server: what it says to each verb is `answers[verb]`; DATA's message goes to `messages`."""

    def __init__(self, answers=None, drop_after_dot=False, stall=None, lmtp=False):
        self.answers = {'EHLO': '250-hop.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SIZE\r\n250 SMTPUTF8',
                        'LHLO': '250-hop.example\r\n250 PIPELINING',
                        'HELO': '250 hop.example', 'MAIL': '250 2.1.0 ok', 'RCPT': '250 2.1.5 ok', 'DATA': '354 go',
                        'DOT': '250 2.0.0 queued', 'RSET': '250 2.0.0 ok', 'NOOP': '250 ok', 'QUIT': '221 bye'}
        self.answers.update(answers or {})
        self.drop_after_dot, self.stall, self.lmtp = drop_after_dot, stall, lmtp
        self.messages, self.commands, self.envelopes = [], [], []
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(('127.0.0.1', 0))
        self.listener.listen(64)
        self.port = self.listener.getsockname()[1]
        self.open = True
        threading.Thread(target=self.accept, daemon=True).start()

    @property
    def url(self):
        return '%s://127.0.0.1:%d' % ('lmtp' if self.lmtp else 'smtp', self.port)

    def accept(self):
        while self.open:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        file = client.makefile('rb')
        envelope = [None, []]
        try:
            client.sendall(b'220 hop.example ESMTP\r\n')
            while True:
                line = file.readline()
                if not line:
                    return
                verb = line[:4].decode('ascii', 'replace').upper().strip()
                self.commands.append(line.rstrip(b'\r\n'))
                if self.stall == verb:
                    time.sleep(30)
                answer = self.answers.get(verb, '500 what')
                if callable(answer):
                    answer = answer(line)
                if verb == 'MAIL':
                    envelope = [line.strip(), []]
                if verb == 'RCPT' and answer.startswith('2'):
                    envelope[1].append(line.strip())
                client.sendall(answer.encode() + b'\r\n')
                if verb == 'QUIT':
                    return
                if verb == 'DATA' and answer.startswith('354'):
                    self.take(client, file, envelope)
        except OSError:
            pass
        finally:
            client.close()

    def take(self, client, file, envelope):
        message = b''
        while True:
            line = file.readline()
            if not line:
                raise OSError
            if line == b'.\r\n':
                break
            message += line[1:] if line.startswith(b'.') else line
        self.messages.append(message)
        self.envelopes.append(envelope)
        if self.drop_after_dot:
            raise OSError
        if self.stall == 'DOT':
            time.sleep(30)
        answer = self.answers['DOT']
        if callable(answer):
            answer = answer(message)
        for i in range(len(envelope[1]) if self.lmtp else 1):
            client.sendall((answer[i % len(answer)] if isinstance(answer, list) else answer).encode() + b'\r\n')

    def close(self):
        self.open = False
        self.listener.close()
