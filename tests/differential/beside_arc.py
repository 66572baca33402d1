#!/usr/bin/env python3
"""ARC (RFC 8617) beside dkimpy: messages with odd headers and bodies, sealed by it one to three times, changed between and behind
the seals, and the chain verified by both: "none", "pass" or "fail". A difference is explained when dkimpy with some mends
(dkimpy_mended.py) gives our answer."""
import base64, random, re

from differential import NOW, SEED, ask_ours, cases_wanted, done, judge, ok, skip, with_debian_python

STANDARD = 600
FROM_EACH = 6  # cases made of one sealed message

if not with_debian_python('dkim') or not with_debian_python('authres'):
    skip('ARC beside dkimpy', 'python3-dkim or python3-authres is not installed')
    done()
import dkim
import dkimpy_mended
from signed_mail import Rsa, b64, change, message

MENDS = ('blank_before_colon', 'no_field', 'unended_line', 'from_twice', 'key_hash', 'key_services', 'key_version', 'key_base64', 'words_case')


def seal(r, raw, key, instance):
    """The message with one more set. The first link says arc=none, the next ones that the chain passed."""
    said = b'none' if instance == 1 else r.choice([b'pass'] * 9 + [b'fail'])
    results = b'Authentication-Results: relay.example; spf=pass smtp.mailfrom=a.example; arc=%s\r\n' % said
    names = r.choice([[b'from', b'to', b'subject'], [b'from', b'date', b'message-id', b'received'], [b'from', b'to', b'to', b'cc', b'subject', b'x-none']])
    fields = dkim.arc_sign(results + raw, r.choice([b's1', b's1', b'S1']), b'a.example', key.pem.encode(), b'relay.example', include_headers=names, timestamp=NOW - 100)
    return b''.join(fields) + results + raw if fields else None


def oddly(r, raw):
    """Something about the sets themselves."""
    kind = r.randrange(9)
    head, _, body = raw.partition(b'\r\n\r\n')
    fields = re.split(rb'\r\n(?![ \t])', head)
    ours = [i for i, f in enumerate(fields) if f.lower().startswith(b'arc-')]
    at = r.choice(ours)
    if kind == 0:
        del fields[at]
    elif kind == 1:
        fields.insert(0, fields[at])
    elif kind == 2:
        fields[at] = re.sub(rb'\bi=(\d)', lambda m: b'i=%d' % (int(m.group(1)) + 1), fields[at], 1)
    elif kind == 3:
        fields[at] = re.sub(rb'cv=\w+', r.choice([b'cv=none', b'cv=pass', b'cv=fail', b'cv=x']), fields[at])
    elif kind == 4:
        fields[at] = fields[at].replace(b'spf=pass', b'spf=fail')
    elif kind == 5:
        r.shuffle(fields)
    elif kind == 6:
        fields[at] = re.sub(rb'\ba=rsa-sha256', r.choice([b'a=rsa-sha1', b'a=RSA-SHA256', b'a=x']), fields[at])
    elif kind == 7:
        fields[at] = fields[at].replace(b's=s1', b's=slow')
    else:
        fields[at] = fields[at].replace(b'ARC-', b'arc-')
    return b'\r\n'.join(fields) + b'\r\n\r\n' + body


def make():
    r = random.Random(SEED)
    key, short = Rsa(r, 1024), Rsa(r, 512)
    cases = []
    wanted = cases_wanted(STANDARD)
    while len(cases) < wanted:
        raw = message(r)
        try:
            for instance in range(1, r.choice([2, 2, 3, 4])):
                raw = seal(r, raw, key, instance) or raw
                if r.random() < 0.1:
                    raw = change(r, raw)
        except (dkim.DKIMException, IndexError):
            continue  # dkimpy reads no such message
        for i in range(FROM_EACH):
            text = raw
            if i > 0:
                text = oddly(r, text) if r.random() < 0.5 and b'\nARC-' in b'\n' + text else change(r, text)
            record = 'v=DKIM1; k=rsa; p=' + key.p if r.random() < 0.85 else r.choice([
                'p=' + key.p, 'v=DKIM1; h=sha1; p=' + key.p, 'v=DKIM1; s=web:email; p=' + key.p, 'k=rsa; v=DKIM1; p=' + key.p, 'v=DKIM1; p=!' + key.p,
                'v=DKIM1; p=', 'v=DKIM1; p=' + short.p, 'v=DKIM1; k=RSA; p=' + key.p, 'v=DKIM1; t=s; p=' + key.p, ''])
            zone = {'s1._domainkey.a.example': {'TXT': [[record]] if record else []}, 'slow._domainkey.a.example': {'TXT': 'TIMEOUT'}}
            cases.append({'message_b64': b64(text), 'zone': zone, 'now': NOW})
    return cases[:wanted]


def ask_dkimpy(request, mends=()):
    def look_up(name):
        name = name.decode() if isinstance(name, bytes) else name
        data = request['zone'].get(name.rstrip('.').lower(), {}).get('TXT', [])
        if data == 'TIMEOUT':
            raise dkimpy_mended.Slow
        return data[0][0].encode() if data else None

    return dkimpy_mended.chain_result(mends, base64.b64decode(request['message_b64']), look_up, NOW)


def cause(request, ours, theirs):
    mends = list(MENDS)
    if ask_dkimpy(request, mends) != ours:
        return []
    for mend in MENDS:
        fewer = [m for m in mends if m != mend]
        if ask_dkimpy(request, fewer) == ours:
            mends = fewer
    return mends


def main():
    dkim.time.time = lambda: NOW
    requests = make()
    cases = []
    for request, reply in zip(requests, ask_ours('arc', requests)):
        request['said'] = reply.get('reason')
        cases.append((request, reply['result'], ask_dkimpy(request)))
    ok(SEED != 1 or {c[1] for c in cases} >= {'pass', 'fail'}, 'the cases reach every answer', {c[1] for c in cases})
    judge('dkimpy-arc', MENDS, cause, cases, len(requests) == STANDARD)
    done()


if __name__ == '__main__':
    main()
