#!/usr/bin/env python3
"""Who is called out too often comes no more: ordinary mail, wanted and unwanted, is not taken for a notice of crime or for an offer in
slang. All letters of samples/ja, and those that were held out when the judge was taught apart. A bank's warning, a phishing letter
that stops an account, a newsletter that names a knife: none of them may call 110."""
import csv, json, os, subprocess

from checkpoint import PROGRAM, ROOT, done, ok

SAMPLES = os.path.join(ROOT, 'samples', 'ja')
ALARMS = {'threat': ('threat_notice', 'attachment_threat'), 'slang': ('trade_slang', 'attachment_slang')}
CATEGORIES = {'threat': ('threat', 'extortion'), 'slang': ('slang',)}     # who extorts may announce a crime, too
ONE_IN = 200


def findings(paths):
    found = []
    for i in range(0, len(paths), 200):
        r = subprocess.run([PROGRAM, 'check', '--offline', '--json'] + paths[i:i + 200], capture_output=True)
        found += [{f['name'] for f in json.loads(line)['opinion']['findings']} for line in r.stdout.splitlines()]
    return found


def main():
    with open(os.path.join(SAMPLES, 'index.tsv'), newline='') as f:
        rows = list(csv.DictReader(f, delimiter='\t', quoting=csv.QUOTE_NONE))
    found = findings([os.path.join(SAMPLES, r['path']) for r in rows])
    ok(len(found) == len(rows) > 900, 'all %d letters are judged' % len(rows), len(found))
    for category, names in ALARMS.items():
        for held in (False, True):
            here = [(r, f) for r, f in zip(rows, found) if not held or r['split'] == 'held']
            other = [(r['path'], f.intersection(names)) for r, f in here if r['class'] != 'unwanted' or r['category'] not in CATEGORIES[category]]
            wrong = [path for path, f in other if f]
            ok(len(wrong) * ONE_IN <= len(other), '%s: %d of %d letters in which none is%s' %
               (category, len(wrong), len(other), ', held out' if held else ''), wrong)
        own = [bool(f.intersection(names)) for r, f in zip(rows, found) if r['class'] == 'unwanted' and r['category'] == category]
        ok(sum(own) * 10 >= len(own) * 7 > 0, '%s: %d of %d found' % (category, sum(own), len(own)), own)


if __name__ == '__main__':
    main()
    done()
