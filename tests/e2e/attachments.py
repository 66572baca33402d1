#!/usr/bin/env python3
"""Attachments as they really come: what each kind is told as, bombs that stay small, and an opener that dies meanwhile.

All files are made here; a tool that makes one (zip, qrencode) and is not installed skips what needs it.
"""
import email.message
import email.policy
import glob
import io
import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import zipfile
import zlib

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from checkpoint import Checkpoint, Smtp, done, ok, run, skip

FOLDER = tempfile.mkdtemp(prefix='sekisho-attachments-')
TEXT = 'The text of the message itself.\n'


def mail(*attachments, text=TEXT):
    """attachments: (name, type, bytes)."""
    m = email.message.EmailMessage(policy=email.policy.SMTP)
    m['From'], m['To'], m['Subject'] = 'a@sender.example', 'user@rcpt.example', 'attached'
    m['Message-ID'], m['Date'] = '<%d@sender.example>' % time.time_ns(), 'Sun, 22 Nov 2026 11:00:00 +0900'
    m.set_content(text)
    for name, kind, data in attachments:
        main, _, sub = kind.partition('/')
        m.add_attachment(data, maintype=main, subtype=sub, filename=name)
    return m.as_bytes()


def zipped(*files, method=zipfile.ZIP_DEFLATED):
    made = io.BytesIO()
    with zipfile.ZipFile(made, 'w', method) as z:
        for name, data in files:
            z.writestr(name, data)
    return made.getvalue()


def zip_of(name, stream, size, said=None, crc=0, method=8):
    """A ZIP of one member whose packed bytes are given."""
    name = name if isinstance(name, bytes) else name.encode()
    said = size if said is None else said
    head = struct.pack('<HHHHHIIIHH', 20, 0x800, method, 0, 0, crc, len(stream), said & 0xffffffff, len(name), 0)
    local = b'PK\3\4' + head + name + stream
    entry = b'PK\1\2' + struct.pack('<H', 20) + head + struct.pack('<HHHII', 0, 0, 0, 0, 0) + name
    return local + entry + b'PK\5\6' + struct.pack('<HHHHIIH', 0, 0, 1, 1, len(entry), len(local), 0)


def zeros_packed(size):
    """So many zeros as a deflate stream, without making them all."""
    z = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = z.compress(bytes(1 << 20)) + z.flush(zlib.Z_FULL_FLUSH)
    return block * (size >> 20) + b'\3\0'


def pdf(objects):
    return (b'%PDF-1.4\n' + b''.join(b'%d 0 obj%sendobj\n' % (i + 1, o) for i, o in enumerate(objects)) +
            b'trailer<</Root 1 0 R>>\n%%EOF\n')


def page(stream, annotation=b'', font=b'<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>', more=()):
    return pdf([b'<</Type/Catalog/Pages 2 0 R>>', b'<</Type/Pages/Kids[3 0 R]/Count 1>>',
                b'<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 300]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>'
                b'/Annots[' + annotation + b']>>',
                b'<</Length %d>>stream\n%s\nendstream ' % (len(stream), stream), font] + list(more))


def png(width, height, data=None):
    def chunk(name, body):
        return struct.pack('>I', len(body)) + name + body + struct.pack('>I', zlib.crc32(name + body))
    return (b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', width, height, 8, 0, 0, 0, 0)) +
            chunk(b'IDAT', data if data is not None else zlib.compress(bytes((width + 1) * height))) + chunk(b'IEND', b''))


def docx(body=b'<w:p><w:r><w:t>words</w:t></w:r></w:p>', *more):
    return zipped(('[Content_Types].xml', b'<Types/>'),
                  ('word/document.xml', b"<w:document xmlns:w='w'><w:body>" + body + b'</w:body></w:document>'), *more)


def word(text):
    return b'<w:p><w:r><w:t>' + text.encode() + b'</w:t></w:r></w:p>'


def external(kind, target):
    return (b"<Relationships><Relationship Id='1' Type='http://x/" + kind + b"' Target='" + target +
            b"' TargetMode='External'/></Relationships>")


def check(message, *more):
    path = os.path.join(FOLDER, 'message')
    with open(path, 'wb') as f:
        f.write(message)
    began = time.time()
    answer = run('check', '--offline', '--json', *more, path)
    took = time.time() - began
    told = json.loads(answer.stdout)
    findings = {f['name']: f.get('detail', '') for f in told['opinion']['findings']}
    return findings, told, took


