#!/usr/bin/env python3
"""POST /v1/text: a board's post is judged, recorded and alarmed like a message; what is no text is refused in words."""
import json
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from checkpoint import Checkpoint, done, ok

THREAT = '明日の15時34分に若葉市役所を爆破する。爆弾は三つ仕掛けた。必ず実行する。'
CALM = '次の例会は来週の月曜です。会場は公民館、資料は当日配ります。'
LIMIT = 262144


class Hook:
    """A receiver of web hooks."""

    def __init__(self):
        self.got = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                outer.got.append(json.loads(self.rfile.read(int(self.headers['Content-Length']))))
                self.send_response(200)
                self.send_header('Content-Length', '0')
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.url = 'http://127.0.0.1:%d/in' % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def post(c, body, kind='text/plain; charset=utf-8', **fields):
    """(status, reply)"""
    body = body if isinstance(body, bytes) else body.encode()
    request = urllib.request.Request('http://127.0.0.1:%d/v1/text' % c.http_port, body, dict(fields, **{'Content-Type': kind}))
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as problem:
        return problem.code, json.loads(problem.read())


def as_json(**members):
    return json.dumps(members, ensure_ascii=False)


def wait(condition, seconds=20):
    end = time.time() + seconds
    while time.time() < end and not condition():
        time.sleep(.05)
    return bool(condition())


def threats(hook):
    with Checkpoint(extra='[alarm]\nwebhook = %s\n' % hook.url) as c:
        status, j = post(c, CALM)
        ok(status == 200 and 'threat' not in j and j.get('category') not in (None, 'threat'), 'a calm post is calm', (status, j))
        status, j = post(c, THREAT)
        threat = j.get('threat', {})
        ok(status == 200 and j.get('category') == 'threat' and threat.get('kind') == 'bomb', 'a threat on a board is one', (status, j))
        ok(threat.get('target') == '若葉市役所' and threat.get('means') == '爆弾' and threat.get('when') == '明日の15時34分',
           'with whom, when and by what means', threat)
        ok(threat.get('when_from', '').endswith(':34:00Z') and threat.get('severity') == 5, 'resolved, and grave', threat)
        ok(wait(lambda: hook.got), 'the alarm fires from a board post', c.log_text()[-2000:])
        alarm = hook.got[0] if hook.got else {}
        data = alarm.get('data', {})
        ok(data.get('threat') == 'bomb' and data.get('threat_target') == '若葉市役所' and data.get('threat_when') == '明日の15時34分',
           'and says whom and when', alarm)
        text = json.dumps(alarm, ensure_ascii=False)
        ok(0 <= text.find('110') < text.find('若葉市役所', text.find('110')), 'and says first to telephone 110', text)
        r = c.command('explain', '--lang', 'ja', j.get('id', '-'))
        ok(r.returncode == 0 and '若葉市役所'.encode() in r.stdout and '明日の15時34分'.encode() in r.stdout,
           'the record explains it', r.stdout + r.stderr)
        status, k = post(c, as_json(text=THREAT, lang='ja', context='若葉市 総合掲示板'), 'application/json')
        ok(status == 200 and k.get('threat', {}).get('kind') == 'bomb', 'as JSON the same', (status, k))
        r = c.command('explain', '--lang', 'ja', k.get('id', '-'))
        ok('総合掲示板'.encode() in r.stdout, 'where it stood is recorded', r.stdout)


def refusals():
    with Checkpoint() as c:
        for name, body, kind, want in (
                ('not UTF-8', b'\xff\xfe\x00', 'text/plain', 400), ('empty', ' \n', 'text/plain', 400),
                ('another charset', 'a', 'text/plain; charset=iso-2022-jp', 415), ('another type', '<p>a', 'text/html', 415),
                ('broken JSON', '{"text":', 'application/json', 400), ('no text', '{}', 'application/json', 400),
                ('a member nobody knows', as_json(text='a', body='b'), 'application/json', 400),
                ('a header smuggled in', as_json(text='a', context='x\r\nBcc: y'), 'application/json', 400),
                ('at the bound', b'a' * LIMIT, 'text/plain', 200), ('one past it', b'a' * (LIMIT + 1), 'text/plain', 413),
                ('at the bound, as JSON', as_json(text='a' * LIMIT), 'application/json', 200),
                ('one past it, as JSON', as_json(text='a' * (LIMIT + 1)), 'application/json', 413)):
            status, j = post(c, body, kind)
            ok(status == want and (status == 200 or j.get('error')), '%s: %d' % (name, want), (status, str(j)[:300]))
        status, j = post(c, CALM, Rcpt='a@rcpt.example, b@rcpt.example')
        ok(status == 400, 'two recipients are one too many', (status, j))


def consent(hook):
    del hook.got[:]
    with Checkpoint(profile='carrier', extra='[alarm]\nwebhook = %s\n' % hook.url) as c:
        status, j = post(c, THREAT, Rcpt='nobody@rcpt.example')
        ok(status == 200 and 'threat' not in j and '若葉' not in json.dumps(j, ensure_ascii=False),
           'without consent the text is not read', (status, j))
        time.sleep(1.5)
        ok(not hook.got, 'and nobody is alarmed', hook.got)


hook = Hook()
threats(hook)
refusals()
consent(hook)
hook.close()
done()
