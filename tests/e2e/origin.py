#!/usr/bin/env python3
"""The origin statement: of files, of the record, and as the picture of the road in the console, looked at in a real
Chromium (pictures in build/console-pictures)."""
import json
import os
import re
import subprocess
import unicodedata

import browser
import console
from checkpoint import Checkpoint, ROOT, done, ok, run, skip

ZONE = {
    'example.com': {'TXT': ['v=spf1 ip4:11.22.33.0/24 -all']},
    '_dmarc.example.com': {'TXT': ['v=DMARC1; p=none']},
    '1.2.153.114.in-addr.arpa': {'PTR': ['p1234-ipngn.tokyo.ocn.ne.jp']},
    'p1234-ipngn.tokyo.ocn.ne.jp': {'A': ['114.153.1.2']},
    '2.1.153.114.in-addr.arpa': {'PTR': ['p1234-ipngn.tokyo.ocn.ne.jp']},
    '44.33.22.11.in-addr.arpa': {'PTR': ['mail.example.com']},
    'mail.example.com': {'A': ['11.22.33.44']},
}
RECEIVED = ('Received: from pc.example (p1234-ipngn.tokyo.ocn.ne.jp [114.153.1.2])\r\n\tby relay.example.jp (Postfix) with ESMTP id RELAY7;\r\n'
            '\tSun, 22 Nov 2026 10:00:02 +0900\r\n')
CLAIMED = ('Received: from innocent.example (innocent.example [55.66.77.88])\r\n\tby pc.example with HTTP id CLAIM9;\r\n'
           '\tSun, 22 Nov 2026 10:00:01 +0900\r\nX-Originating-IP: [77.1.1.1]\r\n')
REST = 'From: Taro <taro@example.com>\r\nTo: user@rcpt.example\r\nSubject: x\r\nMessage-ID: <mid-1@example.com>\r\n\r\nhello\r\n'
EVIL = '\u202e\u2066gnp.exe\x1b[31m\u300d"</text><script>window.pwned=1</script>'
NEVER = {'ja': 'アドレスは人ではありません', 'en': 'An address is not a person'}
ACCUSING = re.compile('犯人|本人|が送った|が送信した|容疑者|sent by|the sender|culprit|perpetrator|suspect')


def names(lines):
    return [line['name'] for line in lines]


def parts(statement):
    return {s['name']: s for s in statement['sections']}


def flat(text, language):
    """Without the line ends that wrapping made."""
    return re.sub(r'\n\s*(?:[\u2502\u2503\u2506] )?', '' if language == 'ja' else ' ', text)


def width(line):
    return sum(2 if unicodedata.east_asian_width(c) in 'WF' else 1 for c in line)


def origin(folder, *arguments, data=None, zone=True):
    options = ['--dns', os.path.join(folder, 'zone.json')] if zone else []
    return run('origin', *arguments, *options, input=data)


