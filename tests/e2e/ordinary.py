#!/usr/bin/env python3
"""Who is called out too often comes no more: ordinary mail, wanted and unwanted, is not taken for a notice of crime or for an offer in
slang. All letters of samples/ja, and those that were held out when the judge was taught apart; and what is short. A bank's warning, a phishing
letter that stops an account, a newsletter that names a knife, "good morning": none of them may call 110."""
import csv, json, os, subprocess

from checkpoint import PROGRAM, ROOT, done, ok

SAMPLES = os.path.join(ROOT, 'samples', 'ja')
ALARMS = {'threat': ('threat_notice', 'attachment_threat'), 'slang': ('trade_slang', 'attachment_slang')}
CATEGORIES = {'threat': ('threat', 'extortion'), 'slang': ('slang',)}     # who extorts may announce a crime, too
ONE_IN = 200
ONE_SHORT_IN = 100      # a line of ten letters says less


def findings(paths):
    found = []
    for i in range(0, len(paths), 200):
        r = subprocess.run([PROGRAM, 'check', '--offline', '--json'] + paths[i:i + 200], capture_output=True)
        found += [{f['name'] for f in json.loads(line)['opinion']['findings']} for line in r.stdout.splitlines()]
    return found


def short_texts():
    """A board's posts, held out: greetings, thanks, appointments."""
    with open(os.path.join(ROOT, 'tests', 'written', 'held-plain.tsv')) as f:
        texts = [line.rstrip('\n').split('\t')[3].replace('\\n', '\n') for line in f if line[0] != '#']
    asked = ''.join(json.dumps({'id': str(i), 'text': text}) + '\n' for i, text in enumerate(texts))
    r = subprocess.run([PROGRAM, 'try', 'judge'], input=asked.encode(), capture_output=True)
    return [(text, {f['name'] for f in json.loads(line)['findings']}) for text, line in zip(texts, r.stdout.splitlines())]


def main():
    with open(os.path.join(SAMPLES, 'index.tsv'), newline='') as f:
        rows = list(csv.DictReader(f, delimiter='\t', quoting=csv.QUOTE_NONE))
    found = findings([os.path.join(SAMPLES, r['path']) for r in rows])
    ok(len(found) == len(rows) > 900, 'all %d letters are judged' % len(rows), len(found))
    short = short_texts()
    for category, names in ALARMS.items():
        for held in (False, True):
            here = [(r, f) for r, f in zip(rows, found) if not held or r['split'] == 'held']
            other = [(r['path'], f.intersection(names)) for r, f in here if r['class'] != 'unwanted' or r['category'] not in CATEGORIES[category]]
            wrong = [path for path, f in other if f]
            ok(len(wrong) * ONE_IN <= len(other), '%s: %d of %d letters in which none is%s' %
               (category, len(wrong), len(other), ', held out' if held else ''), wrong)
        wrong = [text for text, f in short if f.intersection(names)]
        ok(len(wrong) * ONE_SHORT_IN <= len(short) > 250, '%s: %d of %d short texts in which none is' % (category, len(wrong), len(short)), wrong)
        own = [bool(f.intersection(names)) for r, f in zip(rows, found) if r['class'] == 'unwanted' and r['category'] == category]
        ok(sum(own) * 10 >= len(own) * 7 > 0, '%s: %d of %d found' % (category, sum(own), len(own)), own)


if __name__ == '__main__':
    main()
    done()
