/* The frames between the processes: what a worker asks the keeper for, and what it hears. Payloads are made with
 * frame_put_* in the order written here. */
#pragma once

enum wire_type {
    /* Worker to keeper. */
    WIRE_KEEP = 1, /* bytes record, bytes held (the message, empty when it is not held) */
    WIRE_OUTCOME,  /* bytes id, bytes json */
    WIRE_DELIVER,  /* bytes root, number count, count x bytes address, bytes message */
    WIRE_LEARN,    /* number spam, bytes digest, bytes lesson */
    /* Keeper to worker, with the token of the question. */
    WIRE_KEPT,      /* number sk_code: it is on disk when that is SK_OK */
    WIRE_DELIVERED, /* number sk_code of all, number count, count x number sk_code */
    WIRE_LEARNED,   /* number sk_code, number already */
};

enum wire_control {
    CONTROL_PEER = 1, /* fd: a link to the other side; token: the worker's number */
    CONTROL_RELOAD,   /* fd: a memory file with the configuration's text */
    CONTROL_DRAIN,    /* finish what is in hand, then end */
};