def of_files(folder):
    with open(os.path.join(folder, 'zone.json'), 'w') as f:
        json.dump(ZONE, f)
    path = os.path.join(folder, 'line.eml')
    with open(path, 'wb') as f:
        f.write((RECEIVED + CLAIMED + REST).encode())
    for language in ('ja', 'en'):
        r = origin(folder, '--lang', language, '--mail-from', 'taro@example.com', path)
        text = flat(r.stdout.decode(), language)
        ok(r.returncode == 0 and NEVER[language] in text and not ACCUSING.search(text), 'of a file, in %s: an address is not a person' % language, r.stdout.decode())
        ok('RELAY7' in text and '2026-11-22T10:00:02+09:00 = 2026-11-22T01:00:02Z' in r.stdout.decode() and 'mid-1@example.com' in text,
           'whom to ask, with the queue id, the time in its zone and in UTC, the Message-ID', text)
        ok('2027-02-20' in text and '2027-05-21' in text and '2026-12-20' in text, 'until when: 90 and 180 days for carriers, 28 for servers', text)
        long = [line for line in r.stdout.decode().splitlines() if width(line) > 80 and '\u256a' not in line]
        ok(not long, 'no line is wider than a desk', long)
        marks = [text.index(mark) for mark in ('\u25cb', '\u25cf', '\u256a', '\u25c6')]
        ok(marks == sorted(marks), 'the road is drawn: claimed, source, border, this checkpoint')
    r = origin(folder, '--json', path)
    j = json.loads(r.stdout)
    ok(j['grade']['letter'] == 'C' and names(j['grade']['reasons']) == ['reason_no_domain', 'reason_name'], 'the grade and its reasons as JSON', j['grade'])
    ok([s['kind']['name'] for s in j['road']['stations']] == ['station_form', 'station_claimed', 'station_source', 'station_us'], 'the stations', j['road'])
    ok([s.get('vouch', {}).get('name') for s in j['road']['stations']] == ['claimed_only', 'fits', 'trusted', None], 'who vouches for each')
    ok({'e_remote', 'e_shared_line', 'e_form', 'e_from', 'e_hops', 'e_client'} <= set(names(j['explanations']['lines'])), 'explanations that fit', j['explanations'])
    ok({'u_file', 'u_top'} <= set(names(parts(j)['unknown']['lines'])) and names(parts(j)['unknown']['lines'])[0] == 'u_operator', 'unknown: who operated it, and whether the file is as it was')
    again = origin(folder, '--json', '-', data=open(path, 'rb').read())
    ok(again.stdout == r.stdout, 'the same from standard input')
    trusted = json.loads(origin(folder, '--json', '--trusted', '114.153.1.0/24', path).stdout)
    ok([s['kind']['name'] for s in trusted['road']['stations']][1:3] == ['station_source', 'station_trusted'], '--trusted moves the border', trusted['road'])
    direct = json.loads(origin(folder, '--json', '--ip', '11.22.33.44', '--mail-from', 'a@example.com', '--helo', 'mail.example.com',
                               '--now', '2026-11-22T12:00:00+09:00', path).stdout)
    ok(direct['grade']['letter'] == 'A' and names(direct['grade']['reasons']) == ['reason_spf'] and 'e_shared_spf' in names(direct['explanations']['lines'])
       and direct['arrived'] == 1795316400 and names(parts(direct)['proved']['lines'])[0] == 'p_told' and direct['road']['stations'][-2]['vouch']['name'] == 'told', 'grade A by SPF alone, and what that leaves open', direct['grade'])
    offline = json.loads(run('origin', '--offline', '--json', '--ip', '11.22.33.44', path).stdout)
    ok(offline['grade']['letter'] == 'D' and 'u_dns' in names(parts(offline)['unknown']['lines']) and 'u_time' in names(parts(offline)['unknown']['lines']),
       'offline: what needs the DNS is unknown, and so is the time of arrival', parts(offline)['unknown'])
    for arguments, status in (((), 2), ((path, path), 2), (('--now', 'yesterday', path), 2), (('--zone', 'JST', path), 2), (('--ip', 'x', path), 2),
                              (('--trusted', 'x', path), 78), ((path + '.not',), 66)):
        r = origin(folder, *arguments)
        ok(r.returncode == status and r.stderr and not r.stdout, 'status %d: %s' % (status, ' '.join(arguments) or 'nothing named'), r.stderr)


def hostile(folder):
    data = (RECEIVED.replace('pc.example', 'x' + EVIL).replace('relay.example.jp', EVIL) + CLAIMED.replace('innocent.example', EVIL)
            + REST.replace('mid-1', EVIL).replace('X-Orig', 'X-Orig')).encode()
    for language in ('ja', 'en'):
        r = origin(folder, '--lang', language, '--helo', EVIL, '--mail-from', EVIL, '-', data=data)
        text = r.stdout.decode()
        bad = [c for c in text if (unicodedata.category(c) in ('Cc', 'Cf') and c != '\n')]
        ok(r.returncode == 0 and not bad, 'hostile text, %s: no control, no mark of direction' % language, [hex(ord(c)) for c in bad])
    r = origin(folder, '--json', '--helo', EVIL, '--mail-from', EVIL, '-', data=data)
    ok(b'<' not in r.stdout and json.loads(r.stdout)['always'], 'nor markup in the JSON', r.stdout[:300])


def recorded_as(c, message, sender):
    answer = console.send(c, message, sender=sender)
    ok(answer[0] == 250, 'a message is taken', answer)
    found = console.until(lambda: [m for m in map(json.loads, c.command('search', '--json', '--limit', '5').stdout.splitlines()) if m['from'] == sender.decode()])
    return found[0]['id']


def of_record(c, folder):
    message = (RECEIVED + CLAIMED + REST).encode()
    number = recorded_as(c, message, b'taro@example.com')
    r = c.command('origin', '--json', number)
    recorded = json.loads(r.stdout)
    now = '%sZ' % __import__('datetime').datetime.utcfromtimestamp(recorded['arrived']).isoformat()
    with open(os.path.join(folder, 'sent.eml'), 'wb') as f:
        f.write(message)
    r = run('origin', '--config', c.conf, '--dns', os.path.join(folder, 'zone.json'), '--json', '--ip', '127.0.0.1', '--helo', 'client.example',
            '--mail-from', 'taro@example.com', '--now', now, os.path.join(folder, 'sent.eml'))
    made = json.loads(r.stdout)
    for what in ('grade', 'arrived'):
        ok(recorded[what] == made[what], 'record and file say the same: ' + what, (recorded[what], made[what]))
    for name in ('proved', 'claimed'):
        ok(parts(recorded)[name] == parts(made)[name], 'record and file say the same: ' + name, (parts(recorded)[name], parts(made)[name]))
    ok([s['kind'] for s in recorded['road']['stations']] == [s['kind'] for s in made['road']['stations']]
       and [s.get('place') for s in recorded['road']['stations']] == [s.get('place') for s in made['road']['stations']]
       and recorded['road']['stations'][:-2] == made['road']['stations'][:-2], 'the same road')
    ok([e['ja'] for e in recorded['explanations']['lines']] == [e['ja'] for e in made['explanations']['lines']], 'the same explanations')
    ok(set(names(parts(made)['unknown']['lines'])) - set(names(parts(recorded)['unknown']['lines'])) == {'u_file'}, 'only a file may have been altered')
    whom = [q['whom']['name'] for q in recorded['questions']['lines']]
    ok(whom[0] == 'q_self' and 'q_own_server' in whom and 'mid-1@example.com' in json.dumps(recorded['questions']), 'keep the record first, then ask', whom)
    text = c.command('origin', '--lang', 'ja', number).stdout.decode()
    ok(number in flat(text, 'ja') and NEVER['ja'] in flat(text, 'ja'), 'in words', text)
    r = c.command('origin', '0Kx00000000000000000')
    ok(r.returncode == 1 and r.stderr and not r.stdout, 'an id that is not there', r.stderr)
    return number


