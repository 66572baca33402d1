#!/usr/bin/env python3
"""The console: what the clerk answers to whom, and its pages in a real Chromium in both languages. Pictures of every page
are put into build/console-pictures."""
import http.client
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import tempfile
import time
import urllib.parse

import browser
from checkpoint import Checkpoint, PROGRAM, ROOT, Smtp, done, ok, run, skip, wait_port

CONSOLE = os.path.join(os.path.dirname(os.path.abspath(PROGRAM)), 'console')
PICTURES = os.path.join(ROOT, 'build', 'console-pictures')
PASSWORDS = {'hanako': 'kumo7-ame&to', 'ryoko': 'kaze9-tori&yama', 'akira': 'umi3-hoshi&kawa'}
ROLES = {'hanako': 'operator', 'ryoko': 'reviewer', 'akira': 'auditor'}
# What a hostile sender would write into every field that is his.
SCRIPT = '<script>window.pwned=1</script><img src=x onerror="window.pwned=1">'
TRICKS = '\u202e\u2066gnp.exe\u200b\x1b[31m\x1b]0;owned\x07\x00\x9b2J'
HOSTILE = SCRIPT + TRICKS


def account(c, *arguments, password=None):
    return run('account', '--config', c.conf, *arguments, input=(password or '').encode() + b'\n')


class Person:
    """Somebody with an HTTP client: keeps his cookie and token."""

    def __init__(self, c, name=None, password=None):
        self.c, self.cookie, self.token, self.last = c, '', '', None
        if name:
            self.sign_in(name, password or PASSWORDS[name])

    def ask(self, method, path, body=None, headers=None, raw=None):
        connection = http.client.HTTPConnection('127.0.0.1', self.c.clerk_port, timeout=30)
        fields = {'Content-Type': 'application/json'}
        if self.cookie:
            fields['Cookie'] = self.cookie
        if method != 'GET' and self.token:
            fields['X-Sekisho-Token'] = self.token
        fields.update(headers or {})
        data = raw if raw is not None else None if body is None else json.dumps(body).encode()
        connection.request(method, path, body=data, headers={k: v for k, v in fields.items() if v is not None})
        answer = connection.getresponse()
        self.last = answer
        text = answer.read()
        connection.close()
        try:
            return answer.status, json.loads(text)
        except ValueError:
            return answer.status, text

    def sign_in(self, name, password):
        status, answer = self.ask('POST', '/v1/session', {'name': name, 'password': password})
        if status == 200:
            self.cookie = self.last.getheader('Set-Cookie').split(';')[0]
            self.token = answer['token']
        return status, answer


def message(subject, body, sender='a@sender.example', name=''):
    head = 'From: %s<%s>\r\nTo: user@rcpt.example\r\nSubject: %s\r\nMIME-Version: 1.0\r\n' % (name and name + ' ', sender, subject)
    return (head + 'Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n' + body).encode()


def send(c, data, sender=b'a@sender.example', recipients=(b'user@rcpt.example',), helo=None):
    with Smtp(c.port, greet=helo is None) as s:
        if helo is not None:
            s.reply()
            if s.say(b'EHLO ' + helo)[0] != 250:
                s.say(b'EHLO client.example')
        return s.mail(data, sender, recipients)


def until(is_so, seconds=15):
    end = time.time() + seconds
    while True:
        value = is_so()
        if value or time.time() > end:
            return value
        time.sleep(.1)


def journal(c):
    text = b''
    for folder, _, files in os.walk(os.path.join(c.record, 'journal')):
        for name in sorted(files):
            with open(os.path.join(folder, name), 'rb') as f:
                text += f.read()
    return text


# --- what the clerk answers ------------------------------------------------------------------------------------------

def accounts(c):
    r = account(c, 'add', 'hanako', '--role', 'operator', password='short')
    ok(r.returncode == 65 and b'at least 12' in r.stderr, 'a short password is refused, with words', r.stderr)
    r = account(c, 'add', 'hanako', '--role', 'operator', password='password2026!')
    ok(r.returncode == 65 and b'guessed first' in r.stderr, 'a common one too', r.stderr)
    r = account(c, 'add', 'hanako', '--role', 'king', password=PASSWORDS['hanako'])
    ok(r.returncode == 2, 'a role that does not exist is refused', r.stderr)
    r = account(c, 'add', 'Hanako!', '--role', 'operator', password=PASSWORDS['hanako'])
    ok(r.returncode == 2, 'a name that is none is refused', r.stderr)
    stranger = Person(c)
    status, answer = stranger.ask('GET', '/v1/session')
    ok(status == 200 and answer == {'signed_in': False, 'any_account': False}, 'the page is told that there is no account yet', answer)
    for name, password in PASSWORDS.items():
        r = account(c, 'add', name, '--role', ROLES[name], password=password)
        ok(r.returncode == 0, 'account add ' + name, r.stderr)
    r = account(c, 'add', 'hanako', '--role', 'operator', password=PASSWORDS['hanako'])
    ok(r.returncode == 65 and b'already' in r.stderr, 'a second account of the same name is refused', r.stderr)
    r = account(c, 'list', '--json')
    ok([a['name'] for a in json.loads(r.stdout)['accounts']] == list(PASSWORDS), 'account list', r.stdout)
    text = journal(c)
    ok(b'account.set' in text and b'argon2' not in text, 'accounts are in the ledger, hashes of passwords are not')
    path = os.path.join(c.record, 'passwords')
    ok(os.stat(path).st_mode & 0o777 == 0o600, 'the file of hashes is for its owner alone')
    with open(path, 'rb') as f:
        held = f.read()
    ok(held.count(b'$argon2id$') == 3 and not any(p.encode() in held for p in PASSWORDS.values()), 'it holds argon2id hashes and no password')


