#define SK_BASE
#include "sekisho/doctor.h"

#include <errno.h>
#include <poll.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/writer.h"
#include "judge/lemmas.h"
#include "net/endpoint.h"
#include "permit/permit.h"
#include "record/keys.h"
#include "record/ledger.h"
#include "record/verify.h"
#include "sekisho/ask.h"
#include "sekisho/opener.h"
#include "sekisho/processes.h"
#include "sekisho/scan.h"
#include "trace/place.h"

#define SOCKET_PATIENCE_MS 3000
#define DAYS(n)            ((int64_t)(n)*86400)

static const char *say(const struct doctor *d, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static const char *
say(const struct doctor *d, const char *format, ...)
{
    char text[1000];
    va_list values;

    va_start(values, format);
    vsnprintf(text, sizeof text, format, values);
    va_end(values);
    return bytes_text(d->arena, bytes_from_text(text));
}

static void
put(struct doctor_finding *f, enum doctor_grade grade, const char *ja, const char *en,
    const char *act)
{
    *f = (struct doctor_finding){grade, ja, en, act};
}

static const char *
text_of(const struct doctor *d, const char *key)
{
    return bytes_text(d->arena, config_text(d->config, key));
}

static void
look_user(const struct doctor *d, struct doctor_finding *f)
{
    const char *user = text_of(d, "user");

    if (user[0] == '\0') {
        put(f, geteuid() == 0 ? DOCTOR_WARN : DOCTOR_GOOD,
            "user が空なので、起動した利用者のまま動きます",
            "`user` is empty: the checkpoint stays who starts it",
            geteuid() == 0 ? "adduser --system --group sekisho; user = sekisho" : NULL);
    } else if (getpwnam(user) == NULL) {
        put(f, DOCTOR_BAD, say(d, "利用者 %s がこの機械にありません", user),
            say(d, "there is no system user %s", user),
            say(d, "adduser --system --group %s", user));
    } else {
        put(f, DOCTOR_GOOD, say(d, "利用者 %s があります", user),
            say(d, "system user %s is there", user), NULL);
    }
}

/* A folder that nobody else may read. */
static bool
folder_shut(const char *path, struct stat *status)
{
    return stat(path, status) == 0 && S_ISDIR(status->st_mode) &&
           (status->st_mode & 077) == 0;
}

static void
look_folders(const struct doctor *d, struct doctor_finding *f)
{
    const char *keys = keys_folder(d->arena, d->config);
    struct stat record, key;

    if (stat(d->folder, &record) != 0) {
        put(f, DOCTOR_WARN,
            say(d, "%s はまだありません（最初の起動で作られます）", d->folder),
            say(d, "%s is not there yet; the first start makes it", d->folder), NULL);
    } else if (!folder_shut(d->folder, &record)) {
        put(f, DOCTOR_BAD, say(d, "%s は他の利用者にも開いています", d->folder),
            say(d, "%s is open to others", d->folder), say(d, "chmod 700 %s", d->folder));
    } else if (stat(keys, &key) == 0 && !folder_shut(keys, &key)) {
        put(f, DOCTOR_BAD, say(d, "鍵の置き場 %s は他の利用者にも開いています", keys),
            say(d, "the folder of keys %s is open to others", keys),
            say(d, "chmod 700 %s", keys));
    } else if (strncmp(keys, d->folder, strlen(d->folder)) == 0 &&
               keys[strlen(d->folder)] == '/') {
        put(f, DOCTOR_BAD, "鍵の置き場が記録の中にあります",
            "the folder of keys lies inside the record, where the console may read",
            "set record.keys to a folder outside of record.folder");
    } else {
        put(f, DOCTOR_GOOD, say(d, "%s と %s は本人だけのものです", d->folder, keys),
            say(d, "%s and %s are shut to others", d->folder, keys), NULL);
    }
}

static void
look_disk(const struct doctor *d, struct doctor_finding *f)
{
    struct statvfs disk;

    if (statvfs(d->folder, &disk) != 0 || disk.f_blocks == 0) {
        put(f, DOCTOR_SKIP, "まだ見られません", "cannot be looked at yet", NULL);
        return;
    }
    double free = (double)disk.f_bavail * (double)disk.f_frsize / 1073741824;
    double part = 100.0 * (double)disk.f_bavail / (double)disk.f_blocks;
    put(f,
        free < 0.25              ? DOCTOR_BAD
        : free < 2 || part < 5.0 ? DOCTOR_WARN
                                 : DOCTOR_GOOD,
        say(d, "空き %.1f GiB（%.0f%%）", free, part),
        say(d, "%.1f GiB free (%.0f%%)", free, part),
        free < 2 || part < 5.0
            ? "make room; sekisho purge --dry-run tells what may go by the retention rules"
            : NULL);
}

static void
look_running(const struct doctor *d, struct doctor_finding *f)
{
    if (d->running) {
        put(f, DOCTOR_GOOD, "動いています", "it runs", NULL);
    } else {
        put(f, DOCTOR_BAD, "動いていません", "it does not run",
            "systemctl start sekisho   (or: sekisho serve)");
    }
}

static void
look_trouble(const struct doctor *d, struct doctor_finding *f)
{
    const char *trouble = json_string_value(json_object_get(d->status, "trouble"));

    if (access(d->folder, F_OK) != 0) {
        put(f, DOCTOR_SKIP, "まだありません", "there is none yet", NULL);
    } else if (d->status == NULL) {
        put(f, DOCTOR_BAD, "記録を開けません", "the record cannot be opened",
            "sekisho ledger verify");
    } else if (trouble != NULL) {
        put(f, DOCTOR_BAD, say(d, "証拠は残りますが、検索に支障: %s", trouble),
            say(d, "evidence is kept, but: %s", trouble),
            "mend the disk; rows for search are then made up by themselves");
    } else {
        put(f, DOCTOR_GOOD, "記録に支障はありません", "the record has no trouble", NULL);
    }
}

static void
look_ledger(const struct doctor *d, struct doctor_finding *f)
{
    struct verify_report report;
    struct why why;

    if (access(d->folder, F_OK) != 0) {
        put(f, DOCTOR_SKIP, "まだありません", "there is none yet", NULL);
    } else if (!d->full) {
        put(f, DOCTOR_SKIP, "全件の検証は --full で行います", "verified whole with --full",
            NULL);
    } else if (verify_ledger(d->arena, d->folder, NULL, &report, &why) != SK_OK) {
        put(f, DOCTOR_BAD, say(d, "検証できません: %s", why.sentence),
            say(d, "cannot be verified: %s", why.sentence), "sekisho ledger verify");
    } else if (report.fault_count > 0) {
        put(f, DOCTOR_BAD, say(d, "改変されています: %s", report.faults[0].sentence),
            say(d, "it was altered: %s", report.faults[0].sentence),
            "keep everything as it is, and call whoever is responsible for evidence; "
            "sekisho ledger verify tells all places");
    } else {
        put(f, DOCTOR_GOOD,
            say(d, "%llu 件すべて正しい", (unsigned long long)report.entries),
            say(d, "all %llu entries are sound", (unsigned long long)report.entries), NULL);
    }
}

static void
look_confined(const struct doctor *d, struct doctor_finding *f)
{
    struct process_seen *seen = ARENA_NEW_MANY(d->arena, 300, struct process_seen);
    json_int_t supervisor = json_integer_value(json_object_get(d->status, "supervisor"));
    size_t open = 0;

    if (!d->running || d->status == NULL) {
        put(f, DOCTOR_SKIP, "動いていないので見られません", "it does not run", NULL);
        return;
    }
    size_t count = processes_of((pid_t)supervisor, seen, 300);
    for (size_t i = 0; i < count; i++) {
        open += !seen[i].confined;
    }
    if (open > 0 || count == 0) {
        put(f, DOCTOR_WARN,
            say(d, "%zu のうち %zu のプロセスが制限なしで動いています", count, open),
            say(d, "%zu of %zu processes are not confined", open, count),
            "Linux 5.13 or later with Landlock and seccomp; the log at start says what is "
            "missing");
    } else {
        put(f, DOCTOR_GOOD, say(d, "%zu のプロセスすべてに制限", count),
            say(d, "all %zu processes are confined", count), NULL);
    }
}

static void
look_clock(const struct doctor *d, struct doctor_finding *f)
{
    struct timex timex = {0};
    time_t now = time(NULL);

    if (now < 1767225600) { /* 2026: before this program was written */
        put(f, DOCTOR_BAD, "時計が過去を指しています", "the clock stands in the past",
            "timedatectl set-ntp true");
    } else if (adjtimex(&timex) == TIME_ERROR || (timex.status & STA_UNSYNC) != 0) {
        put(f, DOCTOR_WARN, "時計が合わせられていません（証拠の時刻に響きます）",
            "the clock is not kept by NTP, and evidence carries its time",
            "timedatectl set-ntp true   (or install chrony)");
    } else {
        put(f, DOCTOR_GOOD, "時計は合わせられています", "the clock is kept by NTP", NULL);
    }
}

/* Connects and reads a line; "" in line when it says nothing. */
static bool
greeting(struct bytes place, char *line, size_t room)
{
    struct net_endpoint endpoint;
    struct why why;

    line[0] = '\0';
    if (net_endpoint_read(place, &endpoint, &why) != SK_OK) {
        return false;
    }
    int fd =
        socket(endpoint.socket.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return false;
    }
    struct pollfd ready = {.fd = fd, .events = POLLOUT};
    int error = 0;
    socklen_t size = sizeof error;
    bool there =
        connect(fd, (struct sockaddr *)&endpoint.socket, endpoint.socket_size) == 0 ||
        (errno == EINPROGRESS && poll(&ready, 1, SOCKET_PATIENCE_MS) == 1 &&
         getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0);
    ready.events = POLLIN;
    if (there && poll(&ready, 1, SOCKET_PATIENCE_MS) == 1) {
        ssize_t got = recv(fd, line, room - 1, 0);
        line[got > 0 ? got : 0] = '\0';
        line[strcspn(line, "\r\n")] = '\0';
    }
    close(fd);
    return there;
}

/* The endpoint inside "smtp://127.0.0.1:25". */
static struct bytes
behind_scheme(struct bytes url)
{
    size_t at = bytes_find(url, BYTES("://"), 0);

    return at == BYTES_NOWHERE ? url : bytes_from(url, at + 3);
}

static void
look_doors(const struct doctor *d, struct doctor_finding *f)
{
    size_t count;
    const struct bytes *places = config_list(d->config, "transfer.listen", &count);
    char line[200];

    if (!d->running) {
        put(f, DOCTOR_SKIP, "動いていないので見られません", "it does not run", NULL);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (!greeting(places[i], line, sizeof line) || strncmp(line, "220", 3) != 0) {
            put(f, DOCTOR_BAD, say(d, "%.*s が応答しません", BYTES_ARGUMENTS(places[i])),
                say(d, "%.*s does not greet", BYTES_ARGUMENTS(places[i])),
                "look into the log: journalctl -u sekisho");
            return;
        }
    }
    put(f, count == 0 ? DOCTOR_WARN : DOCTOR_GOOD, say(d, "受信口 %zu か所", count),
        say(d, "%zu places take mail", count),
        count == 0 ? "set transfer.listen, or nothing comes in" : NULL);
}

static void
look_next_hop(const struct doctor *d, struct doctor_finding *f)
{
    struct bytes hop = config_text(d->config, "transfer.next_hop");
    char line[200];

    if (hop.size == 0) {
        put(f, DOCTOR_SKIP, "設定されていません", "none is configured", NULL);
    } else if (bytes_starts(hop, BYTES("maildir:"))) {
        put(f, DOCTOR_GOOD, say(d, "%.*s に配ります", BYTES_ARGUMENTS(hop)),
            say(d, "delivers into %.*s", BYTES_ARGUMENTS(hop)), NULL);
    } else if (!greeting(behind_scheme(hop), line, sizeof line) ||
               strncmp(line, "220", 3) != 0) {
        put(f, DOCTOR_BAD,
            say(d, "%.*s が応答しません。メールは 451 で先送りされます",
                BYTES_ARGUMENTS(hop)),
            say(d, "%.*s does not greet: mail is put off with 451", BYTES_ARGUMENTS(hop)),
            "start the mail server behind, or correct transfer.next_hop");
    } else {
        put(f, DOCTOR_GOOD, say(d, "%.*s が応答しました", BYTES_ARGUMENTS(hop)),
            say(d, "%.*s greets", BYTES_ARGUMENTS(hop)), NULL);
    }
}

/* Seconds until the first certificate of a PEM file ends; false where there is none. */
static bool
certificate_left(const char *path, int64_t *left_r)
{
    FILE *file = fopen(path, "re");
    X509 *certificate = file != NULL ? PEM_read_X509(file, NULL, NULL, NULL) : NULL;
    int days = 0, seconds = 0;
    bool good = certificate != NULL &&
                ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(certificate)) == 1;

    *left_r = DAYS(days) + seconds;
    X509_free(certificate);
    if (file != NULL) {
        fclose(file);
    }
    return good;
}

