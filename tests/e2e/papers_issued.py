#!/usr/bin/env python3
"""Papers for mail that leaves: DKIM signatures by two keys, verified by others' programs; tags on envelope senders, and what
becomes of error mail with and without them; `sekisho papers`."""
import base64, hashlib, hmac, os, re, shutil, signal, subprocess, sys, time

from checkpoint import Checkpoint, NextHop, Smtp, done, ok, run, skip
from keys import memory_has, patterns_of

# Debian's packages, also for another Python of the same version; not our own dns.py, for what they mean is dnspython.
here = sys.path.pop(0)
sys.path.append('/usr/lib/python3/dist-packages')
try:
    import dkim
except ImportError:
    dkim = None
try:
    import nacl  # without it python3-dkim does not know Ed25519
except ImportError:
    nacl = None
sys.path.insert(0, here)

MAIL_DKIM = r'''
use strict; use Mail::DKIM::Verifier; use Mail::DKIM::DNS;
my $zone = shift; my %zone;
open(my $z, '<', $zone) or die; while (<$z>) { chomp; my ($n, $t) = split /\t/, $_, 2; $zone{lc $n} = $t; }
package Answer; sub new { bless {t => $_[1]}, $_[0] } sub type { 'TXT' } sub char_str_list { $_[0]{t} } sub txtdata { $_[0]{t} }
package main;
{ no warnings 'redefine'; *Mail::DKIM::DNS::query = sub { my ($name) = @_; $name = lc $name;
    return exists $zone{$name} ? (Answer->new($zone{$name})) : (); };
  *Mail::DKIM::DNS::query_async = sub { my ($name, $type, %p) = @_; $p{Callbacks} ||= {}; my @r = Mail::DKIM::DNS::query($name, $type);
    return sub { my $cb = $p{Callbacks}{Success}; return $cb ? $cb->(@r) : @r; } }; }
for my $file (@ARGV) {
  my $dkim = Mail::DKIM::Verifier->new(); open(my $f, '<:raw', $file) or die; local $/; my $all = <$f>; $dkim->PRINT($all); $dkim->CLOSE;
  print join(' ', map { $_->algorithm . '=' . $_->result } $dkim->signatures), "\n";
}
'''

HEAD = b'From: Taro <taro@ours.example>\r\nTo: user@far.example\r\nSubject: %s\r\nMessage-ID: <%d@ours.example>\r\n' \
       b'Date: Sun, 22 Nov 2026 10:00:00 +0900\r\n'

MESSAGES = {
    'a plain one': HEAD % (b'hello', 1) + b'\r\nHello.\r\n',
    'an empty body': HEAD % (b'empty', 2) + b'\r\n',
    'a body of empty lines': HEAD % (b'lines', 3) + b'\r\n\r\n\r\n',
    'dots at the start of lines': HEAD % (b'dots', 4) + b'\r\n..\r\n...\r\n..a dot\r\nx.\r\n',
    '8-bit text without a label': HEAD % ('8ビット'.encode(), 5) + b'\r\n' + '生の本文'.encode('cp932') + b'\r\n' + '本文'.encode() + b' \xff\r\n',
    'folded fields': b'From:\r\n Taro\r\n\t<taro@ours.example>\r\nSubject:  a \t b\r\n   c \r\nTo:\tuser@far.example\r\n\r\nHello.\r\n',
    'blanks at the ends of lines': HEAD % (b'blanks  ', 7) + b'\r\na  \r\n\tb\t \tc\t\r\n \r\n',
    'long fields': HEAD % (b'long', 8) + b'X-Long: ' + b'y' * 900 + b'\r\nReferences:' + b''.join(b' <%d@x.example>\r\n' % i for i in range(200)) + b'\r\nx\r\n',
    'fields that occur twice': HEAD % (b'twice', 9) + b'To: second@far.example\r\nSubject: again\r\n\r\nx\r\n',
    'a large body': HEAD % (b'large', 10) + b'\r\n' + (b'0123456789 ' * 6 + b'\r\n') * 5000,
    'fields that are ours, forged': HEAD % (b'forged', 11) + b'X-Sekisho-Verdict: accept; all is well\r\n'
        b'Authentication-Results: mx.rcpt.example; dkim=pass\r\n\r\nx\r\n',
}