def doors(c):
    stranger = Person(c)
    for path in ('/v1/search', '/v1/messages/x', '/v1/stream', '/v1/ledger', '/v1/alarms', '/v1/looks', '/v1/sessions'):
        status, answer = stranger.ask('GET', path)
        ok(status == 401 and answer['error'] == 'sign_in', 'without a sign-in: ' + path, answer)
    for path in ('/ping', '/metrics', '/v1/summary', '/v1/words'):
        ok(stranger.ask('GET', path)[0] == 200, 'without a sign-in on loopback: ' + path)
    text = stranger.ask('GET', '/metrics')[1]
    ok(b'\nsekisho_keeper_linked 1' in text and b'\nsekisho_ledger_entries ' in text, 'metrics are those of keeper and clerk', text[-600:])
    ok(stranger.ask('GET', '/nothing')[0] == 404 and stranger.ask('GET', '/../../etc/passwd')[0] == 404
       and stranger.ask('GET', '/%2e%2e/passwords')[0] == 404, 'no file but the console\'s own')
    ok(stranger.ask('POST', '/ping')[0] in (404, 405), 'a method that a path does not have')
    for host, status in (('evil.example', 421), ('evil.example:%d' % c.clerk_port, 421), ('127.0.0.1.evil.example', 421),
                         ('localhost', 200), ('[::1]:80', 200), ('127.0.0.1', 200)):
        ok(stranger.ask('GET', '/ping', headers={'Host': host})[0] == status, 'Host %s: %d' % (host, status), stranger.last.status)
    headers = {k.lower(): v for k, v in stranger.last.getheaders()}
    policy = headers['content-security-policy']
    ok("default-src 'none'" in policy and "script-src 'self'" in policy and "frame-ancestors 'none'" in policy
       and 'unsafe' not in policy, 'a strict content policy', policy)
    ok(headers['x-content-type-options'] == 'nosniff' and headers['referrer-policy'] == 'no-referrer'
       and headers['cross-origin-opener-policy'] == 'same-origin' and headers['cross-origin-resource-policy'] == 'same-origin', 'and the other guards')


def sign_in(c):
    p = Person(c)
    status, answer = p.sign_in('hanako', 'wrong-password-1')
    ok(status == 401 and answer['error'] == 'wrong', 'a wrong password', answer)
    began = time.time()
    status, other = p.sign_in('nobody', 'wrong-password-1')
    ok(status == 401 and other == answer, 'an account that does not exist is answered alike', other)
    slow = time.time() - began
    ok(slow > .02, 'and as slowly (%.0f ms)' % (slow * 1000))
    for what, raw in (('no JSON', b'{'), ('no object', b'[]'), ('no name', b'{"password":"x"}'), ('a name twice', b'{"name":"a","name":"hanako","password":"x"}'),
                      ('a number', b'{"name":1,"password":2}'), ('a NUL', b'{"name":"han\\u0000ako","password":"x"}')):
        ok(p.ask('POST', '/v1/session', raw=raw)[0] == 400, 'refused: ' + what)
    ok(p.ask('POST', '/v1/session', {'name': 'hanako', 'password': PASSWORDS['hanako']}, headers={'Content-Type': 'text/plain'})[0] == 400,
       'a form of another site cannot sign in')
    for field, value in (('Origin', 'https://evil.example'), ('Origin', 'null'), ('Sec-Fetch-Site', 'cross-site'), ('Sec-Fetch-Site', 'same-site')):
        status, answer = p.ask('POST', '/v1/session', {'name': 'hanako', 'password': PASSWORDS['hanako']}, headers={field: value})
        ok(status == 403 and answer['error'] == 'origin', '%s: %s is refused' % (field, value), answer)
    ok(p.sign_in('hanako', PASSWORDS['hanako'])[0] == 200, 'the right one')
    cookie = p.last.getheader('Set-Cookie')
    ok(re.fullmatch(r'sekisho_session=[0-9a-f]{64}; Path=/; HttpOnly; SameSite=Strict; Max-Age=\d+', cookie), 'the cookie\'s flags', cookie)
    status, answer = p.ask('GET', '/v1/session')
    ok(answer['signed_in'] and answer['role'] == 'operator' and re.fullmatch('[0-9a-f]{32}', answer['token']), 'who am I', answer)
    ok(p.ask('DELETE', '/v1/session', headers={'X-Sekisho-Token': None})[0] == 403, 'a change without its token is refused')
    ok(p.ask('DELETE', '/v1/session', headers={'X-Sekisho-Token': '0' * 32})[0] == 403, 'a change with another token too')
    ok(p.ask('DELETE', '/v1/session', headers={'Origin': 'https://evil.example'})[0] == 403, 'a change from another site too')
    q = Person(c, 'hanako')
    status, answer = p.ask('GET', '/v1/sessions')
    ok(len(answer['sessions']) == 2, 'both sign-ins are listed', answer)
    other = next(s['id'] for s in answer['sessions'] if not s['this'])
    ok(Person(c, 'akira').ask('DELETE', '/v1/sessions/' + other)[0] == 404, 'nobody ends the sign-in of another')
    ok(p.ask('DELETE', '/v1/sessions/' + other)[0] == 200 and q.ask('GET', '/v1/ledger')[0] == 401, 'one\'s own is ended from elsewhere')
    ok(p.ask('DELETE', '/v1/session')[0] == 200 and p.ask('GET', '/v1/ledger')[0] == 401, 'signed out is signed out')
    text = journal(c)
    ok(text.count(b'"account.sign_in"') >= 4 and b'"good":false' in text and b'account.sign_out' in text, 'sign-ins, good and bad, are in the ledger')
    ok(b'wrong-password-1' not in text and b'nobody' not in text, 'but neither passwords nor names that do not exist')