static void
look_certificate(const struct doctor *d, struct doctor_finding *f)
{
    const char *path = text_of(d, "transfer.tls_certificate");
    int64_t left;

    if (path[0] == '\0') {
        put(f, DOCTOR_WARN, "証明書がないので STARTTLS を出しません",
            "there is no certificate: STARTTLS is not offered",
            "set transfer.tls_certificate and transfer.tls_key");
    } else if (!certificate_left(path, &left)) {
        put(f, DOCTOR_BAD, say(d, "%s は証明書として読めません", path),
            say(d, "%s cannot be read as a certificate", path), "put a PEM file there");
    } else if (left < DAYS(21)) {
        put(f, left < 0 ? DOCTOR_BAD : DOCTOR_WARN,
            say(d, "証明書の残りは %lld 日", (long long)(left / DAYS(1))),
            say(d, "the certificate ends in %lld days", (long long)(left / DAYS(1))),
            "renew it, then: systemctl reload sekisho");
    } else {
        put(f, DOCTOR_GOOD, say(d, "証明書の残りは %lld 日", (long long)(left / DAYS(1))),
            say(d, "the certificate lasts %lld days", (long long)(left / DAYS(1))), NULL);
    }
}

static void
look_law(const struct doctor *d, struct doctor_finding *f)
{
    enum permit_profile profile =
        (enum permit_profile)config_choice(d->config, "permit.profile");

    if (profile == PROFILE_CARRIER) {
        put(f, DOCTOR_GOOD, "電気通信事業者: 内容は本人の同意があるときだけ見ます",
            "carrier: content is read only with the recipient's consent", NULL);
    } else if (config_text(d->config, "permit.house_rule").size == 0) {
        put(f, DOCTOR_WARN, "就業規則などの文が指定されていません（同梱の文例で動きます）",
            "no house rule of your own is named; the one that comes along is used",
            "write your rule to a file and set permit.house_rule");
    } else {
        put(f, DOCTOR_GOOD, "自組織の規則の文が台帳に記録されます",
            "the text of your house rule stands in the ledger", NULL);
    }
}

