#include "judge/sender_law_private.h"

#include "base/why.h"

#include <string.h>

/* Spelled in normal form: NFKC, lower case. Longer words may begin like shorter ones; the longest counts. One row a group. */
/* clang-format off */
static const struct {
    unsigned word;
    const char *const *spellings;
} rows[] = {
#define ROW(word, ...) {word, (const char *const[]){__VA_ARGS__, NULL}}
    ROW(LAW_WORD_NONE, "よくあるご質問", "よくある質問", "よくあるお問い合わせ", "配信停止中", "制限解除", "利用停止", "利用の停止", "利用を停止", "一時停止", "販売停止", "販売を停止", "営業停止", "取引停止", "口座停止", "アカウント停止", "アカウントの停止", "受付停止", "運転停止", "停止中", "制限を解除", "制限の解除", "ロック解除", "ロックを解除", "ロックの解除", "予約解除", "契約解除", "警報解除", "お申し込みありがとう", "問い合わせ殺到", "お問い合わせ殺到",
        "お問い合わせが殺到", "無料でお問い合わせ", "在庫のお問い合わせ", "no questions asked", "メールアドレス", "無料会員", "送料無料対象外"),
    ROW(LAW_WORD_REFUSE, "配信停止", "配信を停止", "配信の停止", "配信の中止", "配信中止", "配信を中止", "配信解除", "配信の解除", "配信を解除", "配信拒否",
        "配信を拒否", "配信の拒否", "配信不要", "配信が不要", "配信がご不要", "配信ご不要", 
        "配信を止め", "配信をやめ", "配信を取りやめ", "受信拒否", "受信を拒否", "受信の拒否", "受信停止", "受信を停止", "受信の停止",
        "受信解除", "受信を解除", "受信をやめ", "受信を望まれ", 
        "受け取りを停止", "受取拒否", "受け取りたくない", "受信したくない", "受け取りを拒否", "購読解除", "購読の解除", "購読を解除", "購読停止", "購読の停止", "購読を停止",
        "購読中止", "購読の中止", "購読を中止", "購読をやめ", "購読を止め", "登録解除", "登録の解除", "登録を解除", "登録を取り消", "登録抹消", "登録の抹消", "解除手続",
        "解除のお手続", "解除は", "解除を希望", "解除をご希望", "解除希望", "解除される", "解除する", "解除できます", "解除ができます", "解除方法", "解除フォーム", "解除ページ", "メルマガ解除", "メルマガの解除", "メルマガを解除",
        "メール解除", "オプトアウト", "オプト・アウト", "メールが不要", "メールがご不要", "メール不要", "メールをご不要", "メールは不要", "ご案内が不要", "ご案内がご不要", "案内が不要", "案内がご不要",
        "ご案内不要", "案内不要", "お知らせが不要", "情報が不要", "送信停止", "送信を停止", "送信の停止", "送信を拒否", 
        "送付停止", "送付を停止", "停止希望", "停止を希望", "停止をご希望", "停止手続", "停止のお手続", "停止は", "退会は", "退会希望", "退会をご希望", "退会を希望", "退会手続", "退会のお手続", "退会される", "メルマガ退会",
        "メルマガの退会", "退会", "解除", "停止", "変更・停止", "変更や停止", "変更・解除", "変更・退会", "停止・変更", "解除・変更", "変更/停止", "変更/解除", "登録・解除", "登録/解除", "変更・配信停止", "不要の際", "ご不要の際", "不要な際", "ご不要な際", "不要になった", "不要となった", "拒否される方", "拒否の通知", "拒否通知", "お断りになる", "メールを止め", "メールを停止", "メールの停止", "メール停止", 
        "希望されない", "希望されません", "希望なさらない", "希望しない", "希望でない", "望まれない", "今後不要", "不要の方は", "不要な方は", "不要の方へ", "ご不要の方", "ご不要な方", "不要の場合は", "ご不要の場合", "不要な場合は", "ご不要な場合", "ご不要でしたら",
        "unsubscribe", "unsubscribing", "unsubscribed", "opt out", "opt-out", "optout", "opting out", "stop receiving", "stop getting", "no longer wish to receive", "no longer want to receive",
        "no longer wish to hear", "no longer want to hear", "do not wish to receive", "don't wish to receive", "don't want to receive", "do not want to receive", "don’t want to receive",
        "rather not receive", "prefer not to receive", "remove me", "be removed from", "remove yourself", "remove your address", "stop these emails", "stop these e-mails", "stop emails", "stop future"),
    ROW(LAW_WORD_SETTINGS, "配信設定", "受信設定", "メール設定", "購読設定", "メルマガ設定", "通知設定", "登録内容の変更", "登録情報の変更", "email preferences", "e-mail preferences", "mail preferences",
        "manage preferences", "manage your preferences", "manage subscription", "manage your subscription", "update your preferences", "subscription preferences", "preference center", "preferences"),
    ROW(LAW_WORD_REPLY, "返信", "reply", "replying"),
    ROW(LAW_WORD_BELOW, "下記", "以下の", "以下よ", "以下ま", "以下へ", "以下に", "次の", "below", "following"),
    ROW(LAW_WORD_ABOVE, "上記", "上の", "above"),
    ROW(LAW_WORD_HERE, "こちら", "コチラ", "click here", "here", "クリック"),
    ROW(LAW_WORD_ASK, "お問い合わせ", "お問合せ", "お問合わせ", "お問い合せ", "おといあわせ", "お問い合わせ先", "お問合せ先", "問い合わせ", "問合せ", "問合わせ", "問い合せ", "ご質問", "ご意見", "ご要望", "ご感想", "ご不明", "苦情", "クレーム", "ご相談", "ご連絡先", "連絡先", "お客様センター",
        "お客様相談", "お客さま相談", "お客様窓口", "お客さま窓口", "お客様サポート", "お客さまセンター", "カスタマーサポート", "カスタマーセンター", "カスタマーサービス", "サポートセンター", "サポート窓口", "サポートデスク", "サポート:", "相談窓口", "相談室", "受付窓口", "窓口:", "窓口は", "窓口", "ヘルプデスク", "コールセンター", "ヘルプ:",
        "contact us", "contact:", "contact", "customer service", "customer support", "customer care", "support:", "support team", "help desk", "helpdesk", "help center", "help centre", "questions", "question", "complaints", "complaint", "inquiries", "inquiry",
        "enquiries", "enquiry", "feedback", "get in touch", "write to us", "call us"),
    ROW(LAW_WORD_CALL, "tel", "電話", "お電話", "代表電話", "電話番号", "phone", "telephone", "e-mail", "email", "mail", "メール", "eメール", "toll free", "toll-free", "フリーダイヤル", "ナビダイヤル", "℡"),
    ROW(LAW_WORD_ORDER, "ご注文", "注文", "お申し込み", "お申込み", "お申込", "申込", "申し込み", "ご予約", "予約", "資料請求", "ご応募", "応募", "ご購入", "購入", "お買い求め", "エントリー", "ご登録", "ご利用は", "お取り寄せ", "求人",
        "order", "orders", "book now", "reserve", "reservations", "sign up", "apply"),
    ROW(LAW_WORD_ELSEWHERE, "会場", "開催地", "開催場所", "場所", "物件", "現地", "集合", "お届け先", "配送先", "送付先", "発送先", "返送先", "返品先", "勤務地", "ご住所", "お客様の住所", "請求先", "会場住所", "アクセス",
        "venue", "location", "ship to", "shipping address", "deliver to", "delivery address", "billing address", "bill to", "your address"),
    ROW(LAW_WORD_ADDRESSEE, "御中", "各位", "ご担当者様", "ご担当者さま", "ご担当者", "担当者様", "お客様へ", "さまへ", "様へ", "dear"),
    ROW(LAW_WORD_COMPANY, "株式会社", "(株)", "有限会社", "(有)", "合同会社", "(同)", "合資会社", "合名会社", "相互会社", "一般社団法人", "公益社団法人", "一般財団法人", "公益財団法人", "社団法人", "財団法人", "医療法人", "学校法人", "社会福祉法人", "協同組合", "生活協同組合", "信用金庫", "npo法人",
        "特定非営利活動法人", "税理士法人", "弁護士法人", "監査法人", "inc", "incorporated", "llc", "l.l.c", "ltd", "limited", "corp", "corporation", "gmbh", "k.k", "kk", "plc", "pty", "b.v", "s.a", "s.a.r.l", "co.", "company, inc"),
    ROW(LAW_WORD_SENDER, "メルマガ発行者", "メルマガ発行元", "メルマガ発行", "メール送信者", "メール配信元", "メール発行者", "メール発行元", "送信者", "送信元", "配信者", "配信元", "発行者", "発行元", "発行人", "発行", "発信者", "発信元", "運営", "運営元", "運営者", "運営責任者", "運営統括責任者", "統括責任者", "発行責任者", "配信責任者", "編集責任者", "販売責任者", "販売業者", "販売者", "販売元", "販売事業者", "事業者", "事業者名", "会社名", "屋号", "社名", "店名", "店舗名", "ショップ名", "販売会社", "広告主", "主催", "主催者", "代表者", "代表取締役",
        "代表", "店主", "責任者", "差出人", "氏名", "氏名又は名称", "sent by", "sender", "published by", "publisher", "brought to you by", "from the team at"),
    ROW(LAW_WORD_COPYRIGHT, "©", "(c)", "copyright", "all rights reserved"),
    ROW(LAW_WORD_POSTAL, "住所", "所在地", "本社", "本店", "事務所", "〒", "郵便番号", "本社所在地", "address", "headquarters"),
    ROW(LAW_WORD_PLACE, "北海道", "青森県", "岩手県", "宮城県", "秋田県", "山形県", "福島県", "茨城県", "栃木県", "群馬県", "埼玉県", "千葉県", "東京都", "神奈川県", "新潟県", "富山県", "石川県", "福井県", "山梨県", "長野県", "岐阜県", "静岡県", "愛知県",
        "三重県", "滋賀県", "京都府", "大阪府", "兵庫県", "奈良県", "和歌山県", "鳥取県", "島根県", "岡山県", "広島県", "山口県", "徳島県", "香川県", "愛媛県", "高知県", "福岡県", "佐賀県", "長崎県", "熊本県", "大分県", "宮崎県", "鹿児島県", "沖縄県",
        "札幌市", "仙台市", "さいたま市", "千葉市", "横浜市", "川崎市", "相模原市", "新潟市", "静岡市", "浜松市", "名古屋市", "京都市", "大阪市", "堺市", "神戸市", "岡山市", "広島市", "北九州市", "福岡市", "熊本市",
        "千代田区", "中央区", "港区", "新宿区", "文京区", "台東区", "墨田区", "江東区", "品川区", "目黒区", "大田区", "世田谷区", "渋谷区", "中野区", "杉並区", "豊島区", "荒川区", "板橋区", "練馬区", "足立区", "葛飾区", "江戸川区"),
    ROW(LAW_WORD_STREET, "street", "st", "avenue", "ave", "road", "rd", "boulevard", "blvd", "suite", "drive", "lane", "parkway", "pkwy", "highway", "square", "plaza", "way", "ku", "shi", "cho", "machi", "chome"),
    ROW(LAW_WORD_LAND, "japan", "tokyo", "osaka", "kyoto", "nagoya", "yokohama", "kanagawa", "fukuoka", "sapporo", "kobe", "usa", "u.s.a", "united states", "uk", "united kingdom", "england", "london", "canada", "australia", "singapore", "hong kong", "germany", "berlin", "france", "paris", "ireland", "dublin", "netherlands", "amsterdam", "new york", "california"),
    ROW(LAW_WORD_PROFILE, "会社概要", "会社案内", "会社情報", "企業情報", "企業概要", "会社紹介", "店舗概要", "運営会社", "運営会社情報", "運営会社概要", "運営元情報", "about us", "company information", "company info", "company profile", "corporate information", "corporate profile"),
    ROW(LAW_WORD_DISCLOSE, "特定商取引", "特定商取引法", "特定商取引法に基づく表記", "特定商取引に関する法律", "特商法", "特商法表記", "通信販売法", "運営者情報", "発行者情報", "送信者情報", "事業者情報", "発行元情報", "配信元情報", "配信者情報", "特定電子メール法に基づく表示", "特定電子メール法に基づく表記", "imprint", "impressum", "legal notice"),
    ROW(LAW_WORD_CANNOT, "できません", "出来ません", "できかねます", "致しかねます", "いたしかねます", "しかねます", "応じかねます", "受け付けておりません", "受け付けていません", "受付けておりません", "受付ておりません", "受付しておりません", "承っておりません", "行っておりません", "おりません", "対応しておりません", "cannot", "can not", "can't", "not possible", "not monitored", "unable to"),
    ROW(LAW_WORD_ADVERT, "キャンペーン", "セール", "%off", "% off", "割引", "クーポン", "送料無料", "ポイント2倍", "ポイント3倍", "ポイント5倍", "ポイント10倍", "ポイント還元", "お買い得", "お買得", "お得", "特価", "特別価格", "激安", "半額", "値下げ", "期間限定", "数量限定", "先着", "今だけ", "今なら", "無料プレゼント", "無料体験", "無料相談", "無料登録", "無料会員登録", "新商品", "新発売",
        "新製品", "発売中", "好評発売", "販売開始", "詳しくはこちら", "詳細はこちら", "お試し", "おすすめ", "オススメ", "人気商品", "副業", "稼げる", "高収入", "儲かる", "会員募集", "出会い", "セミナーのご案内", "サービスのご案内", "商品のご案内", "新サービス", "ご提案", "導入事例",
        "広告", "pr:", "【pr】", "円(税込)", "円(税別)", "税込価格", "ご優待", "優待", "福袋", "お見逃し", "資料ダウンロード", "ウェビナー", "展示会", "当選", "sale", "discount", "coupon", "promo code", "special offer", "limited time", "limited offer", "free shipping", "free trial", "buy now", "shop now", "order now", "save up to", "new arrivals", "best price", "deal", "deals", "exclusive offer", "earn money"),
    ROW(LAW_WORD_ADVERT | LAW_WORD_ORDER, "お申し込みはこちら", "お申込みはこちら", "ご購入はこちら", "購入はこちら", "ご注文はこちら", "資料請求はこちら", "ご予約はこちら", "ご応募はこちら"),
    ROW(LAW_WORD_CONTRACT, "ご注文ありがとう", "ご注文いただき", "ご注文頂き", "ご注文の確認", "ご注文確認", "注文確認", "注文を受け付け", "ご注文を承", "注文内容", "ご注文内容", "ご注文番号", "注文番号", "ご購入ありがとう", "お買い上げありがとう", "お買い上げいただき", "発送のお知らせ", "発送完了", "発送しました", "発送いたしました", "出荷のお知らせ", "配送のお知らせ", "お届け予定", "配達のお知らせ", "ご請求金額", "ご請求額", "ご請求のお知らせ", "請求書をお送り", "請求書の送付", "請求書送付",
        "領収書をお送り", "領収書の送付", "ご利用明細", "利用明細", "お支払いの確認", "お支払いを確認", "お支払い完了", "お支払いありがとう", "入金確認", "ご入金", "予約確認", "ご予約ありがとう", "ご予約の確認", "予約完了", "ご予約内容", "お申し込みを受け付け", "お申込みを受け付け", "お申し込み完了", "お申込み完了", "契約更新", "ご契約内容", "契約内容の変更", "認証コード", "確認コード", "ワンタイムパスワード", "パスワード再設定", "パスワードの再設定", "本登録のご案内", "会員登録完了",
        "規約改定", "規約の改定", "規約変更", "メンテナンスのお知らせ", "order confirmation", "your order", "has shipped", "shipping confirmation", "your receipt", "your invoice", "booking confirmation", "reservation confirmation", "verification code", "password reset", "reset your password", "terms of service"),
    ROW(LAW_WORD_FREE_MAIL, "do you yahoo!?", "get your free email", "get your free e-mail", "free email at", "free e-mail at", "get free email", "無料メールなら", "フリーメールなら", "無料メールサービス", "無料メールアドレスを", "フリーメールは", "sent from my"),
    ROW(LAW_WORD_SELF, "と申します", "でございます", "です", "より", "this is"),
    ROW(LAW_WORD_BOX, "私書箱", "p.o. box", "po box", "p.o.box"),
#undef ROW
};
/* clang-format on */

