#!/usr/bin/env python3
"""The letters that stand in the three documents Sekisho grew out of: a dating lure, notices of crime, and the
advertisement of a drug maker that was smuggled into one of them. Each is recognised and explained; the articles that tell
of them are not taken for them. The documents are read where they lie beside the checkout; without them it is skipped."""
import glob, json, os, subprocess, tempfile

from checkpoint import PROGRAM, ROOT, done, ok, skip

FOLDER = os.path.join(os.path.dirname(ROOT), 'shared', 'seeds')
WORK = tempfile.mkdtemp(prefix='sekisho-documents-')


def letter(name, sender, subject, text):
    path = os.path.join(WORK, name + '.eml')
    with open(path, 'wb') as f:
        f.write(('From: %s\r\nTo: you@recipient.example\r\nSubject: %s\r\nDate: Mon, 6 Aug 2012 10:00:00 +0900\r\n'
                 'MIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n%s\r\n'
                 % (sender, subject, text)).encode())
    return path


def judged(path):
    r = subprocess.run([PROGRAM, 'check', '--offline', '--json', path], capture_output=True)
    j = json.loads(r.stdout)
    words = subprocess.run([PROGRAM, 'check', '--offline', '--lang', 'ja', path], capture_output=True).stdout.decode()
    return j, words


def recognised(name, path, category, said):
    j, words = judged(path)
    opinion = j['opinion']
    rests = [f for f in opinion['findings'] if f['weight'] > 0 and 'from' in f]
    raw = open(path, 'rb').read()
    ok(opinion['category'] in category and opinion['unwanted'] >= .5, '%s: recognised as %s' % (name, ' or '.join(category)),
       (opinion['category'], opinion['unwanted'], opinion['findings']))
    ok(any(raw[f['from']:f['to']].decode('utf-8', 'replace').strip() for f in rests), '%s: a reason points at its bytes' % name, opinion['findings'])
    ok(any(w in words for w in said), '%s: explained in Japanese' % name, words)


def main():
    texts = [open(p, encoding='utf-8').read() for p in sorted(glob.glob(os.path.join(FOLDER, '*.txt')))]
    if len(texts) != 3:
        skip('the three documents', 'they do not lie beside this checkout')
        return
    threats, spam, roadmap = texts
    at = lambda text, begin, end: text[text.index(begin):text.index(end, text.index(begin))]

    ja = at(roadmap, 'メールくれましたよね', '\n \nIt is very difficult')
    en = at(roadmap, 'You sent me a message', '\nSubject: あの')
    recognised('the dating letter', letter('dating-ja', '井上知美 <tomomi@dating.example>', 'あの~', ja), ('lure',), ('誘い', '出会い'))
    recognised('the dating letter, translated', letter('dating-en', 'Tomomi INOUE <tomomi@dating.example>', 'Excuse me.', en), ('lure',), ('誘い', '出会い'))

    quotes = {
        'Nihonbashi': at(threats, 'In early August, he', '" The Osaka police'),
        'an aeroplane': at(threats, 'I planted a bomb on the plane', '” to Japan'),
        'Ise': at(threats, 'Detonate the bomb', '", which made'),
        'a president': at(threats, 'I want to kill LDP', '", there are'),
    }
    for name, quote in quotes.items():
        text = quote.replace(', he will', ', I will')
        j, words = judged(letter('threat-' + name.split()[-1], 'x@threat.example', 'notice', text))
        ok(j['opinion']['category'] == 'threat' and 'threat' in j['opinion'], 'a notice of crime: ' + name, (text, j['opinion']))
        ok('110' in words, 'and it says to call 110: ' + name, words)
    article = threats[:threats.index('Hubei Teyer')]
    for name, text in (('the article on the threats', article), ('the article on spam', spam), ('the talk on spam', roadmap)):
        j, words = judged(letter('article', 'news@paper.example', 'An article', text))
        ok('threat' not in j['opinion'], name + ' is no notice of crime', (j['opinion'].get('threat'), j['opinion']['category']))
    advertisement = threats[threats.index('Hubei Teyer'):]
    recognised('the advertisement of a drug maker', letter('drugs', 'Hubei Teyer <info@teyer.example>', 'API & Intermediates Manufacturer', advertisement),
               ('advertisement',), ('広告',))


if __name__ == '__main__':
    main()
    done()
