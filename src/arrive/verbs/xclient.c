/* XCLIENT (Postfix's XCLIENT_README): a front that we trust names the client it speaks for. */
#include "arrive/smtp_private.h"
#include "arrive/xtext.h"

#define SCRATCH_MAX 262144

enum reply_name
verb_xclient_check(const struct smtp_session *session, struct bytes arguments)
{
    if (!session->door.trusted) {
        return REPLY_XCLIENT_DENIED;
    }
    return arguments.size == 0 ? REPLY_BAD_ARGUMENTS : REPLY_NONE;
}

static bool
is_printable(struct bytes b)
{
    for (size_t i = 0; i < b.size; i++) {
        if (b.at[i] <= 0x20 || b.at[i] >= 0x7f) {
            return false;
        }
    }
    return b.size <= LIMIT_DOMAIN;
}

static bool
take_attribute(struct smtp_session *session, struct bytes name, struct bytes value)
{
    bool none =
        bytes_is_fold(value, "[UNAVAILABLE]") || bytes_is_fold(value, "[TEMPUNAVAIL]");
    uint64_t port;

    if (!is_printable(value)) {
        return false;
    }
    value = none ? BYTES_NONE : value;
    if (bytes_is_fold(name, "ADDR")) {
        struct net_address address;
        if (!none && !net_address_read(value, &address)) {
            return false;
        }
        session->claimed = none ? (struct net_address){0} : address;
        return true;
    }
    if (bytes_is_fold(name, "PORT")) {
        if (!none && !bytes_to_number(value, 65535, &port)) {
            return false;
        }
        session->claimed.port = none ? 0 : (uint16_t)port;
        return true;
    }
    if (bytes_is_fold(name, "NAME")) {
        session->client_name =
            smtp_keep(session->name_bytes, sizeof session->name_bytes, value);
        return true;
    }
    if (bytes_is_fold(name, "HELO")) {
        session->helo = smtp_keep(session->helo_bytes, sizeof session->helo_bytes, value);
        return true;
    }
    if (bytes_is_fold(name, "LOGIN")) {
        session->user = smtp_keep(session->user_bytes, sizeof session->user_bytes, value);
        return true;
    }
    if (bytes_is_fold(name, "PROTO")) {
        session->esmtp = bytes_is_fold(value, "ESMTP");
        return session->esmtp || bytes_is_fold(value, "SMTP");
    }
    /* What newer fronts may add; it says nothing about the client that we use. */
    return bytes_is_fold(name, "DESTADDR") || bytes_is_fold(name, "DESTPORT");
}

void
verb_xclient(struct smtp_session *session, struct bytes arguments)
{
    struct arena scratch;
    struct bytes word, value;
    bool well = true;

    arena_init(&scratch, SCRATCH_MAX);
    while (well && bytes_split(&arguments, ' ', &word)) {
        size_t equals = bytes_find_byte(word, '=', 0);
        if (word.size == 0) {
            continue;
        }
        well = equals != BYTES_NOWHERE &&
               xtext_read(&scratch, bytes_from(word, equals + 1), &value) &&
               take_attribute(session, bytes_slice(word, 0, equals), value);
    }
    arena_release(&scratch);
    if (!well) {
        if (!smtp_bad(session)) {
            smtp_reply(session, REPLY_BAD_ARGUMENTS);
        }
        return;
    }
    if (session->hop != NULL) {
        next_hop_close(session->hop);
        session->hop = NULL;
    }
    smtp_greet(session);
}
