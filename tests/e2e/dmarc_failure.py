#!/usr/bin/env python3
"""Failure reports of DMARC that are sent, at a sink for a next hop: off by default, redacted, through the gate. And what
happens to a report when the keeper cannot keep that it was sent, or the clerk dies before he says so."""
import email, json, os, re, signal, subprocess, time

from checkpoint import Checkpoint, NextHop, done, ok, skip
from dmarc_reports import CONF, INTERVAL, beside, bring, ledger_kinds, message, period_begin, reports, rsa_key, run, signed, wait_for
from faults import STRACE, ROOT_USER, end_trace, trace

SPF = {'TXT': [['v=spf1 ip4:127.0.0.0/8 -all']]}
ZONE = {
    'good.example': SPF,
    '_dmarc.good.example': {'TXT': [['v=DMARC1; p=reject; fo=1; rua=mailto:rua@good.example; '
                                     'ruf=mailto:ruf@good.example,mailto:f@yes.example,mailto:f@victim.example']]},
    'good.example._report._dmarc.yes.example': {'TXT': [['v=DMARC1; rua=mailto:agg@yes.example; ruf=mailto:fail@yes.example']]},
    'forged.example': {'TXT': [['v=spf1 -all']]},
    '_dmarc.forged.example': {'TXT': [['v=DMARC1; p=reject; ruf=mailto:ruf@forged.example']]},
    'only.example': SPF,
    '_dmarc.only.example': {'TXT': [['v=DMARC1; p=none; ruf=mailto:ruf@only.example; fo=0:d']]},
    'signs.example': SPF,
    '_dmarc.signs.example': {'TXT': [['v=DMARC1; p=none; ruf=mailto:ruf@signs.example; fo=d']]},
    'gone.example': SPF,
    '_dmarc.gone.example': {'TXT': [['v=DMARC1; p=none; ruf=mailto:ruf@gone.example']]},
    'rcpt.example': SPF,
}
ON = '[dmarc_report]\nfailure_send = %s\nfailure_cap = 2\n'
FORGER = 'spoofer.name@forged.example'


def failures(hop):
    return [(e, m) for e, m in zip(hop.envelopes, hop.messages) if b'Subject: DMARC failure report' in m]


def to_of(envelope):
    return re.search(rb'<([^>]*)>', envelope[1][0]).group(1).decode()


def closed(c):
    """How many periods were closed in which anything was sent."""
    journal = os.path.join(c.record, 'journal')
    data = b''.join(open(os.path.join(journal, n), 'rb').read() for n in sorted(os.listdir(journal)))
    return len(re.findall(rb'"kind":"dmarc.period"[^\n]*?"sent":[1-9]', data))


def scenes(c):
    """Mail in the names of the domains of ZONE, all in one period; its day."""
    begin = period_begin()
    for domain in ('good.example', 'only.example', 'signs.example', 'gone.example'):
        bring(c, domain)
    for domain in ('good.example', 'good.example', 'good.example', 'only.example', 'signs.example', 'gone.example', 'forged.example'):
        bring(c, domain, sender=FORGER)
    return time.strftime('%Y-%m-%d', time.gmtime(begin))


WANT = {('f@victim.example', 'external'), ('fail@yes.example', 'send'), ('ruf@good.example', 'send'), ('ruf@only.example', 'send'),
        ('', 'only_fails'), ('ruf@gone.example', 'suppressed')}


