/* Between harden.c and its filter of system calls. */
#pragma once

#include "sekisho/harden.h"

/* Sanitizers read /proc, make threads and trace at exit: their builds get a wider filter. */
#if defined(__SANITIZE_ADDRESS__)
#define HARDEN_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HARDEN_SANITIZED 1
#endif
#endif
#ifndef HARDEN_SANITIZED
#define HARDEN_SANITIZED 0
#endif

/* Puts the role's filter in force. SK_CONFIG: this kernel has none. */
enum sk_code harden_filter(enum harden_role role, struct why *why);
