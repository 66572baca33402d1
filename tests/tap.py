"""TAP for tests in Python: ok(), skip(), done()."""
import os, sys

ROOT = os.environ.get('SEKISHO_SOURCE') or os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.environ.get('SEKISHO_BUILD') or os.path.join(ROOT, 'build')
PROGRAM = os.path.join(BUILD, 'sekisho')
count = failures = 0


def ok(good, name, why=''):
    global count, failures
    count += 1
    failures += not good
    print('%s %d - %s' % ('ok' if good else 'not ok', count, name))
    if not good:
        for line in str(why).rstrip().splitlines()[-40:]:
            print('#   ' + line)
    sys.stdout.flush()
    return good


def skip(name, why):
    global count
    count += 1
    print('ok %d - %s # SKIP %s' % (count, name, why), flush=True)


def done():
    print('1..%d' % count, flush=True)
    sys.exit(1 if failures else 0)
