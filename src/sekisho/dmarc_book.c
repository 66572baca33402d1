#define SK_BASE
#include "sekisho/dmarc_book.h"

#include <jansson.h>

#include "base/hash.h"
#include "base/limits.h"

#define MEMORY_MAX ((size_t)256 << 20)
#define DAY_S      86400
#define WEEK_MS    ((int64_t)7 * 86400000)
#define YEAR_MS    ((int64_t)365 * 86400000)

int64_t
dmarc_bounce_ms(uint64_t bounces)
{
    int64_t ms = WEEK_MS;

    while (bounces-- > 1 && ms < YEAR_MS) {
        ms *= 2;
    }
    return ms < YEAR_MS ? ms : YEAR_MS;
}

bool
dmarc_book_word(struct bytes text, size_t most)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.at[i] <= ' ' || text.at[i] >= 0x7f) {
            return false;
        }
    }
    return text.size > 0 && text.size <= most;
}

static uint64_t
known_hash(struct bytes report, int64_t part)
{
    return hash_quick(report, UINT64_C(0x646d617263) + (uint64_t)part);
}

bool
dmarc_book_knows(const struct dmarc_book *book, struct bytes report, int64_t part)
{
    uint64_t hash = known_hash(report, part);

    for (size_t i = book->known_count; i-- > 0;) {
        if (book->known[i] == hash) {
            return true;
        }
    }
    return false;
}

const struct dmarc_suppressed *
dmarc_book_suppressed(const struct dmarc_book *book, struct bytes name)
{
    for (size_t i = 0; i < book->suppressed_count; i++) {
        if (bytes_equal_fold(book->suppressed[i].name, name)) {
            return &book->suppressed[i];
        }
    }
    return NULL;
}

const struct dmarc_sent *
dmarc_book_sent(const struct dmarc_book *book, struct bytes token)
{
    for (size_t i = book->sent_count; i-- > 0;) {
        if (bytes_equal(book->sent[i].token, token)) {
            return &book->sent[i];
        }
    }
    return NULL;
}

static void
begin(struct dmarc_book *book)
{
    arena_init(&book->memory, MEMORY_MAX);
    table_init(&book->counted, &book->memory, false);
    book->counts = NULL;
    book->suppressed = NULL;
    book->known = ARENA_NEW_MANY(&book->memory, LIMIT_DMARC_KNOWN, uint64_t);
    book->sent = ARENA_NEW_MANY(&book->memory, LIMIT_DMARC_SENT, struct dmarc_sent);
    book->count_count = book->count_room = book->known_count = 0;
    book->suppressed_count = book->suppressed_room = book->sent_count = 0;
}

static struct dmarc_count *
put_count(struct dmarc_book *book, struct bytes key)
{
    struct dmarc_count *count = ARENA_NEW(&book->memory, struct dmarc_count);
    struct bytes rest, day;
    uint64_t number = 0;

    count->key = bytes_copy(&book->memory, key);
    rest = count->key;
    (void)bytes_split(&rest, ' ', &day);
    (void)bytes_to_number(day, INT32_MAX, &number);
    count->day = (int64_t)number;
    (void)bytes_split(&rest, ' ', &count->domain);
    (void)bytes_split(&rest, ' ', &count->source);
    if (book->count_count == book->count_room) {
        size_t room = book->count_room == 0 ? 64 : 2 * book->count_room;
        book->counts =
            arena_grow(&book->memory, book->counts, book->count_room * sizeof *book->counts,
                       room * sizeof *book->counts);
        book->count_room = room;
    }
    book->counts[book->count_count++] = count;
    (void)table_put(&book->counted, count->key, count);
    return count;
}

static void
put_sent(struct dmarc_book *book, const struct dmarc_sent *sent)
{
    book->sent[book->sent_count++] = (struct dmarc_sent){
        .token = bytes_copy(&book->memory, sent->token),
        .to = bytes_copy(&book->memory, sent->to),
        .domain = bytes_copy(&book->memory, sent->domain),
        .begin = sent->begin,
        .end = sent->end,
        .time_ms = sent->time_ms,
        .failure = sent->failure,
    };
}

