#!/usr/bin/env python3
"""DMARC reports: mail comes in through the real door, reports go out at a sink for a next hop, and each gate holds.
What others sent is read into statistics."""
import base64, email, email.message, gzip, io, json, os, re, shutil, socket, struct, subprocess, tempfile, threading, time, zipfile
import xml.etree.ElementTree as tree

from checkpoint import ROOT, Checkpoint, NextHop, Smtp, done, ok, run, skip

one_at_a_time, say_one = threading.Lock(), ok


def ok(*arguments):
    with one_at_a_time:
        return say_one(*arguments)


def beside(test):
    """Runs a test while others wait for their periods."""
    def run_it():
        try:
            test()
        except Exception as e:
            ok(False, '%s ran to its end' % test.__name__, repr(e))
    thread = threading.Thread(target=run_it)
    thread.start()
    return thread


NS = '{urn:ietf:params:xml:ns:dmarc-2.0}'
XSD = os.path.join(ROOT, '..', 'shared', 'standards', 'dmarc-xml-0.2.xsd')
INTERVAL = 10

ZONE = {
    # spf passes for the loopback client where the domain is used in MAIL FROM
    'good.example': {'TXT': [['v=spf1 ip4:127.0.0.0/8 -all']]},
    '_dmarc.good.example': {'TXT': [['v=DMARC1; p=reject; sp=quarantine; fo=1; '
                                     'rua=mailto:rua@good.example,mailto:agg@reports.example,https://x.example/']]},
    'good.example._report._dmarc.reports.example': {'TXT': [['v=DMARC1']]},
    'mail.good.example': {'TXT': [['v=spf1 ip4:127.0.0.0/8 -all']]},
    'forged.example': {'TXT': [['v=spf1 -all']]},
    '_dmarc.forged.example': {'TXT': [['v=DMARC1; p=reject; rua=mailto:rua@forged.example']]},
    'victim.example': {},
    'spiteful.example': {'TXT': [['v=spf1 ip4:127.0.0.0/8 -all']]},
    '_dmarc.spiteful.example': {'TXT': [['v=DMARC1; p=none; rua=mailto:someone@victim.example']]},
    'hidden.example': {'TXT': [['v=spf1 ip4:127.0.0.0/8 -all']]},
    '_dmarc.hidden.example': {'TXT': [['v=DMARC1; p=none; rua=mailto:rua@hidden.example']]},
    'small.example': {'TXT': [['v=spf1 ip4:127.0.0.0/8 -all']]},
    '_dmarc.small.example': {'TXT': [['v=DMARC1; p=none; rua=mailto:rua@small.example!100']]},
    'moved.example': {'TXT': [['v=spf1 ip4:127.0.0.0/8 -all']]},
    '_dmarc.moved.example': {'TXT': [['v=DMARC1; p=none; rua=mailto:old@keeper.example']]},
    'moved.example._report._dmarc.keeper.example': {'TXT': [['v=DMARC1; rua=mailto:new@keeper.example']]},
    'bounces.example': {'TXT': [['v=spf1 ip4:127.0.0.0/8 -all']]},
    '_dmarc.bounces.example': {'TXT': [['v=DMARC1; p=none; rua=mailto:gone@bounces.example']]},
    'rcpt.example': {'TXT': [['v=spf1 ip4:127.0.0.0/8 -all']]},
}
CONF = '''
[dmarc_report]
send = yes
from = dmarc@rcpt.example
org_name = Receiver <&> Co.
interval = %ds
delay = 0s
mailbox = rua@rcpt.example
%s
'''


def message(domain, subject='hello'):
    return ('From: Someone <someone@%s>\r\nTo: user@rcpt.example\r\nSubject: %s\r\nMessage-ID: <%f@%s>\r\n'
            'Date: %s\r\n\r\nGood morning, here is the plan of the week.\r\n'
            % (domain, subject, time.time(), domain, time.strftime('%a, %d %b %Y %H:%M:%S +0000', time.gmtime()))).encode()


def period_begin():
    """Waits until a period is young, so that all of a test's mail falls into one."""
    while time.time() % INTERVAL > INTERVAL * .25:
        time.sleep(.1)
    return int(time.time()) // INTERVAL * INTERVAL


def bring(c, domain, sender=None, recipients=(b'user@rcpt.example',), times=1, client=None):
    for _ in range(times):
        with Smtp(c.port) as s:
            answer = s.mail(message(domain), sender=('a@' + domain if sender is None else sender).encode(),
                            recipients=recipients)
    return answer


