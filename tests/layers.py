#!/usr/bin/env python3
"""The locks that keep the road, each tried with a deliberate violation: a lock that was never seen to hold is none."""
import concurrent.futures, glob, json, os, re, shlex, shutil, subprocess, sys, tempfile

from tap import BUILD, ROOT, done, ok

FOLDERS = ['base', 'net', 'dns', 'store', 'arrive', 'permit', 'parse', 'open', 'trace', 'judge', 'decide', 'record', 'report',
           'sekisho']
EMPTY_FOLDER = 'sources = files(%s)\ntests = []\nfuzz = []\n'


def run(*command, cwd=None):
    done_run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=cwd, text=True, errors='replace')
    return done_run.returncode, done_run.stdout


class Tree:
    """A tree with our own meson files at the top and in src, and folders that hold only what a test puts there."""
    def __init__(self, place):
        self.place = place
        for path in ('meson.build', 'meson_options.txt', 'src/meson.build'):
            self.write(path, open(os.path.join(ROOT, path), encoding='utf-8').read())
        for entry in os.listdir(ROOT):
            if entry not in ('src', 'build', '.git') and not os.path.exists(self.at(entry)) \
                    and not entry.startswith('build-'):
                os.symlink(os.path.join(ROOT, entry), self.at(entry))
        for path in glob.glob(os.path.join(ROOT, 'src', 'base', '*')):
            name = os.path.basename(path)
            if name in ('closed.c', 'fuzz_replay.c') or name.endswith('.h'):
                os.makedirs(self.at('src/base'), exist_ok=True)
                shutil.copy(path, self.at('src/base'))
        for folder in FOLDERS:
            self.write('src/%s/meson.build' % folder, EMPTY_FOLDER % '')
        self.write('src/sekisho/main.c', 'int main(void) { return 0; }\n')
        self.write('src/sekisho/opener_main.c', 'int main(void) { return 0; }\n')

    def at(self, path):
        return os.path.join(self.place, path)

    def write(self, path, text):
        os.makedirs(os.path.dirname(self.at(path)) or self.place, exist_ok=True)
        with open(self.at(path), 'w', encoding='utf-8') as file:
            file.write(text)

    def sources(self, folder, *names):
        self.write('src/%s/meson.build' % folder, EMPTY_FOLDER % ', '.join("'%s'" % name for name in names))

    def alter(self, path, pattern, text):
        before = open(self.at(path), encoding='utf-8').read()
        after = re.sub(pattern, text, before, count=1, flags=re.M)
        self.write(path, after)
        return after != before

    def setup(self):
        shutil.rmtree(self.at('b'), ignore_errors=True)
        return run('meson', 'setup', 'b', cwd=self.place)

    def ninja(self):
        return run('ninja', '-k', '0', '-C', 'b', cwd=self.place)

    def check(self):
        return run(sys.executable, '-B', os.path.join(ROOT, 'tools', 'check-layers'), self.at('b'), self.place)


def test_rows(place):
    tree = Tree(place)
    status, output = tree.setup()
    ok(status == 0, 'the road as it stands is configured', output)
    ok(tree.alter('src/meson.build', r"\['parse',(\s*)\['base'", r"['parse',\1['base', 'trace'"), 'a row is altered')
    status, output = tree.setup()
    ok(status != 0 and 'parse may not read trace' in output, 'a row that names a later folder stops configuration', output)


def test_calls(place):
    tree = Tree(place)
    tree.sources('trace', 'late.c')
    tree.write('src/trace/late.c', 'int parse_early(void);\nint trace_late(void);\n'
                                   'int trace_late(void) { return parse_early(); }\n')
    tree.sources('parse', 'early.c')
    tree.write('src/parse/early.c', 'int parse_early(void);\nint parse_early(void) { return 1; }\n')
    tree.setup()
    status, output = tree.ninja()
    ok(status == 0, 'a call back along the road is built', output)
    tree.write('src/parse/early.c', 'int parse_early(void);\nint trace_late(void);\n'
                                    'int parse_early(void) { return trace_late(); }\n')
    status, output = tree.ninja()
    ok(status != 0 and 'undefined reference to `trace_late' in output and 'closed-parse' in output,
       'a call ahead, declared by hand, does not link', output)


