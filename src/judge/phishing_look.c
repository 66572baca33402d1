#include "judge/phishing_private.h"

#include "judge/normal.h"
#include "parse/domain.h"

/* Points. What is seen of one brand: */
#define LOOK_PICTURE 1
#define LOOK_MARK    1
#define LOOK_ISSUER  2
#define LOOK_LOGIN   2
/* Each kind of pressure up to two, and a link elsewhere that looks like a login, are one more. So much is needed: */
#define LOOK_NEEDED      3
#define LOOK_NEEDED_MORE 4 /* where all that is seen of it is one picture or mark */
#define LOOK_PRESSURES   2
/* Logits. */
#define BY_LOOK      0.9
#define BY_LOOK_EACH 0.3 /* point beyond what is needed */
#define BY_LOOK_MOST 2.1

/* Bytes and counts. */
#define TAIL          1600 /* of the text: where an issuer stands */
#define SIGN_NEAR     48   /* between a sign of who issues it and the name */
#define LINE_MOST     200  /* of what follows the name */
#define WORDS_MOST    120  /* of a picture or link that are read */
#define PICTURES_MOST 24
#define LINKS_MOST    48
#define LABEL_LEAST   4

struct seen {
    const struct brand *brand;
    unsigned look, points;
};

static bool
ends_one_of(struct bytes text, const char *const *list, size_t count, size_t *size_r)
{
    for (size_t i = 0; i < count; i++) {
        struct bytes one = bytes_from_text(list[i]);
        if (bytes_ends(text, one)) {
            *size_r = one.size;
            return true;
        }
    }
    return false;
}

static bool
has_one_of(struct bytes text, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (bytes_find(text, bytes_from_text(list[i]), 0) != BYTES_NOWHERE) {
            return true;
        }
    }
    return false;
}
#define ENDS_ONE_OF(text, list, size_r)                                                    \
    ends_one_of(text, list, sizeof(list) / sizeof *(list), size_r)
#define HAS_ONE_OF(text, list) has_one_of(text, list, sizeof(list) / sizeof *(list))

/* Issuers ---------------------------------------------------------------------------------------------------------- */

/* Whether nothing but years, marks and forms of company stands between a sign of who issues it and the end of the text. */
static bool
is_signed(struct bytes text)
{
    static const char *const signs[] = {"©",      "(c)",    "copyright", "発行",
                                        "発行者", "発行元", "発行人",    "発信者",
                                        "発信元", "配信元", "配信者"};
    static const char *const between[] = {"株式会社", "by", "the"};
    size_t size, least = text.size > SIGN_NEAR ? text.size - SIGN_NEAR : 0;

    while (text.size > least) {
        uint8_t last = text.at[text.size - 1];
        if (ENDS_ONE_OF(text, signs, &size)) {
            return true;
        }
        if (ENDS_ONE_OF(text, between, &size)) {
            text.size -= size;
        } else if (last < 0x80 && !ascii_letter(last)) {
            text.size--;
        } else if (text.size >= 3 &&
                   (text.at[text.size - 3] == 0xe2 ||
                    (text.at[text.size - 3] == 0xe3 && text.at[text.size - 2] == 0x80))) {
            text.size -= 3; /* U+2000 to U+303F: lines, squares, brackets */
        } else {
            return false;
        }
    }
    return false;
}

void
phishing_read_issuer(struct phishing *p, const struct brand_hit *hit, struct bytes normal)
{
    static const char *const others[] = {"商標", "trademark"};
    struct bytes said = bytes_slice(normal, hit->from, hit->to);
    struct bytes line = bytes_slice(normal, hit->to, hit->to + LINE_MOST);

    if (hit->from + TAIL < normal.size || said.size < p->issuer_said.size ||
        !is_signed(bytes_slice(normal, 0, hit->from))) {
        return;
    }
    line = bytes_slice(line, 0, bytes_find_byte(line, '\n', 0));
    if (!HAS_ONE_OF(line, others)) {
        p->issuer = hit->brand;
        p->issuer_said = said;
    }
}

/* Pictures and links ----------------------------------------------------------------------------------------------- */

/* One is the other's house, as a group and its bank. */
static bool
are_kin(const struct brand *a, const struct brand *b)
{
    return a == b || brand_owns(a, b->domain) || brand_owns(b, a->domain);
}

/* Names under which anybody keeps pictures, though they are a brand's. */
static bool
is_storage(const struct brands *brands, struct bytes host)
{
    static const char *const storages[] = {"amazonaws.com", "image.rakuten.co.jp",
                                           "tshop.r10s.jp"};

    for (size_t i = 0; i < sizeof storages / sizeof *storages; i++) {
        if (bytes_ends_fold(host, bytes_from_text(storages[i]))) {
            return true;
        }
    }
    return brands_host_kind(brands, host).size > 0;
}