def reports(hop):
    return [(e, m) for e, m in zip(hop.envelopes, hop.messages) if b'Subject: Report Domain:' in m]


def wait_for(what, seconds=60):
    end = time.time() + seconds
    while time.time() < end:
        found = what()
        if found:
            return found
        time.sleep(.2)
    return what()


def attachment(raw):
    parsed = email.message_from_bytes(raw)
    part = [p for p in parsed.walk() if p.get_content_type() == 'application/gzip'][0]
    return parsed, part.get_filename(), gzip.decompress(part.get_payload(decode=True))


def validates(xml):
    if not os.path.exists(XSD):
        return None
    try:
        return subprocess.run(['xmllint', '--noout', '--nonet', '--schema', XSD, '-'], input=xml, capture_output=True,
                              timeout=60)
    except FileNotFoundError:
        return None


def ledger_kinds(c):
    found = []
    journal = os.path.join(c.record, 'journal')
    for name in sorted(os.listdir(journal)):
        data = open(os.path.join(journal, name), 'rb').read()
        found += re.findall(rb'\{"v":1,"kind":"(dmarc\.[a-z]+)"[^\n]*?\}', data)
    return [k.decode() for k in found]


def busy_periods(c):
    """How many periods were closed in which reports were sent; a quiet one is closed too."""
    journal = os.path.join(c.record, 'journal')
    data = b''.join(open(os.path.join(journal, n), 'rb').read() for n in sorted(os.listdir(journal)))
    return len(re.findall(rb'"kind":"dmarc.period"[^\n]*?"sent":[1-9]', data))


def check_report(to, raw, begin):
    parsed, name, xml = attachment(raw)
    ok(re.fullmatch(r'Report Domain: good\.example\s+Submitter: rcpt\.example\s+Report-ID: <[^<> ]+@rcpt\.example>',
                    parsed['Subject']), 'the subject is that of RFC 9990', parsed['Subject'])
    ok(name == 'rcpt.example!good.example!%d!%d.xml.gz' % (begin, begin + INTERVAL), 'and so is the file name', name)
    ok(parsed['Auto-Submitted'] == 'auto-generated' and parsed['From'] == '<dmarc@rcpt.example>', 'it says that it is a machine\'s')
    checked = validates(xml)
    if checked is None:
        skip('the report is valid by the schema', 'no schema (../shared/standards) or no xmllint')
    else:
        ok(checked.returncode == 0, 'the report is valid by the schema', checked.stderr)
    root = tree.fromstring(xml)
    text = lambda path, at=root: at.findtext('/'.join(NS + p for p in path.split('/')))
    ok(text('report_metadata/org_name') == 'Receiver <&> Co.', 'our name stands in it, marks and all')
    ok(text('policy_published/p') == 'reject' and text('policy_published/sp') == 'quarantine' and
       text('policy_published/fo') == '1' and text('policy_published/testing') == 'n', 'the policy is as published')
    rows = {}
    for record in root.findall(NS + 'record'):
        rows[(text('identifiers/header_from', record), text('identifiers/envelope_from', record))] = (
            int(text('row/count', record)), text('row/source_ip', record), text('row/policy_evaluated/disposition', record),
            text('row/policy_evaluated/spf', record), text('row/policy_evaluated/dkim', record),
            text('auth_results/spf/result', record))
    want = {('good.example', 'good.example'): (3, '127.0.0.1', 'pass', 'pass', 'fail', 'pass'),
            ('mail.good.example', 'mail.good.example'): (2, '127.0.0.1', 'pass', 'pass', 'fail', 'pass'),
            ('good.example', 'forged.example'): (1, '127.0.0.1', 'reject', 'fail', 'fail', 'fail')}
    ok(rows == want, 'the counts are right, by source, domain and result', rows)
    ok(b'user@' not in xml and b'someone' not in xml and b'hello' not in xml and b'"a@' not in xml,
       'a report holds no recipient, no local part and no subject')
    return xml


