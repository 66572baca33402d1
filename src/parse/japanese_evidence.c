#include "parse/japanese_private.h"

#include "base/utf8.h"

/* The letters of the Japanese school years (kyoiku kanji) and those that names, dates and business mail add: they are
 * nine in ten of all kanji in running text. */
static const char16_t usual_kanji[] =
    u"一右雨円王音下火花貝学気九休玉金空月犬見五口校左三山子四糸字耳七車手十出女小上森人水"
    u"正生青夕石赤千川先早草足村大男"
    u"竹中虫町天田土二日入年白八百文木本名目立力林六引羽雲園遠何科夏家歌画回会海絵外角楽活"
    u"間丸岩顔汽記帰弓牛魚京強教近兄"
    u"形計元言原戸古午後語工公広交光考行高黄合谷国黒今才細作算止市矢姉思紙寺自時室社弱首秋"
    u"週春書少場色食心新親図数西声星"
    u"晴切雪船線前組走多太体台地池知茶昼長鳥朝直通弟店点電刀冬当東答頭同道読内南肉馬売買麦"
    u"半番父風分聞米歩母方北毎妹万明"
    u"鳴毛門夜野友用曜来里理話悪安暗医委意育員院飲運泳駅央横屋温化荷界開階寒感漢館岸起期客"
    u"究急級宮球去橋業曲局銀区苦具君"
    u"係軽血決研県庫湖向幸港号根祭皿仕死使始指歯詩次事持式実写者主守取酒受州拾終習集住重宿"
    u"所暑助昭消商章勝乗植申身神真深"
    u"進世整昔全相送想息速族他打対待代第題炭短談着注柱丁帳調追定庭笛鉄転都度投豆島湯登等動"
    u"童農波配倍箱畑発反坂板皮悲美鼻"
    u"筆氷表秒病品負部服福物平返勉放味命面問役薬由油有遊予羊洋葉陽様落流旅両緑礼列練路和愛"
    u"案以衣位茨印英栄媛塩岡億加果貨"
    u"課芽賀改械害街各覚潟完官管関観願岐希季旗器機議求泣給挙漁共協鏡競極熊訓軍郡群径景芸欠"
    u"結建健験固功好香候康佐差菜最埼"
    u"材崎昨札刷察参産散残氏司試児治滋辞鹿失借種周祝順初松笑唱焼照城縄臣信井成省清静席積折"
    u"節説浅戦選然争倉巣束側続卒孫帯"
    u"隊達単置仲沖兆低底的典伝徒努灯働特徳栃奈梨熱念敗梅博阪飯飛必票標不夫付府阜富副兵別辺"
    u"変便包法望牧末満未民無約勇要養"
    u"浴利陸良料量輪類令冷例連老労録圧囲移因永営衛易益液演応往桜可仮価河過快解格確額刊幹慣"
    u"眼紀基寄規喜技義逆久旧救居許境"
    u"均禁句型経潔件険検限現減故個護効厚耕航鉱構興講告混査再災妻採際在財罪殺雑酸賛士支史志"
    u"枝師資飼示似識質舎謝授修述術準"
    u"序招証象賞条状常情織職制性政勢精製税責績接設絶祖素総造像増則測属率損貸態団断築貯張停"
    u"提程適統堂銅導得毒独任燃能破犯"
    u"判版比肥非費備評貧布婦武復複仏粉編弁保墓報豊防貿暴脈務夢迷綿輸余容略留領歴胃異遺域宇"
    u"映延沿恩我灰拡革閣割株干巻看簡"
    u"危机揮貴疑吸供胸郷勤筋系敬警劇激穴券絹権憲源厳己呼誤后孝皇紅降鋼刻穀骨困砂座済裁策冊"
    u"蚕至私姿視詞誌磁射捨尺若樹収宗"
    u"就衆従縦縮熟純処署諸除承将傷障蒸針仁垂推寸盛聖誠舌宣専泉洗染銭善奏窓創装層操蔵臓存尊"
    u"退宅担探誕段暖値宙忠著庁頂腸潮"
    u"賃痛敵展討党糖届難乳認納脳派拝背肺俳班晩否批秘俵腹奮並陛閉片補暮宝訪亡忘棒枚幕密盟模"
    u"訳郵優預幼欲翌乱卵覧裏律臨朗論"
    u"込頃頼願致絡迎替払込誰彼僕俺君貴御殿枠稿携帯募抽凍却含換掲載稼獲得債詐欺偽振舞離婚恋"
    u"嬢慰謝迷惑避戻遅延催促督訴訟緊"
    u"急為丈夫既婚寂齢介護離縁超即暇渡込挑戦爆弾脅迫銃撃刺騙拳伊藤斎佐渡辺鈴高橋吉井阿部柴"
    u"沢澤坂越々〇繋悩販雇契斐阻握及";

enum { WEIGHT_NONE, WEIGHT_LEVEL_1, WEIGHT_USUAL };

/* What is known of each ideograph from U+4E00 on. */
static uint8_t ideographs[0xa000 - 0x4e00];

static bool made;

static void
ideographs_make(void)
{
    if (made) {
        return;
    }
    made = true;
    for (unsigned row = 15; row < 47; row++) {
        for (unsigned column = 0; column < 94; column++) {
            unsigned c = japanese_0208[row][column];
            if (c >= 0x4e00 && c < 0xa000) {
                ideographs[c - 0x4e00] = WEIGHT_LEVEL_1;
            }
        }
    }
    for (const char16_t *c = usual_kanji; *c != 0; c++) {
        if (*c >= 0x4e00 && *c < 0xa000) {
            ideographs[*c - 0x4e00] = WEIGHT_USUAL;
        }
    }
}

