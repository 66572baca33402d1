#include "judge/judge.h"

#include <math.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/writer.h"
#include "judge/embedded_private.h"
#include "judge/findings_private.h"
#include "judge/normal.h"
#include "judge/personal.h"
#include "judge/point_private.h"
#include "judge/regions.h"
#include "judge/settings.h"
#include "judge/threat.h"
#include "parse/enclosure.h"
#include "parse/link_hosts.h"

#define LEXICON_FILE_MAX 4194304
/* Text that is brought to normal form where only the classifier reads: enough to give it its bytes, also where much
 * of the text is dropped on the way. */
#define CLASSIFIER_TEXT_BYTES (LIMIT_MODEL_TEXT_BYTES * 2)

/* Logits. The prior is that of a message of which nothing is known: most mail at a door is unwanted, but a
 * wanted one lost costs more. */
#define PRIOR           (-1.5)
#define PRIOR_READ      (-0.8)
#define CLASSIFIER_GAIN 1.0
#define CLASSES_FROM                                                                       \
    0.2 /* below, the classes share what little there is without being asked */
#define CLASSIFIER_SAYS 0.5 /* smaller logits are no finding */
#define THREAT_WEIGHT   3.0
#define TRADE_WEIGHT    3.0
#define DISGUISED       0.5
#define SIGNS_GAIN      0.35
#define SIGNS_SAY       1.0 /* a single sign is no finding */
#define SIGNS_MOST      3.5
/* Text of attachments weighs half: much of it is form and table, of which the classifier was taught little. */
#define ENCLOSED_GAIN 0.5
#define ENCLOSED_MOST 2.0
#define ENCLOSED_LEAST                                                                     \
    200 /* bytes that the classifier wants to see: of a few words it thinks ill */

const struct config_key judge_config_keys[] = {
    {.section = "judge",
     .name = "model",
     .type = CONFIG_TEXT,
     .fallback = "",
     .help = "File of the classifier; empty: the one that is built in."},
    {.section = "judge",
     .name = "lexicon",
     .type = CONFIG_TEXT,
     .fallback = "",
     .help = "Folder with threat.tsv and slang.tsv; empty: those that are built in."},
    {.section = "judge",
     .name = "links",
     .type = CONFIG_TEXT,
     .fallback = "",
     .help = "Folder with hosts.tsv: shorteners, redirectors and known names; empty: those "
             "that are "
             "built in."},
    {.name = NULL},
};

struct judge {
    struct model *model;
    struct lexicon *lexicon;
    struct features features;
    struct personal *personal;
    uint8_t separator;
    char lexicon_name[16], model_name[64];
    uint64_t named_spam, named_ham; /* what the model knew when it was named */
    int64_t named_ms;
};

static enum sk_code
open_built_in(struct model **model_r, struct why *why)
{
    struct bytes file =
        bytes_of(judge_model_file, (size_t)(judge_model_file_end - judge_model_file));

    return file.size == 0 ? model_open_empty(model_r, why)
                          : model_open_bytes(file, model_r, why);
}

static enum sk_code
read_table_file(struct arena *arena, struct bytes folder, const char *name,
                struct bytes *text_r, struct why *why)
{
    struct writer path;
    FILE *file;
    size_t size;

    writer_init(&path, arena);
    writer_bytes(&path, folder);
    writer_text(&path, "/");
    writer_text(&path, name);
    file = fopen(writer_c(&path), "re");
    if (file == NULL) {
        return why_set(why, SK_SYSTEM, "the lexicon %s cannot be opened", writer_c(&path));
    }
    uint8_t *at = arena_take_bytes(arena, LEXICON_FILE_MAX);
    size = fread(at, 1, LEXICON_FILE_MAX, file);
    bool whole = feof(file) != 0;
    fclose(file);
    if (!whole) {
        return why_set(why, SK_CONFIG, "the lexicon %s is larger than %d bytes",
                       writer_c(&path), LEXICON_FILE_MAX);
    }
    *text_r = bytes_of(at, size);
    return SK_OK;
}