static void
look_alarm(const struct doctor *d, struct doctor_finding *f)
{
    size_t mails, hooks;

    (void)config_list(d->config, "alarm.mail_to", &mails);
    (void)config_list(d->config, "alarm.webhook", &hooks);
    if (mails + hooks == 0 && config_text(d->config, "alarm.syslog").size == 0) {
        put(f, DOCTOR_WARN, "殺人・爆破予告の知らせ先がありません",
            "nobody is told of a murder or bomb notice",
            "set alarm.mail_to (and alarm.webhook), then: sekisho alarm test");
    } else {
        put(f, DOCTOR_GOOD, say(d, "知らせ先: メール %zu、webhook %zu", mails, hooks),
            say(d, "told by %zu mail addresses and %zu webhooks", mails, hooks), NULL);
    }
}

static void
look_attachments(const struct doctor *d, struct doctor_finding *f)
{
    char path[4096];

    if (!config_bool(d->config, "attachments.open")) {
        put(f, DOCTOR_SKIP, "開かない設定です", "they are not opened, as configured", NULL);
    } else if (!opener_find(path)) {
        put(f, DOCTOR_WARN, "開くプログラム sekisho-opener がありません",
            "the program that opens them, sekisho-opener, is not there",
            "make install, or set attachments.open = no");
    } else if (access("/usr/share/poppler/cMap", R_OK) != 0) {
        put(f, DOCTOR_WARN, "日本語PDFの文字を読む表がありません",
            "tables to read the letters of Japanese PDF are missing",
            "apt-get install poppler-data");
    } else {
        put(f, DOCTOR_GOOD, "一つずつ隔離して開きます", "opened one by one behind walls",
            NULL);
    }
}

