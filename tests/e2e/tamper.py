#!/usr/bin/env python3
"""A ledger of some hundreds of messages in several files, altered in more than two hundred places, one at a time: each time
`sekisho ledger verify` must say so and name the place; unaltered it must be content.

The test knows the formats of the files by itself (record/journal.h, c2sp.org/tlog-tiles), not by asking the program."""
import glob
import hashlib
import random
import re
import struct

from checkpoint import *

MESSAGES = 330
HEADER = 80


def fill(c, count):
    body = b'word ' * 60
    sent = 0
    while sent < count:
        with Smtp(c.port) as s:
            for _ in range(min(50, count - sent)):
                code, _ = s.mail(b'From: a@sender.example\r\nSubject: number %d\r\n\r\n%s\r\n' % (sent, body))
                assert code == 250
                sent += 1


def frames(data):
    """(offset, size of the record, index) of each frame."""
    at, found = 0, []
    while at < len(data):
        magic, size, index = struct.unpack_from('>4sIQ', data, at)
        assert magic == b'SKJ1', (at, magic)
        found.append((at, size, index))
        at += HEADER + size
    return found


def frame(index, record, salt=b'\x07' * 32):
    return struct.pack('>4sIQ', b'SKJ1', len(record), index) + salt + hashlib.sha256(salt + record).digest() + record


class Ledger:
    def __init__(self, c):
        self.c, self.folder, self.places, self.missed, self.unnamed = c, c.record, 0, [], []
        self.key = None

    def path(self, name):
        return os.path.join(self.folder, name)

    def read(self, name):
        with open(self.path(name), 'rb') as f:
            return f.read()

    def write(self, name, data):
        with open(self.path(name), 'wb') as f:
            f.write(data)

    def verify(self, *more):
        r = self.c.command('ledger', 'verify', *more)
        return r.returncode, (r.stdout + r.stderr).decode(errors='replace')

    def altered(self, what, name, data, *wanted, options=()):
        """The file has other bytes (None: is gone): verify must fail and say one of the wanted words."""
        before = self.read(name)
        assert data != before, what
        if data is None:
            os.unlink(self.path(name))
        else:
            self.write(name, data)
        status, text = self.verify(*options)
        self.write(name, before)
        self.places += 1
        if status != 1:
            self.missed.append('%s: status %d, %s' % (what, status, text.strip()[:200]))
        elif wanted and not any(re.search(w, text) for w in wanted):
            self.unnamed.append('%s: %s' % (what, text.strip()[:300]))

    def flip(self, what, name, at, *wanted, bit=1, options=()):
        data = bytearray(self.read(name))
        data[at] ^= bit
        self.altered(what, name, bytes(data), *wanted, options=options)

    def told(self, words):
        missed, unnamed = self.missed, self.unnamed
        ok(not missed, '%s: each is told (%d places)' % (words, self.places), '\n'.join(missed))
        ok(not unnamed, '%s: and named' % words, '\n'.join(unnamed))
        total = self.places
        self.places, self.missed, self.unnamed = 0, [], []
        return total


