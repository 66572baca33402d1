/* Each try is made in a process of its own that was hardened as a role: forbidden things fail, or end it, and its own work
 * goes on. */
#define SK_BASE
#include "sekisho/harden_private.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/tap.h"

#define W     (1u << HARDEN_WORKER)
#define C     (1u << HARDEN_CLERK)
#define K     (1u << HARDEN_KEEPER)
#define S     (1u << HARDEN_KEYS) /* secrets */
#define P     (1u << HARDEN_PURGER)
#define O     (1u << HARDEN_OPENER)
#define N     (1u << HARDEN_OPENED) /* one attachment */
#define ALL   (W | C | K | S | P | O | N)
#define ROLES 7

#ifndef RWF_NOAPPEND
#define RWF_NOAPPEND 0x20
#endif

static char folder[] = "/tmp/harden-test-XXXXXX";
static int listener_port;
static bool root_mounts; /* the journal can be made read-only */

static const char *
at(const char *name)
{
    static char paths[4][4096];
    static unsigned next;
    char *path = paths[next++ % 4];

    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static bool
opens(const char *path, int flags)
{
    int fd = open(path, flags, 0600);

    if (fd >= 0) {
        close(fd);
    }
    return fd >= 0;
}

/* Every try says whether the thing could be done. */
#define TRY(name, expression)                                                              \
    static bool name(void)                                                                 \
    {                                                                                      \
        return expression;                                                                 \
    }

TRY(try_create, opens(at("record/new"), O_WRONLY | O_CREAT))
TRY(try_create_elsewhere, opens("/tmp/harden-test-elsewhere", O_WRONLY | O_CREAT))
TRY(try_write, opens(at("record/file"), O_WRONLY))
TRY(try_read, opens(at("record/file"), O_RDONLY))
TRY(try_read_entry, opens(at("record/journal/00000000000000000000.log"), O_RDONLY))
TRY(try_read_key, opens(at("keys/ledger.key"), O_RDONLY))
TRY(try_read_system, opens("/etc/passwd", O_RDONLY))
TRY(try_read_memory, opens("/proc/self/mem", O_RDWR))
TRY(try_list, opens(at("record"), O_RDONLY | O_DIRECTORY))
TRY(try_remove, unlink(at("record/victim")) == 0)
TRY(try_rename, rename(at("record/file"), at("record/renamed")) == 0)
TRY(try_truncate, truncate(at("record/file"), 0) == 0)
TRY(try_mkdir, mkdir(at("record/folder"), 0700) == 0)
TRY(try_symlink, symlink("/etc/passwd", at("record/pointer")) == 0)
TRY(try_chmod, chmod(at("record/file"), 0666) == 0)
TRY(try_chown, chown(at("record/file"), 0, 0) == 0)
TRY(try_pipe, mkfifo(at("record/pipe"), 0600) == 0)

/* The ledger */

static const char segment[] = "record/journal/00000000000000000000.log";

TRY(try_entry_write, opens(at(segment), O_WRONLY) || opens(at(segment), O_RDWR) ||
                         opens(at(segment), O_WRONLY | O_APPEND))
TRY(try_entry_truncate,
    truncate(at(segment), 0) == 0 || opens(at(segment), O_RDONLY | O_TRUNC))
TRY(try_entry_remove, unlink(at(segment)) == 0)
TRY(try_entry_rename, rename(at(segment), at("record/away")) == 0 ||
                          rename(at("record/file"), at(segment)) == 0)
TRY(try_journal_rename, rename(at("record/journal"), at("record/past")) == 0)
TRY(try_entry_new, opens(at("record/journal/00000000000000000009.log"), O_WRONLY | O_CREAT))
TRY(try_descriptor_again,
    opens("/proc/self/fd/99", O_WRONLY) || opens("/dev/fd/99", O_WRONLY))
TRY(try_cut, ftruncate(HARDEN_SEGMENT, 0) == 0)
TRY(try_cut_upper_bits, syscall(SYS_ftruncate, (1l << 40) | HARDEN_SEGMENT, 0) == 0)
TRY(try_punch,
    fallocate(HARDEN_SEGMENT, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4) == 0 ||
        fallocate(HARDEN_SEGMENT, FALLOC_FL_ZERO_RANGE, 0, 4) == 0 ||
        fallocate(HARDEN_SEGMENT, FALLOC_FL_COLLAPSE_RANGE, 0, 4096) == 0 ||
        fallocate(HARDEN_SEGMENT, 0, 0, 4096) == 0)
TRY(try_flags, fcntl(HARDEN_SEGMENT, F_SETFL, 0) == 0 ||
                   syscall(SYS_fcntl, (7l << 33) | HARDEN_SEGMENT, F_SETFL, 0) == 0)
TRY(try_double, dup(HARDEN_SEGMENT) >= 0 || dup2(HARDEN_SEGMENT, 7) >= 0 ||
                    dup3(HARDEN_SEGMENT, 7, 0) >= 0 ||
                    fcntl(HARDEN_SEGMENT, F_DUPFD, 7) >= 0)
static bool
try_overwrite(void)
{
    struct iovec piece = {(void *)(uintptr_t) "XXXX", 4};

    return syscall(SYS_pwritev2, HARDEN_SEGMENT, &piece, 1, 0, 0, RWF_NOAPPEND) == 4;
}
TRY(try_map,
    mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, HARDEN_SEGMENT, 0) != MAP_FAILED)
