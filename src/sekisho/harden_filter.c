/* The allow-lists of system calls, one for each role. They were measured with strace over the end-to-end tests; a call stands
 * where the first role needs it. What is in no list fails with EPERM, so that a library that only tries goes on; what only
 * an attacker calls ends the process. */
#define SK_BASE
#include "sekisho/harden_private.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/bytes.h"

#define SYS(name) SCMP_SYS(name)
#define END       __NR_SCMP_ERROR

/* Everyone: memory, time, signals to itself, what is open already, the loop. */
static const int everyone[] = {
    SYS(read),
    SYS(readv),
    SYS(write),
    SYS(writev),
    SYS(close),
    SYS(fstat),
    SYS(newfstatat), /* of an open file: fstat goes this way */
    SYS(lseek),
    SYS(munmap),
    SYS(mremap),
    SYS(brk),
    SYS(madvise),
    SYS(futex),
    SYS(rt_sigaction),
    SYS(rt_sigprocmask),
    SYS(rt_sigreturn),
    SYS(sigaltstack),
    SYS(restart_syscall),
    SYS(exit),
    SYS(exit_group),
    SYS(sched_yield),
    SYS(sched_getaffinity),
    SYS(rseq),
    SYS(set_robust_list),
    SYS(membarrier),
    SYS(getpid),
    SYS(gettid),
    SYS(getuid),
    SYS(geteuid),
    SYS(getgid),
    SYS(getegid),
    SYS(getppid),
    SYS(getrusage),
    SYS(sysinfo),
    SYS(uname),
    SYS(getrandom),
    SYS(clock_gettime),
    SYS(clock_getres),
    SYS(clock_nanosleep),
    SYS(nanosleep),
    SYS(gettimeofday),
    SYS(time),
    SYS(epoll_create1),
    SYS(epoll_ctl),
    SYS(epoll_wait),
    SYS(epoll_pwait),
    SYS(epoll_pwait2),
    SYS(poll),
    SYS(ppoll),
    SYS(select),
    SYS(pselect6),
    SYS(eventfd2),
    SYS(pipe2),
    SYS(timerfd_create),
    SYS(timerfd_settime),
    SYS(timerfd_gettime),
    SYS(sendto),
    SYS(sendmsg),
    SYS(recvfrom),
    SYS(recvmsg),
    SYS(shutdown),
    SYS(getsockopt),
    SYS(getsockname),
    SYS(getpeername),
    SYS(pread64),
    END,
};

/* Worker and clerk: clients come in, and they connect to others. A TCP port cannot be bound (Landlock), nothing listens. */
static const int connecting[] = {
    SYS(accept),     SYS(accept4),  SYS(connect),  SYS(bind),
    SYS(setsockopt), SYS(sendmmsg), SYS(recvmmsg), END,
};

/* Who reads files, as far as Landlock lets it. */
static const int reading[] = {
    SYS(open),       SYS(openat),     SYS(stat),
    SYS(lstat),      SYS(statx),      SYS(access),
    SYS(faccessat),  SYS(faccessat2), SYS(readlink),
    SYS(readlinkat), SYS(getdents64), SYS(getcwd),
    SYS(statfs),     SYS(fstatfs),    SYS(fadvise64),
    SYS(flock),      SYS(preadv),     END,
};

/* Who writes files. pwritev2 and io_submit are not here: their RWF_NOAPPEND writes over what a descriptor may only append
 * to. Neither is anything that changes a file's mode or owner by its path. */
static const int writing[] = {
    SYS(pwrite64), SYS(pwritev),         SYS(fsync),    SYS(fdatasync),
    SYS(syncfs),   SYS(sync_file_range), SYS(mkdir),    SYS(mkdirat),
    SYS(rmdir),    SYS(unlink),          SYS(unlinkat), SYS(rename),
    SYS(renameat), SYS(renameat2),       SYS(link),     SYS(linkat),
    SYS(umask),    SYS(fchmod),          SYS(fchown),   SYS(utimensat),
    END,
};