def genkey(folder, name, *options):
    path = os.path.join(folder, name)
    subprocess.run(['openssl', 'genpkey', '-out', path] + list(options), check=True, capture_output=True)
    os.chmod(path, 0o600)
    return path


def rsa(folder, name, bits=2048):
    return genkey(folder, name, '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:%d' % bits)


def ed25519(folder, name):
    return genkey(folder, name, '-algorithm', 'ED25519')


def record(key):
    """The TXT record, made by openssl alone."""
    der = subprocess.run(['openssl', 'pkey', '-in', key, '-pubout', '-outform', 'DER'], check=True, capture_output=True).stdout
    if len(der) == 44:
        return 'v=DKIM1; k=ed25519; p=' + base64.b64encode(der[12:]).decode()
    return 'v=DKIM1; k=rsa; p=' + base64.b64encode(der).decode()


def wait_for(what, seconds=20):
    end = time.time() + seconds
    while time.time() < end:
        got = what()
        if got:
            return got
        time.sleep(.1)
    return None


def sent(hop, port, message, count, **more):
    """Sends; gives the last reply and what arrived at the next hop (None: nothing)."""
    with Smtp(port) as s:
        answer = s.mail(message, **more)
    if answer[0] == 250:
        wait_for(lambda: len(hop.messages) > count, 5)
    return answer, hop.messages[count] if len(hop.messages) > count else None


def signatures(message):
    """Whole DKIM-Signature fields, from the top."""
    head = message.split(b'\r\n\r\n')[0] + b'\r\n'
    return [f for f in re.findall(rb'(?m)^[^ \t\r\n][^\r\n]*\r\n(?:[ \t][^\r\n]*\r\n)*', head) if f.lower().startswith(b'dkim-signature')]


def by_python(message, zone):
    """Whether each signature holds, in the order of the header."""
    def txt(name, timeout=5):
        return zone[name.decode().rstrip('.')].encode()
    return [dkim.DKIM(message).verify(idx=i, dnsfunc=txt) for i in range(len(signatures(message)))]


def by_perl(folder, messages, zone):
    names = os.path.join(folder, 'zone.tsv')
    with open(names, 'w') as f:
        f.writelines('%s\t%s\n' % pair for pair in zone.items())
    paths = []
    for i, message in enumerate(messages):
        paths.append(os.path.join(folder, 'message-%d' % i))
        with open(paths[-1], 'wb') as f:
            f.write(message)
    r = subprocess.run(['perl', '-e', MAIL_DKIM, names] + paths, capture_output=True, timeout=60)
    return r.stdout.decode().splitlines(), r.stderr.decode()


def verified_by_others(c, folder, zone, got):
    for name, message in got.items():
        if dkim is None or nacl is None:
            skip('python3-dkim: %s' % name, 'python3-dkim or python3-nacl is not there')
            continue
        try:
            said = by_python(message, zone)
        except Exception as e:
            said = repr(e)
        ok(said == [True, True], 'python3-dkim: both signatures hold: %s' % name, (said, message[:3000]))
    if subprocess.run(['perl', '-MMail::DKIM::Verifier', '-e', '1'], capture_output=True).returncode:
        skip('Mail::DKIM', 'libmail-dkim-perl is not there')
        return
    lines, errors = by_perl(folder, list(got.values()), zone)
    for name, line in zip(got, lines + ['nothing: ' + errors] * (len(got) - len(lines))):
        # The one of Debian 12 does not know Ed25519 (RFC 8463) and calls such a signature invalid.
        ok(line in ('rsa-sha256=pass ed25519-sha256=invalid', 'rsa-sha256=pass ed25519-sha256=pass'), 'Mail::DKIM: the RSA signature holds: %s' % name,
           (line, errors))


