/* Typed messages between the processes of one checkpoint.
 *
 * A link is one end of a stream socket pair between two of our own processes. A frame is a head of 16 bytes (size of the
 * payload, type, token) and a payload; the token is the asker's and comes back in the answer. Frames arrive whole and in
 * order. Both ends are ours, but a worker may have been taken over by a hostile mail: sizes and types are checked, and a
 * link that breaks the form is closed, never trusted.
 *
 * Descriptors travel apart, over a control socket (frame_send_fd, frame_receive_fd): that is how the supervisor
 * introduces a new worker to the keeper, and the other way when the keeper was restarted. */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"
#include "base/why.h"

struct event_base;
struct frame_link;

struct frame_calls {
    /* payload is good until the call returns. */
    void (*frame)(void *context, struct frame_link *link, uint32_t type, uint64_t token,
                  struct bytes payload);
    /* The other end is gone or broke the form. The link must be closed by its owner, at once or later. */
    void (*gone)(void *context, struct frame_link *link);
};

/* Takes the descriptor. */
struct frame_link *frame_link_open(struct event_base *base, int fd,
                                   const struct frame_calls *calls, void *context);
void frame_link_close(struct frame_link *link);
/* A frame with a larger payload breaks the form; before, LIMIT_WIRE_FRAME. For an other end of which less is expected. */
void frame_link_expect(struct frame_link *link, size_t most);
/* Queues a frame whose payload is the pieces in a row, at most LIMIT_WIRE_FRAME bytes. All that was queued in one turn of
 * the loop is sent together at its end. */
void frame_send(struct frame_link *link, uint32_t type, uint64_t token,
                const struct bytes *pieces, size_t piece_count);
/* Tells now what has come, as far as one read takes it, without waiting: for who slept and does not want another turn of
 * the loop for it. Nothing from within a call of this link. */
void frame_hear(struct frame_link *link);
/* Bytes queued and not yet taken by the other side. */
size_t frame_queued(const struct frame_link *link);
/* Sends what is queued, waiting for it: for a process that is about to end. */
void frame_flush(struct frame_link *link);

/* For a command that has no loop: sends one frame, or waits for the next one, at most `patience_ms`. SK_LATER: too late;
 * SK_BAD: the other end is gone or broke the form. The payload is in the arena. */
enum sk_code frame_send_now(int fd, uint32_t type, uint64_t token, struct bytes payload,
                            int patience_ms, struct why *why);
enum sk_code frame_wait(struct arena *arena, int fd, int patience_ms, uint32_t *type_r,
                        uint64_t *token_r, struct bytes *payload_r, struct why *why);

/* Payloads are made of numbers and views, each view with its size before it. */
struct frame_reader {
    struct bytes rest;
    bool broken; /* something was read that was not there */
};
struct writer;
void frame_put_number(struct writer *w, uint64_t number);
void frame_put_bytes(struct writer *w, struct bytes b);
uint64_t frame_get_number(struct frame_reader *r);
struct bytes frame_get_bytes(struct frame_reader *r);

/* One small message (at most 64 bytes) with one descriptor (or -1) over a SOCK_SEQPACKET pair. Receiving gives SK_MORE
 * when nothing is there yet, SK_BAD when the other end is gone. */
enum sk_code frame_send_fd(int control, uint32_t type, uint64_t token, int fd,
                           struct why *why);
enum sk_code frame_receive_fd(int control, uint32_t *type_r, uint64_t *token_r, int *fd_r,
                              struct why *why);
