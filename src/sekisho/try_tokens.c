/* `sekisho try html` with tokens: what the tokenizer found, in the form of html5lib's tests. */
#include "sekisho/try_tokens.h"

#include "parse/html_tokens.h"

static struct bytes
text_of(const json_t *value)
{
    return json_is_string(value)
               ? bytes_of(json_string_value(value), json_string_length(value))
               : BYTES_NONE;
}

static bool
state_of(struct bytes name, enum html_state *state_r)
{
    static const struct {
        const char *name;
        enum html_state state;
    } states[] = {
        {"Data state", HTML_DATA},           {"RCDATA state", HTML_RCDATA},
        {"RAWTEXT state", HTML_RAWTEXT},     {"Script data state", HTML_SCRIPT},
        {"PLAINTEXT state", HTML_PLAINTEXT}, {"CDATA section state", HTML_CDATA},
    };

    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        if (bytes_is(name, states[i].name)) {
            *state_r = states[i].state;
            return true;
        }
    }
    return false;
}

/* Of attributes with one name the first counts. */
static bool
is_repeated(struct arena *arena, const struct html_token *token, size_t index)
{
    struct bytes name = html_decode(arena, token->attributes[index].name, HTML_LOWER);

    for (size_t i = 0; i < index; i++) {
        if (bytes_equal(html_decode(arena, token->attributes[i].name, HTML_LOWER), name)) {
            return true;
        }
    }
    return false;
}

static void
put_attributes(struct arena *arena, struct json *j, const struct html_token *token)
{
    json_open(j, '{');
    for (size_t i = 0; i < token->attribute_count; i++) {
        const struct html_attribute *a = &token->attributes[i];
        if (!is_repeated(arena, token, i)) {
            json_key_bytes(j, html_decode(arena, a->name, HTML_LOWER));
            json_bytes(j,
                       html_decode(arena, a->value, HTML_REFERENCES | HTML_IN_ATTRIBUTE));
        }
    }
    json_close(j);
}

static void
put_id(struct arena *arena, struct json *j, struct bytes id)
{
    if (id.at == NULL) {
        json_nothing(j);
    } else {
        json_bytes(j, html_decode(arena, id, 0));
    }
}

static void
put_token(struct arena *arena, struct json *j, const struct html_token *token)
{
    static const char *const kinds[] = {"Character", "StartTag", "EndTag", "Comment",
                                        "DOCTYPE"};

    json_open(j, '[');
    json_text(j, kinds[token->kind]);
    switch (token->kind) {
    case HTML_START:
        json_bytes(j, html_decode(arena, token->text, HTML_LOWER));
        put_attributes(arena, j, token);
        if (token->self_closing) {
            json_bool(j, true);
        }
        break;
    case HTML_END:
        json_bytes(j, html_decode(arena, token->text, HTML_LOWER));
        break;
    case HTML_DOCTYPE:
        if (token->has_name) {
            json_bytes(j, html_decode(arena, token->text, HTML_LOWER));
        } else {
            json_nothing(j);
        }
        put_id(arena, j, token->public_id);
        put_id(arena, j, token->system_id);
        json_bool(j, !token->quirks);
        break;
    case HTML_TEXT:
    case HTML_COMMENT:
    case HTML_EOF:
        json_bytes(j, html_decode(arena, token->text, token->decoding));
        break;
    }
    json_close(j);
}

enum sk_code
try_html_tokens(struct try_call *call, struct bytes html, struct why *why)
{
    struct html_tokens *tokens = ARENA_NEW(call->arena, struct html_tokens);
    struct bytes state = text_of(json_object_get(call->request, "state"));
    struct html_token token;

    html_tokens_init(tokens, html);
    tokens->last_start = text_of(json_object_get(call->request, "last_start_tag"));
    if (state.size > 0 && !state_of(state, &tokens->state)) {
        return why_set(why, SK_BAD, "state is none that is known");
    }
    json_key(call->reply, "tokens");
    json_open(call->reply, '[');
    while (html_tokens_next(tokens, &token)) {
        put_token(call->arena, call->reply, &token);
    }
    json_close(call->reply);
    return SK_OK;
}
