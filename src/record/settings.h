/* The configuration rows of record: section "record". */
#pragma once

#include "base/config.h"

extern const struct config_key record_config_keys[];
