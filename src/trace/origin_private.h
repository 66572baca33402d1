/* What trace needs of an origin while it is made. */
#pragma once

#include "trace/origin.h"

enum origin_grade origin_grade_of(const struct origin *origin);
