#!/usr/bin/env python3
"""DomainKeys (RFC 4870) beside Mail::DKIM: messages with odd headers and bodies, signed by it with simple and nofws, changed, and
verified by both. The tags of a signature are not signed themselves, so they are changed too. The answers for each signature are
compared: "pass", "temperror" or "no"; a difference is explained by our reason, that of Mail::DKIM, and what stands in the
signature, the key or the message."""
import base64, random, re, subprocess

from differential import NOW, SEED, ask_ours, cases_wanted, done, judge, ok, skip, with_debian_python

STANDARD = 600
FROM_EACH = 6  # cases made of one signed message

if not with_debian_python('dkim') or subprocess.run(['perl', '-MMail::DKIM::Verifier', '-e', '1'], capture_output=True).returncode != 0:
    skip('DomainKeys beside Mail::DKIM', 'python3-dkim or libmail-dkim-perl is not installed')
    done()
from signed_mail import MailDkim, Rsa, b64, base64_is_good, change, fields, message, tag, word


def sign(r, peer, raw, key):
    names = r.choice(['', '', 'from:to:subject', 'From:Subject:Date', 'from:received:received', 'subject:from:x-none', 'to:from:x-empty', 'to:subject:date'])
    if names and r.random() < 0.8:  # in the order of the message, as RFC 4870 wants
        there = [name for name, _ in fields(raw)]
        names = ':'.join(sorted(names.split(':'), key=lambda n: there.index(n.lower()) if n.lower() in there else 99))
    answer = peer.ask('sign-domainkeys', raw, r.choice(['simple', 'nofws']), 'a.example', 's1', names, key.text)
    return base64.b64decode(answer[0]).decode('latin-1') if answer != ['error'] else None


def oddly(r, field):
    """Another tag, where the signature may still be good."""
    name, _, value = field.partition(':')
    kind = r.randrange(12)
    if kind == 0:
        value = re.sub(r'c=(\w+)', lambda m: 'c=' + m.group(1).upper(), value)
    elif kind == 1:
        value = value.replace('c=simple', 'c=relaxed')
    elif kind == 2:
        value = value.replace('a=rsa-sha1', r.choice(['a=rsa-sha256', 'a=RSA-SHA1', 'a=']))
    elif kind == 3:
        value = value.replace('q=dns', r.choice(['q=DNS', 'q=dns/txt', 'q=http', 'q=']))
    elif kind == 4:
        value = value.replace('d=a.example', r.choice(['d=A.Example', 'd=sub.a.example', 'd=', 'd=b.example', 'd=example']))
    elif kind == 5:
        value = value.replace('s=s1', r.choice(['s=S1', 's=slow', 's=none', 's=']))
    elif kind == 6:
        value = value.replace('; b=', '; b=!')
    elif kind == 7:
        value = value.replace('; ', ' ;\r\n\t')
    elif kind == 8:
        value += r.choice(['; x=unknown', ';', '; t=y'])
    return name + ':' + value


def key_record(r, key, short):
    if r.random() < 0.6:
        return r.choice(['k=rsa; p=' + key.p, 'p=' + key.p])
    return r.choice(['g=; k=rsa; p=' + key.p, 'g=taro; p=' + key.p, 'g=other; p=' + key.p, 'g=ta*; p=' + key.p, 'g=*; p=' + key.p, 't=y; p=' + key.p,
                     'v=DKIM1; p=' + key.p, 'k=dsa; p=' + key.p, 'p=', '', 'k=rsa; p=' + short.p, 'n=note; p=%s;' % key.p, 'k=RSA; p=' + key.p, 'other text'])


def make(peer):
    r = random.Random(SEED)
    key, short = Rsa(r, 1024), Rsa(r, 512)
    cases = []
    wanted = cases_wanted(STANDARD)
    while len(cases) < wanted:
        raw = message(r)
        if r.random() < 0.3:
            raw = r.choice([b'Sender: other@a.example\r\n', b'Sender: x@b.example\r\n', b'Sender: <taro@sub.a.example>\r\n']) + raw
        field = sign(r, peer, raw, key)
        if field is None:
            continue
        for i in range(FROM_EACH):
            text = (field if i == 0 or r.random() < 0.5 else oddly(r, field)).encode('latin-1') + b'\r\n' + raw
            for _ in range(0 if i == 0 else r.choice([0, 1, 1, 2])):
                text = change(r, text)
            record = key_record(r, key, short)
            zone = {'s1._domainkey.a.example': {'TXT': [[record]] if record else []}, 'slow._domainkey.a.example': {'TXT': 'TIMEOUT'}}
            cases.append({'message_b64': b64(text), 'zone': zone, 'now': NOW, 'legacy': True})
    return cases[:wanted]