/* The first six bytes: enough to tell versions apart. */
static void
short_name(const uint8_t digest[HASH_SHA256_SIZE], char name_r[16])
{
    for (size_t i = 0; i < 6; i++) {
        snprintf(name_r + 2 * i, 16 - 2 * i, "%02x", digest[i]);
    }
}

static enum sk_code
open_lexicon(struct arena *arena, struct bytes folder, struct judge *judge, struct why *why)
{
    struct bytes threat = lexicon_threat_table(), slang = lexicon_slang_table();
    struct arena files;
    enum sk_code code = SK_OK;

    arena_init(&files, 4 * LEXICON_FILE_MAX);
    if (folder.size > 0) {
        code = read_table_file(&files, folder, "threat.tsv", &threat, why);
        if (code == SK_OK) {
            code = read_table_file(&files, folder, "slang.tsv", &slang, why);
        }
    }
    if (code == SK_OK) {
        code = lexicon_open(arena, threat, slang, &judge->lexicon, why);
    }
    if (code == SK_OK) {
        const struct bytes tables[] = {threat, slang};
        uint8_t digest[HASH_SHA256_SIZE];
        hash_sha256_many(tables, 2, digest);
        short_name(digest, judge->lexicon_name);
    }
    arena_release(&files);
    return code;
}

/* The table of known hosts is the process's: parse reads by it. */
static enum sk_code
open_links(struct bytes folder, struct why *why)
{
    struct arena files;
    struct bytes table;

    if (folder.size == 0) {
        return link_hosts_use(link_hosts_table(), why);
    }
    arena_init(&files, 2 * LEXICON_FILE_MAX);
    enum sk_code code = read_table_file(&files, folder, "hosts.tsv", &table, why);
    if (code == SK_OK) {
        code = link_hosts_use(table, why);
    }
    arena_release(&files);
    return code;
}

enum sk_code
judge_open(struct arena *arena, const struct config *config, struct judge **judge_r,
           struct why *why)
{
    struct judge *judge = ARENA_NEW(arena, struct judge);
    struct bytes model = config == NULL ? BYTES_NONE : config_text(config, "judge.model");
    struct bytes lexicon =
        config == NULL ? BYTES_NONE : config_text(config, "judge.lexicon");
    enum sk_code code;

    code = model.size == 0 ? open_built_in(&judge->model, why)
                           : model_open_file(bytes_text(arena, model), &judge->model, why);
    if (code != SK_OK) {
        return code;
    }
    code = open_lexicon(arena, lexicon, judge, why);
    if (code == SK_OK && config != NULL) {
        code = open_links(config_text(config, "judge.links"), why);
    }
    if (code != SK_OK) {
        judge_close(judge);
        return code;
    }
    *judge_r = judge;
    return SK_OK;
}

void
judge_close(struct judge *judge)
{
    if (judge != NULL) {
        model_close(judge->model);
        lexicon_close(judge->lexicon);
        judge->model = NULL;
        judge->lexicon = NULL;
    }
}

static struct bytes
normal_of(struct arena *arena, const struct letter *letter, size_t text_most)
{
    return normal_form(arena, judged_text(arena, letter, text_most), LIMIT_NORMAL_BYTES);
}

/* header: features_header_bytes; "" leaves it out. */
static void
take_features(struct judge *judge, struct bytes header, struct bytes normal)
{
    features_clear(&judge->features);
    if (header.size > 0) {
        features_add_header(&judge->features, header);
    }
    features_add_text(&judge->features, normal);
}

static void
take_letter(struct judge *judge, const struct letter *letter, struct bytes normal)
{
    uint8_t header[LIMIT_MODEL_HEADER_BYTES];
    size_t size = features_header_bytes(&letter->header, header);

    take_features(judge, bytes_of(header, size), normal);
}

