#!/usr/bin/env python3
"""Alarms: from a threat to a person. Receivers of mail, web hooks and syslog are real listeners on loopback."""
import base64
import hashlib
import hmac
import json
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from checkpoint import PROGRAM, Checkpoint, NextHop, Smtp, done, free_port, ok, skip

JA = '明日{h}時{m}分に{place}駅を爆破する。必ず殺す。警察は止められない。'
WHO = 'user@rcpt.example'


def letter(words, subject='yokoku', sender='a@sender.example', extra=''):
    return ('From: %s\r\nTo: %s\r\nSubject: %s\r\nMIME-Version: 1.0\r\n%sContent-Type: text/plain; charset=utf-8\r\n'
            'Content-Transfer-Encoding: 8bit\r\n\r\n%s\r\n' % (sender, WHO, subject, extra, words)).encode()


class Hook:
    """A receiver of web hooks. `answer` gives the status, or None to say nothing."""

    def __init__(self, answer=lambda hook: 200):
        self.got, self.answer = [], answer
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'

            def do_POST(self):
                body = self.rfile.read(int(self.headers['Content-Length']))
                outer.got.append((time.time(), dict(self.headers), body))
                status = outer.answer(outer)
                if status is None:
                    time.sleep(20)
                    return
                self.send_response(status)
                self.send_header('Content-Length', '0')
                self.end_headers()

            def log_message(self, *_):
                pass

        class Server(ThreadingHTTPServer):
            request_queue_size = 256
            daemon_threads = True

            def handle_error(self, *_):
                pass

        self.server = Server(('127.0.0.1', 0), Handler)
        self.port = self.server.server_address[1]
        self.url = 'http://127.0.0.1:%d/in/secret-path' % self.port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def alarms(self):
        return [json.loads(body) for _, _, body in self.got]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Syslog:
    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(('127.0.0.1', 0))
        self.port = self.socket.getsockname()[1]
        self.lines = []
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        while True:
            try:
                self.lines.append(self.socket.recv(65536))
            except OSError:
                return


def wait(condition, seconds=30):
    end = time.time() + seconds
    while time.time() < end:
        if condition():
            return True
        time.sleep(.02)
    return bool(condition())


def alarm_command(point, *arguments, **keywords):
    return point.command('alarm', '--lang', 'en', *arguments, **keywords)


def listed(point, *arguments):
    out = alarm_command(point, '--json', 'list', *arguments)
    if out.returncode != 0:
        print('# alarm list: %d %s' % (out.returncode, out.stderr))
    return json.loads(out.stdout) if out.returncode == 0 else []


def entries(point, kind):
    """Entries of a kind, from the journal's files."""
    found = []
    folder = os.path.join(point.record, 'journal')
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), 'rb') as f:
            for match in re.finditer(rb'\{"v":1,"kind":"' + kind.encode() + rb'"[^\n\0]*?\}(?=SK|$)', f.read()):
                try:
                    found.append(json.loads(match.group(0)))
                except ValueError:
                    pass
    return found


def send(point, words, **keywords):
    """Sent again while the keeper is not ready, as any mail server would."""
    for _ in range(150):
        with Smtp(point.port) as s:
            answer = s.mail(letter(words, **keywords))
        if answer[0] != 451:
            break
        time.sleep(.2)
    return answer


def examine(point, words):
    """By the HTTP door; gives when the request that was taken was sent."""
    request = urllib.request.Request('http://127.0.0.1:%d/checkv2' % point.http_port, letter(words),
                                     {'Rcpt': WHO, 'From': 'a@b.example'})
    for _ in range(150):
        began = time.time()
        try:
            urllib.request.urlopen(request, timeout=20).read()
            return began
        except urllib.error.HTTPError:
            time.sleep(.2)
    return began


def secret(point):
    out = alarm_command(point, 'secret')
    return base64.b64decode(out.stdout.strip()[len(b'whsec_'):])


def signed(point, headers, body):
    key = secret(point)
    headers = {k.lower(): v for k, v in headers.items()}
    text = ('%s.%s.' % (headers['webhook-id'], headers['webhook-timestamp'])).encode() + body
    want = 'v1,' + base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()
    return headers['webhook-signature'] == want and abs(int(headers['webhook-timestamp']) - time.time()) < 60


def section(text):
    return '[alarm]\n' + text


