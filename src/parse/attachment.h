/* Attachments: what they are, what they say they are, and what their names hide.
 *
 * The type is told by the content, from a table of our own: the first bytes that each format's definition gives (ISO 32000
 * for PDF, MS-CFB for OLE2, APPNOTE.TXT for ZIP, MS-ONESTORE, MS-SHLLINK, ECMA-119 for ISO, ...), for ZIP also the names of its
 * members (OOXML, ODF, JAR, APK), for OLE2 those of its streams (parse/ole.h). What a name or a Content-Type claims is looked up
 * in the same table. Both may be wrong in good faith, so a claim is a lie only where it leads the reader to expect another
 * class of thing: a PNG that is called .jpg is none, a program that is called .pdf is one.
 *
 * Pure, bounded, linear: no library, no allocation. Views point into what was given. Nothing here says what is unwanted:
 * these are facts, which judge weighs. */
#pragma once

#include "base/bytes.h"

/* What a person who opens it has to expect. */
enum attachment_class {
    CLASS_TEXT,
    CLASS_HTML,     /* a browser runs what is in it: HTML, SVG, XHTML, MHTML */
    CLASS_DOCUMENT, /* read, perhaps with macros: PDF, Office */
    CLASS_IMAGE,
    CLASS_MEDIA, /* sound and moving pictures */
    CLASS_ARCHIVE,
    CLASS_PROGRAM,  /* the machine runs it */
    CLASS_SCRIPT,   /* an interpreter runs it */
    CLASS_SHORTCUT, /* starts something else: LNK, URL */
    CLASS_DISK, /* mounted by a double click, and without the mark of the web: ISO, VHD */
    CLASS_NOTE, /* OneNote: carries files that a click starts */
    CLASS_MAIL,
    CLASS_DATE, /* calendars and cards */
    CLASS_OTHER,
};

struct attachment_type {
    const char *name; /* as the usual extension: "pdf", "docx", "exe"; a constant */
    enum attachment_class class;
    const char *extensions; /* lower case, a blank before and behind each */
    const char *media;      /* media types, the same; "" if none is registered or usual */
};

/* NULL: not known. Looks at the first 64 KiB, of ISO and UDF at sector 16 to 18, of ZIP at its directory. */
const struct attachment_type *attachment_type_of(struct bytes content);
/* By the last extension of a file name; NULL: none, or not known. */
const struct attachment_type *attachment_type_named(struct bytes filename);
/* By a media type ("application", "pdf"); NULL: it claims nothing (application/octet-stream) or is not known. */
const struct attachment_type *attachment_type_media(struct bytes type,
                                                    struct bytes subtype);
/* The row of that name; NULL: none. For what another process answered. */
const struct attachment_type *attachment_type_find(struct bytes name);
/* Whether something that claims to be the one and is the other leads its reader astray. Either may be NULL: then not. */
bool attachment_type_lies(const struct attachment_type *claimed,
                          const struct attachment_type *is);

/* What the name of a file shows and hides. */
struct attachment_name {
    struct bytes extension; /* the last one, without the dot, as written; "" if none */
    bool runs;              /* the system starts it by a double click */
    bool doubled;           /* a harmless extension before one that runs: invoice.pdf.exe */
    bool padded;            /* blanks push the true extension out of sight */
    bool bidi;    /* characters that turn the order of reading, U+202E and its like */
    bool control; /* NUL or another control character */
    bool climbs;  /* leads out of the folder: ../, an absolute path, a drive */
};

/* Looks at LIMIT_ATTACHMENT_NAME bytes, from the end. */
void attachment_name_read(struct bytes name, struct attachment_name *r);

/* Facts about one attachment, or one file in it. */
#define FACT_TYPE_LIES       (1u << 0)
#define FACT_DOUBLED         (1u << 1)
#define FACT_BIDI            (1u << 2)
#define FACT_RUNS            (1u << 3) /* a program, by its name or by what it is */
#define FACT_MACRO           (1u << 4)
#define FACT_ENCRYPTED       (1u << 5)
#define FACT_PASSWORD_FITS   (1u << 6) /* a password that the message tells opened it */
#define FACT_REMOTE_TEMPLATE (1u << 7) /* Office: the template is fetched from elsewhere */
#define FACT_SCRIPT          (1u << 8) /* HTML, SVG or PDF with a script, or that starts something */
#define FACT_PASSWORD_FIELD  (1u << 9)  /* HTML that asks for a password */
#define FACT_BAD_PATH        (1u << 10) /* an entry leads out of its folder */
#define FACT_BROKEN          (1u << 11) /* its form is not kept; what could be read was read */
#define FACT_SIZE_LIES       (1u << 12) /* an entry is longer or shorter than it says */
#define FACT_CONTROL         (1u << 13) /* NUL or another control character in a name */
/* A bound was reached; what lies beyond it was not looked at. */
#define FACT_LIMIT_ENTRIES (1u << 16)
#define FACT_LIMIT_RATIO   (1u << 17)
#define FACT_LIMIT_BYTES   (1u << 18)
#define FACT_LIMIT_DEPTH   (1u << 19)
#define FACT_LIMIT_TIME    (1u << 20)
#define FACT_LIMIT_MEMORY  (1u << 21)
#define FACT_LIMIT_TEXT    (1u << 22)
#define FACT_UNOPENED      (1u << 23) /* nobody could look into it */
#define FACT_UNSCANNED     (1u << 24) /* clamd should have looked at it, and did not */
#define FACT_LIMITS                                                                        \
    (FACT_LIMIT_ENTRIES | FACT_LIMIT_RATIO | FACT_LIMIT_BYTES | FACT_LIMIT_DEPTH |         \
     FACT_LIMIT_TIME | FACT_LIMIT_MEMORY | FACT_LIMIT_TEXT)

/* The name of one fact, a constant: "type_lies", "macro", ...; NULL: there is none. */
const char *attachment_fact_name(uint32_t fact);

/* What its bytes and its name tell without opening it; the claimed type may be NULL. */
uint32_t attachment_facts(struct bytes name, const struct attachment_type *claimed,
                          const struct attachment_type *is, struct bytes content);

/* Passwords that a text tells ("パスワードは abc123 です", "password: abc123"): views of the text, in order, without
 * repeats, at most `most`; gives how many. In Japan it is usual to send an encrypted archive and its password one after
 * the other: that a password is told is a fact and no evidence. */
size_t attachment_passwords(struct bytes text, struct bytes *passwords, size_t most);
