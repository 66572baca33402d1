#!/usr/bin/env python3
"""A real clamd with signatures of our own: what it finds, and mail that goes on while it is down, slow or full."""
import email.message, email.policy, hashlib, pwd
from checkpoint import *

CLAMD = shutil.which('clamd') or '/usr/sbin/clamd'
if not os.access(CLAMD, os.X_OK):
    skip('clamd', 'clamav-daemon is not installed')
    done()
# Made here, so that no scanner but this one knows it.
WORM = b'this is sekisho-own-test-worm number one ' + b'\0\1\2' * 30
HASHED = b'a file that is known by its digest alone\n' * 3
HOME = 'user@rcpt.example'
SHUT = 'shut@rcpt.example'
EXTRA = ('[recipient %s]\nconsent = source, label, attachments\n[recipient %s]\nconsent = source\n'
         '[clamd]\nsocket = %%s\ntime = 2s\nbytes = 1M\n' % (HOME, SHUT))


class Clamd:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix='sekisho-clamd-')
        os.chmod(self.folder, 0o777)
        base = os.path.join(self.folder, 'db')
        os.mkdir(base)
        with open(os.path.join(base, 'own.ndb'), 'w') as f:
            f.write('Sekisho.Test.Worm-1:0:*:%s\n' % b'sekisho-own-test-worm'.hex())
        with open(os.path.join(base, 'own.hdb'), 'w') as f:
            f.write('%s:%d:Sekisho.Test.Digest-2\n' % (hashlib.md5(HASHED).hexdigest(), len(HASHED)))
        self.path = os.path.join(self.folder, 'socket')
        self.conf = os.path.join(self.folder, 'clamd.conf')
        with open(self.conf, 'w') as f:
            f.write('Foreground yes\nDatabaseDirectory %s\nLocalSocket %s\nLocalSocketMode 666\nTemporaryDirectory %s\n'
                    'StreamMaxLength 2M\nMaxThreads 4\nMaxQueue 10\nConcurrentDatabaseReload no\nSelfCheck 0\n'
                    % (base, self.path, self.folder))
        self.process = None
        self.start()

    def start(self):
        who = {'user': pwd.getpwnam('nobody').pw_uid, 'group': pwd.getpwnam('nobody').pw_gid, 'extra_groups': []} \
            if os.getuid() == 0 else {}
        self.log = open(os.path.join(self.folder, 'log'), 'ab')
        self.process = subprocess.Popen([CLAMD, '--config-file=' + self.conf], stdout=self.log, stderr=self.log, **who)
        end = time.time() + 60
        while time.time() < end and self.process.poll() is None:
            try:
                with socket.socket(socket.AF_UNIX) as s:
                    s.settimeout(2)
                    s.connect(self.path)
                    s.sendall(b'zPING\0')
                    if s.recv(16) == b'PONG\0':
                        return
            except OSError:
                time.sleep(.1)
        raise RuntimeError('clamd did not start: ' + open(self.log.name).read()[-2000:])

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()

    def close(self):
        self.stop()
        shutil.rmtree(self.folder, True)


def mail(*files):
    m = email.message.EmailMessage(policy=email.policy.SMTP)
    m['From'], m['To'], m['Subject'] = 'a@sender.example', HOME, 'attached'
    m['Message-ID'] = '<%d@sender.example>' % time.time_ns()
    m.set_content('See what is attached.\n')
    for name, data in files:
        m.add_attachment(data, maintype='application', subtype='octet-stream', filename=name)
    return m.as_bytes()


def scan(c, message, who=HOME):
    """(status, symbols, action, seconds)"""
    began = time.time()
    r = subprocess.run(['curl', '-sS', '-m', '30', '-w', '\n%{http_code}', '-H', 'Rcpt: ' + who, '-H', 'From: a@sender.example',
                        '-H', 'Content-Type:', '--data-binary', '@-', 'http://127.0.0.1:%d/checkv2' % c.http_port],
                       input=message, capture_output=True)
    text, _, status = r.stdout.decode('utf-8', 'replace').rpartition('\n')
    try:
        j = json.loads(text)
    except ValueError:
        j = {'error': text}
    return int(status or 0), j.get('symbols', {}), j, time.time() - began


def found(symbols):
    return symbols.get('attachment_virus', {}).get('options')


def figures(c):
    lines = run('status', '--metrics', '--config', c.conf).stdout.decode().splitlines()
    return {line.split()[0]: float(line.split()[1]) for line in lines if line.startswith('sekisho_clamd_')}


