/* The first byte chooses, the rest is a signature's tag list up to a NUL and then a message: the list is read, the message
 * is canonicalised in every form, and the whole is checked against a key that answers at once. */
#include "trace/dkim.h"
#include "trace/dkim_signature.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char record[] =
    "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";

static void
canonicalise(struct bytes text, uint64_t most)
{
    uint8_t digest[CANONICAL_DIGEST_MAX];

    for (enum canonical_form form = CANONICAL_SIMPLE; form <= CANONICAL_NOFWS; form++) {
        struct canonical c;
        canonical_begin(&c, CANONICAL_SHA256, most, NULL);
        canonical_body(&c, form, text);
        uint64_t body = c.size;
        canonical_field(&c, form, text);
        SK_ASSERT(body <= 2 * text.size + 2 && c.size >= body + 2);
        SK_ASSERT(canonical_end(&c, digest) == CANONICAL_DIGEST_MAX);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes input = bytes_of(data, size);
    size_t end = bytes_find_byte(input, 0, 1);
    struct arena arena;
    struct dns_memo memo;
    struct dkim_work *work = NULL;
    struct dkim_result *results = NULL;
    size_t count = 0;
    enum sk_code code;

    if (size == 0) {
        return 0;
    }
    arena_init(&arena, 64u << 20);
    struct bytes list = bytes_slice(input, 1, end == BYTES_NOWHERE ? size : end);
    struct bytes text = bytes_from(input, end == BYTES_NOWHERE ? size : end + 1);
    canonicalise(text, data[0] < 128 ? data[0] : CANONICAL_ALL);

    struct writer w;
    writer_init(&w, &arena);
    writer_text(&w, "DKIM-Signature:");
    writer_bytes(&w, list);
    writer_text(&w, "\r\n");
    struct field fields[2] = {{.whole = writer_view(&w)}, {.whole = text}};
    struct letter letter = {.header = {.fields = fields, .field_count = 2}, .body = text};
    struct dns_record key = {.data = bytes_from_text(record)};

    dns_memo_init(&memo, &arena);
    while ((code = dkim_check(&arena, &letter, &memo, 1700000000, data[0] & 1, &work,
                              &results, &count)) == SK_MORE) {
        struct dns_answer answer = *memo.wanted;
        answer.status = DNS_FOUND;
        answer.known = true;
        answer.records = &key;
        answer.record_count = 1;
        answer.next_wanted = NULL;
        dns_memo_put(&memo, &answer);
    }
    SK_ASSERT(code == SK_OK && count >= 1 && results[0].result != AUTH_NONE);
    arena_release(&arena);
    return 0;
}
