#define SK_BASE
#include "sekisho/processes.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* A small file of /proc as text; false when it cannot be read. */
static bool
proc_text(pid_t pid, const char *name, char *text, size_t room)
{
    char path[64];

    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return false;
    }
    size_t size = fread(text, 1, room - 1, file);
    text[size] = '\0';
    fclose(file);
    return size > 0;
}

/* The number behind "Name:" at the start of a line, or `fallback`. */
static uint64_t
proc_number(const char *text, const char *name, uint64_t fallback)
{
    for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
        line += line[0] == '\n';
        size_t size = strlen(name);
        if (strncmp(line, name, size) == 0 && line[size] == ':') {
            return strtoull(line + size + 1, NULL, 10);
        }
    }
    return fallback;
}

/* Fields of /proc/PID/stat behind the name, which may hold anything but is closed by the last ')'. */
static bool
proc_stat(pid_t pid, char *name, size_t room, pid_t *parent_r, uint64_t *ticks_r,
          uint64_t *started_r)
{
    char text[1024];
    unsigned long user = 0, system = 0;
    unsigned long long started = 0;
    int parent = 0;

    if (!proc_text(pid, "stat", text, sizeof text)) {
        return false;
    }
    char *open = strchr(text, '('), *close = strrchr(text, ')');
    if (open == NULL || close == NULL ||
        sscanf(close + 1,
               " %*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %*d %*d %*d %*d %*d "
               "%*d %llu",
               &parent, &user, &system, &started) != 4) {
        return false;
    }
    snprintf(name, room, "%.*s", (int)(close - open - 1), open + 1);
    *parent_r = parent;
    *ticks_r = user + system;
    *started_r = started;
    return true;
}

static bool
process_look(pid_t pid, pid_t supervisor, struct process_seen *seen)
{
    char text[4096];
    pid_t parent;
    uint64_t ticks, started;
    struct timespec now;
    long second = sysconf(_SC_CLK_TCK);

    *seen = (struct process_seen){.pid = pid};
    if (!proc_stat(pid, seen->name, sizeof seen->name, &parent, &ticks, &started) ||
        parent != supervisor) {
        return false;
    }
    clock_gettime(CLOCK_BOOTTIME, &now);
    seen->cpu_ms = ticks * 1000 / (uint64_t)second;
    seen->age_s = now.tv_sec - (int64_t)(started / (uint64_t)second);
    if (proc_text(pid, "status", text, sizeof text)) {
        seen->confined =
            proc_number(text, "Seccomp", 0) == 2 && proc_number(text, "NoNewPrivs", 0) == 1;
        seen->memory = proc_number(text, "VmRSS", 0) * 1024;
    }
    if (proc_text(pid, "smaps_rollup", text, sizeof text)) {
        seen->memory = proc_number(text, "Pss", seen->memory / 1024) * 1024;
    }
    return true;
}

size_t
processes_of(pid_t supervisor, struct process_seen *seen_r, size_t room)
{
    DIR *folder = opendir("/proc");
    size_t count = 0;

    if (folder == NULL) {
        return 0;
    }
    for (struct dirent *entry; count < room && (entry = readdir(folder)) != NULL;) {
        char *end;
        long pid = strtol(entry->d_name, &end, 10);
        if (*end == '\0' && pid > 0 &&
            process_look((pid_t)pid, supervisor, &seen_r[count])) {
            count++;
        }
    }
    closedir(folder);
    return count;
}
