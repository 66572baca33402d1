#!/usr/bin/env python3
"""Groups of recipients: what colleagues teach counts for their group alone, and for those who allow it; it is weighed, taken back, and
outlives the keeper."""
import re, urllib.error, urllib.request
from checkpoint import *

MAIL = ('From: Garden <news@garden.example>\r\nTo: readers@rcpt.example\r\nSubject: seeds %s\r\nMIME-Version: 1.0\r\n'
        'Content-Type: text/plain; charset=UTF-8\r\n\r\nThe tomato seedlings are ready for pickup at the greenhouse on Saturday. '
        'Bring boxes, the heirloom varieties sell out early. %s\r\n')
LIE = ('From: Club <news@club.example>\r\nTo: readers@rcpt.example\r\nSubject: minutes %s\r\nMIME-Version: 1.0\r\n'
       'Content-Type: text/plain; charset=UTF-8\r\n\r\nMinutes of the meeting of the sailing club: the boats go into the water in '
       'April, fees are due before, Hanako keeps the keys. %s\r\n')
SALES = ['s%d@sales.rcpt.example' % i for i in range(6)]
SHOP = ['k%d@tokyo.shop.rcpt.example' % i for i in range(6)]
SILENT = 'silent@sales.rcpt.example'
BOTH = '[group sales]\nmembers = @sales.rcpt.example\n[group shop]\nmembers = *.shop.rcpt.example\n'
QUIET = '[recipient %s]\nwithdrawn = content\n' % SILENT


def mail(mark, text=MAIL):
    return (text % (mark, mark)).encode()


def http(c, path, message, *recipients):
    request = urllib.request.Request('http://127.0.0.1:%d/%s' % (c.http_port, path), data=message)
    request.add_header('From', 'news@garden.example')
    if recipients:
        request.add_header('Rcpt', ', '.join(recipients))
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, json.loads(answer.read() or b'{}')
    except urllib.error.HTTPError as e:
        return e.code, e.read()


def ask(c, *words):
    env = dict(os.environ, LC_ALL='C')
    if words[:2] in (('learn', 'list'), ('learn', 'undo')):
        return run(*words, '--config', c.conf, env=env)
    return c.command(*words, env=env)


def ready(c):
    for _ in range(300):
        if ask(c, 'learn', 'list').returncode == 0:
            return
        time.sleep(.1)


def teach(c, message, spam, who):
    for _ in range(100):
        status, said = http(c, 'learnspam' if spam else 'learnham', message, who)
        if status not in (503, 451):
            return status
        time.sleep(.1)


def says(c, who, message=None):
    """What the weights of his group say to somebody; None: nothing."""
    for _ in range(300): # while a keeper starts, mail is put off
        status, j = http(c, 'checkv2', message or mail('x'), who)
        if status == 200:
            symbol = j['symbols'].get('group_model')
            return symbol['score'] if symbol else None
        time.sleep(.1)
    return 'no answer'


def near(a, b):
    return a is not None and b is not None and abs(a - b) < .0051


def listed(c):
    return json.loads(ask(c, 'learn', 'list', '--json').stdout)['lessons']


def until(so, seconds=20):
    end = time.time() + seconds
    while time.time() < end:
        if so():
            return True
        time.sleep(.1)
    return so()


def reload_with(c, extra):
    c.write_conf(extra)
    before = c.log_text().count('new configuration in force')
    c.signal(signal.SIGHUP)
    return until(lambda: c.log_text().count('new configuration in force') >= before + c.workers)