def signing(folder):
    keys = {'r1': rsa(folder, 'r1.key'), 'e1': ed25519(folder, 'e1.key')}
    zone = {'%s._domainkey.ours.example' % s: record(k) for s, k in keys.items()}
    conf = '[papers]\nclients = 127.0.0.0/8\n[sign ours.example]\nselector_rsa = r1\nkey_rsa = %(r1)s\nselector_ed25519 = e1\nkey_ed25519 = %(e1)s\n' % keys
    hop, got = NextHop(), {}
    with Checkpoint(next_hop=hop.url, extra=conf, zone={n: {'TXT': [[t[i:i + 255] for i in range(0, len(t), 255)]]} for n, t in zone.items()}) as c:
        for name, message in MESSAGES.items():
            answer, arrived = sent(hop, c.port, message, len(hop.messages), sender=b'taro@ours.example', recipients=(b'user@far.example',))
            if ok(answer[0] == 250 and arrived, 'it leaves: %s' % name, (answer, c.log_text()[-1500:])):
                got[name] = arrived
        fields = signatures(got['a plain one'])
        ok(len(fields) == 2 and b'a=rsa-sha256' in fields[0] and b'a=ed25519-sha256' in fields[1], 'two signatures, RSA first', fields)
        ok(all(b' t=' in f and b' l=' not in f and b' x=' not in f for f in fields), 'with t=, without l= and x=')
        body = MESSAGES['8-bit text without a label'].split(b'\r\n\r\n', 1)[1]
        ok(got['8-bit text without a label'].endswith(b'\r\n\r\n' + body), '8-bit text leaves as it is')
        ok(b'all is well' not in got['fields that are ours, forged'], 'what is forged is taken off, and the signature is over the rest')
        verified_by_others(c, folder, zone, got)
        who_is_signed(c, hop, got)
        strict_policy(c, hop, zone, conf)
        search_memory(c, 'each key of DKIM', {(s, name): part for s, key in keys.items() for name, part in patterns_of(key).items()})
        keys_are_away(c, hop)
        reload_of_keys(c, hop, folder, zone, conf)
    hop.close()


def search_memory(c, name, patterns):
    if os.geteuid() != 0:
        skip('the memory of all processes: %s' % name, 'only root may read it')
        return
    try:
        held = {(pid, role): memory_has(pid, patterns) for role in ('keeper', 'clerk', 'worker', 'keys') for pid in c.role_pids(role)}
        held[c.process.pid, 'supervisor'] = memory_has(c.process.pid, patterns)
    except PermissionError:
        skip('the memory of all processes: %s' % name, 'this root may not read it')
        return
    ok({role for _, role in held} >= {'supervisor', 'keeper', 'worker', 'keys'} and any(found for (_, role), found in held.items() if role == 'keys'),
       '%s is in the memory of the key process (so the search finds what is there)' % name, held)
    ok(not any(found for (_, role), found in held.items() if role != 'keys'), '%s is in no other memory' % name, held)


def who_is_signed(c, hop, got):
    def count(message, **more):
        more.setdefault('sender', b'taro@ours.example')
        answer, arrived = sent(hop, c.port, message, len(hop.messages), recipients=(b'user@far.example',), **more)
        return len(signatures(arrived)) if arrived else answer

    plain = MESSAGES['a plain one']
    ok(count(plain.replace(b'taro@ours', b'taro@sub.ours')) == 0, 'a name under the domain is not signed')
    ok(count(plain.replace(b'taro@ours.example>', b'taro@other.example>')) == 0, 'nor another domain')
    ok(count(plain.replace(b'From: Taro <taro@ours.example>', b'From: taro@ours.example, jiro@ours.example')) == 0, 'nor two authors')
    once = count(got['a plain one'])
    ok(once == 2, 'mail that has our good signature is not signed again', once)
    broken = count(got['a plain one'].replace(b'Hello.', b'Hullo.'))
    ok(broken == 4, 'one whose signature was broken is', broken)
    with Smtp(c.port) as s:
        s.say(b'XCLIENT ADDR=192.0.2.77')
        s.say(b'EHLO stranger.example')
        before = len(hop.messages)
        answer = s.mail(plain, sender=b'taro@ours.example', recipients=(b'user@far.example',))
        wait_for(lambda: len(hop.messages) > before, 5)
        ok(answer[0] == 250 and not signatures(hop.messages[-1]), 'a stranger\'s is not', (answer, hop.messages[-1][:500]))
    with Smtp(c.port) as s:
        s.say(b'XCLIENT ADDR=192.0.2.77 LOGIN=taro')
        s.say(b'EHLO stranger.example')
        before = len(hop.messages)
        answer = s.mail(plain, sender=b'taro@ours.example', recipients=(b'user@far.example',))
        wait_for(lambda: len(hop.messages) > before, 5)
        ok(answer[0] == 250 and len(signatures(hop.messages[-1])) == 2, 'with a login that a front names, it is', (answer, hop.messages[-1][:500]))