#define ROW_COUNT (sizeof rows / sizeof *rows)
#define BUCKETS   1024
#define SPELLINGS 1024

struct spelling {
    struct bytes text;
    unsigned word;
    const struct spelling *next; /* in its bucket, the longest first */
};

/* By the first two bytes where they are ASCII, else by three: no spelling is shorter, but for ©. */
static unsigned
bucket_of(const uint8_t *at, size_t size)
{
    if (at[0] < 0x80) {
        return size < 2 ? at[0] : (at[0] * 31u + at[1] * 7u) % BUCKETS;
    }
    return at[0] < 0xe0 || size < 3 ? at[0]
                                    : (at[0] * 5u + at[1] * 31u + at[2] * 7u) % BUCKETS;
}

static void
bucket_put(const struct spelling **bucket, struct spelling *spelling)
{
    while (*bucket != NULL && (*bucket)->text.size >= spelling->text.size) {
        bucket = (const struct spelling **)&(*bucket)->next;
    }
    spelling->next = *bucket;
    *bucket = spelling;
}

/* Filter of what spellings begin with: a character of three bytes, or two bytes. */
static uint64_t begins[(1u << 16) / 64];

static inline unsigned
begin_of(const uint8_t *at, size_t size)
{
    return at[0] >= 0xe0 && at[0] < 0xf0 && size >= 3
               ? (at[0] & 0xfu) << 12 | (at[1] & 0x3fu) << 6 | (at[2] & 0x3fu)
               : (unsigned)at[0] << 8 | (size >= 2 ? at[1] : 0u);
}

