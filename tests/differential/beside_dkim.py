#!/usr/bin/env python3
"""DKIM beside dkimpy (python3-dkim) and Mail::DKIM (libmail-dkim-perl): messages with odd headers, bodies, tags and keys,
signed by them, changed, and verified by all. An answer is how many signatures pass, or "temperror" where none does and the
key could not be asked for."""
import base64, json, os, random, re, subprocess

from differential import HERE, NOW, SEED, ask_ours, cases_wanted, done, judge, ok, skip, with_debian_python

STANDARD = 2000
FROM_EACH = 6  # cases made of one signed message

if not with_debian_python('dkim'):
    skip('DKIM beside dkimpy and Mail::DKIM', 'python3-dkim is not installed')
    done()
import dkim, dkim.canonicalization, dkim.crypto, dkim.util, hashlib
try:
    import nacl.signing
except ImportError:
    nacl = None


# --- keys from the seed, so that each run is the same ---

def prime(r, bits):
    while True:
        n = r.getrandbits(bits) | 1 | 3 << (bits - 2)
        if n % 65537 == 1 or any(n % p == 0 for p in (3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37)):
            continue
        if all(pow(a, n - 1, n) == 1 for a in (2, 3, 5, 7, 11)):
            return n


def der(tag, content):
    size = len(content)
    head = bytes([size]) if size < 128 else bytes([0x81, size]) if size < 256 else bytes([0x82, size >> 8, size & 255])
    return bytes([tag]) + head + content


