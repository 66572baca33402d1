#!/usr/bin/env python3
"""What a postmaster does beside mail: status, doctor, metrics, logs, backup, restore, and the upgrade of an old record."""
import glob
import json
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
import threading
import time
import urllib.request

from checkpoint import PROGRAM, ROOT, Checkpoint, Smtp, done, free_port, ok


def say(*arguments, **keywords):
    run = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=120, **keywords)
    return run.returncode, run.stdout, run.stderr


def mail(checkpoint, count, subject='notice'):
    with Smtp(checkpoint.port) as smtp:
        for i in range(count):
            reply = smtp.mail(b'Subject: %s %d\r\n\r\nthe minutes of the meeting\r\n' % (subject.encode(), i))
            if reply[0] != 250:
                return reply
    return None


def searched(c, count, seconds=45):
    """What a search finds, once it finds so many: rows that are made again follow the mail."""
    end = time.time() + seconds
    while True:
        found = say('search', '--config', c.conf, '--json', '--limit', '1000')
        rows = [json.loads(line) for line in found[1].splitlines() if line.startswith('{')]
        if len(rows) >= count or time.time() >= end:
            return found, rows
        time.sleep(.2)


def entries(folder):
    status, out, err = say('ledger', 'verify', '--folder', folder, '--json')
    return json.loads(out)['entries'] if out.startswith('{') else err


def standing():
    with Checkpoint() as c:
        ok(mail(c, 20) is None, 'twenty messages are taken')
        status, out, err = say('status', '--config', c.conf, '--lang', 'en')
        ok(status == 0 and 'is running' in out and '20 messages' in out and 'trouble  none' in out,
           'status says that it runs, what came, and that there is no trouble', out + err)
        ok(all(name in out for name in ('sekisho-keeper', 'sekisho-worker', 'sekisho-clerk')),
           'status names every process', out)
        status, out, err = say('status', '--config', c.conf, '--lang', 'ja')
        ok(status == 0 and '動いています' in out and 'メール' in out, 'and so in Japanese', out + err)
        status, out, err = say('status', '--config', c.conf, '--json')
        said = json.loads(out)
        ok(said['running'] and said['keeper']['figures']['messages_total'] == 20
           and said['keeper']['figures']['verdicts_total']['accept'] == 20, 'status --json gives the figures', out)
        ok({p['name'] for p in said['processes']} >= {'sekisho-keeper', 'sekisho-worker', 'sekisho-clerk'}
           and all(p['memory'] > 0 for p in said['processes']), 'with memory of each process', out)

        status, out, err = say('status', '--config', c.conf, '--metrics')
        names = set(re.findall(r'^# TYPE (\S+) (?:counter|gauge)$', out, re.M))
        told = {line.split('\t')[0].split('{')[0] for line in say('help', '--metrics')[1].splitlines()}
        with urllib.request.urlopen('http://127.0.0.1:%d/metrics' % c.clerk_port, timeout=20) as page:
            clerk = page.read().decode()
        names |= set(re.findall(r'^# TYPE (\S+) (?:counter|gauge)$', clerk, re.M))
        ok(status == 0 and names and names <= told, 'every figure of --metrics and of /metrics stands in the table', names - told)
        ok(told <= names, 'and every figure of the table is there', told - names)
        ok(all(re.fullmatch(r'[a-z_]+(\{[a-z]+="[a-z_]*"(,[a-z]+="[a-z_]*")*\})? -?[0-9.]+', line)
               for line in (out + clerk).splitlines() if not line.startswith('#')), 'every line is a figure', out + clerk)
        page = open(os.path.join(ROOT, 'docs', 'METRICS.md')).read()
        ok(all('`%s' % name in page for name in told), 'docs/METRICS.md tells each', told)

        status, out, err = say('doctor', '--config', c.conf, '--full', '--json')
        said = {f['check']: f for f in json.loads(out)}
        ok(status == 0 and said['running']['grade'] == 'good' and said['ledger']['grade'] == 'good',
           'the doctor finds a running checkpoint and a sound ledger', out + err)
        ok(said['alarm']['grade'] == 'warn' and 'alarm.mail_to' in said['alarm']['act'],
           'and says what to set where nobody would hear an alarm', said['alarm'])
        ok(said['console']['grade'] == 'warn' and 'sekisho account add' in said['console']['act']
           and said['witness']['grade'] == 'skip' and '[witness' in said['witness']['act'],
           'that nobody can sign in yet, and that no witness vouches', (said['console'], said['witness']))
        ok(said['dictionary']['grade'] == 'good' and 'juman' in said['dictionary']['en'], 'that text is read word by word', said['dictionary'])
        os.chmod(c.record, 0o755)
        status, out, err = say('doctor', '--config', c.conf, '--lang', 'en')
        ok(status == 1 and 'chmod 700 ' + c.record in out, 'a record open to others is bad; the words say what to type', out)
        os.chmod(c.record, 0o700)
        c.signal(15)
        c.process.wait(30)
        status, out, err = say('doctor', '--config', c.conf, '--lang', 'ja')
        ok(status == 1 and '動いていません' in out and 'systemctl start sekisho' in out,
           'a checkpoint that does not run is bad', out + err)
        status, out, err = say('status', '--config', c.conf, '--lang', 'en')
        ok(status == 1 and 'not running' in out and '20' not in out.split('\n')[0], 'status says so too', out + err)
        c.process = None
    status, out, err = say('config', 'check', os.path.join(ROOT, 'share', 'sekisho.conf'))
    broken = tempfile.NamedTemporaryFile('w', suffix='.conf')
    broken.write('hostname = a\nlog_format = xml\n')
    broken.flush()
    status, out, err = say('config', 'check', broken.name)
    ok(status == 78 and 'line 2' in err and 'text' in err, 'config check names the line and what to write', err)
    status, out, err = say('doctor', '--config', broken.name)
    ok(status == 78 and 'line 2' in err, 'the doctor begins with the configuration', err)


