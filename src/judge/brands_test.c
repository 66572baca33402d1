#include "judge/brands.h"

#include "base/limits.h"
#include "base/tap.h"
#include "base/writer.h"

static struct arena arena;

static void
refused(const char *text, size_t line, const char *what)
{
    struct brands *made;
    struct why why = {0};
    enum sk_code code =
        brands_open(&arena, BYTES("# none\n"), bytes_from_text(text), &made, &why);

    tap_ok(code == SK_CONFIG && why.line == line, "%s (line %zu)", what, why.line);
}

static void
test_rows(void)
{
    refused("brand\ta\n", 1, "a brand without names");
    refused("# x\nbrand\ta\tbank\tAlpha\tnodomain\tme\t2026\tfair\n", 2,
            "a domain without a dot");
    refused("pressure\t0\thurry\n", 1, "pressure without weight");
    refused("pressure\t10\thurry\n", 1, "pressure past 9");
    refused("host\tfree_hosting\n", 1, "a host without a name");
    refused("name\ta\n", 1, "another kind of row");
}

static void
test_names(void)
{
    static const char rows[] =
        "brand\ta\tbank\tAlpha "
        "Bank|アルファ銀行\talpha.example|al.example\tme\t2026\tfair\n"
        "brand\tb\tsns\t=Beta\tbeta.example\tme\t2026\tfair\n"
        "pressure\t4\thurry\nhost\ttunnel\ttun.example\tme\n";
    static const char more[] = "brand\ta\tbank\tAlpha Bank\tnew.example\tme\t2026\tfair\n";
    struct brands *brands;
    size_t count;

    if (!tap_ok(brands_open(&arena, bytes_from_text(rows), BYTES_NONE, &brands, NULL) ==
                    SK_OK,
                "a table")) {
        return;
    }
    struct phrase_text said = phrase_text_of(&arena, BYTES("alpha bank, beta: hurry"));
    const struct brand_hit *hits = brands_scan(&arena, brands, &said, &count);
    tap_ok(count == 3 && hits[0].word == BRAND_NAME && bytes_is(hits[0].brand->id, "a") &&
               !hits[0].common && hits[1].common && hits[2].word == BRAND_PRESSURE,
           "names, common ones, and pressure");
    tap_ok(brand_owns(hits[0].brand, BYTES("mail.AL.example")) &&
               brand_owns(hits[0].brand, BYTES("alpha.example")) &&
               !brand_owns(hits[0].brand, BYTES("notalpha.example")),
           "a domain and what lies below it");
    const struct brand *owner = brands_owner(brands, BYTES("x.y.beta.example"));
    tap_ok(owner != NULL && bytes_is(owner->id, "b") &&
               brands_owner(brands, BYTES("example")) == NULL,
           "whose a domain is");
    tap_ok(bytes_is(brands_host_kind(brands, BYTES("a.tun.example")), "tunnel") &&
               brands_host_kind(brands, BYTES("atun.example")).size == 0,
           "hosts that anybody gets");
    brands_close(brands);
    if (tap_ok(brands_open(&arena, bytes_from_text(rows), bytes_from_text(more), &brands,
                           NULL) == SK_OK,
               "an operator's row beside them")) {
        said = phrase_text_of(&arena, BYTES("アルファ銀行"));
        (void)brands_scan(&arena, brands, &said, &count);
        owner = brands_owner(brands, BYTES("new.example"));
        tap_ok(count == 0 && brands_count(brands) == 2 && owner != NULL &&
                   bytes_is(owner->id, "a"),
               "takes the place of ours with the same id");
        tap_ok(owner != NULL && bytes_is(owner->domain, "new.example") && owner->own &&
                   owner->replaces && owner->line == 1 &&
                   brands_owner(brands, BYTES("alpha.example")) == NULL,
               "with its domains, and without the old");
        tap_ok(brands_at(brands, 0) == owner && !brands_at(brands, 1)->own &&
                   bytes_is(brands_at(brands, 1)->source, "me") &&
                   bytes_is(brands_at(brands, 1)->confidence, "fair"),
               "all of them, with their sources");
        tap_ok(brands_find(&arena, brands, BYTES("ＢＥＴＡ")) == brands_at(brands, 1) &&
                   brands_find(&arena, brands, BYTES("b")) == brands_at(brands, 1) &&
                   brands_find(&arena, brands, BYTES("beta shop")) == NULL &&
                   brands_find(&arena, brands, BYTES_NONE) == NULL,
               "by id, and by name in any spelling");
        brands_close(brands);
    }
}

static void
test_bounds(void)
{
    struct writer w;
    struct brands *brands;
    struct why why = {0};

    writer_init(&w, &arena);
    for (int i = 0; i < LIMIT_BRANDS; i++) {
        writer_format(&w, "brand\tid%d\tshop\tname%d\td%d.example\tme\t2026\tfair\n", i, i,
                      i);
    }
    enum sk_code code = brands_open(&arena, writer_view(&w), BYTES_NONE, &brands, &why);
    if (tap_ok(code == SK_OK && brands_count(brands) == LIMIT_BRANDS, "%d brands",
               LIMIT_BRANDS)) {
        brands_close(brands);
    }
    writer_text(&w, "brand\tmore\tshop\tmore\tmore.example\tme\t2026\tfair\n");
    tap_ok(brands_open(&arena, writer_view(&w), BYTES_NONE, &brands, &why) == SK_CONFIG &&
               why.line == LIMIT_BRANDS + 1,
           "one more is refused with its line");
}

int
main(void)
{
    arena_init(&arena, 1 << 28);
    test_rows();
    test_names();
    test_bounds();
    arena_release(&arena);
    return tap_done();
}
