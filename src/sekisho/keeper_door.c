#define SK_BASE
#include "sekisho/keeper_door.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/limits.h"
#include "base/log.h"
#include "sekisho/ask.h"
#include "sekisho/consent_wire.h"
#include "sekisho/requests.h"
#include "sekisho/wire.h"

#define DOOR_GUESTS 32 /* commands at the same time */

struct guest {
    struct keeper_door *door;
    struct frame_link *link; /* NULL: the seat is free */
    char name[96];
};

struct keeper_door {
    struct event_base *base;
    struct keeping *keeping;
    struct event *event;
    int socket;
    char path[sizeof((struct sockaddr_un *)0)->sun_path];
    struct guest guests[DOOR_GUESTS];
};

void
keeper_door_request(struct keeping *keeping, struct frame_link *link, uint64_t token,
                    struct bytes payload, struct bytes by, const char *channel)
{
    struct frame_reader r = {.rest = payload};
    struct bytes request = frame_get_bytes(&r), reply = BYTES_NONE;
    struct arena arena;
    struct writer w;

    arena_init(&arena, (size_t)2 * LIMIT_WIRE_FRAME);
    enum sk_code code = r.broken ? SK_BAD
                                 : requests_answer(keeping, &arena, request, by,
                                                   bytes_from_text(channel), &reply);
    writer_init(&w, &arena);
    frame_put_number(&w, code);
    frame_put_bytes(&w, reply);
    /* Who changed a consent hears of it when no worker judges by the old one any more. */
    consent_wire_reply(keeping->consent_wire, link, token, writer_view(&w));
    arena_release(&arena);
}

static void
guest_frame(void *context, struct frame_link *link, uint32_t type, uint64_t token,
            struct bytes payload)
{
    struct guest *guest = context;

    if (type == WIRE_REQUEST) {
        keeper_door_request(guest->door->keeping, link, token, payload,
                            bytes_from_text(guest->name), "command");
    }
}

static void
guest_gone(void *context, struct frame_link *link)
{
    struct guest *guest = context;

    guest->link = NULL;
    consent_wire_forget(guest->door->keeping->consent_wire, link);
    frame_link_close(link);
}

static const struct frame_calls guest_calls = {.frame = guest_frame, .gone = guest_gone};

/* Who is at the other end: our own user or root, or nobody we speak to. */
static bool
guest_known(int fd, char *name, size_t room)
{
    struct ucred who;
    socklen_t size = sizeof who;

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) != 0 ||
        (who.uid != 0 && who.uid != geteuid())) {
        return false;
    }
    struct passwd *entry = getpwuid(who.uid);
    snprintf(name, room, "%s (uid %u)", entry != NULL ? entry->pw_name : "?",
             (unsigned)who.uid);
    return true;
}

static void
door_accept(evutil_socket_t socket, short what, void *context)
{
    struct keeper_door *door = context;
    int fd = accept4(socket, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (fd < 0) {
        return;
    }
    for (size_t i = 0; i < DOOR_GUESTS; i++) {
        struct guest *guest = &door->guests[i];
        if (guest->link == NULL) {
            guest->door = door;
            if (!guest_known(fd, guest->name, sizeof guest->name)) {
                break;
            }
            guest->link = frame_link_open(door->base, fd, &guest_calls, guest);
            return;
        }
    }
    close(fd);
}

enum sk_code
keeper_door_open(struct arena *arena, struct event_base *base, struct keeping *keeping,
                 const char *folder, struct keeper_door **door_r, struct why *why)
{
    struct keeper_door *door = ARENA_NEW(arena, struct keeper_door);
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    *door_r = door;
    door->base = base;
    door->keeping = keeping;
    int size = snprintf(door->path, sizeof door->path, "%s/" KEEPER_SOCKET, folder);
    if (size < 0 || (size_t)size >= sizeof door->path) {
        return why_set(why, SK_CONFIG,
                       "record.folder is too long for a socket in it: at most %zu bytes",
                       sizeof door->path - sizeof KEEPER_SOCKET - 1);
    }
    memcpy(address.sun_path, door->path, sizeof door->path);
    (void)unlink(door->path);
    door->socket = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (door->socket < 0 ||
        bind(door->socket, (struct sockaddr *)&address, sizeof address) != 0 ||
        chmod(door->path, 0600) != 0 || listen(door->socket, DOOR_GUESTS) != 0) {
        return why_set(why, SK_SYSTEM, "%s cannot be listened on", door->path);
    }
    door->event = event_new(base, door->socket, EV_READ | EV_PERSIST, door_accept, door);
    SK_ASSERT(door->event != NULL && event_add(door->event, NULL) == 0);
    return SK_OK;
}

void
keeper_door_close(struct keeper_door *door)
{
    for (size_t i = 0; i < DOOR_GUESTS; i++) {
        if (door->guests[i].link != NULL) {
            frame_flush(door->guests[i].link);
            frame_link_close(door->guests[i].link);
        }
    }
    event_free(door->event);
    close(door->socket);
    (void)unlink(door->path);
}
