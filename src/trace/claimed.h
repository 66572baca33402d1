/* Clients that a message claims: X-Originating-IP of web mail, REMOTE_ADDR of a form, and whether it came from a form.
 *
 * Where somebody writes into a web page, the server of that page is the last that SMTP knows; the host of the person is at
 * best in a field that the page's program added. Anyone can write such a field: what is found here is a claim, worth what
 * its writer is, and is never taken for the source. Only addresses are taken, LIMIT_CLAIMED_CLIENTS of them, and of the
 * first LIMIT_CLAIMED_FIELDS fields of the header.
 *
 *   web_form   the message was made by a form or a program of a web server (contact form, CGI, a blog's software) */
#pragma once

#include "trace/origin.h"

/* Fills claimed and claimed_count, and puts the note. Pure. */
void claimed_read(struct arena *arena, const struct letter *letter, struct origin *origin);
