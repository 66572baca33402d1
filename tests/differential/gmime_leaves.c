/* Prints how GMime reads messages: for each path on standard input a line "path TAB nanoseconds of parsing and decoding", then
 * for each leaf a line " TAB type TAB size TAB sha256". */
#include <gmime/gmime.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static void
leaf(GMimeObject *object)
{
    GMimeContentType *type = g_mime_object_get_content_type(object);
    GMimeStream *stream = g_mime_stream_mem_new();

    if (GMIME_IS_PART(object)) {
        GMimeDataWrapper *content = g_mime_part_get_content(GMIME_PART(object));
        if (content != NULL) {
            g_mime_data_wrapper_write_to_stream(content, stream);
        }
    }
    GByteArray *bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(stream));
    gchar *sum = g_compute_checksum_for_data(G_CHECKSUM_SHA256, bytes->data, bytes->len);
    gchar *name = g_ascii_strdown(g_mime_content_type_get_mime_type(type), -1);
    printf("\t%s\t%u\t%s\n", name, bytes->len, sum);
    g_free(sum);
    g_free(name);
    g_object_unref(stream);
}

static void
walk(GMimeObject *object, int depth)
{
    if (object == NULL || depth > 60) {
        return;
    }
    if (GMIME_IS_MULTIPART(object)) {
        for (int i = 0; i < g_mime_multipart_get_count(GMIME_MULTIPART(object)); i++) {
            walk(g_mime_multipart_get_part(GMIME_MULTIPART(object), i), depth + 1);
        }
    } else if (GMIME_IS_MESSAGE_PART(object)) {
        GMimeMessage *inner = g_mime_message_part_get_message(GMIME_MESSAGE_PART(object));
        walk(inner == NULL ? NULL : g_mime_message_get_mime_part(inner), depth + 1);
    } else {
        leaf(object);
    }
}

int
main(void)
{
    char path[4096];

    g_mime_init();
    while (fgets(path, sizeof path, stdin) != NULL) {
        gchar *bytes;
        gsize size;
        struct timespec a, b;
        path[strcspn(path, "\n")] = '\0';
        if (!g_file_get_contents(path, &bytes, &size, NULL)) {
            return 1;
        }
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
        GMimeStream *stream = g_mime_stream_mem_new_with_buffer(bytes, size);
        GMimeParser *parser = g_mime_parser_new_with_stream(stream);
        GMimeMessage *message = g_mime_parser_construct_message(parser, NULL);
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
        printf("%s\t%ld\n", path, (b.tv_sec - a.tv_sec) * 1000000000L + b.tv_nsec - a.tv_nsec);
        if (message != NULL) {
            walk(g_mime_message_get_mime_part(message), 0);
            g_object_unref(message);
        }
        g_object_unref(parser);
        g_object_unref(stream);
        g_free(bytes);
    }
    return 0;
}
