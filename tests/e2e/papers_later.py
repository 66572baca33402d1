#!/usr/bin/env python3
"""Papers for mail that does not go straight through: held messages that are released, and scans by HTTP, whose client puts on what
the answer hands out."""
import base64, json, os, re, shutil, subprocess, tempfile, time

from checkpoint import Checkpoint, NextHop, Smtp, done, ok, run, wait_port

POLICY = '[policy]\nlabel = 1\nhold = 2\nrefuse = 900\n[held]\nsecond_person = no\n'
TEXT = ('From: "三井銀行" <info@%s>\r\nTo: user@rcpt.example\r\nSubject: 【重要】口座が停止されました\r\n'
        'Date: Sun, 22 Nov 2026 10:00:00 +0900\r\nMessage-ID: <1@%s>\r\nMIME-Version: 1.0\r\n'
        'Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n'
        '<p>お客様の口座は不正利用のため停止されました。至急ご確認ください。</p>'
        '<a href="http://192.0.2.9/login">https://www.mitsui.example/</a> 今すぐクリック 当選 100万円 無料\r\n')
PLAIN = ('From: Taro <taro@%s>\r\nTo: user@rcpt.example\r\nSubject: hello\r\nDate: Sun, 22 Nov 2026 10:00:00 +0900\r\n'
         'Message-ID: <2@%s>\r\n\r\nGood morning.\r\n')


def key(folder, name, *options):
    path = os.path.join(folder, name + '.pem')
    subprocess.run(['openssl', 'genpkey', '-out', path, *options], check=True, capture_output=True)
    os.chmod(path, 0o600)
    der = subprocess.run(['openssl', 'pkey', '-in', path, '-pubout', '-outform', 'DER'], check=True, capture_output=True).stdout
    kind, raw = ('ed25519', der[12:]) if len(der) == 44 else ('rsa', der)
    text = 'v=DKIM1; k=%s; p=%s' % (kind, base64.b64encode(raw).decode())
    return path, {'TXT': [[text[i:i + 200] for i in range(0, len(text), 200)]]}


def tell(verb, message, zone):
    request = {'id': '1', 'message_b64': base64.b64encode(message).decode(), 'zone': zone}
    return json.loads(run('try', verb, input=json.dumps(request).encode() + b'\n').stdout)


def fields(message, name):
    head = message.split(b'\r\n\r\n')[0] + b'\r\n'
    return [f for f in re.findall(rb'(?m)^[^ \t\r\n][^\r\n]*\r\n(?:[ \t][^\r\n]*\r\n)*', head) if f.lower().startswith(name.lower() + b':')]


def holds(message, zone):
    """How many DKIM signatures there are, and whether each holds."""
    count = len(fields(message, b'DKIM-Signature'))
    said = tell('dkim', message, zone)
    return count, [s['result'] for s in said.get('signatures', [])]


def hold(c, message, sender, xclient=False, **more):
    """The id of a message that is held."""
    with Smtp(c.port) as s:
        if xclient:
            s.say(b'XCLIENT ADDR=192.0.2.20 NAME=[UNAVAILABLE]')
            s.say(b'EHLO mail.theirs.example')
        code, lines = s.mail(message, sender, **more)
    identity = lines[-1].split(' as ')[-1].split()[0].strip(',.')
    end = time.time() + 30
    while time.time() < end and identity.encode() not in c.command('search', '--json', '--id', identity).stdout:
        time.sleep(.1)
    return code, lines, identity


