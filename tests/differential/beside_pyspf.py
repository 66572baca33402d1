#!/usr/bin/env python3
"""SPF beside pyspf (python3-spf): records and zones are made from a grammar with mistakes. A difference is explained when pyspf
with some mends (pyspf_mended.py) gives our answer; the fewest that do are its cause."""
import ipaddress, random

from differential import SEED, NOW, ask_ours, cases_wanted, done, judge, ok, skip, with_debian_python

STANDARD = 5000

if not with_debian_python('spf'):
    skip('SPF beside pyspf', 'python3-spf is not installed')
    done()
import spf
from pyspf_mended import MENDS, Mended

DOMAINS = ['a.example.com', 'b.example.com', 'c.example.com', 'd.example.com', 'e.example.org', 'f.sub.a.example.com']
HOSTS = ['h%d.example.net' % i for i in range(6)]
IP4 = ['192.0.2.%d' % i for i in (1, 2, 3, 65, 129, 200)] + ['198.51.100.7', '203.0.113.254']
IP6 = ['2001:db8::1', '2001:db8::2', '2001:db8:0:1::1', '2001:db8:ffff::cafe']
LONG = 'long-local-part' * 4
MACROS = ['%{H}', '%{O}', '%{D2}', '%{dr-}', '%{l1r+-}', '%{s-_}', '%{ir3}', '%{s2r@}', '%{h1}', '%{h-}', '%{hr-}', '%{vr}', '%{o1r.}', '%{d2R}', '%{sr/=,}',
          '%{s}', '%{l}', '%{o}', '%{d}', '%{i}', '%{h}', '%{v}', '%{ir}', '%{d2}', '%{d1r}', '%{l-}', '%{lr-+}', '%{L}', '%{S}',
          '%{o3}', '%{p}', '%%', '%_', '%-', '%{ir2}', '%{i1r.}', '%{d99}']
BAD_MACROS = ['%{x}', '%{d0}', '%', '%{d', '%{dr2}', '%{ d}', '%{c}', '%{r}', '%{t}', '%{}', '%%%', '%{d2r2}', '%{d00}', '%{s2r@}', '%{dr.x}', '%{2d}', '%{d r}', '%{d', '%%{']


def domain_spec(r):
    kind = r.random()
    if kind < 0.72:
        return r.choice(DOMAINS + HOSTS + ['nowhere.example.com'])
    if kind < 0.90:
        return ''.join(r.choice(MACROS) + r.choice(['.', '', '-x.']) for _ in range(r.randrange(1, 3))) + r.choice(
            ['.exists.example.com', '.%{d}', '%{d2}', '%{o}', '.a.example.com'])
    if kind < 0.95:
        return r.choice(BAD_MACROS) + '.example.com'
    return r.choice(['', '.', 'example', 'a..example.com', 'example.123', 'example.-x', 'a.example.com.', '-', 'ex ample.com',
                     'a_b.example.com', 'x' * 64 + '.example.com', 'a/b.example.com', 'A.EXAMPLE.COM', 'a.example.com/24', ':',
                     'a.example.c0m', 'a.example.1a', 'a.example.x--x', '%{d}.', '%{d}..', '%{d}com', ('y' * 60 + '.') * 4 + 'example.com',
                     '%{d}.%{d}.%{d}.%{d}.%{d}.%{d}.%{d}.%{d}.%{d}.%{d}.%{d}.%{d}.%{d}.%{d}.%{d}.%{d}.%{d}.%{d}.%{d}.a.example.com'])


def length(r, six):
    return '/%s' % r.choice(['0', '1', '8', '24', '26', '32', '33', '00', '01', '', '-1', 'x', '24x', '999999999999'] if not six else
                            ['0', '32', '64', '128', '129', '064', '', 'x']) if r.random() < 0.3 else ''


def mechanism(r):
    kind = r.choice(['all', 'include', 'include', 'a', 'a', 'mx', 'mx', 'ptr', 'ip4', 'ip4', 'ip4', 'ip6', 'ip6', 'exists', 'exists'])
    if kind == 'all':
        text = kind if r.random() < 0.9 else r.choice(['all:x', 'all/8', 'all=', 'all.', 'al', 'allx', 'all:'])
    elif kind in ('include', 'exists'):
        text = kind + (':' + domain_spec(r) if r.random() < 0.95 else r.choice(['', '/24', ':', '=x']))
    elif kind in ('a', 'mx'):
        text = kind + (':' + domain_spec(r) if r.random() < 0.6 else '')
        four, six = length(r, False), length(r, True)
        text += four + ('/' + six if six else '')
    elif kind == 'ptr':
        text = kind + (':' + domain_spec(r) if r.random() < 0.6 else r.choice(['', '', '/24', ':']))
    elif kind == 'ip4':
        text = kind + ':' + (r.choice(IP4) if r.random() < 0.9 else
                             r.choice(['192.0.2', '192.0.2.256', '192.0.2.1.1', '', '2001:db8::1', '0x7f.1', '192.0.02.1', ' ', '1e1.0.0.1']))
        text += length(r, False)
    else:
        text = kind + ':' + (r.choice(IP6) if r.random() < 0.9 else
                             r.choice(['2001:db8::g', '192.0.2.1', '', '::ffff:192.0.2.1', '2001:db8', '::', '[::1]', '1::2::3', '2001:DB8::1']))
        text += length(r, True)
    if r.random() < 0.1:
        text = ''.join(r.choice([c.upper(), c]) for c in text)
    return r.choice(['', '', '', '+', '-', '~', '?']) + text