def apart():
    with Checkpoint(profile='school', extra=BOTH + QUIET) as c:
        ready(c)
        ok(says(c, SALES[0]) is None and says(c, SHOP[0]) is None, 'nobody taught: groups say nothing')
        for i in range(8): # the same mails: what one group does not want, the other does
            teach(c, mail('m%d' % i), True, SALES[i % 2])
            teach(c, mail('m%d' % i), False, SHOP[i % 2])
        sales, shop = says(c, SALES[5]), says(c, SHOP[5])
        ok(sales is not None and sales > .5 and shop is not None and shop < -.5,
           'a colleague who never taught: unwanted to one group, wanted by the other', (sales, shop))
        last = listed(c)[:2]
        ok({e.get('group') for e in last} == {'sales', 'shop'} and all(e['group_taught'] for e in last) and
           {e['state'] for e in last} == {'waiting'} and {e['weight'] for e in last} == {.5},
           'the list tells: each taught his group, the common model has neither, nobody is believed less', last)
        ok(b'group: sales' in ask(c, 'learn', 'list').stdout, 'for people too', ask(c, 'learn', 'list').stdout[-400:])
        ok(says(c, SILENT) is None and teach(c, mail('m0'), False, SILENT) == 403,
           'a member who does not allow content is told nothing, and teaches nothing')
        ok(says(c, 'x@rcpt.example') is None, 'who is in no group is told nothing')
        j = http(c, 'checkv2', mail('x'), SALES[5], SHOP[5], 'x@rcpt.example')[1]
        each = j.get('recipients', {})
        each = each if isinstance(each, dict) else {r.get('address', r.get('rcpt')): r for r in each}
        common = json.dumps({k: v for k, v in j.items() if k != 'recipients'})
        ok('group_model' not in common and 'group_model' in json.dumps(each[SALES[5]]) and
           'group_model' not in json.dumps(each['x@rcpt.example']), 'of one answer for three: it stands with members alone', j)
        with Smtp(c.port) as s:
            s.mail(mail('smtp'), b'news@garden.example', [SALES[5].encode(), b'x@rcpt.example'])
        c.level()
        journal = b''.join(open(os.path.join(c.record, 'journal', n), 'rb').read() for n in os.listdir(os.path.join(c.record, 'journal')))
        ok(b'"group":' in journal and b'"name":"group_model"' not in journal, 'in the record it stands with him, among no findings')
        number = next(j['id'] for j in map(json.loads, ask(c, 'search', '--json').stdout.splitlines()) if SALES[5] in json.dumps(j))
        told = ask(c, 'explain', number)
        ok(b"people of the recipient's group" in told.stdout, 'explain tells', (number, told.stdout[-1500:], told.stderr))
        path = os.path.join(c.folder, 'm.eml')
        with open(path, 'wb') as f:
            f.write(mail('smtp'))
        again = ask(c, 'replay', '--file', path, number)
        ok(again.returncode == 0, 'and a replay comes to the same verdict', (again.stdout[-800:], again.stderr[-400:]))
        files = [n for n in os.listdir(os.path.join(c.record, 'groups'))]
        everything = b''.join(open(os.path.join(r, n), 'rb').read() for r, _, names in os.walk(os.path.join(c.record, 'lessons')) for n in names)
        ok(not any('@' in n for n in files) and b'sales.rcpt' not in everything, 'no file of lessons names a member')

        before = says(c, SALES[5], mail('dry'))
        r = ask(c, 'learn', '--dry-run', '--recipient', SALES[0], '--spam', path)
        r = r if r.returncode == 0 else ask(c, 'learn', '--dry-run', '--spam', path)
        ok(r.returncode == 0 and near(says(c, SALES[5], mail('dry')), before), 'a dry run teaches no group', r)

        pid = c.role_pids('keeper')[0]
        os.kill(pid, signal.SIGKILL)
        ok(until(lambda: c.role_pids('keeper') not in ([], [pid])), 'the keeper is killed')
        ready(c)
        ok(near(says(c, SALES[5]), sales) and near(says(c, SHOP[5]), shop), 'what groups say is as before', (says(c, SALES[5]), sales))
        c.stop(keep=True)
        c.start()
        ready(c)
        ok(near(says(c, SALES[5]), sales) and near(says(c, SHOP[5]), shop), 'after a start anew too', (says(c, SHOP[5]), shop))

        ok(reload_with(c, BOTH.replace('members = *.shop', 'members = %s, *.shop' % SALES[5]) + QUIET),
           'the configuration is read again')
        ok(until(lambda: near(says(c, SALES[5]), shop)) and near(says(c, SALES[4]), sales),
           'who was moved is judged as his new group says, the others as before', (says(c, SALES[5]), shop))
        ok(reload_with(c, QUIET) and until(lambda: says(c, SALES[4]) is None), 'without groups nobody is told anything')
        ok(reload_with(c, BOTH + QUIET) and until(lambda: near(says(c, SALES[5]), sales)), 'they come back with what they had')
        log = c.log_text()
        ok('groups:' not in log and "groups' weights" not in log, 'nothing failed', log[-800:])