/* Made at the first question, and the program's own. */
static const struct spelling *const *
spellings(void)
{
    static const struct spelling *buckets[BUCKETS];
    static struct spelling list[SPELLINGS];
    static size_t count;

    if (count > 0) {
        return buckets;
    }
    for (size_t i = 0; i < ROW_COUNT; i++) {
        for (const char *const *word = rows[i].spellings; *word != NULL; word++) {
            SK_ASSERT(count < SPELLINGS);
            struct spelling *s = &list[count++];
            s->text = bytes_from_text(*word);
            s->word = rows[i].word;
            SK_ASSERT(s->text.size >= (s->text.at[0] < 0xe0 ? 2u : 3u));
            unsigned begin = begin_of(s->text.at, s->text.size);
            begins[begin / 64] |= UINT64_C(1) << begin % 64;
            bucket_put(&buckets[bucket_of(s->text.at, s->text.size)], s);
        }
    }
    return buckets;
}

/* An ASCII word does not begin or end within another. */
static bool
stands_alone(struct bytes text, size_t from, size_t to)
{
    uint8_t first = text.at[from], last = text.at[to - 1];

    return !((ascii_letter(first) && from > 0 && ascii_letter(text.at[from - 1])) ||
             (ascii_letter(last) && to < text.size && ascii_letter(text.at[to])));
}

