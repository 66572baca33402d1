/* The configuration rows of record: section "record". */
#pragma once

#include "base/config.h"

extern const struct config_key record_config_keys[];
/* Sections "witness" and "witness_log". */
extern const struct config_key witness_config_keys[];
