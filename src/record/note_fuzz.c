/* Signed notes, keys, checkpoints and proofs, as they may come from anyone. */
#include "record/note.h"
#include "record/verify.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes b = bytes_of(data, size), record;
    struct arena arena;
    struct note note;
    struct note_key key = {.name = BYTES("example.com/foo"), .id = 0x530d903a};
    struct note_signer signer;
    struct checkpoint checkpoint, again;
    struct why why;

    arena_init(&arena, (size_t)64 << 20);
    if (note_read(&arena, b, &note, &why) == SK_OK) {
        SK_ASSERT(note.signature_count > 0 && note.text.size > 0);
        /* The all-zero key signed nothing. */
        SK_ASSERT(note_check(&note, &key, &why) != SK_OK);
        if (checkpoint_read(note.text, &checkpoint)) {
            struct writer w;
            writer_init(&w, &arena);
            checkpoint_write(&w, &checkpoint);
            SK_ASSERT(checkpoint_read(writer_view(&w), &again) &&
                      again.size == checkpoint.size);
        }
    }
    if (note_key_read(&arena, b, &key)) {
        struct writer w;
        writer_init(&w, &arena);
        note_key_write(&w, &key);
        SK_ASSERT(bytes_equal(writer_view(&w), bytes_trim(b)));
    }
    if (note_signer_read(&arena, b, &signer)) {
        SK_ASSERT(note_name_valid(signer.key.name));
    }
    if (verify_proof(&arena, b, &key, &record, &why) == SK_OK) {
        SK_ASSERT(record.size < size);
    }
    arena_release(&arena);
    return 0;
}
