#!/usr/bin/env python3
"""What we ask of others over https: web hooks and witnesses behind TLS whose certificates an authority of the test made, right
ones and wrong ones; and the witness's door, which counts how often one address asks."""
import hashlib
import re
import ssl
import tempfile
import urllib.error
import urllib.request

from alarm import Hook, Names, alarm_command, section, signed, wait
from checkpoint import *

NAME = 'hook.sekisho.example'
FAULTS = {
    'wrong': 'mismatch',
    'expired': 'certificate has expired',
    'self': 'self-signed certificate',
    'stranger': 'unable to get local issuer certificate',
}
MAIL = b'From: Taro <taro@sender.example>\r\nSubject: hello\r\n\r\nHello world.\r\n'


class Authority:
    """Certificates by openssl, in a folder that goes with it. good, wrong (of another host), expired: by our authority;
    self: by nobody; stranger: by an authority that nobody trusts."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix='sekisho-https-')
        for name in ('authority', 'other'):
            self.openssl('req', '-x509', *self.key(name), '-days', '2', '-out', self.path(name + '.pem'), '-subj', '/CN=%s of the test' % name,
                         '-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign')
        self.leaf('good', 'IP:127.0.0.1,DNS:' + NAME)
        self.leaf('wrong', 'IP:127.0.0.9,DNS:other.example')
        self.leaf('expired', 'IP:127.0.0.1,DNS:' + NAME, days=-1)
        self.leaf('stranger', 'IP:127.0.0.1,DNS:' + NAME, authority='other')
        self.openssl('req', '-x509', *self.key('self'), '-days', '2', '-out', self.path('self.pem'), '-subj', '/CN=127.0.0.1',
                     '-addext', 'subjectAltName=IP:127.0.0.1,DNS:' + NAME)

    def path(self, name):
        return os.path.join(self.folder, name)

    def key(self, name):
        return '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', self.path(name + '.key')

    @staticmethod
    def openssl(*arguments):
        subprocess.run(('openssl',) + arguments, check=True, capture_output=True, timeout=60)

    def leaf(self, name, names, days=2, authority='authority'):
        with open(self.path('extensions'), 'w') as f:
            f.write('subjectAltName=%s\nbasicConstraints=critical,CA:FALSE\n' % names)
        self.openssl('req', '-new', *self.key(name), '-out', self.path('request'), '-subj', '/CN=' + name)
        self.openssl('x509', '-req', '-in', self.path('request'), '-CA', self.path(authority + '.pem'), '-CAkey', self.path(authority + '.key'),
                     '-CAcreateserial', '-days', str(days), '-extfile', self.path('extensions'), '-out', self.path(name + '.pem'))

    def context(self, name):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.path(name + '.pem'), self.path(name + '.key'))
        return context

    def close(self):
        shutil.rmtree(self.folder, True)


class Front:
    """TLS in front of a plain port, as a site's web server is. `taken` counts connections, `spoken` those whose handshake
    came to its end."""

    def __init__(self, context, port):
        self.context, self.behind = context, port
        self.taken = self.spoken = 0
        self.listener = socket.socket()
        self.listener.bind(('127.0.0.1', 0))
        self.listener.listen(16)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self.taken += 1
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        try:
            client.settimeout(20)
            client = self.context.wrap_socket(client, server_side=True)
            request = b''
            while b'\r\n\r\n' not in request:
                got = client.recv(65536)
                if not got:
                    return
                request += got
            self.spoken += 1
            size = int(re.search(rb'(?i)\r\ncontent-length: *(\d+)', request)[1])
            while len(request) < request.index(b'\r\n\r\n') + 4 + size:
                request += client.recv(65536)
            with socket.create_connection(('127.0.0.1', self.behind), 20) as behind:
                behind.sendall(request)
                while True:
                    got = behind.recv(65536)
                    if not got:
                        break
                    client.sendall(got)
            client.unwrap()
        except (OSError, ValueError):
            pass
        finally:
            client.close()

    def close(self):
        self.listener.close()


def secure(hook, context, host='127.0.0.1'):
    hook.server.socket = context.wrap_socket(hook.server.socket, server_side=True, do_handshake_on_connect=False)
    hook.url = 'https://%s:%d/in' % (host, hook.port)
    return hook


def line_of(text, url):
    """What is said of a web hook; its address is told as the start of its hash."""
    mark = '#' + hashlib.sha256(url.encode()).hexdigest()[:8]
    return next((line for line in text.splitlines() if mark in line), '')


def test_webhooks(authority):
    names = Names(NAME)
    hooks = {name: secure(Hook(), authority.context(name)) for name in ('good', *FAULTS)}
    named = secure(Hook(), authority.context('good'), NAME)
    misnamed = secure(Hook(), authority.context('wrong'), NAME)
    every = list(hooks.values()) + [named, misnamed]
    conf = section('webhook = %s\nwebhook_authorities = %s\n' % (', '.join(h.url for h in every), authority.path('authority.pem')))
    conf += '[dns]\nservers = 127.0.0.1@%d\n' % names.port
    with Checkpoint(extra=conf) as point:
        tested = alarm_command(point, 'test')
        said = tested.stdout.decode()
        ok(len(hooks['good'].got) == 1 and 'delivered' in line_of(said, hooks['good'].url), 'a web hook whose certificate our authority made is sent the alarm',
           said + point.log_text()[-1000:])
        ok(hooks['good'].got and signed(point, hooks['good'].got[0][1], hooks['good'].got[0][2]), 'and signed as always')
        ok(len(named.got) == 1, 'so is one that is named by its name', said)
        for name, words in FAULTS.items():
            line = line_of(said, hooks[name].url)
            ok(not hooks[name].got and 'certificate' in line and words in line, 'a certificate that is %s is refused: %s' % (name, words), said)
        ok(not misnamed.got and 'hostname mismatch' in line_of(said, misnamed.url), 'and one that does not have the name', said)
        ok(tested.returncode == 1, 'which the command\'s status tells', tested.returncode)
    for hook in every:
        hook.close()
    names.socket.close()


def send(c, count=1):
    for _ in range(count):
        with Smtp(c.port) as s:
            assert s.mail(MAIL)[0] == 250


def read(c, name, seconds=10):
    wait(lambda: os.path.exists(os.path.join(c.record, name)), seconds)
    with open(os.path.join(c.record, name)) as f:
        return f.read()


def cosigned(c):
    return os.path.exists(os.path.join(c.record, 'checkpoint.cosigned'))


def witness_conf(fronts, vkey, authorities, every='1s'):
    conf = '[record]\nname = west.example/sekisho\nwitness_every = %s\n' % every
    if authorities:
        conf += 'witness_authorities = %s\n' % authorities
    for name, front in fronts.items():
        conf += '[witness %s]\nurl = https://127.0.0.1:%d/witness\nvkey = %s\n' % (name, front.port, vkey)
    return conf + '[report]\nlisten = -\n'


def test_witness(authority):
    """East is a witness of west, behind TLS. West has no console and no alarms."""
    west = Checkpoint(extra='[record]\nname = west.example/sekisho\n[report]\nlisten = -\n')
    east, fronts = None, {}
    try:
        send(west, 2)
        wait(lambda: int(read(west, 'checkpoint').split('\n')[1]) >= 4)
        vkey = read(west, 'ledger.vkey').strip()
        east = Checkpoint(extra='[record]\nname = east.example/sekisho\n[witness_log west]\nvkey = %s\n' % vkey)
        peer = read(east, 'witness.vkey').strip()
        fronts = {name: Front(authority.context(name), east.clerk_port) for name in ('good', *FAULTS)}
        bad = {name: fronts[name] for name in FAULTS}
        west.stop(keep=True)
        west.write_conf(witness_conf(bad, peer, authority.path('authority.pem')))
        west.start()
        ok(wait(lambda: all(f.taken >= 2 for f in bad.values()), 20), 'witnesses behind TLS are asked, by a checkpoint without console and alarms too',
           west.log_text()[-1500:])
        log = west.log_text()
        for name, words in FAULTS.items():
            line = next((l for l in log.splitlines() if 'the witness %s has not cosigned' % name in l), '')
            ok('certificate' in line and words in line, 'the log says of a witness whose certificate is %s: %s' % (name, words), log[-1500:])
        ok(not any(f.spoken for f in bad.values()) and not cosigned(west), 'none of them was told anything, and nothing is cosigned')
        r = west.command('ledger', 'witness', '--lang', 'en')
        said = r.stdout.decode()
        ok(r.returncode == 69 and all('%s: not cosigned' % n in said for n in bad) and said.count('certificate') >= 4 and not cosigned(west),
           'the command refuses them as well, and says why', said)

        west.stop(keep=True)
        west.write_conf(witness_conf({'good': fronts['good']}, peer, ''))
        west.start()
        ok(wait(lambda: fronts['good'].taken >= 1, 20) and wait(lambda: 'the witness good has not cosigned' in west.log_text()) and not fronts['good'].spoken,
           'an authority that is not configured vouches for nobody', west.log_text()[-1000:])

        west.stop(keep=True)
        west.write_conf(witness_conf({'good': fronts['good']}, peer, authority.path('nothing.pem')))
        r = subprocess.run([PROGRAM, 'serve', '--config', west.conf], capture_output=True, timeout=60)
        ok(r.returncode == 78 and b'record.witness_authorities' in r.stderr, 'without the file of authorities it does not start, and names the key', r.stderr)

        west.write_conf(witness_conf(fronts, peer, authority.path('authority.pem')))
        west.start()
        ok(wait(lambda: cosigned(west), 20), 'with the right certificate the cosignature arrives', west.log_text()[-1500:])
        note = read(west, 'checkpoint.cosigned')
        ok(note.count('\n— east.example/sekisho/witness ') == 1, 'one, from the witness that proved who it is', note)
        r = west.command('ledger', 'verify', '--witnesses', '2', '--lang', 'en')
        ok(r.returncode == 1 and b'only 1 of the 2' in r.stdout + r.stderr, 'one key is one witness, in however many sections it stands', r)
        west.write_conf(witness_conf({'good': fronts['good']}, peer, authority.path('authority.pem')))
        r = west.command('ledger', 'verify', '--witnesses', '1', '--lang', 'en')
        ok(r.returncode == 0 and b'cosigned by 1 witnesses' in r.stdout + r.stderr, 'and verifies', r.stdout + r.stderr)
        ok(fronts['good'].spoken and not any(f.spoken for f in bad.values()), 'the others beside it still hear nothing')
        west.write_conf(witness_conf(fronts, peer, authority.path('authority.pem')))
        at = int(note.split('\n')[1])
        send(west, 2)
        ok(wait(lambda: int(read(west, 'checkpoint.cosigned').split('\n')[1]) > at, 20), 'and again when the ledger has grown', west.log_text()[-1000:])
        r = west.command('ledger', 'witness', '--lang', 'en')
        said = r.stdout.decode()
        ok('good: cosigned' in said and 'expired: not cosigned' in said, 'the command tells which is which', said)
    finally:
        west.stop()
        if east:
            east.stop()
        for front in fronts.values():
            front.close()


def limit(name):
    with open(os.path.join(ROOT, 'src', 'base', 'limits.h')) as f:
        return int(re.search(r'#define %s (\d+)' % name, f.read())[1])


def ask(c, path='/witness/add-checkpoint', body=b'x'):
    request = urllib.request.Request('http://127.0.0.1:%d%s' % (c.clerk_port, path), body, {'Content-Type': 'text/plain'} if body else {})
    try:
        with urllib.request.urlopen(request, timeout=20) as r:
            return r.status, r.headers
    except urllib.error.HTTPError as e:
        return e.code, e.headers


def test_door():
    """The witness's door: so many requests of one address in a minute, and one more."""
    most = limit('LIMIT_WITNESS_CALLS')
    with Checkpoint(extra='[record]\nname = west.example/sekisho\n') as west:
        vkey = read(west, 'ledger.vkey').strip()
        ok(all(ask(west)[0] == 404 for _ in range(most + 1)), 'who witnesses nobody says so, however often one asks')
    with Checkpoint(extra='[record]\nname = east.example/sekisho\n[witness_log west]\nvkey = %s\n' % vkey) as east:
        read(east, 'witness.vkey')
        began = time.time()
        answers = [ask(east)[0] for _ in range(most)]
        if time.time() - began > 50:
            skip('the bound of the witness\'s door', 'the machine is too slow for %d requests in a minute' % most)
            return
        ok(set(answers) <= {400, 503} and answers[-1] == 400, '%d requests of a minute are answered' % most, answers)
        status, headers = ask(east)
        ok(status == 429 and 1 <= int(headers['Retry-After']) <= 60, 'one more is 429, with when to come again', (status, dict(headers)))
        status, headers = ask(east, '/witness/%s/checkpoint' % ('0' * 64), None)
        ok(status == 429, 'so is a question for a checkpoint', status)
        ok(ask(east, '/ping', None)[0] == 200, 'the console is not closed by it')


def main():
    if not shutil.which('openssl'):
        skip('https', 'no openssl command')
        done()
    authority = Authority()
    try:
        for test in (test_webhooks, test_witness):
            if not sys.argv[1:] or any(w in test.__name__ for w in sys.argv[1:]):
                test(authority)
        if not sys.argv[1:] or any(w in 'test_door' for w in sys.argv[1:]):
            test_door()
    finally:
        authority.close()
    done()


if __name__ == '__main__':
    main()
