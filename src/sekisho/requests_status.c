/* How the checkpoint stands, as the keeper knows it. */
#define SK_BASE
#include "sekisho/requests.h"

#include <unistd.h>

#include "sekisho/metrics.h"
#include "sekisho/version.h"

request_handler request_status, request_metrics;

enum sk_code
request_status(struct keeping *keeping, const struct request *request, struct json *reply,
               struct why *why)
{
    const char *trouble = vault_trouble(keeping->vault);

    json_put_text(reply, "version", SEKISHO_VERSION);
    json_put_number(reply, "keeper", getpid());
    json_put_number(reply, "supervisor", getppid());
    json_put_number(reply, "since", keeping->figures.began_ms);
    if (trouble != NULL) {
        json_put_text(reply, "trouble", trouble);
    }
    json_key(reply, "retention");
    json_open(reply, '{');
    keeping_write_retention(keeping, request->now_ms, reply);
    json_close(reply);
    json_key(reply, "figures");
    json_open(reply, '{');
    metrics_write_json(reply, keeping);
    json_close(reply);
    return SK_OK;
}

enum sk_code
request_metrics(struct keeping *keeping, const struct request *request, struct json *reply,
                struct why *why)
{
    struct writer w;

    writer_init(&w, request->arena);
    metrics_write(&w, keeping);
    json_put_string(reply, "text", writer_view(&w));
    return SK_OK;
}
