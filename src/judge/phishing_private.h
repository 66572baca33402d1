/* What phishing.c and phishing_look.c ask of one another. */
#pragma once

#include "judge/phishing.h"

/* Whether a valid signature is the brand's. */
bool phishing_proves(const struct brand *brand, const struct origin *origin);
/* Bytes of letters of a text that belong neither to names nor to words of service. */
size_t phishing_rest(struct bytes text, const struct brand_hit *hits, size_t count);
/* The brand that a display name or the words of a picture are; NULL: they are none, speak of one only, or the domain is that of
 * one they name. */
const struct brand *phishing_named(const struct brand_hit *hits, size_t count,
                                   struct bytes name, struct bytes domain);
/* Whether a click may lead there. */
bool phishing_leads(const struct link *link);

/* Takes a name as the issuer's where it stands in the last lines of the text, behind a sign of who issues it. */
void phishing_read_issuer(struct phishing *p, const struct brand_hit *hit,
                          struct bytes normal);
/* The claim by the look, where there is one. */
void phishing_read_look(struct arena *arena, struct brands *brands,
                        const struct letter *letter, struct phishing *p);