static const struct spelling *
longest_at(const struct spelling *const *buckets, struct bytes text, size_t at)
{
    const struct spelling *s = buckets[bucket_of(text.at + at, text.size - at)];

    for (; s != NULL; s = s->next) {
        if (s->text.size <= text.size - at &&
            memcmp(s->text.at, text.at + at, s->text.size) == 0 &&
            stands_alone(text, at, at + s->text.size)) {
            return s;
        }
    }
    return NULL;
}

/* Not within a character, nor within a word of letters: there stands_alone would say no. */
static inline bool
may_begin(struct bytes text, size_t at)
{
    uint8_t c = text.at[at];
    if ((c & 0xc0) == 0x80 ||
        (at > 0 && ascii_letter(c) && ascii_letter(text.at[at - 1]))) {
        return false;
    }
    unsigned begin = begin_of(text.at + at, text.size - at);
    return (begins[begin / 64] >> begin % 64 & 1) != 0;
}

struct law_hit *
law_words_find(struct arena *arena, struct bytes normal, size_t *count_r)
{
    const struct spelling *const *buckets = spellings();
    struct law_hit *hits = NULL;
    size_t count = 0, room = 0;

    for (size_t at = 0; at < normal.size;) {
        const struct spelling *s =
            may_begin(normal, at) ? longest_at(buckets, normal, at) : NULL;
        if (s == NULL) {
            at++;
            continue;
        }
        if (s->word != LAW_WORD_NONE) {
            if (count == room) {
                size_t more = room == 0 ? 64 : room * 2;
                hits = arena_grow(arena, hits, room * sizeof *hits, more * sizeof *hits);
                room = more;
            }
            hits[count++] =
                (struct law_hit){.word = s->word, .from = at, .to = at + s->text.size};
        }
        at += s->text.size;
    }
    *count_r = count;
    return hits;
}
