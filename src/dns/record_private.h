/* One DNS record as JSON, and the words for an answer: shared by the fake zone and the record of a memo. */
#pragma once

#include <jansson.h>

#include "dns/memo.h"

struct json;

/* "FOUND", "NODATA" ...: any case. */
bool dns_status_read(struct bytes word, enum dns_status *status_r);

/* The bytes of a JSON string or of {"b64": "..."}, in the arena. */
bool dns_record_bytes(struct arena *arena, const json_t *value, struct bytes *bytes_r);
/* Reads one record as docs/ROAD.md tells: an address, a name, [preference, name], a list of strings. */
bool dns_record_read(struct arena *arena, const json_t *value, enum dns_type type,
                     struct dns_record *record_r);
void dns_record_write(struct json *j, enum dns_type type, const struct dns_record *record);