def logs():
    with Checkpoint(start=False) as c:
        text = open(c.conf).read()
        open(c.conf, 'w').write('log_format = json\n' + text)
        c.start()
        with Smtp(c.port) as smtp:
            smtp.say(b'EHLO ev\x1b[31mil"\\')
            smtp.mail(b'Subject: "quoted" \\ \x1b]0;x\x07\r\n\r\nx\r\n')
        end = time.time() + 20
        while time.time() < end and '"verdict' not in c.log_text():
            time.sleep(.1)
        lines = c.log_text().splitlines()
        try:
            read = [json.loads(line) for line in lines]
        except ValueError as error:
            read = []
            ok(False, 'log_format = json: every line is an object', str(error) + '\n' + '\n'.join(lines))
        ok(len(read) > 2 and all({'time', 'level', 'role', 'pid', 'text'} <= set(line) for line in read),
           'log_format = json: each line has time, level, role, process and text', lines)
        ok(any('id' in line and line['text'].startswith('verdict') for line in read), 'a verdict names its message', lines)


def backups():
    place = tempfile.mkdtemp(prefix='sekisho-backup-')
    backup = os.path.join(place, 'b')
    c = Checkpoint()
    try:
        mail(c, 50)
        flow, stop = [0], threading.Event()

        def flowing():
            while not stop.is_set():
                if mail(c, 20, 'flow') is None:
                    flow[0] += 20
        thread = threading.Thread(target=flowing)
        thread.start()
        results = [say('backup', '--config', c.conf, '--lang', 'en', backup) for _ in range(5)]
        stop.set()
        thread.join()
        ok(all(r[0] == 0 and 'sound' in r[1] for r in results), 'five backups while mail flows are sound ledgers each', results)
        ok(flow[0] > 0, 'and mail flowed meanwhile (%d messages)' % flow[0])
        last = say('backup', '--config', c.conf, '--lang', 'en', backup)
        c.level()
        for _ in range(10):  # a busy checkpoint still has rows and a signature to write
            again = say('backup', '--config', c.conf, '--lang', 'en', backup)
            numbers = re.search(r'\((\d+) of them', again[1])
            if numbers and int(numbers.group(1)) <= 4:
                break
            time.sleep(1)
        ok(again[0] == 0 and numbers and int(numbers.group(1)) <= 4, 'one more copies only what is new', again)
        ok(not glob.glob(backup + '/**/ledger.key', recursive=True) and not glob.glob(backup + '/**/held.key', recursive=True),
           'no private key is in it unless asked for')
        last_entries = entries(c.record)
        ok(entries(backup + '/record') == last_entries, 'the copy has every entry', (entries(backup + '/record'), last_entries))
        keyed = say('backup', '--config', c.conf, '--with-keys', backup)
        ok(keyed[0] == 0 and os.path.exists(backup + '/keys/ledger.key')
           and os.stat(backup + '/keys/ledger.key').st_mode & 0o77 == 0, '--with-keys copies them, shut to others', keyed)
        running = say('restore', '--config', c.conf, '--reason', 'test', backup)
        ok(running[0] != 0 and 'running' in running[2], 'nothing is restored under a running checkpoint', running)

        mail(c, 10, 'after the backup')
        c.stop(keep=True)
        c.process = None
        full = say('restore', '--config', c.conf, '--reason', 'test', backup)
        ok(full[0] != 0 and 'not empty' in full[2], 'nor over a record that is there', full)
        shutil.rmtree(c.record)
        victim = sorted(glob.glob(backup + '/record/journal/*.log'))[0]
        with open(victim, 'r+b') as file:
            file.seek(200)
            byte = file.read(1)
            file.seek(200)
            file.write(bytes([byte[0] ^ 1]))
        spoiled = say('restore', '--config', c.conf, '--reason', 'test', backup)
        ok(spoiled[0] == 65 and 'not as it was' in spoiled[2] and not os.path.exists(c.record),
           'an altered backup is refused, and named', spoiled)
        with open(victim, 'r+b') as file:
            file.seek(200)
            file.write(byte)
        restored = say('restore', '--config', c.conf, '--lang', 'en', '--reason', 'the disk was lost', backup)
        ok(restored[0] == 0 and 'goes on as' in restored[1], 'a restored ledger goes on under a new name', restored)
        c.start()
        ok(mail(c, 5, 'new') is None, 'and takes mail')
        found, rows = searched(c, 55 + flow[0])
        ok(len(rows) == 55 + flow[0], 'rows for search are made again: %d' % (55 + flow[0]), (len(rows), found[2]))
        c.stop(keep=True)
        c.process = None
        sound = say('ledger', 'verify', '--folder', c.record)
        ok(sound[0] == 0, 'the restored ledger verifies, across the change of name', sound)
        shown = say('ledger', 'show', '--folder', c.record)
        ok('era' in shown[1], 'its checkpoint carries the new name', shown)
    finally:
        c.stop()
        shutil.rmtree(place, ignore_errors=True)


