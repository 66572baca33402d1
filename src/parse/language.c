#include "parse/language_private.h"

#include <uchar.h>

#include "base/utf8.h"
#include "parse/japanese_private.h"

/* The letters that make up three quarters of running text, and those of mail about accounts and money. */
static const char16_t usual_simplified[] =
    u"的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下"
    u"自之年过发后作里用道"
    u"行所然家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开"
    u"但因只从想实日军者"
    u"意无力它与长把机十民第公此已工使情明性知全三又关点正业外将两高间由问很最重并物手应战"
    u"向头文体政美相见被利"
    u"什二等产或新己制身果加西斯月话合回特代内信表化老给世位次度门任常先海通教儿原东声提立"
    u"及比员解水名真论处走"
    u"义各入几口认条平系气题活尔更别打女变四神总何电数安少报才结反受目太量再感建务做接必场"
    u"件计管期市直德资命山"
    u"金指克许统区保至队形社便空决治展马科司五基眼书非则听白却界达光放强即像难且权思王象完"
    u"设式色路记南品住告类"
    u"求据程北边死张该交规万取拉格望觉术领共确传师观清今切院让识候带导争运您请帐账户密码银"
    u"行票税优惠价格联系邮箱"
    u"址注册验证登录客服亲需供质货购买卡付款额贷微扫费免";
static const char16_t usual_traditional[] =
    u"的一是不了在人有我他這個們中來上大為和國地到以說時要就出會可也你對生能而子那得於著下"
    u"自之年過發後作裡用道"
    u"行所然家種事成方多經麼去法學如都同現當沒動面起看定天分還進好小部其些主樣理心她本前開"
    u"但因只從想實日軍者"
    u"意無力它與長把機十民第公此已工使情明性知全三又關點正業外將兩高間由問很最重並物手應戰"
    u"向頭文體政美相見被利"
    u"什二等產或新己制身果加西斯月話合回特代內信表化老給世位次度門任常先海通教兒原東聲提立"
    u"及比員解水名真論處走"
    u"義各入幾口認條平系氣題活爾更別打女變四神總何電數安少報才結反受目太量再感建務做接必場"
    u"件計管期市直德資命山"
    u"金指克許統區保至隊形社便空決治展馬科司五基眼書非則聽白卻界達光放強即像難且權思王象完"
    u"設式色路記南品住告類"
    u"求據程北邊死張該交規萬取拉格望覺術領共確傳師觀清今切院讓識候帶導爭運您請帳戶密碼銀行"
    u"票稅優惠價格聯絡郵箱"
    u"址註冊驗證登錄客服親需供質貨購買卡付款額貸微掃費免號";
static const char16_t usual_korean[] =
    u"이다는을가에의고하지도를은서한로기사자으인나대해있아어시그리수만일전들부정보제상주장"
    u"면스안게것과라았었"
    u"니요습합않없되성원여국동구세오경우문방공조신관모화소적개연입비미무선물년월회생간용등"
    u"위분중말내통유까위해"
    u"결던데명모바발백번별본불살새생설세손순식실심악약양업열영예온와왔외운음임적점정조족종"
    u"좋죄주죽준중즉지직"
    u"진질집차참처천첫청체초최추출치타태터토트특파편평포표품피필학할함항해행향현형호혹확환"
    u"활황회후흐희계좌"
    u"메금액은행카드확인안녕님께네크름람령례류르른릴마막매머먼며몇및받저접절줄";

enum {
    KNOWN_GB_1 = 1,
    KNOWN_GB_2 = 2,
    KNOWN_SIMPLIFIED = 4,
    KNOWN_TRADITIONAL = 8,
    KNOWN_JIS = 16,
};

static uint8_t ideographs[0xa000 - 0x4e00];
enum { SYLLABLE_NONE, SYLLABLE_KS, SYLLABLE_USUAL };
static uint8_t syllables[0xd7a4 - 0xac00];
static bool made;

static void
know(unsigned c, uint8_t what)
{
    if (c >= 0x4e00 && c < 0xa000) {
        ideographs[c - 0x4e00] |= what;
    }
}

static void
make(void)
{
    if (made) {
        return;
    }
    for (unsigned row = 15; row < 94; row++) {
        for (unsigned column = 0; column < 94; column++) {
            know(japanese_gb2312[row][column], row < 55 ? KNOWN_GB_1 : KNOWN_GB_2);
            know(japanese_0208[row][column], KNOWN_JIS);
            unsigned c = japanese_ksx1001[row][column];
            if (c >= 0xac00 && c < 0xd7a4) {
                syllables[c - 0xac00] = SYLLABLE_KS;
            }
        }
    }
    for (const char16_t *c = usual_simplified; *c != 0; c++) {
        know(*c, KNOWN_SIMPLIFIED);
    }
    for (const char16_t *c = usual_traditional; *c != 0; c++) {
        know(*c, KNOWN_TRADITIONAL);
    }
    for (const char16_t *c = usual_korean; *c != 0; c++) {
        if (*c >= 0xac00 && *c < 0xd7a4) {
            syllables[*c - 0xac00] = SYLLABLE_USUAL;
        }
    }
    made = true;
}

