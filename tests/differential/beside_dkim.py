#!/usr/bin/env python3
"""DKIM beside dkimpy (python3-dkim) and Mail::DKIM (libmail-dkim-perl): messages with odd headers, bodies, tags and keys, signed
by them, changed, and verified by all. The answers for each signature are compared: "pass", "temperror" (no answer for the key) or
"no". A difference with dkimpy is explained when dkimpy with some mends (dkimpy_mended.py) gives our answer; one with Mail::DKIM
by our reason, its own, and what stands in that very signature, key or message."""
import base64, hashlib, random, re, subprocess

from differential import NOW, SEED, ask_ours, cases_wanted, done, judge, ok, skip, with_debian_python

STANDARD = 2000
FROM_EACH = 6  # cases made of one signed message

if not with_debian_python('dkim'):
    skip('DKIM beside dkimpy and Mail::DKIM', 'python3-dkim is not installed')
    done()
import dkim, dkim.canonicalization
import dkimpy_mended
from signed_mail import Ed25519, MailDkim, Rsa, b64, base64_is_good, change, fields, message, nacl, tag, word


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
                ('t', str(NOW)), ('t', str(NOW + 100)), ('t', str(NOW + 10**6)), ('x', str(NOW + 1)), ('x', str(NOW)), ('x', str(NOW - 10**6)), ('x', str(NOW - 100)), ('x', str(NOW + 100)), ('x', '9' * 13), ('x', 'soon'), ('t', ''),
                ('i', '@a.example'), ('i', 'u@sub.a.example'), ('i', 'u@xa.example'), ('i', 'u@b.example'), ('i', 'a.example'), ('i', '@A.EXAMPLE'),
                ('i', 'u=40v@a.example'), ('i', ''), ('i', 'x.a.example'), ('i', '@s1.a.example'), ('i', 'u@SUB.A.example'), ('q', 'dns/txt:http'), ('q', 'dns/txt : x'), ('y-1', 'z'), ('q', 'dns/txt'), ('q', 'dns'), ('q', 'http:dns/txt'), ('q', ''), ('z', 'From:x|To:y'), ('zz', 'unknown'), ('y_1', ''),
                ('l', 'ALL'), ('l', 'LESS'), ('l', 'MORE'), ('l', '0'), ('l', '1'), ('l', '9' * 77), ('l', '-1'), ('l', ''), ('l', '007'), ('v', '2'), ('v', '0.5'), ('v', ''), ('a', 'rsa-md5'), ('a', 'RSA-SHA256'),
                ('d', 'A.Example'), ('d', 'a.example.'), ('d', ''), ('s', 'S1'), ('s', ''), ('s', 'none'), ('s', 'slow'), ('s', 'slow'), ('c', 'relaxed/strict'), ('c', 'Relaxed/Simple'),
                ('c', ''), ('h', 'to:subject'), ('h', 'from::to'), ('h', ''), ('h', 'FROM:To'), ('h', 'from:from:from'), ('h', 'from:dkim-signature'), ('h', 'from:x-none:to'), ('h', 'from:received:received:received'), ('h', 'from:subject:subject'), ('h', 'From : To:\r\n\tsubject')])
            t = [p for p in t if p[0] != name] + [(name, value)]
    if r.random() < 0.02:
        t = [p for p in t if p[0] not in ('t', 'x')] + [('t', str(NOW + 100)), ('x', str(NOW + r.choice([1, 99, 100, 101])))]
    r.shuffle(t)
    return t


def hashed(method, body, most):
    text = dkim.canonicalization.CanonicalizationPolicy.from_c_value(method.encode()).canonicalize_body(body)
    text = text if most is None else text[:most]
    return base64.b64encode(hashlib.sha256(text).digest()).decode(), len(text)


