#!/usr/bin/env python3
"""Where a source is, which lists have it, and who vouches: tables of ranges, MaxMind DBs, lists in the DNS that answer well,
badly or not at all. The verdict made again later takes places from the record, not from the tables of that day."""
import ipaddress
from checkpoint import *

HERE = tempfile.mkdtemp(prefix='sekisho-place-')


def path(name):
    return os.path.join(HERE, name)


def write(name, content):
    with open(path(name), 'wb') as f:
        f.write(content if isinstance(content, bytes) else content.encode())
    return path(name)


# A writer of MaxMind DB files (format 2.0).

def value(v):
    def head(kind, size):
        first = kind << 5 if kind < 8 else 0
        more = b'' if kind < 8 else bytes([kind - 7])
        if size < 29:
            return bytes([first | size]) + more
        return bytes([first | 29]) + more + bytes([size - 29])
    if isinstance(v, str):
        raw = v.encode()
        return head(2, len(raw)) + raw
    if isinstance(v, dict):
        return head(7, len(v)) + b''.join(value(k) + value(x) for k, x in v.items())
    if isinstance(v, list):
        return head(11, len(v)) + b''.join(map(value, v))
    raw = v.to_bytes(8, 'big').lstrip(b'\0')
    return head(9 if len(raw) > 4 else 6, len(raw)) + raw


