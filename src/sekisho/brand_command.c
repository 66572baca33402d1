/* `sekisho brand`: the names that phishing claims, whose a domain is, and an operator's file tried. */
#define SK_BASE
#include "sekisho/commands.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/limits.h"
#include "judge/brand_like.h"
#include "parse/domain.h"
#include "sekisho/files.h"
#include "sekisho/options.h"
#include "sekisho/record_folder.h"

#define FILE_MOST 4194304
#define SHOWN     300

static const struct option_row rows[] = {
    RECORD_FOLDER_ROWS,
    {"file", "FILE", "the operator's brands (judge.brands of the configuration)"},
    {"kind", "KIND", "list: only this kind"},
    {"own", NULL, "list: only the operator's"},
    {"json", NULL, "as JSON"},
    {"lang", "ja|en", "language; else that of the environment"},
    {0},
};

struct branding {
    struct arena arena; /* of the process */
    struct options *o;
    const char *path; /* of the operator's brands; NULL: none */
    struct brands *brands;
    bool japanese, json;
};

static const char *
say(const struct branding *b, const char *ja, const char *en)
{
    return b->japanese ? ja : en;
}

static void
json_list(struct json *j, const char *key, struct bytes list)
{
    struct bytes one;

    json_key(j, key);
    json_open(j, '[');
    while (bytes_split(&list, '|', &one)) {
        json_bytes(j, one);
    }
    json_close(j);
}

static void
json_brand(struct json *j, const struct brand *brand)
{
    json_open(j, '{');
    json_put_string(j, "id", brand->id);
    json_put_string(j, "name", brand->name);
    json_put_string(j, "kind", brand->kind);
    json_list(j, "names", brand->names);
    json_list(j, "domains", brand->domains);
    json_put_string(j, "source", brand->source);
    json_put_string(j, "date", brand->date);
    json_put_string(j, "confidence", brand->confidence);
    json_put_bool(j, "own", brand->own);
    json_put_bool(j, "replaces", brand->replaces);
    json_put_number(j, "line", (int64_t)brand->line);
    json_close(j);
}

static void
write_list(struct writer *w, struct bytes list)
{
    struct bytes one;

    for (bool first = true; bytes_split(&list, '|', &one); first = false) {
        writer_text(w, first ? "" : " ");
        writer_clean(w, one, SHOWN);
    }
}

/* id, kind, name, domains, source, date, whose: parted by tabs. */
static void
write_row(struct branding *b, struct writer *w, const struct brand *brand)
{
    const struct bytes fields[] = {brand->id, brand->kind, brand->name};

    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        writer_clean(w, fields[i], SHOWN);
        writer_byte(w, '\t');
    }
    write_list(w, brand->domains);
    writer_byte(w, '\t');
    writer_clean(w, brand->source, SHOWN);
    writer_byte(w, '\t');
    writer_clean(w, brand->date, SHOWN);
    writer_format(w, "\t%s", brand->own ? say(b, "自前", "own") : "-");
}

static int
list(struct branding *b)
{
    const char *kind = options_value(b->o, "kind");
    size_t told = 0;
    struct writer w;
    struct json j;

    for (size_t i = 0; i < brands_count(b->brands); i++) {
        const struct brand *brand = brands_at(b->brands, i);
        if ((kind != NULL && !bytes_is(brand->kind, kind)) ||
            (options_has(b->o, "own") && !brand->own)) {
            continue;
        }
        told++;
        writer_init(&w, &b->arena);
        if (b->json) {
            json_init(&j, &w);
            json_brand(&j, brand);
        } else {
            write_row(b, &w, brand);
        }
        printf("%s\n", writer_c(&w));
    }
    return told > 0 ? EXIT_OK : EXIT_FOUND;
}

static void
write_brand(struct branding *b, struct writer *w, const struct brand *brand)
{
    writer_clean(w, brand->name, SHOWN);
    writer_text(w, "  ");
    writer_clean(w, brand->kind, SHOWN);
    if (brand->own) {
        writer_format(w, b->japanese ? "  自前 %zu行目" : "  own, line %zu", brand->line);
    }
    writer_format(w, "\n%s", say(b, "  名前: ", "  names: "));
    write_list(w, brand->names);
    writer_format(w, "\n%s", say(b, "  ドメイン: ", "  domains: "));
    write_list(w, brand->domains);
    writer_format(w, "\n%s", say(b, "  出典: ", "  source: "));
    writer_clean(w, brand->source, SHOWN);
    writer_text(w, "  ");
    writer_clean(w, brand->date, SHOWN);
    writer_byte(w, '\n');
}