static bool
try_asynchronous(void)
{
    unsigned long context = 0;

    return syscall(SYS_io_setup, 1, &context) == 0;
}
/* Written at offset 0, it stands at the end. */
static bool
try_append(void)
{
    char text[64] = "";
    bool wrote = fallocate(HARDEN_SEGMENT, FALLOC_FL_KEEP_SIZE, 0, 8192) == 0 &&
                 pwrite(HARDEN_SEGMENT, "more", 4, 0) == 4 &&
                 fdatasync(HARDEN_SEGMENT) == 0;
    int fd = open(at(segment), O_RDONLY);

    return wrote && fd >= 0 && read(fd, text, sizeof text - 1) == 8 &&
           strcmp(text, "oldsmore") == 0;
}
/* The next segment takes the place of the one before. */
static bool
try_next_segment(void)
{
    int fd = open(at("record/next"), O_WRONLY | O_APPEND | O_CREAT, 0600);

    return fd >= 0 && dup3(fd, HARDEN_SEGMENT, O_CLOEXEC) == HARDEN_SEGMENT &&
           close(fd) == 0 && ftruncate(HARDEN_SEGMENT, 0) != 0 &&
           write(HARDEN_SEGMENT, "new", 3) == 3;
}
static bool
try_tick(void)
{
    int fd = open(at("record/replaced.new"), O_WRONLY | O_CREAT | O_TRUNC, 0600);

    return fd >= 0 && write(fd, "x", 1) == 1 && fsync(fd) == 0 && ftruncate(fd, 0) == 0 &&
           fallocate(fd, 0, 0, 10) == 0 && close(fd) == 0 &&
           rename(at("record/replaced.new"), at("record/replaced")) == 0 &&
           unlink(at("record/replaced")) == 0;
}
static bool
try_zero(void)
{
    int fd = open(at(segment), O_WRONLY);

    return fd >= 0 && pwrite(fd, "\0\0", 2, 0) == 2 && fdatasync(fd) == 0;
}

/* Network */

TRY(try_raw_packets,
    socket(AF_PACKET, SOCK_RAW, 0) >= 0 || socket(AF_INET, SOCK_RAW, IPPROTO_ICMP) >= 0)
TRY(try_netlink, socket(AF_NETLINK, SOCK_RAW, 0) >= 0)
TRY(try_alg,
    socket(AF_ALG, SOCK_SEQPACKET, 0) >= 0 || socket(AF_VSOCK, SOCK_STREAM, 0) >= 0)
static bool
try_bind(void)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    return fd >= 0 && bind(fd, (struct sockaddr *)&any, sizeof any) == 0;
}
static bool
try_listen(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    return fd >= 0 && listen(fd, 1) == 0;
}
static bool
try_listen_path(void)
{
    struct sockaddr_un place = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    memcpy(place.sun_path, at("record/socket"), strlen(at("record/socket")) + 1);
    return fd >= 0 && bind(fd, (struct sockaddr *)&place, sizeof place) == 0;
}
static bool
try_connect(void)
{
    struct sockaddr_in there = {.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)listener_port),
                                .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    return fd >= 0 && connect(fd, (struct sockaddr *)&there, sizeof there) == 0;
}
static bool
try_datagrams(void)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    return fd >= 0 && bind(fd, (struct sockaddr *)&any, sizeof any) == 0;
}

