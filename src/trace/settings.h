/* The rows of the section "trace" (base/config.h), ended by one without a name; those of sign.h and batv.h are to be there too. The top level must have "hostname". */
#pragma once

#include "base/config.h"

extern const struct config_key trace_config_keys[];