def kinds():
    shift = '振込先は東京です'.encode('cp932').hex().encode()
    japanese = page(b'BT /F 12 Tf 20 200 Td <' + shift + b'> Tj ET',
                    b'<</Type/Annot/Subtype/Link/Rect[0 0 9 9]/A<</S/URI/URI(http://192.0.2.7/pay)>>>>',
                    b'<</Type/Font/Subtype/Type0/BaseFont/Ryumin-Light/Encoding/90ms-RKSJ-H/DescendantFonts[6 0 R]>>',
                    [b'<</Type/Font/Subtype/CIDFontType0/BaseFont/Ryumin-Light/CIDSystemInfo'
                     b'<</Registry(Adobe)/Ordering(Japan1)/Supplement 2>>/FontDescriptor 7 0 R>>',
                     b'<</Type/FontDescriptor/FontName/Ryumin-Light/Flags 4/FontBBox[0 0 1000 1000]/ItalicAngle 0'
                     b'/Ascent 800/Descent -200/CapHeight 700/StemV 80>>'])
    threat = ('明日の正午に東京駅で爆弾を爆発させる。全員殺してやる。').encode('utf-16-be').hex().encode()
    exe = b'MZ' + bytes(58) + struct.pack('<I', 64) + b'PE\0\0' + bytes(64)
    lnk = bytes.fromhex('4c0000000114020000000000c000000000000046') + bytes(60)
    one = bytes.fromhex('e4525c7b8cd8a74daeb15378d02996d3') + bytes(64)
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    with open(os.path.join(here, 'fuzz', 'parse-attachment', 'doc'), 'rb') as f:
        doc = f.read()
    rows = [
        ('an honest PDF', ('a.pdf', 'application/pdf', page(b'BT /F 9 Tf 9 9 Td (Minutes) Tj ET')), [], 'attachment_'),
        ('an honest picture', ('a.png', 'image/png', png(40, 40)), [], 'attachment_'),
        ('an honest letter', ('a.docx', 'application/octet-stream', docx()), [], 'attachment_'),
        ('an honest archive', ('a.zip', 'application/zip', zipped(('a.txt', b'words'), ('b.csv', b'1,2'))), [], 'attachment_'),
        ('a program under the name of a bill', ('請求書.pdf.exe', 'application/pdf', exe),
         ['attachment_program', 'attachment_double_extension', 'attachment_type_lies'], None),
        ('blanks before the true extension', ('invoice.pdf' + ' ' * 40 + '.scr', 'application/octet-stream', exe),
         ['attachment_double_extension'], None),
        ('a name that turns the order of reading', ('invoice\u202efdp.exe', 'application/octet-stream', exe),
         ['attachment_bidi_name', 'attachment_program'], None),
        ('a program that is called a picture', ('photo.jpg', 'image/jpeg', exe), ['attachment_type_lies', 'attachment_program'], None),
        ('a program in an archive', ('a.zip', 'application/zip', zipped(('docs/請求書.pdf.exe', exe))),
         ['attachment_program', 'attachment_double_extension'], 'attachment_unopened'),
        ('a shortcut', ('a.lnk', 'application/octet-stream', lnk), ['attachment_shortcut'], 'attachment_program'),
        ('a shortcut in an archive', ('a.zip', 'application/zip', zipped(('report.pdf.lnk', lnk))),
         ['attachment_shortcut', 'attachment_double_extension'], None),
        ('a disc', ('a.iso', 'application/octet-stream', bytes(32769) + b'CD001' + bytes(4096)), ['attachment_disk'], None),
        ('a OneNote file', ('a.one', 'application/onenote', one), ['attachment_onenote'], None),
        ('macros', ('a.docm', 'application/octet-stream', docx(b'', ('word/vbaProject.bin', b'x'))), ['attachment_macro'], None),
        ('macros of an old document', ('a.doc', 'application/msword', doc), ['attachment_macro'], None),
        ('a template from elsewhere', ('a.docx', 'application/octet-stream', docx(b'', ('word/_rels/settings.xml.rels',
         external(b'attachedTemplate', b'https://evil.example/t.dotm')))), ['attachment_remote_template'], None),
        ('a link in a letter', ('a.docx', 'application/octet-stream', docx(b'', ('word/_rels/document.xml.rels',
         external(b'hyperlink', b'https://evil.example/prize')))), ['attachment_office_link'], 'attachment_remote_template'),
        ('a link in a PDF', ('a.pdf', 'application/pdf', japanese), ['attachment_pdf_link', 'attachment_link_to_address'], None),
        ('a threat in an old Japanese PDF', ('a.pdf', 'application/pdf', page(
            b'BT /F 12 Tf 20 200 Td <' + threat + b'> Tj ET', b'',
            b'<</Type/Font/Subtype/Type0/BaseFont/Ryumin-Light/Encoding/UniJIS-UCS2-H/DescendantFonts[6 0 R]>>',
            [b'<</Type/Font/Subtype/CIDFontType0/BaseFont/Ryumin-Light/CIDSystemInfo'
             b'<</Registry(Adobe)/Ordering(Japan1)/Supplement 2>>/FontDescriptor 7 0 R>>',
             b'<</Type/FontDescriptor/FontName/Ryumin-Light/Flags 4/FontBBox[0 0 1000 1000]/ItalicAngle 0'
             b'/Ascent 800/Descent -200/CapHeight 700/StemV 80>>'])), ['attachment_threat'], None),
        ('an offer in slang in a letter', ('a.docx', 'application/octet-stream', docx(word(
            'レンコン入荷しました。チャカもあります。手押し可、即日。詳細はテレグラムで。'))), ['attachment_slang'], 'attachment_threat'),
        ('a grower\'s list', ('a.docx', 'application/octet-stream', docx(word(
            '出荷のご案内。茨城県産の蓮根が入荷しました。2kg 1,200円、税込。煮物、天ぷらにどうぞ。配送は宅配便です。'))), [], 'attachment_slang'),
        ('an ice cream shop\'s list', ('a.docx', 'application/octet-stream', docx(word(
            'アイスが入荷しました。バニラ、抹茶、各300円。店頭でどうぞ。'))), [], 'attachment_slang'),
        ('a PDF with a script', ('a.pdf', 'application/pdf', page(b'', b'<</Type/Annot/Subtype/Link/Rect[0 0 9 9]'
         b'/A<</S/JavaScript/JS(x)>>>>')), ['attachment_document_script'], None),
        ('a page that asks for a password', ('login.html', 'text/html',
         b'<html><script>x</script><form><input type="password"></form>'),
         ['attachment_page', 'attachment_page_script', 'attachment_password_form'], None),
        ('a picture with a script', ('a.svg', 'image/svg+xml', b'<svg xmlns="http://www.w3.org/2000/svg"><script>x</script></svg>'),
         ['attachment_page_script'], None),
        ('an invitation', ('a.ics', 'text/calendar', b'BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n'), [], 'attachment_'),
        ('names that lead out', ('a.zip', 'application/zip', zipped(('../../etc/cron.d/x', b'y'))), ['attachment_bad_path'], None),
        ('a name with NUL', ('a.zip', 'application/zip', zip_of(b'a.pdf\0.exe', b'\3\0', 0)), ['attachment_bad_path'], None),
        ('what nobody here reads', ('a.ace', 'application/octet-stream', b'xxxxxxx**ACE**' + bytes(64)), ['attachment_unopened'], None),
    ]
    for words, attachment, wanted, unwanted in rows:
        findings, told, _ = check(mail(attachment))
        ok(all(w in findings for w in wanted), '%s: %s' % (words, ', '.join(wanted) or 'nothing'), findings)
        if unwanted:
            ok(not any(f.startswith(unwanted) for f in findings), '%s: not %s' % (words, unwanted), findings)
    findings, _, _ = check(mail(rows[8][1]))
    ok(findings['attachment_program'] == 'a.zip > docs/請求書.pdf.exe', 'it is told which file of the archive', findings)