/* In 1/16 bits. */
enum {
    LIKELY_ASCII = -6 * 16,
    LIKELY_USUAL = -8 * 16 - 8,
    LIKELY_KNOWN = -13 * 16,
    LIKELY_SECOND = -16 * 16,
    LIKELY_RARE = -20 * 16,
    LIKELY_MARK = -10 * 16,
    LIKELY_SYMBOL = -16 * 16,
    LIKELY_PRIVATE = -28 * 16,
    LIKELY_BROKEN = -32 * 16,
    TOUCHES_ASCII = -5 * 16, /* a letter of another script inside a word of ASCII */
};

static int
likely_ideograph(uint32_t c, enum language language)
{
    uint8_t known = c >= 0x4e00 && c < 0xa000 ? ideographs[c - 0x4e00] : 0;

    if (language == LANGUAGE_KOREAN) {
        return LIKELY_RARE;
    }
    if (language == LANGUAGE_CHINESE) {
        return (known & KNOWN_SIMPLIFIED) != 0 ? LIKELY_USUAL
               : (known & KNOWN_GB_1) != 0     ? LIKELY_KNOWN
               : (known & KNOWN_GB_2) != 0     ? LIKELY_SECOND - 2 * 16
                                               : LIKELY_RARE - 2 * 16;
    }
    return (known & KNOWN_TRADITIONAL) != 0          ? LIKELY_USUAL
           : (known & (KNOWN_GB_1 | KNOWN_JIS)) != 0 ? LIKELY_KNOWN - 16
                                                     : LIKELY_SECOND;
}

/* The letters of Russian by their shares, from U+0430 on. */
static const uint8_t cyrillic_cost[] = {58,  95, 72,  94,  81,  57, 109, 95,  60,  102, 77,
                                        72,  79, 62,  51,  83,  71, 67,  64,  84,  134, 106,
                                        122, 99, 115, 127, 180, 92, 94,  134, 118, 90};

static bool
is_lower_cyrillic(uint32_t c)
{
    return c >= 0x430 && c < 0x460;
}

static bool
is_cyrillic(uint32_t c)
{
    return c >= 0x400 && c < 0x500;
}

static int
likely_cyrillic(uint32_t c, uint32_t before)
{
    int touches = before < 0x80 && ascii_letter((uint8_t)before) ? 2 * TOUCHES_ASCII : 0;

    if (is_lower_cyrillic(c)) {
        int cost = c < 0x450 ? cyrillic_cost[c - 0x430] : 7 * 16;
        return touches - cost;
    }
    if (c >= 0x410 && c < 0x430) { /* a capital belongs to the beginning, or to capitals */
        int extra = is_lower_cyrillic(before) ? 7 * 16 : is_cyrillic(before) ? 16 : 3 * 16;
        return touches - cyrillic_cost[c - 0x410] - extra;
    }
    return touches - 10 * 16;
}

static int
likely_asian(uint32_t c, uint32_t before, enum language language)
{
    int touches = before < 0x80 && ascii_letter((uint8_t)before) ? TOUCHES_ASCII : 0;

    if (c >= 0xac00 && c < 0xd7a4) {
        uint8_t known = syllables[c - 0xac00];
        if (language != LANGUAGE_KOREAN) {
            return LIKELY_RARE;
        }
        return touches + (known == SYLLABLE_USUAL ? LIKELY_USUAL
                          : known == SYLLABLE_KS  ? LIKELY_KNOWN
                                                  : LIKELY_RARE);
    }
    if ((c >= 0x3400 && c < 0xa000) || (c >= 0xf900 && c < 0xfb00) || c >= 0x20000) {
        return touches + likely_ideograph(c, language);
    }
    if (c >= 0x3000 && c < 0x3003) {
        return LIKELY_MARK;
    }
    return c >= 0xff00 && c < 0xff61 ? LIKELY_MARK : LIKELY_SYMBOL;
}

static int
likely(uint32_t c, uint32_t before, enum language language)
{
    if (c < 0x80) {
        bool touches = ascii_letter((uint8_t)c) && before >= 0x400 && before != ' ';
        if (c < 0x20 && c != '\n' && c != '\r' && c != '\t') {
            return LIKELY_BROKEN;
        }
        return LIKELY_ASCII + (touches ? TOUCHES_ASCII : 0);
    }
    if (c == UTF8_REPLACEMENT || (c < 0xa0)) {
        return LIKELY_BROKEN;
    }
    if (c >= 0xe000 && c < 0xf900) {
        return LIKELY_PRIVATE;
    }
    if (c >= 0x2010 && c < 0x2030) {
        return LIKELY_MARK;
    }
    if (language == LANGUAGE_CYRILLIC) {
        return is_cyrillic(c) ? likely_cyrillic(c, before)
               : c < 0x100    ? LIKELY_MARK
                              : LIKELY_SYMBOL;
    }
    return c < 0x3000 ? LIKELY_SYMBOL : likely_asian(c, before, language);
}

int64_t
language_plausible(struct bytes utf8, enum language language)
{
    int64_t sum = 0;
    uint32_t before = ' ';

    make();
    for (size_t at = 0; at < utf8.size;) {
        uint32_t c = UTF8_REPLACEMENT;
        size_t size = utf8_get(utf8, at, &c);
        if (size == 0) {
            c = UTF8_REPLACEMENT;
            size = 1;
        }
        sum += likely(c, before, language);
        before = c;
        at += size;
    }
    return sum;
}