/* Processes */

static bool
try_execute(void)
{
    execl("/bin/true", "true", NULL);
    return false;
}
static bool
try_execute_descriptor(void)
{
    char *const none[] = {NULL};

    syscall(SYS_execveat, 0, "", none, none, AT_EMPTY_PATH);
    return false;
}
static bool
try_fork(void)
{
    pid_t pid = fork();

    if (pid == 0) {
        _exit(0);
    }
    return pid > 0 && waitpid(pid, NULL, 0) == pid;
}
static void *
thread_main(void *it)
{
    return it;
}
static bool
try_thread(void)
{
    pthread_t thread;

    return pthread_create(&thread, NULL, thread_main, NULL) == 0 &&
           pthread_join(thread, NULL) == 0;
}
TRY(try_trace, ptrace(PTRACE_ATTACH, getppid(), NULL, NULL) == 0)
static bool
try_other_memory(void)
{
    char byte;
    struct iovec mine = {&byte, 1}, its = {folder, 1};

    return process_vm_readv(getppid(), &mine, 1, &its, 1, 0) == 1;
}
TRY(try_signal,
    kill(getppid(), 0) == 0 || syscall(SYS_tgkill, getppid(), getppid(), 0) == 0)
static bool
try_ring(void)
{
    char parameters[256] = "";

    return syscall(SYS_io_uring_setup, 1, parameters) >= 0;
}
TRY(try_programs_in_kernel, syscall(SYS_bpf, 0, NULL, 0) == 0)
TRY(try_kernel_keys, syscall(SYS_keyctl, 0, -3, 0, 0, 0) >= 0)
TRY(try_user_faults, syscall(SYS_userfaultfd, 0) >= 0)
TRY(try_mount, mount("/tmp", "/tmp", NULL, 4096, NULL) == 0)
TRY(try_unmount, umount2(at("record/journal"), 2) == 0)
TRY(try_name_space, unshare(CLONE_NEWUSER) == 0)
TRY(try_new_user_space,
    syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL) > 0)
TRY(try_root, chroot("/tmp") == 0)
static bool
try_clock(void)
{
    struct timespec now = {1, 0};

    return clock_settime(CLOCK_REALTIME, &now) == 0;
}
static bool
try_run_memory(void)
{
    void *page =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS,
                -1, 0) != MAP_FAILED ||
           mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0;
}
TRY(try_dumpable, prctl(PR_SET_DUMPABLE, 1) == 0 || prctl(PR_GET_DUMPABLE) == 1)
static bool
try_more_resources(void)
{
    struct rlimit much = {RLIM_INFINITY, RLIM_INFINITY};

    return setrlimit(RLIMIT_CORE, &much) == 0;
}
TRY(try_user, setuid(1) == 0 || setgid(1) == 0)
TRY(try_hidden_file, memfd_create("x", 0) >= 0)
static bool
try_work(void)
{
    int ends[2], low = open("/dev/null", O_RDONLY);
    struct timespec now;
    char *memory = malloc(1 << 20);
    char byte = 0;

    if (low >= 0) {
        close(low);
    }
    return memory != NULL && pipe2(ends, O_CLOEXEC) == 0 && write(ends[1], "x", 1) == 1 &&
           read(ends[0], &byte, 1) == 1 && byte == 'x' &&
           clock_gettime(CLOCK_REALTIME, &now) == 0 &&
           fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0 && getpid() > 0;
}

struct attempt {
    const char *words;
    bool (*make)(void);
    unsigned denied, killed, works;
    bool filtered; /* by seccomp alone: not in a build with sanitizers */
    bool mounted;  /* by the read-only mount alone: only where it can be had */
};