def test_channels():
    hook, hop, log = Hook(), NextHop(), Syslog()
    conf = section('mail_to = ops@rcpt.example\nmail_from = alarm@mx.rcpt.example\nwebhook = %s\n'
                   'syslog = 127.0.0.1:%d\n' % (hook.url, log.port))
    with Checkpoint(next_hop=hop.url, extra=conf) as point:
        answer = send(point, 'こんにちは。')
        began = time.time()
        answer = send(point, JA.format(h=15, m=34, place='東京'))
        ok(answer[0] in (250, 550), 'the threat got its answer', answer)
        ok(wait(lambda: hook.got) and hook.got[0][0] - began < 1.5, 'the web hook rings', point.log_text()[-3000:])
        ok(wait(lambda: any(b'Auto-Submitted' in m for m in hop.messages)), 'the mail comes through the next hop',
           point.log_text()[-2000:])
        ok(wait(lambda: log.lines), 'the syslog has a line')
        when, headers, body = hook.got[0]
        ok(signed(point, headers, body), 'the web hook is signed as Standard Webhooks says')
        data = json.loads(body)
        ok(data['type'] == 'sekisho.alarm' and data['data']['threat'] in ('bomb', 'murder') and data['data']['why'] == 'new'
           and data['data']['to'] == [WHO] and data['data']['client'] == '127.0.0.1', 'it tells what, from where, to whom',
           body)
        text = data['text']
        ok(text.startswith('まず110番に電話してください') and 'First telephone 110' in text, 'telephone 110 comes first', text)
        ok('sekisho explain ' + data['data']['message'] in text and '人ではありません' in text
           and 'not a person' in text, 'it tells how to open it, and what an address does not prove')
        ok(len(data['data'].get('excerpt', '').encode()) <= 240 and '爆破' in data['data'].get('excerpt', ''),
           'the excerpt is one sentence')
        mail = message_from_bytes([m for m in hop.messages if b'Auto-Submitted' in m][0], policy=policy.default)
        body = mail.get_content()
        ok(mail['Auto-Submitted'] == 'auto-generated' and mail['From'].addresses[0].addr_spec == 'alarm@mx.rcpt.example'
           and '警報' in mail['Subject'], 'the mail says that a machine wrote it', mail)
        ok(body.startswith('まず110番') and '> 「' in body and 'First telephone 110' in body, 'its words are those', body)
        ok(re.match(rb'<129>1 \S+ mx\.rcpt\.example sekisho - ALARM \[alarm@32473 id="\w{20}" ', log.lines[0])
           and '110番' in log.lines[0].decode(), 'the line is RFC 5424', log.lines[0])
        ok(b'secret-path' not in point.log_text().encode() and wait(lambda: entries(point, 'alarm.sent')),
           'the path of the web hook is not in the log')
        ok(wait(lambda: len(entries(point, 'alarm.sent')) == 3), 'what became of each is in the ledger',
           entries(point, 'alarm.sent'))
        raised = entries(point, 'alarm.raised')
        ok(len(raised) == 1 and 'secret-path' not in json.dumps(raised) and '爆破' not in json.dumps(raised, ensure_ascii=False),
           'the alarm in the ledger has no word of the mail, and no secret', raised)
        waiting = listed(point)
        ok(len(waiting) == 1 and waiting[0]['state'] == 'open', 'it waits to be acknowledged', waiting)
        shown = alarm_command(point, 'show', waiting[0]['alarm'])
        ok(shown.stdout.count(b'delivered') == 3, 'alarm show tells each delivery', shown.stdout)

        # Our own alarm comes back as a message: it must not alarm again, though it quotes the threat.
        own = [m for m in hop.messages if b'Auto-Submitted' in m][0]
        with Smtp(point.port) as s:
            s.mail(own, sender=b'alarm@mx.rcpt.example')
        # 1,000 variants, and then one of another author.
        with Smtp(point.port) as s:
            for i in range(999):
                if i % 300 == 299:
                    s.say(b'RSET')
                s.mail(letter(JA.format(h=i % 24, m=i % 60, place=('渋谷', '新宿', '大阪', '上野')[i % 4])))
        wait(lambda: (listed(point) or [{}])[0].get('count') == 1000, 20)
        waiting = listed(point)
        ok(len(waiting) == 1 and waiting[0]['count'] == 1000, '1,000 variants are one alarm that counts them, '
           'and our own mail that came back is not counted', waiting)
        ok(len(hook.got) == 1, 'and one web hook', len(hook.got))
        acked = alarm_command(point, 'ack', waiting[0]['alarm'], '--note', '110 called; \x1b[31m\u202e')
        ok(acked.returncode == 0 and not listed(point), 'acknowledged', acked.stderr)
        entry = entries(point, 'alarm.acknowledged')
        ok(len(entry) == 1 and entry[0]['note'].startswith('110 called') and entry[0]['by'] and entry[0]['channel'] == 'command',
           'who, when and the note are in the ledger', entry)
        again = alarm_command(point, 'ack', waiting[0]['alarm'])
        ok(again.returncode == 1 and b'already' in again.stderr, 'a second one is told who was first', again.stderr)
        shown = alarm_command(point, 'show', waiting[0]['alarm']).stdout
        ok(b'\x1b' not in shown and '\u202e'.encode() not in shown, 'the note is shown without its controls', shown)
        tested = alarm_command(point, 'test')
        ok(tested.returncode == 0 and tested.stdout.count(b'delivered') == 3, 'alarm test goes through every channel',
           tested.stdout + tested.stderr)
        ok(wait(lambda: len(hook.got) == 2) and hook.alarms()[-1]['data']['test'] is True
           and '試験' in hook.alarms()[-1]['text'] and '110番' not in hook.alarms()[-1]['text'], 'and says that it is one')
        ok(not listed(point), 'a test waits for nobody')
        out = alarm_command(point, '--for', '1', 'watch')
        ok(out.returncode == 0, 'alarm watch ends when told', out.stderr)
        verify = point.command('ledger', 'verify')
        ok(verify.returncode == 0, 'the ledger verifies', verify.stdout + verify.stderr)
    hook.close()
    hop.close()


