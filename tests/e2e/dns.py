#!/usr/bin/env python3
"""A real resolver before a DNS server of ours that answers well, badly, with garbage, or not at all."""
import re
import struct
from checkpoint import *

TXT = {'sender.example': 'v=spf1 ip4:192.0.2.10 -all', '_dmarc.sender.example': 'v=DMARC1; p=none'}
LETTER = b'From: Taro <taro@sender.example>\r\nTo: user@rcpt.example\r\nSubject: Meeting\r\n\r\nHello\r\n'


def name_of(data, at):
    labels = []
    while data[at]:
        labels.append(data[at + 1:at + 1 + data[at]].decode('ascii', 'replace').lower())
        at += 1 + data[at]
    return '.'.join(labels), at + 1


class Server:
    """UDP and TCP on one port; `mode` tells what becomes of a question."""

    def __init__(self, mode='good'):
        self.mode, self.asked, self.answered_tcp, self.open = mode, [], 0, True
        for _ in range(50):
            self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.udp.bind(('127.0.0.1', 0))
            self.port = self.udp.getsockname()[1]
            self.tcp = socket.socket()
            self.tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                self.tcp.bind(('127.0.0.1', self.port))
                break
            except OSError:
                self.udp.close()
                self.tcp.close()
        self.tcp.listen(16)
        threading.Thread(target=self.serve, daemon=True).start()
        threading.Thread(target=self.serve_tcp, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.open = False
        self.udp.close()
        self.tcp.close()

    def serve(self):
        while self.open:
            try:
                data, who = self.udp.recvfrom(4096)
                reply = self.reply(data, False)
                if reply is not None:
                    self.udp.sendto(reply, who)
            except (OSError, IndexError):
                if not self.open:
                    return

    def serve_tcp(self):
        while self.open:
            try:
                client, _ = self.tcp.accept()
            except OSError:
                continue
            threading.Thread(target=self.answer_stream, args=(client,), daemon=True).start()

    def answer_stream(self, client):
        """Every question of one connection until its end (RFC 7766 6.2.1: a client may ask several without waiting)."""
        with client, client.makefile('rb') as stream:
            client.settimeout(10)
            try:
                while self.open:
                    size = struct.unpack('>H', stream.read(2))[0]
                    reply = self.reply(stream.read(size), True)
                    if reply is not None:
                        self.answered_tcp += 1
                        client.sendall(struct.pack('>H', len(reply)) + reply)
            except (OSError, struct.error, IndexError):
                pass

    def reply(self, data, is_tcp):
        name, end = name_of(data, 12)
        kind = struct.unpack('>H', data[end:end + 2])[0]
        question = data[12:end + 4]
        self.asked.append((name, kind))
        head = lambda flags, answers: data[:2] + struct.pack('>HHHHH', flags, 1, answers, 0, 0) + question
        if self.mode == 'silent':
            return None
        if self.mode == 'servfail':
            return head(0x8182, 0)
        if self.mode == 'refused':
            return head(0x8185, 0)
        if self.mode == 'garbage':
            return data[:2] + b'\x81\x80' + bytes(range(200)) + b'\xc0\x0c' * 50
        if self.mode == 'loop':
            return head(0x8180, 1) + b'\xc0' + bytes([12 + len(question)]) + struct.pack('>HHIH', kind, 1, 60, 4) + b'\x7f\0\0\1'
        if self.mode == 'cut':
            return head(0x8180, 1) + b'\xc0\x0c' + struct.pack('>HHIH', kind, 1, 60, 60000) + b'\x05v=spf'
        if self.mode == 'other name':
            return head(0x8180, 1).replace(b'\x06sender', b'\x06forged') + b'\xc0\x0c' + struct.pack('>HHIH', 16, 1, 60, 14) + b'\x0dv=spf1 +all  '
        if self.mode == 'other id':
            return bytes([data[0] ^ 0xff]) + data[1:2] + self.good(name, kind, head)[2:]
        if self.mode == 'truncated' and not is_tcp:
            return head(0x8380, 0)
        return self.good(name, kind, head)

    def good(self, name, kind, head):
        text = TXT.get(name)
        if text is None:
            return head(0x8183, 0)
        if kind != 16:
            return head(0x8180, 0)
        rdata = bytes([len(text)]) + text.encode()
        return head(0x8180, 1) + b'\xc0\x0c' + struct.pack('>HHIH', 16, 1, 60, len(rdata)) + rdata


def ask(mode, client=b'192.0.2.10', more='', **keywords):
    """(seconds, reply, delivered message, server's questions) for one message under a mode of the server."""
    with Server(mode) as server:
        extra = '[dns]\nzone = -\nservers = 127.0.0.1@%d\ntimeout = 1s\ndeadline = 4s\n%s' % (server.port, more)
        with Checkpoint(extra=extra, workers=1, **keywords) as c:
            with Smtp(c.port) as s:
                s.say(b'XCLIENT ADDR=%s NAME=[UNAVAILABLE]' % client)
                s.say(b'EHLO mail.sender.example')
                began = time.time()
                a = s.mail(LETTER, b'taro@sender.example')
                seconds = time.time() - began
                again = s.mail(LETTER, b'taro@sender.example')
            mails = c.mails()
            text = mails[0].decode('utf-8', 'replace') if mails else ''
            return seconds, a, again, text, server, c.log_text()


seconds, a, _, text, server, log = ask('good')
ok(a[0] == 250 and re.search(r'spf=pass', text), 'good answers: SPF pass', (a, text[:600]))
ok('dmarc=pass' in text, 'and DMARC pass', text[:600])
ok(('sender.example', 16) in server.asked, 'the server of the configuration was asked', server.asked)
ok(sum(q == ('sender.example', 16) for q in server.asked) == 1, 'once: what was answered is kept', server.asked)
ok(not [q for q in server.asked if q[0].endswith('.root-servers.net') or q[0] == ''], 'and nobody went to the root', server.asked)

seconds, a, _, text, _, _ = ask('good', b'203.0.113.66')
ok(a[0] == 250 and 'spf=fail' in text, 'another client: SPF fail', (a, text[:600]))

seconds, a, _, text, server, _ = ask('truncated')
ok(a[0] == 250 and 'spf=pass' in text and server.answered_tcp > 0, 'an answer that was cut short is asked again by TCP',
   (a, text[:600], server.answered_tcp))

seconds, a, again, text, server, log = ask('silent')
ok(a[0] == 250 and seconds < 8, 'a server that never answers: the message is answered within the deadline', (a, seconds))
ok('spf=temperror' in text, 'with temperror', text[:600])
ok('dmarc=temperror' in text, 'DMARC too', text[:600])
ok(again[0] == 250 and ' ended (' not in log, 'and the next message walks on', (again, log[-500:]))

seconds, a, _, text, _, log = ask('silent', more='\n[policy]\ntemperror = tempfail\n')
ok(a[0] == 451 and not text and seconds < 8, 'where the policy says so it is put off', (a, seconds, log[-500:]))

for mode in ('servfail', 'refused'):
    seconds, a, again, text, _, log = ask(mode)
    ok(a[0] == 250 and 'spf=temperror' in text and seconds < 8, '%s: temperror' % mode, (a, seconds, text[:600]))
    ok(again[0] == 250, '%s: mail walks on' % mode, again)

for mode in ('garbage', 'loop', 'cut', 'other name', 'other id'):
    seconds, a, again, text, _, log = ask(mode)
    ok(a[0] == 250 and seconds < 8, '%s: answered within the deadline' % mode, (a, seconds))
    ok('spf=pass' not in text and 'spf=' in text, '%s: no pass comes of it' % mode, text[:600])
    ok(again[0] == 250 and ' ended (' not in log, '%s: nobody died of it' % mode, log[-800:])

c = Checkpoint(start=False, extra='[dns]\nzone = -\nservers = nonsense\n')
try:
    r = run('serve', '--config', c.conf, timeout=20)
    ok(r.returncode == 78 and b'nonsense' in r.stderr, 'a server that is no address: exit status 78', (r.returncode, r.stderr))
except subprocess.TimeoutExpired as e:
    ok(False, 'a server that is no address: exit status 78', e.stderr)
c.stop()
done()
