/* Pictures to gray bytes, and QR codes in them. PNG by libpng, JPEG by libjpeg-turbo, GIF (its first picture) by giflib, codes
 * by zbar. Other pictures are not decoded. A picture says its size first: what is too large is not decoded either. */
#include "open/look_private.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include <gif_lib.h>
#include <jpeglib.h>
#include <png.h>
#include <zbar.h>

#define CODE_PIXELS                                                                        \
    4000000 /* a code that is one hundredth of the picture still has 200 by 200 */

static bool
is_too_large(uint64_t width, uint64_t height)
{
    return width == 0 || height == 0 || width * height > LIMIT_IMAGE_PIXELS;
}

/* Half as wide and half as high, until it has no more pixels than that. In place. */
static void
make_smaller(uint8_t *gray, unsigned *width, unsigned *height, uint64_t most)
{
    while ((uint64_t)*width * *height > most && *width > 1 && *height > 1) {
        unsigned w = *width / 2, h = *height / 2;
        for (unsigned y = 0; y < h; y++) {
            const uint8_t *above = gray + (size_t)2 * y * *width, *below = above + *width;
            for (unsigned x = 0; x < w; x++) {
                unsigned sum = (unsigned)above[2 * x] + above[2 * x + 1] + below[2 * x] +
                               below[2 * x + 1];
                gray[(size_t)y * w + x] = (uint8_t)(sum / 4);
            }
        }
        *width = w;
        *height = h;
    }
}

static void
codes_put(struct look *l, const zbar_image_t *image)
{
    for (const zbar_symbol_t *s = zbar_image_first_symbol(image); s != NULL;
         s = zbar_symbol_next(s)) {
        struct bytes said =
            bytes_of(zbar_symbol_get_data(s), zbar_symbol_get_data_length(s));
        size_t before = l->answer.link_count;
        look_put_links_of(l, ENCLOSED_LINK_QR, said);
        if (l->answer.link_count == before && bytes_find_byte(said, ':', 0) < 20) {
            look_put_link(l, ENCLOSED_LINK_QR, said); /* bitcoin:, tel:, WIFI: */
        }
        (void)look_put_text(l, said);
    }
}

/* zbar finds a code at a middling distance: one that fills a large picture is seen when the picture is made smaller, one in
 * the corner of it only before. */
void
look_codes(struct look *l, const uint8_t *pixels, unsigned width, unsigned height)
{
    static const uint64_t steps[] = {CODE_PIXELS, CODE_PIXELS / 8, CODE_PIXELS / 64};
    size_t size = (size_t)width * height;
    uint8_t *gray = arena_take_bytes(l->arena, size + 1);
    bool found = false;

    memcpy(gray, pixels, size);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0] && !found && !look_late(l); i++) {
        unsigned before = width;
        make_smaller(gray, &width, &height, steps[i]);
        if (i > 0 && width == before) {
            continue; /* as it was looked at already */
        }
        if (width < 21 || height < 21) { /* the smallest code has 21 modules */
            return;
        }
        zbar_image_scanner_t *scanner = zbar_image_scanner_create();
        zbar_image_t *image = zbar_image_create();
        zbar_image_scanner_set_config(scanner, ZBAR_NONE, ZBAR_CFG_ENABLE, 0);
        zbar_image_scanner_set_config(scanner, ZBAR_QRCODE, ZBAR_CFG_ENABLE, 1);
        zbar_image_set_format(image, zbar_fourcc('Y', '8', '0', '0'));
        zbar_image_set_size(image, width, height);
        zbar_image_set_data(image, gray, (unsigned long)width * height, NULL);
        found = zbar_scan_image(scanner, image) > 0;
        if (found) {
            codes_put(l, image);
        }
        zbar_image_destroy(image);
        zbar_image_scanner_destroy(scanner);
    }
}

static uint32_t
png_look(struct look *l, struct bytes content)
{
    png_image image = {.version = PNG_IMAGE_VERSION};
    uint32_t facts = 0;

    if (!png_image_begin_read_from_memory(&image, content.at, content.size)) {
        return FACT_BROKEN;
    }
    if (is_too_large(image.width, image.height)) {
        facts = FACT_LIMIT_BYTES;
    } else {
        const png_color white = {255, 255, 255};
        image.format = PNG_FORMAT_GRAY;
        uint8_t *gray = arena_take_bytes(l->arena, PNG_IMAGE_SIZE(image));
        if (png_image_finish_read(&image, &white, gray, 0, NULL) != 0) {
            look_codes(l, gray, image.width, image.height);
        } else {
            facts = FACT_BROKEN;
        }
    }
    png_image_free(&image);
    return facts;
}

struct jpeg_end {
    struct jpeg_error_mgr manager;
    jmp_buf out;
};

__attribute__((noreturn)) static void
jpeg_fails(j_common_ptr info)
{
    longjmp(((struct jpeg_end *)(void *)info->err)->out, 1);
}

static void
jpeg_says_nothing(j_common_ptr info)
{
}

