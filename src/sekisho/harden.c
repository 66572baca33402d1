#define SK_BASE
#include "sekisho/harden.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"
#include "sekisho/harden_private.h"

/* Rights of newer kernels than the headers of Debian 12 know. Each ABI adds some; the running kernel is asked which it has. */
#define FS_TRUNCATE         (1ull << 14) /* ABI 3 */
#define FS_IOCTL_DEV        (1ull << 15) /* ABI 5 */
#define NET_BIND_TCP        (1ull << 0)  /* ABI 4 */
#define NET_CONNECT_TCP     (1ull << 1)
#define SCOPE_ABSTRACT_UNIX (1ull << 0) /* ABI 6 */
#define SCOPE_SIGNAL        (1ull << 1)
#define FS_ABI_1            ((LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1)
#define FS_READ             (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define FS_FOR_FILES                                                                       \
    (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE)
#define FS_WRITE                                                                           \
    (FS_READ | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |             \
     LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR |                        \
     LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |                          \
     LANDLOCK_ACCESS_FS_REFER | FS_TRUNCATE)

struct ruleset { /* struct landlock_ruleset_attr of ABI 6 */
    uint64_t handled_fs, handled_net, scoped;
};

int
harden_landlock(void)
{
    long abi =
        syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

    return abi < 0 ? 0 : (int)abi;
}

static struct ruleset
ruleset_for(enum harden_role role, int abi)
{
    struct ruleset rules = {.handled_fs = FS_ABI_1};

    if (abi >= 2) {
        rules.handled_fs |= LANDLOCK_ACCESS_FS_REFER;
    }
    if (abi >= 3) {
        rules.handled_fs |= FS_TRUNCATE;
    }
    if (abi >= 4) {
        rules.handled_net = NET_BIND_TCP;
        /* A worker connects to the next hop and to DNS, the clerk to where alarms go; the others to nobody. */
        if (role != HARDEN_WORKER && role != HARDEN_CLERK) {
            rules.handled_net |= NET_CONNECT_TCP;
        }
    }
    if (abi >= 5) {
        rules.handled_fs |= FS_IOCTL_DEV;
    }
    if (abi >= 6) {
        rules.scoped = SCOPE_ABSTRACT_UNIX | SCOPE_SIGNAL;
    }
    return rules;
}

static bool
landlock_path(int ruleset, uint64_t handled, const struct harden_path *path)
{
    struct stat status;
    int fd = open(path->path, O_PATH | O_CLOEXEC);

    if (fd < 0) {
        return errno == ENOENT || errno == ENOTDIR || errno == EACCES;
    }
    uint64_t rights = path->right == HARDEN_WRITE ? FS_WRITE : FS_READ;
    bool good = fstat(fd, &status) == 0;
    if (good && !S_ISDIR(status.st_mode)) {
        rights &= FS_FOR_FILES;
    }
    struct landlock_path_beneath_attr rule = {.allowed_access = rights & handled,
                                              .parent_fd = fd};
    good = good && syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH,
                           &rule, 0) == 0;
    close(fd);
    return good;
}

static enum sk_code
landlock_apply(const struct harden *harden, struct why *why)
{
    int abi = harden_landlock();
    struct ruleset rules = ruleset_for(harden->role, abi);
    size_t size = abi >= 6 ? sizeof rules : abi >= 4 ? 16 : 8;

    if (abi == 0) {
        return why_set(
            why, SK_CONFIG,
            "this kernel has no Landlock: files are guarded by their modes alone");
    }
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &rules, size, 0);
    if (ruleset < 0) {
        return why_set(why, SK_CONFIG, "Landlock gave no set of rules");
    }
    bool good = true;
    for (size_t i = 0; i < harden->path_count && good; i++) {
        good = landlock_path(ruleset, rules.handled_fs, &harden->paths[i]);
    }
    good = good && syscall(SYS_landlock_restrict_self, ruleset, 0) == 0;
    close(ruleset);
    return good ? SK_OK : why_set(why, SK_CONFIG, "Landlock refused its rules");
}

/* Capabilities */

static bool
capabilities_set(uint64_t effective)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {0};

    for (unsigned i = 0; i < 2; i++) {
        data[i].effective = data[i].permitted = (uint32_t)(effective >> (32 * i));
    }
    return syscall(SYS_capset, &head, data) == 0;
}

void
harden_no_bounds(void)
{
    for (int i = 0; i <= CAP_LAST_CAP; i++) {
        prctl(PR_CAPBSET_DROP, i, 0, 0, 0);
    }
}

static void
drop_privilege(void)
{
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    harden_no_bounds();
    SK_ASSERT(capabilities_set(0)); /* giving up is always allowed */
}

/* Data that the process has already: the model, the patterns, what was opened. */
static uint64_t
data_bytes(void)
{
    unsigned long long pages[6] = {0};
    FILE *file = fopen("/proc/self/statm", "re"); /* size resident shared text lib data */

    if (file == NULL) {
        return 0;
    }
    for (size_t i = 0; i < 6 && fscanf(file, "%llu", &pages[i]) == 1; i++) {
    }
    fclose(file);
    return pages[5] * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void
limit_resources(const struct harden *harden)
{
    struct rlimit none = {0, 0};

    setrlimit(RLIMIT_CORE, &none); /* a core file would hold other people's mail */
    if (harden->memory_bytes > 0 && !HARDEN_SANITIZED) {
        uint64_t most = data_bytes() + harden->memory_bytes;
        setrlimit(RLIMIT_DATA, &(struct rlimit){most, most});
    }
}

enum sk_code
harden_process(const struct harden *harden, struct why *why)
{
    struct why missing;

    limit_resources(harden);
    drop_privilege();
    enum sk_code code = landlock_apply(harden, &missing);
    if (code != SK_OK) {
        if (harden->strict) {
            return why_set(why, SK_CONFIG, "harden = strict: %s", missing.sentence);
        }
        log_line(LOG_LEVEL_WARNING, NULL, "%s", missing.sentence);
    }
    code = harden_filter(harden->role, &missing);
    if (code != SK_OK) {
        if (harden->strict) {
            return why_set(why, SK_CONFIG, "harden = strict: %s", missing.sentence);
        }
        log_line(LOG_LEVEL_WARNING, NULL, "%s", missing.sentence);
    }
    return SK_OK;
}

/* Mounts */

bool
harden_own_mounts(void)
{
    /* What the administrator mounts later is still seen (slave); what we mount is seen by nobody else. */
    if (geteuid() != 0 || unshare(CLONE_NEWNS) != 0 ||
        mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) != 0) {
        return false;
    }
    return prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == 0;
}

void
harden_keep_mount_right(void)
{
    if (!capabilities_set(1ull << CAP_SYS_ADMIN)) {
        (void)!capabilities_set(0);
    }
}

enum sk_code
harden_read_only(const char *folder, struct why *why)
{
    if (mount(folder, folder, NULL, MS_BIND, NULL) != 0 ||
        mount(NULL, folder, NULL,
              MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
              NULL) != 0) {
        return why_set(why, SK_SYSTEM, "%s cannot be made read-only", folder);
    }
    if (!HARDEN_SANITIZED &&
        mount("nothing", "/proc", "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
              "size=4k,nr_inodes=1,mode=0") != 0) {
        return why_set(why, SK_SYSTEM, "/proc cannot be hidden");
    }
    return SK_OK;
}