def finds(c, clamd):
    status, symbols, j, _ = scan(c, mail(('letter.txt', b'nothing here'), ('a.bin', WORM)))
    ok(status == 200 and found(symbols) == ['Sekisho.Test.Worm-1.UNOFFICIAL'], 'a virus is found, with its name', j)
    ok(symbols['attachment_virus']['family'] == 'attachments' and symbols['attachment_virus']['ground'] == 'consent' and
       j['action'] in ('reject', 'quarantine'), 'by consent, and the message is stopped', j)
    status, symbols, j, _ = scan(c, mail(('x.doc', HASHED)))
    ok(found(symbols) == ['Sekisho.Test.Digest-2.UNOFFICIAL'], 'one that is known by its digest: decoded as it was sent', j)
    status, symbols, j, _ = scan(c, mail(*[('%d.bin' % i, b'harmless %d' % i) for i in range(30)]))
    ok(status == 200 and 'attachment_virus' not in symbols and 'attachment_unscanned' not in symbols,
       'thirty harmless attachments are scanned in one go', j)
    before = figures(c)
    status, symbols, j, _ = scan(c, mail(('a.bin', WORM)), SHUT)
    ok(status == 200 and 'attachment_virus' not in symbols and figures(c) == before,
       'for who did not allow attachments nothing is asked', (j, before, figures(c)))
    status, symbols, j, _ = scan(c, mail())
    ok(status == 200 and figures(c) == before, 'nor where nothing is attached', figures(c))
    body = mail().replace(b'See what is attached.', WORM.replace(b'\0\1\2', b''))
    status, symbols, j, _ = scan(c, body)
    ok(b'own-test-worm' in body and 'attachment_virus' not in symbols, "the message's own text is not shown to it", j)
    status, symbols, j, _ = scan(c, mail(('large.bin', bytes(1100000)), ('a.bin', WORM)))
    ok(found(symbols) and 'attachment_unscanned' in symbols, 'what is larger than clamd.bytes is told to be unscanned, the rest '
       'is scanned', j)
    with Smtp(c.port) as s:
        code, lines = s.mail(mail(('a.bin', WORM)), recipients=(HOME.encode(),))
    ok(code in (550, 554) or (code == 250 and not c.mails()), 'by SMTP it does not come through', (code, lines, len(c.mails())))
    f = figures(c)
    ok(f['sekisho_clamd_infected_total'] == 4 and f['sekisho_clamd_attachments_total'] == 35 and
       f['sekisho_clamd_unscanned_total'] == 1, 'the figures say so', f)


def commands(c, clamd):
    path = os.path.join(c.folder, 'message')
    with open(path, 'wb') as f:
        f.write(mail(('a.bin', WORM)))
    r = run('check', '--offline', '--json', '--config', c.conf, path)
    ok(b'attachment_virus' in r.stdout and b'Sekisho.Test.Worm-1' in r.stdout and b'"category":"malware"' in r.stdout,
       '`sekisho check` asks it too: malware', r.stdout + r.stderr)
    r = run('doctor', '--json', '--config', c.conf)
    ok(b'ClamAV 1' in r.stdout, 'doctor tells its version', r.stdout[-1500:])


def slow_and_down(c, clamd):
    before = figures(c)['sekisho_clamd_unscanned_total']
    clamd.process.send_signal(signal.SIGSTOP)
    status, symbols, j, took = scan(c, mail(('a.bin', WORM)))
    ok(status == 200 and 'attachment_unscanned' in symbols and 'attachment_virus' not in symbols and 1.9 < took < 4,
       'it hangs: after clamd.time the message goes on (%.1f s)' % took, j)
    together = []
    def one():
        together.append(scan(c, mail(('a.bin', WORM))))
    threads = [threading.Thread(target=one) for _ in range(12)]
    began = time.time()
    for t in threads:
        t.start()
    status, symbols, j, took = scan(c, mail())
    ok(status == 200 and took < 1.5, 'meanwhile mail without attachments does not wait (%.2f s)' % took, j)
    for t in threads:
        t.join()
    took = time.time() - began
    ok(all(t[0] == 200 for t in together) and took < 6, 'twelve that wait do so side by side (%.1f s)' % took,
       [t[0] for t in together])
    clamd.process.send_signal(signal.SIGCONT)
    status, symbols, j, _ = scan(c, mail(('a.bin', WORM)))
    ok(found(symbols), 'it goes on: found again', j)
    clamd.stop()
    status, symbols, j, took = scan(c, mail(('a.bin', WORM)))
    ok(status == 200 and 'attachment_unscanned' in symbols and took < 1.5, 'it is down: nobody waits (%.2f s)' % took, j)
    ok(figures(c)['sekisho_clamd_unscanned_total'] == before + 14, 'and each is counted', figures(c))
    r = run('doctor', '--json', '--config', c.conf)
    ok(b'clamd does not answer' in r.stdout, 'doctor says that it is down', r.stdout[-1500:])
    c.write_conf(EXTRA % ('unix:' + clamd.path) + 'tempfail = yes\n')
    c.signal(signal.SIGHUP)
    for _ in range(50):
        status = scan(c, mail(('a.bin', WORM)))[0]
        if status != 200:
            break
        time.sleep(.1)
    ok(status == 503, 'with clamd.tempfail the mail comes again later', status)
    with Smtp(c.port) as s:
        code, lines = s.mail(mail(('a.bin', WORM)), recipients=(HOME.encode(),))
    ok(code == 451, 'by SMTP with 451', (code, lines))
    ok(scan(c, mail())[0] == 200, 'but not what has nothing attached')
    clamd.start()
    status, symbols, j, _ = scan(c, mail(('a.bin', WORM)))
    ok(status == 200 and found(symbols), 'it is back: mail goes on without a restart of ours', j)


clamd = Clamd()
try:
    with Checkpoint(profile='carrier', extra=EXTRA % ('unix:' + clamd.path)) as c:
        for _ in range(100):
            if scan(c, mail())[0] == 200:
                break
            time.sleep(.1)
        finds(c, clamd)
        commands(c, clamd)
        slow_and_down(c, clamd)
    broken = os.path.join(clamd.folder, 'broken.conf')
    with open(broken, 'w') as f:
        f.write('[clamd]\nsocket = nowhere\n')
    r = run('config', 'check', broken)
    ok(r.returncode != 0 and b'clamd.socket' in r.stderr + r.stdout and b'line 2' in r.stderr + r.stdout,
       'a socket that is none is refused with its line', (r.returncode, r.stdout[-300:], r.stderr))
finally:
    clamd.close()
done()