def strict_policy(c, hop, zone, conf):
    """Our own domain asks others to reject what is not signed: that is not held against mail that we are about to sign."""
    c.zone = dict(c.zone, **{'ours.example': {'TXT': [['v=spf1 -all']]}, '_dmarc.ours.example': {'TXT': [['v=DMARC1; p=reject']]}})
    c.write_conf(conf)
    c.stop(keep=True)
    c.start()
    answer, arrived = sent(hop, c.port, MESSAGES['a plain one'], len(hop.messages), sender=b'taro@ours.example', recipients=(b'user@far.example',))
    ok(answer[0] == 250 and len(signatures(arrived)) == 2 and b'leaving=' in arrived, 'with p=reject and -all for the domain, mail of ours leaves', (answer, arrived and arrived[:800]))
    with Smtp(c.port) as s:
        s.say(b'XCLIENT ADDR=192.0.2.77')
        s.say(b'EHLO stranger.example')
        answer = s.mail(MESSAGES['a plain one'], sender=b'taro@ours.example', recipients=(b'user@far.example',))
    ok(answer[0] == 550, 'that of a stranger under our name is refused', answer)


def keys_are_away(c, hop):
    keys = c.role_pids('keys')[-1]
    os.kill(keys, signal.SIGSTOP)
    before = len(hop.messages)
    answer, arrived = sent(hop, c.port, MESSAGES['a plain one'], before, sender=b'taro@ours.example', recipients=(b'user@far.example',))
    ok(answer[0] == 451 and arrived is None, 'the key process does not answer: mail is put off, not sent without', (answer, arrived))
    os.kill(keys, signal.SIGCONT)
    os.kill(keys, signal.SIGKILL)

    def again():
        answer, arrived = sent(hop, c.port, MESSAGES['a plain one'], len(hop.messages), sender=b'taro@ours.example', recipients=(b'user@far.example',))
        return answer[0] == 250 and len(signatures(arrived)) == 2
    ok(wait_for(again), 'it is started again, and mail is signed again', c.log_text()[-1500:])


def reload_of_keys(c, hop, folder, zone, conf):
    wrong = conf.replace('key_rsa = ', 'key_rsa = %s\n' % ed25519(folder, 'other.key'), 1).replace('other.key\n' + os.path.join(folder, 'r1.key'), 'other.key')
    for name, text, words in (
            ('an Ed25519 key in the place of RSA', wrong, 'is no RSA key'),
            ('RSA of 1024 bits', conf.replace('r1.key', 'short.key'), 'is no RSA key'),
            ('a key that is not there', conf.replace('r1.key', 'missing.key'), 'cannot be read')):
        if 'short' in text:
            rsa(folder, 'short.key', 1024)
        before = len(c.log_text())
        c.write_conf(text)
        c.signal(signal.SIGHUP)
        said = wait_for(lambda: [l for l in c.log_text()[before:].splitlines() if 'stays in force' in l])
        ok(said and words in said[0] and '[sign ours.example] key_rsa' in said[0], '%s, by reload: refused, with words' % name, c.log_text()[before:])
        r = run('config', c.conf)
        ok(r.returncode == 78 and words in r.stderr.decode(), '%s: `config` says so' % name, (r.returncode, r.stderr))
    before = len(c.log_text())
    rsa(folder, 'r2.key')
    c.write_conf(conf.replace('r1', 'r2'))
    c.signal(signal.SIGHUP)
    ok(wait_for(lambda: c.log_text()[before:].count('new configuration in force') >= 2), 'a new key by reload', c.log_text()[before:])

    answer, arrived = sent(hop, c.port, MESSAGES['a plain one'], len(hop.messages), sender=b'taro@ours.example', recipients=(b'user@far.example',))
    ok(answer[0] == 250 and b's=r2;' in signatures(arrived)[0], 'signs', (answer, arrived))
    zone['r2._domainkey.ours.example'] = record(os.path.join(folder, 'r2.key'))
    if dkim and nacl:
        ok(by_python(arrived, zone) == [True, True], 'and holds', arrived)