/* Buttons of social networks stand in everybody's mail. */
static bool
is_button(const struct brand *brand)
{
    return bytes_is(brand->kind, "sns");
}

static const struct brand_hit *
scan(struct arena *arena, struct brands *brands, struct bytes words, struct bytes *normal_r,
     size_t *count_r)
{
    *normal_r = bytes_trim(normal_form(arena, words, 2 * WORDS_MOST));
    struct phrase_text text = phrase_text_of(arena, *normal_r);
    return brands_scan(arena, brands, &text, count_r);
}

/* The brand whose name a picture's words are; NULL: they are no name, or one beside which others speak of it ("App Store"). */
static const struct brand *
name_of_picture(struct arena *arena, struct brands *brands, struct bytes words)
{
    static const char *const kinds[] = {"logo", "ロゴ", "ロゴマーク"};
    struct bytes normal;
    size_t count, size;
    const struct brand_hit *hits = scan(arena, brands, words, &normal, &count);

    if (ENDS_ONE_OF(normal, kinds, &size)) {
        normal.size -= size;
    }
    for (size_t i = 0; i < count; i++) {
        if (hits[i].word == BRAND_APART) {
            return NULL;
        }
    }
    return phishing_rest(normal, hits, count) == 0
               ? phishing_named(hits, count, normal, BYTES_NONE)
               : NULL;
}

/* The brand of the first picture with words; NULL where others name another brand, as ways to pay stand in a row. */
static const struct brand *
mark_of(struct arena *arena, struct brands *brands, const struct letter *letter)
{
    const struct brand *mark = NULL;
    size_t named = 0;

    for (size_t i = 0; i < letter->link_count && named < PICTURES_MOST; i++) {
        const struct link *link = &letter->links[i];
        if (link->kind != LINK_IMAGE || (link->flags & LINK_BEACON) != 0 ||
            link->text.size == 0 || link->text.size > WORDS_MOST) {
            continue;
        }
        const struct brand *brand = name_of_picture(arena, brands, link->text);
        if (named++ == 0) {
            mark = brand;
        } else if (mark != NULL && brand != NULL && !are_kin(mark, brand)) {
            mark = NULL;
        }
        if (mark == NULL) {
            return NULL;
        }
    }
    return mark == NULL || is_button(mark) ? NULL : mark;
}

/* The one brand from whose domains pictures come. */
static const struct brand *
owner_of_pictures(const struct brands *brands, const struct letter *letter)
{
    const struct brand *one = NULL;

    for (size_t i = 0; i < letter->link_count; i++) {
        const struct link *link = &letter->links[i];
        const struct brand *owner =
            link->kind == LINK_IMAGE && (link->flags & LINK_BEACON) == 0
                ? brands_owner(brands, link->host)
                : NULL;
        if (owner == NULL || is_button(owner) || is_storage(brands, link->host)) {
            continue;
        }
        if (one != NULL && !are_kin(one, owner)) {
            return NULL;
        }
        one = one == NULL ? owner : one;
    }
    return one;
}

static bool
says_login(struct bytes normal)
{
    static const char *const words[] = {"ログイン", "サインイン", "log in",      "login",
                                        "sign in",  "signin",     "本人確認",    "verify",
                                        "confirm",  "確認する",   "確認はこちら"};

    return HAS_ONE_OF(normal, words);
}

/* "Amazon にサインイン", and not "Sign in with Google": that leads to who offers it. */
static const struct brand *
login_of(struct arena *arena, struct brands *brands, const struct link *link)
{
    static const char *const through[] = {"でログイン", "でサインイン", "with ", "連携"};
    struct bytes normal;
    size_t count;
    const struct brand_hit *hits = scan(arena, brands, link->text, &normal, &count);
    const struct brand_hit *best = NULL;

    for (size_t i = 0; i < count; i++) {
        if (hits[i].word == BRAND_NAME &&
            (best == NULL || hits[i].to - hits[i].from > best->to - best->from)) {
            best = &hits[i];
        }
    }
    return best != NULL && says_login(normal) && !HAS_ONE_OF(normal, through) &&
                   (brands_owner(brands, link->host) == NULL ||
                    !are_kin(best->brand, brands_owner(brands, link->host)))
               ? best->brand
               : NULL;
}

static const struct brand *
login_of_links(struct arena *arena, struct brands *brands, const struct letter *letter)
{
    size_t read = 0;

    for (size_t i = 0; i < letter->link_count && read < LINKS_MOST; i++) {
        const struct link *link = &letter->links[i];
        if (link->kind == LINK_ANCHOR && phishing_leads(link) && link->text.size > 0 &&
            link->text.size <= WORDS_MOST) {
            const struct brand *brand = login_of(arena, brands, link);
            read++;
            if (brand != NULL) {
                return brand;
            }
        }
    }
    return NULL;
}

