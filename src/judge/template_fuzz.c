#include "base/limits.h"
#include "base/why.h"
#include "judge/campaign_private.h"
#include "judge/habits.h"
#include "judge/normal.h"
#include "judge/template.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Texts parted by NUL: the pieces of a template put together again are the base's own words. The same bytes as a mail are read
 * for their habits. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct own_text texts[8];
    struct bytes rest = bytes_of(data, size), text;
    struct template template;
    struct minhash minhash;
    struct arena arena;
    size_t count = 0, made = 0;

    arena_init(&arena, (size_t)1 << 28);
    while (count < 8 && bytes_split(&rest, 0, &text)) {
        texts[count].normal = normal_form(&arena, text, 4096);
        texts[count].regions =
            regions_read(&arena, texts[count].normal, &texts[count].region_count);
        minhash_read(&arena, &texts[count], 7, &minhash);
        SK_ASSERT(minhash_similarity(&minhash, &minhash) ==
                  (minhash.shingle_count > 0 ? 1000 : 0));
        count++;
    }
    template_read(&arena, texts, count, &template);
    SK_ASSERT(template.fixed_words <= template.words && template.used_count <= count);
    for (size_t i = 0; i < template.piece_count; i++) {
        const struct template_piece *piece = &template.pieces[i];
        made += piece->text.size;
        SK_ASSERT(piece->is_slot || piece->text.size > 0);
        SK_ASSERT(i == 0 || !piece->is_slot || !template.pieces[i - 1].is_slot);
        for (size_t k = 0; piece->is_slot && k < count; k++) {
            SK_ASSERT(template.is_used[k] || piece->values[k].size == 0);
        }
    }
    if (template.piece_count > 0) {
        SK_ASSERT(made ==
                  own_words(&arena, &texts[template.base], LIMIT_CAMPAIGN_TEXT).size);
    }
    (void)template_write(&arena, &template);
    struct habits habits;
    habits_read(letter_read(&arena, bytes_of(data, size)), &habits);
    SK_ASSERT(habits.field_count <= LIMIT_HABITS_FIELDS &&
              (habits_key(&habits, 1) != 0) == (habits.field_count > 0));
    arena_release(&arena);
    return 0;
}
