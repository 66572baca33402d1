#define SK_BASE
#include "sekisho/control.h"

#include <poll.h>
#include <string.h>

#include "base/clock.h"
#include "net/frame.h"

#define ASK_MS 10000

static enum sk_code
control_read(struct control *control, struct control_message *message_r, struct why *why)
{
    return frame_receive_fd(control->fd, &message_r->type, &message_r->token,
                            &message_r->given, why);
}

enum sk_code
control_receive(struct control *control, struct control_message *message_r, struct why *why)
{
    if (control->later_count == 0) {
        return control_read(control, message_r, why);
    }
    *message_r = control->later[0];
    control->later_count--;
    memmove(control->later, control->later + 1,
            control->later_count * sizeof control->later[0]);
    return SK_OK;
}

enum sk_code
control_ask(struct control *control, uint32_t type, uint64_t token, int fd,
            struct control_message *answer_r, struct why *why)
{
    int64_t end = clock_monotonic_ms() + ASK_MS;
    enum sk_code code = frame_send_fd(control->fd, type, token, fd, why);

    while (code == SK_OK) {
        code = control_read(control, answer_r, why);
        if (code == SK_OK && answer_r->type == type) {
            return SK_OK;
        }
        if (code == SK_OK) {
            SK_ASSERT(control->later_count < CONTROL_LATER_MAX);
            control->later[control->later_count++] = *answer_r;
            continue;
        }
        if (code == SK_MORE) {
            struct pollfd ready = {.fd = control->fd, .events = POLLIN};
            int64_t left = end - clock_monotonic_ms();
            if (left <= 0) {
                return why_set(why, SK_LATER, "the supervisor does not answer");
            }
            (void)!poll(&ready, 1, (int)left);
            code = SK_OK;
        }
    }
    return code;
}
