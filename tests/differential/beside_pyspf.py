#!/usr/bin/env python3
"""SPF beside pyspf (python3-spf): records and zones are made from a grammar with mistakes."""
import random, re

from differential import SEED, NOW, ask_ours, cases_wanted, done, judge, ok, skip, with_debian_python

STANDARD = 5000

if not with_debian_python('spf'):
    skip('SPF beside pyspf', 'python3-spf is not installed')
    done()
import spf

DOMAINS = ['a.example.com', 'b.example.com', 'c.example.com', 'd.example.com', 'e.example.org', 'f.sub.a.example.com']
HOSTS = ['h%d.example.net' % i for i in range(6)]
IP4 = ['192.0.2.%d' % i for i in (1, 2, 3, 65, 129, 200)] + ['198.51.100.7', '203.0.113.254']
IP6 = ['2001:db8::1', '2001:db8::2', '2001:db8:0:1::1', '2001:db8:ffff::cafe']
MACROS = ['%{s}', '%{l}', '%{o}', '%{d}', '%{i}', '%{h}', '%{v}', '%{ir}', '%{d2}', '%{d1r}', '%{l-}', '%{lr-+}', '%{L}', '%{S}',
          '%{o3}', '%{p}', '%%', '%_', '%-', '%{ir2}', '%{i1r.}', '%{d99}']
BAD_MACROS = ['%{x}', '%{d0}', '%', '%{d', '%{dr2}', '%{ d}', '%{c}', '%{r}', '%{t}', '%{}', '%%%', '%{d2r2}']


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
                     'a.example.c0m', 'a.example.1a', 'a.example.x--x', '%{d}.', '%{d}..', '%{d}com'])


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
                     'a.b-c_d=1', '-x=y', 'unknown=%{c}', 'moo=%{s}%%', 'Redirect=b.example.com'])


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
    for name in HOSTS:
        if r.random() < 0.85:
            names[name] = {'A': r.sample(IP4, r.randrange(1, 3)), 'AAAA': r.sample(IP6, 1)}
    for ip in IP4:
        if r.random() < 0.5:
            reverse = '.'.join(reversed(ip.split('.'))) + '.in-addr.arpa'
            names[reverse] = {'PTR': r.sample(HOSTS + DOMAINS, r.randrange(1, 4))}
    names['exp.example.com'] = {'TXT': r.choice([[['%{i} is not one of %{d}\'s']], [['See http://%{o}/why?s=%{S};i=%{c};r=%{r}']],
                                                 [['bad %{x}']], [['a'], ['b']], [[]], [['%{t}']], [['caf\u00e9']], 'TIMEOUT', [['%{p} %{h}']]])}
    for name in ('u.exists.example.com', 'a.example.com.exists.example.com', 'in-addr.exists.example.com'):
        names[name] = {'A': ['127.0.0.2']}
    return names


def requests():
    r = random.Random(SEED)
    for _ in range(cases_wanted(STANDARD)):
        domain = r.choice(DOMAINS[:5])
        sender = r.choice(['u@' + domain] * 8 + ['', 'strong-bad@' + domain, 'u.v-w+x@' + domain, domain, '@' + domain, 'U@' + domain.upper(),
                                                 'u@localhost', 'u@' + domain + '.', 'u@a..example.com', 'u@nowhere.example.com'])
        yield {'ip': r.choice(IP4 * 2 + IP6), 'helo': r.choice([domain, HOSTS[0], 'mail.example.com', 'localhost', '[192.0.2.1]']),
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
        if target is None or depth > 8:
            return []
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


def ask_pyspf(request):
    current.clear()
    current.update(request['zone'])
    q = spf.query(i=request['ip'], s=request['mailfrom'], h=request['helo'], receiver=request['receiver'])
    q.set_default_explanation('DEFAULT')
    q.t = str(NOW)
    try:
        result, _, explanation = q.check()
    except Exception as e:  # whatever breaks in the peer is a difference to be explained
        return ('crash', type(e).__name__)
    return (result, explanation if result == 'fail' else None)


def records(request):
    """The SPF records that were read, each joined."""
    names = [q[:-4] for q in request['asked'] if q.endswith(' TXT')]
    found = []
    for name in names:
        current.clear()
        current.update(request['zone'])
        try:
            found += [b''.join(d).decode() for (_, kind), d in answer(name, 'TXT') if kind == 'TXT' and b'v=spf1' == b''.join(d)[:6].lower()]
        except spf.TempError:
            pass
    return found


def finds(pattern):
    return lambda request: any(re.search(pattern, text, re.I) for text in records(request))


def aliases(request, ends=False):
    """Whether an alias was among the names asked; with `ends` whether a chain of them ended nowhere: a loop."""
    for name in {q.split(' ')[0] for q in request['asked']}:
        seen = []
        while 'CNAME' in request['zone'].get(name, {}) and name not in seen:
            seen.append(name)
            name = request['zone'][name]['CNAME'][0]
        if seen and (not ends or name in seen):
            return True
    return False


def asked(request, kind):
    return any(q.endswith(' ' + kind) for q in request['asked'])


MACRO = r'%(?!\{[slodiphvcrt](?:0*[1-9]\d*)?r?[-.+,/_=]*\}|[%_-])'
RULES = {
    'final_dot': lambda q, o, t: q['mailfrom'].endswith('.') and t[0] == 'none',
    'alias_loop': lambda q, o, t: o[0] == 'temperror' and aliases(q, ends=True),
    'macro_syntax': lambda q, o, t: o[0] == 'permerror' and finds(MACRO)(q),
    'exists_bare': lambda q, o, t: o[0] == 'permerror' and finds(r'(^| )[-+?~]?exists( |$|=|/)')(q),
    'control_character': lambda q, o, t: o[0] == 'permerror' and finds(r'[\x00-\x1f\x7f]')(q),
    'percent_percent': lambda q, o, t: t[0] == 'permerror' and finds(r'=\S*%\{\S*%%')(q),
    'macro_in_unknown': lambda q, o, t: t[0] == 'permerror' and finds(r' unknown=%\{c\}')(q),
    'modifier_case': lambda q, o, t: finds(r' (?-i:[A-Z]\w*)=')(q),
    'macro_case': lambda q, o, t: finds(r'%\{\w*(?-i:R)')(q),
    'include_later': lambda q, o, t: t[0] == 'permerror' and finds(r'include:')(q),
    'void_of_alias': lambda q, o, t: t[0] == 'permerror' and aliases(q),
    'void_of_ptr': lambda q, o, t: t[0] == 'permerror' and asked(q, 'PTR'),
    'void_of_mx': lambda q, o, t: t[0] == 'permerror' and asked(q, 'MX'),
    'error_of_ptr': lambda q, o, t: t[0] == 'temperror' and asked(q, 'PTR'),
    'macro_later': lambda q, o, t: t[0] == 'temperror' and finds(r'%\{p')(q),
}


def main():
    spf.DNSLookup = lookup
    all_requests = list(requests())
    replies = ask_ours('spf', all_requests)
    for q, o in zip(all_requests, replies):
        q['asked'] = o['queries']
    cases = [(q, (o.get('result'), o.get('explanation')), ask_pyspf(q)) for q, o in zip(all_requests, replies)]
    kinds = {c[1][0] for c in cases}
    ok(len(kinds) == 7, 'the cases reach every result', sorted(kinds, key=str))
    judge('pyspf', RULES, cases, len(cases) == STANDARD)
    done()


main()
