#!/usr/bin/env python3
"""Real Postfix before us and behind us, and TLS on both sides. Wants root, because Postfix does."""
import pwd
import re
import ssl
from checkpoint import *

FOLDER = tempfile.mkdtemp(prefix='sekisho-postfix-')
os.chmod(FOLDER, 0o755)
GOOD = (b'From: Taro <taro@sender.example>\r\nTo: user@rcpt.example\r\nSubject: Meeting\r\n'
        b'Message-ID: <m1@sender.example>\r\n\r\nHello\r\n.. two dots\r\n')
ZONE = {'sender.example': {'TXT': [['v=spf1 ip4:192.0.2.10 -all']]}}

MAIN = '''compatibility_level = 3.6
queue_directory = %(folder)s/queue
data_directory = %(folder)s/data
myhostname = %(name)s.rcpt.example
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtpd_peername_lookup = no
smtpd_authorized_xclient_hosts = 127.0.0.0/8
smtpd_authorized_xforward_hosts = 127.0.0.0/8
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
smtpd_recipient_restrictions = reject_unlisted_recipient, permit_mynetworks, permit_auth_destination, reject
disable_dns_lookups = yes
smtp_host_lookup = native
maillog_file = %(folder)s/queue/log
maillog_file_prefixes = %(folder)s
alias_maps =
alias_database =
local_recipient_maps =
%(more)s
'''
MASTER = '''127.0.0.1:%(port)d inet n - n - 20 smtpd %(options)s
%(second)s
pickup    unix  n - n 60    1 pickup
cleanup   unix  n - n -     0 cleanup
qmgr      unix  n - n 300   1 qmgr
rewrite   unix  - - n -     - trivial-rewrite
bounce    unix  - - n -     0 bounce
defer     unix  - - n -     0 bounce
trace     unix  - - n -     0 bounce
verify    unix  - - n -     1 verify
flush     unix  n - n 1000? 0 flush
proxymap  unix  - - n -     - proxymap
tlsmgr    unix  - - n 1000? 1 tlsmgr
smtp      unix  - - n -     - smtp
relay     unix  - - n -     - smtp
virtual   unix  - n n -     - virtual
error     unix  - - n -     - error
retry     unix  - - n -     - error
discard   unix  - - n -     - discard
anvil     unix  - - n -     1 anvil
scache    unix  - - n -     1 scache
postlog   unix-dgram n - n - 1 postlogd
'''


class Postfix:
    def __init__(self, name, more, options='', second=''):
        self.port, self.folder = free_port(), os.path.join(FOLDER, name)
        for part in ('etc', 'queue', 'data'):
            os.makedirs(os.path.join(self.folder, part))
        shutil.chown(os.path.join(self.folder, 'data'), 'postfix')
        values = {'folder': self.folder, 'name': name, 'more': more, 'port': self.port, 'options': options, 'second': second}
        self.etc = os.path.join(self.folder, 'etc')
        for file, text in (('main.cf', MAIN), ('master.cf', MASTER)):
            with open(os.path.join(self.etc, file), 'w') as f:
                f.write(text % values)
        subprocess.run(['postfix', '-c', self.etc, 'check'], capture_output=True)
        daemons = subprocess.run(['postconf', '-dh', 'daemon_directory'], capture_output=True, text=True).stdout.strip()
        self.process = subprocess.Popen([os.path.join(daemons, 'master'), '-c', self.etc, '-d'], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        if not wait_port(self.port):
            raise RuntimeError('Postfix did not start: ' + self.log())

    def log(self):
        try:
            with open(os.path.join(self.folder, 'queue', 'log'), errors='replace') as f:
                return f.read()
        except OSError:
            return 'no log'

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)


def certificate():
    pem, key = os.path.join(FOLDER, 'cert.pem'), os.path.join(FOLDER, 'key.pem')
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=mx.rcpt.example',
                    '-keyout', key, '-out', pem], capture_output=True)
    return pem, key


def mailbox(user, wanted=1, seconds=45):
    """All messages of a user's Maildir, once there are `wanted`."""
    folder = os.path.join(FOLDER, 'mail', user, 'new')
    end = time.time() + seconds
    while time.time() < end and (not os.path.isdir(folder) or len(os.listdir(folder)) < wanted):
        time.sleep(.1)
    found = []
    for name in os.listdir(folder) if os.path.isdir(folder) else []:
        with open(os.path.join(folder, name), 'rb') as f:
            found.append(f.read())
    return found