def number(n):
    return der(2, n.to_bytes(n.bit_length() // 8 + 1, 'big'))


class Rsa:
    def __init__(self, r, bits):
        p, q = prime(r, bits // 2), prime(r, bits // 2)
        n, e = p * q, 65537
        d = pow(e, -1, (p - 1) * (q - 1))
        private = der(0x30, b''.join(map(number, (0, n, e, d, p, q, d % (p - 1), d % (q - 1), pow(q, -1, p)))))
        self.text = base64.b64encode(private).decode()
        self.pem = '-----BEGIN RSA PRIVATE KEY-----\n%s\n-----END RSA PRIVATE KEY-----\n' % '\n'.join(
            re.findall('.{1,64}', self.text))
        rsa_key = der(0x30, number(n) + number(e))
        info = der(0x30, der(0x30, bytes.fromhex('06092a864886f70d0101010500')) + der(3, b'\0' + rsa_key))
        self.p = base64.b64encode(info).decode()
        self.bare = base64.b64encode(rsa_key).decode()
        self.parsed = dkim.crypto.parse_pem_private_key(self.pem.encode())

    def sign(self, data):
        h = hashlib.sha256(data)
        return dkim.crypto.RSASSA_PKCS1_v1_5_sign(h, self.parsed)


class Ed25519:
    def __init__(self, r):
        self.key = nacl.signing.SigningKey(r.getrandbits(256).to_bytes(32, 'big'))
        self.p = base64.b64encode(bytes(self.key.verify_key)).decode()

    def sign(self, data):
        return self.key.sign(hashlib.sha256(data).digest()).signature


# --- messages ---

def message(r):
    pad = lambda: r.choice([' ', ' ', ' ', '', '  ', '\t', '\r\n ', ' \r\n\t'])
    tail = lambda: r.choice(['', '', '', ' ', ' \t', '\r\n '] if r.random() < 0.3 else [''])
    fields = [('From', 'Taro <taro@a.example>'), ('To', 'hanako@b.example'), ('Subject', r.choice(
        ['hello', 'two  words', 'a\r\n folded  one', '', 'x' * 200, '=?utf-8?b?44GC?=', 'caf\xc3\xa9', 'tab\tand \t both', 'a:b;c=d', '\r\n late'])),
        ('Date', 'Tue, 14 Nov 2023 22:13:20 +0000'), ('Message-ID', '<%d@a.example>' % r.getrandbits(32))]
    for name, value in (('Cc', 'one@x.example,\r\n two@x.example'), ('Received', 'from a by b; now'), ('X-Empty', ''), ('List-Unsubscribe', '\r\n <mailto:u@a.example>'),
                        ('Received', 'from c by d; before'), ('To', 'again@b.example'), ('reply-to', 'r@a.example'), ('X-8', '\xff\xfe')):
        if r.random() < 0.35:
            fields.append((name, value))
    r.shuffle(fields)
    head = ''.join(n + (r.choice([' ', '\t']) if r.random() < 0.02 else '') + ':' + pad() + v + tail() + '\r\n' for n, v in fields)
    lines = [r.choice(['text', 'text  with   blanks', ' lead', 'trail ', 'trail\t ', '', '\t', '.', '..', 'caf\xc3\xa9', 'x' * 100, '\xff', '> a', '-- '])
             for _ in range(r.choice([0, 1, 2, 3, 5, 8]))]
    body = '\r\n'.join(lines) + r.choice(['\r\n', '\r\n', '\r\n', '', '\r\n\r\n', '\r\n\r\n\r\n', ' \r\n', '\r\n \r\n', ' '])
    if r.random() < 0.03:
        body = body.replace('t', '\r', 1)
    return (head + '\r\n' + body).encode('latin-1')


# --- signatures with odd tags, by the canonicalisation of dkimpy ---

FORMS = ['relaxed/relaxed', 'simple/simple', 'relaxed/simple', 'simple/relaxed', 'relaxed', 'simple', None]


def tags(r, form, names):
    odd = r.random() < 0.45
    t = [('v', '1'), ('a', 'rsa-sha256'), ('d', 'a.example'), ('s', 's1'), ('h', r.choice([':', ' : ', ':', ':\r\n ']).join(names))]
    if form:
        t.append(('c', form))
    if odd:
        for _ in range(r.choice([1, 1, 1, 2])):
            name, value = r.choice([
                ('t', str(NOW)), ('t', str(NOW + 100)), ('t', str(NOW + 10**6)), ('x', str(NOW + 1)), ('x', str(NOW)), ('x', str(NOW - 10**6)), ('x', 'soon'), ('t', ''),
                ('i', '@a.example'), ('i', 'u@sub.a.example'), ('i', 'u@xa.example'), ('i', 'u@b.example'), ('i', 'a.example'), ('i', '@A.EXAMPLE'),
                ('i', 'u=40v@a.example'), ('i', ''), ('q', 'dns/txt'), ('q', 'dns'), ('q', 'http:dns/txt'), ('q', ''), ('z', 'From:x|To:y'), ('zz', 'unknown'), ('y_1', ''),
                ('l', 'ALL'), ('l', 'LESS'), ('l', 'MORE'), ('l', '0'), ('l', '-1'), ('l', ''), ('l', '007'), ('v', '2'), ('v', '0.5'), ('v', ''), ('a', 'rsa-md5'), ('a', 'RSA-SHA256'),
                ('d', 'A.Example'), ('d', 'a.example.'), ('d', ''), ('s', 'S1'), ('s', ''), ('s', 'none'), ('s', 'slow'), ('c', 'relaxed/strict'), ('c', 'Relaxed/Simple'),
                ('c', ''), ('h', 'to:subject'), ('h', 'from::to'), ('h', ''), ('h', 'FROM:To'), ('h', 'from:from:from'), ('h', 'from:dkim-signature'), ('h', 'from:x-none:to')])
            t = [p for p in t if p[0] != name] + [(name, value)]
    r.shuffle(t)
    return t


def hashed(method, body, most):
    text = dkim.canonicalization.CanonicalizationPolicy.from_c_value(method.encode()).canonicalize_body(body)
    text = text if most is None else text[:most]
    return base64.b64encode(hashlib.sha256(text).digest()).decode(), len(text)


def sign_oddly(r, raw, key):
    headers, body = dkim.rfc822_parse(raw)
    form = r.choice(FORMS)
    names = [n for n in ('from', 'to', 'subject', 'date', 'cc', 'received', 'x-8') if n == 'from' or r.random() < 0.6]
    if r.random() < 0.3:
        names.append(r.choice(['from', 'to', 'subject', 'x-none']))
    t = tags(r, form, names)
    values = dict(t)
    if isinstance(key, Ed25519) and values['a'] == 'rsa-sha256':
        t = [(n, 'ed25519-sha256' if n == 'a' else v) for n, v in t]
    method = (values.get('c') or 'simple/simple').lower().replace('strict', 'simple')
    whole = hashed(method, body, None)[1]
    length = values.get('l')
    if length in ('ALL', 'LESS', 'MORE'):
        length = whole + {'ALL': 0, 'LESS': -(whole // 2), 'MORE': 1}[length]
        t = [(n, str(length) if n == 'l' else v) for n, v in t]
    most = int(length) if re.fullmatch(r'\d+', str(length or '')) else None
    t.append(('bh', hashed(method, body, most)[0]))
    join = r.choice(['; ', '; ', ';', ' ; ', ';\r\n\t'])
    equals = r.choice(['=', '=', '=', ' = ', '= '])
    text = join.join(n + equals + v for n, v in t) + join + 'b='
    policy = dkim.canonicalization.CanonicalizationPolicy.from_c_value(method.encode())
    field = (b'DKIM-Signature', (' ' + text + '\r\n').encode('latin-1'))
    chosen = [x.strip().lower().encode() for x in dict(t)['h'].split(':')]
    collected = dkim.HashThrough(hashlib.sha256(), True)
    dkim.hash_headers(collected, policy, policy.canonicalize_headers(headers), chosen, field, {b'b': b''})
    b = base64.b64encode(key.sign(collected.hashed())).decode()
    if r.random() < 0.5:
        b = '\r\n\t'.join(re.findall('.{1,60}', b))
    if r.random() < 0.03:
        b = r.choice([b[:-4], '', b + '=', b + '!', b[:40]])
    return b'DKIM-Signature: ' + (text + b + r.choice(['', '', ';'] if r.random() < 0.1 else [''])).encode('latin-1') + b'\r\n'


def sign_dkimpy(r, raw, key):
    form = [f.encode() for f in r.choice(FORMS[:4]).split('/')]
    field = dkim.sign(raw, b's1', b'a.example', key.pem.encode(), canonicalize=form, length=r.random() < 0.3,
                      include_headers=None if r.random() < 0.5 else [b'from', b'to', b'subject'])
    return field


# --- what happens on the way ---

def change(r, raw):
    head, _, body = raw.partition(b'\r\n\r\n')
    fields = re.split(rb'\r\n(?![ \t])', head)
    at = r.randrange(len(fields))
    kind = r.randrange(14)
    if kind == 0:
        fields[at] = fields[at].replace(b' ', b'  ', 1)
    elif kind == 1:
        fields[at] = fields[at].replace(b' ', b'\r\n ', 1)
    elif kind == 2:
        name, colon, value = fields[at].partition(b':')
        fields[at] = name.swapcase() + colon + value
    elif kind == 3:
        fields[at] += b' \t'
    elif kind == 4:
        fields.insert(0, r.choice([b'Subject: new', b'To: new@x.example', b'X-New: 1', b'Received: from new', b'From: new@x.example']))
    elif kind == 5:
        fields.append(r.choice([b'Subject: new', b'To: new@x.example', b'X-New: 1', b'From: new@x.example']))
    elif kind == 6:
        r.shuffle(fields)
    elif kind == 7:
        body += r.choice([b'added\r\n', b'\r\n', b'\r\n\r\n', b' ', b'-- \r\nlist\r\n'])
    elif kind == 8:
        body = body.rstrip(b'\r\n')
    elif kind == 9:
        body = re.sub(rb'[ \t]+\r\n', b'\r\n', body)
    elif kind == 10 and body:
        where = r.randrange(len(body))
        body = body[:where] + b'#' + body[where + 1:]
    elif kind == 11:
        fields[at] = fields[at][:-1] + b'#'
    elif kind == 12:
        del fields[at]
    else:
        fields.insert(r.randrange(len(fields) + 1), fields[at])
    return b'\r\n'.join(fields) + b'\r\n\r\n' + body


def key_record(r, key, short):
    if isinstance(key, Ed25519):
        return 'v=DKIM1; k=ed25519; p=' + key.p
    if r.random() < 0.75:
        return 'v=DKIM1; k=rsa; p=' + key.p
    half = len(key.p) // 2
    return r.choice(['p=' + key.p, 'v=DKIM1; p=' + key.bare, 'k=rsa; v=DKIM1; p=' + key.p, 'v=DKIM1; h=sha256; p=' + key.p, 'v=DKIM1; h=sha1; p=' + key.p,
                     'v=DKIM1; h=sha1:sha256; p=' + key.p, 'v=DKIM1; s=email; p=' + key.p, 'v=DKIM1; s=*; p=' + key.p, 'v=DKIM1; s=web; p=' + key.p,
                     'v=DKIM1; t=s; p=' + key.p, 'v=DKIM1; t=y; p=' + key.p, 'v=DKIM1; t=y:s; p=' + key.p, 'v=DKIM1; k=dsa; p=' + key.p, 'v=DKIM1; p=', 'v=DKIM1', '',
                     'v=DKIM1; n=a note; p=%s;' % key.p, 'v=DKIM1; p=' + key.p[:half] + ' ' + key.p[half:], 'v=DKIM1; x=y; p=' + key.p, 'v=DKIM2; p=' + key.p,
                     'v=DKIM1; g=*; p=' + key.p, 'v=DKIM1; k=RSA; p=' + key.p, 'v=DKIM1;; p=' + key.p, 'v=DKIM1; p=' + key.p + '; p=' + key.p, 'v=DKIM1; p=' + short.p,
                     'v=DKIM1; p=' + key.p[:-8], 'v=DKIM1 ; k = rsa ; p = ' + key.p, 'v=DKIM1; k=rsa; p=!' + key.p, 'other text'])


class MailDkim:
    def __init__(self):
        self.process = subprocess.Popen(['perl', os.path.join(HERE, 'mail_dkim.pl')], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL)

    def ask(self, *words):
        line = b'\t'.join(base64.b64encode(w if isinstance(w, bytes) else w.encode('latin-1')) for w in words)
        self.process.stdin.write(line + b'\n')
        self.process.stdin.flush()
        return self.process.stdout.readline().decode().split()

    def close(self):
        self.process.stdin.close()
        self.process.wait(10)


def b64(raw):
    return base64.b64encode(raw).decode()


def make(peer):
    r = random.Random(SEED)
    key, short = Rsa(r, 1024), Rsa(r, 512)
    edwards = Ed25519(r) if nacl else key
    wanted = cases_wanted(STANDARD)
    cases = []
    while len(cases) < wanted:
        raw = message(r)
        kind = r.random()
        used = edwards if kind < 0.15 else key
        readable = not re.search(rb'(?m)^[\w-]+[ \t]+:', raw)  # dkimpy takes no blank before the colon
        if kind < 0.6 and readable:
            field = sign_oddly(r, raw, used)
        elif kind < 0.8 and readable:
            field = sign_dkimpy(r, raw, key)
        elif peer:
            form, names = r.choice(FORMS[:4]), r.choice(['', 'from:to:subject', 'from:from:x-none'])
            answer = peer.ask('sign', raw, form, 'a.example', 's1', names, key.text)
            field = base64.b64decode(answer[0]) + b'\r\n' if answer != ['error'] else b''
        else:
            continue
        signed = field + raw
        if r.random() < 0.1 and readable:
            signed = sign_oddly(r, raw, key) + signed
        for i in range(FROM_EACH):
            text = signed
            for _ in range(0 if i == 0 else r.choice([1, 1, 1, 2])):
                text = change(r, text)
            record = key_record(r, used, short)
            zone = {'s1._domainkey.a.example': {'TXT': [[record]] if record else []}, 'slow._domainkey.a.example': {'TXT': 'TIMEOUT'}}
            cases.append({'message_b64': b64(text), 'zone': zone, 'now': NOW})
    return cases[:wanted]


def answer_of(results):
    passes = sum(x == 'pass' for x in results)
    return passes or ('temperror' if 'temperror' in results else 0)


def ask_dkimpy(request):
    raw = base64.b64decode(request['message_b64'])

    def dns(name, timeout=5):
        name = name.decode() if isinstance(name, bytes) else name
        data = request['zone'].get(name.rstrip('.').lower(), {}).get('TXT', [])
        if data == 'TIMEOUT':
            raise dkim.DnsTimeoutError('slow')
        return data[0][0].encode() if data else None

    results = []
    index = 0
    count = len(re.findall(rb'(?im)^dkim-signature[ \t]*:', raw.partition(b'\r\n\r\n')[0]))
    for index in range(count):
        try:
            results.append('pass' if dkim.DKIM(raw, minkey=1024).verify(idx=index, dnsfunc=dns) else 'fail')
        except dkim.DnsTimeoutError:
            results.append('temperror')
        except dkim.DKIMException:
            results.append('fail')
        except Exception as e:
            results.append(type(e).__name__)
    return answer_of(results)


def ask_mail_dkim(peer, request):
    words = []
    for name, node in request['zone'].items():
        if node['TXT']:
            words += [name, node['TXT'] if node['TXT'] == 'TIMEOUT' else node['TXT'][0][0]]
    return answer_of(peer.ask('verify', base64.b64decode(request['message_b64']), *words))


def text_of(request):
    return base64.b64decode(request['message_b64']).decode('latin-1')


def signature(pattern):
    """Whether some signature of the message, folding taken out, has this."""
    def finds(request):
        head = re.sub(r'\r\n(?=[ \t])', '', text_of(request).partition('\r\n\r\n')[0])
        return any(re.search(pattern, f) for f in head.split('\r\n') if f.lower().startswith('dkim-signature'))
    return finds


def record(pattern):
    return lambda request: any(re.search(pattern, d[0]) for d in request['zone']['s1._domainkey.a.example']['TXT'])


def header(pattern):
    return lambda request: re.search(pattern, text_of(request).partition('\r\n\r\n')[0] + '\r\n', re.I | re.M | re.S) is not None


def body(pattern):
    return lambda request: re.search(pattern, text_of(request).partition('\r\n\r\n')[2], re.S) is not None


def more(a, b):
    return (0 if a == 'temperror' else a) > (0 if b == 'temperror' else b)


FROM_TWICE = r'^from[ \t]*:.*^from[ \t]*:'
BLANK_BEFORE_COLON = r'^[\w-]+[ \t]+:'
RELAXED = r'c\s*=\s*\w+/[Rr]elaxed'
DKIMPY = {
    'query_list': lambda q, o, t: signature(r'[;:\s]q\s*=\s*http:dns')(q) and more(o, t),
    'no_answer': lambda q, o, t: o == 'temperror' and t == 0,
    'blank_before_colon': lambda q, o, t: header(BLANK_BEFORE_COLON)(q) and not t,
    'from_twice': lambda q, o, t: header(FROM_TWICE)(q) and more(o, t),
    'unended_line': lambda q, o, t: signature(RELAXED)(q) and body(r'[ \t]\Z')(q),
    'length_beyond': lambda q, o, t: signature(r'[;:\s]l\s*=\s*\d')(q) and more(t, o),
    'no_field': lambda q, o, t: header(r'^[^:\s][^:\r\n]*\r?$')(q) and more(o, t),
    'names_empty': lambda q, o, t: signature(r'h\s*=\s*(;|$|[^;]*::)')(q) and more(t, o),
    'names_itself': lambda q, o, t: signature(r'h\s*=\s*from:dkim-signature')(q) and more(o, t),
    'time_future': lambda q, o, t: signature(r'[;:\s]t\s*=\s*1701000000')(q) and more(o, t),
    'from_unsigned': lambda q, o, t: signature(r'h\s*=\s*to:subject')(q) and more(t, o),
    'words_case': lambda q, o, t: (signature(r'RSA-SHA256|Relaxed|A\.EXAMPLE')(q) or record('k=RSA')(q)) and more(o, t),
    'domain_dot': lambda q, o, t: signature(r'd\s*=\s*a\.example\.')(q) and more(t, o),
    'key_hash': lambda q, o, t: record('h=sha1;')(q) and more(t, o),
    'key_version': lambda q, o, t: record('^k=rsa; v=DKIM1')(q) and more(t, o),
    'key_base64': lambda q, o, t: record('p=!')(q) and more(t, o),
}
MAIL_DKIM = {
    'version': lambda q, o, t: signature(r'[;:\s]v\s*=\s*(0\.5|;|$)')(q) and more(t, o),
    'time_empty': lambda q, o, t: signature(r'[;:\s]t\s*=\s*(;|$)')(q) and more(t, o),
    'length_zero': lambda q, o, t: signature(r'[;:\s]l\s*=\s*0+\s*;')(q) and more(o, t),
    'form_empty': lambda q, o, t: signature(r'[;:\s]c\s*=\s*;')(q) and more(t, o),
    'names_itself': lambda q, o, t: signature(r'h\s*=\s*from:dkim-signature')(q) and more(o, t),
    'from_unsigned': DKIMPY['from_unsigned'],
    'signature_base64': lambda q, o, t: 'b= is no base64' in q['said'] and more(t, o),
    'no_field': lambda q, o, t: header(r'^[^:\s][^:\r\n]*\r?$')(q),
    'no_answer': lambda q, o, t: o == 'temperror' and t == 0,
    'unended_body': lambda q, o, t: body(r'[^\n]\Z')(q),
    'fold_before_colon': lambda q, o, t: header(r'^[\w-]+[ \t]*\r\n[ \t]+:')(q) and more(t, o),
    'length_beyond': DKIMPY['length_beyond'],
    'length_empty': lambda q, o, t: signature(r'[;:\s]l\s*=\s*(;|-|$)')(q) and more(t, o),
    'names_empty': DKIMPY['names_empty'],
    'key_type_case': lambda q, o, t: record('k=RSA')(q) and more(o, t),
    'key_bare': lambda q, o, t: record('p=MIGJ')(q) and more(o, t),
    'key_version': DKIMPY['key_version'],
    'key_twice': lambda q, o, t: record('p=.*; p=')(q) and more(t, o),
    'key_empty_tag': lambda q, o, t: record(';;')(q) and more(t, o),
    'key_base64': DKIMPY['key_base64'],
    'key_short': lambda q, o, t: record('p=MFw')(q) and more(t, o),
}


def main():
    dkim.time.time = lambda: NOW
    have = subprocess.run(['perl', '-MMail::DKIM::Verifier', '-e', '1'], capture_output=True).returncode == 0
    peer = MailDkim() if have else None
    requests = make(peer)
    replies = ask_ours('dkim', requests)
    answers = [answer_of([s['result'] for s in reply['signatures']]) for reply in replies]
    for request, reply in zip(requests, replies):
        request['said'] = [s.get('reason') for s in reply['signatures']]
    ok(SEED != 1 or {0, 1, 2, 'temperror'} <= set(answers), 'the cases reach every answer', answers)
    judge('dkimpy', DKIMPY, [(q, a, ask_dkimpy(q)) for q, a in zip(requests, answers)], len(requests) == STANDARD)
    if have:
        # It does not know Ed25519. Every second case: it is slow.
        judge('mail-dkim', MAIL_DKIM, [(q, a, ask_mail_dkim(peer, q)) for q, a in zip(requests[::2], answers[::2])
                                       if not signature('ed25519')(q)], len(requests) == STANDARD)
        peer.close()
    else:
        skip('DKIM beside Mail::DKIM', 'libmail-dkim-perl is not installed')
    done()


main()
