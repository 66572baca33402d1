#define SK_BASE
#include "sekisho/suspects.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum sk_code
suspects_open(struct suspects **suspects_r, int *fd_r, struct why *why)
{
    int fd = memfd_create("sekisho.suspects", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    void *at = MAP_FAILED;

    if (fd >= 0 && ftruncate(fd, sizeof **suspects_r) == 0) {
        at = mmap(NULL, sizeof **suspects_r, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    }
    /* Ours is the last view that may write. */
    if (at == MAP_FAILED ||
        fcntl(fd, F_ADD_SEALS,
              F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL) != 0) {
        return why_set(why, SK_SYSTEM, "no shared memory could be had");
    }
    *suspects_r = at;
    *fd_r = fd;
    hash_random((*suspects_r)->secret, sizeof(*suspects_r)->secret);
    return SK_OK;
}

struct hand *
hand_new(void)
{
    void *at = mmap(NULL, sizeof(struct hand), PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    return at == MAP_FAILED ? NULL : at;
}

const struct suspects *
suspects_view(struct suspects *mine, int fd)
{
    void *at = mmap(NULL, sizeof *mine, PROT_READ, MAP_SHARED, fd, 0);

    SK_ASSERT(at != MAP_FAILED);
    munmap(mine, sizeof *mine);
    close(fd);
    return at;
}

void
suspects_fingerprint(const struct suspects *suspects, struct bytes raw,
                     uint8_t fingerprint_r[HASH_SHA256_SIZE])
{
    hash_hmac_sha256(bytes_of(suspects->secret, sizeof suspects->secret), &raw, 1,
                     fingerprint_r);
}

static const struct suspect *
suspects_find(const struct suspects *suspects, const uint8_t fingerprint[HASH_SHA256_SIZE])
{
    for (size_t i = 0; i < LIMIT_SUSPECTS; i++) {
        if (suspects->list[i].deaths == 0) {
            break; /* places are taken in order */
        }
        if (memcmp(suspects->list[i].fingerprint, fingerprint, HASH_SHA256_SIZE) == 0) {
            return &suspects->list[i];
        }
    }
    return NULL;
}

unsigned
suspects_deaths(const struct suspects *suspects,
                const uint8_t fingerprint[HASH_SHA256_SIZE])
{
    const struct suspect *suspect = suspects_find(suspects, fingerprint);

    return suspect == NULL ? 0 : suspect->deaths;
}

void
hand_take(struct hand *hand, const uint8_t fingerprint[HASH_SHA256_SIZE], struct bytes id)
{
    if (hand == NULL) {
        return;
    }
    size_t size = id.size < sizeof hand->id ? id.size : sizeof hand->id - 1;
    memcpy(hand->fingerprint, fingerprint, HASH_SHA256_SIZE);
    memcpy(hand->id, id.at, size);
    hand->id[size] = '\0';
    hand->holding = true;
}

void
hand_leave(struct hand *hand)
{
    if (hand != NULL) {
        hand->holding = false;
    }
}

unsigned
suspects_died(struct suspects *suspects, struct hand *hand)
{
    if (!hand->holding) {
        return 0;
    }
    hand->holding = false;
    struct suspect *suspect =
        (struct suspect *)(uintptr_t)suspects_find(suspects, hand->fingerprint);
    if (suspect == NULL) {
        suspect = &suspects->list[suspects->next++ % LIMIT_SUSPECTS];
        suspect->deaths = 0;
        memcpy(suspect->fingerprint, hand->fingerprint, HASH_SHA256_SIZE);
    }
    return ++suspect->deaths;
}