def bounce(port, recipient, client=b'192.0.2.9', message=None):
    with Smtp(port) as s:
        s.say(b'XCLIENT ADDR=%s' % client)
        s.say(b'EHLO far.example')
        return s.mail(message or b'From: MAILER-DAEMON@far.example\r\nTo: taro@ours.example\r\nSubject: not delivered\r\n\r\nSorry.\r\n',
                      sender=b'', recipients=(recipient,))


def tags():
    hop = NextHop()
    conf = '[papers]\nclients = 127.0.0.0/8\n[bounce]\ndomains = ours.example\nrequire = refuse\nexceptions = postmaster, free@ours.example, 198.51.100.0/24\n'
    with Checkpoint(next_hop=hop.url, extra=conf) as c:
        secret = os.path.join(c.record + '-keys', 'bounce.0')
        ok(os.path.exists(secret) and os.stat(secret).st_mode & 0o777 == 0o600, 'a secret was made, for nobody else to read')
        answer, arrived = sent(hop, c.port, MESSAGES['a plain one'], 0, sender=b'taro@ours.example', recipients=(b'user@far.example',))
        mail = hop.envelopes[0][0]
        tag = re.match(rb'MAIL FROM:<(prvs=0\d{3}[0-9a-f]{6}=taro@ours\.example)>', mail)
        ok(answer[0] == 250 and tag, 'what leaves has a tag', mail)
        tagged = tag.group(1) if tag else b''
        with open(secret) as f:
            key = bytes.fromhex(f.read())
        right = hmac.new(key, tagged[5:9] + b'taro@ours.example', hashlib.sha1).hexdigest()[:6]
        ok(right.encode() == tagged[9:15], 'which is the HMAC-SHA1 of the draft', (right, tagged))
        day = int(time.time()) // 86400
        ok(int(tagged[6:9]) in ((day + 7) % 1000, (day + 6) % 1000), 'and good for seven days', tagged)

        answer = bounce(c.port, tagged)
        ok(answer[0] == 250 and wait_for(lambda: len(hop.messages) == 2), 'a bounce to it is taken', answer)
        ok(hop.envelopes[1][1] == [b'RCPT TO:<taro@ours.example>'], 'and goes on without the tag', hop.envelopes[-1])
        ok(b'batv_pass' in hop.messages[-1], 'the header says so', hop.messages[-1][:600])
        answer = bounce(c.port, b'taro@ours.example')
        ok(answer[0] == 550 and '5.7.1' in answer[1][-1] and len(hop.messages) == 2, 'one without is refused, with words', answer)
        forged = tagged[:9] + (b'000000' if tagged[9:15] != b'000000' else b'111111') + tagged[15:]
        answer = bounce(c.port, forged)
        ok(answer[0] == 550 and len(hop.messages) == 2, 'so is one with a forged tag', answer)
        old = b'0%03d' % ((day - 1) % 1000)
        expired = b'prvs=' + old + hmac.new(key, old + b'taro@ours.example', hashlib.sha1).hexdigest()[:6].encode() + b'=taro@ours.example'
        answer = bounce(c.port, expired)
        ok(answer[0] == 550 and len(hop.messages) == 2, 'and one that is out of date', answer)
        for who, address, client in (('postmaster', b'postmaster@ours.example', b'192.0.2.9'), ('an address that is excepted', b'free@ours.example', b'192.0.2.9'),
                                     ('a client that is excepted', b'taro@ours.example', b'198.51.100.4'), ('a domain that is not tagged', b'a@rcpt.example', b'192.0.2.9'),
                                     ('one too long to be tagged', b'a' * 49 + b'@ours.example', b'192.0.2.9')):
            before = len(hop.messages)
            answer = bounce(c.port, address, client)
            ok(answer[0] == 250 and wait_for(lambda: len(hop.messages) == before + 1), 'taken without a tag: %s' % who, answer)
        with Smtp(c.port) as s:
            s.say(b'XCLIENT ADDR=192.0.2.9')
            s.say(b'EHLO far.example')
            before = len(hop.messages)
            answer = s.mail(b'From: x@far.example\r\nSubject: hi\r\n\r\nx\r\n', sender=b'x@far.example', recipients=(tagged,))
            wait_for(lambda: len(hop.messages) > before, 5)
            ok(answer[0] == 250 and hop.envelopes[-1][1] == [b'RCPT TO:<taro@ours.example>'] and b'batv_pass' in hop.messages[-1],
               'a letter to the tagged address comes without the tag, too', (answer, hop.envelopes[-1]))
        replays(c, hop, tagged)
        search_memory(c, 'the secret of tags', {'bytes': key, 'text': key.hex().encode()})
        rotation_of_tags(c, hop, conf, tagged)
        keys = c.role_pids('keys')[-1]
        os.kill(keys, signal.SIGSTOP)
        before = len(hop.messages)
        answer = bounce(c.port, tagged)
        ok(answer[0] == 250 and wait_for(lambda: len(hop.messages) == before + 1) and hop.envelopes[-1][1] == [b'RCPT TO:<taro@ours.example>'],
           'with nobody to check it, a tagged bounce is not refused', answer)
        os.kill(keys, signal.SIGCONT)
    hop.close()