def make_inner(pem, key):
    mail = os.path.join(FOLDER, 'mail')
    os.makedirs(mail)
    nobody = pwd.getpwnam('nobody')
    shutil.chown(mail, nobody.pw_uid, nobody.pw_gid)
    return Postfix('inner', '''virtual_mailbox_domains = rcpt.example
virtual_mailbox_base = %s
virtual_mailbox_maps = inline:{ user@rcpt.example=user/, second@rcpt.example=second/, load@rcpt.example=load/ }
virtual_uid_maps = static:%d
virtual_gid_maps = static:%d
smtpd_reject_unlisted_recipient = yes
smtpd_tls_security_level = may
smtpd_tls_cert_file = %s
smtpd_tls_key_file = %s
smtpd_tls_loglevel = 1
message_size_limit = 20480000''' % (mail, nobody.pw_uid, nobody.pw_gid, pem, key))


def behind(inner):
    with Checkpoint(next_hop='smtp://127.0.0.1:%d' % inner.port, zone=ZONE, extra='[transfer]\nnext_hop_xclient = yes\n') as c:
        with Smtp(c.port) as s:
            s.say(b'XCLIENT ADDR=192.0.2.10 NAME=[UNAVAILABLE]')
            s.say(b'EHLO mail.sender.example')
            a = s.mail(GOOD, b'taro@sender.example')
            ok(a[0] == 250, 'Postfix behind us takes mail', (a, inner.log()[-800:]))
            b = s.mail(GOOD, b'taro@sender.example', [b'nobody-here@rcpt.example'])
            ok(b[0] == 550 and 'User unknown' in b[1][0], 'its refusal of a recipient reaches the client in its own words', b)
            s.say(b'RSET')
            d = s.mail(GOOD.replace(b'm1@', b'm2@'), b'taro@sender.example', [b'user@rcpt.example', b'none@rcpt.example', b'second@rcpt.example'])
            ok(d[0] == 250, 'two of three recipients', d)
        mails = mailbox('user', 2)
        ok(len(mails) == 2 and len(mailbox('second')) == 1, 'and it stands in the mailboxes', (len(mails), inner.log()[-800:]))
        text = mails[0].decode('utf-8', 'replace') if mails else ''
        ok('X-Sekisho-Verdict:' in text and 'spf=pass' in text, 'with verdict and papers', text[:900])
        ok('\n. two dots' in text, 'and its dots', text[-200:])
        ok('client=unknown[192.0.2.10]' in inner.log(), 'Postfix was told the true client by XCLIENT', inner.log()[-1500:])