static const struct attempt attempts[] = {
    {"its own work: memory, pipes, time", try_work, 0, 0, ALL, false, false},
    {"makes a file in the record folder", try_create, W | C | S | P | O | N, 0, K, false,
     false},
    {"makes a file elsewhere", try_create_elsewhere, ALL, 0, 0, false, false},
    {"opens a file of the record for writing", try_write, W | C | S | P | O | N, 0, K,
     false, false},
    {"reads a file of the record", try_read, W | S | O | N, 0, C | K | P, false, false},
    {"reads the ledger", try_read_entry, W | S | O | N, 0, C | K | P, false, false},
    {"reads a private key", try_read_key, W | C | S | P | O | N, 0, K, false, false},
    {"reads a file of the system", try_read_system, ALL, 0, 0, false, false},
    {"opens its own memory as a file", try_read_memory, ALL, 0, 0, false, false},
    {"lists the record folder", try_list, W | S | O | N, 0, C | K | P, false, false},
    {"removes a file of the record", try_remove, W | C | S | P | O | N, 0, K, false, false},
    {"renames a file of the record", try_rename, W | C | S | P | O | N, 0, K, false, false},
    {"truncates a file of the record", try_truncate, W | C | S | P | O | N, 0, 0, false,
     false},
    {"makes a folder in the record", try_mkdir, W | C | S | P | O | N, 0, K, false, false},
    {"makes a symbolic link", try_symlink, ALL, 0, 0, false, false},
    {"makes a named pipe", try_pipe, ALL, 0, 0, false, false},
    {"changes the mode of a file", try_chmod, ALL, 0, 0, true, false},
    {"changes the owner of a file", try_chown, ALL, 0, 0, true, false},
    {"opens a segment of the ledger for writing", try_entry_write, W | C | S | K | O | N, 0,
     P, false, true},
    {"truncates a segment", try_entry_truncate, W | C | S | K | O | N, 0, 0, false, true},
    {"removes a segment", try_entry_remove, W | C | S | K | O | N, 0, 0, false, true},
    {"renames a segment, or another file over it", try_entry_rename,
     W | C | S | K | P | O | N, 0, 0, false, true},
    {"renames the journal", try_journal_rename, ALL, 0, 0, false, true},
    {"makes a segment of its own", try_entry_new, W | C | S | K | O | N, 0, 0, false, true},
    {"opens its descriptor of the segment anew", try_descriptor_again, K, 0, 0, true, true},
    {"truncates by the descriptor", try_cut, K, 0, 0, false, false},
    {"truncates by its number with bits above the 32nd", try_cut_upper_bits, K, 0, 0, false,
     false},
    {"punches a hole, or moves what is there", try_punch, K, 0, 0, true, false},
    {"makes the descriptor other than append-only", try_flags, K, 0, 0, false, false},
    {"doubles the descriptor", try_double, K, 0, 0, false, false},
    {"writes over an entry with RWF_NOAPPEND", try_overwrite, K, 0, 0, true, false},
    {"maps the segment for writing", try_map, K, 0, 0, false, false},
    {"writes asynchronously", try_asynchronous, ALL, 0, 0, true, false},
    {"appends to the ledger, wherever it is told to write", try_append, 0, 0, K, false,
     false},
    {"goes on to the next segment, with the same bounds", try_next_segment, 0, 0, K, false,
     false},
    {"replaces and removes its other files", try_tick, 0, 0, K, false, false},
    {"zeroes a purged entry", try_zero, 0, 0, P, false, false},
    {"opens a socket for raw packets", try_raw_packets, ALL, 0, 0, false, false},
    {"opens a netlink socket", try_netlink, ALL, 0, 0, true, false},
    {"opens sockets of rare kinds", try_alg, ALL, 0, 0, true, false},
    {"binds a TCP port", try_bind, ALL, 0, 0, false, false},
    {"listens", try_listen, ALL, 0, 0, false, false},
    {"makes a socket in the record folder", try_listen_path, W | C | S | K | P | O | N, 0,
     0, true, false},
    {"connects", try_connect, K | S | P | O | N, 0, W | C, false, false},
    {"sends datagrams", try_datagrams, K | S | P | O | N, 0, W | C, true, false},
    {"executes a program", try_execute, 0, ALL, 0, true, false},
    {"executes a descriptor", try_execute_descriptor, 0, ALL, 0, true, false},
    {"forks", try_fork, W | K | S | P | N, 0, C | O, true, false},
    {"makes a thread", try_thread, W | S | P | N, 0, C | K | O, true, false},
    {"traces another process", try_trace, 0, ALL, 0, true, false},
    {"reads another process's memory", try_other_memory, 0, ALL, 0, true, false},
    {"signals another process", try_signal, ALL, 0, 0, false, false},
    {"uses io_uring", try_ring, 0, ALL, 0, true, false},
    {"loads a program into the kernel", try_programs_in_kernel, 0, ALL, 0, true, false},
    {"uses the kernel's keys", try_kernel_keys, 0, ALL, 0, true, false},
    {"handles page faults", try_user_faults, 0, ALL, 0, true, false},
    {"mounts", try_mount, 0, ALL, 0, true, false},
    {"unmounts the journal's guard", try_unmount, 0, ALL, 0, true, false},
    {"makes a name space", try_name_space, 0, ALL, 0, true, false},
    {"makes a process in another name space", try_new_user_space, ALL, 0, 0, true, false},
    {"changes its root", try_root, 0, ALL, 0, true, false},
    {"sets the clock", try_clock, 0, ALL, 0, true, false},
    {"makes memory that can be run", try_run_memory, ALL, 0, 0, true, false},
    {"becomes dumpable", try_dumpable, ALL, 0, 0, true, false},
    {"takes back a limit", try_more_resources, ALL, 0, 0, false, false},
    {"becomes another user", try_user, ALL, 0, 0, false, false},
    {"makes a file without a name", try_hidden_file, W | C | S | P | O | N, 0, K, true,
     false},
};

