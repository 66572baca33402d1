#!/usr/bin/env python3
"""A recipient without consent: after 1,000 messages with known words none of them is anywhere but in his own mail.

Looked through, byte for byte: everything under the record's folder (ledger, rows, -wal, held, books), the log, the metrics
and pages of the clerk, the search, and the memory of keeper and clerk; for each word in every form it had on the wire or
could be stored in, and for its hashes, which a guess would confirm.
"""
import base64, gzip, hashlib, random, re, urllib.error, urllib.request
from checkpoint import *

MESSAGES = int(os.environ.get('SECRECY_MESSAGES', '1000'))
TO = b'silent@rcpt.example'
random.seed(20261122)


def word(i):
    """A word that no program says by itself."""
    return ''.join(random.choice('bcdfghjklmnpqrstvwxz') + random.choice('aeiou') for _ in range(5)) + 'q%dx' % i


KANJI = '鷽鸛鷭鶺鴒鵆鵙鵤鵯鶇鶫鷯鸚鴇鵠鶉'
WORDS = [word(i) for i in range(24)]
JAPANESE = [''.join(random.choice(KANJI) for _ in range(5)) + random.choice('をんぬゑ') for _ in range(8)]


def encoded(text, charset):
    return b'=?%s?B?%s?=' % (charset.encode(), base64.b64encode(text.encode(charset)))


def message(i):
    """Each place that can carry a word carries one."""
    w = [WORDS[(i * 7 + k) % len(WORDS)] for k in range(8)]
    j = [JAPANESE[(i * 3 + k) % len(JAPANESE)] for k in range(3)]
    charset = ('iso-2022-jp', 'shift_jis', 'euc-jp', 'utf-8')[i % 4]
    # Characters that a charset does not have are left out of it.
    text = ''.join(c for c in j[0] if c.encode(charset, 'ignore'))
    body = ('%s の件、%s まで。\r\nhttp://%s.example/%s\r\n' % (text, w[0], w[1], w[2])).encode(charset, 'ignore')
    transfer = b'8bit' if i % 3 else b'base64'
    if transfer == b'base64':
        body = base64.encodebytes(body).replace(b'\n', b'\r\n')
    attachment = base64.encodebytes(('%s,%s' % (w[3], j[1])).encode()).replace(b'\n', b'\r\n')
    return (b'From: %s <sender@sender.example>\r\nTo: %s\r\nSubject: %s %s\r\nMessage-ID: <%s.%d@sender.example>\r\n'
            b'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\nX-Note: %s\r\n\r\n'
            b'--b\r\nContent-Type: text/plain; charset=%s\r\nContent-Transfer-Encoding: %s\r\n\r\n%s\r\n'
            b'--b\r\nContent-Type: text/csv; name="%s.csv"\r\nContent-Disposition: attachment; filename="%s.csv"\r\n'
            b'Content-Transfer-Encoding: base64\r\n\r\n%s\r\n--b--\r\n'
            % (encoded(j[2], 'utf-8'), TO, encoded(text, charset) if i % 2 else b'hello', w[4].encode(), w[5].encode(), i,
               w[6].encode(), charset.encode(), transfer, body, w[7].encode(), w[7].encode(), attachment))


def hashes(data):
    for algorithm in (hashlib.md5, hashlib.sha1, hashlib.sha256):
        h = algorithm(data)
        yield h.digest()
        yield h.hexdigest().encode()
        yield h.hexdigest().upper().encode()
        yield base64.b64encode(h.digest()).rstrip(b'=')