def before(inner):
    c = Checkpoint(next_hop='smtp://127.0.0.1:%d' % inner.port, zone=ZONE)
    second = free_port()
    outer = Postfix('outer', 'relay_domains = rcpt.example\nrelay_transport = smtp:[127.0.0.1]:%d\nrelay_recipient_maps =\n'
                    'smtp_send_xforward_command = yes\nsmtp_tls_security_level = none\nbounce_queue_lifetime = 0\nsmtpd_proxy_timeout = 30s' % c.port,
                    '-o smtpd_proxy_filter=127.0.0.1:%d' % c.port, '127.0.0.1:%d inet n - n - - smtpd' % second)
    try:
        seen = len(mailbox('user', 0))
        if shutil.which('swaks'):
            r = subprocess.run(['swaks', '--server', '127.0.0.1:%d' % outer.port, '--from', 'taro@sender.example', '--to', 'user@rcpt.example',
                                '--h-Subject', 'by proxy', '--body', 'hello'], capture_output=True, text=True, timeout=60)
            ok(r.returncode == 0, 'swaks -> Postfix -> Sekisho -> Postfix', r.stdout + outer.log()[-800:])
            mails = mailbox('user', seen + 1)
            m = [m for m in mails if b'Subject: by proxy' in m]
            ok(len(m) == 1 and b'X-Sekisho-Verdict:' in m[0], 'it stands in the mailbox, judged', (len(mails), inner.log()[-800:]))
            r = subprocess.run(['swaks', '--server', '127.0.0.1:%d' % outer.port, '--from', 'taro@sender.example', '--to', 'nobody-here@rcpt.example'],
                               capture_output=True, text=True, timeout=60)
            ok(r.returncode != 0 and '550' in r.stdout and 'User unknown' in r.stdout, "the inner Postfix's refusal reaches the outer client", r.stdout)
            seen = len(mails)
            r = subprocess.run(['swaks', '--server', '127.0.0.1:%d' % second, '--from', 'taro@sender.example', '--to', 'user@rcpt.example',
                                '--h-Subject', 'by relay', '--body', 'hello'], capture_output=True, text=True, timeout=60)
            ok(r.returncode == 0 and len(mailbox('user', seen + 1)) == seen + 1, 'relayed by a queue before us too', (r.stdout, outer.log()[-800:]))
        else:
            skip('swaks -> Postfix -> Sekisho -> Postfix', 'swaks is not installed')
        if shutil.which('smtp-source'):
            r = subprocess.run(['smtp-source', '-s', '5', '-m', '60', '-l', '3000', '-f', 'a@sender.example', '-t', 'load@rcpt.example',
                                '127.0.0.1:%d' % outer.port], capture_output=True, text=True, timeout=120)
            ok(r.returncode == 0 and len(mailbox('load', 60, 30)) == 60, '60 messages by five sessions through both', (r.stderr, len(mailbox('load', 0))))
        c.stop(keep=True)
        with Smtp(outer.port) as s:
            a = s.mail(GOOD, b'taro@sender.example')
            ok(a[0] // 100 == 4, 'Sekisho down: Postfix puts the client off', a)
        c.start()
        with Smtp(outer.port) as s:
            a = s.mail(GOOD, b'taro@sender.example')
            ok(a[0] == 250, 'and up again: it takes', a)
    finally:
        outer.stop()
        c.stop()


def load():
    if not shutil.which('smtp-source') or not shutil.which('smtp-sink'):
        skip('smtp-source', 'smtp-source is not installed')
        return
    for name, source, sink in (('each in its own session', [], []), ('in sessions that are kept', ['-d'], []), ('to a sink without ESMTP', [], ['-e']), ('to a sink without pipelining', ['-d'], ['-p'])):
        port, dump = free_port(), tempfile.mkdtemp(dir=FOLDER)
        os.chmod(dump, 0o777)
        process = subprocess.Popen(['smtp-sink', '-u', 'postfix'] + sink + ['-d', dump + '/m.', '127.0.0.1:%d' % port, '200'], stderr=subprocess.DEVNULL)
        try:
            wait_port(port)
            with Checkpoint(next_hop='smtp://127.0.0.1:%d' % port, zone=ZONE) as c:
                r = subprocess.run(['smtp-source', '-s', '20', '-m', '500', '-l', '4000', '-f', 'a@sender.example', '-t', 'user@rcpt.example'] + source
                                   + ['127.0.0.1:%d' % c.port], capture_output=True, text=True, timeout=120)
                ok(r.returncode == 0, 'smtp-source, 500 messages %s' % name, r.stderr + c.log_text()[-800:])
                whole = 0
                for file in os.listdir(dump):
                    with open(os.path.join(dump, file), 'rb') as f:
                        text = f.read()
                    whole += text.count(b'X-Sekisho-Verdict:') if len(text) > 4000 else 0
                ok(whole == 500, '500 came out, whole', whole)
                time.sleep(.5)
                found = len(c.command('search', '--json', '--limit', '1000').stdout.splitlines())
                ok(found == 500, '500 stand in the record', found)
        finally:
            process.terminate()
            process.wait()


def tls(inner, pem, key):
    extra = '[transfer]\ntls_certificate = %s\ntls_key = %s\nnext_hop_tls = must\n' % (pem, key)
    with Checkpoint(next_hop='smtp://127.0.0.1:%d' % inner.port, zone=ZONE, extra=extra) as c:
        with Smtp(c.port) as s:
            ok('STARTTLS' in ' '.join(s.ehlo[1]), 'EHLO offers STARTTLS', s.ehlo)
            ok(s.say(b'STARTTLS now')[0] == 501, 'STARTTLS takes no argument')
        if shutil.which('swaks') and subprocess.run(['perl', '-MNet::SSLeay', '-e', '1'], capture_output=True).returncode == 0:
            r = subprocess.run(['swaks', '--server', '127.0.0.1:%d' % c.port, '--tls', '--from', 'taro@sender.example', '--to', 'user@rcpt.example',
                                '--h-Subject', 'by TLS', '--body', 'hello'], capture_output=True, text=True, timeout=60)
            ok(r.returncode == 0 and 'TLS started' in r.stdout, 'swaks --tls', r.stdout + r.stderr)
        else:
            skip('swaks --tls', "swaks or perl's Net::SSLeay is not installed")

        def secured(first):
            """A session that sent `first` (STARTTLS and perhaps more) and then began TLS; (socket, file)."""
            plain = socket.create_connection(('127.0.0.1', c.port), 10)
            plain.recv(1000)
            plain.sendall(b'EHLO client.example\r\n')
            time.sleep(.1)
            plain.recv(4000)
            plain.sendall(first)
            answer = b''
            while not answer.endswith(b'\r\n'):
                answer += plain.recv(1)
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            return answer, context.wrap_socket(plain)

        answer, s = secured(b'STARTTLS\r\n')
        ok(answer.startswith(b'220'), 'STARTTLS', answer)
        file = s.makefile('rb')

        def say(line):
            s.sendall(line + b'\r\n')
            lines = [file.readline()]
            while lines[-1][3:4] == b'-':
                lines.append(file.readline())
            return b''.join(lines)
        ok(say(b'MAIL FROM:<a@sender.example>')[:1] == b'5', 'what was said before is forgotten: EHLO is wanted again')
        ehlo = say(b'EHLO client.example')
        ok(ehlo.startswith(b'250') and b'STARTTLS' not in ehlo, 'inside TLS no second STARTTLS is offered', ehlo)
        ok(say(b'STARTTLS')[:1] == b'5', 'nor taken')
        say(b'MAIL FROM:<a@sender.example>')
        say(b'RCPT TO:<user@rcpt.example>')
        say(b'DATA')
        answer = say(GOOD.replace(b'Meeting', b'Secured') + b'.')
        ok(answer.startswith(b'250'), 'a message inside TLS', answer)
        s.close()
        ok(s.version() in (None, 'TLSv1.2', 'TLSv1.3'), 'of a version that is sound', s.version())
        try:
            answer, s = secured(b'STARTTLS\r\nMAIL FROM:<injected@evil.example>\r\nRCPT TO:<user@rcpt.example>\r\n')
            s.settimeout(1)
            try:
                early = s.recv(1000)
            except OSError:
                early = b''
            file = s.makefile('rb')
            s.settimeout(10)
            said = say(b'EHLO client.example') if not early else b''
            after = say(b'RCPT TO:<user@rcpt.example>') if not early else b''
            ok(not early and said.startswith(b'250') and after.startswith(b'503'), 'commands sent in clear behind STARTTLS are dropped', (early, said, after))
            s.close()
        except (OSError, ssl.SSLError) as e:
            ok(True, 'commands sent in clear behind STARTTLS are dropped (the session ends: %s)' % type(e).__name__)
        with socket.create_connection(('127.0.0.1', c.port), 10) as plain:
            plain.recv(1000)
            plain.sendall(b'EHLO x\r\n')
            time.sleep(.1)
            plain.recv(4000)
            plain.sendall(b'STARTTLS\r\n')
            time.sleep(.1)
            plain.recv(1000)
            plain.sendall(b'this is no handshake\r\n' * 50)
            plain.settimeout(10)
            try:
                while plain.recv(4000):
                    pass
                ended = True
            except ConnectionError:
                ended = True
            except OSError:
                ended = False
            ok(ended, 'garbage for a handshake ends the session')
        old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
        found = [m for m in mailbox('user', 0) if b'Subject: Secured' in m]
        end = time.time() + 30
        while time.time() < end and not found:
            time.sleep(.2)
            found = [m for m in mailbox('user', 0) if b'Subject: Secured' in m]
        ok(len(found) == 1 and re.search(rb'by mx\.rcpt\.example[^;]*with ESMTPS', found[0]), 'the Received field tells of TLS', found)
        ok('TLS connection established' in inner.log() and b'with ESMTPS' in found[0].split(b'by inner.rcpt.example')[1].split(b';')[0] if found else False,
           'and to Postfix it went by TLS', inner.log()[-600:])
        ok(' ended (' not in c.log_text(), 'nobody died of it', c.log_text()[-600:])

    hop = NextHop()
    with Checkpoint(next_hop=hop.url, extra='[transfer]\nnext_hop_tls = must\n') as c:
        with Smtp(c.port) as s:
            a = s.mail(GOOD)
        ok(a[0] // 100 == 4 and not hop.messages, 'a next hop that offers no TLS where it must: put off, nothing is sent', (a, hop.commands))
    hop.close()
    hop = NextHop({'EHLO': '250-hop.example\r\n250 STARTTLS', 'STAR': '454 not now'})
    with Checkpoint(next_hop=hop.url, extra='[transfer]\nnext_hop_tls = must\n') as c:
        with Smtp(c.port) as s:
            a = s.mail(GOOD)
        ok(a[0] // 100 == 4 and not hop.messages, 'one that refuses STARTTLS likewise', (a, hop.commands))
    hop.close()


def main():
    if os.geteuid() != 0:
        skip('Postfix', 'Postfix wants root')
        return
    for program in ('postfix', 'openssl'):
        if not shutil.which(program):
            skip('Postfix', '%s is not installed' % program)
            return
    pem, key = certificate()
    inner = make_inner(pem, key)
    try:
        behind(inner)
        before(inner)
        tls(inner, pem, key)
    finally:
        inner.stop()
    load()


try:
    main()
finally:
    shutil.rmtree(FOLDER, True)
done()