def weighed():
    with Checkpoint(profile='school', extra=BOTH) as c:
        ready(c)
        for i in range(4):
            teach(c, mail('m%d' % i), True, SALES[i % 2])
        before, other = says(c, SALES[5]), says(c, SALES[5], mail('x', LIE))
        teach(c, mail('regret'), False, SALES[4])
        with_it = says(c, SALES[5])
        number = listed(c)[0]['id']
        ok(with_it != before and ask(c, 'learn', 'undo', str(number)).returncode == 0 and near(says(c, SALES[5]), before),
           'a lesson is taken back out of the group', (before, with_it, says(c, SALES[5])))
        for i in range(6):
            teach(c, mail('lie%d' % i, LIE), True, SALES[3])
        lied = says(c, SALES[5], mail('x', LIE))
        ok(lied is not None and lied > .2, 'one member says what nobody else says: he is believed', lied)
        for who in (SALES[0], SALES[1]):
            for i in range(2):
                teach(c, mail('lie%d' % i, LIE), False, who)
        his = [e for e in listed(c) if e['said'] == 'spam' and e['id'] > number]
        ok(len(his) == 6 and not any(e['group_taught'] for e in his) and his[0]['weight'] < .4,
           'colleagues contradict him: all that he taught the group is out of it', his)
        after = says(c, SALES[5], mail('x', LIE))
        ok(after is None or after < 0, 'and they are told what the others said', (other, lied, after))
        teach(c, mail('more', LIE), True, SALES[3])
        ok(not listed(c)[0]['group_taught'], 'his next word waits')
        stands = says(c, SALES[5])
        teach(c, mail('his'), True, SALES[2])
        with_his = says(c, SALES[5])
        r = ask(c, 'consent', 'withdraw', SALES[2], 'content')
        ok(r.returncode == 0 and with_his != stands and until(lambda: near(says(c, SALES[5]), stands), 5),
           'who withdraws his consent takes out of the group what he taught', (stands, with_his, says(c, SALES[5])))
        ok(says(c, SALES[2]) is None, 'and is told nothing any more')
        c.stop(keep=True)
        r = ask(c, 'consent', 'withdraw', SALES[1], 'content')
        c.start()
        ready(c)
        ok(r.returncode == 0 and says(c, SALES[5]) != stands, 'also where no keeper runs', (stands, says(c, SALES[5])))


def wrong():
    with Checkpoint(extra='[group a]\nmembers = @x.example\n[group b]\nmembers = t@y.example, @X.example\n', start=False) as c:
        r = run('serve', '--check', '--config', c.conf)
        line = next(i for i, text in enumerate(open(c.conf).read().split('\n'), 1) if 't@y.example' in text)
        ok(r.returncode == 78 and b'line %d: group b: @X.example is a member of group a already' % line in r.stderr,
           'the same member in two groups: the line is named', r)
        for extra, words in (('[group a]\nmembers = nobody\n', b'write an address'), ('[group a]\n', b'neither members nor a file'),
                             ('[group a]\nfile = /nonexistent/x\n', b'/nonexistent/x')):
            c.write_conf(extra)
            r = run('serve', '--check', '--config', c.conf)
            ok(r.returncode == 78 and words in r.stderr and b'line ' in r.stderr, extra.replace('\n', ' ') + 'is refused', r)


for part in (apart, weighed, wrong):
    if len(sys.argv) < 2 or part.__name__ in sys.argv[1:]:
        part()
done()