def sent_and_redacted():
    key, record = rsa_key()
    hop = NextHop()
    with Checkpoint(next_hop=hop.url, zone=ZONE, http=False, extra=CONF % (INTERVAL, '') + ON % 'yes' +
                    '[sign rcpt.example]\nselector_rsa = k1\nkey_rsa = %s\n' % key) as c:
        c.command('dmarc', 'suppress', 'add', 'gone.example')
        day = scenes(c)
        told = [json.loads(l) for l in c.command('dmarc', 'reports', '--day', day, '--json').stdout.splitlines()]
        ok({(t['to'], t['decision']) for t in told if t.get('failure')} == WANT, 'the dry run tells which failure reports would be sent, '
           'and why others not', told)
        wait_for(lambda: closed(c) == 1)
        time.sleep(1)
        got = failures(hop)
        to = sorted(to_of(e) for e, _ in got)
        ok(to == ['fail@yes.example'] * 2 + ['ruf@good.example'] * 2 + ['ruf@only.example'],
           'they go to ruf: not to strangers who did not ask, nor about a domain with nothing but forgeries, nor to the suppressed, '
           'nor past the cap of two, nor where fo asks for failed signatures alone', (to, c.log_text()[-1500:]))
        ok(len(reports(hop)) == 1, 'aggregate reports go out beside them', len(reports(hop)))
        ok(all(re.match(rb'MAIL FROM:<dmarc\+[0-9a-f]{20}@rcpt.example>', e[0]) for e, _ in got) and len({e[0] for e, _ in got}) == len(got),
           'each has a sender of its own', [e[0] for e, _ in got])
        check_one(got[0][1], key, record)
        kinds = ledger_kinds(c)
        ok(kinds.count('dmarc.failure') == 5 and kinds.count('dmarc.report') == 1, 'what was sent stands in the ledger', kinds)
        before = len(got)
        c.stop(keep=True)
        c.start()
        scenes(c)
        wait_for(lambda: closed(c) == 2)
        time.sleep(1)
        again = sorted(to_of(e) for e, _ in failures(hop)[before:])
        ok(again == ['ruf@only.example'], 'in 24 hours no more than two go to one address, whatever was started anew between', again)
        ok(c.command('ledger', 'verify').returncode == 0, 'the ledger verifies')
    hop.close()


def check_one(raw, key, record):
    parsed = email.message_from_bytes(raw)
    ok(parsed.get_content_type() == 'multipart/report' and parsed.get_param('report-type') == 'feedback-report' and
       parsed['From'] == '<dmarc@rcpt.example>' and parsed['To'] == '<%s>' % parsed['To'].strip('<>') and parsed['Auto-Submitted'],
       'it is a report of RFC 6591', raw[:600])
    ok(b'Auth-Failure: dmarc\r\n' in raw and b'Source-IP: 127.0.0.1\r\n' in raw and b'Reported-Domain: good.example\r\n' in raw and
       b'Delivery-Result: reject\r\n' in raw and b'Identity-Alignment: none\r\n' in raw, 'with what happened', raw)
    ok(re.search(rb'Original-Mail-From: <[0-9a-f]{16}@forged.example>', raw) and b'From: <redacted@good.example>' in raw,
       'local parts are a keyed hash, or nothing', raw)
    ok(not re.search(rb'spoofer|someone|user@|hello|Good morning|text/plain; charset=utf', raw),
       'no local part, no recipient, no subject and no body', raw)
    result = signed(raw, record)
    ok(result['result'] == 'pass' and result['signatures'][0]['header.d'] == 'rcpt.example', 'it is signed by our domain', result)


def off_and_dry():
    hop = NextHop()
    with Checkpoint(next_hop=hop.url, zone=ZONE, http=False, extra=CONF % (INTERVAL, '')) as c:
        day = scenes(c)
        told = c.command('dmarc', 'reports', '--day', day, '--json').stdout
        wait_for(lambda: closed(c) == 1)
        time.sleep(1)
        ok(not failures(hop) and b'failure' not in told and len(reports(hop)) == 1, 'off by default: aggregate reports alone', told)
        c.stop(keep=True)
        c.write_conf(CONF.replace('send = yes', 'send = no') % (INTERVAL, '') + ON % 'dry_run')
        c.start()
        before = len(reports(hop))
        scenes(c)
        said = lambda: c.log_text().count('would send a failure report about good.example to')
        wait_for(lambda: said() >= 4)
        ok(said() == 4 and 'would send a DMARC report' not in c.log_text().split('failure report')[-1] and not failures(hop) and
           len(reports(hop)) == before, 'a dry run of these alone logs what would be sent, and sends nothing', c.log_text()[-1500:])
    hop.close()
    with Checkpoint(start=False, http=False, extra='[dmarc_report]\nfailure_send = yes\n') as c:
        r = run('serve', '--check', '--config', c.conf)
        ok(r.returncode == 78 and b'failure_send' in r.stderr + r.stdout, 'without a sender the configuration is refused', r)


