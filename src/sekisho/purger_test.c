#define SK_BASE
#include "sekisho/roles.h"

#include <sys/mman.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/tap.h"

static int
file_of(size_t size)
{
    int file = memfd_create("orders", MFD_CLOEXEC);

    SK_ASSERT(file >= 0 && ftruncate(file, (off_t)size) == 0);
    return file;
}

static void
test_bound(void)
{
    struct bytes orders;
    struct why why;
    int file = file_of(0);

    tap_ok(purger_orders(file, &orders, &why) == SK_BAD, "no orders are none");
    SK_ASSERT(write(file, "17\n18\n", 6) == 6);
    tap_ok(purger_orders(file, &orders, &why) == SK_OK &&
               bytes_equal(orders, BYTES("17\n18\n")),
           "orders are read");
    close(file);
    file = file_of(LIMIT_PURGE_ORDERS);
    tap_ok(purger_orders(file, &orders, &why) == SK_OK &&
               orders.size == LIMIT_PURGE_ORDERS && orders.at[orders.size - 1] == 0,
           "LIMIT_PURGE_ORDERS bytes of them");
    close(file);
    file = file_of((size_t)LIMIT_PURGE_ORDERS + 1);
    tap_ok(purger_orders(file, &orders, &why) == SK_LIMIT && orders.size == 0,
           "one byte more is refused");
    close(file);
    tap_ok(purger_orders(file, &orders, &why) == SK_SYSTEM, "no file has none");
}

static void
test_words(void)
{
    static const char *const texts[] = {"x\n", "17x\n", "-1\n", "17\n\xff\n",
                                        "9223372036854775808\n"};
    const struct role_start start = {0};

    /* Without settings: whoever went on to open the record would fall. */
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        tap_ok(role_purger(&start, bytes_from_text(texts[i])) != 0,
               "what is no number is no order, and the record is not touched");
    }
    static char many[1001 * 3 + 1];
    for (size_t i = 0; i < 1001; i++) {
        memcpy(many + i * 3, "17\n", 3);
    }
    tap_ok(role_purger(&start, bytes_of(many, 1001 * 3)) != 0,
           "1,001 orders are too many, whatever their size");
}

int
main(void)
{
    test_bound();
    test_words();
    return tap_done();
}
