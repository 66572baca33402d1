/* Requests about the operator's words: that a person took one in, and why. The file is his; the ledger keeps the act. */
#include "base/limits.h"
#include "judge/lexicon.h"
#include "sekisho/requests.h"

request_handler request_lexicon_accept;

/* {"word","word_kind","weight","example","reason","file","sha256"} */
enum sk_code
request_lexicon_accept(struct keeping *keeping, const struct request *request,
                       struct json *reply, struct why *why)
{
    struct bytes word = bytes_trim(request_text(request, "word")),
                 kind_name = request_text(request, "word_kind"),
                 reason = bytes_trim(request_text(request, "reason")),
                 example = request_text(request, "example");
    enum lexicon_kind kind;
    struct writer w;
    struct json j;

    if (word.size == 0 || word.size > LIMIT_WORDS_TERM || example.size == 0 ||
        example.size > LIMIT_WORDS_EXAMPLE || !lexicon_kind_read(kind_name, &kind)) {
        return why_set(why, SK_BAD, "a word, its kind and an example are wanted");
    }
    if (reason.size == 0 || reason.size > LIMIT_RECORD_FIELD) {
        return why_set(why, SK_BAD, "a reason of 1 to %d bytes is wanted",
                       LIMIT_RECORD_FIELD);
    }
    request_record(request, &j, &w, "lexicon.accept");
    json_put_string(&j, "word", word);
    json_put_text(&j, "word_kind", lexicon_kind_name(kind));
    json_put_number(&j, "weight", request_number(request, "weight", 0));
    json_put_string(&j, "reason", reason);
    json_put_string(&j, "file", request_text(request, "file"));
    json_put_string(&j, "sha256", request_text(request, "sha256"));
    json_close(&j);
    enum sk_code code = vault_keep(keeping->vault, writer_view(&w), BYTES_NONE, why);
    code = code == SK_OK ? keeping_commit(keeping, why) : code;
    json_put_bool(reply, "kept", code == SK_OK);
    return code;
}