/* One row a line, by enum brand_likeness. */
static const struct {
    const char *name, *ja, *en;
} likeness[] = {
    [BRAND_UNLIKE] = {"unlike", "どのブランドのものでもなく、似てもいない",
                      "it is no brand's, and is like none"},
    [BRAND_OWN] = {"own", "このブランドのドメイン", "it is this brand's"},
    [BRAND_SAME_LOOK] = {"same_look", "このブランドのものではない。字の形が同じに見える: ",
                         "it is not this brand's, and looks the same as "},
    [BRAND_WITHIN] = {"within",
                      "このブランドのものではない。中にこのドメインが書かれている: ",
                      "it is not this brand's, and has in it "},
    [BRAND_BEARS] = {"bears", "このブランドのものではない。名前が入っている: ",
                     "it is not this brand's, and bears the name of "},
};

static int
show_domain(struct branding *b, struct bytes domain, const struct brand_like *like)
{
    struct writer w;
    struct json j;

    writer_init(&w, &b->arena);
    if (b->json) {
        json_init(&j, &w);
        json_open(&j, '{');
        json_put_string(&j, "domain", domain);
        json_put_text(&j, "likeness", likeness[like->likeness].name);
        json_put_string(&j, "like", like->domain);
        json_key(&j, "brand");
        if (like->brand == NULL) {
            json_nothing(&j);
        } else {
            json_brand(&j, like->brand);
        }
        json_close(&j);
        writer_byte(&w, '\n');
    } else {
        writer_clean(&w, domain, SHOWN);
        writer_format(&w, ": %s",
                      say(b, likeness[like->likeness].ja, likeness[like->likeness].en));
        if (like->likeness > BRAND_OWN) {
            writer_clean(&w, like->domain, SHOWN);
        }
        writer_byte(&w, '\n');
        if (like->brand != NULL) {
            write_brand(b, &w, like->brand);
        }
    }
    printf("%s", writer_c(&w));
    return like->brand == NULL ? EXIT_FOUND : EXIT_OK;
}

static int
show(struct branding *b, const char *asked)
{
    struct bytes text = bytes_from_text(asked);
    const struct brand *brand = brands_find(&b->arena, b->brands, text);
    struct brand_like like;
    struct writer w;
    struct json j;

    if (bytes_find_byte(text, '.', 0) != BYTES_NOWHERE &&
        brand_like_read(&b->arena, b->brands, text, &like) == SK_OK) {
        return show_domain(b, text, &like);
    }
    if (brand == NULL) {
        fprintf(
            stderr, "sekisho: brand: %s: %s\n", asked,
            say(b, "その名前のブランドは表にない", "the table has no brand of that name"));
        return EXIT_FOUND;
    }
    writer_init(&w, &b->arena);
    if (b->json) {
        json_init(&j, &w);
        json_brand(&j, brand);
        writer_byte(&w, '\n');
    } else {
        write_brand(b, &w, brand);
    }
    printf("%s", writer_c(&w));
    return EXIT_OK;
}

/* What is wrong with a domain of the operator's, one row a line. */
enum fault { FAULT_NONE, FAULT_NAME, FAULT_SUFFIX, FAULT_ANYBODY };
static const struct {
    const char *name, *ja, *en;
} faults[] = {
    [FAULT_NONE] = {"", "", ""},
    [FAULT_NAME] = {"no_domain", "ドメイン名ではない", "this is no domain"},
    [FAULT_SUFFIX] = {"suffix", "誰でも下にドメインを取れる",
                      "below this anybody registers domains"},
    [FAULT_ANYBODY] = {"anybody", "誰でも下にページや名前を持てる",
                       "below this anybody gets pages or names"},
};

static enum fault
fault_of(struct branding *b, struct bytes domain)
{
    struct bytes ascii;

    if (!domain_to_ascii(&b->arena, domain, &ascii) ||
        bytes_find_byte(ascii, '.', 0) == BYTES_NOWHERE) {
        return FAULT_NAME;
    }
    if (domain_registrable(&b->arena, ascii).size == 0) {
        return FAULT_SUFFIX;
    }
    struct bytes kind = brands_host_kind(b->brands, ascii);
    return kind.size > 0 && !bytes_is(kind, "cheap_top_level") ? FAULT_ANYBODY : FAULT_NONE;
}

static void
tell_fault(struct branding *b, struct json *j, size_t line, struct bytes domain,
           enum fault fault)
{
    struct writer w;

    if (b->json) {
        json_open(j, '{');
        json_put_number(j, "line", (int64_t)line);
        json_put_string(j, "domain", domain);
        json_put_text(j, "fault", faults[fault].name);
        json_close(j);
        return;
    }
    writer_init(&w, &b->arena);
    writer_format(&w, b->japanese ? "%s: %zu行目: " : "%s: line %zu: ", b->path, line);
    writer_clean(&w, domain, SHOWN);
    writer_format(&w, ": %s", say(b, faults[fault].ja, faults[fault].en));
    printf("%s\n", writer_c(&w));
}

