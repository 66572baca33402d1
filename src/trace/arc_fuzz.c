/* The input is a message: its chain is read and verified against a key that answers at once, its sealers are heard as if they
 * were trusted and their chain good, and a set is put on top of it, which must be read as the next one. */
#include "base/limits.h"
#include "parse/letter.h"
#include "trace/arc.h"
#include "trace/arc_chain.h"
#include "trace/arc_seal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char record[] =
    "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";

static bool
sign(void *context, const uint8_t digest[32], uint8_t *signature_r, size_t *size_r)
{
    memcpy(signature_r, digest, 32);
    *size_r = 32;
    return true;
}

static void
check(struct arena *arena, const struct letter *letter, struct arc_result *arc)
{
    struct dns_record key = {.data = bytes_from_text(record)};
    struct dkim_verifier *verifier = dkim_verifier_new(arena, letter, false);
    struct dns_memo memo;

    dns_memo_init(&memo, arena);
    struct arc_work *work = arc_begin(arena, letter, &memo, 1700000000, false);
    SK_ASSERT(memo.questions_max <= LIMIT_DNS_QUESTIONS + 2 * LIMIT_ARC_SETS);
    while (arc_check(work, verifier, arc) == SK_MORE) {
        struct dns_answer answer = *memo.wanted;
        answer.status = DNS_FOUND;
        answer.known = true;
        answer.records = &key;
        answer.record_count = 1;
        answer.next_wanted = NULL;
        dns_memo_put(&memo, &answer);
    }
    SK_ASSERT(arc->set_count <= arc->instance && arc->instance <= LIMIT_ARC_SETS);
    SK_ASSERT(arc->result != AUTH_FAIL || arc->reason.size > 0);
}

static void
hear(struct arena *arena, const struct letter *letter, const struct arc_result *arc)
{
    struct trace_settings settings = {.arc_trusted_count = arc->set_count};
    struct bytes *trusted = ARENA_NEW_MANY(arena, arc->set_count, struct bytes);
    struct origin origin = {.arc = *arc,
                            .dmarc = {.result = AUTH_FAIL,
                                      .from_domain = BYTES("author.example"),
                                      .organizational_domain = BYTES("author.example")}};

    for (size_t i = 0; i < arc->set_count; i++) {
        trusted[i] = arc->sets[i].seal.domain;
        if (trusted[i].size == 0) {
            return; /* a chain that passes has seals */
        }
    }
    settings.arc_trusted = trusted;
    origin.arc.result = arc->set_count > 0 ? AUTH_PASS : AUTH_NONE;
    arc_speak(arena, &settings, letter, 1, &origin);
    SK_ASSERT(origin.arc.speaker.size == 0 || origin.dmarc.override.size > 0);
}

static void
seal(struct arena *arena, struct bytes raw, const struct letter *letter)
{
    const struct arc_chain *before = arc_chain_read(arena, &letter->header, 0, false);
    struct arc_order order = {.domain = BYTES("list.example"),
                              .selector = BYTES("s"),
                              .authserv_id = BYTES("mx.example"),
                              .time = 1700000000,
                              .ed25519 = true,
                              .sign = sign};
    struct arc_sealed sealed;
    struct writer w;

    order.standard_form = raw.size % 2 == 0;
    order.names = arc_seal_names(arena, &letter->header, &order.name_count);
    if (!arc_gather_results(arena, &letter->header, order.authserv_id, order.standard_form,
                            &order.results, &order.cv)) {
        order.cv = before == NULL ? AUTH_NONE : AUTH_FAIL;
        order.results = BYTES("none");
    }
    if (arc_seal(arena, letter, &order, &sealed, NULL) != SK_OK) {
        return;
    }
    writer_init(&w, arena);
    writer_text(&w, "ARC-Seal: ");
    writer_bytes(&w, sealed.seal);
    writer_text(&w, "\r\nARC-Message-Signature: ");
    writer_bytes(&w, sealed.message_signature);
    writer_text(&w, "\r\nARC-Authentication-Results: ");
    writer_bytes(&w, sealed.results);
    writer_text(&w, "\r\nX: y\r\n");
    writer_bytes(&w, raw);
    const struct letter *after = letter_read_header(arena, writer_view(&w));
    const struct arc_chain *chain = arc_chain_read(arena, &after->header, 0, false);
    SK_ASSERT(chain != NULL && chain->highest == sealed.instance);
    const struct arc_link *link = &chain->links[chain->highest - 1];
    SK_ASSERT(link->cv == order.cv && link->results_field.size > 0 &&
              link->message_signature.result.result == AUTH_NONE &&
              link->seal.result.result == AUTH_NONE);
    SK_ASSERT(chain->broken == NULL ||
              (before != NULL && (before->broken != NULL || order.cv == AUTH_FAIL)));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes raw = bytes_of(data, size);
    struct arc_result arc;
    struct arena arena;

    arena_init(&arena, 256u << 20);
    const struct letter *letter = letter_read_header(&arena, raw);
    check(&arena, letter, &arc);
    hear(&arena, letter, &arc);
    if (letter->header.field_count < LIMIT_HEADER_FIELDS - 4) {
        seal(&arena, raw, letter);
    }
    arena_release(&arena);
    return 0;
}
