"""What the differential tests share: the program under test, fed line by line, and the explained differences.

Each test makes cases from a seed, asks ours (`sekisho try`) and a peer, and compares. A difference must be explained by one
row of explained.tsv: peer, the name of a rule, how many cases of the standard run it explains at most, the clause, and why. A
rule is a function of the test. A row that explains nothing any more, or more than it says, fails the test: the list can only
shrink (0: too rare for the standard run). DIFFERENTIAL_CASES makes longer runs (there the numbers are not held), DIFFERENTIAL_SEED another seed."""
import json, os, subprocess, sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

from tap import PROGRAM, done, ok, skip  # noqa: E402

SEED = int(os.environ.get('DIFFERENTIAL_SEED', '1'))
NOW = 1700000000


def ours():
    return os.environ.get('SEKISHO') or PROGRAM


def cases_wanted(standard):
    return int(os.environ.get('DIFFERENTIAL_CASES') or standard)


def with_debian_python(module):
    """Peers are Debian packages: where this Python does not see them, Debian's own takes over. False: not installed."""
    try:
        __import__(module)
        return True
    except ImportError:
        pass
    if sys.executable != '/usr/bin/python3' and os.path.exists('/usr/bin/python3') and \
            subprocess.run(['/usr/bin/python3', '-c', 'import ' + module], capture_output=True).returncode == 0:
        os.execv('/usr/bin/python3', ['/usr/bin/python3', sys.argv[0]] + sys.argv[1:])
    return False


def ask_ours(verb, requests):
    """The replies of one process to all requests, in order."""
    lines = ''.join(json.dumps(dict(request, id=str(i))) + '\n' for i, request in enumerate(requests))
    r = subprocess.run([ours(), 'try', verb], input=lines.encode(), capture_output=True, timeout=600)
    replies = [json.loads(line) for line in r.stdout.splitlines()]
    if r.returncode != 0 or len(replies) != len(requests):
        raise SystemExit('Bail out! try %s: exit %d, %d of %d replies: %s' % (
            verb, r.returncode, len(replies), len(requests), r.stderr.decode('utf-8', 'replace')[-500:]))
    return replies


def explained(peer):
    rows = {}
    with open(os.path.join(HERE, 'explained.tsv'), encoding='utf-8') as file:
        for line in file:
            if line.strip() and not line.startswith('#'):
                name, rule, most, clause, why = line.rstrip('\n').split('\t')
                if name == peer:
                    rows[rule] = (int(most), clause, why)
    return rows


def judge(peer, rules, cases, standard):
    """cases: (request, our answer, the peer's). rules: name to function of (request, our answer, the peer's). Says what
    differs without an explanation, and, in the standard run, whether each explanation is still needed."""
    rows = explained(peer)
    used = dict.fromkeys(rows, 0)
    unknown = []
    equal = 0
    for case in cases:
        if case[1] == case[2]:
            equal += 1
            continue
        rule = next((name for name in rows if name in rules and rules[name](*case)), None)
        if rule is None:
            unknown.append(case)
        else:
            used[rule] += 1
    ok(not unknown, '%s: %d cases, %d equal, %d explained, %d not' % (
        peer, len(cases), equal, sum(used.values()), len(unknown)),
        '\n'.join('ours %s, theirs %s: %s' % (c[1], c[2], json.dumps(c[0])[:2000]) for c in unknown[:5]))
    ok(set(rows) <= set(rules), '%s: every explanation is a rule of the test' % peer, sorted(set(rows) - set(rules)))
    held = SEED == 1 and standard
    for name, (most, clause, why) in rows.items():
        if held:
            ok((used[name] > 0 or most == 0) and used[name] <= most, '%s: %s (%s) explains %d of at most %d: %s' % (peer, name, clause, used[name], most, why))
    return unknown