static uint32_t
jpeg_look(struct look *l, struct bytes content)
{
    struct jpeg_decompress_struct info;
    struct jpeg_end end;
    volatile uint32_t facts = FACT_BROKEN;

    memset(&info, 0, sizeof info);
    info.err = jpeg_std_error(&end.manager);
    end.manager.error_exit = jpeg_fails;
    end.manager.output_message = jpeg_says_nothing;
    if (setjmp(end.out) == 0) {
        jpeg_create_decompress(&info);
        jpeg_mem_src(&info, content.at, content.size);
        jpeg_read_header(&info, TRUE);
        info.out_color_space = JCS_GRAYSCALE;
        while (info.scale_denom < 8 &&
               (uint64_t)info.image_width * info.image_height >
                   (uint64_t)CODE_PIXELS * info.scale_denom * info.scale_denom) {
            info.scale_denom *= 2; /* decoded smaller right away */
        }
        jpeg_calc_output_dimensions(&info);
        if (is_too_large(info.image_width, info.image_height)) {
            facts = FACT_LIMIT_BYTES;
        } else {
            jpeg_start_decompress(&info);
            unsigned width = info.output_width, height = info.output_height;
            uint8_t *gray = arena_take_bytes(l->arena, (size_t)width * height);
            while (info.output_scanline < height && !look_late(l)) {
                JSAMPROW row = gray + (size_t)info.output_scanline * width;
                jpeg_read_scanlines(&info, &row, 1);
            }
            facts = info.output_scanline < height ? FACT_LIMIT_TIME : 0;
            look_codes(l, gray, width, height);
        }
    }
    jpeg_destroy_decompress(&info);
    return facts;
}

static int
gif_reads(GifFileType *gif, GifByteType *to, int size)
{
    struct bytes *rest = gif->UserData;
    struct bytes piece = bytes_slice(*rest, 0, (size_t)size);

    if (piece.size > 0) {
        memcpy(to, piece.at, piece.size);
    }
    *rest = bytes_from(*rest, piece.size);
    return (int)piece.size;
}

/* The first picture of it, row by row; what stands between is passed over. */
static uint32_t
gif_picture(struct look *l, GifFileType *gif)
{
    if (DGifGetImageDesc(gif) == GIF_ERROR) {
        return FACT_BROKEN;
    }
    unsigned width = (unsigned)gif->Image.Width, height = (unsigned)gif->Image.Height;
    const ColorMapObject *colors =
        gif->Image.ColorMap != NULL ? gif->Image.ColorMap : gif->SColorMap;
    if (is_too_large(width, height)) {
        return FACT_LIMIT_BYTES;
    }
    uint8_t *gray = arena_take_bytes(l->arena, (size_t)width * height);
    static const unsigned first[] = {0, 4, 2, 1}, step[] = {8, 8, 4, 2};
    for (unsigned pass = 0; pass < (gif->Image.Interlace ? 4u : 1u); pass++) {
        unsigned from = gif->Image.Interlace ? first[pass] : 0,
                 by = gif->Image.Interlace ? step[pass] : 1;
        for (unsigned y = from; y < height; y += by) {
            uint8_t *row = gray + (size_t)y * width;
            if (look_late(l) || DGifGetLine(gif, row, (int)width) == GIF_ERROR) {
                return FACT_BROKEN;
            }
            for (unsigned x = 0; x < width && colors != NULL; x++) {
                int index = row[x] < colors->ColorCount ? row[x] : 0;
                const GifColorType *c = &colors->Colors[index];
                row[x] = (uint8_t)(((unsigned)c->Red + 2u * c->Green + c->Blue) / 4);
            }
        }
    }
    look_codes(l, gray, width, height);
    return 0;
}

static uint32_t
gif_look(struct look *l, struct bytes content)
{
    struct bytes rest = content;
    GifFileType *gif = DGifOpen(&rest, gif_reads, NULL);
    GifRecordType record;
    GifByteType *extension;
    uint32_t facts = FACT_BROKEN;
    int code;

    if (gif == NULL) {
        return FACT_BROKEN;
    }
    while (!look_late(l) && DGifGetRecordType(gif, &record) == GIF_OK) {
        if (record == IMAGE_DESC_RECORD_TYPE) {
            facts = gif_picture(l, gif);
            break;
        }
        if (record != EXTENSION_RECORD_TYPE ||
            DGifGetExtension(gif, &code, &extension) == GIF_ERROR) {
            break;
        }
        while (extension != NULL && DGifGetExtensionNext(gif, &extension) != GIF_ERROR) {
        }
    }
    DGifCloseFile(gif, NULL);
    return facts;
}

uint32_t
look_image(struct look *l, struct bytes content, const char *kind)
{
    if (content.size == 0) {
        return 0;
    }
    look_tell_so_far(l);
    return strcmp(kind, "png") == 0    ? png_look(l, content)
           : strcmp(kind, "jpeg") == 0 ? jpeg_look(l, content)
           : strcmp(kind, "gif") == 0  ? gif_look(l, content)
                                       : 0;
}
