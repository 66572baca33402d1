/* Kits: the make of a mail and of the page that it carries, whatever it says.
 *
 * Who rents a kit of phishing gets its letter ready made, changes brand, words and host, and sends it. What stays is the make: the
 * skeleton of its HTML (the run of tags, each with the forms of its class and id, without text), the form of the path that it leads to
 * (/a*8/login.php?id=x*16), and how it is put together: forms of boundary and Message-ID, names of the pictures inside. Forms are those
 * of judge/forms.h, so that names made by chance are alike.
 *
 * No one of the three is a kit's own: programs for mail and houses that send for many have skeletons, paths and boundaries that
 * thousands share. Two of them together are rarer; `page` is always one, since path and head together are a house's. Equal tags in a row
 * count once (a list may be longer), <br> not at all. A skeleton of fewer than KIT_TAGS_LEAST tags is none, nor is a path of one plain
 * word, nor a head without boundary.
 *
 * Pure; memory is the arena's. At most LIMIT_KIT_TAGS tags, LIMIT_KIT_LINKS links and LIMIT_KIT_PICTURES pictures are looked at. */
#pragma once

#include "base/arena.h"
#include "judge/habits.h"

#define KIT_TAGS_LEAST 16

struct kit {
    uint64_t page, path, head; /* 0: there is none */
};

/* habits: of the same letter. links: whether they may be read. */
void kit_read(struct arena *arena, const struct letter *letter, const struct habits *habits,
              bool links, struct kit *kit_r);
/* Of page and path, and of page and head; 0 where one of the two is missing. The first is rare enough to join what is unwanted by
 * itself; the second is not. */
uint64_t kit_key_path(const struct kit *kit, uint64_t seed);
uint64_t kit_key_head(const struct kit *kit, uint64_t seed);