def upgrade():
    c = Checkpoint(start=False)
    try:
        with tarfile.open(os.path.join(ROOT, 'tests', 'fixtures', 'record-1.tar.gz')) as tar:
            tar.extractall(c.folder)
        os.rename(os.path.join(c.folder, 'record-1'), c.record)
        os.chmod(c.record, 0o700)
        c.start()
        ok(mail(c, 3) is None, 'a record of the first format is taken up, and mail goes on')
        ok(not os.path.exists(c.record + '/ledger.key') and os.path.exists(c.record + '-keys/ledger.key'),
           'its key moved to the folder of keys')
        found, rows = searched(c, 14)
        ok(len(rows) == 14, 'old and new messages are found', (len(rows), found[2]))
        oldest = min(rows, key=lambda row: row['time'])
        shown = say('explain', '--config', c.conf, oldest['id'])
        ok(shown[0] == 0 and oldest['id'] in shown[1], 'an old message is explained', shown)
        end = time.time() + 20
        while glob.glob(c.record + '/held/*/*.zst') and time.time() < end:
            time.sleep(.2)
        c.stop(keep=True)
        c.process = None
        sound = say('ledger', 'verify', '--folder', c.record)
        ok(sound[0] == 0, 'the whole ledger verifies under the old key', sound)
        plain = [p for p in glob.glob(c.record + '/held/**/*', recursive=True) if os.path.isfile(p)
                 and open(p, 'rb').read(4) == b'\x28\xb5\x2f\xfd']
        ok(not plain, 'held messages that lay open are sealed', plain)
    finally:
        c.stop()


if __name__ == '__main__':
    standing()
    logs()
    backups()
    upgrade()
    done()
