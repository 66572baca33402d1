/* Consents on their way from the keeper to the workers: "from the next message on".
 *
 * A worker is sent the whole table when it is introduced, and each change when it is committed (WIRE_CONSENTS, numbered).
 * It says WIRE_CONSENTS_TAKEN with the number once messages are judged by it. A reply to whoever changed a consent is held
 * back until no worker judges by the old one: all have taken the change, or are gone. What rested on a withdrawn consent
 * is erased then, when nothing that rests on it can arrive any more, and before the reply goes out.
 *
 *     payload: number 0, number size of the book (consents_save), number from, bytes piece: in order;
 *              or number count, count x (number index, bytes record) */
#pragma once

#include "net/frame.h"
#include "sekisho/keeping.h"

struct consent_wire;

/* workers: the most there can be, by number. */
struct consent_wire *consent_wire_open(struct keeping *keeping, size_t workers);
void consent_wire_close(struct consent_wire *wire);

/* A worker begins, or is gone. */
void consent_wire_meet(struct consent_wire *wire, size_t number, struct frame_link *link);
void consent_wire_part(struct consent_wire *wire, struct frame_link *link);
/* A committed entry of consent; sent with the others of its group by consent_wire_send. */
void consent_wire_entry(struct consent_wire *wire, uint64_t index, struct bytes record);
void consent_wire_send(struct consent_wire *wire);
void consent_wire_taken(struct consent_wire *wire, struct frame_link *link,
                        uint64_t number);
/* Something is to be erased for this recipient as soon as the workers have taken what was committed so far. */
void consent_wire_erase(struct consent_wire *wire, struct bytes address, uint32_t families);
/* Sends a reply, at once or when the workers have taken everything that was committed before. */
void consent_wire_reply(struct consent_wire *wire, struct frame_link *link, uint64_t token,
                        struct bytes payload);
/* Who waits for a reply over this link is gone. */
void consent_wire_forget(struct consent_wire *wire, struct frame_link *link);