def modifier(r):
    kind = r.random()
    if kind < 0.35:
        return 'redirect=' + domain_spec(r)
    if kind < 0.70:
        return 'exp=' + r.choice(['exp.example.com', domain_spec(r)])
    return r.choice(['x-y=%{d}', 'foo=', 'foo=%{x}', 'foo=%', '1x=y', 'foo=bar', '=x', 'op=auth', 'redirect', 'exp', 'exp=', 'redirect=',
                     'a.b-c_d=1', '-x=y', 'unknown=%{c}', 'moo=%{s}%%', 'Redirect=b.example.com', 'EXP=exp.example.com', 'default=pass',
                     'redirect=%{d1r}.example.com', 'exp=%{d1r}.exp.example.com', 'exp=exp.e.example.org'])


def record(r):
    words = [r.choice(['v=spf1'] * 12 + ['V=SPF1', 'v=spf10', 'v=spf1.', 'v=spf2.0/pra', 'v =spf1', 'spf1'])]
    for _ in range(r.choice([0, 1, 1, 2, 2, 3, 3, 4, 6, 12])):
        words.append(mechanism(r))
    if r.random() < 0.5:
        words.append(r.choice(['-all', '~all', '?all', 'all', '+all', '-all']))
    while r.random() < 0.25:
        words.insert(r.randrange(1, len(words) + 1), modifier(r))
    text = ' '.join(words)
    if r.random() < 0.06:
        text = text.replace(' ', r.choice(['  ', '   ', '\t']), 1)
    if r.random() < 0.04:
        text += ' '
    if r.random() < 0.03:
        at = r.randrange(len(text) + 1)
        text = text[:at] + r.choice(['é', '\x01', ';', ',', '"', '\\', '%']) + text[at:]
    return text


def explanation(r):
    if r.random() < 0.5:
        text = ''.join(r.choice(MACROS + ['%{c}', '%{r}', '%{t}', '%{C}', ' is ', 'not ', 'one, ', "'s ", '.', 'x' * 90 + '.', 'http://']) for _ in range(r.randrange(1, 9)))
        at = r.randrange(len(text) + 1)
        return [[text[:at], text[at:]]] if r.random() < 0.3 else [[text]]
    return r.choice([[['%{i} is not one of %{d}\'s']], [['See http://%{o}/why?s=%{S};i=%{c};r=%{r}']], [['bad %{x}']], [['a'], ['b']], [[]], [['%{t}']],
                     [['caf\u00e9']], [['two\r\nlines']], 'TIMEOUT', 'NXDOMAIN', [['%{p} %{h}']]])


