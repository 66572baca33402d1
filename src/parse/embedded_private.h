/* What the program carries in itself for this folder: made by meson.build from embedded.c.in. */
#pragma once

#include <stdint.h>

extern const uint8_t parse_hosts_table[], parse_hosts_table_end[];
