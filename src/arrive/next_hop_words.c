#include "arrive/next_hop_private.h"

#include "arrive/xtext.h"

void
hop_read_offer(struct hop_offers *offers, struct bytes words)
{
    static const struct {
        const char *word;
        size_t offset;
    } rows[] = {
        {"PIPELINING", offsetof(struct hop_offers, pipelining)},
        {"SIZE", offsetof(struct hop_offers, size)},
        {"8BITMIME", offsetof(struct hop_offers, eight_bit)},
        {"SMTPUTF8", offsetof(struct hop_offers, smtputf8)},
        {"DSN", offsetof(struct hop_offers, dsn)},
        {"STARTTLS", offsetof(struct hop_offers, starttls)},
        {"XCLIENT", offsetof(struct hop_offers, xclient)},
    };
    struct bytes word;

    if (!bytes_split(&words, ' ', &word)) {
        return;
    }
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (bytes_is_fold(word, rows[i].word)) {
            *(bool *)((char *)offers + rows[i].offset) = true;
        }
    }
}

void
hop_write_mail(struct writer *w, const struct hop_offers *offers, const struct arrival *e,
               size_t size)
{
    writer_text(w, "MAIL FROM:<");
    writer_bytes(w, e->tagged_from.size > 0 ? e->tagged_from : e->mail_from);
    writer_byte(w, '>');
    if (offers->size && size > 0) {
        writer_format(w, " SIZE=%zu", size);
    }
    if (offers->eight_bit && e->body == ARRIVAL_BODY_8BITMIME) {
        writer_text(w, " BODY=8BITMIME");
    }
    if (e->smtputf8) {
        writer_text(w, " SMTPUTF8");
    }
    if (offers->dsn && e->mail_parameters.size > 0) {
        writer_byte(w, ' ');
        writer_bytes(w, e->mail_parameters);
    }
    writer_text(w, "\r\n");
}

void
hop_write_rcpt(struct writer *w, const struct hop_offers *offers,
               const struct arrival_recipient *recipient)
{
    writer_text(w, "RCPT TO:<");
    writer_bytes(w, recipient->address);
    writer_byte(w, '>');
    if (offers->dsn && recipient->parameters.size > 0) {
        writer_byte(w, ' ');
        writer_bytes(w, recipient->parameters);
    }
    writer_text(w, "\r\n");
}

static void
write_xclient_value(struct writer *w, const char *name, struct bytes value,
                    const char *absent)
{
    writer_byte(w, ' ');
    writer_text(w, name);
    writer_byte(w, '=');
    if (value.size == 0) {
        writer_text(w, absent);
    } else {
        xtext_write(w, value);
    }
}

/* Postfix's XCLIENT_README. */
struct bytes
hop_xclient_line(struct arena *arena, const struct arrival *client)
{
    struct writer w, address;

    writer_init(&address, arena);
    if (client->client.known && !net_address_is_ip4(&client->client)) {
        writer_text(&address, "IPV6:");
    }
    net_address_write(&address, &client->client);
    writer_init(&w, arena);
    writer_text(&w, "XCLIENT");
    write_xclient_value(&w, "NAME", client->client_name, "[UNAVAILABLE]");
    write_xclient_value(&w, "ADDR", writer_view(&address), "[UNAVAILABLE]");
    write_xclient_value(&w, "PROTO", client->esmtp ? BYTES("ESMTP") : BYTES("SMTP"), "");
    write_xclient_value(&w, "HELO", client->helo, "[UNAVAILABLE]");
    if (client->user.size > 0) {
        write_xclient_value(&w, "LOGIN", client->user, "");
    }
    writer_text(&w, "\r\n");
    return writer_view(&w);
}
