/* The configuration rows of report: section [report]. */
#pragma once

#include "base/config.h"

extern const struct config_key report_config_keys[];
