/* The rows of the section "dns" (base/config.h), ended by one without a name. */
#pragma once

#include "base/config.h"

extern const struct config_key dns_config_keys[];