def shape(r, names):
    """Now and then a zone of one kind: long chains, empty answers, a record as long as a page."""
    kind = r.random()
    if kind < 0.08:  # a chain of redirects and includes around the limit of ten
        size = r.choice([3, 8, 9, 10, 11, 12])
        for i in range(size):
            name = 'a.example.com' if i == 0 else 'chain%d.example.com' % i
            step = r.choice(['redirect=%s', 'redirect=%s', 'include:%s -all', '?include:%s ~all', 'exists:nowhere.example.com redirect=%s'])
            end = r.choice(['-all', '+all', '~all exp=exp.example.com', '-all exp=exp.e.example.org', 'a', 'redirect=a.example.com'])
            last = 'v=spf1 ' + (step % ('chain%d.example.com' % (i + 1)) if i < size - 1 else end)
            names[name] = {'TXT': [[last + r.choice(['', '', ' exp=exp.example.com'])]], 'A': ['192.0.2.1']}
    elif kind < 0.16:  # around the limit of two empty answers
        words = [r.choice(['a:none%d.example.com', 'mx:none%d.example.com', 'exists:none%d.example.com', 'a:empty%d.example.com', 'mx:half%d.example.com', 'ptr',
                           'include:spf%d.example.com']).replace('%d', str(i)) for i in range(r.randrange(1, 5))]
        names['a.example.com'] = {'TXT': [['v=spf1 ' + ' '.join(words) + r.choice([' -all', ' ~all', ' redirect=b.example.com'])]]}
        for i in range(5):
            names['empty%d.example.com' % i] = {}
            names['half%d.example.com' % i] = {'MX': [[10, r.choice(['none.example.com'] + HOSTS)], [20, r.choice(HOSTS)], [5, 'none2.example.com']][:r.randrange(1, 4)]}
            names['spf%d.example.com' % i] = {'TXT': [['v=spf1 a:none%d.example.org ?all' % i]]}
    elif kind < 0.22:  # a long record, in strings of 255 bytes
        words = ['v=spf1'] + [r.choice(['ip4:10.%d.0.0/16', 'ip6:2001:db8:%d::/48', '-ip4:203.0.113.%d', '?ip4:198.51.%d.0/24']) % r.randrange(1, 255)
                              for _ in range(r.choice([20, 30, 100, 300]))] + [r.choice(['-all', 'ip4:192.0.2.0/24 ~all', 'ip6:2001:db8::/32 -all', '-all;'])]
        text = ' '.join(words)
        names['a.example.com'] = {'TXT': [[text[i:i + 255] for i in range(0, len(text), 255)]]}
    elif kind < 0.27:  # an explanation, of macros
        first = r.choice(['', 'include:b.example.com ', 'ptr:none.example.com ', 'a:%{p} ', 'include:b.example.com a:%{p} '])
        names['a.example.com'] = {'TXT': [['v=spf1 ' + first + '-all exp=exp.example.com']]}
        names['b.example.com'] = {'TXT': [['v=spf1 %s -all exp=exp.e.example.org' % r.choice(['a:%{p}', 'exists:%{p}.%{d}', ''])]]}
    elif kind < 0.29:  # terms around the limit, and a redirect that is not reached
        terms = ' '.join('a:h%d.example.org' % i for i in range(r.choice([8, 9, 10, 11])))
        names['a.example.com'] = {'TXT': [['v=spf1 %s %s redirect=b.example.com' % (terms, r.choice(['all', '-all', 'ip4:192.0.2.0/24']))]]}
        for i in range(11):
            names['h%d.example.org' % i] = {'A': ['10.0.0.1'], 'AAAA': ['2001:db8:1::1']}
    elif kind < 0.31:  # a name too long, cut on its left
        names['a.example.com'] = {'TXT': [['v=spf1 exists:%s%s -all' % ('%{l}.' * r.randrange(1, 8), r.choice(['cut.example.com', 'cut.%{d2}']))]]}
        names['.'.join([LONG] * 3) + '.cut.example.com'] = {'A': ['127.0.0.2']}
    elif kind < 0.35:  # names of mixed case
        for name in ('a.example.com', 'b.example.com'):
            if name in names:
                names[''.join(r.choice([c.upper(), c]) for c in name)] = names.pop(name)


def zone(r):
    names = {}
    for name in DOMAINS:
        kind = r.random()
        if kind < 0.84:
            text = record(r)
            at = r.randrange(len(text) + 1)
            strings = [text] if r.random() < 0.8 else [text[:at], text[at:]]
            names[name] = {'TXT': [strings]}
            if r.random() < 0.3:
                names[name]['TXT'].insert(r.randrange(2), ['other text'])
            if r.random() < 0.03:
                names[name]['TXT'].append([record(r)])
        elif kind < 0.88:
            names[name] = {'TXT': r.choice(['TIMEOUT', 'SERVFAIL'])}
        elif kind < 0.92:
            names[name] = {'CNAME': [r.choice(DOMAINS)]}
        elif kind < 0.95:
            names[name] = {}
        else:
            continue
        if 'CNAME' in names[name]:
            continue
        if r.random() < 0.6:
            names[name]['A'] = r.sample(IP4, r.randrange(1, 4)) if r.random() < 0.95 else 'TIMEOUT'
        if r.random() < 0.4:
            names[name]['AAAA'] = r.sample(IP6, r.randrange(1, 3))
        if r.random() < 0.5:
            most = r.choice([1, 2, 3, 10, 11])
            names[name]['MX'] = [[10 * i, r.choice(HOSTS)] for i in range(most)] if r.random() < 0.9 else \
                r.choice([[[0, '']], 'TIMEOUT', [[10, 'nowhere.example.net']]])
    shape(r, names)
    for name in HOSTS:
        if r.random() < 0.85:
            names[name] = {'A': r.sample(IP4, r.randrange(1, 3)), 'AAAA': r.sample(IP6, 1)}
    for ip in IP4:
        if r.random() < 0.5:
            reverse = '.'.join(reversed(ip.split('.'))) + '.in-addr.arpa'
            names[reverse] = {'PTR': r.sample(HOSTS + DOMAINS, r.randrange(1, 4))}
    for ip in IP6:
        if r.random() < 0.4:
            reverse = '.'.join(reversed(ipaddress.ip_address(ip).exploded.replace(':', ''))) + '.ip6.arpa'
            names[reverse] = {'PTR': r.sample(HOSTS + DOMAINS + ['H1.Example.NET'], r.choice([1, 2, 3, 11]))} if r.random() < 0.9 else {'PTR': 'TIMEOUT'}
    for name in ('exp.example.com', 'exp.e.example.org', 'a.exp.example.com', 'example.exp.example.com'):
        names[name] = {'TXT': explanation(r)}
    for name in ('u.exists.example.com', 'a.example.com.exists.example.com', 'in-addr.exists.example.com'):
        names[name] = {'A': ['127.0.0.2']}
    return names


