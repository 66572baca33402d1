#!/usr/bin/env python3
"""`sekisho lexicon` and judge.words: the operator's own words are tried by their examples, told with line and column where they are
wrong, in force on start and on reload, and new ones are proposed out of the record and used only when a person has accepted them."""
import glob

from checkpoint import *

HEAD = 'term\tkind\trole\tlang\tweight\thit\tmiss\tnote\n'
ROW = '竜水\tdrug\tslang\tja\t4\t竜水あります。手押し都内、詳細はテレで\t竜水という名の川を歩きました\t新しい語\n'
OFFER = '竜水入荷しました。手押し新宿、詳細はテレまで。'
WORD = '竜水'


def written(folder, text, name='words.tsv'):
    path = os.path.join(folder, name)
    with open(path, 'wb') as f:
        f.write(text if isinstance(text, bytes) else text.encode())
    return path


def letter(text, number):
    return ('From: a@sender.example\r\nTo: user@rcpt.example\r\nSubject: oshirase %d\r\nMessage-ID: <%d@sender.example>\r\n'
            'Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n%s\r\n' % (number, number, text)).encode()


def commands():
    folder = tempfile.mkdtemp(prefix='sekisho-lexicon-')
    good = written(folder, HEAD + ROW)
    r = run('lexicon', 'test', '--file', good, '--lang', 'en')
    ok(r.returncode == 0 and b'1 rows, 0 wrong' in r.stdout, 'a file whose examples are as they say', r)
    r = run('lexicon', 'test', '--file', good, '--lang', 'ja', OFFER)
    said = r.stdout.decode()
    ok(r.returncode == 0 and '竜水  drug slang 4' in said and '自前 2行目' in said and '判定: drug' in said, 'a text: its words and what they make', said)
    r = run('lexicon', 'test', '--file', good, '--json', '-', input=OFFER.encode())
    d = json.loads(r.stdout)
    own = [h for h in d['hits'] if h['own']]
    ok(d['rows'] == 1 and d['failed'] == [] and d['trade'] == 'drug' and d['score'] >= d['line'] and [h['said'] for h in own] == [WORD] and own[0]['line'] == 2,
       'the same for a machine, from standard input', d)
    d = json.loads(run('lexicon', 'test', '--json', 'レンコンの煮物を作りました。豆も入れました。').stdout)
    ok(d['trade'] == 'any' and {'レンコン', '豆'} <= {h['said'] for h in d['hits']} and d['innocent'] > 0, 'cooking is no trade', d)
    ok(WORD in run('lexicon', 'list', '--file', good, '--own').stdout.decode() and len(run('lexicon', 'list', '--file', good, '--own').stdout.splitlines()) == 1,
       'the list of the operator\'s')
    kinds = {json.loads(line)['kind'] for line in run('lexicon', 'list', '--kind', 'weapon', '--json').stdout.splitlines()}
    ok(kinds == {'weapon'}, 'the list of a kind', kinds)
    ok(run('lexicon', 'list', '--kind', 'vegetables').returncode == 2 and run('lexicon').returncode == 2 and run('lexicon', 'frobnicate').returncode == 2,
       'a wrong command line')
    wrong = written(folder, HEAD + ROW + '川岸\tany\thand\tja\t2\t山と谷\t山\t\n', 'wrong.tsv')
    r = run('lexicon', 'test', '--file', wrong, '--lang', 'en')
    ok(r.returncode == 1 and b'line 3, column 6 (hit)' in r.stdout, 'an example that does not hit: line and column', r)
    r = run('lexicon', 'test', '--file', wrong, '--lang', 'ja')
    ok('3行目、6列目 (hit)' in r.stdout.decode(), 'in Japanese too', r)
    for name, text, place in (
            ('no head', ROW, 'line 1, column 1'), ('a kind that is none', HEAD + ROW.replace('drug', 'drag'), 'line 2, column 2 (kind)'),
            ('a word twice', HEAD + ROW + ROW, 'line 3, column 1 (term)'), ('a weight of 9', HEAD + ROW.replace('\t4\t', '\t9\t'), 'line 2, column 5 (weight)'),
            ('NUL', HEAD.encode() + ROW.encode().replace(b'\xe6\xb0\xb4\t', b'\x00\t'), 'line 2, column 1 (term): a NUL'),
            ('no UTF-8', HEAD.encode() + ROW.encode().replace(b'ja', b'j\xe3'), 'line 2, column 4 (lang): this is no UTF-8'),
            ('columns missing', HEAD + '竜水\tdrug\tslang\n', 'line 2, column 4'), ('over 4 MiB', HEAD + '#' * (4 << 20), 'over 4194304 bytes')):
        r = run('lexicon', 'test', '--file', written(folder, text, 'bad.tsv'))
        ok(r.returncode in (66, 78) and place in r.stderr.decode() and b'bad.tsv' in r.stderr, '%s: file, line and column' % name, r)
    r = run('lexicon', 'test', '--file', written(folder, b'\xef\xbb\xbf' + (HEAD + ROW).replace('\n', '\r\n').encode(), 'crlf.tsv'))
    ok(r.returncode == 0, 'a byte order mark and CR LF are no mistake', r)
    ok(run('lexicon', 'test', '--file', os.path.join(folder, 'none.tsv')).returncode == 66, 'a file that is not there')
    shutil.rmtree(folder)


