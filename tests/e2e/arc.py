#!/usr/bin/env python3
"""A list rewrites a message, seals it, and sends it on: refused by DMARC, or let in on the word of a sealer whom the operator
trusts; and sets of our own on what we pass on."""
import base64, gzip, re
from checkpoint import *

ORIGINAL = (b'From: Taro <taro@author.example>\r\nTo: talk@list.example\r\nSubject: %s\r\n'
            b'Date: Sun, 22 Nov 2026 10:00:00 +0900\r\nMessage-ID: <1@author.example>\r\n\r\nGood morning.\r\n%s')
SEEN = b'Authentication-Results: mx.%s; arc=%s;\r\n\tspf=pass smtp.mailfrom=author.example;\r\n\tdmarc=%s header.from=author.example\r\n'
keys = {}


def key(folder, domain):
    """A private key in a file; the record of its public half."""
    path = os.path.join(folder, domain + '.pem')
    subprocess.run(['openssl', 'genpkey', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048', '-out', path],
                   check=True, capture_output=True)
    os.chmod(path, 0o600)
    der = subprocess.run(['openssl', 'pkey', '-in', path, '-pubout', '-outform', 'DER'], check=True, capture_output=True).stdout
    with open(path) as f:
        keys[domain] = f.read()
    text = 'v=DKIM1; k=rsa; p=' + base64.b64encode(der).decode()
    return {'TXT': [[text[i:i + 200] for i in range(0, len(text), 200)]]}


def tell(verb, **request):
    r = run('try', verb, input=json.dumps(dict(request, id='1')).encode() + b'\n')
    return json.loads(r.stdout)


def sealed(message, domain, arc=b'none', dmarc=b'pass'):
    """As that domain's list server sends it on."""
    name = domain.encode()
    seen = SEEN % (name, arc, dmarc)
    r = tell('arc-sign', message_b64=base64.b64encode(seen + message).decode(), domain=domain, selector='s',
             private_key=keys[domain], authserv_id='mx.' + domain, time=1795309202)
    return b''.join(b'%s: %s\r\n' % (n, r[k].encode()) for n, k in (
        (b'ARC-Seal', 'arc_seal'), (b'ARC-Message-Signature', 'arc_message_signature'),
        (b'ARC-Authentication-Results', 'arc_authentication_results'))) + message


def send(c, message, sender=b'talk-bounces@list.example', ip=b'192.0.2.20'):
    with Smtp(c.port) as s:
        s.say(b'XCLIENT ADDR=%s NAME=[UNAVAILABLE]' % ip)
        s.say(b'EHLO mail.list.example')
        return s.mail(message, sender)


def header_of(message):
    return re.sub(r'\r\n[ \t]+', ' ', message.decode('utf-8', 'replace').split('\r\n\r\n')[0])


def origin_of(c, answer):
    """The origin in the record of the message that got this answer."""
    identity = re.search(r'(?: as |, id )(\S+)', answer[1][-1]).group(1).strip('.,')
    end = time.time() + 10
    while time.time() < end:
        r = c.command('search', '--json', '--id', identity)
        if identity.encode() in r.stdout:
            break
        time.sleep(.1)
    r = c.command('explain', '--json', identity)
    return identity, r.stdout.decode('utf-8', 'replace')


def trusted(folder, zone, list_mail, altered, stranger, through):
    with Checkpoint(zone=zone) as c:
        answer = send(c, list_mail)
        ok(answer[0] == 550 and 'DMARC' in answer[1][-1], 'rewritten by a list that nobody trusts: refused', answer)
    with Checkpoint(zone=zone, extra='[trace]\narc_trusted = list.example, forwarder.example\n'
                    '[dmarc_report]\nfrom = dmarc@rcpt.example\nalways = author.example\n') as c:
        day = time.strftime('%Y-%m-%d', time.gmtime())
        answer = send(c, list_mail)
        ok(answer[0] == 250, 'the same message on the word of a trusted sealer: let in', answer)
        mails = c.mails()
        head = header_of(mails[0]) if mails else ''
        ok('arc=pass smtp.remote-ip=192.0.2.20 header.oldest-pass=0' in head, 'Authentication-Results have arc=pass', head)
        ok(re.search(r'dmarc=fail reason="list\.example is trusted[^"]*" header\.from=author\.example', head),
           'DMARC stays fail, and the reason names the sealer', head)
        ok('X-Sekisho-Verdict: accept' in head and 'arc_speaks=' in head and 'dmarc_fail' not in head,
           'the verdict rests on the sealer', head)
        identity, text = origin_of(c, answer)
        ok('"speaker":"list.example"' in text.replace('": ', '":') and 'trusted_forwarder' in text,
           'the record says who spoke, and what a report is to say', text[:1500])
        told = os.path.join(folder, 'reports')
        os.mkdir(told)
        r = c.command('dmarc', 'reports', '--day', day, '--out', told)
        xml = b''.join(gzip.open(os.path.join(told, n)).read() for n in os.listdir(told) if n.endswith('.gz'))
        ok(re.search(rb'<disposition>none</disposition>.*<type>trusted_forwarder</type>\s*<comment>arc=pass as\[1\]\.d=list\.example '
                     rb'as\[1\]\.s=s', xml, re.S), 'and so does the aggregate report, with the chain', (r, xml))
        path = os.path.join(folder, 'raw')
        with open(path, 'wb') as f:
            f.write(list_mail)
        r = c.command('replay', '--json', '--file', path, identity)
        ok(r.returncode == 0 and json.loads(r.stdout).get('same'), 'replayed without a network it is the same verdict', r)
        answer = send(c, altered)
        ok(answer[0] == 550, 'altered behind the sealer: refused', answer)
        answer = send(c, stranger)
        ok(answer[0] == 550, 'sealed by a stranger: refused', answer)
        answer = send(c, through)
        ok(answer[0] == 250, 'through two whom we trust: let in', answer)
        answer = send(c, sealed(list_mail, 'stranger.example', b'pass', b'fail'))
        ok(answer[0] == 550, 'a stranger sealed last: refused', answer)
        other = sealed(ORIGINAL.replace(b'author.example', b'bank.example') % (b'[talk] hello', b''), 'list.example')
        answer = send(c, other)
        ok(answer[0] == 550, 'the sealer saw another From domain pass: refused', answer)
        answer = send(c, b'From: Bank <info@bank.example>\r\n' + list_mail)
        ok(answer[0] == 550, 'a second From on top of what was sealed: refused', answer)
        answer = send(c, ORIGINAL % (b'hello', b''), b'taro@author.example', b'192.0.2.10')
        ok(answer[0] == 250 and any('arc=none' in header_of(m) for m in c.mails()), 'mail without a chain is arc=none', answer)


def chain_of(message, zone):
    return tell('arc', message_b64=base64.b64encode(message).decode(), zone=zone, now=int(time.time()))


def passed_on(hop, before):
    end = time.time() + 10
    while time.time() < end and len(hop.messages) <= before:
        time.sleep(.05)
    return hop.messages[-1] if len(hop.messages) > before else b''


def sealing(folder, zone, list_mail, altered):
    hop = NextHop()
    extra = ('[trace]\narc_trusted = list.example\n[seal]\ndomain = rcpt.example\nselector = s\nkey = %s\n' %
             os.path.join(folder, 'rcpt.example.pem'))
    with Checkpoint(next_hop=hop.url, zone=zone, extra=extra) as c:
        plain = ORIGINAL % (b'hello', b'')
        answer = send(c, plain, b'taro@author.example', b'192.0.2.10')
        first = passed_on(hop, 0)
        r = chain_of(first, zone)
        ok(answer[0] == 250 and r['result'] == 'pass' and r['instance'] == 1 and r['sets'][0]['cv'] == 'none' and
           r['sets'][0]['authserv_id'] == 'mx.rcpt.example', 'what we pass on is sealed, and verifies', (answer, r, first[:1500]))
        names = r['sets'][0]['message_signature'].get('signed_fields', '') if r['sets'] else ''
        ok(names.split(':').count('from') == 2 and 'authentication-results' not in names, 'From is signed over', names)
        results = lambda m, name: re.search(r'(?m)^%s: (?:i=\d+; )?(.*?)\r?$' % name, header_of(m)).group(1)
        ok(results(first, 'ARC-Authentication-Results') == results(first, 'Authentication-Results'),
           'the set says what our Authentication-Results say', first[:1500])
        ok(max(len(l) for l in first.split(b'\r\n\r\n')[0].split(b'\r\n')) < 100, 'its lines are short')
        answer = send(c, list_mail)
        second = passed_on(hop, 1)
        r = chain_of(second, zone)
        ok(answer[0] == 250 and r['result'] == 'pass' and r['instance'] == 2 and r['oldest_pass'] == 0 and
           [s['cv'] for s in r['sets']] == ['none', 'pass'], 'a chain that passes is gone on with', (answer, r))
        broken = sealed(ORIGINAL.replace(b'author.example', b'free.example') % (b'hello', b''), 'list.example')
        answer = send(c, broken.replace(b'Good morning', b'Good evening'), b'x@free.example')
        third = passed_on(hop, 2)
        r = chain_of(third, zone)
        ok(answer[0] == 250 and r['result'] == 'fail' and r['instance'] == 2 and r['sets'][-1]['cv'] == 'fail',
           'a chain that fails is sealed as failed', (answer, r))
        answer = send(c, third, b'x@free.example')
        fourth = passed_on(hop, 3)
        ok(answer[0] == 250 and chain_of(fourth, zone)['instance'] == 2, 'and not sealed again', answer)
        for pid in c.role_pids('keys'):
            os.kill(pid, signal.SIGSTOP)
        answer = send(c, plain, b'taro@author.example', b'192.0.2.10')
        fifth = passed_on(hop, 4)
        for pid in c.role_pids('keys'):
            os.kill(pid, signal.SIGCONT)
        ok(answer[0] == 250 and fifth and chain_of(fifth, zone)['result'] == 'none',
           'without an answer of the key process mail goes on without a set', (answer, fifth[:600]))
    with Checkpoint(next_hop=hop.url, zone=zone) as c:
        before = len(hop.messages)
        answer = send(c, list_mail.replace(b'author.example', b'free.example'), b'x@free.example')
        ok(answer[0] == 250 and chain_of(passed_on(hop, before), zone)['instance'] == 1, 'nothing is sealed unless it is asked for', answer)


def refused_settings(folder):
    for words, text in (('a part of them', 'domain = rcpt.example\n'),
                        ('no name', 'domain = rcpt..example\nselector = s\nkey = %s/rcpt.example.pem\n' % folder)):
        c = Checkpoint(start=False, extra='[seal]\n' + text)
        r = run('config', 'check', c.conf)
        ok(r.returncode != 0 and b'[seal]' in r.stdout + r.stderr, '[seal] with %s is refused' % words, r)
        c.stop()
    c = Checkpoint(start=False, extra='[trace]\narc_trusted = list.example, https://list.example\n')
    r = run('config', 'check', c.conf)
    ok(r.returncode != 0 and b'arc_trusted' in r.stdout + r.stderr, 'what is no domain is not trusted, but named', r)
    c.stop()


def main():
    folder = tempfile.mkdtemp(prefix='sekisho-arc-')
    zone = {
        'author.example': {'TXT': [['v=spf1 ip4:192.0.2.10 -all']]},
        '_dmarc.author.example': {'TXT': [['v=DMARC1; p=reject; rua=mailto:rua@author.example']]},
        'bank.example': {'TXT': [['v=spf1 -all']]},
        '_dmarc.bank.example': {'TXT': [['v=DMARC1; p=reject']]},
        'free.example': {'TXT': [['v=spf1 ip4:192.0.2.20 -all']]},
        'list.example': {'TXT': [['v=spf1 ip4:192.0.2.20 -all']]},
    }
    for domain in ('list.example', 'forwarder.example', 'stranger.example', 'rcpt.example'):
        zone['s._domainkey.' + domain] = key(folder, domain)
    rewritten = ORIGINAL % (b'[talk] hello', b'-- \r\nThe talk list\r\n')
    list_mail = sealed(rewritten, 'list.example')
    try:
        ok(chain_of(list_mail, zone)['result'] == 'pass', "the list's seal verifies", chain_of(list_mail, zone))
        altered = list_mail.replace(b'Good morning', b'Send money')
        trusted(folder, zone, list_mail, altered, sealed(rewritten, 'stranger.example'),
                sealed(list_mail, 'forwarder.example', b'pass', b'fail'))
        sealing(folder, zone, list_mail, altered)
        refused_settings(folder)
    finally:
        shutil.rmtree(folder, True)
    done()


main()
