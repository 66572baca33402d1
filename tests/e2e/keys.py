#!/usr/bin/env python3
"""Private keys: who has them, who may use them, and what happens when the process that holds them is gone.

Certificates of each kind are made with openssl and spoken to with OpenSSL's and Python's clients. As root, the memory of
every process is searched for the numbers of which the keys are made."""
import os, re, shutil, signal, socket, ssl, subprocess, time, urllib.request

from checkpoint import Checkpoint, NextHop, Smtp, done, ok, run, skip

KINDS = {
    'RSA of 2048 bits': ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048'],
    'RSA of 4096 bits': ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:4096'],
    'ECDSA on P-256': ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256'],
    'ECDSA on P-384': ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-384'],
    'Ed25519': ['-algorithm', 'ED25519'],
}
MESSAGE = b'From: a@sender.example\r\nTo: user@rcpt.example\r\nSubject: under TLS\r\nMessage-ID: <%d@sender.example>\r\n' \
          b'Date: Sun, 22 Nov 2026 10:00:00 +0900\r\n\r\nHello.\r\n'


def make(folder, name, options):
    key, certificate = os.path.join(folder, name + '.key'), os.path.join(folder, name + '.pem')
    subprocess.run(['openssl', 'genpkey', '-out', key] + options, check=True, capture_output=True)
    os.chmod(key, 0o600)
    subprocess.run(['openssl', 'req', '-x509', '-new', '-key', key, '-out', certificate, '-days', '2', '-subj', '/CN=localhost',
                    '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'], check=True, capture_output=True)
    return certificate, key


def conf(pair, more=''):
    return 'log = debug\n%s[transfer]\ntls_certificate = %s\ntls_key = %s\n' % (more, *pair)


def secure(port, certificate, version=None, timeout=15):
    """A session inside TLS, the certificate checked: an Smtp that has said EHLO."""
    s = Smtp(port, timeout=timeout)
    answer = s.say(b'STARTTLS')
    if answer[0] != 220:
        s.close()
        raise OSError('STARTTLS: %s' % (answer,))
    context = ssl.create_default_context(cafile=certificate)
    if version:
        context.minimum_version = context.maximum_version = version
    s.file.close()
    s.socket = context.wrap_socket(s.socket, server_hostname='localhost')
    s.file = s.socket.makefile('rb')
    s.say(b'EHLO client.example')
    return s


def shakes(port, certificate, **more):
    try:
        with secure(port, certificate, **more) as s:
            return s.socket.version()
    except (OSError, ssl.SSLError):
        return None


def wait_for(what, seconds=20):
    end = time.time() + seconds
    while time.time() < end:
        got = what()
        if got:
            return got
        time.sleep(.1)
    return None


def plain(c, number):
    with Smtp(c.port) as s:
        return s.mail(MESSAGE % number)[0]


def numbers_of(key):
    """The secret numbers of a key, as bytes."""
    text = subprocess.run(['openssl', 'pkey', '-in', key, '-text', '-noout'], capture_output=True, text=True, check=True).stdout
    found = {}
    for name, digits in re.findall(r'^(privateExponent|prime1|prime2|exponent1|exponent2|coefficient|priv):\s*\n((?:\s+[0-9a-f:]+\n)+)', text, re.M):
        found[name] = bytes.fromhex(re.sub(r'[\s:]', '', digits)).lstrip(b'\0')
    return found


def patterns_of(key):
    """What a memory that knows the key may hold: each number both ways round (the middle of it, for numbers may be cut),
    and the middle of the file's text."""
    found = {}
    for name, number in numbers_of(key).items():
        middle = len(number) // 2
        part = number[max(0, middle - 16):middle + 16]
        found[name] = part
        found[name + ' reversed'] = part[::-1]
    with open(key, 'rb') as f:
        lines = f.read().splitlines()
    found['PEM'] = max(lines[1:-1], key=len)[:40]
    return found


def memory_has(pid, patterns):
    """Names of the patterns that the process's memory holds."""
    found = set()
    with open('/proc/%d/maps' % pid) as maps, open('/proc/%d/mem' % pid, 'rb', 0) as memory:
        for line in maps:
            place, rights = line.split()[:2]
            if rights[0] != 'r' or line.rstrip().endswith(('[vvar]', '[vsyscall]')):
                continue
            at, end = (int(x, 16) for x in place.split('-'))
            before = b''
            while at < end:
                size = min(1 << 22, end - at)
                try:
                    memory.seek(at)
                    piece = memory.read(size)
                except (OSError, ValueError, OverflowError):
                    break
                if not piece:
                    break
                block = before + piece
                found.update(name for name, pattern in patterns.items() if pattern in block)
                before = block[-64:]
                at += len(piece)
    return found


