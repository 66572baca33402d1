/* Reading a DNS message (RFC 1035 section 4). Bounds: a name has at most 255 bytes on the wire and its pointers go only
 * backwards, so no loop is possible; at most SCAN_MAX records are looked at; CNAMEs are followed LIMIT_DNS_CNAMES
 * steps among them. */
#include "base/limits.h"
#include "base/writer.h"
#include "dns/resolver.h"

#define HEADER_SIZE    12
#define CLASS_IN       1
#define WIRE_NAME_MAX  255
#define NAME_TEXT_ROOM (4 * WIRE_NAME_MAX)
#define SCAN_MAX       (LIMIT_DNS_RECORDS + LIMIT_DNS_CNAMES)

enum { RCODE_NOERROR = 0, RCODE_NXDOMAIN = 3 };

struct name {
    size_t size;
    uint8_t text[NAME_TEXT_ROOM];
};

struct wire_record {
    size_t owner; /* where the owner's name stands */
    uint16_t type, klass;
    uint32_t ttl;
    size_t data, data_size;
};

static unsigned
get16(struct bytes packet, size_t at)
{
    return (unsigned)packet.at[at] << 8 | packet.at[at + 1];
}

static void
put_label(struct name *name, const uint8_t *label, size_t size)
{
    static const char digits[] = "0123456789";

    if (name->size > 0) {
        name->text[name->size++] = '.';
    }
    for (size_t i = 0; i < size; i++) {
        uint8_t c = label[i];
        if (c > ' ' && c != '.' && c != '\\' && c != 0x7f) {
            name->text[name->size++] = c;
            continue;
        }
        name->text[name->size++] = '\\';
        name->text[name->size++] = (uint8_t)digits[c / 100];
        name->text[name->size++] = (uint8_t)digits[c / 10 % 10];
        name->text[name->size++] = (uint8_t)digits[c % 10];
    }
}

/* Reads the name at *at and moves behind it; its text, without the final dot, bytes that no host name has as \DDD. */
static bool
read_name(struct bytes packet, size_t *at, struct name *name_r)
{
    size_t here = *at, lowest = *at, wire = 1;
    bool jumped = false;

    name_r->size = 0;
    while (here < packet.size) {
        unsigned size = packet.at[here];
        if (size == 0) {
            *at = jumped ? *at : here + 1;
            return true;
        }
        if ((size & 0xc0) == 0xc0) {
            if (packet.size - here < 2) {
                return false;
            }
            size_t target = get16(packet, here) & 0x3fff;
            *at = jumped ? *at : here + 2;
            jumped = true;
            if (target >= lowest) {
                return false;
            }
            here = lowest = target;
            continue;
        }
        wire += size + 1;
        if ((size & 0xc0) != 0 || packet.size - here <= size || wire > WIRE_NAME_MAX) {
            return false;
        }
        put_label(name_r, packet.at + here + 1, size);
        here += size + 1;
    }
    return false;
}

static bool
read_record(struct bytes packet, size_t *at, struct wire_record *record_r)
{
    struct name skipped;

    record_r->owner = *at;
    if (!read_name(packet, at, &skipped) || packet.size - *at < 10) {
        return false;
    }
    record_r->type = (uint16_t)get16(packet, *at);
    record_r->klass = (uint16_t)get16(packet, *at + 2);
    record_r->ttl = get16(packet, *at + 4) << 16 | get16(packet, *at + 6);
    record_r->data_size = get16(packet, *at + 8);
    record_r->data = *at + 10;
    if (packet.size - record_r->data < record_r->data_size) {
        return false;
    }
    *at = record_r->data + record_r->data_size;
    return true;
}

/* A name inside RDATA must end with it. */
static bool
read_data_name(struct arena *arena, struct bytes packet, const struct wire_record *wire,
               size_t skip, struct bytes *name_r)
{
    struct name name;
    size_t at = wire->data + skip;

    if (wire->data_size <= skip || !read_name(packet, &at, &name) ||
        at != wire->data + wire->data_size) {
        return false;
    }
    *name_r = bytes_copy(arena, bytes_of(name.text, name.size));
    return true;
}

static bool
read_text(struct arena *arena, struct bytes data, struct bytes *text_r)
{
    uint8_t *text = arena_take_bytes(arena, data.size);
    size_t size = 0;

    for (size_t at = 0; at < data.size;) {
        size_t string = data.at[at++];
        if (data.size - at < string) {
            return false;
        }
        memcpy(text + size, data.at + at, string);
        size += string;
        at += string;
    }
    *text_r = bytes_of(text, size);
    return data.size > 0;
}

static bool
read_data(struct arena *arena, struct bytes packet, const struct wire_record *wire,
          struct dns_record *record_r)
{
    struct bytes data = bytes_slice(packet, wire->data, wire->data + wire->data_size);

