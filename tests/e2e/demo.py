#!/usr/bin/env python3
"""`make run` for once: it fills the mailbox and the record, shows what it did, and ends by itself."""
import glob, re
from checkpoint import *

folder = tempfile.mkdtemp(prefix='sekisho-demo-')
began = time.time()
try:
    r = subprocess.run([os.path.join(ROOT, 'tools', 'run-demo')], capture_output=True, text=True, timeout=120,
                       env=dict(os.environ, SEKISHO=PROGRAM, DEMO=folder, ONCE='1'))
    text, seconds = r.stdout, time.time() - began
    ok(r.returncode == 0, 'it ends by itself with status 0', text + r.stderr)
    ok(seconds < 60, 'in less than a minute', seconds)
    sent = [int(n) for n in re.findall(r'messages (\d+): accepted', text)]
    if len(sent) == 2:
        ok(sum(sent) >= 900 and sent[1] >= 500, 'at least 500 real messages beside the Japanese ones', sent)
    else:
        skip('at least 500 real messages beside the Japanese ones', 'npm cannot fetch the SpamAssassin corpus')
    samples = len(glob.glob(os.path.join(ROOT, 'samples', 'ja', '*', '*.eml')))
    ok(samples >= 300 and sent and sent[0] == samples, 'all of samples/ja', (sent, samples))
    for column in ('class', 'action', 'hour', 'threat', 'phishing', 'accept', 'label'):
        ok(re.search(r'\b%s\b' % column, text), 'the table tells ' + column, text)
    ok(text.count('Evidence is sound') == 2, 'the ledger is sound while it serves and after it', text)
    ok(re.search(r'explain --config \S+ [0-9A-Za-z]{20}\n', text), 'it names commands with real ids', text)
    ok(folder + '/mail' in text and folder + '/record' in text, 'it tells where mailbox and evidence are', text)
    mails = sum(len(f) for root, _, f in os.walk(os.path.join(folder, 'mail')) if root.endswith('/new'))
    ok(mails > 400, 'mail stands in the mailbox', mails)
    alive = subprocess.run(['pgrep', '-f', folder], capture_output=True, text=True).stdout
    ok(not alive, 'nothing is left running', alive)

    # Without ONCE it goes on serving until Ctrl-C.
    process = subprocess.Popen([os.path.join(ROOT, 'tools', 'run-demo')], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               text=True, env=dict(os.environ, SEKISHO=PROGRAM, DEMO=folder, ONCE=''))
    text = ''
    for line in process.stdout:
        text += line
        if 'until Ctrl-C' in line:
            break
    port = int(re.search(r'SMTP: +127\.0\.0\.1:(\d+)', text).group(1))
    with Smtp(port) as s:
        a = s.mail(b'From: a@sender.example\r\nSubject: x\r\n\r\nhello\r\n')
    ok(a[0] == 250, 'it goes on serving', a)
    process.send_signal(signal.SIGINT)
    text += process.stdout.read()
    ok(process.wait(30) == 0, 'until Ctrl-C, and then ends with status 0', text[-600:])
    alive = subprocess.run(['pgrep', '-f', folder], capture_output=True, text=True).stdout
    ok(not alive, 'nothing is left running', alive)
finally:
    shutil.rmtree(folder, True)
done()