def test_severity():
    """Again within the hour only when it is worse than what was told."""
    hook = Hook()
    with Checkpoint(extra=section('webhook = %s\n' % hook.url)) as point:
        send(point, '渋谷駅を爆破する。')
        ok(wait(lambda: len(hook.got) == 1), 'a threat without a time rings', point.log_text()[-2000:])
        send(point, '新宿駅を爆破する。')
        wait(lambda: (listed(point) or [{}])[0].get('count') == 2)
        ok(len(hook.got) == 1 and len(listed(point)) == 1, 'a variant as grave only counts', listed(point))
        began = time.time()
        send(point, '上野駅を爆破する。決行は明日15時。')
        ok(wait(lambda: len(hook.got) == 2), 'a graver one of the same campaign rings again, at once', listed(point))
        told = [alarm['data'] for alarm in hook.alarms()]
        ok(len(told) == 2 and hook.got[1][0] - began < 1.5 and told[1]['why'] == 'severity'
           and told[1]['severity'] > told[0]['severity'] and told[1]['alarm'] == told[0]['alarm'] and told[1]['count'] == 3,
           'it says that it is the same and worse, and how many there were', told)
        send(point, '池袋駅を爆破する。決行は明日16時。')
        wait(lambda: (listed(point) or [{}])[0].get('count') == 4)
        time.sleep(.5)
        ok(len(hook.got) == 2, 'and then it is quiet again', len(hook.got))
    hook.close()


def test_maildir():
    log = Syslog()
    conf = section('mail_to = ops@rcpt.example\nmail_from = alarm@mx.rcpt.example\nexcerpt = no\n')
    conf += '[report]\nlisten = -\n'
    with Checkpoint(extra=conf) as point:
        send(point, JA.format(h=1, m=2, place='京都'))
        ok(wait(lambda: any(b'Auto-Submitted' in m for m in point.mails())), 'with a Maildir the keeper puts the mail there, also where there is no console',
           point.log_text()[-2000:])
        mail = message_from_bytes([m for m in point.mails() if b'Auto-Submitted' in m][0], policy=policy.default)
        ok('爆破する' not in mail.get_content(), 'without excerpt no word of it is in the mail', mail.get_content())
    log.socket.close()