def changes(c):
    p = Person(c, 'akira')
    ok(account(c, 'disable', 'akira').returncode == 0 and until(lambda: p.ask('GET', '/v1/ledger')[0] == 401), 'a disabled account is signed out at once')
    ok(Person(c).sign_in('akira', PASSWORDS['akira'])[0] == 401, 'and cannot sign in')
    ok(account(c, 'enable', 'akira').returncode == 0 and Person(c).sign_in('akira', PASSWORDS['akira'])[0] == 200, 'enabled it can')
    ok(account(c, 'passwd', 'akira', password='hoshi5-umi&kawa').returncode == 0, 'account passwd')
    ok(Person(c).sign_in('akira', PASSWORDS['akira'])[0] == 401 and Person(c).sign_in('akira', 'hoshi5-umi&kawa')[0] == 200, 'the new password holds, the old one does not')
    ok(account(c, 'passwd', 'akira', password=PASSWORDS['akira']).returncode == 0, 'and back')
    ok(account(c, 'role', 'akira', 'auditor').returncode == 0 and account(c, 'role', 'none-of-us', 'auditor').returncode == 65, 'account role')


def roles(c, mail_id):
    operator, reviewer, auditor = (Person(c, name) for name in PASSWORDS)
    # path: operator, reviewer, auditor
    table = [('GET', '/v1/messages/' + mail_id, (200, 200, 403)), ('GET', '/v1/search?sender=sender', (200, 200, 403)),
             ('GET', '/v1/search?words=' + urllib.parse.quote('請求') + '&reason=test', (403, 200, 403)),
             ('GET', '/v1/search?words=' + urllib.parse.quote('請求'), (403, 400, 403)),
             ('POST', '/v1/messages/' + mail_id + '/content', (403, 200, 403)), ('GET', '/v1/looks', (403, 403, 200)),
             ('GET', '/v1/ledger', (200, 200, 200)), ('GET', '/v1/alarms', (200, 200, 200)),
             ('POST', '/v1/alarms/none/acknowledge', (422, 403, 403))]
    for method, path, wanted in table:
        body = {'reason': '利用者からの申し出', 'note': ''} if method == 'POST' else None
        got = tuple(p.ask(method, path, body)[0] for p in (operator, reviewer, auditor))
        ok(got == wanted, '%s %s: operator %d, reviewer %d, auditor %d' % ((method, urllib.parse.unquote(path).replace(mail_id, 'ID')) + wanted), got)
    status, answer = operator.ask('GET', '/v1/messages/' + mail_id)
    text = json.dumps(answer, ensure_ascii=False)
    ok('請求書の件' not in text and '至急お支払い' not in text, 'an operator sees nothing of what a message says', text[:600])
    ok(answer['message']['recipients'][0]['ground'] and answer['message']['origin']['hops'], 'but verdict, grounds and hops')
    for reason in (None, '', '   ', 'x' * 501):
        ok(reviewer.ask('POST', '/v1/messages/' + mail_id + '/content', {'reason': reason})[0] == 400, 'no content without a reason (%s)' % repr(reason)[:12])
    status, answer = reviewer.ask('POST', '/v1/messages/' + mail_id + '/content', {'reason': '利用者からの申し出 42'})
    text = json.dumps(answer, ensure_ascii=False)
    ok(status == 200 and '請求書の件' in text and '至急お支払い' in text, 'a reviewer with a reason reads it', text[:800])
    ok('利用者からの申し出 42'.encode() in journal(c), 'the look and its reason are in the ledger')
    status, answer = auditor.ask('GET', '/v1/looks')
    look = answer['looks'][0]['record']
    ok(look['kind'] == 'look' and look['by'] == 'ryoko' and look['content'] and look['id'] == mail_id and look['reason'] == '利用者からの申し出 42',
       'and the auditor sees it first', look)
    ok(operator.ask('GET', '/v1/messages/' + '0' * 20)[0] == 404 and operator.ask('GET', '/v1/messages/..%2f..%2fpasswords')[0] == 404, 'no such message')
    for query in ('from=x', 'most=0', 'most=501', 'to=-1'):
        ok(operator.ask('GET', '/v1/search?' + query)[0] == 400, 'a query that is none: ' + query)


def guesses(c):
    p = Person(c)
    statuses = [p.sign_in('ryoko', 'wrong-guess-%d' % i)[0] for i in range(11)]
    ok(statuses == [401] * 10 + [429], 'LIMIT_GUESSES_ACCOUNT wrong tries, one more is not looked at', statuses)
    ok(0 < int(p.last.getheader('Retry-After')) <= 900, 'and told when to come again')
    status, answer = p.sign_in('ryoko', PASSWORDS['ryoko'])
    ok(status == 429 and '分' in answer['ja'] and 'minutes' in answer['en'], 'not even with the right one, in words', answer)
    ok(p.sign_in('hanako', PASSWORDS['hanako'])[0] == 200, 'another account is not locked')