def encrypted():
    if shutil.which('zip') is None:
        skip('encrypted archives', 'zip is not installed')
        return
    with open(FOLDER + '/見積.pdf.exe', 'wb') as f:
        f.write(b'MZ')
    subprocess.run(['zip', '-q', '-j', '-P', 'abc12345', FOLDER + '/a.zip', FOLDER + '/見積.pdf.exe'], check=True)
    with open(FOLDER + '/a.zip', 'rb') as f:
        data = f.read()
    attachment = ('a.zip', 'application/zip', data)
    findings, _, _ = check(mail(attachment))
    ok('attachment_encrypted' in findings and 'attachment_password_told' not in findings, 'encrypted', findings)
    told = mail(attachment, text='添付ファイルのパスワードは abc12345 です。\n')
    findings, _, _ = check(told)
    ok('attachment_password_told' in findings, 'a password in the text opens it', findings)
    findings, _, _ = check(told, '--permit', 'source,label,attachments')
    ok('attachment_encrypted' in findings and 'attachment_password_told' not in findings,
       'who allows attachments and no reading of text has his password left alone', findings)


def codes():
    if shutil.which('qrencode') is None:
        skip('QR codes', 'qrencode is not installed')
        return
    made = subprocess.run(['qrencode', '-o', '-', '-s', '5', 'https://evil.example/login'], capture_output=True).stdout
    findings, _, _ = check(mail(('code.png', 'image/png', made)))
    ok(findings.get('attachment_qr_link') == 'evil.example', 'a QR code in a picture, and where it leads', findings)
    findings, _, _ = check(mail(('code.png', 'image/png', made)), '--permit', 'source,label,attachments')
    ok('attachment_qr_link' not in findings, 'where nobody allows links it is not told', findings)
    findings, _, _ = check(mail(('a.zip', 'application/zip', zipped(('code.png', made)))))
    ok('attachment_qr_link' in findings, 'and one in an archive', findings)


    # The same squares by other ways: rows of bytes, 0 for dark.
    drawn = subprocess.run(['qrencode', '-t', 'ASCII', '-m', '4', 'https://evil.example/pdf'], capture_output=True, text=True)
    lines = [l for l in drawn.stdout.split('\n') if l]
    scale = 5
    rows = [b''.join((b'\0' if l[i] == '#' else b'\xff') * scale for i in range(0, len(l), 2)) for l in lines for _ in range(scale)]
    width, height, gray = len(rows[0]), len(rows), b''.join(rows)
    inside = pdf([b'<</Type/Catalog/Pages 2 0 R>>', b'<</Type/Pages/Kids[3 0 R]/Count 1>>',
                  b'<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 300]/Contents 4 0 R/Resources<</XObject<</I 5 0 R>>>>>>',
                  b'<</Length 30>>stream\nq 200 0 0 200 50 50 cm /I Do Q \nendstream ',
                  b'<</Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace/DeviceGray/BitsPerComponent 8/Length %d>>stream\n%s'
                  b'\nendstream ' % (width, height, len(gray), gray)])
    findings, _, _ = check(mail(('a.pdf', 'application/pdf', inside)))
    ok(findings.get('attachment_qr_link') == 'evil.example', 'one in a picture of a PDF', findings)
    # Codes of 8 bits each, begun anew before the table grows: a GIF without compression.
    pixels, codes = gray.replace(b'\xff', b'\1'), b''
    for i in range(0, len(pixels), 100):
        codes += b'\x80' + pixels[i:i + 100]
    codes += b'\x81'
    blocks = b''.join(bytes([len(codes[i:i + 255])]) + codes[i:i + 255] for i in range(0, len(codes), 255)) + b'\0'
    gif = (b'GIF89a' + struct.pack('<HHBBB', width, height, 0xf6, 0, 0) + b'\0\0\0\xff\xff\xff' + bytes(126 * 3) +
           b',' + struct.pack('<HHHHB', 0, 0, width, height, 0) + b'\7' + blocks + b';')
    findings, _, _ = check(mail(('a.gif', 'image/gif', gif)))
    ok(findings.get('attachment_qr_link') == 'evil.example', 'one in a GIF', findings)
    if shutil.which('cjpeg') is None:
        skip('one in a JPEG', 'cjpeg is not installed')
        return
    made = subprocess.run(['cjpeg', '-quality', '80'], input=b'P5 %d %d 255\n' % (width, height) + gray, capture_output=True).stdout
    findings, _, _ = check(mail(('a.jpg', 'image/jpeg', made)))
    ok(findings.get('attachment_qr_link') == 'evil.example', 'one in a JPEG', findings)
    rows = [b''.join((b'\0' if l[i] == '#' else b'\xff') * 150 for i in range(0, len(l), 2)) for l in lines for _ in range(150)]
    made = subprocess.run(['cjpeg', '-quality', '80'], input=b'P5 %d %d 255\n' % (len(rows[0]), len(rows)) + b''.join(rows),
                          capture_output=True).stdout
    findings, _, _ = check(mail(('a.jpg', 'image/jpeg', made)))
    ok(findings.get('attachment_qr_link') == 'evil.example', 'one that fills a JPEG of 24 million pixels', findings)