def test_trouble():
    slow, broken = Hook(lambda hook: None), Hook(lambda hook: 500 if len(hook.got) < 3 else 204)
    well = Hook()
    down = free_port()
    hop_down = free_port()
    conf = 'log = debug\n' + section('mail_to = ops@rcpt.example\nmail_from = alarm@mx.rcpt.example\n'
                   'webhook = http://127.0.0.1:%d/down, %s, %s, %s\n' % (down, slow.url, broken.url, well.url))
    with Checkpoint(next_hop='smtp://127.0.0.1:%d' % hop_down, extra=conf) as point:
        # The next hop is away, so SMTP cannot take it; the HTTP door examines it all the same.
        began = examine(point, JA.format(h=3, m=4, place='名古屋'))
        ok(wait(lambda: well.got) and well.got[0][0] - began < 1.5,
           'a web hook that is down, one that is slow and one that answers 500 keep no other waiting')
        ok(wait(lambda: len(broken.got) >= 3, 15), '500 is tried again', len(broken.got))
        ids = {h.get('webhook-id') or h.get('Webhook-Id') for _, h, _ in broken.got}
        ok(len(ids) == 1, 'each time with the same id', ids)
        ok(wait(lambda: any(e['result'] == 'failed' and 'mail:' in e['target'] for e in entries(point, 'alarm.sent'))),
           'a next hop that is down is recorded', entries(point, 'alarm.sent'))
        alarm = listed(point)[0]['alarm']

        # The clerk is killed: what did not arrive is handed to the next one.
        before = len(well.got)
        clerk = clerk_pid(point)
        ok(clerk is not None, 'the clerk is found')
        os.kill(clerk, signal.SIGKILL)
        ok(wait(lambda: clerk_pid(point) not in (None, clerk)), 'the clerk is started again')
        hop = NextHop()
        hop.listener.close()
        hop.listener = socket.socket()
        hop.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        hop.listener.bind(('127.0.0.1', hop_down))
        hop.listener.listen(64)
        threading.Thread(target=hop.accept, daemon=True).start()
        ok(wait(lambda: any(b'Auto-Submitted' in m for m in hop.messages), 20), 'the mail comes when the next hop is back',
           point.log_text()[-2000:])
        ok(wait(lambda: any(e['result'] == 'sent' and 'mail:' in e['target'] for e in entries(point, 'alarm.sent'))),
           'and that is recorded')
        ok(len(well.got) == before, 'what had arrived is not sent again')
        # The keeper is killed too: the state is that of the ledger.
        keeper = keeper_pid(point)
        os.kill(keeper, signal.SIGKILL)
        wait(lambda: not os.path.exists('/proc/%d' % keeper)) # who had reached it hears that it ended, and asks again
        asked = [subprocess.Popen([PROGRAM, 'alarm', '--config', point.conf, 'list'], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                 for _ in range(6)]
        said = [p.communicate(timeout=60) + (p.returncode,) for p in asked]
        ok(all(status == 0 for _, _, status in said), 'who asks while the keeper is away gets his answer', said)
        ok(wait(lambda: keeper_pid(point) not in (None, keeper)) and point.process.poll() is None,
           'the keeper is started again, though others had its lock for a moment')
        ok(wait(lambda: (listed(point) or [{}])[0].get('alarm') == alarm, 15), 'the alarm is still open', listed(point))
        shown = alarm_command(point, '--json', 'show', alarm)
        told = json.loads(shown.stdout)['told_to'][0]['deliveries']
        states = sorted(d['state'] for d in told)
        ok(states.count('sent') >= 3 and all(s in ('sent', 'failed', 'waiting') for s in states),
           'with the state of each delivery', states)
        hop.close()
        status = point.stop(keep=True)
        ok(status == 0, 'the checkpoint ends in order', status)
    for hook in (slow, broken, well):
        hook.close()


def keeper_pid(point):
    for pid in reversed(point.role_pids('keeper')):
        return pid
    return None


def clerk_pid(point):
    for pid in reversed(point.role_pids('clerk')):
        return pid
    return None


def test_escalation():
    first, boss = Hook(), Hook()
    conf = 'log = debug\n' + section('webhook = %s\nescalate_to = %s\nescalate_after = 2s\ninterval = 4s\n' % (first.url, boss.url))
    with Checkpoint(extra=conf) as point:
        send(point, '明日、東京駅に爆弾を仕掛ける予告をする。爆破する。')
        ok(wait(lambda: first.got), 'the first are told')
        began = first.got[0][0]
        ok(not boss.got and wait(lambda: boss.got, 10) and 1.5 < boss.got[0][0] - began < 4.5,
           'nobody acknowledges: the next are told', [b[0] - began for b in boss.got])
        data = boss.alarms()[0]
        ok(data['data']['why'] == 'escalated' and data['data']['step'] == 1 and 'まだ誰も確認していません' in data['text'],
           'and told that nobody did', data)
        ok(wait(lambda: len(boss.got) == 2, 10) and 3 < boss.got[1][0] - boss.got[0][0] < 7, 'again after double the time')
        alarm = listed(point)[0]['alarm']
        ok(alarm_command(point, 'ack', alarm).returncode == 0, 'acknowledged')
        told = len(boss.got)
        time.sleep(4)
        ok(len(boss.got) == told, 'then nobody else is told')
    first.close()
    boss.close()


def test_hostile():
    hook, hop, log = Hook(), NextHop(), Syslog()
    conf = section('mail_to = ops@rcpt.example\nmail_from = alarm@mx.rcpt.example\nwebhook = %s\nsyslog = 127.0.0.1:%d\n'
                   % (hook.url, log.port))
    nasty = '明日15時34分に東京駅を爆破する\x1b]0;x\x07\u202e\u2028"}]\\ <script>alert(1)</script> \x01 Bcc: x@y'
    with Checkpoint(next_hop=hop.url, extra=conf) as point:
        with Smtp(point.port, greet=False) as s:
            s.reply()
            s.say(b'EHLO "]x=\\"[evil]')
            answer = s.mail(letter(nasty, subject='x\\r\\nBcc: y@z <script>'), sender=b'"a]b\\"c"@sender.example')
        ok(wait(lambda: hook.got and log.lines and any(b'Auto-Submitted' in m for m in hop.messages)), 'all are told',
           str(answer) + point.log_text()[-2000:])
        body = hook.got[0][2]
        data = json.loads(body)
        ok(b'\x1b' not in body and b'<' not in body and '\u202e'.encode() not in body and '\u2028'.encode() not in body,
           'no byte of the JSON is a control, a tag or a mark of direction', body)
        ok('\x1b' not in data['text'] and '\u202e' not in data['text'] and '\x07' not in data['text'],
           'nor of the text in it', data['text'])
        raw = [m for m in hop.messages if b'Auto-Submitted' in m][0]
        head = raw.split(b'\r\n\r\n')[0]
        ok(not re.search(rb'(?im)^bcc:', head) and all(32 <= c < 127 or c in (13, 10) for c in head), 'no field was injected', head)
        text = message_from_bytes(raw, policy=policy.default).get_content()
        ok('\x1b' not in text and '\u202e' not in text and not re.search(r'(?m)^Bcc', text), 'the mail\'s text is only text', text)
        line = log.lines[0]
        ok(b'\n' not in line and b'\x1b' not in line and '\u202e'.encode() not in line and len(line) <= 2048, 'one line of syslog', line)
        structure = re.search(rb'\[alarm@32473( \w+="(?:[^"\\\]]|\\["\\\]])*")+\] ', line)
        ok(structure is not None, 'whose values cannot end it', line)
    hook.close()
    hop.close()


def test_tls():
    """https: a certificate of an authority we trust, and one of nobody."""
    import shutil
    import ssl
    import tempfile
    folder = tempfile.mkdtemp(prefix='sekisho-alarm-')
    if not shutil.which('openssl'):
        skip('https', 'no openssl command')
        return
    hooks = []
    for name in ('good', 'bad'):
        subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2',
                        '-keyout', folder + '/%s.key' % name, '-out', folder + '/%s.pem' % name, '-subj', '/CN=127.0.0.1',
                        '-addext', 'subjectAltName=IP:127.0.0.1'], check=True, capture_output=True)
        hook = Hook()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder + '/%s.pem' % name, folder + '/%s.key' % name)
        hook.server.socket = context.wrap_socket(hook.server.socket, server_side=True, do_handshake_on_connect=False)
        hook.url = hook.url.replace('http:', 'https:')
        hooks.append(hook)
    with open(folder + '/secret', 'w') as f:
        f.write('whsec_' + base64.b64encode(b'k' * 32).decode() + '\n')
    conf = section('webhook = %s, %s\nwebhook_authorities = %s/good.pem\nwebhook_secret = %s/secret\n'
                   % (hooks[0].url, hooks[1].url, folder, folder))
    with Checkpoint(extra=conf) as point:
        tested = alarm_command(point, 'test')
        ok(tested.returncode == 1 and len(hooks[0].got) == 1, 'a certificate that is vouched for is taken', tested.stdout + tested.stderr)
        ok(not hooks[1].got and b'certificate' in tested.stdout, 'one of nobody is not', tested.stdout)
        ok(signed(point, hooks[0].got[0][1], hooks[0].got[0][2]) and secret(point) == b'k' * 32,
           'the secret of the configured file signs')
    shutil.rmtree(folder, True)


