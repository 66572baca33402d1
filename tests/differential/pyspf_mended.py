"""pyspf, mended where RFC 7208 wants it otherwise. A difference is explained when the peer, with some of these mends, gives
our very answer; each mend is a row of explained.tsv. `Mended(mends, ...)` is a spf.query; with no mends it is pyspf as it is."""
import re, sys

import spf

MACRO = re.compile(r'%(?:\{[slodiphcrtv](?:0*[1-9]\d*)?r?[-.+,/_=]*\}|[%_-])', re.I)
NAME = re.compile(r'[a-z][a-z0-9_.-]*\Z', re.I)
KNOWN = ('redirect', 'exp')
MENDS = ('final_dot', 'last_at', 'sender_local', 'macro_syntax', 'exists_bare', 'control_character', 'percent_percent', 'unknown_modifier',
         'modifier_case', 'macro_case', 'include_later', 'void_of_alias', 'void_of_ptr', 'void_of_macro', 'mx_in_order', 'error_of_ptr', 'macro_later',
         'redirect_later', 'explanation_later', 'cut_to_fit', 'explanation_whole', 'joined_by_dots',
         'explanation_ascii', 'name_escaped')
JOINERS = dict(spf.JOINERS)
DOTS = dict.fromkeys('slodiphcrtv', '.')
PERCENT = spf.RE_INVALID_MACRO
PERCENT_BY_TURNS = re.compile(r'\A(?:[^%]|%[{%_-])*%(?:[^{%_-]|\Z)')


def is_macro_string(text):
    return '%' not in MACRO.sub('', text)


class Later(str):
    """A domain-spec whose macros are expanded when it is wanted; as text it is what a first, dry, expansion gave."""
    def __new__(cls, query, spec, dry):
        self = super().__new__(cls, dry)
        self.query, self.spec, self.domain = query, spec, query.d
        return self

    def now(self):
        before, self.query.d = self.query.d, self.domain
        try:
            return self.query.expand(self.spec)
        finally:
            self.query.d = before

    def lower(self):  # domainmatch() asks for this
        return self.now().lower()


def now(name):
    return name.now() if isinstance(name, Later) else name


