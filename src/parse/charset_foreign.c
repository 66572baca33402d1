#include "parse/charset_private.h"

#include <unicode/ucnv.h>
#include <unicode/ucnv_cb.h>

#include "base/utf8.h"
#include "base/why.h"
#include "base/writer.h"
#include "parse/charset.h"

/* Converters cost some microseconds to open, so they are kept for the process. The names are constants of our
 * table of labels, so there are never more than it has rows. */
#define KEPT_MAX 64

struct kept {
    const char *name;
    UConverter *converter; /* NULL: this ICU has none */
};

static struct kept kept[KEPT_MAX];
static size_t kept_count;
static size_t broken;

/* ICU would give U+001A for some broken bytes. */
static void
on_broken(const void *context, UConverterToUnicodeArgs *arguments, const char *bytes,
          int32_t size, UConverterCallbackReason reason, UErrorCode *error)
{
    static const UChar replacement = UTF8_REPLACEMENT;

    if (reason <= UCNV_IRREGULAR) {
        *error = U_ZERO_ERROR;
        broken++;
        ucnv_cbToUWriteUChars(arguments, &replacement, 1, 0, error);
    }
}

static UConverter *
converter_open(const char *name)
{
    UErrorCode error = U_ZERO_ERROR;
    UConverter *converter = ucnv_open(name, &error);

    if (U_FAILURE(error)) {
        return NULL;
    }
    ucnv_setToUCallBack(converter, on_broken, NULL, NULL, NULL, &error);
    if (U_FAILURE(error)) {
        ucnv_close(converter);
        return NULL;
    }
    return converter;
}

static UConverter *
converter_get(const char *name)
{
    for (size_t i = 0; i < kept_count; i++) {
        if (strcmp(kept[i].name, name) == 0) {
            return kept[i].converter;
        }
    }
    SK_ASSERT(kept_count < KEPT_MAX);
    kept[kept_count] = (struct kept){name, converter_open(name)};
    return kept[kept_count++].converter;
}

static void
put_units(struct writer *w, const UChar *units, size_t count, uint32_t *high)
{
    uint8_t *start = writer_reserve(w, count * 3 + UTF8_SIZE_MAX), *at = start;

    for (size_t i = 0; i < count; i++) {
        uint32_t c = units[i];
        if (*high != 0) {
            uint32_t pair = c >= 0xdc00 && c < 0xe000
                                ? 0x10000 + ((*high - 0xd800) << 10) + (c - 0xdc00)
                                : 0;
            at += utf8_put(at, pair != 0 ? pair : UTF8_REPLACEMENT);
            *high = 0;
            if (pair != 0) {
                continue;
            }
        }
        if (c >= 0xd800 && c < 0xdc00) {
            *high = c;
        } else {
            at += utf8_put(at, c);
        }
    }
    writer_did(w, (size_t)(at - start));
}

bool
charset_foreign_decode(struct arena *arena, struct bytes in, const char *name,
                       struct bytes *text_r, size_t *errors_r)
{
    UConverter *converter = converter_get(name);
    UChar units[1024];
    uint32_t high = 0;
    struct writer w;

    if (converter == NULL) {
        return false;
    }
    ucnv_resetToUnicode(converter);
    writer_init(&w, arena);
    writer_reserve(&w, in.size + in.size / 2);
    broken = 0;
    const char *from = (const char *)in.at, *end = from == NULL ? NULL : from + in.size;
    UErrorCode error;
    do {
        UChar *to = units;
        error = U_ZERO_ERROR;
        ucnv_toUnicode(converter, &to, units + sizeof units / sizeof *units, &from, end,
                       NULL, true, &error);
        put_units(&w, units, (size_t)(to - units), &high);
    } while (error == U_BUFFER_OVERFLOW_ERROR);
    if (high != 0) {
        writer_code_point(&w, UTF8_REPLACEMENT);
        broken++;
    }
    *text_r = writer_view(&w);
    *errors_r = broken;
    return true;
}

void
charset_forget_converters(void)
{
    for (size_t i = 0; i < kept_count; i++) {
        if (kept[i].converter != NULL) {
            ucnv_close(kept[i].converter);
        }
    }
    kept_count = 0;
}