static void
look_clamd(const struct doctor *d, struct doctor_finding *f)
{
    struct scan_settings clamd;
    struct bytes version;
    struct why why;

    if (scan_settings_read(d->config, &clamd, &why) != SK_OK) {
        put(f, DOCTOR_BAD, "clamd.socket が正しくありません", "clamd.socket is not right",
            "set clamd.socket = unix:/run/clamav/clamd.ctl");
    } else if (!clamd.used) {
        put(f, DOCTOR_SKIP, "使っていません", "it is not in use",
            "apt-get install clamav-daemon; clamd.socket = unix:/run/clamav/clamd.ctl");
    } else if (clamd_version(d->arena, &clamd.endpoint, SOCKET_PATIENCE_MS, &version,
                             &why) != SK_OK) {
        put(f, DOCTOR_BAD,
            clamd.tempfail ? "clamdが応答しません。添付のあるメールは延期されます"
                           : "clamdが応答しません。添付ファイルは検査されません",
            clamd.tempfail ? "clamd does not answer: mail with attachments is put off"
                           : "clamd does not answer: attachments are not scanned",
            "systemctl status clamav-daemon");
    } else {
        struct writer w;
        writer_init(&w, d->arena);
        writer_clean(&w, version, 80);
        put(f, DOCTOR_GOOD, say(d, "clamdが応答します: %s", writer_c(&w)),
            say(d, "clamd answers: %s", writer_c(&w)), NULL);
    }
}

