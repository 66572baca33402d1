/* A letter as it was understood, for `sekisho read`: told to a person, or as JSON. What is hostile stays text. */
#pragma once

#include "base/json.h"
#include "sekisho/passage.h"

struct read_view {
    const struct walk *walk; /* judged */
    bool japanese;
    bool normal;      /* the normal form too, and who wrote which line of it */
    size_t text_most; /* bytes of each text that are shown; 0: all */
};

void read_show(struct arena *arena, const struct read_view *view, struct writer *w);
void read_show_json(struct arena *arena, const struct read_view *view, struct json *j);

/* What a part is called: "1", "1.2", in the order of the message; at most LIMIT_MIME_DEPTH numbers. In the arena. */
struct bytes read_part_path(struct arena *arena, const struct part *part);