def replays(c, hop, tagged):
    """What the tags said is in the record, for the key process cannot be asked years later."""
    message = b'From: MAILER-DAEMON@far.example\r\nTo: taro@ours.example\r\nSubject: not delivered\r\n\r\nSorry.\r\n'
    path = os.path.join(c.folder, 'bounce.eml')
    with open(path, 'wb') as f:
        f.write(message)
    for name, address in (('with a tag', tagged), ('with a forged one', tagged[:9] + b'abcdef' + tagged[15:]), ('without', b'taro@ours.example')):
        answer = bounce(c.port, address, message=message)
        found = re.search(r'(?:id|as) (\w{20})', answer[1][-1])
        r = c.command('replay', found.group(1), '--file', path, '--lang', 'en') if found else None
        ok(r and r.returncode == 0, 'the verdict on a bounce %s is made again from the record' % name, (answer, r and (r.returncode, r.stdout[-800:], r.stderr[-800:])))


def rotation_of_tags(c, hop, conf, tagged):
    before = len(c.log_text())
    c.write_conf(conf.replace('require = refuse', 'require = refuse\nkey = 3'))
    c.signal(signal.SIGHUP)
    ok(wait_for(lambda: c.log_text()[before:].count('new configuration in force') >= 2), 'another key by reload', c.log_text()[before:])
    answer, _ = sent(hop, c.port, MESSAGES['a plain one'], len(hop.messages), sender=b'taro@ours.example', recipients=(b'user@far.example',))
    ok(answer[0] == 250 and hop.envelopes[-1][0].startswith(b'MAIL FROM:<prvs=3'), 'tags what leaves', hop.envelopes[-1])
    ok(bounce(c.port, tagged)[0] == 250, 'and tags of the one before are still good')
    before = len(c.log_text())
    c.write_conf(conf.replace('require = refuse', 'require = label\nkey = 3'))
    c.signal(signal.SIGHUP)
    ok(wait_for(lambda: c.log_text()[before:].count('new configuration in force') >= 2), 'require = label', c.log_text()[before:])
    count = len(hop.messages)
    answer = bounce(c.port, b'taro@ours.example')
    wait_for(lambda: len(hop.messages) > count, 5)
    ok(answer[0] == 250 and b'X-Sekisho-Verdict: label' in hop.messages[-1] and b'batv_missing' in hop.messages[-1], 'then one without a tag is labelled', (answer, hop.messages[-1][:600]))