def of_hostile_record(c):
    data = (RECEIVED + CLAIMED.replace('innocent.example', 'x' + EVIL.replace('\r', '')).replace('CLAIM9', 'ID' + EVIL) + REST).encode()
    return recorded_as(c, data, b'hostile@example.com')


def drawn(p, number, name):
    b = p.b
    p.go('message/' + number)
    b.until(lambda: b.has('svg.road-picture') and b.has('.statement'))
    svg = b.find('svg.road-picture')
    ok(svg.role in ('img', 'image', 'graphics-document') and svg.label, '%s: the picture has a role and a name for screen readers' % name, (svg.role, svg.label))
    what = b.run('''const svg = document.querySelector('svg.road-picture');
      const of = (name) => svg.querySelectorAll(name).length;
      return {title: svg.querySelector('title').textContent, desc: svg.querySelector('desc').textContent, sure: of('.road-sure'), word: of('.road-word'), fits: of('.road-fits'),
        gates: of('.road-gate'), script: document.querySelectorAll('main script').length, text: svg.textContent, list: [...document.querySelectorAll('ol.road li')].map((li) => li.textContent),
        wide: [...svg.querySelectorAll('text')].filter((t) => t.getBBox().x + t.getBBox().width > 622).map((t) => t.textContent)}''')
    stations = what['list']
    ok(what['title'] and what['desc'] and len(stations) == 5 and what['sure'] == 2 and what['word'] + what['fits'] == 2 and what['gates'] == 2,
       '%s: five stations, whole and broken lines, the gate of the border and ours' % name, what)
    ok(all(words in what['text'] for words in {'ja': ('信頼の境', '相手の言い分', '信頼するサーバー'), 'en': ('Border of trust', "other side's word", 'a server we trust')}[p.language]),
       '%s: what the lines mean stands there in words' % name, what['text'])
    ok(not what['wide'], '%s: no text runs out of the picture' % name, what['wide'])
    ok(what['script'] == 0, '%s: no element of the mail\'s' % name)
    text = b.text('.statement')
    ok(NEVER[p.language] in text and not ACCUSING.search(text), '%s: the statement beside it' % name, text[:500])
    p.look(name)
    p.untouched(name)
    b.run('document.querySelector("svg.road-picture").scrollIntoView()')
    b.find('svg.road-picture').picture(os.path.join(console.PICTURES, '%s-picture-%s.png' % (name, p.language)))


def in_browser(c, number, evil):
    console.account(c, 'add', 'hanako', '--role', 'operator', password=console.PASSWORDS['hanako'])
    for language, dark in (('ja', False), ('en', True)):
        with browser.Browser(language=language, dark=dark) as b:
            p = console.Pages(b, c, language)
            b.open(p.url)
            p.sign_in('hanako')
            b.until(lambda: b.has('.status'))
            drawn(p, number, 'origin')
            drawn(p, evil, 'origin-hostile')
            if language == 'ja':
                b.size(320, 700)
                p.look('origin-narrow')
                ok(not b.find('svg.road-picture').shown and b.find('ol.road').shown, 'on a narrow screen the list stands in place of the picture')


def main():
    made = subprocess.run([os.path.join(ROOT, 'tools', 'make-console'), console.CONSOLE], capture_output=True, text=True, timeout=300)
    extra = '[trace]\ntrusted = 127.0.0.0/8\n'
    with Checkpoint(extra=extra, zone=ZONE) as c:
        of_files(c.folder)
        hostile(c.folder)
        number = of_record(c, c.folder)
        evil = of_hostile_record(c)
        if browser.missing() or not os.path.exists(os.path.join(console.CONSOLE, 'lib', 'preact.js')):
            skip('the picture of the road', browser.missing() or made.stderr.strip() or 'the libraries of the console are not there')
        else:
            in_browser(c, number, evil)
        ok('Traceback' not in c.log_text() and 'assertion' not in c.log_text(), 'no process failed', c.log_text()[-1500:])
    done()


if __name__ == '__main__':
    main()