/* A lesson: the size of the header's bytes in two bytes, these, and the text in normal form. */
struct bytes
judge_lesson(struct arena *arena, const struct letter *letter)
{
    struct bytes normal = bytes_slice(normal_of(arena, letter, CLASSIFIER_TEXT_BYTES), 0,
                                      LIMIT_MODEL_TEXT_BYTES);
    uint8_t *at =
        arena_take_bytes(arena, 2 + LIMIT_MODEL_HEADER_BYTES + LIMIT_MODEL_TEXT_BYTES);
    size_t size = features_header_bytes(&letter->header, at + 2);

    at[0] = (uint8_t)(size >> 8);
    at[1] = (uint8_t)size;
    if (normal.size > 0) {
        memcpy(at + 2 + size, normal.at, normal.size);
    }
    return bytes_of(at, 2 + size + normal.size);
}

void
judge_use_personal(struct judge *judge, struct personal *personal, uint8_t separator)
{
    judge->personal = personal;
    judge->separator = separator;
}

static enum sk_code
take_lesson(struct judge *judge, struct bytes lesson)
{
    size_t header = lesson.size < 2 ? 0 : (size_t)lesson.at[0] << 8 | lesson.at[1];

    if (lesson.size < 2 || header > LIMIT_MODEL_HEADER_BYTES || header > lesson.size - 2 ||
        lesson.size - 2 - header > LIMIT_MODEL_TEXT_BYTES) {
        return SK_BAD;
    }
    take_features(judge, bytes_slice(lesson, 2, 2 + header),
                  bytes_from(lesson, 2 + header));
    return SK_OK;
}

enum sk_code
judge_teach(struct judge *judge, struct bytes lesson, bool spam)
{
    enum sk_code code = take_lesson(judge, lesson);

    if (code == SK_OK) {
        model_learn(judge->model, &judge->features, spam);
    }
    return code;
}

enum sk_code
judge_teach_personal(struct judge *judge, size_t slot, struct bytes lesson, bool spam)
{
    enum sk_code code = take_lesson(judge, lesson);

    if (code == SK_OK) {
        double common = model_score(judge->model, &judge->features).logit;
        personal_learn(judge->personal, slot, &judge->features, common, spam);
    }
    return code;
}

void
judge_learn(struct arena *arena, struct judge *judge, const struct letter *letter,
            bool spam)
{
    enum sk_code code = judge_teach(judge, judge_lesson(arena, letter), spam);

    SK_ASSERT(code == SK_OK);
}

double
judge_score(struct arena *arena, struct judge *judge, const struct letter *letter)
{
    take_letter(judge, letter, normal_of(arena, letter, CLASSIFIER_TEXT_BYTES));
    return model_score(judge->model, &judge->features).unwanted;
}

/* Which class of the model a category is; MODEL_CLASSES for those it does not tell apart. */
static int
class_of(enum category category)
{
    static const enum category classes[MODEL_CLASSES] = {
        CATEGORY_ADVERTISEMENT, CATEGORY_LURE,   CATEGORY_PHISHING, CATEGORY_EXTORTION,
        CATEGORY_MALWARE,       CATEGORY_THREAT, CATEGORY_SLANG,    CATEGORY_ADVANCE_FEE,
    };

    for (int i = 0; i < MODEL_CLASSES; i++) {
        if (classes[i] == category) {
            return i;
        }
    }
    return MODEL_CLASSES;
}

void
judge_train(struct arena *arena, struct judge *judge, const struct letter *letter,
            enum category category, bool classes_only)
{
    take_features(judge, BYTES_NONE, normal_of(arena, letter, CLASSIFIER_TEXT_BYTES));
    if (!classes_only) {
        model_learn(judge->model, &judge->features, category != CATEGORY_HAM);
    } else {
        model_learn_class(judge->model, &judge->features, class_of(category));
    }
}

enum sk_code
judge_save(const struct judge *judge, const char *path, struct why *why)
{
    return model_save(judge->model, path, false, why);
}

enum sk_code
judge_save_packed(const struct judge *judge, const char *path, struct why *why)
{
    return model_save(judge->model, path, true, why);
}

enum sk_code
judge_swap(struct judge *judge, const char *path, struct why *why)
{
    struct model *model;
    enum sk_code code =
        *path == '\0' ? model_open_empty(&model, why) : model_open_file(path, &model, why);

    if (code == SK_OK) {
        model_copy(judge->model, model);
        model_close(model);
    }
    return code;
}