def papers(c, *arguments, lang='en'):
    r = run('papers', *arguments, '--config', c.conf, '--lang', lang)
    return r.returncode, r.stdout.decode(), r.stderr.decode()


def zone_of(text):
    """name -> text, of the TXT records in a zone file's form."""
    found = {}
    for name, rest in re.findall(r'(?m)^([^ ;#\n]+)\. IN TXT ((?:\([^)]*\))|(?:"[^\n]*"))', text):
        strings = re.findall(r'"([^"]*)"', rest)
        assert all(len(s) <= 255 for s in strings), strings
        found[name] = strings
    return found


def section(text):
    """The lines for the configuration in what a command printed."""
    lines = text.splitlines()
    at = lines.index('[sign ours.example]')
    return dict(l.split(' = ', 1) for l in lines[at + 1:] if ' = ' in l and not l.startswith('#'))


def command(folder):
    keys = os.path.join(folder, 'keys')
    c = Checkpoint(start=False)

    def write(lines, zone):
        c.zone = {name: {'TXT': [strings]} for name, strings in zone.items()}
        c.write_conf('[papers]\nclients = 192.0.2.0/24\n[sign ours.example]\n' + ''.join('%s = %s\n' % pair for pair in lines.items()))

    try:
        status, out, err = papers(c, 'make-key', 'ours.example', '--into', keys)
        made = zone_of(out)
        lines = section(out)
        today = time.strftime('%Y%m%d', time.gmtime())
        ok(status == 0 and set(lines) == {'selector_rsa', 'key_rsa', 'selector_ed25519', 'key_ed25519'} and lines['selector_rsa'].startswith(today[:6]),
           'make-key makes two keys and says what to write', (status, out, err))
        modes = [os.stat(lines[k]).st_mode & 0o777 for k in ('key_rsa', 'key_ed25519')]
        ok(modes == [0o600, 0o600] and os.stat(keys).st_mode & 0o77 == 0, 'for nobody else to read', modes)
        for kind in ('rsa', 'ed25519'):
            name = '%s._domainkey.ours.example' % lines['selector_' + kind]
            ok(''.join(made.get(name, [])) == record(lines['key_' + kind]), 'the %s record is what openssl makes of the key' % kind, made)
        ok(max(len(s) for strings in made.values() for s in strings) == 255, 'in strings of 255 bytes at most')
        status, out, err = papers(c, 'make-key', 'ours.example', '--into', keys)
        ok(status == 78 and 'there already' in err, 'a key that is there is not written over', (status, out, err))
        status, out, err = papers(c, 'make-key', 'no domain', '--into', keys)
        ok(status == 2, 'no domain, no key', (status, out, err))
        status, out, err = papers(c, 'check')
        ok(status == 78 and 'make-key' in err, 'without a section there is nothing to check', (status, out, err))

        write(lines, {})
        status, out, err = papers(c, 'check')
        ok(status == 1 and out.count('not published; publish') == 2 and zone_of(out) == made, 'check: nothing is published, and what to publish', (status, out, err))
        ok('no SPF' in out and 'no DMARC' in out, 'nor SPF, nor DMARC', out)
        write(lines, dict(made, **{'ours.example': ['v=spf1 -all'], '_dmarc.ours.example': ['v=DMARC1; p=none']}))
        status, out, err = papers(c, 'check', 'ours.example')
        ok(status == 0 and out.count('the right key') == 2 and 'no SPF' not in out and 'no DMARC' not in out, 'check: all is published', (status, out, err))
        status, out, err = papers(c, 'check', lang='ja')
        ok(status == 0 and out.count('正しく公開されている') == 2, 'in Japanese', (status, out, err))
        status, out, err = papers(c, 'records')
        ok(status == 0 and {n: s for n, s in zone_of(out).items()} == made and 'v=spf1 ip4:192.0.2.0/24' in out and 'v=DMARC1; p=none' in out,
           'records: the same, and what to say in SPF and DMARC', (status, out, err))

        rsa_name = '%s._domainkey.ours.example' % lines['selector_rsa']
        for words, strings in (('another key', [record(rsa(folder, 'x.key'))]), ('cannot use', ['v=DKIM1; k=rsa; p=AAAA']), ('is empty', ['v=DKIM1; p=']),
                               ('as a test', [''.join(made[rsa_name]).replace('k=rsa', 'k=rsa; t=y')])):
            write(lines, dict(made, **{rsa_name: [s for t in strings for s in (t[:255], t[255:]) if s]}))
            status, out, err = papers(c, 'check')
            ok(status == 1 and words in out, 'check: %s' % words, (status, out, err))
        c.zone = {}
        write(lines, made)
        c.zone[rsa_name] = {'TXT': [made[rsa_name], ['v=DKIM1; p=']]}
        c.write_conf('[sign ours.example]\n' + ''.join('%s = %s\n' % pair for pair in lines.items()))
        status, out, err = papers(c, 'check')
        ok(status == 1 and 'several TXT' in out, 'check: two records at one name', (status, out, err))
        c.zone[rsa_name] = {'*': 'TIMEOUT'}
        c.write_conf('[sign ours.example]\n' + ''.join('%s = %s\n' % pair for pair in lines.items()))
        status, out, err = papers(c, 'check')
        ok(status == 1 and 'try again later' in out, 'check: a DNS that does not answer', (status, out, err))
        rotation(c, keys, lines, made, write)
    finally:
        c.stop()