def forms():
    """bytes to look for -> what they are."""
    found = {}
    for w in WORDS + JAPANESE:
        for charset in ('utf-8', 'utf-16-le', 'utf-16-be', 'iso-2022-jp', 'shift_jis', 'euc-jp', 'cp932'):
            data = w.encode(charset, 'ignore')
            if charset == 'iso-2022-jp' and w in JAPANESE:
                data = data[3:-3] # without the escapes around it
            if len(data) < 8:
                continue
            found[data] = '%s in %s' % (w, charset)
            if charset != 'cp932':
                found[data.upper()] = found[data]
        data = w.encode()
        for at in range(3): # base64 of it wherever it begins
            piece = base64.b64encode(b'\0' * at + data)[4 if at else 0:]
            found[piece[:len(piece) // 4 * 4 - 4]] = w + ' in base64'
        for h in hashes(data):
            found[h] = 'a hash of ' + w
        for h in hashes(data.upper()):
            found[h] = 'a hash of ' + w
    return found


def whole(messages):
    """The same for whole messages and bodies: the hash of a mail that somebody guesses would confirm it."""
    found = {}
    for i, m in enumerate(messages):
        for part in (m, m.split(b'\r\n\r\n', 1)[1]):
            for h in list(hashes(part))[:3] + list(hashes(part))[8:]:
                found[h] = 'a hash of message %d' % i
    return found


class Seeker:
    """Thousands of needles at once, by grep -F. One with a line end in it cannot be given to grep, and is left out."""

    def __init__(self, needles):
        self.needles = {n: what for n, what in needles.items() if b'\n' not in n}
        self.folder = tempfile.mkdtemp(prefix='sekisho-secrecy-')
        self.patterns = os.path.join(self.folder, 'patterns')
        with open(self.patterns, 'wb') as f:
            f.write(b'\n'.join(self.needles) + b'\n')

    def seek(self, data):
        path = os.path.join(self.folder, 'haystack')
        with open(path, 'wb') as f:
            f.write(data)
        r = subprocess.run(['grep', '-aoF', '-f', self.patterns, path], capture_output=True, env={'LC_ALL': 'C'}, timeout=120)
        if r.returncode > 1:
            raise RuntimeError(r.stderr)
        return sorted({self.needles.get(line, '?') for line in r.stdout.split(b'\n') if line})

    def close(self):
        shutil.rmtree(self.folder, True)


def memory(pid):
    """All that a process may write to."""
    pieces = []
    with open('/proc/%d/maps' % pid) as maps, open('/proc/%d/mem' % pid, 'rb', 0) as mem:
        for line in maps:
            m = re.match(r'([0-9a-f]+)-([0-9a-f]+) r', line)
            if m and '[v' not in line and ' rw' in line:
                start, end = int(m.group(1), 16), int(m.group(2), 16)
                try:
                    mem.seek(start)
                    pieces.append(mem.read(end - start))
                except (OSError, ValueError, OverflowError):
                    pass
    return b''.join(pieces)


def clerk_pages(c):
    for path in ('/', '/metrics', '/ping', '/v1/search', '/v1/messages', '/v1/ledger', '/v1/stream', '/stat', '/search?q=a'):
        try:
            with urllib.request.urlopen('http://127.0.0.1:%d%s' % (c.clerk_port, path), timeout=5) as answer:
                yield 'the clerk: ' + path, answer.read(1 << 20)
        except urllib.error.HTTPError as e:
            yield 'the clerk: ' + path, e.read()
        except OSError:
            pass


def haystacks(c):
    for root, _, files in os.walk(c.folder):
        if root.startswith(c.maildir):
            continue # his own mail
        for name in files:
            path = os.path.join(root, name)
            try:
                with open(path, 'rb') as f:
                    data = f.read()
            except OSError:
                continue
            yield os.path.relpath(path, c.folder), data
            if data[:2] == b'\x1f\x8b':
                yield name + ', unpacked', gzip.decompress(data)
            if data[:4] == b'\x28\xb5\x2f\xfd' and shutil.which('zstd'):
                yield name + ', unpacked', subprocess.run(['zstd', '-dc', path], capture_output=True).stdout
    yield 'search', c.command('search', '--json').stdout
    yield from clerk_pages(c)
    for role in ('keeper', 'clerk'):
        for pid in c.role_pids(role):
            try:
                data = memory(pid)
            except OSError as e:
                skip('memory of the ' + role, str(e))
                continue
            ok(len(data) > 1 << 20, 'memory of the %s can be read (%d MiB)' % (role, len(data) >> 20))
            yield 'memory of the ' + role, data


def flood(c, messages):
    bad = 0
    with Smtp(c.port) as s:
        for i, m in enumerate(messages):
            if i % 500 == 499:
                s.say(b'QUIT')
                s.close()
                s.__init__(c.port)
            a = s.mail(m, b'sender@sender.example', [TO])
            bad += a[0] != 250
    ok(bad == 0, 'all %d messages are taken' % len(messages), bad)


def run_pass(name, seeker, messages, **keywords):
    with Checkpoint(profile='carrier', extra='log = debug\n[recipient open@rcpt.example]\nconsent = content\n', **keywords) as c:
        flood(c, messages)
        time.sleep(2.5) # rows, books and checkpoint are written
        places = 0
        for place, data in haystacks(c):
            places += 1
            found = seeker.seek(data)
            if found or place.startswith(('journal', 'memory', 'record/journal', 'record/events', 'log')):
                ok(not found, '%s: nothing in %s (%d bytes)' % (name, place, len(data)), '\n'.join(found[:12]))
        ok(places > 8, '%s: %d places were looked through' % (name, places))
        # The search itself is shown to find: with consent one word is there.
        with Smtp(c.port) as s:
            s.mail(messages[0].replace(TO, b'open@rcpt.example'), b'sender@sender.example', [b'open@rcpt.example'])
        time.sleep(2.5)
        ok(any(seeker.seek(data) for place, data in haystacks(c) if 'journal' in place),
           name + ': the same message to who consented leaves words, so the search does find')


if os.geteuid() != 0:
    skip('secrecy', 'only root may read the memory of other processes')
    done()
messages = [message(i) for i in range(MESSAGES)]
needles = forms()
needles.update(whole(messages))
seeker = Seeker(needles)
missed = [needles[n] for n in seeker.needles if not seeker.seek(b'abc' + n + b'xyz')] if len(sys.argv) > 1 else []
ok(not missed and all(seeker.seek(m) for m in messages[:20]), 'the needles are found in the messages themselves (%d needles)' % len(needles), missed[:9])
everything = seeker.seek(b'\n'.join(seeker.needles))
ok(set(everything) >= set(seeker.needles.values()), 'and each of them alone', sorted(set(seeker.needles.values()) - set(everything))[:9])
# Next hops like to quote the letter in their answers.
def quoting(letter):
    """The subject and the end of the body, as far as they are ASCII."""
    subject = re.search(rb'(?im)^subject:(.*)', letter)
    said = (subject.group(1) if subject else b'') + b' ' + letter[-200:]
    return '250 2.0.0 taken: ' + ' '.join(re.sub(rb'[^ -~]+', b' ', said).decode('ascii').split())


hop = NextHop({'DOT': quoting})
run_pass('next hop', seeker, messages, next_hop=hop.url)
ok(len(hop.messages) >= len(messages), 'the next hop has them')
hop.close()
run_pass('Maildir', seeker, messages[:max(200, MESSAGES // 5)])
seeker.close()
done()