    *record_r = (struct dns_record){0};
    switch ((enum dns_type)wire->type) {
    case DNS_A:
        record_r->data = bytes_copy(arena, data);
        return data.size == 4;
    case DNS_AAAA:
        record_r->data = bytes_copy(arena, data);
        return data.size == 16;
    case DNS_TXT:
        return read_text(arena, data, &record_r->data);
    case DNS_MX:
        if (data.size < 3) {
            return false;
        }
        record_r->preference = (uint16_t)get16(data, 0);
        return read_data_name(arena, packet, wire, 2, &record_r->data);
    case DNS_NS:
    case DNS_CNAME:
    case DNS_PTR:
        return read_data_name(arena, packet, wire, 0, &record_r->data);
    }
    return false;
}

static bool
owner_is(struct bytes packet, const struct wire_record *wire, struct bytes name)
{
    struct name owner;
    size_t at = wire->owner;

    return wire->klass == CLASS_IN && read_name(packet, &at, &owner) &&
           bytes_equal_fold(bytes_of(owner.text, owner.size), name);
}

/* Follows the chain of CNAMEs from *name; false when it is longer than allowed, or broken. */
static bool
follow(struct arena *arena, struct bytes packet, const struct wire_record *wires,
       size_t count, struct bytes *name, uint32_t *ttl)
{
    for (int step = 0; step <= LIMIT_DNS_CNAMES; step++) {
        size_t i = 0;
        while (i < count &&
               !(wires[i].type == DNS_CNAME && owner_is(packet, &wires[i], *name))) {
            i++;
        }
        if (i == count) {
            return true;
        }
        *ttl = wires[i].ttl < *ttl ? wires[i].ttl : *ttl;
        if (!read_data_name(arena, packet, &wires[i], 0, name)) {
            return false;
        }
    }
    return false;
}

static bool
read_answers(struct arena *arena, struct bytes packet, size_t at, struct bytes name,
             struct dns_answer *a)
{
    struct wire_record wires[SCAN_MAX];
    size_t announced = get16(packet, 6), count = 0;
    uint32_t ttl = UINT32_MAX;

    while (count < announced && count < SCAN_MAX) {
        if (!read_record(packet, &at, &wires[count++])) {
            return false;
        }
    }
    if (a->type != DNS_CNAME && !follow(arena, packet, wires, count, &name, &ttl)) {
        return false;
    }
    a->records = ARENA_NEW_MANY(arena, count, struct dns_record);
    for (size_t i = 0; i < count && a->record_count < LIMIT_DNS_RECORDS; i++) {
        if (wires[i].type != a->type || !owner_is(packet, &wires[i], name)) {
            continue;
        }
        if (!read_data(arena, packet, &wires[i], &a->records[a->record_count++])) {
            return false;
        }
        ttl = wires[i].ttl < ttl ? wires[i].ttl : ttl;
    }
    a->ttl = ttl == UINT32_MAX ? 0 : ttl;
    return true;
}

/* Our name as read_name would write it, so that the two can be compared. */
static bool
write_name(struct bytes text, struct name *name_r)
{
    struct bytes label;

    name_r->size = 0;
    if (text.size > WIRE_NAME_MAX - 2) {
        return false;
    }
    while (bytes_split(&text, '.', &label)) {
        put_label(name_r, label.at, label.size);
    }
    return true;
}

static bool
read_message(struct arena *arena, struct bytes packet, struct dns_answer *a)
{
    struct name asked, ours;
    size_t at = HEADER_SIZE;

    /* QR set, OPCODE 0, not truncated, one question. */
    if (packet.size < HEADER_SIZE || (packet.at[2] & 0xfa) != 0x80 ||
        get16(packet, 4) != 1) {
        return false;
    }
    if (!read_name(packet, &at, &asked) || !write_name(a->name, &ours) ||
        packet.size - at < 4 ||
        !bytes_equal_fold(bytes_of(asked.text, asked.size),
                          bytes_of(ours.text, ours.size)) ||
        get16(packet, at) != a->type || get16(packet, at + 2) != CLASS_IN) {
        return false;
    }
    unsigned rcode = packet.at[3] & 0x0f;
    if (rcode == RCODE_NXDOMAIN) {
        a->status = DNS_NXDOMAIN;
        return true;
    }
    if (rcode != RCODE_NOERROR ||
        !read_answers(arena, packet, at + 4, bytes_of(ours.text, ours.size), a)) {
        return false;
    }
    a->status = a->record_count > 0 ? DNS_FOUND : DNS_NODATA;
    return true;
}

void
dns_answer_read(struct arena *arena, struct bytes packet, struct bytes name,
                enum dns_type type, struct dns_answer *answer_r)
{
    if (name.size > 0 && name.at[name.size - 1] == '.') {
        name.size--;
    }
    struct bytes asked = bytes_lower(arena, name);

    *answer_r = (struct dns_answer){.name = asked, .type = type, .known = true};
    if (!read_message(arena, packet, answer_r)) {
        *answer_r = (struct dns_answer){
            .name = asked, .type = type, .known = true, .status = DNS_SERVFAIL};
    }
}
