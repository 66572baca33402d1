#!/usr/bin/env python3
"""The documents say what the program does: tools/check-docs, a statement for each of its checks, and a look whether
it would notice."""
import importlib.machinery, importlib.util, os, re

from tap import PROGRAM, ROOT, done, ok


def load(path):
    loader = importlib.machinery.SourceFileLoader('check_docs', os.path.join(ROOT, path))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader('check_docs', loader))
    loader.exec_module(module)
    return module


def main():
    check_docs = load('tools/check-docs')
    for name, wrong in check_docs.problems(PROGRAM).items():
        ok(not wrong, name, '\n'.join(wrong))

    true_read = check_docs.read
    for what, path, pattern, text, check in (
            ('a key that the page lost', 'man/sekisho.conf.5', r'\.It Ic listen .*\n', '', check_docs.check_keys),
            ('a default that the page has wrong', 'man/sekisho.conf.5', r'default 50M', 'default 51M', check_docs.check_keys),
            ('a command that the page lost', 'man/sekisho.8', r'\.Ss check\n', '', check_docs.check_commands),
            ('an option that does not exist', 'man/sekisho.8', r'\.It Fl -config', '.It Fl -konfig', check_docs.check_commands),
            ('a finding that changed', 'docs/FINDINGS.md', r'\| `\w+', '| `other', check_docs.check_findings),
            ('a link that leads nowhere', 'README.md', r'\]\(docs/', '](dogs/', check_docs.check_links),
            ('a proof that does not stand in its test', 'docs/THREATS.md', r'`: "', '`: "never ', check_docs.check_threats),
            ('a statement of a test that a fault of others lost', 'docs/PEERS.md', r'`: "', '`: "never ', check_docs.check_peers),
            ('a fault of others that was left out', 'docs/PEERS.md', r'\| class 17 \|', '| class 18 |', check_docs.check_peers),
            ('a target that make does not have', 'README.md', r'    make run', '    make ran', check_docs.check_readme)):
        altered = []

        def reads(asked):
            before = true_read(asked)
            if asked != path:
                return before
            after = re.sub(pattern, text, before, count=1)
            altered.append(after != before)
            return after
        check_docs.read = reads
        try:
            ok(check(PROGRAM) and any(altered), 'noticed: ' + what)
        finally:
            check_docs.read = true_read
    done()


if __name__ == '__main__':
    main()