def requests():
    r = random.Random(SEED)
    for _ in range(cases_wanted(STANDARD)):
        domain = r.choice(DOMAINS[:5])
        sender = r.choice(['u@' + domain] * 8 + ['', 'strong-bad@' + domain, 'u.v-w+x@' + domain, domain, '@' + domain, 'U@' + domain.upper(),
                                                 'u@localhost', 'u@' + domain + '.', 'u@a..example.com', 'u@nowhere.example.com', '"a@b"@' + domain, LONG + '@' + domain,
                                                 'u+%/=?@' + domain, 'a.b.c-d+e_f=g@' + domain, 'u@' + 'x' * 64 + '.example.com'])
        yield {'ip': r.choice(IP4 * 2 + IP6 + ['::ffff:192.0.2.1']), 'helo': r.choice([domain, HOSTS[0], 'mail.example.com', 'out-1.mail-2.example.com', 'localhost', '[192.0.2.1]']),
               'mailfrom': sender, 'zone': zone(r), 'now': NOW, 'default_explanation': 'DEFAULT', 'receiver': 'mx.receiver.example'}


current = {}


def answer(name, kind, depth=0):
    """The zone of the case, as the contract of `sekisho try` reads it, in pyspf's shapes."""
    name = name.rstrip('.').lower()
    node = next((v for k, v in current.items() if k.rstrip('.').lower() == name), None)
    if node is None:
        return []
    data = node.get(kind, node.get('*') if isinstance(node.get('*'), str) else None)
    if data is None:
        target = node.get('CNAME')
        if target is None:
            return []
        if depth > 8:
            raise spf.TempError('DNS SERVFAIL')  # what a resolver says to aliases that lead back (RFC 1034 5.2.2)
        return [((name, 'CNAME'), target[0])] + answer(target[0], kind, depth + 1)
    if isinstance(data, str):
        if data in ('TIMEOUT', 'SERVFAIL'):
            raise spf.TempError('DNS ' + data)
        return []
    if kind == 'TXT':
        data = [tuple(s.encode() for s in strings) or (b'',) for strings in data]
    elif kind == 'MX':
        data = [(p, h) for p, h in data]
    return [((name, kind), d) for d in data]


def lookup(name, qtype, *_, **__):
    return answer(name, qtype)


def ask_pyspf(request, mends=()):
    current.clear()
    current.update(request['zone'])
    q = Mended(mends, i=request['ip'], s=request['mailfrom'], h=request['helo'], receiver=request['receiver'])
    q.set_default_explanation('DEFAULT')
    q.t = str(NOW)
    try:
        result, _, explanation = q.check()
    except Exception as e:  # whatever breaks in the peer is a difference to be explained
        return ('crash', type(e).__name__)
    return (result, explanation if result == 'fail' else None)


def cause(request, ours, theirs):
    """The mends that pyspf needs to answer like ours: all at first, then one after the other is left out."""
    mends = list(MENDS)
    if ask_pyspf(request, mends) != ours:
        return []
    for mend in MENDS:
        fewer = [m for m in mends if m != mend]
        if ask_pyspf(request, fewer) == ours:
            mends = fewer
    return mends


def main():
    spf.DNSLookup = lookup
    all_requests = list(requests())
    replies = ask_ours('spf', all_requests)
    cases = [(q, (o.get('result'), o.get('explanation')), ask_pyspf(q)) for q, o in zip(all_requests, replies)]
    kinds = {c[1][0] for c in cases}
    ok(len(kinds) == 7, 'the cases reach every result', sorted(kinds, key=str))
    judge('pyspf', MENDS, cause, cases, len(cases) == STANDARD)
    done()


if __name__ == '__main__':
    main()
