"""dkimpy, mended where RFC 6376 wants it otherwise. A difference is explained when the peer, with some of these mends, gives our
very answer; each mend is a row of explained.tsv. With no mends it is dkimpy as it is."""
import contextlib, re

import dkim, dkim.util

MENDS = ('no_answer', 'blank_before_colon', 'from_twice', 'unended_line', 'length_beyond', 'no_field', 'names_empty', 'names_itself', 'time_future',
         'time_digits', 'expired_lately', 'expires_first', 'from_unsigned', 'words_case', 'domain_dot', 'query_list', 'identity', 'tag_name', 'b_blanks', 'own_end',
         'key_same_domain', 'key_hash', 'key_services', 'key_algorithm', 'key_version', 'key_base64')
KEPT = {name: getattr(dkim, name) for name in ('rfc822_parse', 'parse_tag_value', 'validate_signature_fields', 'select_headers', 'RE_BTAG', 'evaluate_pk',
                                                  'hash_headers')}
RE_BTAG = re.compile(rb'((?:\A|[;\s])b' + dkim.FWS + rb'=)[^;]*')


class Slow(Exception):
    """No answer: what dkimpy does not know and so does not swallow."""


class NoMore(list):
    def append(self, _):
        pass


def parse(mends, message):
    """The header and the body; names keep their blanks, a line that is no field goes on with the field above it."""
    headers, lines = [], re.split(rb'\r?\n', message)
    at = 0
    for at, line in enumerate(lines):
        if not line:
            break
        field = re.match(rb'([!-9;-~]+?[ \t]*):' if 'blank_before_colon' in mends else rb'([!-~]+?):', line)
        if line[:1] in b' \t' and headers:
            headers[-1][1] += line + b'\r\n'
        elif field:
            headers.append([field.group(1), line[field.end():] + b'\r\n'])
        elif 'no_field' in mends and headers:
            headers[-1][1] += line + b'\r\n'
        else:
            return KEPT['rfc822_parse'](message)
    body = b'\r\n'.join(lines[at + 1:])
    if 'unended_line' in mends and body and not body.endswith(b'\r\n'):
        body += b'\r\n'
    return headers, body


def names_of(sig):
    return [name.strip().lower() for name in sig.get(b'h', b'').split(b':')]


def invalid(words):
    raise dkim.ValidationError(words)


def read_tags(mends, text):
    sig = KEPT['parse_tag_value'](text)
    for name in sig:
        if 'tag_name' in mends and not re.match(rb'[a-zA-Z][a-zA-Z0-9_]*\Z', name):
            raise dkim.util.InvalidTagSpec(name)
        if 'words_case' in mends and name in (b'a', b'c', b'd', b'q', b'k'):
            sig[name] = sig[name].lower()
    return sig


def validate(mends, now, sig, *words, **named):
    names = names_of(sig)
    if named.get('arc') or (len(words) > 1 and words[1]):
        return KEPT['validate_signature_fields'](sig, *words, **named)
    if 'names_empty' in mends and b'' in names:
        invalid('h= has an empty name')
    if 'from_unsigned' in mends and b'from' not in names:
        invalid('From is not signed')
    if 'domain_dot' in mends and sig.get(b'd', b'').endswith(b'.'):
        invalid('d= ends in a dot')
    if 'identity' in mends and b'i' in sig and not re.search(rb'@(?:[\w.-]+\.)?%s\Z' % re.escape(sig.get(b'd', b'')), sig[b'i'], re.I):
        invalid('i= is no identity')
    sig = dict(sig)
    number = {n: int(sig[n]) for n in (b't', b'x') if re.fullmatch(rb'\d+', sig.get(n, b''))}
    if 'time_digits' in mends and any(len(sig.get(n, b'')) > 12 for n in (b't', b'x')):
        invalid('more than twelve digits')
    if 'expires_first' in mends and len(number) == 2 and number[b'x'] <= number[b't']:
        invalid('x= is not after t=')
    if 'expired_lately' in mends and number.get(b'x', now) < now:
        invalid('x= is past')
    if 'time_future' in mends and number.get(b't', 0) > now:
        sig[b't'] = b'%d' % now
    if 'query_list' in mends and b'dns/txt' in [method.strip() for method in sig.get(b'q', b'').split(b':')]:
        sig[b'q'] = b'dns/txt'
    return KEPT['validate_signature_fields'](sig, *words, **named)