def ask_peer(peer, request, raw=None):
    words = []
    for name, node in request['zone'].items():
        if node['TXT']:
            words += [name, node['TXT'] if node['TXT'] == 'TIMEOUT' else node['TXT'][0][0]]
    answer = peer.ask('verify-domainkeys', base64.b64decode(request['message_b64']) if raw is None else raw, *words)
    return [(word(a.split('/')[0]), a) for a in answer]


def below(raw):
    """Name and value of each field below the first signature."""
    all_fields = list(fields(raw))
    at = next(i for i, (name, _) in enumerate(all_fields) if name == 'domainkey-signature')
    return all_fields[at + 1:]


def out_of_order(s, raw):
    """Whether the fields that h= names stand in another order than it names them."""
    names = [name.strip().lower() for name in (tag(s, 'h') or '').split(':')]
    at = [names.index(name) for name, _ in below(raw) if name in names]
    return at != sorted(at)


def other_sender(s, raw):
    """Whether a From or Sender stands above the signature, or a Sender that h= does not name."""
    above = [name for name, _ in fields(raw)][:-len(below(raw)) or None]
    return 'from' in above or 'sender' in above or (any(name == 'sender' for name, _ in below(raw)) and 'sender' not in (tag(s, 'h') or 'sender').lower())


WELL = r'pass/'
# Our reason, the answer of Mail::DKIM as far as it must be so, and what must stand in the signature, the key or the message.
RULES = {
    'field_order': (r'the message was changed', WELL, lambda s, k, raw: out_of_order(s, raw)),
    'folded_from': (r'\Z|the sending address', r'invalid/\(bad_identity\)', lambda s, k, raw: re.search(rb'(?im)^(?:from|sender)[ \t]*:[^\n]*\n[ \t]', raw)),
    'sender': (r'the sending address', WELL, lambda s, k, raw: other_sender(s, raw)),
    'key_wildcard': (r'the key cannot be used', WELL, lambda s, k, raw: re.search(r'g=\w*\*', k)),
    'key_type_case': (r'\Z', r'invalid/\(public_key:_unsupported_key_type\)', lambda s, k, raw: 'k=RSA' in k),
    'signature_base64': (r'b= is no base64', WELL, lambda s, k, raw: not base64_is_good(tag(s, 'b'))),
    'algorithm_empty': (r'the algorithm or', WELL, lambda s, k, raw: tag(s, 'a') == ''),
    'no_answer': (r'the key could not be asked for', r'invalid/\((?:public_key:_DNS_query_timeout|bad_identity)\)', lambda s, k, raw: tag(s, 's') == 'slow'),
}
MESSAGE_RULES = ('unended_body', 'no_field')


def cause(peer, request, ours, theirs):
    """A rule for each signature that differs; [] where one has none."""
    raw = base64.b64decode(request['message_b64'])
    texts = [value for name, value in fields(raw) if name == 'domainkey-signature']
    key = ''.join(d[0] for d in request['zone']['s1._domainkey.a.example']['TXT'])
    if len(ours) != len(theirs) or len(texts) != len(ours):
        return []
    names = []
    for i, (mine, his) in enumerate(zip(ours, theirs)):
        if mine == his:
            continue
        reason, answer = request['said'][i] or '', request['answered'][i]
        found = next((name for name, (want, their, what) in RULES.items()
                      if re.match(want, reason) and re.match(their, answer) and what(texts[i], key, raw)), None)
        head, _, body = raw.partition(b'\r\n\r\n')
        joined = re.sub(rb'\r\n(?=[^:\s][^:\r\n]*(?:\r\n|\Z))', b'\r\n ', head)
        if found is None and body and not body.endswith(b'\r\n') and ask_peer(peer, request, raw + b'\r\n')[i][0] == mine:
            found = 'unended_body'
        if found is None and joined != head and ask_peer(peer, request, joined + b'\r\n\r\n' + body)[i][0] == mine:
            found = 'no_field'
        if found is None:
            return []
        names.append(found)
    return names


def main():
    peer = MailDkim()
    requests = make(peer)
    cases = []
    for request, reply in zip(requests, ask_ours('domainkeys', requests)):
        request['said'] = [s.get('reason') for s in reply['signatures']]
        his = ask_peer(peer, request)
        request['answered'] = [a for _, a in his]
        cases.append((request, [word(s['result']) for s in reply['signatures']], [w for w, _ in his]))
    ok(SEED != 1 or {'pass', 'no', 'temperror'} <= {w for c in cases for w in c[1]}, 'the cases reach every answer')
    judge('domainkeys', [*RULES, *MESSAGE_RULES], lambda *case: cause(peer, *case), cases, len(requests) == STANDARD)
    peer.close()
    done()


if __name__ == '__main__':
    main()
