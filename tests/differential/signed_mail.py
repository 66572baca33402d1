"""Keys and messages made from a seed, and what happens to a message on its way: for all tests of signatures. Messages have odd
headers and bodies: folds, blanks, repeated names, empty lines at the end, no line end."""
import base64, hashlib, os, re, subprocess

import dkim, dkim.crypto
try:
    import nacl.signing
except ImportError:
    nacl = None

from differential import HERE

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
    if r.random() < 0.05:
        body = r.choice(['', '\r\n', '\r\n\r\n', ' ', ' \r\n', '\t\r\n \r\n', '\r\n \r\n\r\n', 'x', 'x \r\n\r\n \r\n', 'two  blanks\t \tand\r\n'])
    if r.random() < 0.03:
        body = body.replace('t', '\r', 1)
    return (head + '\r\n' + body).encode('latin-1')


# --- what happens on the way ---

def change(r, raw):
    head, _, body = raw.partition(b'\r\n\r\n')
    fields = re.split(rb'\r\n(?![ \t])', head)
    at = r.randrange(len(fields))
    kind = r.randrange(16)
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
    elif kind == 14:
        fields[at] = re.sub(rb'\r\n([ \t])', rb'\1', fields[at])
    elif kind == 15:
        body += b'\r\n' * r.randrange(1, 4) if body.endswith(b'\r\n') else b'\r\n'
    else:
        fields.insert(r.randrange(len(fields) + 1), fields[at])
    return b'\r\n'.join(fields) + b'\r\n\r\n' + body


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


# --- what the tests read out of them ---

def word(result):
    return result if result in ('pass', 'temperror') else 'no'


def fields(raw):
    """Name and unfolded value of each field; a line without a colon goes on with the field above it."""
    head = re.sub(r'\r\n(?=[^:\s][^:\r\n]*(?:\r\n|\Z))', '\r\n ', raw.decode('latin-1').partition('\r\n\r\n')[0])
    for line in re.sub(r'\r\n(?=[ \t])', '', head).split('\r\n'):
        name, colon, value = line.partition(':')
        yield (name.strip().lower(), value) if colon else ('', line)


def tag(text, name):
    """The value of a tag, None without; of two the first."""
    for part in text.split(';'):
        key, equals, value = part.partition('=')
        if equals and key.strip() == name:
            return re.sub(r'\s+', ' ', value).strip()
    return None


def base64_is_good(value):
    value = (value or '').replace(' ', '')
    return bool(re.fullmatch(r'(?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?|[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=', value))
