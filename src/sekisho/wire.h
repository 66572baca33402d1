/* The frames between the processes: what a worker asks the keeper for, and what it hears. Payloads are made with
 * frame_put_* in the order written here. */
#pragma once

enum wire_type {
    /* Worker to keeper. */
    WIRE_KEEP = 1, /* bytes record, bytes held (the message, empty when it is not held) */
    WIRE_OUTCOME,  /* bytes id, bytes json */
    WIRE_DELIVER,  /* bytes root, number count, count x bytes address, bytes message */
    WIRE_LEARN, /* number spam, bytes digest, bytes lesson, bytes recipient (the one that is named, or "") */
    /* Clerk, or a command at the keeper's own socket, to keeper: something is to be changed or looked at. */
    WIRE_REQUEST,         /* bytes json: {"do": ..., "by": ..., ...}, requests.h */
    WIRE_CONSENTS_TAKEN,  /* worker to keeper: the token of the WIRE_CONSENTS it took */
    WIRE_ALARM_DELIVERED, /* clerk to keeper: what became of a WIRE_ALARM; bytes json */
    /* Keeper to worker, with the token of the question. */
    WIRE_KEPT,      /* number sk_code: it is on disk when that is SK_OK */
    WIRE_DELIVERED, /* number sk_code of all, number count, count x number sk_code */
    WIRE_LEARNED,   /* number sk_code, number already */
    WIRE_REPLY,     /* number sk_code, bytes json: an object, with "error" unless SK_OK */
    /* Keeper to worker: who allows what, from the next message on. */
    WIRE_CONSENTS,
    WIRE_SEED, /* number: the secret of marks (record/campaigns.h) */
    /* Keeper to clerk. */
    WIRE_EVENT, /* bytes json: something was kept; dropped when the clerk cannot follow */
    WIRE_ALARM, /* bytes json: to be sent out; asked again until WIRE_ALARM_DELIVERED */
};

enum wire_control {
    CONTROL_PEER = 1, /* fd: a link to the other side; token: the worker's number */
    CONTROL_RELOAD, /* fd: a memory file with the configuration and the files it names (base/bundle.h) */
    CONTROL_PLACES, /* to a worker, right before a reload: fd: a memory file with the tables of places (trace/place.h) */
    CONTROL_DRAIN,  /* finish what is in hand, then end */
    CONTROL_SEGMENT, /* keeper asks: token is the first entry; answer: fd of the segment, for appending only */
    CONTROL_PURGE, /* keeper asks: fd is a memory file of orders; answer: token is the purger's exit status */
    CONTROL_READY, /* keeper says: the record is open; only then workers and clerk are started */
    CONTROL_KEYS, /* to worker or clerk: fd: a channel to the key process; to that: token is enum key_turn */
    CONTROL_KEY, /* to the key process: fd: a file with a private key, token: key_id_start; answer: token is enum key_load */
    /* The same for keys of papers, whose token is the name (paper_key_name); the answer is a CONTROL_KEY too. */
    CONTROL_KEY_RSA, /* of DKIM */
    CONTROL_KEY_ED25519,
    CONTROL_KEY_TAG, /* a secret for tags */
    CONTROL_MODEL, /* to the keeper: fd: a sealed memory file with the model that judge.model names (model_file.h); none: the one built in */
    CONTROL_OPENER, /* to a worker: fd: a channel to the opener (sekisho/opener.h) */
};

/* What the supervisor does with the keys it hands over. */
enum key_turn { KEY_TURN_BEGIN, KEY_TURN_COMMIT };

/* The clerk's number at the keeper, where workers have theirs from 0 on. */
#define PEER_CLERK 256
