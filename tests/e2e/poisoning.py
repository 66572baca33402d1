#!/usr/bin/env python3
"""One reporter in twenty lies about everything, and stuffs lessons with other people's words: what the model still knows.

A hundred recipients of a running checkpoint report the training half of samples/ja, each mail twice by different people; the
model begins with next to nothing, so that it knows what they taught. Then it judges the half that nobody reported.
"""
import random, urllib.error, urllib.request
from checkpoint import *

PEOPLE, LIARS, REPORTS = 100, 5, 2
ADDRESS = 'r%02d@rcpt.example'
SAMPLES = os.path.join(ROOT, 'samples', 'ja')


def index():
    rows = []
    with open(os.path.join(SAMPLES, 'index.tsv'), encoding='utf-8') as f:
        names = f.readline().rstrip('\n').split('\t')
        for line in f:
            row = dict(zip(names, line.rstrip('\n').split('\t')))
            with open(os.path.join(SAMPLES, row['path']), 'rb') as m:
                rows.append((row['path'], row['class'] != 'ham', row['split'] == 'train', m.read()))
    return rows


def teach(c, message, spam, who):
    request = urllib.request.Request('http://127.0.0.1:%d/%s' % (c.http_port, 'learnspam' if spam else 'learnham'), data=message)
    request.add_header('Rcpt', ADDRESS % who)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status
    except urllib.error.HTTPError as e:
        return e.code


def stuffed(rng, spam, hams):
    """A spam under a wanted mail's words, reported as wanted: so that its words become good ones."""
    head, _, body = spam.partition(b'\r\n\r\n' if b'\r\n\r\n' in spam else b'\n\n')
    return head + b'\r\nX-Stuffed: %d\r\n\r\n' % rng.randrange(1 << 30) + body + b'\r\n'.join(
        h.partition(b'\r\n\r\n' if b'\r\n\r\n' in h else b'\n\n')[2][:400] for h in hams)


def right(model, rows):
    r = run('classify', '--model', model, *[os.path.join(SAMPLES, path) for path, _, _, _ in rows])
    said = [float(line.rsplit(' ', 1)[1]) for line in r.stdout.decode().splitlines()]
    if len(said) != len(rows):
        raise RuntimeError('classify: ' + r.stderr.decode()[:500] + r.stdout.decode()[:500])
    return 100 * sum((s > .5) == spam for s, (_, spam, _, _) in zip(said, rows)) / len(rows)


def learned(rows, liars, seed_model):
    """The model after all reports."""
    rng = random.Random(7)
    with Checkpoint(profile='school', extra='[judge]\nmodel = %s\n' % seed_model, start=False) as c:
        keys = c.record + '-keys'
        os.mkdir(keys, 0o700)
        with open(os.open(os.path.join(keys, 'personal.key'), os.O_WRONLY | os.O_CREAT, 0o600), 'wb') as f:
            f.write(bytes(range(32))) # whose words are held against whose hangs on it: the same in every run
        c.start()
        for _ in range(200):
            if run('learn', 'list', '--config', c.conf).returncode == 0:
                break
            time.sleep(.1)
        reports = []
        for path, spam, _, message in rows:
            for who in rng.sample(range(PEOPLE), REPORTS):
                reports.append((message, spam != (who < liars), who))
        rng.shuffle(reports)
        hams = [m for _, spam, _, m in rows if not spam]
        for n in range(20 * liars):
            spam = rng.choice([m for _, s, _, m in rows if s])
            reports.insert(rng.randrange(len(reports)), (stuffed(rng, spam, rng.sample(hams, 4)), False, n % liars))
        codes = {}
        began = time.time()
        for message, spam, who in reports:
            code = teach(c, message, spam, who)
            codes[code] = codes.get(code, 0) + 1
        took = time.time() - began
        time.sleep(6)
        out = os.path.join(os.path.dirname(seed_model), 'learned.%d' % liars)
        shutil.copy(os.path.join(c.record, 'learned.model'), out)
    return out, codes, took, reports


folder = tempfile.mkdtemp(prefix='sekisho-poisoning-')
try:
    rows = index()
    train, held = [r for r in rows if r[2]], [r for r in rows if not r[2]]
    seed_list = os.path.join(folder, 'seed.list')
    begin = train[:8] + [r for r in train if r[1]][:8]
    with open(seed_list, 'w') as f:
        f.writelines('%s\t%s\n' % (os.path.join(SAMPLES, p), 'spam' if s else 'ham') for p, s, _, _ in begin)
    seed = os.path.join(folder, 'seed.model')
    r = run('learn', '--from', 'none', '--model', seed, '--lists', seed_list)
    ok(r.returncode == 0, 'a model that knows sixteen mails', r)
    at_first = right(seed, held)
    honest_model, codes, took, _ = learned(train, 0, seed)
    honest = right(honest_model, held)
    ok(codes.get(200, 0) > len(train), 'all report what they got: %d reports, %.0f ms each' % (sum(codes.values()), 1000 * took / sum(codes.values())), codes)
    ok(honest > at_first + 3, 'and the model learns from it: %.2f%% right before, %.2f%% after' % (at_first, honest))
    lied_model, codes, took, reports = learned(train, LIARS, seed)
    lied = right(lied_model, held)
    ok(lied >= honest - 1, '%d of %d lie about everything, and stuff %d lessons: %.2f%% right, %.2f%% without them'
       % (LIARS, PEOPLE, 20 * LIARS, lied, honest), codes)
    # The same reports, every one believed.
    believed = os.path.join(folder, 'believed.list')
    with open(believed, 'w') as f:
        for n, (message, spam, _) in enumerate(reports):
            path = os.path.join(folder, 'm%d' % n)
            with open(path, 'wb') as m:
                m.write(message)
            f.write('%s\t%s\n' % (path, 'spam' if spam else 'ham'))
    naive = os.path.join(folder, 'naive.model')
    shutil.copy(seed, naive)
    run('learn', '--model', naive, '--lists', believed)
    believing = right(naive, held)
    ok(believing < lied, 'had every report been believed: %.2f%%' % believing)
finally:
    shutil.rmtree(folder, True)
done()