def journal(l, chance):
    names = sorted(os.path.relpath(p, l.folder) for p in glob.glob(l.path('journal/*.log')))
    total = 0
    ok(len(names) >= 2, 'the journal has %d files' % len(names))
    fields = [('mark', 0, 4), ('size', 4, 4), ('number', 8, 8), ('salt', 16, 32), ('leaf', 48, 32)]
    for name in names[:1] + names[-1:]:
        data = l.read(name)
        all_frames = frames(data)
        for at, size, index in (all_frames[0], all_frames[len(all_frames) // 2], all_frames[-1]):
            place = r'entr(y|ies) %d\b' % index
            for field, offset, length in fields:
                for byte in sorted({0, length - 1, chance.randrange(length)}):
                    l.flip('%s, entry %d: %s byte %d' % (name, index, field, byte), name, at + offset + byte, place)
            for byte in sorted({0, 1, size // 3, size // 2, size - 2, size - 1}):
                l.flip('%s, entry %d: record byte %d' % (name, index, byte), name, at + HEADER + byte, place)
    total += l.told('every field of frames')

    for name in names[:2] + names[-1:]:
        data = l.read(name)
        all_frames = frames(data)
        chosen = sorted({0, 1, len(all_frames) // 2, len(all_frames) - 2})
        for i in chosen:
            at, size, index = all_frames[i]
            after, after_size, _ = all_frames[i + 1]
            end, after_end = at + HEADER + size, after + HEADER + after_size
            here = r'entr(y|ies) (%d|%d)\b' % (index, index + 1)
            l.altered('%s: entry %d dropped' % (name, index), name, data[:at] + data[end:], here)
            l.altered('%s: entries %d and the next changed places' % (name, index), name,
                      data[:at] + data[end:after_end] + data[at:end] + data[after_end:], here)
            l.altered('%s: entry %d twice' % (name, index), name, data[:end] + data[at:end] + data[end:], here)
            l.altered('%s: another record added by hand before entry %d' % (name, index), name,
                      data[:at] + frame(index, b'{"v":1,"kind":"message","id":"by-hand"}') + data[at:], here)
            l.altered('%s: entry %d replaced, with a salt and a leaf that fit' % (name, index), name,
                      data[:at] + frame(index, data[at + HEADER:end].replace(b'sender', b'rednes')) + data[end:], here)
            l.altered('%s: entry %d said to be purged' % (name, index), name,
                      data[:at] + b'SKP1' + data[at + 4:], here)
        at, size, index = all_frames[-1]
        l.altered('%s: the last entry cut off' % name, name, data[:at], r'%d\b' % index)
        l.altered('%s: cut within the last record' % name, name, data[:-7], r'%d\b' % index)
        l.altered('%s: emptied' % name, name, b'', r'%d\b' % all_frames[0][2])
        l.altered('%s: taken away' % name, name, None, r'%d\b' % all_frames[0][2])
    total += l.told('records dropped, reordered, added, replaced')
    return total


def tiles(l, chance):
    full = sorted(p for p in glob.glob(l.path('tile/**/*'), recursive=True) if os.path.isfile(p))
    names = [os.path.relpath(p, l.folder) for p in full]
    size = int(l.read('checkpoint').split(b'\n')[1])
    kinds = set()
    for name in names:
        level = name.split('/')[1]
        unit = 34 if level == 'entries' else 32
        data = l.read(name)
        partial = re.search(r'\.p/(\d+)$', name)
        kinds.add((level, bool(partial)))
        if partial:
            # Those of earlier checkpoints are not needed any more.
            present = size // 256 ** (1 if level == '1' else 2 if level == '2' else 0) % 256
            if int(partial.group(1)) != present or len(data) != present * unit:
                continue
        count = len(data) // unit
        for entry in sorted({0, count - 1, chance.randrange(count)}):
            for byte in sorted({0, 1, unit // 2, unit - 1}):
                first = int(re.search(r'/(\d+)(?:\.p/\d+)?$', name).group(1)) * 256 + entry
                l.flip('%s: hash %d, byte %d' % (name, entry, byte), name, entry * unit + byte,
                       r'entry %d\b' % first if level in ('0', 'entries') else re.escape(name))
        l.altered('%s: cut short' % name, name, data[:-1], re.escape(name))
        l.altered('%s: taken away' % name, name, None, re.escape(name))
    ok(kinds >= {('0', False), ('0', True), ('entries', False), ('entries', True), ('1', True)},
       'full and partial tiles of each level and entry bundles were there', kinds)
    return l.told('tiles and entry bundles')


def checkpoint_file(l):
    note = l.read('checkpoint')
    lines = note.split(b'\n')
    for i, word in ((0, 'name'), (1, 'size'), (2, 'root'), (4, 'signature')):
        start = sum(len(x) + 1 for x in lines[:i])
        for byte in sorted({0, len(lines[i]) // 2, len(lines[i]) - 2}):
            l.flip('checkpoint: %s byte %d' % (word, byte), 'checkpoint', start + byte, 'checkpoint')
    other = list(lines)
    other[1] = b'%d' % (int(lines[1]) - 1)
    l.altered('checkpoint: a smaller size', 'checkpoint', b'\n'.join(other), 'checkpoint')
    l.altered('checkpoint: no signature', 'checkpoint', b'\n'.join(lines[:3]) + b'\n', 'checkpoint')
    l.altered('checkpoint: an extension line', 'checkpoint', b'\n'.join(lines[:3] + [b'extension'] + lines[3:]), 'checkpoint')
    l.altered('checkpoint: taken away', 'checkpoint', None, 'checkpoint')
    l.altered('checkpoint: emptied', 'checkpoint', b'', 'checkpoint')
    return l.told('the checkpoint')


def rows(l):
    """The day files are not evidence, but they must not say anything else than the evidence."""
    import sqlite3
    # A row of the last five seconds may be on its way (verify --rows): on a quick machine all that was altered so far took less.
    time.sleep(max(0, os.path.getmtime(l.path('checkpoint')) + 6 - time.time()))
    name = sorted(os.path.relpath(p, l.folder) for p in glob.glob(l.path('events-*.db')))[0]
    for suffix in ('-wal', '-shm'):
        if os.path.exists(l.path(name + suffix)):
            os.unlink(l.path(name + suffix))
    with sqlite3.connect(l.path(name)) as db:
        tables = {r[0]: r[1] for r in db.execute("select name, sql from sqlite_master where type = 'table'")}
        columns = {t: [r[1] for r in db.execute('pragma table_info("%s")' % t)] for t in tables}
        events = next(t for t in ('event', 'events') if t in columns)
        key = next(c for c in ('entry', 'idx', 'number', columns[events][0]) if c in columns[events])
        chosen = [r[0] for r in db.execute('select rowid from %s order by rowid' % events)]
    db.close()
    before = l.read(name)
    changes = [(c, "update %s set %s = ? where rowid = ?" % (events, c)) for c in ('sender', 'action', 'client', 'size', 'recipients', 'subject')
               if c in columns[events]]
    for column, statement in changes:
        for row in (chosen[0], chosen[len(chosen) // 2], chosen[-1]):
            db = sqlite3.connect(l.path(name))
            db.execute(statement, (17 if column == 'size' else 'somebody else', row))
            db.commit()
            db.close()
            after = l.read(name)
            l.write(name, before)
            l.altered('%s: %s of row %d' % (name, column, row), name, after, r'entry \d+', 'rows', options=('--rows',))
    for row in (chosen[1], chosen[-2]):
        db = sqlite3.connect(l.path(name))
        db.execute('delete from %s where rowid = ?' % events, (row,))
        db.commit()
        db.close()
        after = l.read(name)
        l.write(name, before)
        l.altered('%s: row %d taken away' % (name, row), name, after, 'rows', options=('--rows',))
    return l.told('rows of day files, with --rows')


def keys(l):
    vkey = l.read('ledger.vkey')
    for byte in (0, len(vkey) // 2, len(vkey) - 3):
        l.flip('ledger.vkey: byte %d' % byte, 'ledger.vkey', byte, 'ledger.vkey')
    history = l.read('ledger.keys')
    lines = history.splitlines(True)
    ok(len(lines) == 2, 'the key was changed once')
    for line, text in enumerate(lines):
        start = sum(map(len, lines[:line]))
        for at in [m.start(1) for m in re.finditer(rb'"(?:vkey|old|note|change|entry)":"?([^",])', text)]:
            l.flip('ledger.keys: line %d, byte %d' % (line + 1, at), 'ledger.keys', start + at, 'ledger.keys')
    l.altered('ledger.keys: the change is left out', 'ledger.keys', lines[0], 'ledger', 'checkpoint')
    l.altered('ledger.keys: the first line is left out', 'ledger.keys', lines[1], 'ledger.keys')
    total = l.told('keys and their history')
    status, text = l.verify('--key', l.key)
    ok(status == 0, 'the key that was noted down before the change leads to the present one', text)
    status, text = l.verify('--key', 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k')
    ok(status == 1, 'a wrong key is refused', text)
    return total


def forged(l):
    """Somebody makes a whole ledger of his own, sound in itself: only a key noted elsewhere tells."""
    with Checkpoint() as other:
        fill(other, 3)
        other.stop(keep=True)
        status, text = (lambda r: (r.returncode, (r.stdout + r.stderr).decode()))(other.command('ledger', 'verify'))
        ok(status == 0, 'a ledger made by somebody else is sound in itself', text)
        r = other.command('ledger', 'verify', '--key', l.key)
        ok(r.returncode == 1, 'the key that was noted down tells that it is another one', r.stdout.decode())
        with open(os.path.join(other.record, 'checkpoint'), 'rb') as f:
            l.altered('a forged checkpoint', 'checkpoint', f.read(), 'checkpoint')
    return l.told('a forged checkpoint')


def older_copy(l):
    """The last entries and everything that speaks of them are taken away: only what was signed tells."""
    copy = l.folder + '.copy'
    shutil.copytree(l.folder, copy)
    l.c.start()
    fill(l.c, 5)
    l.c.stop(keep=True)
    newer = l.folder + '.newer'
    os.rename(l.folder, newer)
    os.rename(copy, l.folder)
    status, text = l.verify()
    ok(status == 1 and 'older copy' in text, 'an older copy of the whole record is told', text)
    process = subprocess.run([PROGRAM, 'serve', '--config', l.c.conf], capture_output=True, timeout=60)
    ok(process.returncode == 78 and b'has signed' in process.stderr, 'and is not gone on with', process.stderr.decode()[-500:])
    shutil.rmtree(l.folder)
    os.rename(newer, l.folder)
    status, text = l.verify()
    ok(status == 0, 'the newer one is put back', text)


def torn(l):
    """The last frame ends anywhere, as after a crash, and no checkpoint speaks of it yet."""
    name = sorted(glob.glob(l.path('journal/*.log')))[-1]
    with open(name, 'rb') as f:
        data = f.read()
    at, size, index = frames(data)[-1]
    added = frame(index + 1, b'{"v":1,"kind":"note","text":"not acknowledged"}')
    good = 0
    for cut in range(1, len(added)):
        with open(name, 'wb') as f:
            f.write(data + added[:cut])
        status, text = l.verify()
        good += status == 0 and '%d bytes' % cut in text
    ok(good == len(added) - 1, 'a last frame torn at each of its bytes is no crime, and is told (%d of %d)' % (good, len(added) - 1))
    with open(name, 'wb') as f:
        f.write(data + added[:-1])
    l.c.start()
    fill(l.c, 1)
    l.c.stop(keep=True)
    status, text = l.verify()
    ok(status == 0 and 'unfinished' not in text, 'the keeper cuts it and goes on', text)


def main():
    chance = random.Random(7)
    with Checkpoint(extra='[record]\nsegment = 64k\nname = tamper.example/sekisho\n', http=False) as c:
        fill(c, 20)
        time.sleep(1.2)
        with open(os.path.join(c.record, 'ledger.vkey')) as f:
            first = f.read().strip()
        r = c.command('ledger', 'rotate', '--reason', 'test of the chain')
        ok(r.returncode == 0, 'the key is changed while mail flows', r.stderr.decode())
        fill(c, MESSAGES - 20)
        c.stop(keep=True)
        l = Ledger(c)
        l.key = first
        status, text = l.verify()
        ok(status == 0, 'unaltered it is sound', text)
        print('# ' + text.strip())
        status, text = l.verify('--rows')
        ok(status == 0, 'and so are the rows', text)
        total = journal(l, chance) + tiles(l, chance) + checkpoint_file(l) + rows(l) + keys(l) + forged(l)
        status, text = l.verify()
        ok(status == 0, 'put back as it was it is sound again', text)
        ok(total >= 200, '%d places were altered' % total)
        older_copy(l)
        torn(l)
    done()


main()
