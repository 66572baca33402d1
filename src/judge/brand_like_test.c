#include "judge/brand_like.h"

#include "base/tap.h"

static struct arena arena;
static struct brands *brands;

static void
is(const char *domain, enum brand_likeness likeness, const char *id, const char *like)
{
    struct brand_like it;
    bool read = brand_like_read(&arena, brands, bytes_from_text(domain), &it) == SK_OK;

    tap_ok(read && it.likeness == likeness &&
               (likeness == BRAND_UNLIKE
                    ? it.brand == NULL
                    : bytes_is(it.brand->id, id) && bytes_is(it.domain, like)),
           "%s (%d)", domain, (int)it.likeness);
}

int
main(void)
{
    static const char rows[] =
        "brand\ta\tshop\tAmazon\tamazon.co.jp|amazon.com\tme\t2026\tfair\n"
        "brand\tb\tbank\tAbc\tabc.co.jp\tme\t2026\tfair\n"
        "brand\tc\tbank\tAmazonas\tamazonas.example\tme\t2026\tfair\n";
    struct brand_like it;

    arena_init(&arena, 1 << 26);
    if (!tap_ok(brands_open(&arena, bytes_from_text(rows), BYTES_NONE, &brands, NULL) ==
                    SK_OK,
                "a table")) {
        return tap_done();
    }
    is("amazon.co.jp", BRAND_OWN, "a", "amazon.co.jp");
    is("Mail.AMAZON.com", BRAND_OWN, "a", "amazon.co.jp");
    is("arnazon.co.jp", BRAND_SAME_LOOK, "a", "amazon.co.jp");
    is("www.\xd0\xb0mazon.com", BRAND_SAME_LOOK, "a", "amazon.com");
    is("amazon.co.jp.evil.example", BRAND_WITHIN, "a", "amazon.co.jp");
    is("www-amazon-co-jp.evil.example", BRAND_WITHIN, "a", "amazon.co.jp");
    is("abc-co-jp.evil.example", BRAND_WITHIN, "b", "abc.co.jp");
    is("amazon-login.evil.example", BRAND_BEARS, "a", "amazon.co.jp");
    is("myamazonas.evil.example", BRAND_BEARS, "c", "amazonas.example");
    is("abc-login.evil.example", BRAND_UNLIKE, "", "");
    is("evil.example", BRAND_UNLIKE, "", "");
    tap_ok(brand_like_read(&arena, brands, BYTES("amazon"), &it) == SK_BAD &&
               brand_like_read(&arena, brands, BYTES("a b.example"), &it) == SK_BAD &&
               brand_like_read(&arena, brands, BYTES_NONE, &it) == SK_BAD,
           "what is no domain");
    brands_close(brands);
    arena_release(&arena);
    return tap_done();
}
