"""What the differential tests share, and a run of all of them over many seeds.

    python3 tests/differential/differential.py --seeds 1-20    (SEKISHO: the program, if it is not build/sekisho)

Each test (beside_*.py) makes cases from a seed, asks ours (`sekisho try`) and a peer, and compares. A difference must be explained:
its cause, found for that very case, is one or more rules of the test, and each rule is a row of explained.tsv: peer, rule, how
many cases it explains at most in the standard run (seed 1), the clause, and why. What has no cause fails. In the standard run (the
one of `make test SUITE=differential`, under a minute) so does a row that explains more than it says, or nothing (0: too rare for one
seed); over many seeds a row that explains nothing in any of them: the list can only shrink. DIFFERENTIAL_SEED is another seed,
DIFFERENTIAL_CASES another number of cases (there the numbers are not held)."""
import collections, json, os, subprocess, sys

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


def judge(peer, rules, cause, cases, standard):
    """cases: (request, our answer, the peer's). cause: a function of these that gives the names of the rules by which a
    difference came about, [] for unknown. Says what differs without an explanation, and, in the standard run, whether each
    explanation is still needed."""
    rows = explained(peer)
    used = collections.Counter()
    unknown = []
    equal = 0
    for case in cases:
        if case[1] == case[2]:
            equal += 1
            continue
        names = cause(*case)
        if not names or not set(names) <= set(rows):
            unknown.append(case + (names,))
        for name in set(names):
            used[name] += 1
    ok(not unknown, '%s: %d cases, %d equal, %d explained, %d not' % (
        peer, len(cases), equal, len(cases) - equal - len(unknown), len(unknown)),
        '\n'.join('ours %s, theirs %s, by %s: %s' % (c[1], c[2], c[3], json.dumps(c[0])[:3000]) for c in unknown[:8]))
    ok(set(rows) == set(rules), '%s: every explanation is a rule of the test, every rule has its words' % peer, sorted(set(rows) ^ set(rules)))
    print('# used %s %d %d %s' % (peer, len(cases), equal, json.dumps(used)))
    if SEED == 1 and standard:
        for name, (most, clause, why) in rows.items():
            ok((used[name] > 0 or most == 0) and used[name] <= most, '%s: %s (%s) explains %d of at most %d: %s' % (peer, name, clause, used[name], most, why))
    return unknown


def seeds_of(text):
    """"1-3,7": 1, 2, 3, 7."""
    seeds = []
    for piece in text.split(','):
        first, dash, last = piece.partition('-')
        seeds += range(int(first), int(last if dash else first) + 1)
    return seeds


def run_seeds(seeds):
    """All tests with each seed, one after the other. Their sums are told; what was not explained, and rows that none needed, fail."""
    cases, equal, used = (collections.Counter() for _ in range(3))
    tests = sorted(name for name in os.listdir(HERE) if name.startswith('beside_') and name.endswith('.py'))
    for seed in seeds:
        for test in tests:
            r = subprocess.run([sys.executable, os.path.join(HERE, test)], capture_output=True, text=True,
                               env=dict(os.environ, DIFFERENTIAL_SEED=str(seed)))
            wrong = [line for line in r.stdout.splitlines() if line.startswith('not ok')]
            ok(r.returncode == 0 and not wrong, 'seed %d: %s' % (seed, test), '\n'.join(wrong) or r.stdout[-2000:] + r.stderr[-2000:])
            for line in r.stdout.splitlines():
                if line.startswith('# used '):
                    peer, count, same, rules = line[len('# used '):].split(' ', 3)
                    cases[peer] += int(count)
                    equal[peer] += int(same)
                    used.update({(peer, rule): n for rule, n in json.loads(rules).items()})
    for peer in cases:
        print('# %s: %d cases, %d equal' % (peer, cases[peer], equal[peer]))
        for rule in explained(peer):
            ok(used[peer, rule] > 0, '%s: %s explains %d' % (peer, rule, used[peer, rule]))
    done()


if __name__ == '__main__':
    if len(sys.argv) != 3 or sys.argv[1] != '--seeds':
        raise SystemExit('usage: differential.py --seeds 1-20')
    run_seeds(seeds_of(sys.argv[2]))