def sign_oddly(r, raw, key):
    """Signs as dkimpy reads the message, or as the RFC does; None where dkimpy cannot read it."""
    mends = r.choice([(), ('blank_before_colon', 'no_field', 'unended_line')])
    try:
        headers, body = dkimpy_mended.parse(mends, raw)
    except (dkim.DKIMException, IndexError):
        return None
    form = r.choice(FORMS)
    names = [n for n in ('from', 'to', 'subject', 'date', 'cc', 'received', 'x-8', 'x-empty') if n == 'from' or r.random() < 0.6]
    if r.random() < 0.3:
        names.append(r.choice(['from', 'to', 'subject', 'x-none', 'received']))
    t = tags(r, form, names)
    values = dict(t)
    if isinstance(key, Ed25519) and values['a'] == 'rsa-sha256' and r.random() < 0.95:
        t = [(n, 'ed25519-sha256' if n == 'a' else v) for n, v in t]
    method = (values.get('c') or 'simple/simple').lower().replace('strict', 'simple')
    whole = hashed(method, body, None)[1]
    length = values.get('l')
    if length in ('ALL', 'LESS', 'MORE'):
        length = whole + {'ALL': 0, 'LESS': -(whole // 2), 'MORE': 1}[length]
        t = [(n, str(length) if n == 'l' else v) for n, v in t]
    most = int(length) if re.fullmatch(r'\d+', str(length or '')) else None
    t.append(('bh', hashed(method, body, most)[0] if r.random() < 0.97 else hashed(method, body, most)[0].replace('=', '!')))
    t.insert(len(t) if r.random() < 0.7 else r.randrange(len(t)), ('b', '\0'))
    join = r.choice(['; ', '; ', ';', ' ; ', ';\r\n\t'])
    equals = r.choice(['=', '=', '=', ' = ', '= '])
    text = join.join(n + equals + v for n, v in t) + r.choice(['', '', '', ';'])
    text = ' ' + re.sub(r'\s*\0\s*', '\0', text)  # the blanks around b= are no part of what is signed
    policy = dkim.canonicalization.CanonicalizationPolicy.from_c_value(method.encode())
    chosen = [x.strip().lower().encode() for x in dict(t)['h'].split(':')]
    collected = dkim.HashThrough(hashlib.sha256(), True)
    signed = policy.canonicalize_headers(dkimpy_mended.select(policy.canonicalize_headers(headers), chosen))
    own = policy.canonicalize_headers([(b'DKIM-Signature', (text.replace('\0', '') + '\r\n').encode('latin-1'))])
    for name, value in signed + [(n, v.rstrip()) for n, v in own]:
        collected.update(name + b':' + value)
    b = base64.b64encode(key.sign(collected.hashed())).decode()
    if r.random() < 0.5:
        b = '\r\n\t'.join(re.findall('.{1,60}', b))
    if r.random() < 0.03:
        b = r.choice([b[:-4], '', b + '=', b + '!', b[:40]])
    blank = r.choice(['', '', '', ' ', '\r\n ']), r.choice(['', '', '', '', ' ', '\t'])
    return b'DKIM-Signature:' + text.replace('\0', blank[0] + b + blank[1]).encode('latin-1') + b'\r\n'


def sign_dkimpy(r, raw, key):
    form = [f.encode() for f in r.choice(FORMS[:4]).split('/')]
    field = dkim.sign(raw, b's1', b'a.example', key.pem.encode(), canonicalize=form, length=r.random() < 0.3,
                      include_headers=None if r.random() < 0.5 else [b'from', b'to', b'subject'])
    return field


def key_record(r, key, short):
    if isinstance(key, Ed25519):
        return r.choice(['v=DKIM1; k=ed25519; p=' + key.p] * 12 + [
            'v=DKIM1; k=ed25519; t=s; p=' + key.p, 'v=DKIM1; k=ed25519; h=sha256; p=' + key.p, 'v=DKIM1; k=ed25519; h=sha1; p=' + key.p, 'v=DKIM1; k=Ed25519; p=' + key.p,
            'v=DKIM1; k=rsa; p=' + key.p, 'v=DKIM1; p=' + key.p, 'v=DKIM1; k=ed25519; p=' + key.p[:-4], 'k=ed25519; p=' + key.p, 'v=DKIM1; k=ed25519; s=email:x; p=' + key.p])
    if r.random() < 0.75 or key is short:
        return 'v=DKIM1; k=rsa; p=' + key.p
    half = len(key.p) // 2
    return r.choice(['p=' + key.p, 'v=DKIM1; p=' + key.bare, 'k=rsa; v=DKIM1; p=' + key.p, 'v=DKIM1; h=sha256; p=' + key.p, 'v=DKIM1; h=sha1; p=' + key.p,
                     'v=DKIM1; h=sha1:sha256; p=' + key.p, 'v=DKIM1; s=email; p=' + key.p, 'v=DKIM1; s=*; p=' + key.p, 'v=DKIM1; s=web; p=' + key.p, 'v=DKIM1; s=web:email; p=' + key.p, 'v=DKIM1; s=web : *; p=' + key.p, 'v=DKIM1; h=sha512 : sha256; p=' + key.p,
                     'v=DKIM1; t=s; p=' + key.p, 'v=DKIM1; t=y; p=' + key.p, 'v=DKIM1; t=y:s; p=' + key.p, 'v=DKIM1; k=dsa; p=' + key.p, 'v=DKIM1; p=', 'v=DKIM1', '',
                     'v=DKIM1; n=a note; p=%s;' % key.p, 'v=DKIM1; p=' + key.p[:half] + ' ' + key.p[half:], 'v=DKIM1; x=y; p=' + key.p, 'v=DKIM2; p=' + key.p,
                     'v=DKIM1; g=*; p=' + key.p, 'v=DKIM1; k=RSA; p=' + key.p, 'v=DKIM1;; p=' + key.p, 'v=DKIM1; p=' + key.p + '; p=' + key.p, 'v=DKIM1; p=' + short.p,
                     'v=DKIM1; p=' + key.p[:-8], 'v=DKIM1 ; k = rsa ; p = ' + key.p, 'v=DKIM1; k=rsa; p=!' + key.p, 'other text'])


def make(peer):
    r = random.Random(SEED)
    key, short = Rsa(r, 1024), Rsa(r, 512)
    edwards = Ed25519(r) if nacl else key
    wanted = cases_wanted(STANDARD)
    cases = []
    while len(cases) < wanted:
        raw = message(r)
        kind = r.random()
        used = edwards if kind < 0.15 else short if kind < 0.18 else key
        readable = not re.search(rb'(?m)^[\w-]+[ \t]+:', raw)  # dkimpy takes no blank before the colon
        if kind < 0.6:
            field = sign_oddly(r, raw, used)
        elif kind < 0.8 and readable:
            field = sign_dkimpy(r, raw, key)
        elif peer:
            form, names = r.choice(FORMS[:4]), r.choice(['', 'from:to:subject', 'from:from:x-none'])
            answer = peer.ask('sign', raw, form, 'a.example', 's1', names, key.text)
            field = base64.b64decode(answer[0]) + b'\r\n' if answer != ['error'] else b''
        else:
            continue
        if field is None:
            continue
        signed = field + raw
        while r.random() < 0.15:
            signed = (sign_oddly(r, raw if r.random() < 0.6 else signed, r.choice([key, edwards])) or b'') + signed
        for i in range(FROM_EACH):
            text = signed
            for _ in range(0 if i == 0 else r.choice([1, 1, 1, 2])):
                text = change(r, text)
            record = key_record(r, used, short)
            zone = {'s1._domainkey.a.example': {'TXT': [[record]] if record else []}, 'slow._domainkey.a.example': {'TXT': 'TIMEOUT'}}
            cases.append({'message_b64': b64(text), 'zone': zone, 'now': NOW})
    return cases[:wanted]


def ask_dkimpy(request, count, mends=()):
    raw = base64.b64decode(request['message_b64'])

    def look_up(name):
        name = name.decode() if isinstance(name, bytes) else name
        data = request['zone'].get(name.rstrip('.').lower(), {}).get('TXT', [])
        if data == 'TIMEOUT':
            raise dkimpy_mended.Slow
        return data[0][0].encode() if data else None

    return [word(dkimpy_mended.result(mends, raw, i, look_up, NOW)) for i in range(count)]


def cause_dkimpy(request, ours, theirs):
    mends = list(dkimpy_mended.MENDS)
    if ask_dkimpy(request, len(ours), mends) != ours:
        return []
    for mend in dkimpy_mended.MENDS:
        fewer = [m for m in mends if m != mend]
        if ask_dkimpy(request, len(ours), fewer) == ours:
            mends = fewer
    return mends


def ask_mail_dkim(peer, request, raw=None):
    """(word, reason) for each signature."""
    words = []
    for name, node in request['zone'].items():
        if node['TXT']:
            words += [name, node['TXT'] if node['TXT'] == 'TIMEOUT' else node['TXT'][0][0]]
    answer = peer.ask('verify', base64.b64decode(request['message_b64']) if raw is None else raw, *words)
    return [(word(a.split('/')[0]), a) for a in answer]



# Of Mail::DKIM: our reason (None: it passes), its answer as far as it must be so, and what must stand in the signature or the key.
WELL = r'pass/'
ALTERED = r'fail/\((?:body|message)_has_been_altered\)'
MAIL_DKIM = {
    'version': (r'the version is unknown|a signature by a draft', WELL, lambda s, k: tag(s, 'v') in ('0.5', '', None)),
    'time_empty': (r't= is no time', WELL, lambda s, k: tag(s, 't') == ''),
    'time_digits': (r'x= is no time', WELL, lambda s, k: len(tag(s, 'x')) > 12),
    'expires_first': (r'x= is not after t=', WELL, lambda s, k: int(tag(s, 'x')) <= int(tag(s, 't'))),
    'form_empty': (r'the canonicalization is unknown', WELL, lambda s, k: tag(s, 'c') == ''),
    'names_empty': (r'h= has an empty name', WELL, lambda s, k: re.search(r'\A\Z|: *:', tag(s, 'h'))),
    'from_unsigned': (r'From is not signed', WELL, lambda s, k: not re.search(r'\bfrom\b', tag(s, 'h') or '', re.I)),
    'signature_base64': (r'b= is no base64', WELL, lambda s, k: not base64_is_good(tag(s, 'b'))),
    'body_hash_base64': (r'bh= is no base64', WELL, lambda s, k: not base64_is_good(tag(s, 'bh'))),
    'length_empty': (r'l= is no number', WELL, lambda s, k: not re.fullmatch(r'\d{1,76}', tag(s, 'l'))),
    'length_beyond': (r'the body is shorter than l=', WELL, lambda s, k: int(tag(s, 'l')) > 0),
    'length_zero': (None, ALTERED, lambda s, k: re.fullmatch(r'0+', tag(s, 'l') or '')),
    'tag_name': (r'the signature is malformed', WELL, lambda s, k: 'y-1' in s),
    'names_itself': (None, ALTERED, lambda s, k: 'dkim-signature' in tag(s, 'h')),
    'query_list': (r'\Z|the key could not be asked for', r'invalid/\(unsupported_query_protocol', lambda s, k: re.match(r'dns/txt :', tag(s, 'q'))),
    'no_answer': (r'the key could not be asked for', r'invalid/\(public_key:_DNS_query_timeout\)', lambda s, k: tag(s, 's') == 'slow'),
    'key_version': (r'the key record is of another version', WELL, lambda s, k: re.match(r'k=rsa; v=', k)),
    'key_twice': (r'the key record is malformed', WELL, lambda s, k: k.count('p=') == 2),
    'key_empty_tag': (r'the key record is malformed', WELL, lambda s, k: ';;' in k),
    'key_short': (r'the key is too short', WELL, lambda s, k: 'p=MFw' in k),
    'key_bare': (None, r'invalid/\(public_key:_OpenSSL_error:_wrong_tag\)', lambda s, k: 'p=MIGJ' in k),
    'key_type_case': (None, r'invalid/\(public_key:_unsupported_key_type\)', lambda s, k: 'k=RSA' in k),
    'key_hashes': (None, r"invalid/\(public_key:_does_not_support_hash_algorithm_'sha256'\)", lambda s, k: re.search(r'h=\S+ : sha256', k)),
    'key_services': (None, r'invalid/\(public_key:_does_not_support_email\)', lambda s, k: re.search(r's=web ?: ?(?:email|\*)', k)),
}
MESSAGE_RULES = ('no_field', 'unended_body')  # by what a message without the cause gets


def cause_mail_dkim(peer, request, ours, theirs):
    """A rule for each signature that differs; [] where one has none."""
    raw = base64.b64decode(request['message_b64'])
    texts = [value for name, value in fields(raw) if name == 'dkim-signature']
    key = ''.join(d[0] for d in request['zone']['s1._domainkey.a.example']['TXT'])
    if len(ours) != len(theirs) or len(texts) != len(ours):
        return []
    names = []
    for i, (mine, his) in enumerate(zip(ours, theirs)):
        if mine == his:
            continue
        reason, answer = request['said'][i], request['answered'][i]
        found = next((name for name, (want, their, what) in MAIL_DKIM.items()
                      if (reason is None if want is None else re.match(want, reason or '')) and re.match(their, answer) and what(texts[i], key)), None)
        found = found or by_message(peer, request, raw, i, mine)
        if found is None:
            return []
        names.append(found)
    return names


def by_message(peer, request, raw, i, mine):
    """What Mail::DKIM trips over in the message: without it, it answers like ours."""
    head, _, body = raw.partition(b'\r\n\r\n')
    if body and not body.endswith(b'\r\n') and ask_mail_dkim(peer, request, raw + b'\r\n')[i][0] == mine:
        return 'unended_body'
    # Ours goes on with the field above when a line is no field.
    joined = re.sub(rb'\r\n(?=[^:\s][^:\r\n]*(?:\r\n|\Z))', b'\r\n ', head)
    if joined != head and ask_mail_dkim(peer, request, joined + b'\r\n\r\n' + body)[i][0] == mine:
        return 'no_field'
    return None


def main():
    dkim.time.time = lambda: NOW
    have = subprocess.run(['perl', '-MMail::DKIM::Verifier', '-e', '1'], capture_output=True).returncode == 0
    peer = MailDkim() if have else None
    requests = make(peer)
    replies = ask_ours('dkim', requests)
    answers = [[word(s['result']) for s in reply['signatures']] for reply in replies]
    ok(SEED != 1 or {'pass', 'no', 'temperror'} <= {w for a in answers for w in a}, 'the cases reach every answer')
    ok(SEED != 1 or max(a.count('pass') for a in answers) > 2, 'more than two signatures pass at once')
    judge('dkimpy', dkimpy_mended.MENDS, cause_dkimpy, [(q, a, ask_dkimpy(q, len(a))) for q, a in zip(requests, answers)], len(requests) == STANDARD)
    if have:
        # It does not know Ed25519. Every second case: it is slow.
        cases = []
        for request, answer, reply in list(zip(requests, answers, replies))[::2]:
            if not any(name == 'dkim-signature' and 'ed25519' in value for name, value in fields(base64.b64decode(request['message_b64']))):
                request['said'] = [s.get('reason') for s in reply['signatures']]
                his = ask_mail_dkim(peer, request)
                request['answered'] = [a for _, a in his]
                cases.append((request, answer, [w for w, _ in his]))
        judge('mail-dkim', [*MAIL_DKIM, *MESSAGE_RULES], lambda *case: cause_mail_dkim(peer, *case), cases, len(requests) == STANDARD)
        peer.close()
    else:
        skip('DKIM beside Mail::DKIM', 'libmail-dkim-perl is not installed')
    done()


if __name__ == '__main__':
    main()
