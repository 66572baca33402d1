/* The program: one name, many commands. */
#define SK_BASE
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "decide/verdict.h"
#include "sekisho/commands.h"
#include "sekisho/metrics.h"
#include "sekisho/options.h"
#include "sekisho/version.h"

static int help_command(int count, char **arguments);

static const struct {
    const char *name;
    int (*run)(int count, char **arguments);
    const char *summary;
} commands[] = {
    {"serve", serve_command, "run the checkpoint"},
    {"status", status_command, "tell how the checkpoint stands"},
    {"doctor", doctor_command, "say what is wrong, and what to type"},
    {"config", config_command, "check a configuration, or list all keys"},
    {"check", check_command, "examine messages and explain the verdict"},
    {"read", read_command, "show a letter as it was understood"},
    {"learn", learn_command, "teach the classifier from mail you have sorted"},
    {"classify", classify_command, "score messages, or learn online from a list"},
    {"search", search_command, "find messages in the record"},
    {"explain", explain_command,
     "tell why a message was treated as it was, from the record alone"},
    {"origin", origin_command,
     "tell what is proved, claimed and unknown of where a message came from"},
    {"law", law_command, "tell what an advertisement must display, and lacks"},
    {"lexicon", lexicon_command,
     "test and list the words that tell trade, and take in new ones"},
    {"brand", brand_command,
     "list the brands that phishing claims, and tell whose a domain is"},
    {"replay", replay_command, "make a recorded verdict again, and tell what differs"},
    {"held", held_command, "read, pass on or erase messages that are held"},
    {"consent", consent_command, "record who allows what, and show it"},
    {"alarm", alarm_command, "tell which alarms wait, and acknowledge them"},
    {"campaign", campaign_command, "tell which messages are copies of one another"},
    {"lure", lure_command, "tell how far conversations with strangers have come"},
    {"dmarc", dmarc_command, "read reports of DMARC, and tell what ours would say"},
    {"hold", hold_command, "keep evidence from being purged"},
    {"purge", purge_command, "tell what has reached its end, and purge it"},
    {"ledger", ledger_command, "verify that nobody altered the record"},
    {"backup", backup_command, "copy the record while the checkpoint runs"},
    {"restore", restore_command, "put a copy back where a record is gone"},
    {"papers", papers_command, "make and check the keys that sign leaving mail"},
    {"account", account_command, "say who may sign in at the console"},
    {"flood", flood_command, "load a server on this machine with mail"},
    {"try", try_command, "ask one part: spf, dkim, dmarc, mime, url, ... as JSON lines"},
    {"help", help_command, "print this, all findings, or a command's help"},
};
#define COMMAND_COUNT (sizeof commands / sizeof commands[0])

static void
print_commands(FILE *to)
{
    fprintf(to, "usage: sekisho COMMAND [OPTION...]\n\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        fprintf(to, "  %-10s %s\n", commands[i].name, commands[i].summary);
    }
    fprintf(to, "\n`sekisho COMMAND --help` tells more; the manual is sekisho(8).\n");
}

static void
print_metrics(void)
{
    struct arena arena;
    struct writer w;

    arena_init(&arena, 1u << 20);
    writer_init(&w, &arena);
    metrics_write_table(&w);
    printf("%s", writer_c(&w));
    arena_release(&arena);
}

static int
help_command(int count, char **arguments)
{
    static const struct option_row rows[] = {
        {"commands", NULL, "list the commands: name TAB summary"},
        {"findings", NULL, "list the findings: name TAB Japanese TAB English"},
        {"metrics", NULL, "list the figures: name TAB type TAB what it is"},
        {0},
    };
    struct options o;
    const char *name, *ja, *en;

    if (!options_read(&o, "help [--commands | --findings | --metrics | COMMAND]",
                      "Prints help.", rows, count, arguments)) {
        return o.status;
    }
    if (options_has(&o, "commands")) {
        for (size_t i = 0; i < COMMAND_COUNT; i++) {
            printf("%s\t%s\n", commands[i].name, commands[i].summary);
        }
    } else if (options_has(&o, "findings")) {
        for (size_t i = 0; words_finding(i, &name, &ja, &en); i++) {
            printf("%s\t%s\t%s\n", name, ja, en);
        }
    } else if (options_has(&o, "metrics")) {
        print_metrics();
    } else if (o.rest_count > 0) {
        for (size_t i = 0; i < COMMAND_COUNT; i++) {
            if (strcmp(commands[i].name, o.rest[0]) == 0) {
                return commands[i].run(2, (char *[]){o.rest[0], (char[]){"--help"}, NULL});
            }
        }
        fprintf(stderr, "sekisho: there is no command %s\n", o.rest[0]);
        return EXIT_USAGE;
    } else {
        print_commands(stdout);
    }
    return EXIT_OK;
}

int
main(int count, char **arguments)
{
    /* libarchive needs a locale with UTF-8 to name files; nothing else here looks at the locale. */
    setlocale(LC_CTYPE, "C.UTF-8");
    signal(SIGPIPE, SIG_IGN);
    if (count < 2) {
        print_commands(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(arguments[1], "--version") == 0) {
        printf("sekisho %s\n", SEKISHO_VERSION);
        return EXIT_OK;
    }
    if (strcmp(arguments[1], "--help") == 0 || strcmp(arguments[1], "-h") == 0) {
        print_commands(stdout);
        return EXIT_OK;
    }
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(commands[i].name, arguments[1]) == 0) {
            int status = commands[i].run(count - 1, arguments + 1);
            if (fflush(stdout) != 0 && status == EXIT_OK) {
                status = EXIT_SYSTEM;
            }
            return status;
        }
    }
    fprintf(stderr, "sekisho: there is no command %s\n\n", arguments[1]);
    print_commands(stderr);
    return EXIT_USAGE;
}
