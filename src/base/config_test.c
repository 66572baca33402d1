#include "base/config.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/tap.h"
#include "base/writer.h"

static const struct config_key keys[] = {
    {"", "hostname", CONFIG_TEXT, "localhost", 1, 0, NULL, false, "The name of this host."},
    {"", "workers", CONFIG_NUMBER, "2", 1, 64, NULL, false, "How many workers."},
    {"transfer", "listen", CONFIG_LIST, "", 0, 0, NULL, false, "Where to listen."},
    {"transfer", "size_max", CONFIG_SIZE, "50M", 1024, 104857600, NULL, false,
     "Largest message."},
    {"transfer", "timeout", CONFIG_TIME, "5m", 1000, 3600000, NULL, false,
     "How long to wait."},
    {"transfer", "strict", CONFIG_BOOL, "yes", 0, 0, NULL, false, "Whether to be strict."},
    {"transfer", "mode", CONFIG_CHOICE, "proxy", 0, 0, "proxy|maildir|lmtp", false,
     "What to do."},
    {"recipient", "consent", CONFIG_CHOICES, "source", 0, 0, "source|label|content", true,
     "Consent."},
    {"recipient", "note", CONFIG_TEXT, "", 0, 24, NULL, true, "A note."},
    {"login", "password", CONFIG_TEXT, NULL, 1, 0, NULL, true, "The password's hash."},
    {NULL, NULL, CONFIG_TEXT, NULL, 0, 0, NULL, false, NULL},
};

static struct arena arena;
static const struct config *config;
static struct why why;

static enum sk_code
read_text(struct bytes text)
{
    why = (struct why){0};
    arena_release(&arena);
    return config_read(&arena, keys, text, &config, &why);
}

/* Whether the text is refused at that line, with these words in the sentence. */
static void
refused(const char *text, size_t line, const char *words)
{
    enum sk_code code = read_text(bytes_from_text(text));

    tap_ok(code == SK_CONFIG && why.line == line && strstr(why.sentence, words) != NULL,
           "line %zu: %s", line, why.sentence);
}

static void
test_defaults(void)
{
    size_t count = 9;

    tap_ok(read_text(BYTES("")) == SK_OK, "an empty file is a configuration");
    tap_ok(bytes_is(config_text(config, "hostname"), "localhost") &&
               config_number(config, "workers") == 2 &&
               config_number(config, "transfer.size_max") == 52428800 &&
               config_number(config, "transfer.timeout") == 300000 &&
               config_bool(config, "transfer.strict") &&
               config_choice(config, "transfer.mode") == 0,
           "defaults are read as values are");
    (void)config_list(config, "transfer.listen", &count);
    tap_ok(count == 0 && config_named_count(config, "recipient") == 0,
           "empty lists, no named sections");
    tap_ok(config_line(config, "workers") == 0, "a default stands on no line");
}

static void
test_values(void)
{
    size_t count = 0;

    tap_ok(read_text(BYTES("# remark\r\n"
                           "hostname=mx.example.jp\r\n"
                           "\t workers =  64 \n"
                           "[ transfer ]\n"
                           "listen = 127.0.0.1:2525, [::1]:2525 ,,unix:/run/x\n"
                           "size_max = 1k\n"
                           "timeout = 1500ms\n"
                           "strict = No\n"
                           "mode = LMTP\n"
                           "[recipient User@example.jp]\n"
                           "consent = source label, content\n"
                           "note = a = b # not a remark\n"
                           "[login alice]\n"
                           "password = x\n"
                           "[recipient other@example.jp]\n")) == SK_OK,
           "a whole file: %s", why.sentence);
    const struct bytes *listen = config_list(config, "transfer.listen", &count);
    tap_ok(count == 3 && bytes_is(listen[1], "[::1]:2525") &&
               bytes_is(listen[2], "unix:/run/x"),
           "a list");
    tap_ok(bytes_is(config_text(config, "hostname"), "mx.example.jp") &&
               config_number(config, "workers") == 64,
           "blanks and CR are dropped");
    tap_ok(config_line(config, "workers") == 3, "the line is known");
    tap_ok(config_number(config, "transfer.size_max") == 1024 &&
               config_number(config, "transfer.timeout") == 1500 &&
               !config_bool(config, "transfer.strict") &&
               config_choice(config, "transfer.mode") == 2,
           "size, time, bool, choice");
    tap_ok(config_named_count(config, "recipient") == 2 &&
               config_named_count(config, "login") == 1,
           "named sections are counted by their word");
    tap_ok(bytes_is(config_named(config, "recipient", 0), "User@example.jp") &&
               bytes_is(config_named(config, "recipient", 1), "other@example.jp"),
           "and stand in the order of the file");
    tap_ok(config_named_choices(config, "recipient", 0, "consent") == 7 &&
               config_named_choices(config, "recipient", 1, "consent") == 1,
           "choices are a set; the default fills the second");
    tap_ok(config_named_given(config, "recipient", 0, "consent") &&
               !config_named_given(config, "recipient", 1, "consent"),
           "given or not is known");
    tap_ok(
        bytes_is(config_named_text(config, "recipient", 0, "note"), "a = b # not a remark"),
        "only the first = divides, and a remark begins a line");
    tap_ok(bytes_is(config_named_text(config, "login", 0, "password"), "x"),
           "the value of another named section");
}