def rsa_key():
    """A key in a file of its own, and the record that publishes it."""
    folder = tempfile.mkdtemp(prefix='sekisho-dmarc-')
    path = os.path.join(folder, 'k1.pem')
    subprocess.run(['openssl', 'genpkey', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048', '-out', path],
                   check=True, capture_output=True, timeout=60)
    os.chmod(path, 0o600)
    public = subprocess.run(['openssl', 'pkey', '-in', path, '-pubout', '-outform', 'DER'], check=True, capture_output=True).stdout
    return path, 'v=DKIM1; k=rsa; p=' + base64.b64encode(public).decode()


def signed(raw, record):
    request = {'id': '1', 'message_b64': base64.b64encode(raw).decode(),
               'zone': {'k1._domainkey.rcpt.example': {'TXT': [[record[:200], record[200:]]]}}}
    return json.loads(run('try', 'dkim', input=json.dumps(request).encode() + b'\n').stdout)


def outgoing():
    key, record = rsa_key()
    hop = NextHop(answers={'RCPT': lambda line: '550 5.1.1 nobody here' if b'gone@' in line else '250 2.1.5 ok'})
    with Checkpoint(next_hop=hop.url, zone=ZONE, http=False,
                    extra=CONF % (INTERVAL, 'never = hidden.example') +
                    '[sign rcpt.example]\nselector_rsa = k1\nkey_rsa = %s\n' % key) as c:
        begin = period_begin()
        bring(c, 'good.example', times=3)
        bring(c, 'mail.good.example', times=2)
        refused = bring(c, 'good.example', sender='x@forged.example')
        ok(refused[0] == 550, 'forged mail was refused by DMARC', refused)
        bring(c, 'forged.example')
        bring(c, 'spiteful.example')
        bring(c, 'hidden.example')
        bring(c, 'small.example')
        bring(c, 'moved.example')
        bring(c, 'bounces.example')
        bring(c, 'good.example', recipients=(b'rua@rcpt.example',))
        bring(c, 'good.example', sender='')
        day = time.strftime('%Y-%m-%d', time.gmtime(begin))
        dry = c.command('dmarc', 'reports', '--day', day, '--json', '--dry-run')
        told = {(r['domain'], r['to']): r['decision'] for r in map(json.loads, dry.stdout.splitlines())}
        ok(dry.returncode == 0 and told == {
            ('good.example', 'rua@good.example'): 'send', ('good.example', 'agg@reports.example'): 'send',
            ('forged.example', ''): 'only_fails', ('spiteful.example', 'someone@victim.example'): 'external',
            ('hidden.example', ''): 'never', ('small.example', 'rua@small.example'): 'too_large',
            ('moved.example', 'new@keeper.example'): 'send', ('bounces.example', 'gone@bounces.example'): 'send'},
           'the dry run tells what would be sent, and why each other not', (told, dry.stderr))
        ok(not reports(hop), 'and it sends nothing')
        sent = wait_for(lambda: len(reports(hop)) >= 3 and reports(hop))
        time.sleep(1)
        sent = reports(hop)
        to = sorted(re.search(rb'<([^>]*)>', e[1][0]).group(1).decode() for e, _ in sent)
        ok(to == ['agg@reports.example', 'new@keeper.example', 'rua@good.example'],
           'reports go to those that may have them, once each: not to strangers who did not ask', to)
        ok(all(re.match(rb'MAIL FROM:<dmarc\+[0-9a-f]{20}@rcpt.example>', e[0]) for e, _ in sent),
           'each has a sender of its own', [e[0] for e, _ in sent])
        for envelope, raw in sent:
            if b'rua@good.example' in envelope[1][0]:
                check_report('rua@good.example', raw, begin)
        results = [signed(m, record) for _, m in sent]
        ok(all(r['result'] == 'pass' and r['signatures'][0]['header.d'] == 'rcpt.example' for r in results),
           'reports are signed by our domain, as they must pass DMARC themselves', results)
        wait_for(lambda: busy_periods(c) == 1, 30)
        kinds = ledger_kinds(c)
        ok(kinds.count('dmarc.report') == 3 and 'dmarc.period' in kinds, 'what was sent stands in the ledger', kinds)
        suppressed = c.command('dmarc', 'suppress', 'list', '--json').stdout
        ok(b'gone@bounces.example' in suppressed, 'an address that the next hop refuses is suppressed', suppressed)
        bounce_and_again(c, hop, sent)
        ok(c.command('ledger', 'verify').returncode == 0, 'the ledger verifies')
    hop.close()
    shutil.rmtree(os.path.dirname(key), True)


def bounce_and_again(c, hop, sent):
    """A bounce to a report's own sender keeps the next one from that address; a forged one does not."""
    senders = {re.search(rb'<([^>]*)>', e[1][0]).group(1): re.search(rb'<([^>]*)>', e[0]).group(1) for e, _ in sent}
    before = len(reports(hop))
    c.command('dmarc', 'suppress', 'add', 'keeper.example')
    period_begin()
    bring(c, 'good.example', times=2)
    bring(c, 'moved.example')
    bring(c, 'bounces.example')
    with Smtp(c.port) as s:
        s.mail(message('reports.example', 'Undelivered'), sender=b'', recipients=(senders[b'agg@reports.example'],))
        s.mail(message('good.example', 'Undelivered'), sender=b'', recipients=(b'dmarc+%s@rcpt.example' % (b'0' * 20),))
    wait_for(lambda: len(reports(hop)) > before)
    wait_for(lambda: busy_periods(c) == 2, 40)
    to = [re.search(rb'<([^>]*)>', e[1][0]).group(1).decode() for e, _ in reports(hop)[before:]]
    ok(set(to) == {'rua@good.example'},
       'nothing more goes to an address that bounced, was refused, or was suppressed by hand', to)
    listed = [json.loads(l) for l in c.command('dmarc', 'suppress', 'list', '--json').stdout.splitlines()]
    ok({(l['name'], l['until'] > 0) for l in listed} ==
       {('gone@bounces.example', True), ('agg@reports.example', True), ('keeper.example', False)},
       'a bounce that nobody of ours sent suppresses nobody', listed)


def failure_report():
    """Off by default; by hand, redacted."""
    with Checkpoint(zone=ZONE, http=False) as c:
        bring(c, 'good.example', sender='x@forged.example')
        ids = wait_for(lambda: [json.loads(l)['id'] for l in c.command('search', '--json').stdout.splitlines()], 20)
        off = c.command('dmarc', 'failure', ids[0])
        ok(off.returncode == 78 and not off.stdout, 'failure reports are off unless the configuration says so', off.stderr)
        c.stop(keep=True)
        c.write_conf('[dmarc_report]\nfrom = dmarc@rcpt.example\nfailure = yes\n')
        c.start()
        made = c.command('dmarc', 'failure', ids[0])
        parsed = email.message_from_bytes(made.stdout)
        ok(made.returncode == 0 and parsed.get_content_type() == 'multipart/report' and
           re.search(rb'From: <[0-9a-f]{16}@good.example>', made.stdout) and b'Auth-Failure: dmarc' in made.stdout and
           not re.search(rb'someone|hello|user@|x@forged|Good morning', made.stdout),
           'one made by hand holds no local part, no recipient, no subject and no body', (made.stdout, made.stderr))
        fields = json.loads(run('try', 'arf', input=json.dumps({'id': '1', 'message_b64': base64.b64encode(made.stdout).decode()}).encode()
                                + b'\n').stdout or b'{}')
        if fields.get('feedback_type') is None:
            skip('our own reader of ARF reads it', 'it is not built')
        else:
            ok(fields['feedback_type'] == 'auth-failure' and fields['reported_domain'] in ('good.example', ['good.example']),
               'our own reader of ARF reads it', fields)


class Dns:
    """A DNS server over UDP that knows TXT records alone."""

    def __init__(self, texts):
        self.texts, self.asked = texts, []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(('127.0.0.1', 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                data, who = self.socket.recvfrom(4096)
            except OSError:
                return
            at, labels = 12, []
            while data[at]:
                labels.append(data[at + 1:at + 1 + data[at]].decode('ascii', 'replace').lower())
                at += 1 + data[at]
            name, kind, question = '.'.join(labels), struct.unpack('>H', data[at + 1:at + 3])[0], data[12:at + 5]
            self.asked.append(name)
            text = self.texts.get(name, '').encode()
            here = bool(text) and kind == 16
            flags = 0x8180 if text else 0x8183
            answer = b'\xc0\x0c' + struct.pack('>HHIHB', 16, 1, 60, len(text) + 1, len(text)) + text if here else b''
            self.socket.sendto(data[:2] + struct.pack('>HHHHH', flags, 1, here, 0, 0) + question + answer, who)


def through_dns():
    """The clerk behind its walls asks a real server."""
    hop = NextHop()
    dns = Dns({'good.example': 'v=spf1 ip4:127.0.0.0/8 -all',
               '_dmarc.good.example': 'v=DMARC1; p=none; rua=mailto:a@yes.example,mailto:b@no.example',
               'good.example._report._dmarc.yes.example': 'v=DMARC1;'})
    with Checkpoint(next_hop=hop.url, http=False, extra=CONF % (INTERVAL, '') +
                    '[dns]\nzone = -\nservers = 127.0.0.1@%d\ntimeout = 1s\n' % dns.port) as c:
        period_begin()
        bring(c, 'good.example')
        wait_for(lambda: busy_periods(c) == 1)
        to = [re.search(rb'<([^>]*)>', e[1][0]).group(1) for e, _ in reports(hop)]
        ok(to == [b'a@yes.example'] and 'good.example._report._dmarc.no.example' in dns.asked,
           'a DNS server is asked whether strangers want reports, and believed', (to, dns.asked, c.log_text()[-1500:]))
    dns.socket.close()
    hop.close()


def later():
    """A next hop that puts off, and one that dies: the report is not lost and not sent twice; the keeper's death neither."""
    said = {'answer': '451 4.3.0 later'}
    hop = NextHop(answers={'DOT': lambda message: said['answer'] if b'Report Domain' in message else '250 2.0.0 ok'})
    with Checkpoint(next_hop=hop.url, zone=ZONE, http=False, extra=CONF % (INTERVAL, '')) as c:
        period_begin()
        bring(c, 'good.example')
        wait_for(lambda: len(reports(hop)) >= 2)
        time.sleep(1)
        ok('dmarc.report' not in ledger_kinds(c) and busy_periods(c) == 0,
           'what the next hop puts off is not recorded as sent', ledger_kinds(c))
        said['answer'] = '250 2.0.0 ok'
        first = {re.search(rb'Report-ID: <([^>]*)>', m).group(1) for _, m in reports(hop)}
        c.stop(keep=True)
        before = len(reports(hop))
        c.start()
        wait_for(lambda: len(reports(hop)) >= before + 2)
        wait_for(lambda: busy_periods(c) == 1, 30)
        again = reports(hop)[before:]
        ok(len(again) == 2 and {re.search(rb'Report-ID: <([^>]*)>', m).group(1) for _, m in again} == first,
           'it goes out after a restart, under the same id', [m[:300] for _, m in again])
        c.stop(keep=True)
        c.start()
        time.sleep(INTERVAL / 2)
        ok(len(reports(hop)) == before + 2, 'and not once more', len(reports(hop)) - before)
    hop.close()


def consent_and_defaults():
    """Off by default; a carrier's recipients must have agreed."""
    hop = NextHop()
    with Checkpoint(next_hop=hop.url, zone=ZONE, http=False, profile='carrier', extra='''
            [dmarc_report]
            from = dmarc@rcpt.example
            [recipient yes@rcpt.example]
            consent = source, label, statistics, dmarc
            ''') as c:
        bring(c, 'good.example', recipients=(b'user@rcpt.example',))
        bring(c, 'good.example', recipients=(b'yes@rcpt.example', b'user@rcpt.example'))
        bring(c, 'good.example', recipients=(b'yes@rcpt.example',))
        folder = tempfile.mkdtemp(dir=c.folder)
        day = time.strftime('%Y-%m-%d', time.gmtime())
        dry = c.command('dmarc', 'reports', '--day', day, '--json', '--out', folder)
        told = [json.loads(l) for l in dry.stdout.splitlines()]
        ok([t['messages'] for t in told] == [1, 1],
           'mail counts only when each of its recipients allows it', (told, dry.stderr))
        names = os.listdir(folder)
        ok(sum(n.endswith('.xml.gz') for n in names) == 1 and sum(n.endswith('.eml') for n in names) == 2,
           'the files can be looked at', names)
        ok(not reports(hop), 'nothing is sent unless the configuration says so')
    hop.close()


REPORT = '''<?xml version="1.0" encoding="UTF-8"?>
<feedback><version>1.0</version><report_metadata><org_name>%s</org_name><email>x@y.example</email><report_id>%s</report_id>
<date_range><begin>1661558400</begin><end>1661644799</end></date_range></report_metadata>
<policy_published><domain>rcpt.example</domain><p>none</p></policy_published>%s</feedback>'''
ROW = '''<record><row><source_ip>%s</source_ip><count>%d</count><policy_evaluated><disposition>%s</disposition><dkim>%s</dkim>
<spf>%s</spf></policy_evaluated></row><identifiers><header_from>rcpt.example</header_from></identifiers><auth_results>
<spf><domain>rcpt.example</domain><result>pass</result></spf></auth_results></record>'''


def incoming():
    with Checkpoint(zone=ZONE, http=False) as c:
        def put(name, data):
            path = os.path.join(c.folder, name)
            with open(path, 'wb') as f:
                f.write(data)
            return path
        one = (REPORT % ('one', '1', ROW % ('192.0.2.1', 5, 'none', 'pass', 'pass') +
                         ROW % ('192.0.2.9', 2, 'reject', 'fail', 'fail'))).encode()
        two = (REPORT % ('two', '1', ROW % ('192.0.2.1', 7, 'none', 'fail', 'pass'))).encode()
        three = (REPORT % ('three', '1', ROW % ('2001:db8::1', 1, 'quarantine', 'pass', 'fail'))).encode()
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, 'w', zipfile.ZIP_DEFLATED) as z:
            z.writestr('three!rcpt.example!1!2.xml', three)
        letter = email.message.EmailMessage()
        letter['From'], letter['To'], letter['Subject'] = 'a@b.example', 'rua@rcpt.example', 'Report Domain: rcpt.example'
        letter.set_content('A report.')
        letter.add_attachment(packed.getvalue(), maintype='application', subtype='zip', filename='r.zip')
        mbox = (b'From a@b.example Sun Nov 22 00:00:00 2026\n' + letter.as_bytes() +
                b'\nFrom a@b.example Sun Nov 22 00:00:00 2026\nSubject: no report\n\nhello\n')
        files = [put('one.xml', one), put('two.xml.gz', gzip.compress(two)), put('box.mbox', mbox)]
        read = c.command('dmarc', 'read', *files)
        ok(read.returncode == 0 and b'3 reports were read' in read.stdout and b'1 letters without' in read.stdout,
           'XML, gzip, and a zip in a mailbox are read', (read.stdout, read.stderr))
        rows = [json.loads(l) for l in c.command('dmarc', 'show', '--json').stdout.splitlines()]
        by = {r['source']: (r['messages'], r['spf'], r['dkim'], r['passed'], r['rejected'], r['quarantined']) for r in rows}
        want = {'192.0.2.1': (12, 12, 5, 12, 0, 0), '192.0.2.9': (2, 0, 0, 0, 2, 0), '2001:db8::1': (1, 0, 1, 1, 0, 1)}
        ok(by == want and rows[0]['source'] == '192.0.2.1', 'the statistics add up, by domain and source', rows)
        again = c.command('dmarc', 'read', *files)
        rows = [json.loads(l) for l in c.command('dmarc', 'show', '--json').stdout.splitlines()]
        ok(b'3 known before' in again.stdout and {r['source']: r['messages'] for r in rows}['192.0.2.1'] == 12,
           'a report that comes twice counts once', again.stdout)
        bomb = put('bomb.xml.gz', gzip.compress(b'<feedback>' + b' ' * (80 << 20)))
        lol = put('lol.xml', b'<!DOCTYPE feedback [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><feedback>&b;</feedback>')
        deep = put('deep.xml', b'<feedback>' + b'<a>' * 100000)
        for name, path, words in (('a gzip bomb', bomb, b'larger than'), ('entities', lol, b'document type'),
                                  ('elements without end', deep, b'too deep')):
            bad = c.command('dmarc', 'read', path)
            ok(bad.returncode == 65 and words in bad.stderr, '%s in a report of others: an error, no harm' % name, bad.stderr)
        ja = c.command('dmarc', 'show', '--lang', 'ja').stdout.decode()
        ok('送信元' in ja and '192.0.2.9' in ja, 'the table is told in Japanese too', ja)
        c.stop(keep=True)
        c.start()
        rows = [json.loads(l) for l in c.command('dmarc', 'show', '--json', '--domain', 'rcpt.example').stdout.splitlines()]
        ok({r['source']: r['messages'] for r in rows} == {'192.0.2.1': 12, '192.0.2.9': 2, '2001:db8::1': 1},
           'the statistics are there after a restart', rows)
        c.stop(keep=True)
        for root, _, names in os.walk(c.record):
            for n in names:
                if n == 'dmarc.book':
                    os.remove(os.path.join(root, n))
        c.start()
        rows = [json.loads(l) for l in c.command('dmarc', 'show', '--json').stdout.splitlines()]
        ok({r['source']: r['messages'] for r in rows} == {'192.0.2.1': 12, '192.0.2.9': 2, '2001:db8::1': 1},
           'and are made again from the ledger when the book is lost', rows)


if __name__ == '__main__':
    under_way = [beside(later), beside(through_dns)]
    consent_and_defaults()
    failure_report()
    outgoing()
    for thread in under_way:
        thread.join()
    incoming()
    done()
