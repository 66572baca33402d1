/* Files of share/consent that the program carries; see texts_embedded.c.in. */
#pragma once

#include "base/bytes.h"

#define CONSENT_TEXT_DECLARE(name)                                                         \
    extern const uint8_t consent_##name##_ja[], consent_##name##_ja_end[];                 \
    extern const uint8_t consent_##name##_en[], consent_##name##_en_end[]

CONSENT_TEXT_DECLARE(source);
CONSENT_TEXT_DECLARE(content);
CONSENT_TEXT_DECLARE(links);
CONSENT_TEXT_DECLARE(signatures);
CONSENT_TEXT_DECLARE(attachments);
CONSENT_TEXT_DECLARE(threat);
CONSENT_TEXT_DECLARE(dmarc);
CONSENT_TEXT_DECLARE(house_rule);