/* Only an attacker calls these: the process ends with SIGSYS. */
static const int hostile[] = {
    SYS(execve),
    SYS(execveat),
    SYS(process_vm_readv),
    SYS(process_vm_writev),
    SYS(process_madvise),
    SYS(pidfd_getfd),
    SYS(kcmp),
    SYS(add_key),
    SYS(request_key),
    SYS(keyctl),
    SYS(bpf),
    SYS(userfaultfd),
    SYS(perf_event_open),
    SYS(io_uring_setup),
    SYS(io_uring_enter),
    SYS(io_uring_register),
    SYS(memfd_secret),
    SYS(mount),
    SYS(umount2),
    SYS(move_mount),
    SYS(open_tree),
    SYS(fsopen),
    SYS(fsmount),
    SYS(fsconfig),
    SYS(fspick),
    SYS(mount_setattr),
    SYS(pivot_root),
    SYS(chroot),
    SYS(setns),
    SYS(unshare),
    SYS(open_by_handle_at),
    SYS(init_module),
    SYS(finit_module),
    SYS(delete_module),
    SYS(kexec_load),
    SYS(kexec_file_load),
    SYS(reboot),
    SYS(swapon),
    SYS(swapoff),
    SYS(acct),
    SYS(quotactl),
    SYS(settimeofday),
    SYS(clock_settime),
    SYS(adjtimex),
    SYS(clock_adjtime),
    SYS(sethostname),
    SYS(setdomainname),
    SYS(iopl),
    SYS(ioperm),
    SYS(modify_ldt),
    SYS(personality),
    END,
};

struct filter {
    scmp_filter_ctx context;
    bool broken;
};

/* Calls that this architecture does not have (open, on some) are passed over. */
static void
filter_add(struct filter *f, uint32_t action, int call, unsigned count,
           const struct scmp_arg_cmp *arguments)
{
    if (call < 0 || (HARDEN_SANITIZED && action == SCMP_ACT_ALLOW)) {
        return;
    }
    f->broken = f->broken ||
                seccomp_rule_add_array(f->context, action, call, count, arguments) != 0;
}

static void
allow(struct filter *f, const int *calls)
{
    for (; *calls != END; calls++) {
        filter_add(f, SCMP_ACT_ALLOW, *calls, 0, NULL);
    }
}

/* An argument, counted from 0, that is this; or whose bits under the mask are these. */
static struct scmp_arg_cmp
equal(unsigned argument, scmp_datum_t value)
{
    return (struct scmp_arg_cmp){.arg = argument, .op = SCMP_CMP_EQ, .datum_a = value};
}

static struct scmp_arg_cmp
masked(unsigned argument, scmp_datum_t mask, scmp_datum_t value)
{
    return (struct scmp_arg_cmp){
        .arg = argument, .op = SCMP_CMP_MASKED_EQ, .datum_a = mask, .datum_b = value};
}

static void
allow_when(struct filter *f, int call, struct scmp_arg_cmp is)
{
    filter_add(f, SCMP_ACT_ALLOW, call, 1, &is);
}

/* The kernel looks at 32 bits of a descriptor, a filter at 64: with something in the upper half, a plain "is not" would
 * let it through. So: allowed when any of the 32 bits differs. */
static void
allow_unless_segment(struct filter *f, int call)
{
    for (unsigned bit = 0; bit < 32; bit++) {
        scmp_datum_t mask = (scmp_datum_t)1 << bit;
        allow_when(f, call, masked(0, mask, ~(scmp_datum_t)HARDEN_SEGMENT & mask));
    }
}

static void
forbid_segment(struct filter *f, int call)
{
    const struct scmp_arg_cmp is = masked(0, 0xffffffffu, HARDEN_SEGMENT);

    filter_add(f, SCMP_ACT_ERRNO(EPERM), call, 1, &is);
}