static struct dmarc_suppressed *
put_suppressed(struct dmarc_book *book, struct bytes name)
{
    if (book->suppressed_count == book->suppressed_room) {
        size_t room = book->suppressed_room == 0 ? 16 : 2 * book->suppressed_room;
        book->suppressed = arena_grow(&book->memory, book->suppressed,
                                      book->suppressed_room * sizeof *book->suppressed,
                                      room * sizeof *book->suppressed);
        book->suppressed_room = room;
    }
    struct dmarc_suppressed *one = &book->suppressed[book->suppressed_count++];
    *one = (struct dmarc_suppressed){.name = bytes_copy(&book->memory, name)};
    return one;
}

/* Copies all that is to stay into fresh memory: so memory that was let go does not add up. */
static void
renew(struct dmarc_book *book, int64_t from_day, size_t known_from, size_t sent_from)
{
    struct dmarc_book before = *book;

    begin(book);
    for (size_t i = 0; i < before.count_count; i++) {
        if (before.counts[i]->day >= from_day) {
            memcpy(put_count(book, before.counts[i]->key)->tally, before.counts[i]->tally,
                   sizeof before.counts[i]->tally);
        }
    }
    for (size_t i = known_from; i < before.known_count; i++) {
        book->known[book->known_count++] = before.known[i];
    }
    for (size_t i = 0; i < before.suppressed_count; i++) {
        struct dmarc_suppressed *one = put_suppressed(book, before.suppressed[i].name);
        struct bytes name = one->name;
        *one = before.suppressed[i];
        one->name = name;
    }
    for (size_t i = sent_from; i < before.sent_count; i++) {
        put_sent(book, &before.sent[i]);
    }
    arena_release(&before.memory);
}

static struct bytes
text_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);

    return json_is_string(value)
               ? bytes_of(json_string_value(value), json_string_length(value))
               : BYTES_NONE;
}

