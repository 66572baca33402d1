/* Functions that this project does not call, made into compile errors. Included last by every header
 * that a source file is sure to include (bytes.h); src/base alone may call malloc and free. */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifndef SK_BASE
/* The C library makes macros of some; a macro cannot be poisoned. */
#undef alloca
#undef sprintf
#undef vsprintf
#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf strtok gmtime localtime  \
    ctime asctime
#pragma GCC poison atoi atol atof alloca rand srand
#endif
