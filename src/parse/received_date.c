#include "parse/received_private.h"

#include "base/writer.h"
#include "parse/date.h"

bool
received_is_date(struct bytes text)
{
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    size_t digits = 0, day = 0;

    text = bytes_trim(bytes_slice(text, 0, 64));
    while (digits < text.size && ascii_digit(text.at[digits])) {
        digits++;
    }
    while (day < 7 && !bytes_starts_fold(text, bytes_from_text(days[day]))) {
        day++;
    }
    return (digits > 0 && digits <= 4 && digits < text.size &&
            (ascii_blank(text.at[digits]) || text.at[digits] == '-')) ||
           day < 7;
}

/* "2020-07-05 08:44:52.729 +0000 UTC m=+12.5": how Go prints a time, and SendGrid writes it. */
static bool
iso_date_read(struct arena *arena, struct bytes text, struct date *date_r)
{
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    static const char shape[] = "dddd-dd-dd dd:dd:dd";
    uint64_t month = 0;
    struct writer w;
    size_t at = sizeof shape - 1;

    for (size_t i = 0; i < sizeof shape - 1; i++) {
        bool fits =
            i < text.size && (shape[i] == 'd' ? ascii_digit(text.at[i])
                                              : text.at[i] == (uint8_t)shape[i] ||
                                                    (shape[i] == ' ' && text.at[i] == 'T'));
        if (!fits) {
            return false;
        }
    }
    if (!bytes_to_number(bytes_slice(text, 5, 7), 12, &month) || month == 0) {
        return false;
    }
    while (at < text.size && (text.at[at] == '.' || ascii_digit(text.at[at]))) {
        at++;
    }
    struct bytes zone = bytes_trim(bytes_slice(text, at, at + 6));
    writer_init(&w, arena);
    writer_format(&w, "%.2s %s %.4s %.8s %.*s", (const char *)text.at + 8,
                  months[month - 1], (const char *)text.at, (const char *)text.at + 11,
                  (int)(zone.size == 5 ? 5 : 0), (const char *)zone.at);
    return date_read(writer_view(&w), date_r);
}

static void
put_date(struct received *r, struct bytes text, const struct date *date)
{
    /* RFC 5322 4.3 takes zones in letters for +0000; these two are written in earnest. */
    int east = bytes_ends(text, BYTES(" JST")) || bytes_ends(text, BYTES(" KST")) ? 540 : 0;

    r->date_text = text;
    r->has_date = true;
    r->date = date->epoch - 60 * east;
    r->date_zone_minutes = date->zone_minutes + east;
    r->date_is_standard = date->standard;
}

/* What some write behind the date: an id, whom it is for, the envelope's sender. */
static void
after_date_read(struct received *r, struct bytes text)
{
    struct bytes near = bytes_slice(text, 0, 1000);
    size_t for_ =
        r->for_.size > 0 ? BYTES_NOWHERE : bytes_find_fold(near, BYTES(" for "), 0);
    size_t id = r->id.size > 0 ? BYTES_NOWHERE : bytes_find_fold(near, BYTES(" id "), 0);

    if (for_ != BYTES_NOWHERE) {
        struct bytes rest = bytes_trim(bytes_from(text, for_ + 5));
        r->for_ = received_without(bytes_slice(rest, 0, bytes_find_byte(rest, ' ', 0)),
                                   EDGE_ANGLE, EDGE_ANGLED | EDGE_COMMA);
    }
    if (id != BYTES_NOWHERE) {
        struct bytes rest = bytes_trim(bytes_from(text, id + 4));
        r->id = bytes_slice(rest, 0, bytes_find_byte(rest, ' ', 0));
    }
}

void
received_date_read(struct arena *arena, struct received *r, struct bytes text)
{
    static const char *const ends[] = {" id ", " for ", " by ", " from "};
    struct bytes whole = bytes_trim(text);
    struct date date;

    r->date_text = whole;
    if (date_read(whole, &date) || iso_date_read(arena, whole, &date)) {
        put_date(r, whole, &date);
    }
    for (size_t i = 0; i < sizeof ends / sizeof *ends && !r->has_date; i++) {
        size_t end =
            bytes_find_fold(bytes_slice(whole, 0, 1000), bytes_from_text(ends[i]), 0);
        if (end != BYTES_NOWHERE && date_read(bytes_slice(whole, 0, end), &date)) {
            put_date(r, bytes_trim(bytes_slice(whole, 0, end)), &date);
        }
    }
    if (!r->has_date || text.size > 40) { /* longer than a date */
        after_date_read(r, text);
    }
}

void
received_date_unmarked(struct arena *arena, struct received_reader *reader)
{
    struct bytes in = bytes_slice(reader->in, 0, 1000);
    size_t at = reader->id_end > 0 ? reader->id_end : bytes_find(in, BYTES(" at "), 0);
    struct date date;

    if (at == BYTES_NOWHERE) {
        return;
    }
    struct bytes rest = bytes_trim(bytes_slice(in, reader->id_end > 0 ? at : at + 4,
                                               bytes_find(in, BYTES(" by "), at)));
    if (received_is_date(rest) &&
        (date_read(rest, &date) || iso_date_read(arena, rest, &date))) {
        put_date(reader->r, rest, &date);
    }
}
