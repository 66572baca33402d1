#!/usr/bin/env python3
"""Every finding names the bytes that it rests on: over all of samples/ja and over messages made to be malformed, nothing that is said of the
message itself stands without its place in it, and the place holds what it speaks of. What the connection, the envelope and the DNS say
stands in no message."""
import base64, collections, csv, json, os, subprocess, tempfile

from checkpoint import PROGRAM, ROOT, done, ok

SAMPLES = os.path.join(ROOT, 'samples', 'ja')
ELSEWHERE = ('spf_', 'iprev_', 'helo_', 'source_', 'listed_', 'batv_', 'dynamic_', 'dns_', 'leaving')

# name of a finding, what stands where it points, the message
MADE = (
    ('field_twice', b'Subject: second', b'From: a@one.example\r\nSubject: first\r\nSubject: second\r\n\r\ntext\r\n'),
    ('from_several', b'From: a@one.example, b@two.example', b'From: a@one.example, b@two.example\r\nSubject: x\r\n\r\ntext\r\n'),
    ('from_name_address', b'From: "service@bank.example.com" <a@one.example>',
     b'Subject: x\r\nFrom: "service@bank.example.com" <a@one.example>\r\n\r\ntext\r\n'),
    ('password_form', b'<form action', b'From: a@one.example\r\nContent-Type: text/html\r\n\r\n<p>x</p><form action="https://two.example/"><input type=password></form>\r\n'),
    ('mime_broken', b'dGV4', b'From: a@one.example\r\nContent-Transfer-Encoding: base64\r\n\r\n' + base64.b64encode(b'text ' * 9) + b'\r\n!!!!$$$$%%%%&&&&\r\n'),
    ('attachment_program', b'TVqQ', b'From: a@one.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nsee\r\n--b\r\n'
     b'Content-Type: application/octet-stream; name=invoice.exe\r\nContent-Transfer-Encoding: base64\r\n\r\nTVqQAAMAAAAEAAAA//8AALgAAAA=\r\n--b--\r\n'),
    ('law_sender_name', '無料'.encode(), 'From: =?utf-8?B?5bqX?= <a@one.example>\r\nList-Unsubscribe: <https://one.example/u>\r\nPrecedence: bulk\r\n'
     'MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n'
     'Subject: =?utf-8?B?54Sh5paZ44Kt44Oj44Oz44Oa44O844Oz?=\r\n\r\n今だけ無料、全品半額のキャンペーン！今すぐお申し込みください。配信停止はこちら https://one.example/u\r\n'.encode()),
)


def checked(paths):
    out = []
    for i in range(0, len(paths), 200):
        r = subprocess.run([PROGRAM, 'check', '--offline', '--json'] + paths[i:i + 200], capture_output=True)
        out += [json.loads(line)['opinion']['findings'] for line in r.stdout.splitlines()]
    return out


def placeless(findings, size):
    return [f['name'] for f in findings if not f['name'].startswith(ELSEWHERE) and not 0 <= f.get('from', -1) < f.get('to', -1) <= size]


def main():
    with open(os.path.join(SAMPLES, 'index.tsv'), newline='') as f:
        paths = [os.path.join(SAMPLES, r['path']) for r in csv.DictReader(f, delimiter='\t', quoting=csv.QUOTE_NONE)]
    all_found = checked(paths)
    without = collections.Counter(name for path, found in zip(paths, all_found) for name in placeless(found, os.path.getsize(path)))
    kinds = {f['name'] for found in all_found for f in found}
    ok(len(all_found) == len(paths) > 900 and not without, '%d findings of %d kinds in %d letters: each names its bytes' %
       (sum(map(len, all_found)), len(kinds), len(paths)), without.most_common(9))
    with tempfile.TemporaryDirectory() as folder:
        for i, (name, stands, message) in enumerate(MADE):
            path = os.path.join(folder, '%d.eml' % i)
            with open(path, 'wb') as f:
                f.write(message)
            found = checked([path])[0]
            spans = [message[f.get('from', 0):f.get('to', 0)] for f in found if f['name'] == name]
            ok(len(spans) == 1 and stands in spans[0], '%s points at %s' % (name, stands.decode()), spans or [f['name'] for f in found])
            ok(not placeless(found, len(message)), 'and the others beside it point somewhere', placeless(found, len(message)))


if __name__ == '__main__':
    main()
    done()
