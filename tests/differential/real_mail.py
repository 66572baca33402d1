#!/usr/bin/env python3
"""Real signed mail of a list that changes nothing: where the signer's key of the time is known, and the clock stands at the
message's date, the signature verifies; one that does not is told with its reason. The corpus is not part of the project:
skipped where ../shared/corpora is not beside the checkout."""
import base64, calendar, collections, email.utils, os, re, tarfile

from differential import ask_ours, done, ok, skip
from tap import ROOT

PLACE = os.path.join(ROOT, '..', 'shared', 'corpora')


def signatures(head):
    for field in re.split(rb'\r?\n(?![ \t])', head):
        name, _, value = field.partition(b':')
        if name.strip().lower() == b'dkim-signature':
            tags = dict((n.strip(), re.sub(rb'\s+', b'', v)) for n, _, v in (t.partition(b'=') for t in value.split(b';')))
            yield (tags.get(b's', b'') + b'._domainkey.' + tags.get(b'd', b'')).decode('latin-1').lower()


def date_of(head):
    field = re.search(rb'(?im)^date:\s*(.*)', head)
    parsed = field and email.utils.parsedate_tz(field.group(1).decode('latin-1'))
    return calendar.timegm(parsed[:6] + (0, 0, 0)) - (parsed[9] or 0) if parsed else None


def keys():
    """The zone of the keys that are known."""
    zone = {}
    with open(os.path.join(PLACE, 'dkim-keys.tsv')) as file:
        for line in file:
            name, record = line.rstrip('\n').split('\t')
            zone[name.lower()] = {'TXT': [[record]]}
    return zone


def main():
    if not os.path.exists(os.path.join(PLACE, 'list-ham.tar.xz')):
        skip('signed mail of a list', 'no ../shared/corpora beside this checkout')
        done()
    zone = keys()
    requests, names, wanted = [], [], []
    with tarfile.open(os.path.join(PLACE, 'list-ham.tar.xz')) as archive:
        for member in archive:
            if not member.name.endswith('.eml'):
                continue
            raw = archive.extractfile(member).read()
            head = re.split(rb'\r?\n\r?\n', raw, 1)[0]
            known = [s for s in signatures(head) if s in zone]
            if known:
                requests.append({'message_b64': base64.b64encode(raw).decode(), 'zone': zone, 'now': date_of(head) or 1700000000})
                names.append(member.name)
                wanted.append(set(known))
    good, why = 0, collections.Counter()
    failed = []
    for name, known, reply in zip(names, wanted, ask_ours('dkim', requests)):
        mine = [s for s in reply['signatures'] if (s.get('header.s', '') + '._domainkey.' + s.get('header.d', '')).lower() in known]
        if any(s['result'] == 'pass' for s in mine):
            good += 1
            continue
        reason = '; '.join(sorted({'%s: %s' % (s['result'], s.get('reason')) for s in mine}))
        why[reason] += 1
        failed.append('%s: %s' % (name, reason))
    ok(names, 'the corpus has messages signed under the known keys')
    ok(good == len(names), '%d of %d verify' % (good, len(names)), '\n'.join(failed))
    for reason, count in why.most_common():
        print('# %d %s' % (count, reason))
    for line in failed:
        print('#   ' + line)
    done()


if __name__ == '__main__':
    main()
