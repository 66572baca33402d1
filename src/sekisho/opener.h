/* The opener: a program of its own that looks into attachments, and how it is started and asked.
 *
 * sekisho-opener (opener_main.c) is executed by the supervisor, or by a command, with one end of a control socket. It reads no
 * attachment itself. Whoever has a question makes a pair of stream sockets, sends one end over a channel, and asks over the
 * other; for each such end the opener forks a process that sees this one attachment, answers and ends. So nobody's
 * attachment is ever in the memory of a process that reads another's, a crash or a bound costs one attachment, and the
 * forty libraries that read files are mapped in no process that holds mail, keys or the record. */
#pragma once

#include "open/opened.h"
#include "sekisho/settings.h"

extern const struct config_key attachments_config_keys[];

/* Beside the program, or in ../libexec/sekisho; false: it is not there. */
bool opener_find(char path_r[4096]);
/* In a process that was made for it: becomes the program. Returns only when that failed. */
void opener_become(const char *path, const struct config *config, int control);

/* Asks about one attachment: gives our end of the stream, -1 when the opener cannot be had. */
int opener_stream(int channel);

/* One for a command: forks an opener of its own; -1 and a reason when it cannot be had. */
struct opener {
    int pid;
    int control, channel;
};
enum sk_code opener_start(const struct config *config, struct opener *opener_r,
                          struct why *why);
void opener_end(struct opener *opener);
