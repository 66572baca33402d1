#define SK_BASE
#include "sekisho/control.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/tap.h"
#include "net/frame.h"

enum { PEER = 1, QUESTION = 7 };

static struct control control;
static int there;

static void
begin(void)
{
    int pair[2];

    SK_ASSERT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
    control = (struct control){.fd = pair[0]};
    there = pair[1];
}

static void
end(void)
{
    close(control.fd);
    close(there);
}

static void
test_queue(void)
{
    struct control_message message;
    struct why why;
    int file = open("/dev/null", O_RDONLY | O_CLOEXEC);
    bool good = true;

    begin();
    tap_ok(control_receive(&control, &message, &why) == SK_MORE,
           "nothing is there at first");
    /* The other side says three things before it answers. */
    good = frame_send_fd(there, PEER, 1, -1, &why) == SK_OK &&
           frame_send_fd(there, PEER, 2, file, &why) == SK_OK &&
           frame_send_fd(there, PEER, 3, -1, &why) == SK_OK &&
           frame_send_fd(there, QUESTION, 9, file, &why) == SK_OK;
    tap_ok(good && control_ask(&control, QUESTION, 8, -1, &message, &why) == SK_OK &&
               message.token == 9 && message.given >= 0,
           "the answer is found behind what came before it");
    close(message.given);
    for (uint64_t i = 1; i <= 3; i++) {
        good = good && control_receive(&control, &message, &why) == SK_OK &&
               message.type == PEER && message.token == i &&
               (message.given >= 0) == (i == 2);
        if (message.given >= 0) {
            close(message.given);
        }
    }
    tap_ok(good, "which is given out afterwards, in order, with its descriptors");
    tap_ok(control_receive(&control, &message, &why) == SK_MORE, "and then nothing more");
    close(file);
    end();
}

static void
test_gone(void)
{
    struct control_message message;
    struct why why;

    begin();
    close(there);
    tap_ok(control_ask(&control, QUESTION, 1, -1, &message, &why) != SK_OK,
           "nobody can be asked who is gone");
    tap_ok(control_receive(&control, &message, &why) == SK_BAD, "and that is said");
    close(control.fd);
}

int
main(void)
{
    test_queue();
    test_gone();
    return tap_done();
}
