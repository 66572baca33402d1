/* An Authentication-Results field: read, looked at for forgery, and every piece of it thrown into fields of ours: one must
 * then be readable and have as many results as we wrote, and Received-SPF hold nothing but visible ASCII. */
#include "trace/authres.h"
#include "trace/spf_received.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes input = bytes_of(data, size);
    struct authres a;
    struct arena arena;
    struct bytes *forged;
    size_t forged_count;

    arena_init(&arena, 256u << 20);
    enum sk_code code = authres_read(&arena, input, &a);
    SK_ASSERT(code == SK_OK || code == SK_BAD);

    struct field field = {.whole = input};
    struct letter letter = {.header = {.fields = &field, .field_count = 1}};
    authres_forged(&arena, &letter, BYTES("mx.example.jp"), &forged, &forged_count);

    struct dkim_result dkim = {.result = AUTH_FAIL,
                               .domain = input,
                               .identity = input,
                               .selector = input,
                               .b = input,
                               .reason = input};
    struct origin origin = {.dkim = &dkim, .dkim_count = 1};
    struct arrival arrival = {.mail_from = input, .helo = input, .smtputf8 = size % 2};
    struct trace_settings settings = {.authserv_id = BYTES("mx.example.jp")};
    origin.spf.domain = origin.dmarc.from_domain = input;
    struct bytes ours = authres_write(&arena, &settings, &arrival, &origin);
    SK_ASSERT(authres_read(&arena, ours, &a) == SK_OK && a.result_count == 5);
    SK_ASSERT(bytes_is(a.authserv_id, "mx.example.jp"));

    origin.spf.mechanism = origin.spf.reason = input;
    struct bytes received = spf_received_write(&arena, &settings, &arrival, &origin);
    for (size_t i = 0; i < received.size; i++) {
        bool folds =
            received.at[i] == '\r' || received.at[i] == '\n' || received.at[i] == '\t';
        SK_ASSERT(folds || (received.at[i] >= ' ' && received.at[i] <= '~'));
    }
    arena_release(&arena);
    return 0;
}