class Names:
    """A DNS server that knows one name."""

    def __init__(self, name):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(('127.0.0.1', 0))
        self.port = self.socket.getsockname()[1]
        self.name = b''.join(bytes([len(l)]) + l.encode() for l in name.split('.')) + b'\0'
        self.asked = 0
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                question, client = self.socket.recvfrom(4096)
            except OSError:
                return
            self.asked += 1
            end = question.index(b'\0', 12) + 5
            known = question[12:end - 4].lower() == self.name
            is_a = question[end - 4:end - 2] == b'\0\1'
            answer = b'\xc0\x0c\0\1\0\1\0\0\0\x05\0\4\x7f\0\0\1' if known and is_a else b''
            self.socket.sendto(question[:2] + (b'\x81\x80' if known else b'\x81\x83') + b'\0\1' +
                               (b'\0\1' if answer else b'\0\0') + b'\0\0\0\0' + question[12:end] + answer, client)


def test_names():
    """A web hook named by a name: the DNS servers of the configuration are asked."""
    hook, names = Hook(), Names('hook.sekisho.example')
    conf = section('webhook = http://hook.sekisho.example:%d/x, http://nobody.sekisho.example:%d/x\n' % (hook.port, hook.port))
    conf += '[dns]\nservers = 127.0.0.1@%d\n' % names.port
    with Checkpoint(extra=conf) as point:
        tested = alarm_command(point, 'test')
        ok(len(hook.got) == 1 and names.asked >= 2 and hook.got[0][1]['Host'] == 'hook.sekisho.example:%d' % hook.port,
           'a web hook is found by its name', tested.stdout + tested.stderr + point.log_text().encode()[-1000:])
        ok(tested.returncode == 1 and b'no address' in tested.stdout, 'a name that does not exist is told', tested.stdout)
    names.socket.close()
    hook.close()


