#!/usr/bin/env python3
"""People move mail between folders of a real Dovecot, and the checkpoint learns it in their names."""
import grp, imaplib, pwd
from checkpoint import *

DOVECOT = shutil.which('dovecot') or '/usr/sbin/dovecot'
PIGEONHOLE = '/usr/lib/dovecot/modules/lib95_imap_sieve_plugin.so'
for needed, package in ((DOVECOT, 'dovecot-imapd'), (PIGEONHOLE, 'dovecot-sieve'), (shutil.which('curl') or '', 'curl')):
    if not os.path.exists(needed):
        skip('IMAPSieve', package + ' is not installed')
        done()
SHARE = os.path.join(ROOT, 'share', 'imapsieve')
PASSWORD = 'correct horse battery'
MAIL = ('From: Garden <news@garden.example>\r\nTo: readers@rcpt.example\r\nSubject: seeds %s\r\nMessage-ID: <%s@garden.example>\r\n'
        '\r\nThe tomato seedlings are ready for pickup at the greenhouse on Saturday. %s\r\n')

CONF = '''
protocols = imap
listen = 127.0.0.1
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
instance_name = sekisho-test
ssl = no
disable_plaintext_auth = no
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 1
first_valid_gid = 1
mail_uid = {user}
mail_gid = {group}
mail_location = maildir:{folder}/mail/%u
service anvil {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
passdb {{
  driver = static
  args = password=secret
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={folder}/home/%u
}}
namespace inbox {{
  inbox = yes
  mailbox Junk {{
    auto = create
    special_use = \\Junk
  }}
  mailbox Trash {{
    auto = create
  }}
  mailbox Archive {{
    auto = create
  }}
}}
protocol imap {{
  mail_plugins = imap_sieve
}}
plugin {{
  sieve_plugins = sieve_imapsieve sieve_extprograms
  sieve_global_extensions = +vnd.dovecot.pipe +vnd.dovecot.environment
  sieve_pipe_bin_dir = {folder}/bin
  imapsieve_mailbox1_name = Junk
  imapsieve_mailbox1_causes = COPY
  imapsieve_mailbox1_before = file:{folder}/sieve/report-spam.sieve
  imapsieve_mailbox2_name = *
  imapsieve_mailbox2_from = Junk
  imapsieve_mailbox2_causes = COPY
  imapsieve_mailbox2_before = file:{folder}/sieve/report-ham.sieve
}}
'''