def carrier():
    """A carrier's customers must have agreed."""
    hop = NextHop()
    with Checkpoint(next_hop=hop.url, zone=ZONE, http=False, profile='carrier', extra=CONF % (INTERVAL, 'always = good.example') + ON % 'yes' +
                    '[recipient yes@rcpt.example]\nconsent = source, label, statistics, dmarc\n') as c:
        period_begin()
        bring(c, 'good.example', sender=FORGER)
        bring(c, 'good.example', sender=FORGER, recipients=(b'yes@rcpt.example', b'user@rcpt.example'))
        bring(c, 'good.example', sender=FORGER, recipients=(b'yes@rcpt.example',))
        wait_for(lambda: closed(c) == 1)
        ok(sorted(to_of(e) for e, _ in failures(hop)) == ['fail@yes.example', 'ruf@good.example'],
           'of a carrier\'s mail only that is reported whose recipients all allowed it', [to_of(e) for e, _ in failures(hop)])
    hop.close()


def once(name, fault, times, words):
    """A report is with the next hop, and then `fault` strikes before that is kept."""
    struck = []

    def dot(line):
        if not struck:
            struck.append(fault(c))
        return '250 2.0.0 queued'
    hop = NextHop()
    with Checkpoint(next_hop=hop.url, zone=ZONE, http=False, extra=CONF % (INTERVAL, '')) as c:
        period_begin()
        bring(c, 'good.example')
        hop.answers['DOT'] = dot
        wait_for(lambda: reports(hop))
        if struck and struck[0] is None:
            hop.close()
            return skip(name, 'the process cannot be traced here')
        if struck and callable(struck[0]):
            time.sleep(INTERVAL * .75)
            struck[0]()
            ok('the keeper' in c.log_text() or 'fdatasync' in c.log_text(), '%s: the log tells' % name, c.log_text()[-1500:])
        wait_for(lambda: closed(c) == 1, 90)
        time.sleep(INTERVAL)
        ids = [re.search(rb'Report-ID: <([^>]*)>', m).group(1) for _, m in reports(hop)]
        ok(len(ids) == times and len(set(ids)) == 1, '%s: %s' % (name, words), (ids, c.log_text()[-1500:]))
        kinds = ledger_kinds(c)
        ok(kinds.count('dmarc.report') == 1, '%s: and it stands in the ledger, once' % name, kinds)
        ok(c.command('ledger', 'verify').returncode == 0, '%s: which verifies' % name)
    hop.close()


def kill_role(role):
    def fault(c):
        for pid in c.role_pids(role):
            os.kill(pid, signal.SIGKILL)
        return True
    return fault


def failing_sync(c):
    tracer = trace(c.role_pids('keeper')[0], '-e', 'trace=fdatasync,fsync,syncfs', '-e', 'inject=fdatasync,fsync,syncfs:error=EIO')
    return (lambda: end_trace(tracer)) if tracer is not None else None


if __name__ == '__main__':
    under_way = [beside(off_and_dry), beside(carrier),
                 beside(lambda: once('the keeper is killed', kill_role('keeper'), 1, 'the report is not sent twice'))]
    sent_and_redacted()
    for thread in under_way:
        thread.join()
    if ROOT_USER and STRACE:
        once('the keeper cannot keep it', failing_sync, 1, 'the report is not sent twice')
    else:
        skip('the keeper cannot keep it', 'it takes root and strace')
    once('the clerk is killed', kill_role('clerk'), 2, 'nobody knows that it went out: it goes out again, under the same id')
    done()