class Stream:
    """A reader of the live stream."""

    def __init__(self, person, last='', query=''):
        self.socket = socket.create_connection(('127.0.0.1', person.c.clerk_port), 20)
        self.socket.sendall(('GET /v1/stream%s HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: %s\r\n%s\r\n' % (
            query, person.cookie, 'Last-Event-ID: %s\r\n' % last if last else '')).encode())
        self.file = self.socket.makefile('rb')
        self.status = int(self.file.readline().split()[1])
        while self.file.readline() not in (b'\r\n', b''):
            pass

    def event(self, kind, seconds=10):
        self.socket.settimeout(seconds)
        fields = {}
        try:
            for line in iter(self.file.readline, b''):
                name, _, value = line.decode().rstrip('\n').partition(': ')
                if not name and fields:
                    if fields.get('event') == kind:
                        return json.loads(fields['data']), fields.get('id')
                    fields = {}
                elif name:
                    fields[name] = value
        except OSError:
            pass
        return None, None

    def close(self):
        self.file.close()
        self.socket.close()


def streams(c):
    operator, auditor = Person(c, 'hanako'), Person(c, 'akira')
    stream, other = Stream(operator), Stream(auditor)
    began = time.time()
    send(c, message('秘密の件名', '秘密の本文'))
    seen, number = stream.event('message')
    ok(seen and time.time() - began < 1.5, 'a verdict is in the stream within a second (%.2f s)' % (time.time() - began), seen)
    ok(seen and seen['from'] == 'a@sender.example' and 'subject' not in seen and '秘密' not in json.dumps(seen, ensure_ascii=False),
       'with its envelope and nothing of what it says', seen)
    stream.close()
    send(c, message('二', '二'))
    send(c, message('三', '三'))
    time.sleep(.5)
    again = Stream(operator, number)
    ids = [again.event('message')[1] for _ in range(2)]
    ok(all(ids) and int(number) < int(ids[0]) < int(ids[1]), 'who comes again hears what he missed', ids)
    again.close()
    far = Stream(operator, '5')
    ok(far.event('missed')[0] == {}, 'and is told when that is not all')
    far.close()
    fresh = Stream(operator, query='?recent=1')
    ok(fresh.event('message')[0] is not None, 'a page that is opened gets what came last')
    fresh.close()
    operator.ask('GET', '/v1/search?sender=x')
    ok((other.event('look')[0] or {}).get('by') == 'hanako', 'an auditor hears of looks')
    ok(other.event('message', .5)[0] is None, 'and not of messages')
    other.close()


def crowd(c):
    """Slow senders, a thousand readers, readers that do not read."""
    operator = Person(c, 'hanako')
    slow = []
    for _ in range(300):
        s = socket.create_connection(('127.0.0.1', c.clerk_port), 10)
        s.sendall(b'GET /ping HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ')
        slow.append(s)
    ok(operator.ask('GET', '/ping')[0] == 200, 'three hundred who never finish their request keep nobody out')
    status, text = operator.ask('GET', '/metrics')
    held = int(re.search(rb'sekisho_clerk_connections (\d+)', text).group(1))
    ok(held <= 256, 'no more than LIMIT_CLERK_CONNECTIONS connections (%d)' % held)
    began, left = time.time(), len(slow)
    while left and time.time() - began < 20:
        time.sleep(.5)
        left = 0
        for s in slow:
            s.setblocking(False)
            try:
                left += s.recv(1) != b''
            except BlockingIOError:
                left += 1
            except OSError:
                pass
    ok(left == 0, 'and are all shown out in %.0f s' % (time.time() - began), left)
    for s in slow:
        s.close()
    people = [Person(c, 'hanako') for _ in range(8)]
    readers, opened = [], 0
    for i in range(1000):
        s = socket.create_connection(('127.0.0.1', c.clerk_port), 10)
        s.sendall(b'GET /v1/stream HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: %s\r\n\r\n' % people[i % 8].cookie.encode())
        readers.append(s)
    time.sleep(1)
    text = operator.ask('GET', '/metrics')[1]
    opened = int(re.search(rb'sekisho_clerk_streams (\d+)', text).group(1))
    ok(0 < opened <= 64, 'a thousand readers: LIMIT_CLERK_STREAMS of them at most (%d)' % opened)
    for s in readers:
        s.close()
    ok(until(lambda: b'sekisho_clerk_streams 0' in operator.ask('GET', '/metrics')[1]), 'readers that went are forgotten')
    s = socket.create_connection(('127.0.0.1', c.clerk_port), 10)
    s.sendall(b'GET /ping HTTP/1.1\r\nHost: 127.0.0.1\r\n' + b'X: ' + b'a' * 70000 + b'\r\n\r\n')
    ok(s.recv(100).startswith(b'HTTP/1.1 431'), 'a head that is too large')
    s.close()
    status, _ = operator.ask('POST', '/v1/session', raw=b'{"name":"' + b'a' * 70000 + b'"}')
    ok(status == 413, 'a body that is too large')