class Dovecot:
    def __init__(self, url):
        self.folder = tempfile.mkdtemp(prefix='sekisho-dovecot-')
        self.port = free_port()
        name = 'nobody' if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name
        who = pwd.getpwnam(name)
        for sub in ('run', 'state', 'mail', 'home', 'bin', 'sieve'):
            os.mkdir(os.path.join(self.folder, sub))
        for script in ('report-spam.sieve', 'report-ham.sieve'):
            shutil.copy(os.path.join(SHARE, script), os.path.join(self.folder, 'sieve'))
        with open(os.path.join(self.folder, 'learn.conf'), 'w') as f:
            f.write('url %s\ndomain rcpt.example\npassword %s\n' % (url, PASSWORD))
        program = os.path.join(self.folder, 'bin', 'sekisho-learn')
        shutil.copy(os.path.join(SHARE, 'sekisho-learn'), program + '.real')
        with open(program, 'w') as f:
            f.write('#!/bin/sh\nSEKISHO_LEARN_CONF=%s/learn.conf exec %s.real "$@"\n' % (self.folder, program))
        os.chmod(program, 0o755)
        self.conf = os.path.join(self.folder, 'dovecot.conf')
        with open(self.conf, 'w') as f:
            f.write(CONF.format(folder=self.folder, user=name, group=grp.getgrgid(who.pw_gid).gr_name, port=self.port))
        own = {}
        if os.getuid() == 0:
            for root, folders, files in os.walk(self.folder):
                for n in [root] + [os.path.join(root, x) for x in files]:
                    os.chown(n, who.pw_uid, who.pw_gid)
            own = {'user': who.pw_uid, 'group': who.pw_gid, 'extra_groups': []}
        os.chmod(os.path.join(self.folder, 'learn.conf'), 0o600)
        self.process = subprocess.Popen([DOVECOT, '-F', '-c', self.conf], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, **own)
        if not wait_port(self.port, 20):
            self.process.kill()
            raise RuntimeError('Dovecot did not start: ' + self.process.stderr.read().decode() + self.log())

    def log(self):
        try:
            with open(os.path.join(self.folder, 'dovecot.log'), errors='replace') as f:
                return f.read()[-3000:]
        except OSError:
            return ''

    def close(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
        shutil.rmtree(self.folder, True)


def mail(mark):
    return (MAIL % (mark, mark, mark)).encode()


def signed_in(d, user):
    i = imaplib.IMAP4('127.0.0.1', d.port, timeout=20)
    i.login(user, 'secret')
    return i


def move(i, source, target, command='MOVE'):
    i.select(source)
    return i.uid(command, '1:*', target)


def lessons(c):
    r = run('learn', 'list', '--json', '--config', c.conf)
    return json.loads(r.stdout)['lessons'] if r.returncode == 0 else None


def until(c, count, seconds=15):
    end = time.time() + seconds
    while time.time() < end:
        found = lessons(c)
        if found is not None and len(found) >= count:
            return found
        time.sleep(.2)
    return lessons(c)


with Checkpoint(profile='carrier', extra='[http]\npassword = %s\n[recipient taro@rcpt.example]\nconsent = content\n' % PASSWORD) as c:
    d = Dovecot('http://127.0.0.1:%d' % c.http_port)
    try:
        until(c, 0)
        taro = signed_in(d, 'taro@rcpt.example')
        for n in range(3):
            taro.append('INBOX', None, None, mail('m%d' % n))
        status = move(taro, 'INBOX', 'Junk')
        found = until(c, 3)
        ok(status[0] == 'OK' and len(found) == 3 and {e['said'] for e in found} == {'spam'} and all(e['personal'] for e in found),
           'three messages moved into Junk: three lessons in his name', (status, found, d.log()))
        ok({e['reporter'] for e in found} == {e['reporter'] for e in json.loads(run(
            'learn', 'list', '--json', '--by', 'taro@rcpt.example', '--config', c.conf).stdout)['lessons']}, 'of taro')
        move(taro, 'Junk', 'INBOX')
        found = until(c, 6)
        ok(len(found) == 6 and [e['said'] for e in found[:3]] == ['ham'] * 3 and {e['state'] for e in found[3:]} == {'replaced'},
           'and back: he takes back what he said', (found, d.log()))
        taro.append('INBOX', None, None, mail('copied'))
        taro.select('INBOX')
        taro.uid('COPY', '*', 'Junk')
        found = until(c, 7)
        ok(len(found) == 7 and found[0]['said'] == 'spam', 'a copy into Junk counts as much', found)
        move(taro, 'Junk', 'Trash')
        move(taro, 'INBOX', 'Archive')
        time.sleep(2)
        ok(len(lessons(c)) == 7, 'Junk thrown away, and mail filed elsewhere: no lessons', lessons(c))
        hanako = signed_in(d, 'hanako')
        hanako.append('INBOX', None, None, mail('hers'))
        status = move(hanako, 'INBOX', 'Junk')
        time.sleep(2)
        ok(status[0] == 'OK' and len(lessons(c)) == 7, 'who has not consented is not learned from, and her mail is moved all the same',
           (status, lessons(c)))
        ok(run('consent', 'grant', 'hanako@rcpt.example', 'content', '--config', c.conf).returncode == 0, 'she consents')
        time.sleep(1)
        hanako.append('INBOX', None, None, mail('hers2'))
        move(hanako, 'INBOX', 'Junk')
        ok(len(until(c, 8)) == 8, 'a login without a domain gets that of learn.conf', (lessons(c), d.log()))
        ok('rror' not in d.log(), 'Dovecot has nothing to complain of', d.log())
        wrong = subprocess.run([os.path.join(SHARE, 'sekisho-learn'), 'spam', 'taro@rcpt.example'], input=mail('x'), capture_output=True,
                               env=dict(os.environ, SEKISHO_LEARN_CONF=os.path.join(d.folder, 'none')))
        ok(wrong.returncode == 78, 'without its configuration the program says so', wrong)
        with open(os.path.join(d.folder, 'learn.conf'), 'w') as f:
            f.write('url http://127.0.0.1:%d\ndomain rcpt.example\npassword wrong\n' % c.http_port)
        wrong = subprocess.run([os.path.join(d.folder, 'bin', 'sekisho-learn'), 'spam', 'taro@rcpt.example'], input=mail('x'),
                               capture_output=True)
        ok(wrong.returncode == 65 and len(lessons(c)) == 8, 'a wrong password teaches nothing', wrong)
        with open(os.path.join(d.folder, 'learn.conf'), 'w') as f:
            f.write('url http://127.0.0.1:%d\n' % free_port())
        wrong = subprocess.run([os.path.join(d.folder, 'bin', 'sekisho-learn'), 'spam', 'taro@rcpt.example'], input=mail('x'),
                               capture_output=True)
        ok(wrong.returncode == 75, 'nobody at the door: later', wrong)
        taro.logout()
        hanako.logout()
    finally:
        d.close()
done()