def processes(c):
    """pid -> role, of the supervisor and all its children."""
    pids = {c.process.pid: 'supervisor'}
    for line in c.log_text().splitlines():
        m = re.search(r'supervisor.*?(\w+) \d+ started as (\d+)', line)
        if m and os.path.exists('/proc/' + m.group(2)):
            pids[int(m.group(2))] = m.group(1)
    for pid in c.children():
        pids.setdefault(pid, 'child')
    return pids


def search_memory(c, key, kind):
    if os.geteuid() != 0:
        skip('the memory of all processes, %s' % kind, 'only root may read it')
        return
    patterns = patterns_of(key)
    try:
        held = {(pid, role): memory_has(pid, patterns) for pid, role in processes(c).items()}
    except PermissionError:
        skip('the memory of all processes, %s' % kind, 'this root may not read it')
        return
    roles = {role for _, role in held}
    ok({'supervisor', 'keeper', 'clerk', 'worker', 'keys'} <= roles, '%s: all processes are looked at' % kind, held.keys())
    for role in sorted(roles):
        if role == 'keys':
            ok(any(found - {'PEM'} for (_, r), found in held.items() if r == role),
               '%s: the key process has the numbers (so the search finds what is there)' % kind, held)
        else:
            ok(not any(found for (_, r), found in held.items() if r == role), '%s: the memory of %s has none of them' % (kind, role), held)
    ok(not any('PEM' in found for found in held.values()), "%s: the text of the file is in nobody's memory" % kind, held)


def s_client(port, version):
    r = subprocess.run(['openssl', 's_client', '-connect', '127.0.0.1:%d' % port, '-starttls', 'smtp', version, '-crlf', '-quiet'],
                       input=b'QUIT\n', capture_output=True, timeout=20)
    return r.returncode == 0 and b'221' in r.stdout, r.stdout + r.stderr


def kinds(c, pairs):
    for number, (kind, (certificate, key)) in enumerate(pairs.items()):
        if number:
            c.write_conf(conf((certificate, key)))
            c.signal(signal.SIGHUP)
        ok(wait_for(lambda: shakes(c.port, certificate) == 'TLSv1.3'), '%s: TLS 1.3 with Python%s' % (kind, ', after a reload' if number else ''),
           c.log_text()[-1500:])
        ok(wait_for(lambda: shakes(c.port, certificate, version=ssl.TLSVersion.TLSv1_2) == 'TLSv1.2'), '%s: TLS 1.2 with Python' % kind)
        for version in ('-tls1_2', '-tls1_3'):
            good, said = s_client(c.port, version)
            ok(good, '%s: openssl s_client %s' % (kind, version), said)
        with secure(c.port, certificate) as s:
            ok(s.mail(MESSAGE % number)[0] == 250, '%s: a message under TLS' % kind)
        search_memory(c, key, kind)
    ok(len(c.mails()) == len(pairs) and all(b'with ESMTPS' in m for m in c.mails()), 'all of them arrived, under TLS', c.mails())


def descriptors(c, folder):
    """No process but supervisor and key process has a key file open; the key process closes it when it is read."""
    open_files = {}
    for pid, role in processes(c).items():
        for fd in os.listdir('/proc/%d/fd' % pid):
            try:
                target = os.readlink('/proc/%d/fd/%s' % (pid, fd))
            except OSError:
                continue
            if target.endswith('.key'):
                open_files.setdefault(role, []).append(target)
    ok(set(open_files) == {'supervisor'}, 'only the supervisor keeps key files open, unread', open_files)


