# The door for people; meson and ninja do the work behind it.
#     make            builds build/sekisho
#     make console    fetches the console's libraries with npm (make does so too, and goes on without them)
#     make run        installs what is missing, builds, and shows a checkpoint at work (ONCE=1: once and out)
#     make test       all tests; SUITE="unit docs" some of them (tools/test names them)
#     make fuzz       a minute of libFuzzer for each parser (FUZZ_SECONDS=60)
#     make bench      the measurements behind the numbers in the documents
#     make model      trains the shipped classifier anew, measures it on held-out mail and writes its data card
#     make format     brings the sources into their format
#     make pages      makes the documents that are made: docs/LIMITS.md, docs/FINDINGS.md
#     make install    program, manual pages, data, systemd unit (DESTDIR for packagers); make uninstall
#     make clean

PREFIX ?= /usr
SBINDIR ?= $(PREFIX)/sbin
LIBEXECDIR ?= $(PREFIX)/libexec
SHAREDIR ?= $(PREFIX)/share/sekisho
MANDIR ?= $(PREFIX)/share/man
UNITDIR ?= /lib/systemd/system
CONFDIR ?= /etc/sekisho
STATEDIR ?= /var/lib/sekisho
DESTDIR ?=
FUZZ_SECONDS ?= 60
ONCE ?=
SUITE ?=

.PHONY: all console run test bench fuzz model format pages install uninstall clean needed

all: build/build.ninja
	@ninja -C build
	@tools/make-console build/console

build/build.ninja:
	@meson setup build

console:
	@tools/make-console build/console

needed:
	@tools/install-needed run

run: needed
	@$(MAKE) --no-print-directory all
	@ONCE=$(ONCE) tools/run-demo

test:
	@tools/test $(SUITE)

fuzz:
	@FUZZ_SECONDS=$(FUZZ_SECONDS) tools/test fuzz-long

bench: all
	@tests/bench/run $(BENCH)

model: all
	@tools/install-needed model
	@tools/train-model build/sekisho build/model
	@tools/train-wording build build/model
	@tests/bench/judging --card

format:
	@find src -name '*.[ch]' -print0 | xargs -0 -n 8 -P 2 clang-format-14 -i

pages: all
	@tools/make-limits
	@tools/make-findings
	@tools/make-metrics

# The account that workers and keeper run as is made when this is the machine they will run on.
install: all
	install -D -m 755 build/sekisho $(DESTDIR)$(SBINDIR)/sekisho
	install -D -m 755 build/sekisho-opener $(DESTDIR)$(LIBEXECDIR)/sekisho/sekisho-opener
	install -D -m 644 man/sekisho.8 $(DESTDIR)$(MANDIR)/man8/sekisho.8
	install -D -m 644 man/sekisho.conf.5 $(DESTDIR)$(MANDIR)/man5/sekisho.conf.5
	install -D -m 644 share/systemd/sekisho.service $(DESTDIR)$(UNITDIR)/sekisho.service
	cd share && find . -type f ! -path './systemd/*' ! -name sekisho.conf -exec install -D -m 644 '{}' '$(DESTDIR)$(SHAREDIR)/{}' ';'
	cd build/console && find . -type f ! -name '.*' -exec install -D -m 644 '{}' '$(DESTDIR)$(SHAREDIR)/console/{}' ';'
	install -D -m 644 share/sekisho.conf $(DESTDIR)$(SHAREDIR)/sekisho.conf
	[ -e $(DESTDIR)$(CONFDIR)/sekisho.conf ] || install -D -m 640 share/sekisho.conf $(DESTDIR)$(CONFDIR)/sekisho.conf
	install -d -m 700 $(DESTDIR)$(STATEDIR)
	@if [ -z "$(DESTDIR)" ]; then \
	    getent group sekisho >/dev/null || groupadd --system sekisho; \
	    getent passwd sekisho >/dev/null || useradd --system --gid sekisho --home-dir $(STATEDIR) \
	        --no-create-home --shell /usr/sbin/nologin sekisho; \
	    chown sekisho:sekisho $(STATEDIR); \
	    chgrp sekisho $(CONFDIR)/sekisho.conf; \
	    if [ -d /run/systemd/system ]; then systemctl daemon-reload; fi; \
	fi

# Configuration and evidence stay: who wants them gone must say so himself.
uninstall:
	rm -f $(DESTDIR)$(SBINDIR)/sekisho $(DESTDIR)$(MANDIR)/man8/sekisho.8 $(DESTDIR)$(MANDIR)/man5/sekisho.conf.5
	rm -f $(DESTDIR)$(UNITDIR)/sekisho.service
	rm -rf $(DESTDIR)$(SHAREDIR) $(DESTDIR)$(LIBEXECDIR)/sekisho

clean:
	rm -rf build build-san build-clang build-fuzz