def percentile(values, p):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * p))]


def test_speed():
    """From the end of DATA to the web hook, while mail flows. Every threat is a campaign of its own."""
    hook = Hook()
    conf = section('webhook = %s\n' % hook.url)
    with Checkpoint(extra=conf, workers=2) as point:
        corpus = os.path.join(point.folder, 'corpus')
        os.mkdir(corpus)
        for i in range(50):
            with open(os.path.join(corpus, '%d.eml' % i), 'wb') as f:
                f.write(letter('Hello, the figures of week %d are attached.\r\n' % i + 'plain words again and again\r\n' * 60,
                               subject='week %d' % i))
        flood = subprocess.Popen([PROGRAM, 'flood', '--to', '127.0.0.1:%d' % point.port, '--rate', '600', '--messages', '3600',
                                  '--connections', '8', '--quiet', corpus], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        time.sleep(1)
        sent = {}
        kinds = 'あいうえおかきくけこさしすせそたちつてと'
        with Smtp(point.port) as s:
            for i in range(45):
                if flood.poll() is not None:
                    break
                s.say(b'MAIL FROM:<a%d@sender.example>' % i)
                s.say(b'RCPT TO:<%s>' % WHO.encode())
                s.say(b'DATA')
                # In one piece: a dot sent alone would wait for the client's own kernel (Nagle), not for us.
                whole = letter('明日15時34分に東京駅を爆破する' + kinds[i % 20] + kinds[i // 20] * 3 + '。必ず実行する。') + b'.\r\n'
                sent['a%d@sender.example' % i] = time.time()
                s.send(whole)
                s.reply()
                time.sleep(.12)
        wait(lambda: len(hook.got) >= len(sent), 10)
        try:
            out, err = flood.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            flood.kill()
            out, err = flood.communicate()
        rate = re.findall(rb'([\d.]+) messages/s', out + err)
        arrived = {a['data'].get('from'): t for (t, _, _), a in zip(list(hook.got), hook.alarms())}
        delays = [arrived[who] - began for who, began in sent.items() if who in arrived]
        if not ok(len(delays) == len(sent) >= 15, 'an alarm for each threat that came in the flood',
                  '%d of %d\n' % (len(delays), len(sent)) + point.log_text()[-2000:]):
            return
        p50, p99 = percentile(delays, .5), percentile(delays, .99)
        ok(p99 < 1, 'from the end of DATA to the web hook under flood: p50 %.0f ms, p99 %.0f ms, %d alarms (flood: %s)'
           % (p50 * 1000, p99 * 1000, len(delays), (rate[-1].decode() + '/s') if rate else 'unknown'),
           (out + err)[-1500:])
    hook.close()


TESTS = [test_channels, test_severity, test_maildir, test_trouble, test_escalation, test_hostile, test_tls, test_names, test_speed]


def main():
    wanted = sys.argv[1:]
    for test in TESTS:
        if not wanted or any(w in test.__name__ for w in wanted):
            test()
    done()


if __name__ == '__main__':
    main()
