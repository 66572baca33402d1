#!/usr/bin/env python3
"""How real mail is read, beside GMime and Python's email: the leaves of each message, their types, and their decoded bytes.

The mail is not part of the project: what lies in ../shared/corpora beside the checkout, and the SpamAssassin corpus where
tools/fetch-corpus brought it; without both this is skipped. Differences are explained as those of the other tests (explained.tsv): a
cause is looked for in the very part that differs. Python's email finds the raw part for that; that ours and the peer mean the same
part is seen from the trees, which must be the same then."""
import base64, collections, email, glob, hashlib, json, os, quopri, re, subprocess, tarfile, tempfile

import differential
from differential import done, judge, ok, ours, skip
from tap import ROOT

ARCHIVES = os.path.join(ROOT, '..', 'shared', 'corpora')
ASSASSIN = os.path.join(ROOT, 'build', 'corpora', 'spam-assassin', 'package', 'data')
TOOL = os.path.join(ROOT, 'build', 'gmime_leaves')
RAW = {}  # name: bytes
RULES = {
    'gmime': ('blanks_at_line_end', 'broken_escape', 'broken_base64', 'unreadable_type'),
    'python_email': ('blanks_at_line_end', 'broken_escape', 'broken_base64', 'unreadable_type', 'report_fields', 'no_boundary', 'unended',
                     'blank_after_encoding'),
}


def mails():
    for name in ('ja-unwanted', 'list-ham', 'list-spam'):
        path = os.path.join(ARCHIVES, name + '.tar.xz')
        if os.path.exists(path):
            with tarfile.open(path) as archive:
                for member in archive:
                    if member.name.endswith('.eml'):
                        yield name + '/' + os.path.basename(member.name), archive.extractfile(member).read()
    for path in sorted(glob.glob(ASSASSIN + '/*/*.txt')):
        with open(path, 'rb') as file:
            yield 'spam-assassin/' + os.path.basename(path), file.read()


def ours_read(messages):
    """The leaves of each message; written through a pipe while it is read, for the mail is large."""
    with tempfile.TemporaryFile() as answers:
        process = subprocess.Popen([ours(), 'try', 'mime'], stdin=subprocess.PIPE, stdout=answers)
        for number, (_, raw) in enumerate(messages):
            process.stdin.write(json.dumps({'id': str(number), 'message_b64': base64.b64encode(raw).decode()}).encode() + b'\n')
        process.stdin.close()
        if process.wait() != 0:
            raise SystemExit('Bail out! try mime ended with %d' % process.returncode)
        answers.seek(0)
        return [flat(json.loads(line)['body'], []) for line in answers]


def flat(part, leaves):
    if part['type'].startswith('multipart/'):
        for inner in part.get('parts', []):
            flat(inner, leaves)
    elif part.get('message'):
        flat(part['message']['body'], leaves)
    else:
        leaves.append((part['type'], part['size'], part['sha256']))
    return leaves


def gmime_read(messages):
    with tempfile.TemporaryDirectory() as folder:
        names = []
        for number, (_, raw) in enumerate(messages):
            names.append(os.path.join(folder, str(number)))
            with open(names[-1], 'wb') as file:
                file.write(raw)
        out = subprocess.run([TOOL], input=''.join(n + '\n' for n in names).encode(), stdout=subprocess.PIPE, check=True).stdout
    found = {}
    for line in out.decode('utf-8', 'replace').splitlines():
        if line.startswith('\t'):
            _, kind, size, digest = line.split('\t')
            found[number].append((kind, int(size), digest))
        else:
            number = int(os.path.basename(line.split('\t')[0]))
            found[number] = []
    return [found[n] for n in range(len(names))]


def parts_of(raw):
    return [part for part in email.message_from_bytes(raw).walk() if not part.is_multipart()]


def raw_body(part):
    body = part._payload
    return body.encode('utf-8', 'surrogateescape') if isinstance(body, str) else b''