def released(conf, zone):
    hop = NextHop()
    with Checkpoint(next_hop=hop.url, zone=zone, extra=POLICY + conf) as c:
        ours = (TEXT % ('ours.example', 'ours.example')).encode()
        code, lines, identity = hold(c, ours, b'info@ours.example')
        ok(code == 250 and lines[-1].find('held as') >= 0 and not hop.messages, 'mail of ours is held', (code, lines))
        r = c.command('held', 'release', '--reason', '本人の希望', identity)
        ok(r.returncode == 0 and len(hop.messages) == 1, 'it is released', r)
        got = hop.messages[-1]
        ok(holds(got, zone) == (2, ['pass', 'pass']) and not fields(got, b'ARC-Seal'), 'with both signatures, and no seal', (holds(got, zone), got[:3000]))
        times = [int(t) for f in fields(got, b'DKIM-Signature') for t in re.findall(rb'[; \t]t=(\d+)', f)]
        sender = hop.envelopes[-1][0]
        ok(re.match(rb'MAIL FROM:<prvs=0[0-9]{3}[0-9A-Fa-f]{6}=info@ours.example>', sender), 'and a sender that is tagged', sender)
        ok(len(times) == 2 and all(abs(t - time.time()) < 60 for t in times), 'made when it left', times)
        code, lines, identity = hold(c, ours + b'again\r\n', b'info@ours.example')
        os.rename(c.folder_of_keys + '/e1.pem', c.folder_of_keys + '/away')
        r = c.command('held', 'release', '--reason', '本人の希望', identity)
        ok(r.returncode != 0 and b'stays held' in r.stderr and len(hop.messages) == 1,
           'where a key cannot be read it stays held, rather than leave without a signature', r)
        os.rename(c.folder_of_keys + '/away', c.folder_of_keys + '/e1.pem')
        r = c.command('held', 'release', '--reason', '本人の希望', identity)
        ok(r.returncode == 0 and holds(hop.messages[-1], zone) == (2, ['pass', 'pass']), 'and leaves when it can', r)
        ok(c.command('ledger', 'verify').returncode == 0, 'the ledger verifies')
    hop.close()


def released_sealed(conf, zone, keys):
    hop = NextHop()
    with Checkpoint(next_hop=hop.url, zone=zone, extra=POLICY + conf) as c:
        theirs = (TEXT % ('theirs.example', 'theirs.example')).encode()
        code, lines, identity = hold(c, theirs, b'info@theirs.example', True)
        r = c.command('held', 'release', '--reason', '本人の希望', identity)
        got = hop.messages[-1] if hop.messages else b''
        ok(r.returncode == 0 and len(fields(got, b'ARC-Seal')) == 1 and not fields(got, b'DKIM-Signature'), 'a stranger\'s is sealed, not signed',
           (code, lines, r, got[:2000]))
        said = tell('arc', got, zone)
        ok(said.get('result') == 'pass', 'and the seal holds for the message as it left', said)
        code, lines, identity = hold(c, theirs + b'again\r\n', b'info@theirs.example', True)
        os.rename(keys + '/seal.pem', keys + '/away')
        r = c.command('held', 'release', '--reason', '本人の希望', identity)
        ok(r.returncode == 0 and b'without an ARC set' in r.stderr and not fields(hop.messages[-1], b'ARC-Seal'),
           'nobody waits for a seal: without its key it goes out unsealed, and that is said', r)
        os.rename(keys + '/away', keys + '/seal.pem')
    hop.close()


def released_apart(conf, zone):
    """Each gets what he would have got at once: results only where he wants them."""
    hop = NextHop()
    with Checkpoint(next_hop=hop.url, zone=zone, extra=POLICY + conf + '[recipient shy@rcpt.example]\nwithdrawn = label\n') as c:
        theirs = (TEXT % ('theirs.example', 'theirs.example')).encode()
        code, lines, identity = hold(c, theirs, b'info@theirs.example', True,
                                     recipients=(b'a@rcpt.example', b'shy@rcpt.example', b'b@rcpt.example'))
        r = c.command('held', 'release', '--reason', '本人の希望', identity)
        got = {tuple(re.search(rb'<([^@]*)', t).group(1) for t in e[1]): m for e, m in zip(hop.envelopes, hop.messages)}
        ok(r.returncode == 0 and set(got) == {(b'a', b'b'), (b'shy',)} and r.stdout.count(b'delivered') == 3, 'two copies go out, to three', (r, list(got)))
        many, shy = got.get((b'a', b'b'), b''), got.get((b'shy',), b'')
        ok(tell('arc', many, zone).get('result') == 'pass' and not fields(shy, b'ARC-Seal') and not fields(shy, b'Authentication-Results'),
           'who does not want results has neither them nor a seal', shy[:1500])
        outcome = c.command('explain', '--lang', 'en', identity).stdout
        ok(outcome.count(b'delivered') >= 3, 'and the record has all three', outcome)
    hop.close()


def scan(c, message, *headers):
    r = subprocess.run(['curl', '-s', '--max-time', '20', '-H', 'Expect:', '--data-binary', '@-']
                       + [a for h in headers for a in ('-H', h)] + ['http://127.0.0.1:%d/checkv2' % c.http_port],
                       input=message, capture_output=True)
    return json.loads(r.stdout or b'{}')


def put_on(message, added, removed):
    """As a client of rspamd does: removes by number, then puts each field before all others."""
    for name, numbers in removed.items():
        there = fields(message, name.encode())
        for n in numbers:
            message = message.replace(there[n - 1], b'', 1)
    for name, values in added.items():
        for value in values if isinstance(values, list) else [values]:
            message = name.encode() + b': ' + value['value'].encode() + b'\r\n' + message
    return message