def dies(c, certificate):
    keys = c.role_pids('keys')
    ok(len(keys) == 1, 'there is one key process', keys)
    os.kill(keys[0], signal.SIGKILL)
    ok(plain(c, 100) == 250, 'the key process is killed: mail without TLS goes on')
    ok(wait_for(lambda: shakes(c.port, certificate)), 'and soon hands are shaken again', c.log_text()[-1500:])
    again = c.role_pids('keys')
    ok(len(again) == 1 and again != keys, 'by a new one', (keys, again))
    for _ in range(3):
        os.kill(c.role_pids('keys')[-1], signal.SIGKILL)
        ok(wait_for(lambda: shakes(c.port, certificate)), 'killed once more, it comes back')
    keys = c.role_pids('keys')[-1]
    os.kill(keys, signal.SIGSTOP)
    begin = time.time()
    ok(shakes(c.port, certificate) is None, 'one that does not answer: the handshake fails')
    ok(time.time() - begin < 6, 'after a short wait', time.time() - begin)
    begin = time.time()
    with Smtp(c.port) as s:
        # the other worker may not have noticed yet: it answers 220 and its handshake fails
        answer = s.say(b'STARTTLS')
        ok(answer[0] in (454, 220), 'STARTTLS is answered 454 by a worker that knows', answer)
        if answer[0] == 454:
            ok(s.mail(MESSAGE % 101)[0] == 250, 'and the client may go on in plain')
        else:
            ok(plain(c, 101) == 250, 'and mail in plain goes on')
    ok(time.time() - begin < 6, 'quickly', time.time() - begin)
    os.kill(keys, signal.SIGCONT)
    ok(wait_for(lambda: shakes(c.port, certificate)), 'when it answers again, hands are shaken again')
    for pid in c.role_pids('worker'):
        os.kill(pid, signal.SIGKILL)
    ok(wait_for(lambda: shakes(c.port, certificate)), 'workers that were killed are introduced to it again')