static void
look_dictionary(const struct doctor *d, struct doctor_finding *f)
{
    struct bytes folder = config_text(d->config, "judge.dictionary");
    const char *at = folder.size > 0 ? bytes_text(d->arena, folder) : LEMMAS_FOLDER;
    struct why why;

    if (lemmas_open(at, &why) != SK_OK) {
        put(f, folder.size > 0 ? DOCTOR_BAD : DOCTOR_WARN,
            "単語の辞書がありません。犯罪予告などを文字の並びだけで判断します",
            "there is no dictionary of words: notices of crime and offers are judged by "
            "their "
            "letters alone",
            "apt-get install mecab-jumandic-utf8");
    } else {
        put(f, DOCTOR_GOOD, say(d, "本文を単語に分けて読みます: %s", at),
            say(d, "text is read word by word: %s", at), NULL);
    }
}

/* Members of a list that the keeper gives in answer to a request. */
static size_t
asked_count(const struct doctor *d, const char *request, const char *list)
{
    struct bytes reply;
    struct why why;

    if (d->status == NULL ||
        ask_keeper(d->arena, d->config, bytes_from_text(request), &reply, &why) != SK_OK) {
        return 0;
    }
    json_t *said = json_loadb((const char *)reply.at, reply.size, 0, NULL);
    size_t count = json_array_size(json_object_get(said, list));
    json_decref(said);
    return count;
}

static void
look_console(const struct doctor *d, struct doctor_finding *f)
{
    struct bytes listen = config_text(d->config, "report.listen");

    if (listen.size == 0) {
        put(f, DOCTOR_SKIP, "使っていません", "it is not in use",
            "set report.listen = 127.0.0.1:8025 to look on in a browser");
    } else if (asked_count(d, "{\"do\":\"account.list\"}", "accounts") == 0) {
        put(f, DOCTOR_WARN, "入れる人がまだいません", "nobody can sign in yet",
            "sekisho account add NAME --role operator");
    } else {
        put(f, DOCTOR_GOOD, say(d, "%.*s で開いています", BYTES_ARGUMENTS(listen)),
            say(d, "it is open at %.*s", BYTES_ARGUMENTS(listen)), NULL);
    }
}

/* Nobody outside has seen what is here: then nobody outside can contradict us, nor speak for us. */
static void
look_witness(const struct doctor *d, struct doctor_finding *f)
{
    size_t count = config_named_count(d->config, "witness");
    int64_t every_ms = config_number(d->config, "record.witness_every");
    struct stat status;
    struct writer w;

    writer_init(&w, d->arena);
    writer_format(&w, "%s/" LEDGER_COSIGNED, d->folder);
    if (count == 0) {
        put(f, DOCTOR_SKIP, "立会人がいません（台帳を外から証明する人がいません）",
            "there is none: nobody outside vouches for the ledger",
            "agree with another site, then write a [witness NAME] section");
    } else if (stat(writer_c(&w), &status) != 0 ||
               time(NULL) - status.st_mtime > 3 * every_ms / 1000 + 3600) {
        put(f, DOCTOR_WARN, "立会人の副署がしばらくありません",
            "no witness has cosigned for a while", "sekisho ledger witness");
    } else {
        put(f, DOCTOR_GOOD, say(d, "立会人 %zu", count), say(d, "%zu of them", count),
            NULL);
    }
}