static int64_t
number_of(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

/* The oldest day makes room for a new row; a row of that day itself is not counted then. */
static struct dmarc_count *
count_for(struct dmarc_book *book, struct bytes key, int64_t day)
{
    struct dmarc_count *count = table_get(&book->counted, key);

    if (count != NULL) {
        return count;
    }
    if (book->count_count == LIMIT_DMARC_COUNTS) {
        int64_t oldest = INT64_MAX;
        for (size_t i = 0; i < book->count_count; i++) {
            oldest = book->counts[i]->day < oldest ? book->counts[i]->day : oldest;
        }
        if (day <= oldest) {
            return NULL;
        }
        renew(book, oldest + 1, 0, 0);
    }
    return put_count(book, key);
}

static void
take_row(struct dmarc_book *book, struct bytes domain, int64_t day, const json_t *row)
{
    const char *source = json_string_value(json_array_get(row, 0));
    const char *aligned = json_string_value(json_array_get(row, 3));
    const char *disposition = json_string_value(json_array_get(row, 4));
    json_int_t messages = json_integer_value(json_array_get(row, 2));
    struct arena arena;
    struct writer key;

    if (source == NULL || aligned == NULL || disposition == NULL || messages < 0 ||
        !dmarc_book_word(bytes_from_text(source), 45)) {
        return;
    }
    arena_init(&arena, ARENA_BLOCK_SIZE);
    writer_init(&key, &arena);
    writer_format(&key, "%lld ", (long long)day);
    writer_bytes(&key, domain);
    writer_byte(&key, ' ');
    writer_text(&key, source);
    struct dmarc_count *count = count_for(book, writer_view(&key), day);
    arena_release(&arena);
    if (count == NULL) {
        book->left_out += (uint64_t)messages;
        return;
    }
    bool dkim = strchr(aligned, 'd') != NULL, spf = strchr(aligned, 's') != NULL;
    const bool counts[TALLY_COUNT] = {
        [TALLY_MESSAGES] = true,
        [TALLY_DKIM] = dkim,
        [TALLY_SPF] = spf,
        [TALLY_PASSED] = dkim || spf,
        [TALLY_QUARANTINED] = disposition[0] == 'q',
        [TALLY_REJECTED] = disposition[0] == 'r',
    };
    for (size_t i = 0; i < TALLY_COUNT; i++) {
        count->tally[i] += counts[i] ? (uint64_t)messages : 0;
    }
}

static void
take_received(struct dmarc_book *book, const json_t *entry)
{
    struct bytes domain = text_of(entry, "domain"), report = text_of(entry, "report");
    int64_t part = number_of(entry, "part"), day = number_of(entry, "begin") / DAY_S;
    size_t i;
    json_t *row;

    if (!dmarc_book_word(domain, LIMIT_DOMAIN) || day < 0 || day > INT32_MAX ||
        dmarc_book_knows(book, report, part)) {
        return;
    }
    if (book->known_count == LIMIT_DMARC_KNOWN) {
        renew(book, 0, LIMIT_DMARC_KNOWN / 4, 0);
    }
    book->known[book->known_count++] = known_hash(report, part);
    json_array_foreach(json_object_get(entry, "rows"), i, row)
    {
        take_row(book, domain, day, row);
    }
}

static void
take_suppress(struct dmarc_book *book, const json_t *entry)
{
    struct bytes name = text_of(entry, "name");
    struct dmarc_suppressed *one = NULL;

    for (size_t i = 0; i < book->suppressed_count; i++) {
        if (bytes_equal_fold(book->suppressed[i].name, name)) {
            one = &book->suppressed[i];
        }
    }
    if (!json_is_true(json_object_get(entry, "add"))) {
        if (one != NULL) {
            *one = book->suppressed[--book->suppressed_count];
        }
        return;
    }
    if (!dmarc_book_word(name, LIMIT_ADDRESS) ||
        (one == NULL && book->suppressed_count == LIMIT_DMARC_SUPPRESSED)) {
        return;
    }
    bool for_good = one != NULL && one->until_ms == 0;
    one = one != NULL ? one : put_suppressed(book, name);
    one->since_ms = one->since_ms != 0 ? one->since_ms : number_of(entry, "time");
    one->until_ms = for_good ? 0 : number_of(entry, "until");
    one->bounces += bytes_is(text_of(entry, "cause"), "bounce");
}

static void
take_sent(struct dmarc_book *book, const json_t *entry, bool failure)
{
    const struct dmarc_sent sent = {
        .token = text_of(entry, "token"),
        .to = text_of(entry, "to"),
        .domain = text_of(entry, "domain"),
        .begin = number_of(entry, "begin"),
        .end = number_of(entry, "end"),
        .time_ms = number_of(entry, "time"),
        .failure = failure,
    };

    if (!dmarc_book_word(sent.token, 64) || !dmarc_book_word(sent.to, LIMIT_ADDRESS) ||
        !dmarc_book_word(sent.domain, LIMIT_DOMAIN) ||
        dmarc_book_sent(book, sent.token) != NULL) {
        return;
    }
    if (book->sent_count == LIMIT_DMARC_SENT) {
        renew(book, 0, 0, LIMIT_DMARC_SENT / 4);
    }
    put_sent(book, &sent);
}

static void
book_entry(void *context, uint64_t index, struct bytes record)
{
    struct dmarc_book *book = context;
    json_t *entry =
        json_loadb((const char *)record.at, record.size, JSON_DISABLE_EOF_CHECK, NULL);
    struct bytes kind = text_of(entry, "kind");

    (void)index;
    if (bytes_is(kind, "dmarc.received")) {
        take_received(book, entry);
    } else if (bytes_is(kind, "dmarc.suppress")) {
        take_suppress(book, entry);
    } else if (bytes_is(kind, "dmarc.report") || bytes_is(kind, "dmarc.failure")) {
        take_sent(book, entry, bytes_is(kind, "dmarc.failure"));
    } else if (bytes_is(kind, "dmarc.period")) {
        int64_t end = number_of(entry, "end");
        book->period_end = end > book->period_end ? end : book->period_end;
    }
    json_decref(entry);
}

/* A line each: its first letter says what it is, blanks separate. */
static void
book_save(void *context, struct writer *w)
{
    const struct dmarc_book *book = context;

    writer_format(w, "p %lld %llu\n", (long long)book->period_end,
                  (unsigned long long)book->left_out);
    for (size_t i = 0; i < book->count_count; i++) {
        writer_text(w, "c ");
        writer_bytes(w, book->counts[i]->key);
        for (size_t k = 0; k < TALLY_COUNT; k++) {
            writer_format(w, " %llu", (unsigned long long)book->counts[i]->tally[k]);
        }
        writer_byte(w, '\n');
    }
    for (size_t i = 0; i < book->known_count; i++) {
        writer_format(w, "k %llu\n", (unsigned long long)book->known[i]);
    }
    for (size_t i = 0; i < book->suppressed_count; i++) {
        const struct dmarc_suppressed *one = &book->suppressed[i];
        writer_text(w, "n ");
        writer_bytes(w, one->name);
        writer_format(w, " %lld %lld %llu\n", (long long)one->since_ms,
                      (long long)one->until_ms, (unsigned long long)one->bounces);
    }
    for (size_t i = 0; i < book->sent_count; i++) {
        const struct dmarc_sent *sent = &book->sent[i];
        writer_text(w, sent->failure ? "f " : "s ");
        writer_bytes(w, sent->token);
        writer_byte(w, ' ');
        writer_bytes(w, sent->to);
        writer_byte(w, ' ');
        writer_bytes(w, sent->domain);
        writer_format(w, " %lld %lld %lld\n", (long long)sent->begin, (long long)sent->end,
                      (long long)sent->time_ms);
    }
}

static bool
take_number(struct bytes *rest, uint64_t *number_r)
{
    struct bytes piece;

    return bytes_split(rest, ' ', &piece) && bytes_to_number(piece, UINT64_MAX, number_r);
}

static bool
load_count(struct dmarc_book *book, struct bytes rest)
{
    struct bytes from = rest, piece;
    uint64_t tally[TALLY_COUNT];
    bool is = book->count_count < LIMIT_DMARC_COUNTS;

    for (int i = 0; i < 3; i++) {
        is = is && bytes_split(&rest, ' ', &piece);
    }
    if (!is || rest.at == NULL) {
        return false;
    }
    struct bytes key = bytes_of(from.at, (size_t)(rest.at - from.at) - 1);
    for (size_t k = 0; k < TALLY_COUNT; k++) {
        is = is && take_number(&rest, &tally[k]);
    }
    if (is) {
        memcpy(put_count(book, key)->tally, tally, sizeof tally);
    }
    return is;
}

static bool
load_line(struct dmarc_book *book, uint8_t what, struct bytes rest)
{
    uint64_t a, b, c;
    struct bytes name;
    struct dmarc_sent sent = {.failure = what == 'f'};

    if (what == 'c') {
        return load_count(book, rest);
    }
    if (what == 'p') {
        bool is = take_number(&rest, &a) && take_number(&rest, &b);
        book->period_end = is ? (int64_t)a : 0;
        book->left_out = is ? b : 0;
        return is;
    }
    if (what == 'k') {
        bool is = book->known_count < LIMIT_DMARC_KNOWN && take_number(&rest, &a);
        if (is) {
            book->known[book->known_count++] = a;
        }
        return is;
    }
    if (what == 'n') {
        bool is = book->suppressed_count < LIMIT_DMARC_SUPPRESSED &&
                  bytes_split(&rest, ' ', &name) && take_number(&rest, &a) &&
                  take_number(&rest, &b) && take_number(&rest, &c);
        if (is) {
            struct dmarc_suppressed *one = put_suppressed(book, name);
            one->since_ms = (int64_t)a;
            one->until_ms = (int64_t)b;
            one->bounces = c;
        }
        return is;
    }
    bool is = (what == 's' || what == 'f') && book->sent_count < LIMIT_DMARC_SENT &&
              bytes_split(&rest, ' ', &sent.token) && bytes_split(&rest, ' ', &sent.to) &&
              bytes_split(&rest, ' ', &sent.domain) && take_number(&rest, &a) &&
              take_number(&rest, &b) && take_number(&rest, &c);
    if (is) {
        sent.begin = (int64_t)a;
        sent.end = (int64_t)b;
        sent.time_ms = (int64_t)c;
        put_sent(book, &sent);
    }
    return is;
}

static enum sk_code
book_load(void *context, struct bytes text, struct why *why)
{
    struct dmarc_book *book = context;
    struct bytes line;

    arena_release(&book->memory);
    begin(book);
    book->period_end = 0;
    book->left_out = 0;
    while (bytes_line(&text, &line)) {
        if (line.size < 3 || line.at[1] != ' ' ||
            !load_line(book, line.at[0], bytes_from(line, 2))) {
            return why_set(why, SK_BAD, "a line of the book of DMARC reports is broken");
        }
    }
    return SK_OK;
}

static void
book_release(void *it)
{
    struct dmarc_book *book = it;

    arena_release(&book->memory);
}

struct dmarc_book *
dmarc_book_new(struct arena *arena)
{
    struct dmarc_book *book = ARENA_NEW(arena, struct dmarc_book);

    book->book = (struct book){.name = "dmarc",
                               .kind = "dmarc",
                               .load = book_load,
                               .entry = book_entry,
                               .save = book_save,
                               .context = book};
    begin(book);
    arena_defer(arena, book_release, book);
    return book;
}