static void
put(const char *name, const char *text)
{
    int fd = open(at(name), O_WRONLY | O_CREAT | O_TRUNC, 0600);

    SK_ASSERT(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
}

static void
set_up(void)
{
    static const char *const folders[] = {"", "record", "record/journal", "keys"};

    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        (void)!mkdir(at(folders[i]), 0700);
    }
    (void)!rmdir(at("record/folder"));
    put("record/file", "text");
    put("record/victim", "text");
    put(segment, "olds");
    put("keys/ledger.key", "secret");
}

/* In the child: as the role's process does it. */
static void
become(enum harden_role role)
{
    const char *record = strdup(at("record")), *keys = strdup(at("keys"));
    const char *journal = strdup(at("record/journal"));
    const struct harden_path paths[ROLES][2] = {
        [HARDEN_CLERK] = {{record, HARDEN_READ}},
        [HARDEN_KEEPER] = {{record, HARDEN_WRITE}, {keys, HARDEN_WRITE}},
        [HARDEN_PURGER] = {{record, HARDEN_READ}, {journal, HARDEN_WRITE}},
    };
    static const size_t counts[ROLES] = {
        [HARDEN_CLERK] = 1, [HARDEN_KEEPER] = 2, [HARDEN_PURGER] = 2};
    struct harden harden = {.role = role, .path_count = counts[role]};
    struct why why;

    if (counts[role] > 0) {
        harden.paths = paths[role];
    }
    if (role == HARDEN_KEEPER) {
        int fd = open(at(segment), O_WRONLY | O_APPEND);
        SK_ASSERT(dup2(fd, HARDEN_SEGMENT) == HARDEN_SEGMENT);
        close(fd);
        if (root_mounts) {
            SK_ASSERT(harden_own_mounts());
            SK_ASSERT(harden_read_only(at("record/journal"), &why) == SK_OK);
        }
    }
    harden.strict = true;
    if (role == HARDEN_OPENED) {
        harden.role = HARDEN_OPENER; /* it is forked by one, and adds a filter */
    }
    if (harden_process(&harden, &why) != SK_OK ||
        (role == HARDEN_OPENED && harden_filter(role, &why) != SK_OK)) {
        fprintf(stderr, "# %s\n", why.sentence);
        _exit(3);
    }
}

enum { DONE = 0, DENIED = 1, ODD = 2, KILLED = -1 };

static int
attempt_as(enum harden_role role, const struct attempt *attempt)
{
    int status;

    set_up();
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        become(role);
        _exit(attempt->make() ? DONE : DENIED);
    }
    SK_ASSERT(waitpid(pid, &status, 0) == pid);
    if (WIFSIGNALED(status)) {
        return WTERMSIG(status) == SIGSYS ? KILLED : ODD;
    }
    return WEXITSTATUS(status);
}

