/* `sekisho ledger rotate` and `era`: another key, and another beginning. */
#define SK_BASE
#include "sekisho/ledger_command.h"

#include <jansson.h>
#include <pwd.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "record/keys.h"
#include "record/ledger.h"
#include "sekisho/ask.h"

static bool
reason_of(const struct ledger_call *call, const char **reason_r)
{
    *reason_r = options_value(call->options, "reason");
    if (*reason_r == NULL) {
        fprintf(stderr, call->japanese ? "sekisho: --reason 理由 を付けてください\n"
                                       : "sekisho: --reason TEXT is wanted\n");
    }
    return *reason_r != NULL;
}

int
ledger_rotate_command(const struct ledger_call *call)
{
    struct bytes reply;
    struct writer w;
    struct json j;
    struct why why;
    const char *reason;

    if (!reason_of(call, &reason)) {
        return EXIT_USAGE;
    }
    writer_init(&w, call->arena);
    json_init(&j, &w);
    json_open(&j, '{');
    json_put_text(&j, "do", "ledger.rotate");
    json_put_text(&j, "reason", reason);
    json_close(&j);
    enum sk_code code =
        ask_keeper(call->arena, call->config, writer_view(&w), &reply, &why);
    if (code != SK_OK) {
        fprintf(stderr, "sekisho: %s\n", why.sentence);
        return code == SK_LATER ? EXIT_UNAVAILABLE : EXIT_FOUND;
    }
    json_t *said = json_loadb((const char *)reply.at, reply.size, 0, NULL);
    const char *vkey = json_string_value(json_object_get(said, "vkey"));
    const char *old = json_string_value(json_object_get(said, "old"));
    printf(
        call->japanese
            ? "鍵を替えました（台帳の記録 %lld）。\n前の鍵: %s\n今の鍵: %s\n"
              "前の秘密鍵は上書きして消しました。今の検証鍵を別の場所に控えてください。\n"
            : "The key was changed (entry %lld of the ledger).\nbefore: %s\nnow:    %s\n"
              "The private key of before was overwritten and removed. Note the verifier "
              "key "
              "of now down elsewhere.\n",
        (long long)json_integer_value(json_object_get(said, "entry")),
        old != NULL ? old : "?", vkey != NULL ? vkey : "?");
    json_decref(said);
    return EXIT_OK;
}

int
ledger_era_command(const struct ledger_call *call)
{
    struct passwd *entry = getpwuid(getuid());
    struct ledger_era era;
    struct why why;
    struct writer by;
    const char *reason;

    if (!reason_of(call, &reason)) {
        return EXIT_USAGE;
    }
    writer_init(&by, call->arena);
    writer_format(&by, "%s (uid %u)", entry != NULL ? entry->pw_name : "?",
                  (unsigned)getuid());
    const struct ledger_change change = {writer_view(&by), BYTES("command"),
                                         bytes_from_text(reason), clock_now_ms()};
    enum sk_code code =
        ledger_begin_era(call->arena, call->folder, keys_folder(call->arena, call->config),
                         &change, &era, &why);
    if (code != SK_OK) {
        fprintf(stderr, "sekisho: %s\n", why.sentence);
        return code == SK_SYSTEM ? EXIT_SYSTEM : EXIT_CONFIG;
    }
    writer_clear(&by);
    writer_clean(&by, era.name, 300);
    printf(call->japanese
               ? "新しい台帳の名: %s\n前の鍵が署名していた記録 %llu 件、手元にあった "
                 "記録 %llu 件。このことは台帳に記録しました。\n"
               : "The ledger's new name: %s\nThe key of before had signed %llu "
                 "entries, %llu were there. The ledger says so.\n",
           writer_c(&by), (unsigned long long)era.signed_size,
           (unsigned long long)era.found_size);
    return EXIT_OK;
}
