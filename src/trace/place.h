/* Where an address is, and what is known of it, without asking anyone.
 *
 * The tables: countries from the ranges that Debian's package tor-geoipdb brings, country and AS from MaxMind DB files that
 * the operator gives, and his lists of Tor exits, open proxies and hosting ranges. All of it is read once, by a process
 * that may open files (places_open), into one sealed memory file of sorted arrays: 10 bytes a range of IPv4, 18 or 34 of
 * IPv6. Every process maps that file, so that it is in memory once, and a process that parses mail opens nothing. An
 * address is found by binary search in well under a microsecond (place_test says how long it takes).
 *
 * A place is a statement about an address on the day of the table, not about a person. What was found is recorded with
 * the message, and a verdict that is made again years later takes it from there (places_recorded). */
#pragma once

#include "trace/origin.h"

struct places;

/* What was read, for the log. */
struct places_figures {
    size_t ranges4, ranges6;      /* of countries */
    size_t tor, proxies, hosting; /* ranges, after those that touch were joined */
    size_t country_mmdb, as_mmdb; /* bytes; 0: none is given */
    size_t size;                  /* of the whole in memory */
    struct bytes missing4,
        missing6; /* a file of ranges that is not there: its path, "" otherwise */
};

/* Reads what the section "place" names. The tables live as long as the arena; the memory file, for places_from_file in
 * another process, is the caller's to close. A file of ranges that is not there is no error but told in the figures; any
 * other file that is not, or a line that cannot be read, is SK_CONFIG with the file and the line. */
enum sk_code places_open(struct arena *arena, const struct config *config,
                         const struct places **places_r, int *file_r, struct why *why);
/* The same tables from such a file, which another process made; the descriptor stays the caller's. SK_SYSTEM: it cannot be
 * mapped; SK_BAD: it is none. */
enum sk_code places_from_file(struct arena *arena, int file, const struct places **places_r,
                              struct why *why);
const struct places_figures *places_figures(const struct places *places);

/* Tables that say what a record says and nothing else. */
struct places *places_recorded(struct arena *arena);
void places_record(struct places *places, const struct net_address *address,
                   const struct place *place);

/* What is known of the address; places may be NULL. as_name is clean text in the arena. */
void places_find(struct arena *arena, const struct places *places,
                 const struct net_address *address, struct place *place_r);

/* Not routed in the internet (RFC 6890 and the registries it began), or never a sender's: multicast. */
bool place_is_private(const struct net_address *address);
/* Of a local network: nobody outside can know anything of it, so nobody is asked. */
bool place_is_local(const struct net_address *address);

/* Fills place of the source, of every hop and of every claimed client, and notes what tells (source_tor and so on). */
void place_origin(struct arena *arena, const struct places *places, struct origin *origin);
/* The members "place" (of the source) and "places" (of the other addresses of which something is known). */
void place_write_json(const struct origin *origin, struct json *j);
/* "tor", "proxy", "hosting", "private"; NULL past the last. The bit of kind i is 1 << i. */
const char *place_kind_name(unsigned i);
