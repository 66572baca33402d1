/* Whom, where, when and by what means: what a threat tells of itself, for whoever must act within the hour.
 *
 * Read from the sentence that the threat rests on first, and then from those around it: proper names as they are
 * written (〇〇市立青葉小学校, 田中一郎市長, "city hall"), by the word that ends them (市役所, 駅, 校, 氏, 会場) back to where the name begins; the
 * means by the things that harm; the time by judge/threat_when.h. All are words of the message, no conclusions. Views into
 * the normal form, each at most LIMIT_THREAT_NAME bytes; "" where nothing is told. Pure and linear. */
#pragma once

#include "judge/opinion.h"
#include "judge/threat.h"

/* now, zone_minutes: of the message's own Date, or of its arrival in Japan's zone. */
void threat_detail_read(struct arena *arena, const struct threat_cues *cues,
                        struct bytes normal, const struct threat *threat, int64_t now,
                        int zone_minutes, struct threat_detail *detail_r);

/* How grave, 1 to 5: specific is graver than vague. A notice of suicide is never below 3: it concerns one life, now. */
int threat_severity(const struct threat *threat, const struct threat_detail *detail,
                    int64_t now);