def rotation(c, keys, lines, made, write):
    write(lines, made)
    status, out, err = papers(c, 'rotate', 'ours.example', '--into', keys, '--selector', 'later')
    coming, zone = section(out), zone_of(out)
    ok(status == 0 and coming['next_selector_rsa'] == 'laterr' and coming['next_selector_ed25519'] == 'latere' and len(zone) == 2, 'rotate makes the next keys', (status, out, err))
    write(dict(lines, **coming), made)
    status, out, err = papers(c, 'rotate', 'ours.example')
    ok(status == 1 and 'do not switch yet' in out and zone_of(out) == zone, 'and says to wait until they are published', (status, out, err))
    write(dict(lines, **coming), dict(made, **zone))
    status, out, err = papers(c, 'check')
    ok(status == 0 and out.count('the right key') == 4, 'check looks at them too', (status, out, err))
    status, out, err = papers(c, 'rotate', 'ours.example')
    new = section(out)
    day = time.strftime('%Y-%m-%d', time.gmtime(time.time() + 8 * 86400))
    old = [lines['selector_rsa'], lines['selector_ed25519']]
    ok(status == 0 and new['selector_rsa'] == 'laterr' and new['key_ed25519'].endswith('latere.pem') and new['retired'] == '%s:%s, %s:%s' % (old[0], day, old[1], day),
       'then it says how to switch, and how long the old ones stay', (status, out, err))
    write(new, dict(made, **zone))
    r = run('config', c.conf)
    ok(r.returncode == 0, 'what it says is a good configuration', (r.returncode, r.stderr))
    status, out, err = papers(c, 'check')
    ok(status == 0 and out.count('still published, as it should be') == 2, 'check: the old ones are still published', (status, out, err))
    write(dict(new, retired=', '.join(s + ':2026-01-01' for s in old)), dict(made, **zone))
    status, out, err = papers(c, 'check')
    ok(status == 1 and out.count('revoke it') == 2 and out.count('"v=DKIM1; p="') == 2, 'when their time is over: revoke them, and how', (status, out, err))
    write(dict(new, retired=', '.join(s + ':2026-01-01' for s in old)), dict(zone, **{'%s._domainkey.ours.example' % s: ['v=DKIM1; p='] for s in old}))
    status, out, err = papers(c, 'check')
    ok(status == 0 and out.count('may go from') == 2, 'then they may be forgotten', (status, out, err))


def main():
    c = Checkpoint(start=False)
    folder = c.folder
    try:
        command(folder)
        signing(folder)
        tags()
    finally:
        shutil.rmtree(folder, True)
    done()


main()