static void
test_refusals(void)
{
    refused("workers = 0\n", 1, "between 1 and 64");
    refused("workers = 65\n", 1, "between 1 and 64");
    refused("\nworkers = two\n", 2, "digits only");
    refused("workers = 99999999999999999999\n", 1, "not a whole number");
    refused("worker = 2\n", 1, "write \"workers\"");
    refused("strict = yes\n", 1, "belongs into section [transfer]");
    refused("qqqqqqqq = yes\n", 1, "sekisho.conf(5)");
    refused("workers = 2\nworkers = 2\n", 2, "line 1 already");
    refused("hostname =\n", 1, "too short");
    refused("[transfer]\nsize_max = 1T\n", 2, "not a size");
    refused("[transfer]\nsize_max = 1023\n", 2, "between 1024");
    refused("[transfer]\nsize_max = 101M\n", 2, "out of bounds");
    refused("[transfer]\nsize_max = 99999999999999G\n", 2, "not a size");
    refused("[transfer]\ntimeout = M\n", 2, "not a time");
    refused("[transfer]\ntimeout = 2h\n", 2, "milliseconds");
    refused("[transfer]\nstrict = true\n", 2, "yes or no");
    refused("[transfer]\nmode = relay\n", 2, "proxy|maildir|lmtp");
    refused("[transfer]\nmode = proxy lmtp\n", 2, "one of");
    refused("[transfer]\nmode =\n", 2, "one of");
    refused("[transfer\n", 1, "write ]");
    refused("[", 1, "write ]");
    refused("[]\n", 1, "unknown section");
    refused("[transfers]\n", 1, "unknown section");
    refused("[transfer x]\n", 1, "name where none belongs");
    refused("[recipient]\n", 1, "no name");
    refused("[recipient a@b]\nconsent = everything\n", 2, "source|label|content");
    refused("[recipient a@b]\n[recipient A@B]\n", 2, "twice");
    refused("[login bob]\n\n[transfer]\n", 1, "is missing");
    refused("[recipient a@b]\nnote = 1234567890123456789012345\n", 2, "too long");
    tap_ok(read_text(BYTES("[recipient a@b]\nnote = 123456789012345678901234\n")) == SK_OK,
           "a text at its bound");
    refused("just words\n", 1, "key = value");
    refused("hostname = \xff\n", 1, "UTF-8");
    tap_ok(read_text(BYTES("hostname = a\0b\n")) == SK_CONFIG, "NUL is refused");
}

static void
test_bounds(void)
{
    struct arena scratch;
    struct writer w;

    arena_init(&scratch, 64u << 20);
    writer_init(&w, &scratch);
    writer_text(&w, "hostname = ");
    while (writer_view(&w).size < LIMIT_CONFIG_LINE) {
        writer_byte(&w, 'x');
    }
    tap_ok(read_text(writer_view(&w)) == SK_OK, "a line at its bound");
    writer_byte(&w, 'x');
    tap_ok(read_text(writer_view(&w)) == SK_CONFIG && why.line == 1, "one byte past it: %s",
           why.sentence);
    writer_clear(&w);
    while (writer_view(&w).size < LIMIT_CONFIG_BYTES) {
        writer_byte(&w, '\n');
    }
    tap_ok(read_text(writer_view(&w)) == SK_OK, "a file at its bound");
    writer_byte(&w, '\n');
    tap_ok(read_text(writer_view(&w)) == SK_CONFIG, "one byte past it: %s", why.sentence);
    writer_clear(&w);
    for (size_t i = 0; writer_view(&w).size < LIMIT_CONFIG_BYTES - 40; i++) {
        writer_format(&w, "[recipient %zu]\n", i);
    }
    int64_t began = clock_monotonic_ms();
    tap_ok(read_text(writer_view(&w)) == SK_OK &&
               config_named_count(config, "recipient") > 50000,
           "as many recipients as fit: %s", why.sentence);
    uint64_t sum = 0;
    for (size_t i = 0; i < config_named_count(config, "recipient"); i++) {
        sum += config_named_choices(config, "recipient", i, "consent");
    }
    tap_ok(sum == config_named_count(config, "recipient") &&
               clock_monotonic_ms() - began < 3000,
           "in linear time (%d ms)", (int)(clock_monotonic_ms() - began));
    arena_release(&scratch);
}

int
main(void)
{
    arena_init(&arena, 256u << 20);
    test_defaults();
    test_values();
    test_refusals();
    test_bounds();
    arena_release(&arena);
    return tap_done();
}