static void
test_role(enum harden_role role, const char *name)
{
    for (size_t i = 0; i < sizeof attempts / sizeof attempts[0]; i++) {
        const struct attempt *attempt = &attempts[i];
        unsigned bit = 1u << role;
        if (((attempt->denied | attempt->killed | attempt->works) & bit) == 0) {
            continue;
        }
        if (attempt->filtered && HARDEN_SANITIZED) {
            tap_skip("sanitizers need more system calls");
            continue;
        }
        if (attempt->mounted && role == HARDEN_KEEPER && !root_mounts) {
            tap_skip("only root has mounts of its own");
            continue;
        }
        int what = attempt_as(role, attempt);
        if ((attempt->works & bit) != 0) {
            tap_ok(what == DONE, "%s: %s (%d)", name, attempt->words, what);
        } else if ((attempt->killed & bit) != 0) {
            tap_ok(what == KILLED, "%s: ends when it %s (%d)", name, attempt->words, what);
        } else {
            tap_ok(what == DENIED, "%s: cannot, though it tries: %s (%d)", name,
                   attempt->words, what);
        }
    }
}

/* The tries themselves can succeed: else all of the above would say nothing. */
static void
test_unhardened(void)
{
    struct rlimit files;
    bool worked = true;

    getrlimit(RLIMIT_NOFILE, &files);
    bool (*const plain[])(void) = {
        try_create,     try_write,        try_read,        try_read_key, try_read_system,
        try_list,       try_remove,       try_rename,      try_mkdir,    try_symlink,
        try_pipe,       try_chmod,        try_bind,        try_connect,  try_datagrams,
        try_fork,       try_thread,       try_signal,      try_netlink,  try_listen,
        try_run_memory, try_entry_rename, try_hidden_file,
    };
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
        set_up();
        pid_t pid = fork();
        int status = 0;
        if (pid == 0) {
            _exit(plain[i]() ? 0 : 1);
        }
        waitpid(pid, &status, 0);
        worked = worked && status == 0;
        (void)!unlink(at("record/pointer"));
        (void)!unlink(at("record/pipe"));
        (void)!unlink(at("record/away"));
    }
    tap_ok(worked, "without walls each of these can be done");
}

static void
test_memory(void)
{
    int status;

    if (HARDEN_SANITIZED) {
        tap_skip("sanitizers take what they want");
        return;
    }
    pid_t pid = fork();
    if (pid == 0) {
        struct why why;
        struct harden harden = {.role = HARDEN_WORKER, .memory_bytes = 64u << 20};
        bool good = harden_process(&harden, &why) == SK_OK;
        void *small = malloc(16u << 20), *large = malloc(65u << 20);
        _exit(good && small != NULL && large == NULL ? 0 : 1);
    }
    waitpid(pid, &status, 0);
    tap_ok(status == 0, "a worker gets its share of memory and no more");
}

static void
test_aborts(void)
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        become(HARDEN_WORKER);
        abort();
    }
    waitpid(pid, &status, 0);
    tap_ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT && !WCOREDUMP(status),
           "an assertion still ends a hardened process with SIGABRT, and leaves no core");
}

static int
loopback_listener(void)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof any;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    SK_ASSERT(bind(fd, (struct sockaddr *)&any, size) == 0 && listen(fd, 100) == 0);
    getsockname(fd, (struct sockaddr *)&any, &size);
    listener_port = ntohs(any.sin_port);
    return fd;
}

static bool
can_mount(void)
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        struct why why;
        _exit(harden_own_mounts() && harden_read_only(at("record/journal"), &why) == SK_OK
                  ? 0
                  : 1);
    }
    waitpid(pid, &status, 0);
    return status == 0;
}

int
main(void)
{
    static const char *const names[ROLES] = {
        [HARDEN_WORKER] = "worker", [HARDEN_CLERK] = "clerk",   [HARDEN_KEEPER] = "keeper",
        [HARDEN_KEYS] = "keys",     [HARDEN_PURGER] = "purger", [HARDEN_OPENER] = "opener",
        [HARDEN_OPENED] = "opened"};
    char command[128];

    if (harden_landlock() < 6 || !harden_seccomp()) {
        tap_skip("this kernel has no Landlock of ABI 6, or no seccomp");
        return tap_done();
    }
    SK_ASSERT(mkdtemp(folder) != NULL);
    int listener = loopback_listener();
    set_up();
    root_mounts = can_mount();
    test_unhardened();
    for (unsigned role = 0; role < ROLES; role++) {
        test_role((enum harden_role)role, names[role]);
    }
    test_memory();
    test_aborts();
    close(listener);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command) == 0 ? tap_done() : 1;
}