def killed(c):
    """The clerk and its crew die and come back; sign-ins are gone, pages and figures are not."""
    operator = Person(c, 'hanako')
    crew = [int(p) for p in subprocess.run(['pgrep', '-P', str(clerk_pid(c))], capture_output=True, text=True).stdout.split()]
    ok(len(crew) == 2, 'the clerk has its crew', crew)
    for pid in crew:
        os.kill(pid, 9)
    ok(until(lambda: operator.ask('GET', '/v1/search?sender=sender')[0] == 200), 'a crew that was killed is there again, and the sign-in still holds')
    os.kill(c.role_pids('keeper')[-1], 9)
    status, answer = operator.ask('GET', '/v1/search?sender=sender')
    ok(status in (200, 503) and (status == 200 or answer['error'] == 'keeper'), 'the keeper is killed: no look without its record, in words', answer)
    ok(until(lambda: operator.ask('GET', '/v1/search?sender=sender')[0] == 200, 30), 'and when it is back, the same sign-in goes on')
    os.kill(clerk_pid(c), 9)
    ok(until(lambda: try_ping(operator)), 'a clerk that was killed is there again')
    ok(until(lambda: Person(c).sign_in('hanako', PASSWORDS['hanako'])[0] == 200), 'accounts are as they were')


def over_tls():
    """With a certificate: cookies are Secure, plain requests get nothing."""
    folder = tempfile.mkdtemp(prefix='sekisho-console-')
    certificate, key = os.path.join(folder, 'c.pem'), os.path.join(folder, 'k.pem')
    made = subprocess.run(['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', certificate, '-days', '2',
                           '-subj', '/CN=console.example', '-addext', 'subjectAltName=DNS:console.example'], capture_output=True)
    if made.returncode:
        skip('the console over TLS', 'openssl made no certificate')
        return
    with Checkpoint(workers=1, extra='[report]\ntls_certificate = %s\ntls_key = %s\nhosts = console.example' % (certificate, key)) as c:
        account(c, 'add', 'hanako', '--role', 'operator', password=PASSWORDS['hanako'])
        context = ssl.create_default_context(cafile=certificate)
        raw = context.wrap_socket(socket.create_connection(('127.0.0.1', c.clerk_port), 10), server_hostname='console.example')
        body = json.dumps({'name': 'hanako', 'password': PASSWORDS['hanako']})
        raw.sendall(('POST /v1/session HTTP/1.1\r\nHost: console.example:%d\r\nOrigin: https://console.example:%d\r\nContent-Type: application/json\r\n'
                     'Content-Length: %d\r\nConnection: close\r\n\r\n%s' % (c.clerk_port, c.clerk_port, len(body), body)).encode())
        answer = b''
        for piece in iter(lambda: raw.recv(4096), b''):
            answer += piece
        raw.close()
        ok(answer.startswith(b'HTTP/1.1 200') and b'; Secure' in answer and b'Strict-Transport-Security' in answer,
           'over TLS, by the name in report.hosts: signed in with a Secure cookie', answer)
        plain = socket.create_connection(('127.0.0.1', c.clerk_port), 10)
        plain.sendall(b'GET /ping HTTP/1.1\r\nHost: console.example\r\n\r\n')
        try:
            ok(b'pong' not in plain.recv(4096), 'a plain request gets nothing')
        except OSError:
            ok(True, 'a plain request gets nothing')
        plain.close()
    shutil.rmtree(folder, True)


def clerk_pid(c):
    return c.role_pids('clerk')[-1]


def try_ping(person):
    try:
        return person.ask('GET', '/v1/ledger')[0] == 401
    except OSError:
        return False


# --- the pages ---------------------------------------------------------------------------------------------------------

CHECKS = r'''
const wrong = [];
const visible = (e) => e.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true });
for (const e of document.querySelectorAll('input, select, textarea')) {
  if (!e.labels?.length && !e.getAttribute('aria-label')) wrong.push('no label: ' + e.outerHTML.slice(0, 80));
}
for (const e of document.querySelectorAll('a, button')) {
  if (visible(e) && !(e.innerText.trim() || e.getAttribute('aria-label'))) wrong.push('no name: ' + e.outerHTML.slice(0, 80));
}
for (const e of document.querySelectorAll('img')) if (!e.hasAttribute('alt')) wrong.push('no alt: ' + e.outerHTML.slice(0, 80));
for (const e of document.querySelectorAll('th')) if (!e.hasAttribute('scope')) wrong.push('th without scope: ' + e.innerText);
if (document.querySelectorAll('h1').length !== 1) wrong.push(document.querySelectorAll('h1').length + ' h1');
if (document.querySelectorAll('main').length !== 1) wrong.push('main');
let level = 0;
for (const e of document.querySelectorAll('h1, h2, h3, h4')) {
  const n = Number(e.tagName[1]);
  if (n > level + 1) wrong.push('heading ' + e.tagName + ' after h' + level + ': ' + e.innerText.slice(0, 40));
  level = n;
}
const ids = [...document.querySelectorAll('[id]')].map((e) => e.id);
if (new Set(ids).size !== ids.length) wrong.push('ids twice: ' + ids.filter((id, i) => ids.indexOf(id) !== i));
for (const e of document.querySelectorAll('[aria-labelledby], [aria-describedby]')) {
  for (const name of ['aria-labelledby', 'aria-describedby']) {
    for (const id of (e.getAttribute(name) ?? '').split(' ').filter(Boolean)) if (!document.getElementById(id)) wrong.push(name + ' to nothing: ' + id);
  }
}
if (!/^(ja|en)$/.test(document.documentElement.lang)) wrong.push('lang ' + document.documentElement.lang);
// Contrast (WCAG 2.2, 1.4.3) of each element that has text of its own, against the first ground behind it.
const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
const rgba = (color) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1); return canvas.getImageData(0, 0, 1, 1).data; };
const light = ([r, g, b]) => { const f = (v) => { v /= 255; return v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; }; return .2126 * f(r) + .7152 * f(g) + .0722 * f(b); };
for (const e of document.querySelectorAll('body *')) {
  if (![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()) || !visible(e) || e.closest('.hidden, .skip, option, noscript')) continue;
  const layers = [];
  for (let p = e; p; p = p.parentElement) { const c = rgba(getComputedStyle(p).backgroundColor); if (c[3] > 0) { layers.push(c); if (c[3] === 255) break; } }
  let ground = [255, 255, 255];
  for (const c of layers.reverse()) ground = ground.map((v, i) => v + (c[i] - v) * c[3] / 255);
  const style = getComputedStyle(e), a = light(rgba(style.color)), b = light(ground);
  const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
  const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.6 && style.fontWeight >= 700);
  if (ratio < (large ? 3 : 4.5) && !e.disabled) wrong.push('contrast ' + ratio.toFixed(2) + ' of "' + e.innerText.slice(0, 30) + '" ' + e.className);
}
if (document.documentElement.scrollWidth > innerWidth + 1) wrong.push('wider than the window: ' + document.documentElement.scrollWidth + ' in ' + innerWidth);
return wrong;
'''