/* Nobody makes memory that can be run: no code comes in by a mail. */
static void
allow_memory(struct filter *f)
{
    allow_when(f, SYS(mmap), masked(2, PROT_EXEC, 0));
    allow_when(f, SYS(mprotect), masked(2, PROT_EXEC, 0));
}

static void
allow_self(struct filter *f)
{
    static const int names[] = {PR_SET_NAME, PR_GET_NAME, PR_SET_VMA};

    /* abort(3) and the watchdog of our own threads. */
    allow_when(f, SYS(tgkill), equal(0, (scmp_datum_t)getpid()));
    /* Asking for limits, not setting them. */
    allow_when(f, SYS(prlimit64), equal(2, 0));
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        allow_when(f, SYS(prctl), equal(0, (scmp_datum_t)names[i]));
    }
}

/* Threads of this process; a new process is not one of them. clone3 hides its flags behind a pointer: glibc falls back. */
static void
allow_threads(struct filter *f)
{
    const scmp_datum_t thread = CLONE_VM | CLONE_THREAD | CLONE_SIGHAND;

    filter_add(f, SCMP_ACT_ERRNO(ENOSYS), SYS(clone3), 0, NULL);
    allow_when(f, SYS(clone), masked(0, thread, thread));
}

/* The clerk's crew: processes under the same walls, in the same name spaces. Whom they may signal is Landlock's affair. */
static void
allow_crew(struct filter *f)
{
    static const int calls[] = {SYS(socketpair),  SYS(wait4),           SYS(kill),
                                SYS(close_range), SYS(set_tid_address), END};
    const scmp_datum_t spaces = CLONE_NEWNS | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET |
                                CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;

    allow(f, calls);
    filter_add(f, SCMP_ACT_ERRNO(ENOSYS), SYS(clone3), 0, NULL);
    allow_when(f, SYS(clone), masked(0, spaces, 0));
    allow_when(f, SYS(prctl), equal(0, PR_SET_PDEATHSIG));
    allow_when(f, SYS(setrlimit), equal(0, RLIMIT_CPU));
}

/* The opener: a process for each attachment, that it may end, and that puts on a filter of its own. */
static void
allow_opening(struct filter *f)
{
    static const int names[] = {PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP};
    static const int calls[] = {SYS(wait4),           SYS(kill),    SYS(close_range),
                                SYS(set_tid_address), SYS(seccomp), END};
    const scmp_datum_t spaces = CLONE_NEWNS | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET |
                                CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;

    allow(f, calls);
    filter_add(f, SCMP_ACT_ERRNO(ENOSYS), SYS(clone3), 0, NULL);
    allow_when(f, SYS(clone), masked(0, spaces, 0));
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        allow_when(f, SYS(prctl), equal(0, (scmp_datum_t)names[i]));
    }
}

static void
allow_sockets(struct filter *f)
{
    static const int families[] = {AF_INET, AF_INET6, AF_UNIX};

    allow(f, connecting);
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++) {
        allow_when(f, SYS(socket), equal(0, (scmp_datum_t)families[i]));
    }
}

static void
allow_descriptors(struct filter *f, enum harden_role role)
{
    static const unsigned long requests[] = {FIONREAD, FIONBIO};

    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        allow_when(f, SYS(ioctl), equal(1, requests[i]));
    }
    static const int calls[] = {SYS(fcntl), SYS(dup), SYS(dup2), SYS(dup3)};
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        if (role == HARDEN_KEEPER) {
            allow_unless_segment(f, calls[i]);
        } else {
            filter_add(f, SCMP_ACT_ALLOW, calls[i], 0, NULL);
        }
    }
}