def read_key(mends, sig, name, record):
    """What dkimpy does not look at; then what it does."""
    tags = read_tags(mends, record) if record else {}
    listed = lambda tag: [w.strip() for w in tags[tag].split(b':')] if tag in tags else None
    if 'key_same_domain' in mends and b's' in (listed(b't') or []) and sig.get(b'i', b'@' + sig[b'd']).rpartition(b'@')[2].lower() != sig[b'd'].lower():
        raise dkim.KeyFormatError('not for subdomains')
    if 'key_hash' in mends and b'sha256' not in (listed(b'h') or [b'sha256']):
        raise dkim.KeyFormatError('not for this hash')
    if 'key_version' in mends and b'v' in tags and next(iter(tags)) != b'v':
        raise dkim.KeyFormatError('v= is not first')
    if 'key_base64' in mends and not re.fullmatch(rb'[\sA-Za-z0-9+/]*[\s=]*', tags.get(b'p', b'')):
        raise dkim.KeyFormatError('p= is no base64')
    if 'key_algorithm' in mends and (tags.get(b'k', b'rsa') == b'ed25519') != (sig[b'a'] == b'ed25519-sha256'):
        raise dkim.KeyFormatError('k= and a= are of two kinds')
    if 'key_services' in mends and {b'*', b'email'} & set(listed(b's') or []):
        record = b'; '.join(b'%s=%s' % tag for tag in tags.items() if tag[0] != b's')
    return KEPT['evaluate_pk'](name, record)


def hash_headers(hasher, form, headers, names, own, sig):
    """As dkimpy's, but of its own field the line end alone is left out."""
    signed = dkim.select_headers(headers, names)
    name, value = form.canonicalize_headers([(own[0], dkim.RE_BTAG.sub(rb'\1', own[1]))])[0]
    for part in signed + [(name, re.sub(rb'\r\n\Z', b'', value))]:
        hasher.update(part[0] + b':' + part[1])
    return signed


class Mended(dkim.DKIM):
    def verify_headerprep(self, idx=0):
        prepared = super().verify_headerprep(idx)
        if prepared and 'names_itself' in self.mends:
            places = [i for i, (name, _) in enumerate(self.headers) if name.lower() == b'dkim-signature']
            del self.headers[places[idx]]
        if prepared and 'from_twice' in self.mends:
            return prepared[0], NoMore(prepared[1]), prepared[2]
        return prepared

    def verify_sig_process(self, sig, include_headers, sig_header, dnsfunc):
        if 'length_beyond' in self.mends and b'l' in sig:
            form = dkim.CanonicalizationPolicy.from_c_value(sig.get(b'c', b'simple/simple'))
            if int(sig[b'l']) > len(form.canonicalize_body(self.body)):
                invalid('the body is shorter than l=')
        return super().verify_sig_process(sig, include_headers, sig_header, dnsfunc)


@contextlib.contextmanager
def mended(mends, look_up, now):
    """dkimpy with these mends; gives the function it asks the DNS by. look_up: name to a record, None, or Slow."""
    tags = {}

    def evaluate(name, record):
        return read_key(mends, tags['sig'], name, record)

    def check(sig, *words, **named):
        tags['sig'] = sig
        return validate(mends, now, sig, *words, **named)

    def dns(name, timeout=5):
        try:
            return look_up(name)
        except Slow:
            if 'no_answer' in mends:
                raise
            raise dkim.DnsTimeoutError('slow')

    if mends:
        dkim.rfc822_parse = lambda message: parse(mends, message)
        dkim.parse_tag_value = lambda text: read_tags(mends, text)
        dkim.validate_signature_fields = check
        dkim.evaluate_pk = evaluate
        if 'blank_before_colon' in mends:
            dkim.select_headers = lambda headers, names: select(headers, names)
        if 'b_blanks' in mends:
            dkim.RE_BTAG = RE_BTAG
        if 'own_end' in mends:
            dkim.hash_headers = hash_headers
    try:
        yield dns
    finally:
        for name, was in KEPT.items():
            setattr(dkim, name, was)


def result(mends, raw, index, look_up, now):
    """Of one signature: "pass", "temperror", or why not."""
    with mended(mends, look_up, now) as dns:
        try:
            checker = Mended(raw, minkey=1024)
            checker.mends = mends
            return 'pass' if checker.verify(idx=index, dnsfunc=dns) else 'fail'
        except Slow:
            return 'temperror'
        except Exception as e:  # whatever breaks in the peer is a difference to be explained
            return type(e).__name__


class MendedChain(dkim.ARC):
    def verify_sig(self, sig, include_headers, sig_header, dnsfunc):
        return super().verify_sig(sig, NoMore(include_headers) if 'from_twice' in self.mends else include_headers, sig_header, dnsfunc)


def chain_result(mends, raw, look_up, now):
    """Of the ARC chain: "none", "pass" or "fail"."""
    with mended(mends, look_up, now) as dns:
        try:
            checker = MendedChain(raw, minkey=1024)
            checker.mends = mends
            return (checker.verify(dnsfunc=dns)[0] or b'fail').decode()
        except Exception as e:
            return type(e).__name__


def select(headers, names):
    """select_headers of dkimpy, where a name may be followed by blanks."""
    bare = [(name.rstrip(b' \t'), i) for i, (name, _) in enumerate(headers)]
    return [headers[i] for _, i in KEPT['select_headers'](bare, names)]