class Pages:
    def __init__(self, b, c, language):
        self.b, self.c, self.language = b, c, language
        self.url = 'http://127.0.0.1:%d/' % c.clerk_port

    def go(self, place):
        self.b.run('location.hash = arguments[0]', '#/' + place)

    def heading(self):
        return self.b.text('main h1')

    def shown(self, words, where='main', seconds=10):
        return bool(self.b.until(lambda: words in self.b.text(where), seconds))

    def look(self, name):
        """Accessibility of the page as it stands, and its picture."""
        time.sleep(.5)  # animations
        wrong = self.b.run(CHECKS)
        ok(not wrong, '%s, %s: labels, headings, contrast, width' % (name, self.language), '\n'.join(wrong))
        self.b.picture(os.path.join(PICTURES, '%s-%s.png' % (name, self.language)), whole=True)

    def untouched(self, name):
        """Nothing that mail said was run, loaded or made into an element."""
        b = self.b
        ok(b.dialog is None and b.run('return window.pwned === undefined && !document.querySelector("#app script, #app img[src=x], #app [onerror]")'),
           '%s, %s: hostile text stayed text' % (name, self.language))
        text = b.run('return document.querySelector("#app").innerText + document.title')
        ok(not re.search('[\u202a-\u202e\u2066-\u2069\u200b\x1b\x07\x9b]', text), '%s, %s: no control or mark of direction is shown' % (name, self.language))
        wrong = [m for _, m in b.console() if 'Content Security' in m or 'TrustedHTML' in m or 'Uncaught' in m or 'SyntaxError' in m or 'TypeError' in m]
        ok(not wrong, '%s, %s: the console of the browser has no complaint' % (name, self.language), '\n'.join(wrong))

    def sign_in(self, name, password=None):
        b = self.b
        b.until(lambda: b.has('#name'))
        for field, value in (('#name', name), ('#password', password or PASSWORDS[name])):
            b.find(field).clear()
            b.find(field).type(value)
        b.find('main form button').click()

    def sign_out(self):
        self.b.find('#sign-out').click()
        self.b.until(lambda: self.b.has('#name'))


WORDS = {
    'ja': {'sign': 'サインイン', 'wrong': '名前かパスワードが違います', 'live': '流れ', 'search': '検索', 'ledger': '台帳', 'threats': '犯罪予告',
           'looks': '閲覧の記録', '110': 'まず110番に電話してください', 'ground': '法的根拠', 'house': '組織の規則', 'found': '見つかりました',
           'valid': '正しい', 'opened': '内容を読んだ', 'other': 'English', 'done': '確認済み', 'by': '確認'},
    'en': {'sign': 'Sign in', 'wrong': 'The name or the password is wrong', 'live': 'Live', 'search': 'Search', 'ledger': 'Ledger', 'threats': 'Threats',
           'looks': 'Looks', '110': 'First telephone 110', 'ground': 'Legal ground', 'house': 'rule of the house', 'found': 'found.',
           'valid': 'valid', 'opened': 'read the content', 'other': '日本語', 'done': 'acknowledged', 'by': 'Acknowledged by'}}


