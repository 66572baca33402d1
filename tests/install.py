#!/usr/bin/env python3
"""`make install` puts everything where it belongs, and `make uninstall` takes it away again but not what is yours."""
import os, subprocess, tempfile

from tap import ROOT, done, ok


def make(target, place, *more):
    run = subprocess.run(['make', '-s', target, 'DESTDIR=' + place, *more], cwd=ROOT, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, text=True)
    return run.returncode == 0, run.stdout


def main():
    with tempfile.TemporaryDirectory(prefix='sekisho-install-') as place:
        good, output = make('install', place)
        ok(good, 'make install', output)
        for path, mode in (('usr/sbin/sekisho', 0o755), ('usr/libexec/sekisho/sekisho-opener', 0o755), ('usr/share/man/man8/sekisho.8', 0o644),
                           ('usr/share/man/man5/sekisho.conf.5', 0o644), ('etc/sekisho/sekisho.conf', 0o640),
                           ('lib/systemd/system/sekisho.service', 0o644), ('var/lib/sekisho', 0o700)):
            full = os.path.join(place, path)
            ok(os.path.exists(full) and os.stat(full).st_mode & 0o777 == mode, 'installed: /' + path)
        program = os.path.join(place, 'usr/sbin/sekisho')
        run = subprocess.run([program, 'config', os.path.join(place, 'etc/sekisho/sekisho.conf')],
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        ok(run.returncode == 0, 'the installed program finds the installed configuration good', run.stdout)
        with open(os.path.join(place, 'lib/systemd/system/sekisho.service'), encoding='utf-8') as file:
            unit = file.read()
        ok('\nType=notify\n' in unit and '\nStateDirectory=' not in unit,
           'the unit tells when it is ready, and gives the record to nobody', unit)
        with open(os.path.join(place, 'etc/sekisho/sekisho.conf'), 'a', encoding='utf-8') as file:
            file.write('# mine\n')
        good, output = make('install', place)
        with open(os.path.join(place, 'etc/sekisho/sekisho.conf'), encoding='utf-8') as file:
            ok(good and file.read().endswith('# mine\n'), 'installing again leaves the configuration alone', output)
        good, output = make('uninstall', place)
        left = sorted(os.path.relpath(os.path.join(folder, name), place)
                      for folder, _, names in os.walk(place) for name in names)
        ok(good and left == ['etc/sekisho/sekisho.conf'], 'make uninstall leaves the configuration only', ' '.join(left))
    done()


if __name__ == '__main__':
    main()
