/* URLs by the WHATWG URL standard (https://url.spec.whatwg.org), as browsers read them: backslashes, blanks inside,
 * decimal and hexadecimal addresses, percent signs in hosts and full-width letters all end in one normal form, so that what is judged
 * is what would be opened.
 *
 * Pure; everything in the arena, or views of the text. Linear in the length of the text, which the caller bounds (LIMIT_URL). */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"

struct url {
    struct bytes href;   /* the whole, in normal form */
    struct bytes scheme; /* without the colon */
    struct bytes username, password;
    struct bytes host; /* ASCII; IPv6 in brackets; "" if there is none */
    bool has_host;
    int port; /* -1 where none or the scheme's own */
    struct bytes path;
    struct bytes query;    /* without '?' */
    struct bytes fragment; /* without '#' */
    bool has_query, has_fragment;
    bool opaque_path; /* mailto:, data: and others that are not parted by slashes */
    bool is_address;  /* the host is an IPv4 or IPv6 address */
    bool
        as_written; /* http or https, and the text was its own normal form: all are views of it */
};

/* false if it is no absolute URL. */
bool url_read(struct arena *arena, struct bytes text, struct url *r);
/* The same, read relative to base when it is not absolute. */
bool url_read_relative(struct arena *arena, struct bytes text, const struct url *base,
                       struct url *r);