def pages_operator(p, ids):
    b, c, w = p.b, p.c, WORDS[p.language]
    b.open(p.url)
    ok(b.until(lambda: p.heading() == w['sign']), 'the sign-in, in ' + p.language, b.text('body'))
    ok(b.run('return document.documentElement.lang') == p.language, 'html lang is ' + p.language)
    ok(b.focused.get('id') == 'name', 'the first field has the focus')
    p.look('sign-in')
    p.sign_in('hanako', 'not-the-password')
    ok(p.shown(w['wrong']), 'a wrong password is told in words', b.text('main'))
    b.keys((b.CONTROL, 'a'), PASSWORDS['hanako'], b.ENTER)
    ok(b.until(lambda: p.heading() == w['live']), 'signed in with the keyboard', b.text('body'))
    ok('sekisho' not in b.run('return document.cookie'), 'the cookie is out of reach of scripts')
    ok(b.until(lambda: b.has('.status.on')), 'the stream is connected')
    began = time.time()
    send(c, message('件名' + p.language, '本文'), sender=('live-%s@sender.example' % p.language).encode())
    ok(b.until(lambda: 'live-%s@sender' % p.language in b.text('table.messages'), 5), 'a message shows in the stream (%.2f s after it was sent)' % (time.time() - began))
    ok(time.time() - began < 2, 'within a second or so')
    send(c, message(HOSTILE.replace('\0', ''), HOSTILE.replace('\0', '')), sender=b'"<img src=x onerror=window.pwned=1>"@sender.example',
         helo=b'<script>window.pwned=1</script>')
    ok(b.until(lambda: '<img src=x onerror=window.pwned=1>' in b.text('table.messages')), 'a hostile sender is shown as he wrote himself', b.text('table.messages')[:400])
    ok(b.until(lambda: b.has('.chart canvas')), 'the day is drawn')
    p.look('live')
    p.untouched('live')
    b.keys('p')
    ok(b.until(lambda: b.has('.status.paused')), 'the key p pauses the stream')
    send(c, message('止', '止'), sender=('while-paused-%s@sender.example' % p.language).encode())
    time.sleep(.7)
    ok('while-paused-' + p.language not in b.text('table.messages'), 'nothing moves while it is paused')
    b.keys('p')
    ok(b.until(lambda: 'while-paused-' + p.language in b.text('table.messages')), 'and all of it comes after')

    # keyboard alone: to a verdict and back
    b.keys('j', 'j', 'k')
    ok('row-link' in (b.focused.attribute('class') or ''), 'j and k move in the list')
    b.keys(b.ENTER)
    ok(b.until(lambda: '#/message/' in b.url and b.has('.recipient')), 'Enter opens the verdict', b.url)
    ok(b.until(lambda: b.focused.get('tagName') == 'H1'), 'its heading has the focus')
    b.keys('g', 'd')
    ok(b.until(lambda: p.heading() == w['ledger']), 'g d goes to the ledger')
    ok(b.until(lambda: w['valid'] in b.text('.tiles')), 'the last checkpoint is there and its signature is valid', b.text('main'))
    p.look('ledger')
    b.keys('?')
    ok(b.until(lambda: b.has('dialog[open]')), '? lists the keys')
    b.picture(os.path.join(PICTURES, 'keys-%s.png' % p.language))
    b.keys(b.ESCAPE)
    ok(b.until(lambda: not b.has('dialog[open]')), 'Escape closes the list')
    b.run('document.activeElement.blur(); window.scrollTo(0, 0)')
    b.open(p.url + '#/live')
    b.reload()
    b.until(lambda: b.has('.skip'))
    b.keys(b.TAB)
    ok('skip' in (b.focused.attribute('class') or ''), 'Tab begins at the skip link', b.focused.get('outerHTML'))
    b.keys(b.ENTER)
    ok(b.until(lambda: b.focused.get('id') == 'content'), 'which leads to the content')

    for name in ('plain', 'hostile'):
        p.go('message/' + ids[name])
        ok(b.until(lambda: b.has('.recipient')), 'the verdict on the %s message' % name, b.text('main'))
        ok(p.shown(w['ground']) and p.shown(w['house']), 'with its legal ground')
        ok(p.shown('DMARC') and p.shown('SPF') and b.has('.road li.us'), 'with its papers and the road it came')
        ok('請求書の件' not in b.text('main') and not b.has('#reason'), 'and nothing of what it says')
        p.look('message-' + name)
        p.untouched('message-' + name)
    ok(ids['plain'].encode() in journal(c), 'the look is in the ledger')

    b.size(320, 700)
    p.go('live')
    ok(b.until(lambda: b.has('table.messages')), 'a page that is opened shows what came last')
    p.look('live-320px')
    p.go('message/' + ids['hostile'])
    b.until(lambda: b.has('.recipient'))
    p.look('message-320px')
    b.size(1280, 900)


def pages_threats(p):
    b, w = p.b, WORDS[p.language]
    p.go('live')
    ok(b.until(lambda: w['110'] in b.text('.banner[role=alert]'), 15), 'a threat rings on every page: first telephone 110', b.text('body')[:300])
    p.go('threats')
    ok(b.until(lambda: b.has('article.alarm:not(.done)')), 'the threat waits for somebody', b.text('main'))
    p.look('threats')
    p.untouched('threats')
    note = '所轄に電話した ' + SCRIPT
    field = b.find('article.alarm:not(.done) input')
    field.type(note)
    b.keys(b.ENTER)
    ok(b.until(lambda: any('hanako' in e.text for e in b.all('article.alarm.done'))), 'it is acknowledged, with who', b.text('main'))
    ok(b.until(lambda: note in b.text('article.alarm.done')), 'and the note as it was typed', b.text('main'))
    ok('alarm.acknowledged'.encode() in journal(p.c), 'the acknowledgement is in the ledger')
    p.look('threats-done')
    p.untouched('threats-done')


