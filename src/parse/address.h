/* Addresses of header fields (RFC 5322 3.4 and 4.4).
 *
 * address_list_read reads mailboxes and groups and goes on after anything it does not understand. Dropped: comments, routes, white
 * space inside an address. Kept: dots that stand together or at the end of a local part (docomo and au gave out such
 * addresses for years), raw 8-bit and raw JIS names (decoded by evidence), encoded words also inside quotes. A mailbox without an
 * address has its words as the name, a single word is the local part. Commas and semicolons both part mailboxes. */
#pragma once

#include "parse/defects.h"
#include "parse/letter.h"

/* field is the body of the field, folding and all; it ends at a line end that no blank follows. At most
 * LIMIT_ADDRESSES and LIMIT_HEADER_FIELD bytes. Linear in time. */
void address_list_read(struct arena *arena, struct bytes field, struct address_list *list_r,
                       struct defects *defects);

/* One addr-spec ("local@domain", no name, no brackets), as in an envelope. false if it has no local part or domain. */
bool address_read(struct arena *arena, struct bytes text, struct address *address_r);

/* Message identifiers in angle brackets, without these; words without brackets count too. Blanks inside are dropped. */
size_t address_ids_read(struct arena *arena, struct bytes field, struct bytes **ids_r);