void
judge_counts(const struct judge *judge, uint64_t *spam_r, uint64_t *ham_r)
{
    model_counts(judge->model, spam_r, ham_r);
}

void
judge_made_by(struct judge *judge, struct json *j)
{
    uint8_t digest[HASH_SHA256_SIZE];
    uint64_t spam, ham;

    model_counts(judge->model, &spam, &ham);
    bool taught = spam != judge->named_spam || ham != judge->named_ham;
    if (judge->model_name[0] == '\0' ||
        (taught && clock_monotonic_ms() - judge->named_ms >= 1000)) {
        char name[16];
        model_digest(judge->model, digest);
        short_name(digest, name);
        snprintf(judge->model_name, sizeof(judge->model_name), "%s@%llu+%llu", name,
                 (unsigned long long)spam, (unsigned long long)ham);
        judge->named_spam = spam;
        judge->named_ham = ham;
        judge->named_ms = clock_monotonic_ms();
    }
    json_put_text(j, "model", judge->model_name);
    json_put_text(j, "lexicon", judge->lexicon_name);
}

static double
squash(double logit)
{
    return 1 / (1 + exp(-logit));
}

/* The first words that speak in that role, as the text has them. */
static struct bytes
first_said(struct bytes normal, const struct lexicon_hit *hits, size_t count,
           enum lexicon_role role)
{
    for (size_t i = 0; i < count; i++) {
        if (hits[i].term->role == role && !hits[i].term->is_mask) {
            return bytes_slice(normal, hits[i].from, hits[i].to);
        }
    }
    return BYTES_NONE;
}

/* Words that only somebody who fears to be read spells so. */
static void
put_disguised(struct findings *f, struct bytes normal, const struct lexicon_hit *hits,
              size_t count)
{
    struct bytes first = BYTES_NONE;
    size_t disguised = 0;

    for (size_t i = 0; i < count; i++) {
        enum lexicon_role role = hits[i].term->role;
        if (hits[i].disguised && (role == LEXICON_ACT || role == LEXICON_ANNOUNCE ||
                                  role == LEXICON_SLANG || role == LEXICON_SIGN)) {
            struct bytes said = bytes_slice(normal, hits[i].from, hits[i].to);
            first = disguised++ == 0 ? said : first;
        }
    }
    if (disguised > 0) {
        findings_put_said(f, "words_disguised", FAMILY_CONTENT,
                          DISGUISED * (disguised < 3 ? (double)disguised : 3), first,
                          first);
    }
}

static void
read_lexicon(struct findings *f, struct judge *judge, struct opinion *o,
             struct trade *trade, struct signs *signs)
{
    size_t count;
    const struct lexicon_hit *hits =
        lexicon_scan(f->arena, judge->lexicon, o->normal, &count);
    struct threat threat;

    if (permit_has(f->permit, FAMILY_CONTENT)) {
        signs_read(f->arena, hits, count, signs);
        if (signs->score >= SIGNS_SAY) {
            double weight = SIGNS_GAIN * signs->score;
            findings_put_said(f, "unwanted_words", FAMILY_CONTENT,
                              weight < SIGNS_MOST ? weight : SIGNS_MOST, signs->words,
                              first_said(o->normal, hits, count, LEXICON_SIGN));
        }
        put_disguised(f, o->normal, hits, count);
    }
    if (!permit_has(f->permit, FAMILY_THREAT)) {
        return;
    }
    size_t region_count = 0;
    const struct region *regions =
        count == 0 ? NULL : regions_read(f->arena, o->normal, &region_count);
    threat_read(o->normal, hits, count, regions, region_count, &threat);
    trade_read(f->arena, hits, count, trade);
    if (threat.kind != THREAT_NONE) {
        o->threat = threat.kind;
        o->threat_severity = threat.severity;
        o->threat_words = threat.words;
        findings_put_said(f, "threat_notice", FAMILY_THREAT,
                          THREAT_WEIGHT + 0.5 * threat.severity, threat.words,
                          threat.words);
    }
    if (trade->kind != LEXICON_ANY) {
        findings_put_said(f, "trade_slang", FAMILY_THREAT,
                          TRADE_WEIGHT + 0.1 * trade->score, trade->words,
                          first_said(o->normal, hits, count, LEXICON_SLANG));
    }
}