def pages_reviewer(p, ids):
    b, w = p.b, WORDS[p.language]
    p.sign_in('ryoko')
    ok(b.until(lambda: p.heading() == w['live']), 'the reviewer is signed in')
    b.keys('/')
    ok(b.until(lambda: p.heading() == w['search'] and b.focused.get('id') == 'search-words'), 'the key / goes to the search field')
    b.find('#search-words').type('請求')
    b.find('#search-reason').type('確認のため')
    b.keys(b.ENTER)
    ok(b.until(lambda: w['found'] in b.text('main') and '請求書の件' in b.text('table.messages')), 'a Japanese word of two characters is found', b.text('main'))
    p.look('search')
    p.untouched('search')
    p.go('message/' + ids['hostile'])
    b.until(lambda: b.has('#reason'))
    b.find('#reason').type('理由 ' + SCRIPT)
    b.keys(b.ENTER)
    ok(b.until(lambda: '<script>window.pwned=1</script>' in b.text('main')), 'with a reason the content is shown, as text', b.text('main')[-600:])
    p.look('content')
    p.untouched('content')
    p.sign_out()
    p.sign_in('akira')
    ok(b.until(lambda: not b.has('nav a[href="#/search"]') and b.has('nav a[href="#/looks"]')), 'the auditor has other pages')
    p.go('looks')
    ok(b.until(lambda: w['opened'] in b.text('main')), 'and sees who read what', b.text('main')[:300])
    p.look('looks')
    p.untouched('looks')
    p.go('account')
    ok(b.until(lambda: 'akira' in p.heading()), 'his own page')
    p.look('account')
    p.sign_out()
    ok(p.heading() == w['sign'], 'signed out')


def in_browser(c, language, ids):
    with browser.Browser(language=language) as b:
        p = Pages(b, c, language)
        pages_operator(p, ids)
        # Words of two different authors: one campaign rings once an hour.
        words = {'ja': '明日の15時34分に桜ヶ丘市役所を爆破します。爆弾を仕掛けました。', 'en': '来週、若葉小学校に行って教師を必ず殺す。包丁は用意した。'}[language]
        send(c, message('予告 ' + SCRIPT, words + SCRIPT), sender=b'x@threat.example')
        pages_threats(p)
        b.find('#language').click()
        other = 'en' if language == 'ja' else 'ja'
        ok(b.until(lambda: b.text('main h1') == WORDS[other]['threats']) and b.run('return document.documentElement.lang') == other, 'the language is changed')
        b.reload()
        ok(b.until(lambda: b.text('main h1') == WORDS[other]['threats']), 'and remembered')
        b.find('#language').click()
        p.sign_out()
        pages_reviewer(p, ids)


def in_the_dark(c, ids):
    with browser.Browser(language='ja', dark=True) as b:
        p = Pages(b, c, 'ja')
        b.open(p.url)
        p.sign_in('hanako')
        b.until(lambda: p.heading() == WORDS['ja']['live'])
        for place, name in (('live', 'live-dark'), ('message/' + ids['plain'], 'message-dark'), ('ledger', 'ledger-dark'), ('threats', 'threats-dark'), ('search', 'search-dark')):
            p.go(place)
            b.until(lambda: b.has('main h1') and not b.has('main p[role=status]'))
            p.look(name)


def main():
    made = subprocess.run([os.path.join(ROOT, 'tools', 'make-console'), CONSOLE], capture_output=True, text=True, timeout=300)
    has_libraries = os.path.exists(os.path.join(CONSOLE, 'lib', 'preact.js'))
    with Checkpoint(extra='log = debug\n[policy]\nrefuse = 50\nhold = 40') as c:
        accounts(c)
        doors(c)
        sign_in(c)
        changes(c)
        received = 'Received: from far.example (far.example [198.51.100.9])\r\n by mx.example with ESMTP; Sun, 22 Nov 2026 10:00:00 +0900\r\n'
        hostile_received = 'Received: from %s ([198.51.100.66])\r\n by %s with SMTP; Sun, 22 Nov 2026 10:00:00 +0900\r\n' % (SCRIPT.replace('"', ''), 'x\u202ey')
        send(c, received.encode() + message('請求書の件', '至急お支払いください。', name='経理'), sender=b'plain@sender.example')
        hostile = HOSTILE.replace('\0', '')
        send(c, hostile_received.encode() + message(hostile, hostile + '請求', name='"%s"' % SCRIPT.replace('"', '')), sender=b'hostile@sender.example',
             helo=b'<script>window.pwned=1</script>')
        operator = Person(c, 'hanako')
        ids = {}
        for name in ('plain', 'hostile'):
            found = until(lambda: operator.ask('GET', '/v1/search?sender=%s@' % name)[1].get('messages'))
            ids[name] = found[0]['id'] if found else ''
        ok(all(ids.values()), 'both messages are found by their senders', ids)
        roles(c, ids['plain'])
        streams(c)
        if browser.missing() or not has_libraries:
            skip('pages in a browser', browser.missing() or made.stderr.strip() or 'the libraries of the console are not there')
        else:
            in_browser(c, 'ja', ids)
            in_browser(c, 'en', ids)
            in_the_dark(c, ids)
        guesses(c)
        crowd(c)
        killed(c)
        ok('Traceback' not in c.log_text() and 'assertion' not in c.log_text(), 'no process failed', c.log_text()[-1500:])
    over_tls()
    done()


if __name__ == '__main__':
    main()
