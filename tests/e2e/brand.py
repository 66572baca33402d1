#!/usr/bin/env python3
"""`sekisho brand`: the table of what phishing claims, whose a domain is or only looks to be, and an operator's file tried; a row of his
is in force on start."""
from checkpoint import *

ROW = 'brand\t%s\t%s\t%s\t%s\t%s\t2026-11-23\tfair\n'
OWN = ROW % ('tanabank', 'bank', '=たな|たな銀行|Tana Bank', 'tana-bank.example.jp|tana.example.jp', 'our own register')


def written(folder, text, name='brands.tsv'):
    path = os.path.join(folder, name)
    with open(path, 'w', encoding='utf-8') as f:
        f.write(text)
    return path


def brand(*words):
    r = run('brand', *words)
    return r.returncode, r.stdout.decode(), r.stderr.decode()


def asked(*words):
    code, out, err = brand('--json', *words)
    return code, json.loads(out) if out else err


def table():
    code, out, _ = brand('list', '--json')
    all_of = [json.loads(line) for line in out.splitlines()]
    amazon = next(b for b in all_of if b['id'] == 'amazon')
    ok(code == 0 and len(all_of) >= 150 and all(b['domains'] and b['source'] and b['date'] and not b['own'] for b in all_of), 'the table that is built in', len(all_of))
    ok('amazon.co.jp' in amazon['domains'] and amazon['kind'] == 'shop' and 'アマゾン' in amazon['names'], 'a row of it', amazon)
    code, out, _ = brand('list', '--kind', 'bank', '--lang', 'ja')
    ok(code == 0 and all(line.split('\t')[1] == 'bank' and len(line.split('\t')) == 7 for line in out.splitlines()) and 'smbc.co.jp' in out, 'of a kind, for people', out[:200])
    ok(brand('list', '--kind', 'nothing')[:2] == (1, '') and brand('list', '--own')[0] == 1, 'none of a kind, none of the operator')
    ok(brand()[0] == 2 and brand('list', 'x')[0] == 2 and brand('test')[0] == 2, 'a wrong command line')


def one():
    code, d = asked('ＡＭＡＺＯＮ')
    ok(code == 0 and d['id'] == 'amazon', 'a brand by its name, in any spelling', d)
    ok(asked('smcc')[1]['name'] == '三井住友カード', 'and by its id')
    code, out, err = brand('nobody at all', '--lang', 'en')
    ok(code == 1 and out == '' and 'no brand of that name' in err, 'one that there is not', err)
    for domain, likeness, identity in (('mail.amazon.co.jp', 'own', 'amazon'), ('arnazon.co.jp', 'same_look', 'amazon'), ('www-amazon-co-jp.evil.example', 'within', 'amazon'),
                                       ('smbc-card.evil.example', 'bears', 'smcc'), ('evil.example', 'unlike', None)):
        code, d = asked(domain)
        ok(d['likeness'] == likeness and (d['brand'] or {'id': None})['id'] == identity and code == (1 if identity is None else 0), '%s: %s' % (domain, likeness), d)
    code, out, _ = brand('arnazon.co.jp', '--lang', 'ja')
    ok(code == 0 and '字の形が同じに見える: amazon.co.jp' in out and 'アマゾン' in out, 'for people, and why', out)
    ok('looks the same as amazon.co.jp' in brand('arnazon.co.jp', '--lang', 'en')[1], 'in English too')


def own_file():
    folder = tempfile.mkdtemp(prefix='sekisho-brand-')
    good = written(folder, '# ours\n' + OWN)
    code, out, _ = brand('test', good, '--lang', 'en')
    ok(code == 0 and '1 brands, 0 of them' in out and '0 wrong' in out, 'a file that is good', out)
    code, d = asked('test', written(folder, ROW % ('amazon', 'shop', 'Amazon', 'amazon.example.jp', 'me'), 'replaces.tsv'))
    ok(code == 0 and (d['brands'], d['replaced'], d['wrong']) == (1, 1, []), 'one whose row takes the place of ours', d)
    code, d = asked('tana-bank.example.jp', '--file', good)
    ok(code == 0 and d['likeness'] == 'own' and d['brand']['own'] and d['brand']['line'] == 2, 'its domain is known', d)
    ok(asked('たな銀行', '--file', good)[1]['id'] == 'tanabank' and asked('list', '--own', '--file', good)[1]['source'] == 'our own register', 'its name, and the list of the operator\'s')
    ok('自前' in brand('list', '--own', '--file', good, '--lang', 'ja')[1], 'for people')
    code, out, _ = brand('test', written(folder, '\n' + ROW % ('a', 'shop', 'A Shop', 'https://a.example/|co.jp|x.weebly.com|a.example', 'me'), 'domains.tsv'), '--lang', 'en')
    ok(code == 1 and 'line 2: https://a.example/: this is no domain' in out and 'line 2: co.jp: below this anybody registers' in out and
       'line 2: x.weebly.com: below this anybody gets' in out and '3 wrong' in out, 'domains that are none, or anybody\'s', out)
    for name, text, line in (('fields', OWN + 'brand\ta\n', 2), ('kind of row', '# x\n\nbrands\ta\tb\tc\td.e\tf\tg\th\n', 3), ('no domain', ROW % ('a', 'b', 'c', 'd', 'e'), 1),
                             ('weight', 'pressure\t10\thurry\n', 1)):
        path = written(folder, text, 'bad.tsv')
        code, _, err = brand('test', path, '--lang', 'en')
        ok(code == 78 and '%s: line %d: ' % (path, line) in err, '%s: file and line' % name, err)
        ok('%d行目' % line in brand('test', path, '--lang', 'ja')[2], '%s, in Japanese' % name)
    ok(brand('test', os.path.join(folder, 'none.tsv'))[0] == 66, 'a file that is not there')
    conf = written(folder, '[judge]\nbrands = %s\n' % good, 'sekisho.conf')
    ok(asked('tanabank', '--config', conf)[1]['own'], 'the file that the configuration names')
    mail = written(folder, 'From: =?utf-8?B?44Gf44Gq6YqA6KGM?= <a@evil.example>\nTo: u@rcpt.example\nSubject: x\n\nx\n', 'mail.eml')
    found = [f['name'] + ' ' + f.get('detail', '') for f in json.loads(run('check', '--offline', '--json', '--config', conf, mail).stdout)['opinion']['findings']]
    ok(any(f.startswith('brand_mismatch') and 'tana-bank.example.jp' in f for f in found), 'mail that claims it is told', found)
    shutil.rmtree(folder)


table()
one()
own_file()
done()
