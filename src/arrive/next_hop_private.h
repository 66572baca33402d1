/* What is said to the next hop, as far as its EHLO offered it. */
#pragma once

#include "arrive/next_hop.h"
#include "base/writer.h"

struct hop_offers {
    bool pipelining, size, eight_bit, smtputf8, dsn, starttls, xclient;
};

/* One line of EHLO's answer, without the code. */
void hop_read_offer(struct hop_offers *offers, struct bytes words);
void hop_write_mail(struct writer *w, const struct hop_offers *offers,
                    const struct arrival *envelope, size_t size);
void hop_write_rcpt(struct writer *w, const struct hop_offers *offers,
                    const struct arrival_recipient *recipient);
/* The whole command, with its line end. */
struct bytes hop_xclient_line(struct arena *arena, const struct arrival *client);