def test_headers_read(place):
    tree = Tree(place)
    tree.sources('trace', 'late.c')
    tree.write('src/trace/late.h', '#pragma once\nint trace_late(void);\n')
    tree.write('src/trace/late_private.h', '#pragma once\nint trace_hidden(void);\n')
    tree.write('src/trace/late.c', '#include "trace/late.h"\n#include "trace/late_private.h"\n'
                                   'int trace_late(void) { return 1; }\nint trace_hidden(void) { return 1; }\n')
    tree.sources('parse', 'early.c')
    tree.sources('judge', 'later.c')
    good = 'int parse_early(void);\nint parse_early(void) { return 1; }\n'
    fine = 'int judge_later(void);\nint judge_later(void) { return 1; }\n'
    tree.write('src/parse/early.c', good)
    tree.write('src/judge/later.c', '#include "trace/late.h"\n' + fine)
    tree.setup()
    status, output = tree.ninja()
    ok(status == 0, 'the tree without a violation is built', output)
    status, output = tree.check()
    ok(status == 0, 'and check-layers finds nothing in it', output)
    tree.write('src/trace/late.h', '#pragma once\n#include "dns/far.h"\nint trace_late(void);\n')
    tree.write('src/dns/far.h', '#pragma once\nint dns_far(void);\n')
    tree.ninja()
    status, output = tree.check()
    ok(status == 0, 'nor in a type that is made of types from further back', output)
    for what, path, text, words in (
            ('a header from outside the row', 'src/judge/later.c', '#include "dns/far.h"\n' + fine, 'includes dns/far.h'),
            ('a header ahead', 'src/parse/early.c', '#include "trace/late.h"\n' + good, 'trace/late.h'),
            ('a private header of another folder', 'src/judge/later.c', '#include "trace/late_private.h"\n' + fine,
             'private to trace'),
            ('the resolver outside dns', 'src/judge/later.c', '#include <unbound.h>\n' + fine, 'libunbound'),
            ('the store outside store', 'src/judge/later.c', '#include <sqlite3.h>\n' + fine, 'sqlite3'),
            ('the pattern matcher outside judge', 'src/parse/early.c', '#include <hs/hs.h>\n' + good, 'libhs'),
            ('TLS in parse', 'src/parse/early.c', '#include <openssl/ssl.h>\n' + good, 'libssl'),
            ('JSON reading in judge', 'src/judge/later.c', '#include <jansson.h>\n' + fine, 'jansson')):
        kept = open(tree.at(path), encoding='utf-8').read()
        tree.write(path, text)
        status, output = tree.ninja()
        built = status == 0
        status, output = tree.check()
        ok(built and status != 0 and words in output, 'check-layers refuses ' + what, output)
        tree.write(path, kept)
    ok(tree.alter('src/meson.build', r"(\['report',\s*\[[^]]*\],\s*\[)", r"\1'sqlite3', "), 'a second door is opened')
    tree.setup()
    tree.ninja()
    status, output = tree.check()
    ok(status != 0 and 'only door' in output, 'check-layers refuses a second door to a store', output)


def compile_flags():
    """The project's own flags, of an object of base."""
    commands = json.load(open(os.path.join(BUILD, 'compile_commands.json'), encoding='utf-8'))
    entry = next(entry for entry in commands if entry['file'].endswith('src/base/bytes.c'))
    return [word for word in shlex.split(entry['command'])[1:]
            if word.startswith(('-W', '-std', '-D', '-f')) and word != '-Werror']


def compiles(text, flags, *extra):
    command = ['gcc', *flags, *extra, '-I' + os.path.join(ROOT, 'src'), '-x', 'c', '-fsyntax-only', '-']
    done_run = subprocess.run(command, input=text, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done_run.returncode == 0, done_run.stdout


def test_headers_alone(flags):
    libraries = subprocess.run(['pkg-config', '--cflags', 'libevent', 'libssl', 'libhs', 'jansson', 'sqlite3', 'libpsl'],
                               stdout=subprocess.PIPE, text=True).stdout.split()
    headers = sorted(os.path.relpath(path, os.path.join(ROOT, 'src'))
                     for path in glob.glob(os.path.join(ROOT, 'src', '*', '**', '*.h'), recursive=True))

    def alone(header):
        return header, compiles('#include "%s"\n#include "%s"\n' % (header, header), flags, '-Werror',
                                '-Wno-unused-function', *libraries)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        for header, (good, output) in pool.map(alone, headers):
            ok(good, 'compiles alone, and twice: ' + header, output)


def test_banned(flags):
    text = open(os.path.join(ROOT, 'src', 'base', 'banned.h'), encoding='utf-8').read()
    names = " ".join(re.findall(r"#pragma GCC poison ((?:.*\\\n)*.*)", text)).replace("\\", " ").split()
    ok(len(names) >= 15, 'there are banned functions')
    for name in names:
        good, output = compiles('#include "base/bytes.h"\nint f(void);\nint f(void) { return %s != 0; }\n' % name, flags)
        ok(not good and 'poisoned' in output, 'refused: ' + name, output)
    good, output = compiles('#include "base/bytes.h"\nint f(void);\nint f(void) { return memcpy != 0; }\n', flags,
                            '-Wno-address')
    ok(good, 'what is not banned is compiled', output)


def test_results(flags):
    text = '#include "base/why.h"\nvoid f(struct why *w);\nvoid f(struct why *w) { %swhy_set(w, SK_BAD, "x"); }\n'
    good, output = compiles(text % '', flags, '-Werror')
    ok(not good and 'nodiscard' in output, 'an ignored sk_code is an error where warnings are errors', output)
    good, output = compiles(text % '(void)', flags, '-Werror')
    ok(good, 'one that is dropped in so many words is not', output)


def main():
    for test in (test_rows, test_calls, test_headers_read):
        with tempfile.TemporaryDirectory(prefix='sekisho-layers-') as place:
            test(place)
    status, output = run(sys.executable, '-B', os.path.join(ROOT, 'tools', 'check-layers'), BUILD)
    ok(status == 0, 'the program as it was built keeps the road', output)
    flags = compile_flags()
    test_headers_alone(flags)
    test_banned(flags)
    test_results(flags)
    done()


if __name__ == '__main__':
    main()