def misfits(c, pairs, folder):
    (certificate, key), (_, other) = pairs['ECDSA on P-256'], pairs['RSA of 2048 bits']
    locked = os.path.join(folder, 'locked.key')
    subprocess.run(['openssl', 'pkey', '-in', key, '-out', locked, '-aes256', '-passout', 'pass:secret'], check=True, capture_output=True)
    empty = os.path.join(folder, 'empty.key')
    open(empty, 'w').close()
    p224 = make(folder, 'p224', ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-224'])
    weak = make(folder, 'weak', ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:1024'])
    ed448 = make(folder, 'ed448', ['-algorithm', 'ED448'])
    cases = (
        ('a key of another certificate', (certificate, other), 'not the key of that certificate'),
        ('a key with a passphrase', (certificate, locked), 'passphrase'),
        ('no key at all', (certificate, empty), 'no key file'),
        ('the certificate in its place', (certificate, certificate), 'no private key'),
        ('a key that is not there', (certificate, '/nonexistent/k.key'), '/nonexistent/k.key'),
        ('a folder in its place', (certificate, folder), 'no key file'),
        ('a curve that we do not use', p224, 'kind of key'),
        ('RSA of 1024 bits', weak, '2048'),
        ('Ed448', ed448, 'kind of key'),
    )
    c.write_conf(conf((certificate, key)))
    c.signal(signal.SIGHUP)
    ok(wait_for(lambda: shakes(c.port, certificate)), 'a good pair is in force')
    for name, pair, words in cases:
        before = len(c.log_text())
        c.write_conf(conf(pair))
        c.signal(signal.SIGHUP)
        said = wait_for(lambda: [l for l in c.log_text()[before:].splitlines() if 'stays in force' in l])
        ok(said and words in said[0] and 'tls_' in said[0], '%s, by reload: refused, with words' % name, c.log_text()[before:])
        r = run('config', c.conf)
        ok(r.returncode == 78 and words in r.stderr.decode() and re.search(r'line \d+: transfer\.tls_', r.stderr.decode()),
           '%s: `config` says so, and where' % name, (r.returncode, r.stderr))
    ok(shakes(c.port, certificate) == 'TLSv1.3', 'after all of them the good pair is still in force')
    r = run('serve', '--check', '--config', c.conf)
    ok(r.returncode == 78 and b'kind of key' in r.stderr, '`serve --check` says so too', (r.returncode, r.stderr))
    with open(c.conf) as f:
        text = f.read()
    c.write_conf(conf(cases[0][1]))
    other_conf = os.path.join(folder, 'other.conf')
    with open(c.conf) as f:
        moved = re.sub(r'listen = .*', 'listen = 127.0.0.1:0', f.read()).replace('folder = ' + c.record, 'folder = ' + c.record + '-2')
    with open(other_conf, 'w') as f:
        f.write(moved)
    r = run('serve', '--config', other_conf, timeout=30)
    ok(r.returncode == 78 and b'not the key of that certificate' in r.stderr, '`serve` does not start with a key that does not fit',
       (r.returncode, r.stderr))
    c.write_conf(conf((certificate, key)))
    r = run('config', c.conf)
    ok(r.returncode == 0, 'a good pair is good', (r.returncode, r.stderr, text))


def generations(c, pairs):
    """A session that began under the old certificate may still shake hands for it after a reload."""
    names = list(pairs)
    old, new = pairs[names[0]], pairs[names[2]]
    c.write_conf(conf(old))
    c.signal(signal.SIGHUP)
    ok(wait_for(lambda: shakes(c.port, old[0])), 'the old pair is in force')
    s = Smtp(c.port)
    c.write_conf(conf(new))
    c.signal(signal.SIGHUP)
    ok(wait_for(lambda: shakes(c.port, new[0])), 'the new pair is in force for new sessions')
    os.kill(c.role_pids('keys')[-1], signal.SIGKILL)
    ok(wait_for(lambda: shakes(c.port, new[0])), 'also after the key process was started again')
    good = s.say(b'STARTTLS')[0] == 220
    try:
        tls = ssl.create_default_context(cafile=old[0]).wrap_socket(s.socket, server_hostname='localhost')
        ok(good and tls.version() == 'TLSv1.3', 'a session that began before still gets the old certificate, and its key')
        tls.close()
    except (OSError, ssl.SSLError) as e:
        ok(False, 'a session that began before still gets the old certificate, and its key', e)
    # A new key in the place of the old file is not in force before the reload, even if the key process begins anew.
    certificate, key = new
    for path in (certificate, key):
        shutil.copy2(path, path + '.kept')
    fresh = make(c.folder, 'fresh', KINDS['RSA of 2048 bits'])
    os.replace(fresh[1], key)
    os.kill(c.role_pids('keys')[-1], signal.SIGKILL)
    ok(wait_for(lambda: shakes(c.port, certificate)), 'a key file that was replaced without a reload: what was in force stays')
    for path in (certificate, key):
        os.replace(path + '.kept', path)


def another_user(folder, pairs):
    if os.geteuid() != 0:
        skip('a key that only root may read', 'only root can change the user')
        return
    hop = NextHop()
    certificate, key = pairs['ECDSA on P-256']
    os.chown(key, 0, 0)
    os.chmod(key, 0o600)
    c = Checkpoint(next_hop=hop.url, extra=conf((certificate, key), 'user = nobody\n'), start=False)
    os.chmod(c.folder, 0o755)
    try:
        c.start()
        ok(shakes(c.port, certificate) == 'TLSv1.3', 'user = nobody, and a key that only root may read: hands are shaken')
        uids = {role: open('/proc/%d/status' % pid).read().split('Uid:')[1].split()[1] for pid, role in processes(c).items()}
        ok(uids.pop('supervisor') == '0' and '0' not in uids.values(), 'nobody but the supervisor is root', uids)
        keys = c.role_pids('keys')[-1]
        if 'could reach the swap space' in c.log_text():
            skip('the key process has locked its memory', 'this machine does not allow it, and the log says so')
        else:
            status = open('/proc/%d/status' % keys).read()
            ok(int(re.search(r'VmLck:\s+(\d+)', status).group(1)) >= int(re.search(r'VmRSS:\s+(\d+)', status).group(1)),
               'the key process has locked its memory', status)
        limits = open('/proc/%d/limits' % keys).read()
        ok(re.search(r'Max core file size\s+0\s+0', limits), 'and leaves no core', limits)
        os.kill(keys, signal.SIGKILL)
        ok(wait_for(lambda: shakes(c.port, certificate)), 'also after the key process was killed')
        c.write_conf(conf(pairs['Ed25519'], 'user = nobody\n'))
        c.signal(signal.SIGHUP)
        ok(wait_for(lambda: shakes(c.port, pairs['Ed25519'][0])), 'and after a reload with another key', c.log_text()[-1500:])
        with secure(c.port, pairs['Ed25519'][0]) as s:
            ok(s.mail(MESSAGE % 7)[0] == 250 and len(hop.messages) == 1, 'a message passes')
    finally:
        c.stop()
        hop.close()


def no_files_at_reload(c, pairs):
    """Workers take a reload without opening a file: the certificate is removed right after the supervisor read it."""
    certificate, key = pairs['ECDSA on P-384']
    store = os.path.join(c.folder, 'store')
    with open(store, 'w') as f:
        f.write('someone@rcpt.example\tcontent\t\n')
    workers = c.role_pids('worker')
    before = len(c.log_text())
    for pid in workers:
        os.kill(pid, signal.SIGSTOP)
    c.write_conf(conf((certificate, key)) + '[permit]\nstore = %s\n' % store)
    c.signal(signal.SIGHUP)
    ok(wait_for(lambda: 'read again' in c.log_text()[before:]), 'the supervisor has read a new configuration', c.log_text()[before:])
    moved = [certificate + '.away', key + '.away', store + '.away']
    for path, away in zip((certificate, key, store), moved):
        os.rename(path, away)
    for pid in workers:
        os.kill(pid, signal.SIGCONT)
    ok(wait_for(lambda: c.log_text()[before:].count('new configuration in force') == len(workers)),
       'workers take it with all its files gone from the disk', c.log_text()[before:])
    ok(wait_for(lambda: shakes(c.port, moved[0])), 'and shake hands with the new certificate', c.log_text()[before:])
    for path, away in zip((certificate, key, store), moved):
        os.rename(away, path)


def console(pairs):
    """The clerk's own door under TLS, through reloads and deaths."""
    def get(c, certificate):
        try:
            context = ssl.create_default_context(cafile=certificate)
            with urllib.request.urlopen('https://127.0.0.1:%d/ping' % c.clerk_port, timeout=10, context=context) as r:
                return r.status == 200
        except OSError:
            return False

    def report(pair):
        return 'log = debug\n[report]\ntls_certificate = %s\ntls_key = %s\n' % pair

    first, second = pairs['ECDSA on P-256'], pairs['Ed25519']
    with Checkpoint(extra=report(first)) as c:
        ok(wait_for(lambda: get(c, first[0])), 'the console answers under TLS', c.log_text()[-1000:])
        try:
            with socket.create_connection(('127.0.0.1', c.clerk_port), 5) as s:
                s.sendall(b'GET /ping HTTP/1.1\r\nHost: localhost\r\n\r\n')
                answer = s.recv(1000)
        except OSError:
            answer = b''
        ok(b'HTTP/' not in answer, 'and to nobody in plain', answer)
        for pair in (second, first, second):
            c.write_conf(report(pair))
            c.signal(signal.SIGHUP)
            ok(wait_for(lambda: get(c, pair[0])), 'it takes a new certificate by reload', c.log_text()[-1000:])
        os.kill(c.role_pids('keys')[-1], signal.SIGKILL)
        ok(wait_for(lambda: get(c, second[0])), 'the key process is killed, and it answers again')
        os.kill(c.role_pids('clerk')[-1], signal.SIGKILL)
        ok(wait_for(lambda: get(c, second[0])), 'it is killed itself, and answers again')
        before = len(c.log_text())
        c.write_conf(report((first[0], second[1])))
        c.signal(signal.SIGHUP)
        ok(wait_for(lambda: re.search(r'line \d+: report\.tls_key', c.log_text()[before:])), 'a pair that does not fit is refused, with words', c.log_text()[before:])
        ok(get(c, second[0]), 'and the one in force stays')


class Within:
    """A socket under TLS for NextHop.serve, whose greeting was given before."""

    def __init__(self, tls):
        self.tls, self.greeted = tls, False

    def sendall(self, data):
        if self.greeted:
            self.tls.sendall(data)
        self.greeted = True

    def makefile(self, mode):
        return self.tls.makefile(mode)

    def close(self):
        self.tls.close()


class TlsHop(NextHop):
    """A next hop that takes mail under TLS only."""

    def __init__(self, certificate, key):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate, key)
        self.names, self.failed = [], 0
        self.context.sni_callback = lambda s, name, c: self.names.append(name)
        NextHop.__init__(self)

    def serve(self, client):
        try:
            client.sendall(b'220 hop.example ESMTP\r\n')
            file = client.makefile('rb')
            file.readline()
            client.sendall(b'250-hop.example\r\n250 STARTTLS\r\n')
            if file.readline().strip().upper() != b'STARTTLS':
                file.close()
                client.close()
                return
            client.sendall(b'220 go\r\n')
            tls = self.context.wrap_socket(client, server_side=True)
        except (OSError, ssl.SSLError):
            self.failed += 1
            return
        NextHop.serve(self, Within(tls))


def next_hop(pairs):
    (certificate, key), (other, _) = pairs['ECDSA on P-256'], pairs['Ed25519']
    hop = TlsHop(certificate, key)
    c = Checkpoint(next_hop=hop.url, extra='log = debug\n')
    cases = (
        ('no', '', '', False, 'a next hop that takes nothing in plain gets nothing'),
        ('must', '', '', True, 'must: by anybody\'s certificate'),
        ('verify', 'localhost', certificate, True, 'verify: by one that names it and that we trust'),
        ('verify', '127.0.0.1', certificate, True, 'verify: by one that names its address'),
        ('verify', 'other.example', certificate, False, 'verify: not by one that names another'),
        ('verify', '127.0.0.2', certificate, False, 'verify: nor by one of another address'),
        ('verify', 'localhost', other, False, 'verify: nor by one that we do not trust'),
        ('verify', 'localhost', '/etc/ssl/certs/ca-certificates.crt', False, 'verify: nor by one that the machine does not trust'),
    )
    try:
        for number, (mode, name, authorities, passes, words) in enumerate(cases):
            if authorities and not os.path.exists(authorities):
                skip(words, 'there is no ' + authorities)
                continue
            before, log = len(hop.messages), len(c.log_text())
            del hop.names[:]
            c.write_conf('log = debug\n[transfer]\nnext_hop_tls = %s\n' % mode + ('next_hop_name = %s\n' % name if name else '') +
                         ('next_hop_authorities = %s\n' % authorities if authorities else ''))
            c.signal(signal.SIGHUP)
            wait_for(lambda: c.log_text()[log:].count('new configuration in force') == 2)
            with Smtp(c.port) as s:
                answer = s.mail(MESSAGE % number)
            if passes:
                ok(answer[0] == 250 and len(hop.messages) == before + 1, words, (answer, c.log_text()[log:]))
            else:
                ok(answer[0] // 100 == 4 and len(hop.messages) == before, words, answer)
            if mode == 'verify' and not passes:
                ok('4.7.5' in answer[1][0], 'and the client hears that it is about TLS', answer)
            if passes and name:
                ok(hop.names == ([name] if name == 'localhost' else [None]), 'a name is told to the server, an address is not', hop.names)
        before = len(c.log_text())
        c.write_conf('log = debug\n[transfer]\nnext_hop_tls = verify\n')
        c.signal(signal.SIGHUP)
        ok(wait_for(lambda: 'next_hop_name' in c.log_text()[before:]), 'verify without a name is refused, with words', c.log_text()[before:])
    finally:
        c.stop()
        hop.close()
    plain_hop = NextHop()
    with Checkpoint(next_hop=plain_hop.url, extra='[transfer]\nnext_hop_tls = verify\nnext_hop_name = localhost\nnext_hop_authorities = %s\n' % certificate) as c:
        with Smtp(c.port) as s:
            answer = s.mail(MESSAGE % 1)
        ok(answer[0] // 100 == 4 and not plain_hop.messages, 'verify: a next hop that offers no TLS gets nothing', answer)
    plain_hop.close()


def main():
    if not shutil.which('openssl'):
        skip('private keys', 'the openssl program is not installed')
        done()
    c = Checkpoint(start=False)
    folder = os.path.join(c.folder, 'keys')
    os.mkdir(folder)
    pairs = {kind: make(folder, re.sub(r'\W', '', kind), options) for kind, options in KINDS.items()}
    c.write_conf(conf(pairs['RSA of 2048 bits']))
    try:
        c.start()
        kinds(c, pairs)
        descriptors(c, folder)
        no_files_at_reload(c, pairs)
        generations(c, pairs)
        c.write_conf(conf(pairs['ECDSA on P-256']))
        c.signal(signal.SIGHUP)
        ok(wait_for(lambda: shakes(c.port, pairs['ECDSA on P-256'][0])), 'back to ECDSA')
        dies(c, pairs['ECDSA on P-256'][0])
        misfits(c, pairs, folder)
        status = c.stop(keep=True)
        ok(status == 0, 'it ends well', (status, c.log_text()[-800:]))
        texts = [patterns_of(key)['PEM'].decode() for _, key in pairs.values()]
        ok(not any(text in c.log_text() for text in texts), 'no key stands in the log')
        shared = {kind: pairs[kind] for kind in ('ECDSA on P-256', 'Ed25519')}
        another_user(folder, shared)
        next_hop(shared)
        console(shared)
    finally:
        c.stop()
    done()


if __name__ == '__main__':
    main()
