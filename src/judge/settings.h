/* The configuration rows of judge: section [judge]. */
#pragma once

#include "base/config.h"

/* Ends with a row whose name is NULL. */
extern const struct config_key judge_config_keys[];