def judged(c, number, text=OFFER):
    """Category by the record of a letter with that text."""
    with Smtp(c.port) as s:
        s.mail(letter(text, number))
    for _ in range(100):
        events = [json.loads(line) for line in c.command('search', '--json', '--limit', '5', 'oshirase %d' % number).stdout.splitlines()]
        if events:
            return events[0]['category'], events[0]['id']
        time.sleep(.1)
    return None, None


def wait_log(c, words, count=1, seconds=20):
    end = time.time() + seconds
    while time.time() < end:
        if c.log_text().count(words) >= count:
            return True
        time.sleep(.1)
    return False


def foreign_dictionary(folder):
    """One for MeCab, of one word, that is not JUMAN's."""
    for name, text in (('char.def', 'DEFAULT 0 1 0\nSPACE 0 1 0\n0x0020 SPACE\n'), ('unk.def', 'DEFAULT,0,0,0,x,*\nSPACE,0,0,0,x,*\n'), ('matrix.def', '1 1\n0 0 0\n'),
                       ('dicrc', 'cost-factor = 800\nbos-feature = BOS/EOS,*,*\nconfig-charset = UTF-8\n'), ('one.csv', '学校,0,0,100,名詞,一般,*,*,*,*,学校\n')):
        with open(os.path.join(folder, name), 'w') as f:
            f.write(text)
    to = os.path.join(folder, 'a folder')
    os.mkdir(to)
    subprocess.run(['/usr/lib/mecab/mecab-dict-index', '-d', folder, '-o', to, '-f', 'utf-8', '-t', 'utf-8'], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    shutil.copy(os.path.join(folder, 'dicrc'), to)
    return to


def start_refused():
    folder = tempfile.mkdtemp(prefix='sekisho-lexicon-')
    for name, text in (('form', HEAD + 'x\n'), ('examples', HEAD + ROW.replace('竜水あります。手押し都内、詳細はテレで', '竜水はとてもきれいです'))):
        path = written(folder, text)
        c = Checkpoint(extra='[judge]\nwords = ' + path, start=False)
        r = run('serve', '--config', c.conf, timeout=60)
        ok(r.returncode == 78 and path in r.stderr.decode() and b'line 2, column' in r.stderr, 'mistakes of %s: it does not start, exit status 78' % name, r)
        c.stop()
    for at, what in ((folder, 'that is not there'), (foreign_dictionary(folder), 'of others')):
        c = Checkpoint(extra='[judge]\ndictionary = ' + at, start=False)
        r = run('serve', '--config', c.conf, timeout=60)
        ok(r.returncode == 78 and at in r.stderr.decode() and b'mecab-jumandic-utf8' in r.stderr,
           'a dictionary %s: it does not start, and says what to install' % what, r)
        r = run('doctor', '--json', '--config', c.conf)
        ok(b'"dictionary","grade":"bad"' in r.stdout.replace(b' ', b''), 'and the doctor finds it', r.stdout[-1500:])
        c.stop()
    shutil.rmtree(folder)


def reload_words():
    with Checkpoint(workers=2) as c:
        words = written(c.folder, HEAD + ROW)
        ok(judged(c, 101)[0] != 'slang' and judged(c, 102)[0] != 'slang', 'a word nobody has told is no slang')
        c.write_conf('[judge]\nwords = ' + words)
        c.signal(signal.SIGHUP)
        ok(wait_log(c, 'new configuration in force', 2), 'a reload with words', c.log_text()[-600:])
        category, identity = judged(c, 103)
        ok(category == 'slang', 'the word counts', category)
        ok(WORD in c.command('explain', identity).stdout.decode(), 'and the explanation names it')
        written(c.folder, HEAD + ROW + 'broken\n')
        c.signal(signal.SIGHUP)
        ok(wait_log(c, 'the old configuration stays in force') and words in c.log_text() and 'line 3, column' in c.log_text(), 'a broken file is told, with line and column',
           c.log_text()[-600:])
        ok(judged(c, 104)[0] == 'slang', 'and the old words stay')
        written(c.folder, HEAD + ROW)
        before = c.role_pids('worker')
        for pid in before:
            os.kill(pid, signal.SIGKILL)
        end = time.time() + 20
        while time.time() < end and (len(c.role_pids('worker')) < 2 or set(before) & set(c.role_pids('worker'))):
            time.sleep(.1)
        c.wait_greeting()
        ok(judged(c, 105)[0] == 'slang', 'workers that start after the reload have them too')
        c.write_conf('')
        c.signal(signal.SIGHUP)
        ok(wait_log(c, 'new configuration in force', 4), 'a reload without words')
        ok(judged(c, 106)[0] != 'slang', 'and the word counts no more')


def proposals():
    with Checkpoint(workers=1) as c:
        words = os.path.join(c.folder, 'words.tsv')
        for number in range(201, 204):
            judged(c, number)
        judged(c, 204, '雲竜入荷しました。手押し都内、詳細はテレまで。')
        judged(c, 205, '朝採れのトマトが入荷しました。店頭でどうぞ。')
        r = c.command('lexicon', 'propose', '--json')
        found = {p['word']: p for p in json.loads(r.stdout)['proposed']}
        ok(set(found) == {WORD} and found[WORD]['messages'] == 3 and WORD in found[WORD]['example'], 'what stands in several offers is proposed', r)
        found = {p['word']: p['messages'] for p in json.loads(c.command('lexicon', 'propose', '--json', '--least', '1').stdout)['proposed']}
        ok(found == {WORD: 3, '雲竜': 1}, 'with --least 1 that of one too', found)
        ok(json.loads(c.command('lexicon', 'propose', '--json', '--since', '2099-01-01').stdout)['proposed'] == [], 'none since a day to come')
        ok(judged(c, 206)[0] != 'slang', 'nothing is used before a person accepts it')
        r = c.command('lexicon', 'accept', WORD, '--kind', 'drug', '--file', words)
        ok(r.returncode == 2 and not os.path.exists(words), 'a reason is wanted', r)
        r = c.command('lexicon', 'accept', WORD, '--kind', 'drug', '--weight', '4', '--file', words, '--reason', 'three offers in a day', '--lang', 'en')
        ok(r.returncode == 0 and b'reload' in r.stdout, 'accepted', r)
        text = open(words).read()
        ok(text.startswith(HEAD) and WORD + '\tdrug\tslang\tja\t4\t' + WORD in text and 'three offers in a day' in text, 'the row stands in the file, with an example of the record', text)
        ok(not os.path.exists(words + '.new') and run('lexicon', 'test', '--file', words).returncode == 0, 'and its examples hold')
        r = c.command('lexicon', 'accept', WORD, '--kind', 'drug', '--file', words, '--reason', 'again')
        ok(r.returncode == 65 and open(words).read() == text, 'a second time it is refused, and the file is as it was', r)
        journal = b''.join(open(p, 'rb').read() for p in glob.glob(os.path.join(c.record, 'journal', '*')))
        ok(journal.count(b'"kind":"lexicon.accept"') == 1 and b'three offers in a day' in journal, 'the act is an entry of the ledger')
        ok(c.command('ledger', 'verify').returncode == 0, 'which verifies')
        ok(judged(c, 207)[0] != 'slang', 'still not in force')
        c.write_conf('[judge]\nwords = ' + words)
        c.signal(signal.SIGHUP)
        wait_log(c, 'new configuration in force')
        ok(judged(c, 208)[0] == 'slang', 'but after the reload')
        found = [p['word'] for p in json.loads(c.command('lexicon', 'propose', '--json', '--least', '1').stdout)['proposed']]
        ok(found == ['雲竜'], 'and it is proposed no more', found)


def no_consent():
    with Checkpoint(workers=1, profile='carrier') as c:
        for number in range(301, 304):
            judged(c, number)
            with Smtp(c.port) as s:
                s.mail(letter(OFFER, number))
        c.level()
        r = c.command('lexicon', 'propose', '--json', '--least', '1')
        ok(json.loads(r.stdout)['proposed'] == [], 'of mail whose recipient has not consented nothing is proposed', r)


commands()
start_refused()
reload_words()
proposals()
no_consent()
done()
