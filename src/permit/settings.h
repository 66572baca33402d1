/* The configuration rows of permit: sections [permit] and [recipient ADDRESS]. */
#pragma once

#include "base/config.h"

/* Ends with a row whose name is NULL. */
extern const struct config_key permit_config_keys[];
