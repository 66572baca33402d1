#!/usr/bin/env python3
"""Each DKIM signature of a real mailing list's mail, beside dkimpy as it is, at the clock of the message: both say pass of the same
ones, whether the key of the time is known or not. The corpus is not part of the project: skipped where ../shared/corpora is not
beside the checkout."""
import base64, os, tarfile

from differential import ask_ours, done, ok, skip, with_debian_python

if not with_debian_python('dkim'):
    skip('real mail beside dkimpy', 'python3-dkim is not installed')
    done()

import dkim
import dkimpy_mended
from real_mail import PLACE, date_of, keys, signatures


def theirs(raw, now, zone, count):
    dkim.time.time = lambda: now

    def look_up(name):
        record = zone.get((name.decode() if isinstance(name, bytes) else name).rstrip('.').lower())
        return record['TXT'][0][0].encode() if record else None
    return [dkimpy_mended.result((), raw, index, look_up, now) == 'pass' for index in range(count)]


def main():
    if not os.path.exists(os.path.join(PLACE, 'list-ham.tar.xz')):
        skip('real mail beside dkimpy', 'no ../shared/corpora beside this checkout')
        done()
    zone, mails = keys(), []
    with tarfile.open(os.path.join(PLACE, 'list-ham.tar.xz')) as archive:
        for member in archive:
            if member.name.endswith('.eml'):
                raw = archive.extractfile(member).read()
                head = raw.replace(b'\r\n', b'\n').split(b'\n\n', 1)[0]
                count = len(list(signatures(head)))
                if count:
                    mails.append((member.name, raw, date_of(head) or 1700000000, count))
    replies = ask_ours('dkim', [{'message_b64': base64.b64encode(raw).decode(), 'zone': zone, 'now': now} for _, raw, now, _ in mails])
    differ, total, good = [], 0, 0
    for (name, raw, now, count), reply in zip(mails, replies):
        mine = [s['result'] == 'pass' for s in reply['signatures']]
        other = theirs(raw, now, zone, count)
        total, good = total + count, good + sum(mine)
        if mine != other:
            differ.append('%s: ours %s, dkimpy %s' % (name, mine, other))
    ok(total > 1000 and good > 100, '%d signatures of %d messages, %d of them pass' % (total, len(mails), good))
    ok(not differ, 'dkimpy says the same of each', '\n'.join(differ))
    done()


main()
