/* Where in a message a finding stands that rests on no words of its text: the header field, the signature, the hop, the attachment, the link
 * or the form that it speaks of. For judge_point. Pure; a view of the letter. */
#pragma once

#include "judge/opinion.h"

/* The line where a defect of the letter was met that the finding is named after, or that its detail names; BYTES_NONE for others. */
struct bytes point_defect(const struct letter *letter, const struct finding *finding);
/* The bytes, a view of letter->raw; BYTES_NONE where what it rests on is no part of the message (the connection, the envelope, DNS). What is
 * missing is told as the header or the body in which it is missing; what lies in a file as that file. */
struct bytes point_place(const struct letter *letter, const struct finding *finding);