def scanned(conf, zone):
    who = ('IP: 192.0.2.20', 'Helo: mail.theirs.example', 'From: <info@theirs.example>', 'Rcpt: <user@rcpt.example>')
    theirs, ours = (PLAIN % ('theirs.example', 'x')).encode(), (PLAIN % ('ours.example', 'x')).encode()
    forged = b'Authentication-Results: mx.rcpt.example; dkim=pass\r\nX-Sekisho-Verdict: accept; fine\r\n'
    leaving = ('IP: 127.0.0.1', 'Helo: me', 'From: <taro@ours.example>', 'Rcpt: <user@far.example>')
    papers = {'ARC-Seal', 'ARC-Message-Signature', 'ARC-Authentication-Results', 'DKIM-Signature'}
    with Checkpoint(zone=zone, extra=conf) as c:
        added = [set(scan(c, m, *w)['milter']['add_headers']) & papers for m, w in ((theirs, who), (ours, leaving))]
        ok(added == [set(), set()], 'nothing is signed for whoever reaches the door, unless http.papers says so', added)
        c.stop(keep=True)
        c.write_conf(conf + '[http]\npapers = yes\n[recipient shy@rcpt.example]\nwithdrawn = label\n')
        c.start()
        wait_port(c.http_port)
        milter = scan(c, forged + theirs, *who)['milter']
        ok(set(milter['add_headers']) & papers == papers - {'DKIM-Signature'}, 'then an ARC set is handed out', milter)
        whole = put_on(forged + theirs, milter['add_headers'], milter['remove_headers'])
        ok(tell('arc', whole, zone).get('result') == 'pass' and b'accept; fine' not in whole, 'which holds for the message as the client makes it',
           (tell('arc', whole, zone), whole))
        milter = scan(c, ours, *leaving)['milter']
        both = milter['add_headers'].get('DKIM-Signature')
        ok(isinstance(both, list) and len(both) == 2 and set(milter['add_headers']) & papers == {'DKIM-Signature'},
           'and for mail of ours two signatures, as an array', milter)
        whole = put_on(ours, milter['add_headers'], milter['remove_headers'])
        ok(holds(whole, zone) == (2, ['pass', 'pass']), 'which hold too', (holds(whole, zone), whole))
        said = scan(c, ours, 'IP: 192.0.2.9', 'User: taro', 'From: <taro@ours.example>', 'Rcpt: <user@far.example>')
        ok('DKIM-Signature' in said['milter']['add_headers'], 'whoever has logged in at the client is ours', said['milter'])
        said = scan(c, theirs, *who, 'Rcpt: <shy@rcpt.example>')
        each = {r['address']: set(r['milter']['add_headers']) & papers for r in said.get('recipients', [])}
        ok(not set(said['milter']['add_headers']) & papers and each.get('shy@rcpt.example') == set() and each.get('user@rcpt.example') ==
           papers - {'DKIM-Signature'}, 'a seal tells results: who does not want them labelled has none, and what is told to all has none', said)
    return True


if __name__ == '__main__':
    place = tempfile.mkdtemp(prefix='sekisho-papers-')
    try:
        RSA = ('-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048')
        r1, r1_record = key(place, 'r1', *RSA)
        e1, e1_record = key(place, 'e1', '-algorithm', 'ED25519')
        seal, seal_record = key(place, 'seal', *RSA)
        zone = {'r1._domainkey.ours.example': r1_record, 'e1._domainkey.ours.example': e1_record,
                's._domainkey.rcpt.example': seal_record, 'theirs.example': {'TXT': [['v=spf1 ip4:192.0.2.0/24 -all']]}}
        SIGN = ('[papers]\nclients = 127.0.0.0/8\n[sign ours.example]\nselector_rsa = r1\nkey_rsa = %s\nselector_ed25519 = e1\nkey_ed25519 = %s\n'
                % (r1, e1))
        SEAL = '[seal]\ndomain = rcpt.example\nselector = s\nkey = %s\n' % seal
        Checkpoint.folder_of_keys = place
        released(SIGN + '[bounce]\ndomains = ours.example\n', zone)
        released_sealed(SIGN + SEAL, zone, place)
        released_apart(SIGN + SEAL, zone)
        scanned(SIGN + SEAL, zone)
    finally:
        shutil.rmtree(place, True)
    done()