/* Logarithms of likelihood in 1/16 bits, by kind of character, from the shares of the kinds in Japanese mail (kana
 * six in ten, kanji three) divided by the number of letters of the kind. */
enum {
    LIKELY_ASCII = -6 * 16,
    LIKELY_KANA = -7 * 16 - 8,
    LIKELY_KANJI = -11 * 16 - 11,
    LIKELY_LEVEL_1 = -16 * 16 - 10,
    LIKELY_RARE = -21 * 16 - 11,
    LIKELY_HALF_KANA = -6 * 16 - 5,
    LIKELY_HALF_KANA_FIRST = -12 * 16 - 10,
    LIKELY_WIDE = -12 * 16,
    LIKELY_SYMBOL = -16 * 16,
    LIKELY_FOREIGN = -17 * 16,
    LIKELY_PRIVATE = -28 * 16,
    LIKELY_BROKEN = -32 * 16,
    LIKELY_LATIN = -9 * 16,        /* an accented letter beside a plain one */
    LIKELY_LATIN_CROWD = -13 * 16, /* beside another accented one or a sign */
    LIKELY_OWN = -8 * 16,          /* of an alphabet in a charset made for it */
    LIKELY_OWN_IDEOGRAPH = -13 * 16,
    LIKELY_OWN_SYLLABLE = -10 * 16,
};

bool
japanese_is_usual(uint32_t c)
{
    ideographs_make();
    return c >= 0x4e00 && c < 0xa000 && ideographs[c - 0x4e00] == WEIGHT_USUAL;
}

static int
likely_ideograph(uint32_t c, enum japanese_reading reading)
{
    if (c < 0xa000) {
        uint8_t weight = ideographs[c - 0x4e00];
        if (weight == WEIGHT_USUAL) {
            return LIKELY_KANJI;
        }
        if (weight == WEIGHT_LEVEL_1 && reading == JAPANESE_OWN) {
            return LIKELY_LEVEL_1;
        }
    }
    return reading != JAPANESE_OWN ? LIKELY_OWN_IDEOGRAPH : LIKELY_RARE;
}

static int
likely_latin(uint32_t c, uint32_t before)
{
    bool letter = (c >= 0xc0 && c != 0xd7 && c != 0xf7) || c == 0xaa || c == 0xba;
    bool plain = before < 0x80;

    if (c < 0xa0) {
        return LIKELY_BROKEN;
    }
    if (c == 0xa0 || (letter && plain)) {
        return LIKELY_LATIN;
    }
    return LIKELY_LATIN_CROWD;
}

static int
likely(uint32_t c, uint32_t before, enum japanese_reading reading)
{
    if (c < 0x80) {
        return c >= 0x20 || c == '\n' || c == '\r' || c == '\t' ? LIKELY_ASCII
                                                                : LIKELY_BROKEN;
    }
    if (c < 0x180) {
        return likely_latin(c, before);
    }
    if (c < 0x2000) { /* Greek, Cyrillic, Hebrew, Arabic, Thai and others */
        return reading != JAPANESE_OWN ? LIKELY_OWN : LIKELY_SYMBOL;
    }
    if (c < 0x3000) {
        return c >= 0x2010 && c < 0x2030 ? LIKELY_WIDE : LIKELY_SYMBOL;
    }
    if (c < 0x3100) {
        return c >= 0x3040 || c <= 0x3002 || c == 0x300c || c == 0x300d ? LIKELY_KANA
                                                                        : LIKELY_WIDE;
    }
    if (c >= 0x4e00 && c < 0xa000) {
        return likely_ideograph(c, reading);
    }
    if (c >= 0xac00 && c < 0xd7a4) {
        return reading != JAPANESE_OWN ? LIKELY_OWN_SYLLABLE : LIKELY_FOREIGN;
    }
    if (c >= 0xff61 && c < 0xffa0) {
        return before >= 0xff61 && before < 0xffa0 ? LIKELY_HALF_KANA
                                                   : LIKELY_HALF_KANA_FIRST;
    }
    if (c >= 0xff00 && c < 0xff61) {
        return LIKELY_WIDE;
    }
    if (c == UTF8_REPLACEMENT) {
        return LIKELY_BROKEN;
    }
    if (c >= 0xe000 && c < 0xf900) {
        return LIKELY_PRIVATE;
    }
    return c >= 0x1f000 && c < 0x20000 ? LIKELY_WIDE : LIKELY_RARE;
}

bool
japanese_has_kana(struct bytes utf8)
{
    size_t kana = 0, letters = 0;
    uint32_t c;

    for (size_t at = 0; at < utf8.size;) {
        size_t size = utf8_get(utf8, at, &c);
        letters += size > 0 && c >= 0x3040;
        kana += size > 0 && c >= 0x3040 && c < 0x3100;
        at += size > 0 ? size : 1;
    }
    return kana > 0 && kana * 4 >= letters;
}

int64_t
japanese_plausible(struct bytes utf8, enum japanese_reading reading)
{
    int64_t sum = 0;
    uint32_t before = ' ';

    ideographs_make();
    for (size_t at = 0; at < utf8.size;) {
        uint32_t c = UTF8_REPLACEMENT;
        size_t size = utf8_get(utf8, at, &c);
        if (size == 0) {
            c = UTF8_REPLACEMENT;
            size = 1;
        }
        sum += likely(c, before, reading);
        before = c;
        at += size;
    }
    return sum;
}
