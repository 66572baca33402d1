/* What the operator's [policy] section says. */
#pragma once

#include "decide/verdict.h"

enum policy_dmarc { POLICY_DMARC_OBEY, POLICY_DMARC_LABEL, POLICY_DMARC_IGNORE };

struct policy {
    double label, hold, refuse; /* scores; each at least the one before */
    enum policy_dmarc dmarc;
    bool allow_authenticated; /* a forged From is not let in by an allow list */
    bool tempfail_on_temperror;
    bool write_x_spam;
    struct bytes hostname;
};