def python_read(raw):
    leaves = []
    for part in parts_of(raw):
        body = part.get_payload(decode=True) or b''
        leaves.append((part.get_content_type(), len(body), hashlib.sha256(body).hexdigest()))
    return leaves


def cause_of_leaf(part, mine, theirs, raw):
    encoding = (part['content-transfer-encoding'] or '').strip().lower()
    body = raw_body(part)
    if str(part['content-transfer-encoding']).endswith((' ', '\t')) and theirs[2] == hashlib.sha256(body).hexdigest():
        return 'blank_after_encoding'
    if mine[0] != theirs[0]:
        field = str(part['content-type'])
        return 'unreadable_type' if not re.match(r'\s*[\w.+-]+/[\w.+-]+\s*(;|$)', field) else None
    if encoding == 'quoted-printable':
        if re.search(rb'=(?![0-9A-Fa-f]{2}|[ \t]*\r?\n|[ \t]*$)', body):
            return 'broken_escape'
        clean = quopri.decodestring(re.sub(rb'[ \t]+(\r?\n|$)', rb'\1', body))
        return 'blanks_at_line_end' if hashlib.sha256(clean).hexdigest() == mine[2] else None
    if encoding == 'base64':
        letters = re.sub(rb'\s', b'', body)
        return 'broken_base64' if len(letters) % 4 or re.search(rb'[^A-Za-z0-9+/=]|=[^=]', letters) else None
    return 'unended' if body and mine[1] - theirs[1] in (1, 2) and raw.endswith(b'\n') and theirs[0].startswith('text/') else None


def cause(request, mine, theirs):
    raw = RAW[request['name']]
    if request['peer'] == 'python_email' and re.search(rb'(?i)content-type:\s*message/(delivery-status|disposition-notification)', raw):
        return ['report_fields']
    if [leaf[0] for leaf in mine] != [leaf[0] for leaf in theirs]:
        top = email.message_from_bytes(raw)
        if top.get_content_maintype() == 'multipart' and (not top.get_boundary() or not mine):
            return ['no_boundary']
        if any(not re.match(r'\s*[\w.+-]+/[\w.+-]+\s*(;|$)', str(p['content-type'])) for p in top.walk() if p['content-type']):
            return ['unreadable_type']
        return []
    parts = parts_of(raw)
    if len(parts) != len(mine):
        return []
    causes = {cause_of_leaf(p, a, b, raw) for p, a, b in zip(parts, mine, theirs) if a != b}
    return [] if None in causes else sorted(causes)


def compare(peer, messages, mine, theirs, whole):
    cases = [({'peer': peer, 'name': name}, a, b) for (name, _), a, b in zip(messages, mine, theirs)]
    judge(peer, RULES[peer], cause, cases, whole)


def build_tool():
    flags = subprocess.run(['pkg-config', '--cflags', '--libs', 'gmime-3.0'], capture_output=True, text=True)
    if flags.returncode != 0:
        return False
    os.makedirs(os.path.dirname(TOOL), exist_ok=True)
    subprocess.run(['cc', '-O2', '-o', TOOL, os.path.join(differential.HERE, 'gmime_leaves.c')] + flags.stdout.split(), check=True)
    return True


def main():
    messages = list(mails())
    RAW.update(messages)
    kinds = collections.Counter(name.split('/')[0] for name, _ in messages)
    if not messages:
        skip('real mail beside GMime and Python', 'no ../shared/corpora beside this checkout, and no SpamAssassin corpus (tools/fetch-corpus)')
        done()
    whole = len(kinds) == 4
    mine = ours_read(messages)
    ok(len(mine) == len(messages), '%d messages are read: %s' % (len(messages), ', '.join('%s %d' % k for k in sorted(kinds.items()))))
    compare('python_email', messages, mine, [python_read(raw) for _, raw in messages], whole)
    if build_tool():
        compare('gmime', messages, mine, gmime_read(messages), whole)
    else:
        skip('beside GMime', 'libgmime-3.0-dev is not installed')
    done()


if __name__ == '__main__':
    main()