def bombs():
    giant = zip_of('zeros', zeros_packed(10 << 30), 10 << 30)
    small = zipped(('zeros.zip', giant))
    ok(len(small) < 200000, '10 GiB in %d bytes' % len(small))
    nest = zipped(('bottom.txt', b'x' * 1000))
    for _ in range(6):
        nest = zipped(*(('lib %d.zip' % i, nest) for i in range(4)))
    many = io.BytesIO()
    with zipfile.ZipFile(many, 'w') as z:
        for i in range(100000):
            z.writestr('%d' % i, b'')
    objects = pdf([b'<</Type/Catalog/Pages 2 0 R>>', b'<</Type/Pages/Kids[]/Count 0>>'] + [b'<<>>'] * 1000000)
    whole = zipped(('a.txt', b'words ' * 10000))
    rows = [
        ('10 GiB of zeros', ('a.zip', 'application/zip', small), {'attachment_bomb', 'attachment_limit'}),
        ('archives six deep', ('42.zip', 'application/zip', nest), {'attachment_bomb'}),
        ('100,000 entries', ('a.zip', 'application/zip', many.getvalue()), {'attachment_limit'}),
        ('a name of 64 KB', ('a.zip', 'application/zip', zip_of(b'a' * 65000 + b'.exe', b'\3\0', 0)), {'attachment_program'}),
        ('a truncated archive', ('a.zip', 'application/zip', whole[:len(whole) // 2]), {'attachment_broken'}),
        ('a lie about the size', ('a.zip', 'application/zip',
                                  zip_of('a.txt', zeros_packed(1 << 20), 1 << 20, said=10, crc=zlib.crc32(bytes(1 << 20)))),
         {'attachment_broken'}),
        ('a PDF of a million objects', ('a.pdf', 'application/pdf', objects),
         {'attachment_limit', 'attachment_broken', 'attachment_unopened', None}),
        ('a picture of 100,000 by 100,000', ('a.png', 'image/png', png(100000, 100000, zlib.compress(bytes(1 << 20)))),
         {'attachment_limit', 'attachment_broken'}),
    ]
    for words, attachment, one_of in rows:
        findings, told, took = check(mail(attachment))
        ok(None in one_of or one_of & set(findings), '%s: %s' % (words, ' or '.join(sorted(str(o) for o in one_of))), findings)
        ok('classifier_unsure' in findings or 'classifier_ham' in findings or 'classifier_spam' in findings,
           '%s: the message itself is read' % words, findings)
        print('# %s: %.1f s' % (words, took))
        ok(took < 20, '%s: within bounds' % words, took)


def journal(c):
    return b''.join(open(p, 'rb').read() for p in sorted(glob.glob(c.record + '/journal/*')))


def peak_kib(pid):
    """The most memory that the opener's children had (RssAnon is theirs alone)."""
    out = subprocess.run(['ps', '--ppid', str(pid), '-o', 'rss='], capture_output=True, text=True).stdout.split()
    return max([int(x) for x in out], default=0)


def served():
    archive = ('a.zip', 'application/zip', zipped(('請求書.pdf.exe', b'MZ')))
    with Checkpoint(workers=1, extra='[attachments]\ntime = 1s\nmemory = 64M\n') as c:
        ok(len(c.role_pids('opener')) == 1, 'there is an opener')
        sent = mail(archive)
        with Smtp(c.port) as s:
            answer = s.mail(sent)
        ok(answer[0] in (250, 550, 554), 'a message with an archive is judged', answer)
        told = journal(c)
        ok(b'attachment_double_extension' in told and b'attachment_unopened' not in told, 'what is in it was found', told[-1500:])
        with open(c.folder + '/sent', 'wb') as f:
            f.write(sent)
        identity = answer[1][-1].split(' as ')[-1].split()[0].strip(',.')
        again = c.command('replay', '--json', '--file', c.folder + '/sent', identity)
        ok(again.returncode == 0 and json.loads(again.stdout)['same'], 'a replay opens it again, with the same verdict',
           again.stdout + again.stderr)
        opener = c.role_pids('opener')[0]
        os.kill(opener, signal.SIGSTOP)
        began, size = time.time(), len(journal(c))
        with Smtp(c.port) as s:
            answer = s.mail(mail(archive))
        ok(answer[0] == 250 and time.time() - began < 15, 'an opener that does not answer is waited for and no longer', time.time() - began)
        ok(b'attachment_unopened' in journal(c)[size:], 'and it is told that nobody looked')
        os.kill(opener, signal.SIGKILL)
        end = time.time() + 20
        while time.time() < end and c.role_pids('opener') in ([], [opener]):
            time.sleep(.1)
        ok(c.role_pids('opener') not in ([], [opener]), 'one that is killed is started again')
        size = len(journal(c))
        with Smtp(c.port) as s:
            ok(s.mail(mail(archive))[0] == 250, 'and mail walks')
        told = journal(c)[size:]
        ok(b'attachment_double_extension' in told and b'attachment_unopened' not in told, 'and is opened again', told[-1500:])
        opener = c.role_pids('opener')[0]
        giant = zipped(('zeros.zip', zip_of('zeros', zeros_packed(1 << 30), 1 << 30)))
        most, size = 0, len(journal(c))
        with Smtp(c.port, timeout=60) as s:
            s.say(b'MAIL FROM:<a@sender.example>')
            s.say(b'RCPT TO:<user@rcpt.example>')
            s.say(b'DATA')
            s.send(mail(*[('a%d.zip' % i, 'application/zip', giant) for i in range(6)]) + b'.\r\n')
            s.socket.setblocking(False)
            end = time.time() + 30
            while time.time() < end:
                most = max(most, peak_kib(opener))
                try:
                    got = s.socket.recv(1000)
                    break
                except BlockingIOError:
                    time.sleep(.01)
        ok(got.startswith(b'250'), 'six bombs in one message: it is taken', got)
        ok(0 < most < (64 + 96) << 10, 'no process took more than its share (%d KiB)' % most)
        ok(b'attachment_bomb' in journal(c)[size:] or b'attachment_limit' in journal(c)[size:], 'and they are told')
        size = len(journal(c))
        with Smtp(c.port, timeout=60) as s:
            ok(s.mail(mail(('a.png', 'image/png', png(6000, 6000))))[0] == 250, 'a picture that takes all the memory there is')
        ok(b'attachment_limit' in journal(c)[size:] and c.role_pids('opener') == [opener], 'costs that picture alone',
           c.log_text()[-300:])
        ok('an attachment could not be read to its end: status 77' in c.log_text(), 'and the log says so', c.log_text()[-500:])
        children = subprocess.run(['ps', '--ppid', str(opener), '-o', 'pid='], capture_output=True, text=True).stdout.split()
        time.sleep(2)
        left = subprocess.run(['ps', '--ppid', str(opener), '-o', 'pid='], capture_output=True, text=True).stdout.split()
        ok(left == [], 'no process is left behind', children)
    with Checkpoint(workers=1, profile='carrier') as c:
        with Smtp(c.port) as s:
            ok(s.mail(mail(archive))[0] == 250, 'where nobody consented: the message is taken')
        ok(b'attachment_' not in journal(c), 'and its attachments are not looked at')
    with Checkpoint(workers=1, extra='[attachments]\nopen = no\n') as c:
        ok(c.role_pids('opener') == [], 'open = no: there is no opener')
        with Smtp(c.port) as s:
            ok(s.mail(mail(('a.pdf.exe', 'application/octet-stream', b'MZ')))[0] == 250 and
               b'attachment_program' in journal(c), 'names are looked at still')


try:
    for part in (kinds, encrypted, codes, bombs, served):
        print('# ' + part.__name__)
        part()
finally:
    shutil.rmtree(FOLDER, True)
done()