def mmdb(networks, bits=28):
    """networks: {prefix: value}; a tree of IPv6 with IPv4 under 96 zero bits."""
    nodes, data, seen = [[None, None]], b'', {}
    for network, content in networks.items():
        n = ipaddress.ip_network(network)
        number, length = int(n.network_address), n.prefixlen + (96 if n.version == 4 else 0)
        raw = value(content)
        if raw not in seen:
            seen[raw] = len(data)
            data += raw
        at = 0
        for i in range(length):
            side = number >> (127 - i) & 1
            if i == length - 1:
                nodes[at][side] = ('data', seen[raw])
            else:
                if nodes[at][side] is None:
                    nodes.append([None, None])
                    nodes[at][side] = len(nodes) - 1
                at = nodes[at][side]
    count, tree = len(nodes), b''
    for node in nodes:
        left, right = [count if r is None else count + 16 + r[1] if isinstance(r, tuple) else r for r in node]
        if bits == 28:
            tree += (left & 0xffffff).to_bytes(3, 'big') + bytes([left >> 24 << 4 | right >> 24]) + (right & 0xffffff).to_bytes(3, 'big')
        else:
            tree += left.to_bytes(bits // 8, 'big') + right.to_bytes(bits // 8, 'big')
    metadata = {'binary_format_major_version': 2, 'binary_format_minor_version': 0, 'build_epoch': 1795309202, 'database_type': 'test',
                'description': {'en': 'test'}, 'ip_version': 6, 'languages': ['en'], 'node_count': count, 'record_size': bits}
    # Their types are laid down: 16 bits for most.
    def typed(k, v):
        if isinstance(v, int) and k not in ('node_count', 'build_epoch'):
            return value(k) + bytes([5 << 5 | 2]) + v.to_bytes(2, 'big')
        if k == 'build_epoch':
            return value(k) + bytes([8, 2]) + v.to_bytes(8, 'big')
        return value(k) + value(v)
    return tree + b'\0' * 16 + data + b'\xab\xcd\xefMaxMind.com' + bytes([7 << 5 | len(metadata)]) + b''.join(typed(k, v) for k, v in metadata.items())


def listed(zone, address='127.0.0.2', reverse='7.100.51.198', **more):
    return {reverse + '.' + zone: dict({'A': [address]}, **more)}


ZONE = {
    **listed('bad.test', '127.0.0.4', TXT=['see https://bad.test/?ip=198.51.100.7']), **listed('bad.test', reverse='2.0.0.127'),
    **listed('good.test', reverse='1.100.51.198'), **listed('good.test', reverse='2.0.0.127'),
    **listed('refuses.test', '127.255.255.254'), **listed('refuses.test', '127.255.255.254', '2.0.0.127'),
    **listed('all.test'), **listed('all.test', reverse='1.0.0.127'), **listed('all.test', reverse='2.0.0.127'),
    **listed('sold.test', '192.0.2.80'), **listed('sold.test', '192.0.2.80', '2.0.0.127'), **listed('sold.test', '192.0.2.80', '1.0.0.127'),
    '7.100.51.198.slow.test': {'A': 'TIMEOUT'}, '1.0.0.127.slow.test': {'A': 'TIMEOUT'}, '2.0.0.127.slow.test': {'A': 'TIMEOUT'},
    'test.names.test': {'A': ['127.0.0.2']}, 'spam.example.names.test': {'A': ['127.0.1.2']},
    'sender.example': {'TXT': [['v=spf1 ip4:198.51.100.0/24 -all']]},
    'sender.example._vouch.cert.test': {'TXT': ['all']},
}
LISTS = '\n'.join('[dnslist %s]\nzone = %s.test\n%s' % row for row in (
    ('bad', 'bad', 'weight = 1.5\ntext = yes\n'), ('good', 'good', 'good = yes\nweight = 0.5\n'), ('refuses', 'refuses', ''),
    ('all', 'all', ''), ('dead', 'dead', ''), ('sold', 'sold', ''), ('slow', 'slow', ''),
    ('names', 'names', 'kind = domain\nweight = 2\n')))


def message(source, sender='someone@sender.example', more=''):
    return ('Received: from relay (relay [%s]) by mx.rcpt.example; Sun, 22 Nov 2026 10:00:02 +0900\r\n%s'
            'From: <%s>\r\nSubject: hello\r\n\r\nhello\r\n' % (source, more, sender)).encode()


def send(c, *arguments, **keywords):
    raw = message(*arguments, **keywords)
    with Smtp(c.port) as s:
        code, lines = s.mail(raw, b'someone@sender.example')
    word = lines[-1]
    return word.split(' as ' if code == 250 else ', id ')[-1].split()[0].strip(',.'), raw


def record(c, identity, seconds=15):
    """The message's line of the ledger."""
    end = time.time() + seconds
    while time.time() < end:
        r = c.command('explain', '--json', identity)
        for line in r.stdout.splitlines():
            said = json.loads(line)
            said = said.get('record', said)
            if 'origin' in said:
                return said
        time.sleep(.1)
    raise RuntimeError('%s is not recorded: %s %s' % (identity, r.stdout[:300], r.stderr[:300]))


def check(conf, raw, *options):
    r = run('check', '--config', conf, '--json', '--dns', write('zone.json', json.dumps(ZONE)), *options, write('message', raw))
    return json.loads(r.stdout)


def names(said):
    return {r['name']: r for r in said['reasons']}


def tables():
    write('four', '167772160,184549375,XX\n3325256704,3325256959,SE\n')
    write('six', '2001:db8::,2001:db8:0:ffff:ffff:ffff:ffff:ffff,NO\n')
    write('tor', '# exits\n198.51.100.7\n')
    write('hosting', '203.0.113.0/24\n')
    write('country.mmdb', mmdb({'203.0.113.0/24': {'country': {'iso_code': 'JP'}}, '2001:db8:1::/48': {'country': {'iso_code': 'FI'}}}))
    write('as.mmdb', mmdb({'198.51.100.0/24': {'autonomous_system_number': 64500, 'autonomous_system_organization': 'Example \x1b Net'},
                           '203.0.113.0/24': {'autonomous_system_number': 4200000000, 'autonomous_system_organization': 'x' * 200}}, 24))


PLACE = '[place]\n' + ''.join('%s = %s\n' % (key, path(name)) for key, name in (
    ('ranges4', 'four'), ('ranges6', 'six'), ('tor_exits', 'tor'), ('hosting', 'hosting'), ('country_mmdb', 'country.mmdb'), ('as_mmdb', 'as.mmdb')))
VOUCH = '[vouch]\nbelieve = cert.test\n'


def places():
    tables()
    conf = write('conf', PLACE + LISTS + VOUCH)
    said = check(conf, message('198.51.100.7'), '--ip', '198.51.100.7', '--mail-from', 'a@sender.example')
    ok(said['origin'].get('place') == {'country': 'SE', 'as': 64500, 'as_name': 'Example \\x1B Net', 'kinds': ['tor', 'private']} or
       said['origin'].get('place') == {'country': 'SE', 'as': 64500, 'as_name': 'Example \\x1b Net', 'kinds': ['tor', 'private']},
       'country from ranges, AS from the MaxMind DB, Tor from the list', said['origin'].get('place'))
    ok(said['origin']['grade'] == 'E' and {'source_tor', 'origin_hidden'} <= set(names(said)), 'a Tor exit hides its source: grade E', names(said))
    said = check(conf, message('192.0.2.9'), '--ip', '203.0.113.9')
    place = said['origin'].get('place', {})
    ok(place.get('country') == 'JP' and place.get('as') == 4200000000 and place.get('kinds') == ['hosting', 'private'] and
       len(place.get('as_name', '')) < 120, 'the country of the MaxMind DB, an AS of 32 bits, a long name cut', place)
    ok(names(said).get('source_hosting', {}).get('weight', 9) <= 0.3, 'a computing centre alone weighs little', names(said))
    for ip, country in (('2001:db8::1', 'NO'), ('2001:db8:1::1', 'FI'), ('9.9.9.9', None)):
        place = check(conf, message('192.0.2.9'), '--ip', ip)['origin'].get('place', {})
        ok(place.get('country') == country, '%s is in %s' % (ip, country), place)
    said = check(conf, message('198.51.100.7'), '--ip', '9.9.9.9')
    ok([p['ip'] for p in said['origin'].get('places', [])] == ['198.51.100.7'], 'hops have places', said['origin'].get('places'))
    if shutil.which('mmdblookup'):
        r = subprocess.run(['mmdblookup', '--file', path('as.mmdb'), '--ip', '198.51.100.7', 'autonomous_system_number'], capture_output=True, text=True)
        ok('64500' in r.stdout, 'libmaxminddb reads our MaxMind DB alike', r.stdout + r.stderr)
    else:
        skip('libmaxminddb reads our MaxMind DB alike', 'mmdb-bin is not there')


def faults():
    for name, content, key, words in (
            ('broken', '1,2,JP\nnonsense\n', 'ranges4', 'line 2'), ('broken', '::2,::1,JP\n', 'ranges6', 'line 1'),
            ('broken', '192.0.2.1\nexample.com\n', 'tor_exits', 'line 2'), ('broken', '192.0.2.0/33\n', 'hosting', 'line 1'),
            ('broken', 'GIF89a', 'country_mmdb', 'MaxMind'), ('broken', open(path('as.mmdb'), 'rb').read()[:-30], 'as_mmdb', 'MaxMind')):
        write(name, content)
        r = run('check', '--config', write('bad.conf', '[place]\n%s = %s\n' % (key, path(name))), '--offline', path('message'))
        ok(r.returncode == 78 and words.encode() in r.stderr and key.encode() in r.stderr, '%s: %s' % (key, r.stderr.decode().strip()[:120]), r)
    good = open(path('country.mmdb'), 'rb').read()
    crashed = []
    for i in range(0, len(good), 3):
        write('damaged', good[:i] + bytes([good[i] ^ 0xff]) + good[i + 1:])
        r = run('check', '--config', write('bad.conf', '[place]\nranges4 =\nranges6 =\ncountry_mmdb = %s\n' % path('damaged')), '--offline',
                '--ip', '203.0.113.9', path('message')) if i % 24 == 0 else None
        if r is not None and r.returncode not in (0, 1, 78):
            crashed.append((i, r))
    ok(not crashed, 'damaged MaxMind DBs are refused or say nothing', crashed[:3])
    r = run('doctor', '--lang', 'en', '--config', write('none.conf', '[place]\nranges4 = %s\nranges6 =\n' % path('absent')))
    ok(b'tor-geoipdb' in r.stdout + r.stderr, 'the doctor names the package of missing ranges', r)


def lists():
    conf = path('conf')
    said = check(conf, message('192.0.2.9', 'x@mail.spam.example', 'VBR-Info: md=sender.example; mc=all; mv=cert.test\r\n'), '--ip', '198.51.100.7',
                 '--mail-from', 'a@sender.example')
    found = {(l['list'], l['asked']): l for l in said['origin'].get('listed', [])}
    bad = found.get(('bad', '198.51.100.7'), {})
    ok(bad.get('answer') == '127.0.0.4' and not bad.get('failed') and 'bad.test' in bad.get('text', ''), 'a block list with its reason', found)
    ok(('names', 'spam.example') in found, 'the organisational domain of From is asked for', found)
    ok(all(found.get((l, '198.51.100.7'), {}).get('failed') for l in ('refuses', 'all', 'dead', 'sold', 'slow')),
       'lists that refuse, list everything, died, were sold or are slow do not count', found)
    weight = names(said).get('listed_bad', {}).get('weight')
    ok(weight == 3.5, 'the weights of the sections add up', weight)
    ok(said['origin'].get('vouched_by') == 'cert.test' and 'vouched' in names(said), 'a certifier whom we believe vouches', said['origin'].get('vouched_by'))
    said = check(conf, message('192.0.2.9'), '--ip', '198.51.100.1', '--mail-from', 'a@sender.example')
    ok(names(said).get('listed_good', {}).get('weight') == -0.5, 'an allow list speaks for it', names(said))
    said = check(conf, message('192.0.2.9', more='VBR-Info: md=sender.example; mc=all; mv=other.test\r\n'), '--ip', '198.51.100.1',
                 '--mail-from', 'a@sender.example')
    ok(not any('_vouch' in q['n'] for q in said['dns']), 'a certifier whom nobody believes never hears of it', said['dns'])
    said = check(conf, message('192.0.2.9'), '--ip', '10.1.1.1')
    ok(not any('bad.test' in q['n'] for q in said['dns']), 'a private address is not asked for', said['dns'])
    for section, words in (('zone = bad.test\nweight = 11', 'weight'), ('zone = bad.test\nanswers = 192.0.2.1', 'answers'), ('kind = ip', 'zone')):
        r = run('check', '--config', write('bad.conf', '[dnslist x]\n%s\n' % section), '--offline', path('message'))
        ok(r.returncode == 78 and words.encode() in r.stderr, 'refused: ' + r.stderr.decode().strip()[:100], r)


def serving():
    extra = PLACE.replace('ranges4 = ' + path('four'), 'ranges4 = ' + path('absent')) + LISTS + VOUCH
    with Checkpoint(zone=ZONE, workers=1, extra=extra) as c:
        ok('place.ranges4' in c.log_text() and 'tor-geoipdb' in c.log_text(), 'ranges that are not there are a notice, not an error', c.log_text()[:600])
        tor, raw = send(c, '198.51.100.7')
        origin = record(c, tor)['origin']
        ok(origin['source'] == '198.51.100.7' and origin['grade'] == 'E' and 'tor' in origin['place']['kinds'], 'a worker knows the tables', origin.get('place'))
        ok(any(l['list'] == 'bad' and l['answer'] == '127.0.0.4' for l in origin['listed']), 'and asks the lists', origin.get('listed'))
        for language, words in (('en', ('country and AS of it: ', 'AS64500 Example ', 'Tor exit')),
                                ('ja', ('送信元の国・AS: ', 'AS64500 Example ', 'Torの出口'))):
            told = [l for l in c.command('explain', '--lang', language, tor).stdout.decode().splitlines() if words[0] in l]
            ok(len(told) == 1 and all(w in told[0] for w in words) and '\x1b' not in told[0], 'explain tells the place: ' + language, told)
        second, _ = send(c, '198.51.100.7')
        origin = record(c, second)['origin']
        ok({l['list'] for l in origin['listed']} == {'bad', 'slow'}, 'lists that are broken are not asked again', origin['listed'])
        log = c.log_text()
        for name in ('refuses', 'all', 'dead', 'sold'):
            ok(log.count('dnslist %s is set aside' % name) == 1, 'the log says once that %s is set aside' % name, log[-3000:])
        for _ in range(5):
            last, _raw = send(c, '198.51.100.7')
        record(c, last)
        ok('dnslist slow is set aside' in c.log_text(), 'and that one does not answer', c.log_text()[-1500:])
        r = c.command('status', '--metrics')
        figure = [l for l in r.stdout.decode().splitlines() if l.startswith('sekisho_dns_lists_set_aside_total')]
        ok(figure and float(figure[0].split()[-1]) == 5, 'a figure counts them', figure)
        with Smtp(c.port) as client:
            client.say(b'XCLIENT ADDR=198.51.100.7 NAME=[UNAVAILABLE] LOGIN=user')
            client.say(b'EHLO relay.example')
            code, lines = client.mail(message('192.0.2.9'), b'someone@sender.example')
        login = lines[-1].split(' as ' if code == 250 else ', id ')[-1].split()[0].strip(',.')
        origin = record(c, login)['origin']
        ok(origin['source'] == '198.51.100.7' and 'listed' not in origin, 'nobody is asked of a client that logged in', origin)
        # The tables change: a reload takes them, a replay does not.
        write('tor', '192.0.2.1\n')
        write('as.mmdb', mmdb({'198.51.100.0/24': {'autonomous_system_number': 64999}}))
        c.signal(signal.SIGHUP)
        end = time.time() + 20
        while time.time() < end and 'new configuration in force' not in c.log_text():
            time.sleep(.1)
        other, _ = send(c, '198.51.100.7')
        origin = record(c, other)['origin']
        ok('tor' not in origin['place'].get('kinds', []) and origin['place'].get('as') == 64999, 'a reload reads the tables again', origin['place'])
        for identity, what in ((tor, 'the verdict is made again from the places of then'), (second, 'also when lists were set aside then'),
                               (other, 'and with the tables of after')):
            r = c.command('replay', '--json', '--file', write('raw', raw), identity)
            said = json.loads(r.stdout or b'{}')
            ok(r.returncode == 0 and said.get('same') and not said.get('unanswered'), what, r)
        write('tor', 'nonsense\n')
        c.signal(signal.SIGHUP)
        end = time.time() + 20
        while time.time() < end and 'the old configuration stays in force' not in c.log_text():
            time.sleep(.1)
        ok('tor_exits' in c.log_text().split('the old configuration stays in force')[-1], 'a broken list does not replace a good one', c.log_text()[-800:])
        again, _ = send(c, '192.0.2.1')
        origin = record(c, again)['origin']
        ok('tor' in origin['place'].get('kinds', []), 'which stays in force', origin['place'])


try:
    for part in (places, faults, lists, serving):
        try:
            part()
        except Exception:
            import traceback
            ok(False, '%s runs to its end' % part.__name__, traceback.format_exc())
finally:
    shutil.rmtree(HERE, True)
done()