/* The domains of the operator's rows; how many are wrong. */
static size_t
try_domains(struct branding *b, struct json *j)
{
    size_t wrong = 0;

    for (size_t i = 0; i < brands_count(b->brands); i++) {
        const struct brand *brand = brands_at(b->brands, i);
        struct bytes domains = brand->own ? brand->domains : BYTES_NONE, one;
        while (bytes_split(&domains, '|', &one)) {
            enum fault fault = fault_of(b, one);
            if (fault != FAULT_NONE) {
                wrong++;
                tell_fault(b, j, brand->line, one, fault);
            }
        }
    }
    return wrong;
}

static int
test(struct branding *b)
{
    size_t own = 0, replaced = 0;
    struct writer w;
    struct json j;

    writer_init(&w, &b->arena);
    json_init(&j, &w);
    json_open(&j, '{');
    for (size_t i = 0; i < brands_count(b->brands); i++) {
        own += brands_at(b->brands, i)->own;
        replaced += brands_at(b->brands, i)->replaces;
    }
    json_put_number(&j, "brands", (int64_t)own);
    json_put_number(&j, "replaced", (int64_t)replaced);
    json_key(&j, "wrong");
    json_open(&j, '[');
    size_t wrong = try_domains(b, &j);
    json_close(&j);
    json_close(&j);
    if (b->json) {
        printf("%s\n", writer_c(&w));
    } else {
        printf(b->japanese
                   ? "%s: ブランド%zu、うち既存の行に代わるもの%zu、誤ったドメイン%zu\n"
                   : "%s: %zu brands, %zu of them in the place of another row; %zu wrong "
                     "domains\n",
               b->path, own, replaced, wrong);
    }
    return wrong == 0 ? EXIT_OK : EXIT_FOUND;
}

/* The table that is built in, and the operator's rows. */
static int
open_table(struct branding *b)
{
    struct bytes more = BYTES_NONE;
    struct why why = {0};
    enum sk_code code =
        b->path == NULL ? SK_OK : file_read(&b->arena, b->path, FILE_MOST, &more, &why);

    if (code == SK_OK) {
        code = brands_open(&b->arena, brands_built_in(), more, &b->brands, &why);
    }
    if (code == SK_OK) {
        return EXIT_OK;
    }
    if (why.line > 0) {
        fprintf(stderr,
                b->japanese ? "sekisho: brand: %s: %zu行目: %s\n"
                            : "sekisho: brand: %s: line %zu: %s\n",
                b->path, why.line, why.sentence);
    } else {
        fprintf(stderr, "sekisho: brand: %s\n", why.sentence);
    }
    return code == SK_SYSTEM ? EXIT_NO_INPUT : EXIT_CONFIG;
}

static int
run(struct branding *b, struct bytes named)
{
    const char *verb = b->o->rest[0];
    bool tests = strcmp(verb, "test") == 0;

    b->path = tests && b->o->rest_count > 1 ? b->o->rest[1]
              : options_has(b->o, "file")   ? options_value(b->o, "file")
              : named.size > 0              ? bytes_text(&b->arena, named)
                                            : NULL;
    if (b->o->rest_count > (tests ? 2 : 1) || (tests && b->path == NULL)) {
        fprintf(stderr, "sekisho: brand: list, test FILE, NAME or DOMAIN is wanted\n");
        return EXIT_USAGE;
    }
    int status = open_table(b);
    if (status != EXIT_OK) {
        return status;
    }
    return tests ? test(b) : strcmp(verb, "list") == 0 ? list(b) : show(b, verb);
}

int
brand_command(int count, char **arguments)
{
    struct options o;
    struct branding b = {.o = &o};
    int status = EXIT_OK;

    if (!options_read(&o, "brand list|test|NAME|DOMAIN [OPTION...] [FILE]",
                      "Lists the brands that phishing claims, tells whose a domain is or "
                      "whose it only looks to be, and tries an operator's file.",
                      rows, count, arguments)) {
        return o.status;
    }
    if (o.rest_count == 0) {
        fprintf(stderr, "sekisho: brand: list, test FILE, NAME or DOMAIN is wanted\n");
        return EXIT_USAGE;
    }
    arena_init(&b.arena, (size_t)1 << 30);
    b.japanese = speak_japanese(&o);
    b.json = options_has(&o, "json");
    const struct config *config = command_config(&b.arena, &o, &status);
    if (config != NULL) {
        status = run(&b, config_text(config, "judge.brands"));
    }
    brands_close(b.brands);
    arena_release(&b.arena);
    return status;
}