/* Where links lead -------------------------------------------------------------------------------------------------- */

/* Its host bears the brand's name, or imitates its domain. */
static bool
imitates(const struct link *link, const struct brand *brand)
{
    struct bytes label =
        bytes_slice(brand->domain, 0, bytes_find_byte(brand->domain, '.', 0));

    return (link->like.size > 0 && brand_owns(brand, link->like)) ||
           (label.size >= LABEL_LEAST && bytes_find(link->host, label, 0) != BYTES_NOWHERE);
}

static bool
looks_like_login(struct arena *arena, const struct link *link, const struct brand *brand)
{
    static const char *const paths[] = {"login",  "signin", "sign-in", "account",
                                        "verify", "auth",   "secure",  "confirm"};
    struct bytes normal = BYTES_NONE;

    if (link->text.size > 0 && link->text.size <= WORDS_MOST) {
        normal = normal_form(arena, link->text, 2 * WORDS_MOST);
    }
    return imitates(link, brand) || says_login(normal) ||
           HAS_ONE_OF(bytes_lower(arena, bytes_slice(link->href, 0, 2 * WORDS_MOST)),
                      paths);
}

struct elsewhere {
    bool any, login;
    bool strange; /* one leads to neither, and none to the brand */
};

/* Links that do not lead to the brand; as a login counts one that does not lead to the sender either. */
static struct elsewhere
read_elsewhere(struct arena *arena, const struct letter *letter, const struct brand *brand,
               struct bytes domain)
{
    struct bytes own = domain_registrable(arena, domain);
    struct elsewhere e = {0};
    bool home = false;
    size_t read = 0;

    for (size_t i = 0; i < letter->link_count && read < LINKS_MOST && !e.login; i++) {
        const struct link *link = &letter->links[i];
        if (!phishing_leads(link)) {
            continue;
        }
        read++;
        if (brand_owns(brand, link->host)) {
            home = true;
            continue;
        }
        bool others = !bytes_equal_fold(link->domain, own);
        e.any = true;
        e.strange = e.strange || others;
        e.login = others && looks_like_login(arena, link, brand);
    }
    e.strange = e.strange && !home;
    return e;
}

/* The claim --------------------------------------------------------------------------------------------------------- */

static void
add(struct seen *seen, const struct brand *brand, unsigned look, unsigned points)
{
    if (brand != NULL && (seen->brand == NULL || are_kin(seen->brand, brand))) {
        seen->brand = seen->brand == NULL ? brand : seen->brand;
        seen->look |= look;
        seen->points += points;
    }
}

void
phishing_read_look(struct arena *arena, struct brands *brands, const struct letter *letter,
                   struct phishing *p)
{
    struct bytes domain =
        letter->from.address_count > 0 ? letter->from.addresses[0].domain : BYTES_NONE;
    struct seen seen = {0};

    if (domain.size == 0 || letter->link_count == 0) {
        return;
    }
    add(&seen, p->issuer, PHISHING_ISSUER, LOOK_ISSUER);
    add(&seen, login_of_links(arena, brands, letter), PHISHING_LOGIN, LOOK_LOGIN);
    add(&seen, mark_of(arena, brands, letter), PHISHING_MARK, LOOK_MARK);
    add(&seen, owner_of_pictures(brands, letter), PHISHING_PICTURE, LOOK_PICTURE);
    if (seen.brand == NULL || phishing_proves(seen.brand, p->origin)) {
        return;
    }
    struct elsewhere e = read_elsewhere(arena, letter, seen.brand, domain);
    unsigned pressures = p->pressures < LOOK_PRESSURES ? p->pressures : LOOK_PRESSURES;
    unsigned points = seen.points + pressures + (e.login ? 1 : 0);
    unsigned needed = seen.points > 1 ? LOOK_NEEDED : LOOK_NEEDED_MORE;
    bool presses = e.login || pressures >= LOOK_PRESSURES || (pressures > 0 && e.strange);
    if (!e.any || !presses || points < needed) {
        return;
    }
    double weight = BY_LOOK + BY_LOOK_EACH * (points - needed);
    p->claim = PHISHING_BY_LOOK;
    p->look = seen.look;
    p->weight = weight < BY_LOOK_MOST ? weight : BY_LOOK_MOST;
    p->brand = seen.brand->name;
    p->true_domain = seen.brand->domain;
    p->seen_domain = domain;
    p->said = (seen.look & PHISHING_ISSUER) != 0 ? p->issuer_said : BYTES_NONE;
}