/* The journal's descriptor takes writes, syncs and a close; it cannot be cut, punched, doubled or made other than append-only. */
static void
allow_cutting(struct filter *f, enum harden_role role)
{
    const struct scmp_arg_cmp reserve[] = {
        equal(0, HARDEN_SEGMENT),
        equal(1, 1 /* FALLOC_FL_KEEP_SIZE: room only, not a byte changes */),
    };

    if (role != HARDEN_KEEPER) {
        filter_add(f, SCMP_ACT_ALLOW, SYS(ftruncate), 0, NULL);
        filter_add(f, SCMP_ACT_ALLOW, SYS(fallocate), 0, NULL);
        return;
    }
    allow_unless_segment(f, SYS(ftruncate));
    allow_unless_segment(f, SYS(fallocate));
    filter_add(f, SCMP_ACT_ALLOW, SYS(fallocate), 2, reserve);
}

/* Under a sanitizer all is allowed but this. */
static void
forbid_sanitized(struct filter *f)
{
    static const int calls[] = {SYS(ftruncate), SYS(fcntl), SYS(dup), SYS(dup2), SYS(dup3)};

    if (!HARDEN_SANITIZED) {
        return;
    }
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        forbid_segment(f, calls[i]);
    }
    filter_add(f, SCMP_ACT_ERRNO(EPERM), SYS(listen), 0, NULL);
}

static void
filter_role(struct filter *f, enum harden_role role)
{
    allow(f, everyone);
    allow_memory(f);
    allow_self(f);
    allow_descriptors(f, role);
    if (role == HARDEN_WORKER || role == HARDEN_CLERK) {
        allow_sockets(f);
    }
    if (role == HARDEN_CLERK) {
        allow_crew(f);
    }
    if (role == HARDEN_KEEPER) {
        allow_threads(f);
    }
    if (role == HARDEN_WORKER) {
        /* The stream that it asks the opener over; it cannot be reached by anybody else. */
        allow_when(f, SYS(socketpair), equal(0, AF_UNIX));
    }
    if (role == HARDEN_OPENER) {
        allow_opening(f);
    }
    if (role != HARDEN_WORKER && role != HARDEN_KEYS) {
        allow(f, reading);
    }
    if (role == HARDEN_KEEPER || role == HARDEN_PURGER) {
        allow(f, writing);
        allow_cutting(f, role);
    }
    if (role == HARDEN_KEEPER) {
        /* Guests at its own door; and a file without a name carries the purger's orders. */
        static const int door[] = {SYS(accept), SYS(accept4), SYS(setsockopt),
                                   SYS(memfd_create), END};
        allow(f, door);
    }
    for (const int *call = hostile; *call != END; call++) {
        filter_add(f, SCMP_ACT_KILL_PROCESS, *call, 0, NULL);
    }
    if (!HARDEN_SANITIZED) {
        filter_add(f, SCMP_ACT_KILL_PROCESS, SYS(ptrace), 0, NULL);
    }
    forbid_sanitized(f);
}

bool
harden_seccomp(void)
{
    uint32_t action = SCMP_ACT_KILL_PROCESS;

    return syscall(SYS_seccomp, 2 /* SECCOMP_GET_ACTION_AVAIL */, 0, &action) == 0;
}

enum sk_code
harden_filter(enum harden_role role, struct why *why)
{
    struct filter f = {0};

    if (!harden_seccomp()) {
        return why_set(why, SK_CONFIG,
                       "this kernel has no seccomp filters: system calls are not shut out");
    }
    f.context = seccomp_init(HARDEN_SANITIZED ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(EPERM));
    if (f.context == NULL) {
        return why_set(why, SK_CONFIG, "no filter of system calls could be made");
    }
    seccomp_attr_set(f.context, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* a search tree */
    filter_role(&f, role);
    int failed = f.broken ? -EINVAL : seccomp_load(f.context);
    seccomp_release(f.context);
    return failed == 0
               ? SK_OK
               : why_set(why, SK_CONFIG, "the filter of system calls was refused (%s)",
                         strerror(-failed));
}