class Mended(spf.query):
    def __init__(self, mends, *words, **named):
        self.mends = frozenset(mends)
        self.quiet = 0  # above 0: nothing counts as void
        self.dry = False
        super().__init__(*words, **named)
        spf.JOINERS = DOTS if 'joined_by_dots' in self.mends else JOINERS
        spf.RE_INVALID_MACRO = PERCENT_BY_TURNS if 'percent_percent' in self.mends else PERCENT
        if 'last_at' in self.mends and '@' in self.s:
            self.l, self.o = self.s.rsplit('@', 1)
            self.l = self.l or 'postmaster'
            self.d = self.o
        if 'sender_local' in self.mends:
            self.s = self.l + '@' + self.o

    def quietly(self, what, *words):
        self.quiet += 1
        try:
            return what(*words)
        finally:
            self.quiet -= 1

    # --- names and macros ---

    def dns_spf(self, domain):
        domain = now(domain)
        if 'final_dot' in self.mends and domain.endswith('.'):
            domain = domain[:-1]
        return super().dns_spf(domain)

    def expand_domain(self, arg):
        if 'macro_later' not in self.mends:
            return super().expand_domain(arg)
        self.dry = True
        try:
            return Later(self, arg, super().expand_domain(arg) or '')
        finally:
            self.dry = False

    def expand(self, text, stripdot=True):
        if 'macro_syntax' in self.mends and not is_macro_string(text):
            raise spf.PermError('a macro is malformed', text)
        if 'macro_case' in self.mends:
            text = re.sub(r'(%\{\w\d*)R', r'\1r', text)
        if 'explanation_whole' in self.mends and not stripdot:
            return self.expand_whole(text)
        name = super().expand(text, stripdot)
        while 'cut_to_fit' in self.mends and stripdot and len(name) > 253 and '.' in name:
            name = name[name.index('.') + 1:]
        return name

    def expand_whole(self, text):
        """In pieces, since a long whole would be cut like a name."""
        found, end = '', 0
        for m in spf.RE_CHAR.finditer(text):
            found += text[end:m.start()] + super().expand(m.group(0), False)
            end = m.end()
        super().expand(text, False)  # whatever is wrong with it
        return found + text[end:]

    def getp(self):
        if self.dry:
            self.p = self.p or 'unknown'
            return self.p
        if 'macro_later' in self.mends:
            self.p = None  # it was chosen for another domain
        return self.quietly(super().getp) if 'void_of_macro' in self.mends else super().getp()

    # --- a record ---

    def check0(self, record, recursion):
        if not record:
            return super().check0(record, recursion)
        if 'control_character' in self.mends and re.search(r'[^ -~]', record):
            raise spf.PermError('a record is made of visible ASCII')
        words = record.split(' ')
        if 'modifier_case' in self.mends:
            words = [re.sub(r'\A(redirect|exp)=', lambda m: m.group(0).lower(), w, flags=re.I) for w in words]
        if 'unknown_modifier' in self.mends:
            for word in [w for w in words[1:] if re.match(r'[^:/=]*=', w) and w.split('=')[0].lower() not in KNOWN]:
                name, _, value = word.partition('=')
                if not NAME.match(name) or not is_macro_string(value):
                    raise spf.PermError('a modifier is malformed', word)
                words.remove(word)
        return super().check0(' '.join(words), recursion)

    def validate_mechanism(self, mech):
        m = re.match(r'([-+?~]?)(exists|include)(?=[:/]|\Z)', mech, re.I)
        if 'exists_bare' in self.mends and m and not mech[m.end():].startswith(':'):
            raise spf.PermError('a domain-spec is wanted', mech)
        try:
            return super().validate_mechanism(mech)
        except spf.PermError as e:
            if 'include_later' not in self.mends or 'trivial recursion' not in e.msg or ':' not in mech:
                raise
            arg = self.expand_domain(spf.parse_mechanism(mech, self.d)[1])
            return mech, 'include', arg, self.cidrmax, spf.RESULTS[m.group(1) or '+']

    def check_lookups(self):
        # The caller reads terms (m is a list of what RE_MODIFIER found) or evaluates them (m is a name).
        if 'redirect_later' in self.mends and isinstance(sys._getframe(1).f_locals.get('m'), list):
            return
        super().check_lookups()

    def check1(self, record, domain, recursion):
        if 'redirect_later' in self.mends and 'redirect_record' in sys._getframe(1).f_locals:
            super().check_lookups()
        return super().check1(record, now(domain), recursion)

    def get_explanation(self, spec):
        voids = self.void_lookups
        try:
            text = self.explanation_text(spec)
        finally:
            if 'explanation_later' in self.mends:
                self.void_lookups = voids
        return text

    def explanation_text(self, spec):
        try:
            spec = now(spec)
            if 'explanation_ascii' in self.mends and any(re.search(rb'[^ -~]', t) for t in self.dns_txt(spec, ignore_void=True)):
                return None
            if 'explanation_later' in self.mends:
                return self.quietly(super().get_explanation, spec)
            return super().get_explanation(spec)
        except spf.PermError:
            return None

    # --- the DNS ---

    def dns(self, name, qtype, cnames=None, ignore_void=False):
        if 'name_escaped' in self.mends and '\\' in name:
            return []
        of_alias = 'void_of_alias' in self.mends and bool(cnames)
        return super().dns(name, qtype, cnames, ignore_void or of_alias or self.quiet > 0)

    def dns_a(self, name, A='A'):
        return super().dns_a(now(name), A)

    def dns_mx(self, name):
        if 'mx_in_order' not in self.mends:
            return super().dns_mx(now(name))
        hosts = self.dns(now(name), 'MX')
        if len(hosts) > spf.MAX_MX:
            raise spf.PermError('More than %d MX records returned' % spf.MAX_MX)
        return (address for _, host in hosts for address in self.dns_a(host, self.A))

    def cidrmatch(self, addresses, bits):
        return any(spf.query.cidrmatch(self, [a], bits) for a in addresses)

    def validated_ptrs(self):
        if not self.mends & {'void_of_ptr', 'error_of_ptr'}:
            return super().validated_ptrs()
        try:
            names = self.dns_ptr(self.i)[:spf.MAX_PTR]
        except spf.TempError:
            if 'error_of_ptr' in self.mends:
                return []
            raise
        found = []
        for name in names:
            try:
                addresses = self.quietly(self.dns_a, name, self.A) if 'void_of_ptr' in self.mends else self.dns_a(name, self.A)
            except spf.TempError:
                if 'error_of_ptr' not in self.mends:
                    raise
                continue
            if self.cidrmatch(addresses, self.cidrmax):
                found.append(name)
        return found