static void
look_policy(const struct doctor *d, struct doctor_finding *f)
{
    int64_t label = config_number(d->config, "policy.label"),
            hold = config_number(d->config, "policy.hold"),
            refuse = config_number(d->config, "policy.refuse");

    if (label > hold || hold > refuse) {
        put(f, DOCTOR_WARN, "しきい値が label ≦ hold ≦ refuse になっていません",
            "the thresholds are not label <= hold <= refuse",
            "sekisho config --keys | grep policy");
    } else {
        put(f, DOCTOR_GOOD,
            say(d, "label %lld、hold %lld、refuse %lld", (long long)label, (long long)hold,
                (long long)refuse),
            say(d, "label %lld, hold %lld, refuse %lld", (long long)label, (long long)hold,
                (long long)refuse),
            NULL);
    }
}

static void
look_places(const struct doctor *d, struct doctor_finding *f)
{
    const struct places *places;
    struct stat status;
    struct why why;
    int file;

    if (places_open(d->arena, d->config, &places, &file, &why) != SK_OK) {
        put(f, DOCTOR_BAD, say(d, "表を読めません: %s", why.sentence),
            say(d, "a table cannot be read: %s", why.sentence),
            "correct the file or the section [place]");
        return;
    }
    close(file);
    const struct places_figures *t = places_figures(places);
    const char *ranges = text_of(d, "place.ranges4");
    if (t->missing4.size > 0 || t->missing6.size > 0) {
        put(f, DOCTOR_WARN, "国別のアドレス範囲がないので、送信元の国が分かりません",
            "the ranges of countries are missing: where a source is cannot be told",
            "apt-get install tor-geoipdb, then: systemctl reload sekisho");
    } else if (ranges[0] != '\0' && stat(ranges, &status) == 0 &&
               status.st_mtime < time(NULL) - DAYS(400)) {
        put(f, DOCTOR_WARN, say(d, "%s が 1 年以上前のものです", ranges),
            say(d, "%s is more than a year old", ranges),
            "apt-get update && apt-get install tor-geoipdb, then: systemctl reload "
            "sekisho");
    } else {
        put(f, DOCTOR_GOOD,
            say(d, "国別の範囲 %zu 件、Tor %zu・プロキシ %zu・事業者 %zu 件 (%zu KiB)",
                t->ranges4 + t->ranges6, t->tor, t->proxies, t->hosting, t->size / 1024),
            say(d,
                "%zu ranges of countries; %zu of Tor, %zu of proxies, %zu of hosting "
                "(%zu KiB)",
                t->ranges4 + t->ranges6, t->tor, t->proxies, t->hosting, t->size / 1024),
            NULL);
    }
}

const struct doctor_check doctor_checks[] = {
    {"user", "利用者", "user", look_user},
    {"folders", "置き場", "folders", look_folders},
    {"disk", "ディスク", "disk", look_disk},
    {"running", "稼働", "running", look_running},
    {"record", "記録", "record", look_trouble},
    {"ledger", "台帳", "ledger", look_ledger},
    {"confined", "制限", "confinement", look_confined},
    {"clock", "時計", "clock", look_clock},
    {"doors", "受信口", "doors", look_doors},
    {"next_hop", "配送先", "next hop", look_next_hop},
    {"certificate", "証明書", "certificate", look_certificate},
    {"places", "送信元の国", "places", look_places},
    {"attachments", "添付ファイル", "attachments", look_attachments},
    {"clamd", "ClamAV", "ClamAV", look_clamd},
    {"dictionary", "辞書", "dictionary", look_dictionary},
    {"law", "法的根拠", "legal ground", look_law},
    {"alarm", "警報", "alarm", look_alarm},
    {"console", "管理画面", "console", look_console},
    {"witness", "立会人", "witnesses", look_witness},
    {"policy", "しきい値", "thresholds", look_policy},
    {0},
};