/* The category that signs of a kind speak for; CATEGORY_HAM for none. */
static enum category
sign_category(enum lexicon_kind kind)
{
    static const enum category of[] = {CATEGORY_ADVERTISEMENT, CATEGORY_LURE,
                                       CATEGORY_PHISHING,      CATEGORY_EXTORTION,
                                       CATEGORY_MALWARE,       CATEGORY_ADVANCE_FEE};

    return kind < LEXICON_ADVERTISEMENT ? CATEGORY_HAM : of[kind - LEXICON_ADVERTISEMENT];
}

static bool
has_finding(const struct findings *f, const char *name)
{
    for (size_t i = 0; i < f->count; i++) {
        if (strcmp(f->list[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

/* Mail to many that is not unwanted by itself, and replies of mail servers. Reads the header: only with consent. */
static enum category
wanted_category(const struct letter *letter, const struct arrival *arrival)
{
    size_t at = 0;
    const struct part *root = letter->root;

    if (root != NULL && bytes_is(root->type, "multipart") &&
        bytes_is(root->subtype, "report") &&
        (arrival == NULL || arrival->mail_from.size == 0)) {
        return CATEGORY_BOUNCE;
    }
    if (header_find(&letter->header, BYTES("List-Unsubscribe"), &at) != NULL) {
        return CATEGORY_BULK;
    }
    return CATEGORY_HAM;
}

/* Attachments that few but malware have. */
static bool
has_malware_sign(const struct findings *f)
{
    static const char *const names[] = {
        "attachment_program", "attachment_shortcut",         "attachment_disk",
        "attachment_onenote", "attachment_double_extension", "attachment_remote_template"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (has_finding(f, names[i])) {
            return true;
        }
    }
    return false;
}

/* Probabilities that sum to 1: the wanted category has what is not unwanted, the classes share the rest. */
static void
share_out(struct judge *judge, const struct findings *f, struct opinion *o,
          enum category wanted, const struct trade *trade, const struct signs *signs)
{
    double logits[MODEL_CLASSES] = {0}, sum = 0;

    if (o->unwanted >= CLASSES_FROM) {
        model_classes(judge->model, &judge->features, logits);
    }
    for (int i = 0; i < CATEGORY_COUNT; i++) {
        int class = class_of((enum category)i);
        if (class < MODEL_CLASSES) {
            double logit = logits[class];
            logit += i == CATEGORY_THREAT ? (o->threat != THREAT_NONE ? 6 : -3) : 0;
            logit += i == CATEGORY_SLANG ? (trade->kind != LEXICON_ANY ? 5 : -2) : 0;
            logit += i == (int)sign_category(signs->kind) ? SIGNS_GAIN * signs->score : 0;
            logit += i == CATEGORY_MALWARE && has_malware_sign(f) ? 3 : 0;
            logit += i == CATEGORY_PHISHING && has_finding(f, "link_text_mismatch") ? 1 : 0;
            o->categories[i] = exp(logit > 20 ? 20 : logit);
            sum += o->categories[i];
        }
    }
    for (int i = 0; i < CATEGORY_COUNT; i++) {
        o->categories[i] *= o->unwanted / sum;
    }
    o->categories[wanted] = 1 - o->unwanted;
    o->category = wanted;
    double most = o->unwanted >= 0.5 ? 0 : 2;
    for (int i = 0; i < CATEGORY_COUNT; i++) {
        if (i != (int)wanted && o->categories[i] > most) {
            most = o->categories[i];
            o->category = (enum category)i;
        }
    }
}

static void
read_content(struct findings *f, struct judge *judge, const struct letter *letter,
             struct bytes normal, struct opinion *o)
{
    take_letter(judge, letter, normal);
    struct model_scores scores = model_score(judge->model, &judge->features);
    double weight = CLASSIFIER_GAIN * scores.logit;

    o->content_read = true;
    o->content = scores.unwanted;
    findings_put(f,
                 weight > CLASSIFIER_SAYS    ? "classifier_spam"
                 : weight < -CLASSIFIER_SAYS ? "classifier_ham"
                                             : "classifier_unsure",
                 FAMILY_CONTENT, weight, BYTES_NONE);
}

/* Text taken out of attachments, read like the letter's own but told as theirs (FAMILY_ATTACHMENTS). Leaves the features
 * cleared. */
static void
read_enclosed(struct findings *f, struct judge *judge, const struct letter *letter,
              struct opinion *o)
{
    bool content = findings_share(f->permit, FAMILY_CONTENT),
         threat = findings_share(f->permit, FAMILY_THREAT);

    if (letter->enclosures == NULL || letter->enclosures->text.size == 0 ||
        (!content && !threat)) {
        return;
    }
    struct bytes normal =
        normal_form(f->arena, bytes_slice(letter->enclosures->text, 0, LIMIT_NORMAL_BYTES),
                    LIMIT_NORMAL_BYTES);
    size_t count;
    const struct lexicon_hit *hits = lexicon_scan(f->arena, judge->lexicon, normal, &count);
    if (content) {
        struct signs signs = {0};
        signs_read(f->arena, hits, count, &signs);
        double logit = signs.score >= SIGNS_SAY ? SIGNS_GAIN * signs.score : 0;
        if (normal.size >= ENCLOSED_LEAST) {
            take_features(judge, BYTES_NONE, normal);
            logit += model_score(judge->model, &judge->features).logit;
        }
        double weight = ENCLOSED_GAIN * logit;
        if (weight > CLASSIFIER_SAYS) {
            findings_put(f, "attachment_text", FAMILY_ATTACHMENTS,
                         weight < ENCLOSED_MOST ? weight : ENCLOSED_MOST, signs.words);
        }
        features_clear(&judge->features);
    }
    if (threat) {
        struct threat found;
        size_t region_count = 0;
        const struct region *regions =
            count == 0 ? NULL : regions_read(f->arena, normal, &region_count);
        threat_read(normal, hits, count, regions, region_count, &found);
        if (found.kind != THREAT_NONE) {
            o->threat = found.kind;
            o->threat_severity = found.severity;
            o->threat_words = found.words;
            findings_put(f, "attachment_threat", FAMILY_ATTACHMENTS,
                         THREAT_WEIGHT + 0.5 * found.severity, found.words);
        }
    }
}

/* What the weights of each recipient who allows it say; the features are those of the letter. */
static void
read_personal(struct arena *arena, const struct judge *judge, const struct permit *permit,
              const struct arrival *arrival, struct opinion *o)
{
    size_t count = arrival == NULL ? 0
                   : arrival->recipient_count < permit->recipient_count
                       ? arrival->recipient_count
                       : permit->recipient_count;
    struct bytes name;

    if (!personal_any(judge->personal) || count == 0) {
        return;
    }
    o->personal = arena_take_many(arena, count, sizeof *o->personal);
    o->personal_count = count;
    for (size_t i = 0; i < count; i++) {
        bool may = (permit->recipients[i].families & FAMILY_BIT(FAMILY_CONTENT)) != 0;
        size_t slot = may && personal_name(arena, arrival->recipients[i].address,
                                           judge->separator, &name)
                          ? personal_find(judge->personal, name)
                          : PERSONAL_NONE;
        if (slot == PERSONAL_NONE) {
            continue;
        }
        double logit = personal_logit(judge->personal, slot, &judge->features);
        if (logit > PERSONAL_SAYS || logit < -PERSONAL_SAYS) {
            struct finding *finding = ARENA_NEW(arena, struct finding);
            *finding = (struct finding){
                .name = "personal_model", .weight = logit, .family = FAMILY_CONTENT};
            o->personal[i] = finding;
        }
    }
}

const struct opinion *
judge_letter(struct arena *arena, struct judge *judge, const struct permit *permit,
             const struct arrival *arrival, const struct letter *letter,
             const struct origin *origin)
{
    struct opinion *o = ARENA_NEW(arena, struct opinion);
    bool content = permit_has(permit, FAMILY_CONTENT),
         threat = permit_has(permit, FAMILY_THREAT);
    struct trade trade = {0};
    struct signs signs = {0};
    uint32_t source = FAMILY_BIT(FAMILY_SOURCE) | FAMILY_BIT(FAMILY_LABEL);
    struct findings f;

    findings_init(&f, arena, permit);
    findings_of_origin(&f, arrival, origin);
    findings_of_letter(&f, letter);
    features_clear(&judge->features);
    read_enclosed(&f, judge, letter, o);
    if (content || threat) {
        o->text_read = threat ? LIMIT_NORMAL_BYTES : CLASSIFIER_TEXT_BYTES;
        o->normal = normal_of(arena, letter, o->text_read);
    }
    if (content) {
        read_content(&f, judge, letter, o->normal, o);
        read_personal(arena, judge, permit, arrival, o);
    }
    if (content || threat) {
        read_lexicon(&f, judge, o, &trade, &signs);
    }
    o->unwanted = squash((content ? PRIOR_READ : PRIOR) + findings_sum(&f, FAMILY_ALL));
    o->unwanted_source = squash(PRIOR + findings_sum(&f, source));
    share_out(judge, &f, o, content ? wanted_category(letter, arrival) : CATEGORY_HAM,
              &trade, &signs);
    findings_finish(&f);
    o->findings = f.list;
    o->finding_count = f.count;
    o->findings_dropped = f.dropped;
    return o;
}

const char *
category_name(enum category category)
{
    static const char *const names[CATEGORY_COUNT] = {
        "ham",     "bulk",   "advertisement", "lure",        "phishing", "extortion",
        "malware", "threat", "slang",         "advance_fee", "bounce",
    };

    return names[category];
}

const char *
threat_kind_name(enum threat_kind kind)
{
    static const char *const names[] = {"none",  "murder", "attack", "bomb",
                                        "arson", "poison", "suicide"};

    return names[kind];
}

static void
write_findings(const struct opinion *o, struct json *j)
{
    json_key(j, "findings");
    json_open(j, '[');
    for (size_t i = 0; i < o->finding_count; i++) {
        const struct finding *finding = &o->findings[i];
        json_open(j, '{');
        json_put_text(j, "name", finding->name);
        json_put_real(j, "weight", finding->weight, 3);
        json_put_text(j, "family", permit_family_name(finding->family));
        if (finding->detail.size > 0) {
            json_put_string(j, "detail", finding->detail);
        }
        if (finding->to > finding->from) {
            json_put_number(j, "from", (int64_t)finding->from);
            json_put_number(j, "to", (int64_t)finding->to);
        }
        json_close(j);
    }
    json_close(j);
}

void
opinion_write_json(const struct opinion *o, struct json *j)
{
    json_open(j, '{');
    json_put_text(j, "category", category_name(o->category));
    json_put_real(j, "probability", o->categories[o->category], 4);
    json_put_real(j, "unwanted", o->unwanted, 4);
    json_put_real(j, "unwanted_source", o->unwanted_source, 4);
    if (o->content_read) {
        json_put_real(j, "content", o->content, 4);
    }
    json_key(j, "categories");
    json_open(j, '{');
    for (int i = 0; i < CATEGORY_COUNT; i++) {
        json_put_real(j, category_name((enum category)i), o->categories[i], 4);
    }
    json_close(j);
    if (o->threat != THREAT_NONE) {
        json_key(j, "threat");
        json_open(j, '{');
        json_put_text(j, "kind", threat_kind_name(o->threat));
        json_put_number(j, "severity", o->threat_severity);
        json_put_string(j, "words", o->threat_words);
        json_close(j);
    }
    write_findings(o, j);
    json_close(j);
}
