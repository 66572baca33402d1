#include "judge/sender_law.h"

#include "base/limits.h"
#include "base/tap.h"
#include "base/writer.h"

static struct arena arena;

#define PLAIN                                                                              \
    "From: =?utf-8?B?44GV44GP44KJ?= <news@sakura.example.jp>\r\nTo: "                      \
    "hanako@rcpt.example.jp\r\n"                                                           \
    "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
#define HTML                                                                               \
    "From: news@sakura.example.jp\r\nTo: hanako@rcpt.example.jp\r\nMIME-Version: 1.0\r\n"  \
    "Content-Type: text/html; charset=utf-8\r\n"

/* The usual lines, to leave one out at a time. */
#define ADVERT "秋の大感謝セール開催中！ 全品20%OFF\nhttps://sakura.example.jp/sale\n\n"
#define NAME   "株式会社さくら商会\n"
#define POST   "〒150-0001 東京都渋谷区神宮前1-2-3 さくらビル4F\n"
#define ASK    "お問い合わせ: info@sakura.example.jp\n"
#define STOP   "メール配信停止をご希望の方はこちら\nhttps://sakura.example.jp/mm/123\n"
#define RULE   "──────────────\n"

#define ALL5 "sender_name optout_contact optout_notice postal_address complaint_contact"

struct row {
    const char *name;
    const char *head; /* PLAIN or HTML, and what else stands in the header */
    const char *subject;
    const char *body;
    const char *missing; /* names with blanks between */
};

static const struct sender_law *
law_of(const char *head, const char *subject, const char *body, bool advertisement)
{
    struct writer w;

    writer_init(&w, &arena);
    writer_text(&w, head);
    writer_text(&w, "Subject: ");
    writer_text(&w, subject);
    writer_text(&w, "\r\n\r\n");
    writer_text(&w, body);
    return sender_law_read(&arena, letter_read(&arena, writer_view(&w)), NULL,
                           advertisement);
}

static void
check(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct sender_law *law =
            law_of(rows[i].head, rows[i].subject, rows[i].body, true);
        struct writer w;
        writer_init(&w, &arena);
        for (unsigned duty = 0; duty < LAW_DUTIES; duty++) {
            if (sender_law_lacks(law, (enum law_duty)duty)) {
                writer_text(&w, w.size > 0 ? " " : "");
                writer_text(&w, law_duty_name((enum law_duty)duty));
            }
        }
        if (tap_ok(bytes_is(writer_view(&w), rows[i].missing), "%s", rows[i].name)) {
            continue;
        }
        printf("# got  %s\n# want %s\n", writer_c(&w), rows[i].missing);
        for (unsigned duty = 0; duty < LAW_DUTIES; duty++) {
            const struct law_shown *s = &law->duties[duty];
            printf("# %s %s line %zu: %.*s\n", law_duty_name((enum law_duty)duty),
                   law_display_name(s->display), s->line, BYTES_ARGUMENTS(s->said));
        }
    }
}
#define CHECK(rows) check(rows, sizeof(rows) / sizeof *(rows))

/* One left out at a time. */
static void
test_one_missing(void)
{
    static const struct row rows[] = {
        {"all five", PLAIN, "秋のセール", ADVERT RULE STOP NAME POST ASK, ""},
        {"no name", PLAIN, "秋のセール", ADVERT RULE STOP POST ASK, "sender_name"},
        {"neither notice nor contact", PLAIN, "秋のセール", ADVERT RULE NAME POST ASK,
         "optout_contact optout_notice"},
        {"a notice without a contact", PLAIN, "秋のセール",
         ADVERT RULE "配信停止をご希望の方はその旨お申し付けください。\n" RULE NAME POST
                     "電話 03-1234-5678 (お問い合わせ)\n",
         "optout_contact"},
        {"a contact without a notice", PLAIN, "秋のセール",
         ADVERT RULE "https://sakura.example.jp/unsubscribe?id=123\n" NAME POST ASK,
         "optout_notice"},
        {"no postal address", PLAIN, "秋のセール", ADVERT RULE STOP NAME ASK,
         "postal_address"},
        {"no complaint contact", PLAIN, "秋のセール", ADVERT RULE STOP NAME POST,
         "complaint_contact"},
        {"nothing", PLAIN, "秋のセール", ADVERT, ALL5},
        {"nothing at all", PLAIN, "", "", ALL5},
        {"a home page alone is no complaint contact", PLAIN, "秋のセール",
         ADVERT RULE STOP NAME POST "https://www.sakura.example.jp/\n",
         "complaint_contact"},
    };

    CHECK(rows);
}

static void
test_styles(void)
{
    static const struct row rows[] = {
        {"labels in brackets", PLAIN, "新商品のご案内",
         ADVERT
         "【発行】さくら花店\n【住所】大阪府大阪市北区梅田三丁目4番5号\n【お問合せ】TEL "
         "06-1234-5678\n【配信停止】https://hana.example.jp/kaijo\n",
         ""},
        {"a heading over each", PLAIN, "メルマガ第12号",
         ADVERT
         "■発行元\nさくら花店\n■所在地\n〒604-8001 京都市中京区木屋町通三条上る上大阪町"
         "521番地\n■ご連絡先\ninfo@hana.example.jp\n■登録解除はこちら\n"
         "https://hana.example.jp/off\n",
         ""},
        {"full width digits and kana of half width", PLAIN, "特価のご案内",
         ADVERT "（株）ｻｸﾗ商会\n〒１５０－０００１　東京都渋谷区神宮前１－２－３\n"
                "ＴＥＬ：０３－１２３４－５６７８\n配信停止：ｓｔｏｐ＠ｓａｋｕｒａ．ｅｘａ"
                "ｍｐｌｅ．ｊｐ\n",
         ""},
        {"a company that introduces itself", PLAIN, "新サービスのご案内",
         "いつもお世話になっております。株式会社さくら商会の田中です。\n新サービスのご提案"
         "です。\n"
         "今後ご案内が不要な場合は、お手数ですが本メールにその旨ご返信ください。\n"
         "--\n田中一郎\n東京都千代田区丸の内1丁目2番3号\nTEL 03-1234-5678\n",
         ""},
        {"a sole trader with his own name", PLAIN, "教室のご案内",
         ADVERT
         "発行者：山田太郎\n住所：埼玉県川口市本町1-2-3\nご質問は yamada@example.jp まで\n"
         "購読解除は https://mm.example.jp/stop から\n",
         ""},
        {"a name above the address", PLAIN, "秋のセール",
         ADVERT STOP RULE "お花の山田\n〒330-0841 埼玉県さいたま市大宮区東町1-2-3\n電話 "
                          "048-123-4567\n",
         ""},
        {"all in one sentence a line", PLAIN, "キャンペーン",
         ADVERT "このメールは合同会社青空（長野県松本市中央2-3-4）がお送りしています。\n"
                "今後このようなメールを希望されない方は https://aozora.example.jp/optout "
                "よりお手続きください。\nご不明な点は 0263-12-3456 までお電話ください。\n",
         ""},
        {"a company that says it sends", PLAIN, "キャンペーン",
         ADVERT "本メールは株式会社さくら商会がお送りしています。\n" POST STOP ASK, ""},
        {"the same with a label", PLAIN, "キャンペーン",
         ADVERT "発行：合同会社青空（長野県松本市中央2-3-4）\n"
                "今後このようなメールを希望されない方は https://aozora.example.jp/optout "
                "よりお手続きください。\nご不明な点は 0263-12-3456 までお電話ください。\n",
         ""},
        {"a mail address for refusing", PLAIN, "キャンペーン",
         ADVERT NAME POST ASK "メールが不要な方は、件名に「停止」とご記入のうえ "
                              "stop@sakura.example.jp へお送りください。\n",
         ""},
        {"by replying", PLAIN, "キャンペーン",
         ADVERT NAME POST ASK "配信不要の方は、このメールに「不要」とご返信ください。\n",
         ""},
        {"by replying, with the way on the next line", PLAIN, "キャンペーン",
         ADVERT NAME POST
         "お電話 03-1234-5678\n■配信停止について\n空メールをご返信ください。\n",
         ""},
        {"replying does not do", PLAIN, "キャンペーン",
         ADVERT NAME POST ASK
         "このメールに返信いただいても配信停止はできません。下記ページへどうぞ。\n"
         "https://sakura.example.jp/p/9\n",
         ""},
        {"refusing is not possible", PLAIN, "キャンペーン",
         ADVERT NAME POST ASK "システム上、配信停止はできません。\n",
         "optout_contact optout_notice"},
        {"by telephone alone", PLAIN, "キャンペーン",
         ADVERT NAME POST "配信停止のご希望は 03-1234-5678 までお電話ください。\n",
         "optout_contact complaint_contact"},
        {"by way of the desk for questions", PLAIN, "キャンペーン",
         ADVERT NAME POST
         "配信停止をご希望の方は、下記お問い合わせ先までメールでご連絡ください。\n"
         "お問い合わせ先\ninfo@sakura.example.jp\n",
         ""},
        {"one address for both", PLAIN, "キャンペーン",
         ADVERT NAME POST "配信停止・お問い合わせ：info@sakura.example.jp\n", ""},
        {"the contact above the notice", PLAIN, "キャンペーン",
         ADVERT NAME POST ASK
         "https://sakura.example.jp/r/8\n上記URLより配信停止できます。\n",
         ""},
    };

    CHECK(rows);
}

static void
test_more_styles(void)
{
    static const struct row rows[] = {
        {"a free number", PLAIN, "キャンペーン",
         ADVERT STOP NAME POST "お客様相談室 0120-123-456（平日9時〜17時）\n", ""},
        {"a number with brackets", PLAIN, "キャンペーン",
         ADVERT STOP NAME POST "電話：03(1234)5678\n", ""},
        {"an address over three lines", PLAIN, "キャンペーン",
         ADVERT STOP NAME "〒812-0011\n福岡県福岡市博多区\n博多駅前2-3-4\n" ASK, ""},
        {"without a prefecture", PLAIN, "キャンペーン",
         ADVERT STOP NAME "横浜市中区本町6-50-10\n" ASK, ""},
        {"numbers in kanji", PLAIN, "キャンペーン",
         ADVERT STOP NAME "愛知県名古屋市中区栄三丁目一番二号\n" ASK, ""},
        {"a copyright line", PLAIN, "キャンペーン",
         ADVERT STOP POST ASK
         "Copyright (C) 2026 Sakura Shokai Inc. All Rights Reserved.\n",
         ""},
        {"short headings", PLAIN, "キャンペーン",
         ADVERT "■配信者\n合同会社青空\n■住所\n長野県松本市中央2-3-4\n■電話\n0263-12-3456\n"
                "■解除\nhttps://aozora.example.jp/c?m=1\n",
         ""},
        {"one line with bars", PLAIN, "キャンペーン",
         ADVERT "株式会社さくら商会 | 東京都渋谷区神宮前1-2-3 | お問い合わせ "
                "info@sakura.example | "
                "配信停止はこちら https://sakura.example/optout\n",
         ""},
        {"a name above the address that has 本店 in it", PLAIN, "キャンペーン",
         ADVERT STOP "そば処山川 本店\n京都市左京区一乗寺1番地\n075-700-0000\n", ""},
        {"a bare number behind the town", PLAIN, "キャンペーン",
         ADVERT STOP NAME "〒600-8001 京都府京都市下京区真町1\n" ASK, ""},
        {"a flat above, the sender's address below", PLAIN, "お得な賃貸",
         "◆物件：東京都豊島区池袋1-2-3 家賃8万円\n株式会社青葉不動産 "
         "東京都豊島区東池袋4-5-6\n"
         "TEL:03-9999-0000\n配信解除はこちら：https://aoba.example/cancel\n",
         ""},
        {"below an order line", PLAIN, "講習のご案内",
         "夏期講習の割引は今月まで！\nお申し込み：https://manabi.example/apply\n"
         "運営：まなび合同会社/東京都八王子市旭町1-1/support@manabi.example\n"
         "配信停止：https://manabi.example/stop\n",
         ""},
        {"rules and stars", PLAIN, "キャンペーン",
         ADVERT
         "★━━━━━━━━━━━★\n配信停止\n★━━━━━━━━━━━★\nhttps://sakura.example.jp/r\n" NAME POST
             ASK,
         ""},
        {"quoted-printable, flowed",
         PLAIN "Content-Transfer-Encoding: quoted-printable\r\n",
         "=?utf-8?B?44K744O844Or?=",
         "sale 20% off\r\nunsubscribe: https://shop.example.com/u?x=3D1\r\n"
         "Sakura Trading Co., Ltd.\r\n1-2-3 Jingumae, Shibuya-ku, Tok=\r\nyo 150-0001, "
         "Japan\r\ncontact: help@shop.example.com\r\n",
         ""},
    };

    CHECK(rows);
}

static void
test_not_so(void)
{
    static const struct row rows[] = {
        {"an order line is no complaint contact", PLAIN, "セール",
         ADVERT STOP NAME POST "ご注文専用ダイヤル 0120-999-888\n", "complaint_contact"},
        {"questions are not taken", PLAIN, "セール",
         ADVERT "お問い合わせにはお答えできません。\n" STOP NAME POST, "complaint_contact"},
        {"answers to common questions are no contact", PLAIN, "セール",
         ADVERT STOP NAME POST RULE "よくあるご質問 https://sakura.example.jp/faq\n",
         "complaint_contact"},
        {"the venue's address is not the sender's", PLAIN, "セミナーのご案内",
         "セミナーのご案内です。\n会場：東京都千代田区有楽町1-2-3 "
         "会議室A\n日時：12月1日\n" STOP NAME ASK,
         "postal_address"},
        {"nor under a heading", PLAIN, "展示会",
         "展示会のお知らせ\n■会場\n東京都江東区有明3-11-1\n" STOP NAME ASK,
         "postal_address"},
        {"a flat's address is not the sender's", PLAIN, "新築マンション",
         "お得な物件！ 物件所在地：東京都墨田区押上1-2-3\n" STOP NAME ASK,
         "postal_address"},
        {"a shop that is only named in a sentence", PLAIN, "セール",
         ADVERT STOP NAME POST "ご質問の多い品を sakura.example.jp で紹介しています。\n",
         "complaint_contact"},
        {"a label of another's name", PLAIN, "セール",
         ADVERT STOP POST ASK "ご利用店舗名：山川百貨店\n", "sender_name"},
        {"what else is stopped", PLAIN, "セール",
         ADVERT NAME POST ASK
         "旧プランは来月で停止となります。 https://sakura.example.jp/plan\n",
         "optout_contact optout_notice"},
        {"a prefecture alone", PLAIN, "セール", ADVERT STOP NAME "東京都渋谷区\n" ASK,
         "postal_address"},
        {"a post office box", PLAIN, "セール",
         ADVERT STOP NAME "〒100-8799 東京都千代田区 銀座郵便局私書箱12号\n" ASK,
         "postal_address"},
        {"a town and a date", PLAIN, "セール",
         ADVERT STOP NAME "東京都内限定、渋谷区にて2026-11-30まで\n" ASK, "postal_address"},
        {"a company that is only mentioned", PLAIN, "セール",
         ADVERT "あの株式会社山川の商品が半額に！\n" STOP POST ASK, "sender_name"},
        {"the reader's company is not the sender", PLAIN, "ご提案",
         "株式会社山川商事\n営業部 鈴木様\n新サービスのご提案です。\n" STOP RULE POST ASK,
         "sender_name"},
        {"to whom it may concern", PLAIN, "ご提案",
         "山川商事株式会社 御中\n新サービスのご提案です。\n" STOP RULE POST ASK,
         "sender_name"},
        {"what is quoted is another's", PLAIN, "セール",
         ADVERT
         "> 株式会社さくら商会\n> 〒150-0001 東京都渋谷区神宮前1-2-3\n> お問い合わせ: "
         "info@sakura.example.jp\n> 配信停止 https://sakura.example.jp/stop\n",
         ALL5},
        {"a page of goods is no way to refuse", PLAIN, "セール",
         "配信停止のお手続きには数日かかります。\n▼今週のおすすめ\nhttps://"
         "sakura.example.jp/items/1\n" RULE NAME POST ASK,
         "optout_contact"},
        {"who wishes to receive", PLAIN, "セール",
         ADVERT NAME POST ASK "配信を希望される方はこちら https://sakura.example.jp/in\n",
         "optout_contact optout_notice"},
        {"goods that are no longer delivered", PLAIN, "セール",
         ADVERT NAME POST ASK "配信停止中の番組 https://sakura.example.jp/tv\n",
         "optout_contact optout_notice"},
        {"a field in the header displays nothing",
         PLAIN "List-Unsubscribe: <https://sakura.example.jp/u>\r\n", "セール",
         ADVERT NAME POST ASK, "optout_contact optout_notice"},
        {"settings do not say that one may refuse", PLAIN, "セール",
         ADVERT NAME POST ASK "メール設定: https://sakura.example.jp/settings\n",
         "optout_notice"},
        {"a mailbox that nobody reads takes no refusal",
         "From: no-reply@sakura.example.jp\r\nContent-Type: text/plain; charset=utf-8\r\n",
         "セール", ADVERT NAME POST ASK "配信不要の方は、このメールにご返信ください。\n",
         "optout_contact"},
    };

    CHECK(rows);
}

static void
test_links(void)
{
    static const struct row rows[] = {
        {"address and desk behind links", HTML, "Sale",
         "<p>秋のセール</p><p>株式会社さくら商会</p><p><a "
         "href=https://s.example.jp/c>会社概要</a> "
         "| <a href=https://s.example.jp/q>お問い合わせ</a> | <a "
         "href=https://s.example.jp/u>配信停止</a></p>",
         ""},
        {"the page that the commercial act wants", HTML, "Sale",
         "<p>秋のセール</p><p>株式会社さくら商会</p><p><a "
         "href=https://s.example.jp/t>特定商取引法に基づく表記</a></p><p>配信停止は<a "
         "href=https://s.example.jp/u>こちら</a></p>",
         ""},
        {"the same in plain text", PLAIN, "セール",
         ADVERT NAME STOP "特定商取引法に基づく表記\nhttps://sakura.example.jp/law\n", ""},
        {"an address behind a link, in words", PLAIN, "セール",
         ADVERT NAME STOP ASK "住所はこちら → https://sakura.example.jp/company\n", ""},
        {"a company profile tells an address only", PLAIN, "セール",
         ADVERT NAME STOP "会社概要：https://sakura.example.jp/company\n",
         "complaint_contact"},
        {"words of a link without a link", HTML, "Sale",
         "<p>秋のセール</p><p>株式会社さくら商会</p><p>会社概要 | お問い合わせ | "
         "配信停止</p>",
         "optout_contact postal_address complaint_contact"},
        {"a table of cells", HTML, "Sale",
         "<table><tr><td>秋のセール "
         "50%OFF</td></tr></table><table><tr><td>販売業者</td><td>株式会社"
         "さくら商会</td></tr><tr><td>所在地</td><td>東京都渋谷区神宮前1-2-3</td></"
         "tr><tr><td>電話番"
         "号</td><td>03-1234-5678</td></tr></table><a href=\"https://s.example.jp/u\">"
         "今後メールを受け取りたくない方はこちら</a>",
         ""},
        {"a mail address behind a word", HTML, "Sale",
         "<p>セール</p><p>株式会社さくら商会 東京都渋谷区神宮前1-2-3</p><p><a "
         "href='mailto:stop@s.example.jp?subject=stop'>配信停止</a> <a "
         "href='mailto:info@s.example.jp'>お問い合わせ</a></p>",
         ""},
        {"a number behind a word", HTML, "Sale",
         "<p>セール</p><p>株式会社さくら商会 東京都渋谷区神宮前1-2-3</p><p><a "
         "href=https://s.example.jp/u>メール配信の停止</a></p><p><a "
         "href='tel:0312345678'>お電話でのお問い合わせ</a></p>",
         ""},
        {"all of it hidden", HTML, "Sale",
         "<p>秋のセール</p><div style='display:none'>株式会社さくら商会 〒150-0001 "
         "東京都渋谷区神宮前1-2-3 お問い合わせ: info@s.example.jp <a "
         "href=https://s.example.jp/u>配信停止はこちら</a></div>",
         ALL5},
        {"white on white", HTML, "Sale",
         "<body "
         "bgcolor=white><p>秋のセール</p><p>株式会社さくら商会</"
         "p><p>東京都渋谷区神宮前1-2-3"
         "</p><p>お問い合わせ: 03-1234-5678</p><p style='color:#fff'><a style='color:#fff' "
         "href=https://s.example.jp/u>配信停止はこちら</a></p>",
         "optout_contact optout_notice"},
        {"letters of one pixel", HTML, "Sale",
         "<p>秋のセール</p><p>株式会社さくら商会</p><p "
         "style='font-size:1px'>東京都渋谷区神宮前1-2-3"
         "</p><p>お問い合わせ: 03-1234-5678</p><p><a "
         "href=https://s.example.jp/u>配信停止はこちら</a></p>",
         "postal_address"},
        {"all of it in a picture", HTML, "Sale",
         "<p>秋のセール</p><a href=https://s.example.jp/x><img "
         "src=https://s.example.jp/footer.png></a>",
         ALL5},
        {"only in the part for programs without HTML",
         "From: news@sakura.example.jp\r\nMIME-Version: 1.0\r\n"
         "Content-Type: multipart/alternative; boundary=b\r\n",
         "Sale",
         "--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" STOP NAME POST ASK
         "\r\n--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>秋のセール</p><p><a "
         "href=https://s.example.jp/b>購入する</a></p>\r\n--b--\r\n",
         ALL5},
        {"a comment displays nothing", HTML, "Sale",
         "<p>秋のセール</p><!-- 株式会社さくら商会 東京都渋谷区神宮前1-2-3 -->" ASK STOP,
         "sender_name postal_address"},
    };

    CHECK(rows);
}

static void
test_english(void)
{
    static const struct row rows[] = {
        {"a newsletter", PLAIN, "Autumn sale",
         "Save up to 50% off\n\nYou receive this because you signed up. Unsubscribe: "
         "https://acme.example.com/u/1\nAcme, Inc.\n123 Main Street, Springfield, IL "
         "62701, "
         "USA\nQuestions? help@acme.example.com\n",
         ""},
        {"in Tokyo", PLAIN, "Autumn sale",
         "Big sale!\nAcme Japan K.K.\n1-2-3 Roppongi, Minato-ku, Tokyo 106-0032\nContact "
         "us: "
         "+81-3-1234-5678\nTo stop receiving these emails, visit "
         "https://acme.example.jp/p\n",
         ""},
        {"in Berlin", PLAIN, "Autumn sale",
         "50% off!\nSender: Epsilon GmbH, Friedrichstr. 10, 10117 Berlin, "
         "Germany\nSupport: "
         "support@epsilon.example\nYou can opt out here: https://epsilon.example/o\n",
         ""},
        {"no name", PLAIN, "Autumn sale",
         "Big sale!\n1-2-3 Roppongi, Minato-ku, Tokyo 106-0032\nContact us: "
         "+81-3-1234-5678\nTo stop receiving these emails, visit "
         "https://acme.example.jp/p\n",
         "sender_name"},
        {"no address", PLAIN, "Autumn sale",
         "Big sale!\nSent by Acme LLC\nhelp@acme.example.com (customer support)\n"
         "If you no longer wish to receive our offers, opt out at "
         "https://acme.example.com/o\n",
         "postal_address"},
        {"no way to refuse", PLAIN, "Autumn sale",
         "Big sale!\nAcme Ltd\n12 High Road, London, United Kingdom\nCall us: "
         "+44 20 7946 0000\n",
         "optout_contact optout_notice"},
        {"nobody to ask", PLAIN, "Autumn sale",
         "Big sale!\n\xc2\xa9 2026 Acme Corp.\n500 Fifth Avenue, New York 10110\n"
         "Unsubscribe https://acme.example.com/u\nThis mailbox is not monitored.\n",
         "complaint_contact"},
        {"links in HTML", HTML, "Autumn sale",
         "<p>Big sale!</p><p>Acme, Inc., 123 Main Street, Springfield, IL 62701</p><p><a "
         "href=https://a.example.com/u>Unsubscribe</a> | <a "
         "href=https://a.example.com/c>Contact "
         "us</a></p>",
         ""},
        {"a customer is no sender", PLAIN, "Autumn sale",
         "We work with Globex Inc. and others. Sale!\nUnsubscribe: "
         "https://x.example.com/u\n",
         "sender_name postal_address complaint_contact"},
    };

    CHECK(rows);
}

/* Mail between businesses, and written to one man. */
static void
test_business(void)
{
    static const struct row rows[] = {
        {"a proposal with a signature", PLAIN, "業務効率化のご提案",
         "ご担当者様\n\n突然のご連絡失礼いたします。\n株式会社青葉システムの佐藤と申します"
         "。\n"
         "導入事例をご紹介いたします。\n\n今後ご不要の場合は、お手数ですが本メールへご返信"
         "ください。\n\n"
         "================\n株式会社青葉システム 営業部 佐藤健\n〒980-0811 "
         "宮城県仙台市青葉区一番町"
         "1-2-3\nTEL:022-123-4567 FAX:022-123-4568\n================\n",
         ""},
        {"without a word of refusing", PLAIN, "業務効率化のご提案",
         "ご担当者様\n\n株式会社青葉システムの佐藤と申します。\n導入事例をご紹介いたします"
         "。\n\n"
         "================\n株式会社青葉システム 営業部 佐藤健\n〒980-0811 "
         "宮城県仙台市青葉区一番町"
         "1-2-3\nTEL:022-123-4567\n================\n",
         "optout_contact optout_notice"},
        {"a signature of name and number", PLAIN, "新製品のご案内",
         "株式会社青葉システムの佐藤です。新製品のご案内です。\n-- "
         "\n佐藤健\n090-1234-5678\n",
         "optout_contact optout_notice postal_address"},
        {"a trap without names", PLAIN, "当選おめでとうございます",
         "厳正なる抽選の結果、当選されました！今すぐ受け取る\nhttps://get.example.com/x\n",
         ALL5},
        {"a dating trap with a mark of refusing", PLAIN, "メッセージが届いています",
         "素敵な出会い、無料登録\nhttps://deai.example.com/\n配信停止→ "
         "stop@deai.example.com\n",
         "sender_name postal_address complaint_contact"},
    };

    CHECK(rows);
}

static void
scope_is(const char *name, enum law_scope want, const char *head, const char *subject,
         const char *body)
{
    const struct sender_law *law = law_of(head, subject, body, false);

    tap_ok(law->scope == want, "%s: %s", name, law_scope_name(law->scope));
}

static void
test_scope(void)
{
    static const char free_mail[] = "明日は何時に着きますか。\n-- \nGet your free email at "
                                    "https://mail.example.com/\n";
    const struct sender_law *law;

    scope_is("advertising", LAW_FULL, PLAIN, "秋のセール", ADVERT);
    scope_is("a letter", LAW_OUTSIDE, PLAIN, "明日の件", "明日10時に伺います。\n");
    scope_is("a notice on an order", LAW_OUTSIDE, PLAIN, "ご注文の確認",
             "ご注文番号 123\n合計 1,200円\n");
    scope_is("with advertising below", LAW_CONTRACT, PLAIN, "【さくら】発送のお知らせ",
             "ご注文番号 123\n発送しました。\n★次回使える割引クーポン\n" NAME POST ASK);
    scope_is("without a subject that says so", LAW_CONTRACT, PLAIN, "さくら商会より",
             "ご注文ありがとうございます。\nご注文番号 123\n次回使えるクーポン\n");
    scope_is("advertising for what writes bills", LAW_FULL, PLAIN,
             "請求書発行システムのご案内", "請求書や領収書を自動で。今だけ半額！\n");
    scope_is("a reset of a password, with advertising", LAW_CONTRACT, PLAIN,
             "パスワード再設定のご案内",
             "https://s.example.jp/r\nただいまキャンペーン中\n");
    scope_is("advertising that says 'order' below", LAW_FULL, PLAIN, "半額セール",
             "本日限り半額！\nご注文内容は画面で\n");
    scope_is("a mail service's advertising", LAW_FREE_MAIL, PLAIN, "明日", free_mail);
    scope_is("the same under advertising", LAW_FULL, PLAIN, "半額セール",
             "半額セール\nGet your free email at https://mail.example.com/\n");
    scope_is("an answer with advertising in the signature", LAW_INCIDENTAL,
             PLAIN "In-Reply-To: <1@rcpt.example.jp>\r\n", "Re: 見積の件",
             "> 見積をお願いします。\n承知しました。\n-- "
             "\n株式会社さくら商会\nただいまキャンペーン中！\n");
    scope_is("Re: without what it answers", LAW_FULL, PLAIN, "Re: 見積の件",
             "お得なキャンペーン中！\n");
    scope_is(
        "an answer to many is none", LAW_FULL,
        PLAIN
        "In-Reply-To: <1@a.example.jp>\r\nList-Unsubscribe: <https://a.example.jp/>\r\n",
        "Re: 見積", "> 見積\nお得なキャンペーン中！\n");

    law = law_of(PLAIN, "発送のお知らせ", "発送しました。次回クーポン\n" NAME, false);
    tap_ok(!sender_law_lacks(law, LAW_OPTOUT_CONTACT) &&
               !sender_law_lacks(law, LAW_OPTOUT_NOTICE) &&
               sender_law_lacks(law, LAW_POSTAL_ADDRESS) &&
               sender_law_lacks(law, LAW_COMPLAINT_CONTACT),
           "a notice on a contract owes name, address and contact, no refusal");
    law = law_of(PLAIN, "明日の件", "明日10時に伺います。\n", false);
    tap_ok(!sender_law_lacks(law, LAW_SENDER_NAME) && !law->advertises,
           "a letter owes nothing");
    law = law_of(PLAIN, "明日の件", "明日10時に伺います。\n", true);
    tap_ok(law->scope == LAW_FULL && sender_law_lacks(law, LAW_SENDER_NAME),
           "unless who asks knows that it advertises");
}

static void
test_label(void)
{
    static const struct {
        const char *subject;
        bool is;
    } rows[] = {
        {"未承諾広告※ 激安", true},
        {"=?iso-2022-jp?B?GyRCTCQ+NUJ6OS05cCIoGyhC?=", true},
        {"未 承 諾 広 告 ※ 激安", true},
        {"【末承諾広告※】激安", true},
        {"！広告！ 激安", true},
        {"[広告] 激安", false},
        {"【PR】激安", false},
        {"広告の未来を考える", false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        tap_ok(law_of(PLAIN, rows[i].subject, ADVERT, true)->old_label == rows[i].is,
               "old label: %s", rows[i].subject);
    }
    tap_ok(!law_of(PLAIN, "x", "未承諾広告※\n", true)->old_label,
           "the label belonged in the subject");
}

static void
test_signs(void)
{
    struct origin denied = {.dmarc = {.result = AUTH_FAIL, .policy = DMARC_POLICY_REJECT}};
    const struct letter *letter =
        letter_read(&arena, BYTES("From: a@bank.example.jp\r\n\r\nx\r\n"));
    static const struct {
        const char *name, *raw;
        unsigned signs;
    } rows[] = {
        {"an ordinary mail", "From: a@a.example.jp\r\nTo: b@b.example.jp\r\n\r\nx\r\n", 0},
        {"no author", "To: b@b.example.jp\r\n\r\nx\r\n", LAW_FALSE_SENDER},
        {"an author without a domain", "From: admin\r\n\r\nx\r\n", LAW_FALSE_SENDER},
        {"the reader as author",
         "From: b@b.example.jp\r\nTo: <B@b.example.jp>\r\n\r\nx\r\n", LAW_FALSE_SENDER},
        {"a name that no host has", "From: a@host.localdomain\r\n\r\nx\r\n",
         LAW_FALSE_SENDER},
        {"four in a row",
         "From: a@a.example.jp\r\nTo: aaa@d.example.jp, aab@d.example.jp, "
         "aac@d.example.jp,\r\n "
         "aad@d.example.jp\r\n\r\nx\r\n",
         0},
        {"five in a row",
         "From: a@a.example.jp\r\nTo: aaa@d.example.jp, aae@d.example.jp, "
         "aac@d.example.jp,\r\n "
         "aad@d.example.jp\r\nCc: aab@d.example.jp\r\n\r\nx\r\n",
         LAW_INVENTED_ADDRESS},
        {"numbers with a carry",
         "From: a@a.example.jp\r\nTo: u08@d.example.jp, u09@d.example.jp, "
         "u10@d.example.jp,\r\n "
         "u11@d.example.jp, u12@d.example.jp\r\n\r\nx\r\n",
         LAW_INVENTED_ADDRESS},
        {"in a row, at different domains",
         "From: a@a.example.jp\r\nTo: aaa@d.example.jp, aab@e.example.jp, "
         "aac@f.example.jp,\r\n "
         "aad@g.example.jp, aae@h.example.jp\r\n\r\nx\r\n",
         0},
        {"nothing said", "From: a@a.example.jp\r\nSubject: x\r\n\r\n \r\n", LAW_EMPTY_BODY},
        {"a picture says something",
         "From: a@a.example.jp\r\nContent-Type: text/html\r\n\r\n<img "
         "src=http://a.example.jp/p>",
         0},
        {"so does a file",
         "From: a@a.example.jp\r\nContent-Type: application/pdf\r\n\r\n%PDF\r\n", 0},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct sender_law *law = sender_law_read(
            &arena, letter_read(&arena, bytes_from_text(rows[i].raw)), NULL, false);
        tap_ok(law->signs == rows[i].signs, "signs, %s: %u", rows[i].name, law->signs);
    }
    tap_ok(sender_law_read(&arena, letter, &denied, true)->signs == LAW_FALSE_SENDER,
           "the domain denies its author");
    denied.dmarc.policy = DMARC_POLICY_NONE;
    tap_ok(sender_law_read(&arena, letter, &denied, true)->signs == 0,
           "a domain that only watches denies nothing");
}

/* Where it stands. */
static void
test_places(void)
{
    const struct sender_law *law = law_of(
        PLAIN, "セール", "一行目\n\n配信停止は https://s.example.jp/u へ\n" POST, true);
    const struct law_shown *stop = &law->duties[LAW_OPTOUT_CONTACT];
    const struct law_shown *post = &law->duties[LAW_POSTAL_ADDRESS];

    tap_ok(stop->line == 3 && bytes_is(stop->contact, "https://s.example.jp/u"),
           "line and contact: %zu %.*s", stop->line, BYTES_ARGUMENTS(stop->contact));
    tap_ok(post->line == 4 && bytes_starts(post->said, BYTES("〒150-0001 東京都")),
           "the words: %zu %.*s", post->line, BYTES_ARGUMENTS(post->said));
    tap_ok(law->duties[LAW_SENDER_NAME].line == 0 &&
               law->duties[LAW_SENDER_NAME].said.size == 0,
           "nothing where nothing is shown");
}

/* Stops and numbers are looked for in blocks: they are found wherever in one they stand, and across its end. */
static void
test_blocks(void)
{
    size_t good = 0, tried = 0;

    for (size_t shift = 1; shift <= 40; shift++) {
        for (size_t behind = 0; behind <= 20; behind += 4) {
            struct writer w;
            writer_init(&w, &arena);
            writer_text(&w, PLAIN "Subject: x\r\n\r\n");
            for (size_t i = 0; i < shift; i++) {
                writer_byte(&w, 'a');
            }
            writer_text(&w, "。お問い合わせ: 03-1234-5678|");
            for (size_t i = 0; i < behind; i++) {
                writer_byte(&w, 'b');
            }
            const struct sender_law *law =
                sender_law_read(&arena, letter_read(&arena, writer_view(&w)), NULL, true);
            const struct law_shown *shown = &law->duties[LAW_COMPLAINT_CONTACT];
            good += bytes_is(shown->contact, "03-1234-5678") &&
                    bytes_is(shown->said, "お問い合わせ: 03-1234-5678");
            tried++;
        }
    }
    tap_ok(good == tried, "a piece and its number at %zu places of %zu", good, tried);
}

static void
test_json(void)
{
    struct writer w;
    struct json j;

    writer_init(&w, &arena);
    json_init(&j, &w);
    sender_law_write_duties(law_of(PLAIN, "未承諾広告※", ADVERT STOP NAME, true), &j);
    tap_ok(bytes_is(writer_view(&w),
                    "{\"missing\":[\"postal_address\",\"complaint_contact\"],"
                    "\"old_label\":true}"),
           "as JSON: %s", writer_c(&w));
}

/* Bounds: text of LIMIT_NORMAL_BYTES is read, what lies beyond is not; and noise is survived. */
static void
test_bounds(void)
{
    static const char *const pieces[] = {
        "配信停止", "お問い合わせ", "03-",  "1234-5678", "東京都", "渋谷区",
        "1-2",      "株式会社",     "。",   "\n",        "住所",   "こちら",
        "a@b.jp",   "できません",   "\xff", "street",    " 12 ",   ":"};
    size_t size = LIMIT_NORMAL_BYTES;
    struct writer w;
    uint64_t state = 3;

    for (int past = 0; past < 2; past++) {
        size_t room = past ? size : size - strlen(NAME);
        writer_init(&w, &arena);
        writer_text(&w, PLAIN "\r\n");
        uint8_t *fill = writer_reserve(&w, size);
        memset(fill, 'a', size);
        for (size_t i = 99; i < room; i += 100) {
            fill[i] = '\n';
        }
        fill[room - 1] = '\n';
        writer_did(&w, room);
        writer_text(&w, NAME);
        enum law_display display =
            sender_law_read(&arena, letter_read(&arena, writer_view(&w)), NULL, true)
                ->duties[LAW_SENDER_NAME]
                .display;
        tap_ok(display == (past ? LAW_MISSING : LAW_SHOWN),
               "a name in the last line %s the bound", past ? "past" : "at");
    }
    for (int round = 0; round < 100; round++) {
        writer_init(&w, &arena);
        writer_text(&w, round % 2 ? PLAIN "\r\n" : HTML "\r\n");
        for (int i = 0; i < 300; i++) {
            state = state * 6364136223846793005u + 1442695040888963407u;
            writer_text(&w, pieces[(state >> 40) % (sizeof pieces / sizeof *pieces)]);
        }
        const struct letter *letter = letter_read(&arena, writer_view(&w));
        const struct sender_law *law = sender_law_read(&arena, letter, NULL, true);
        for (unsigned i = 0; i < LAW_DUTIES; i++) {
            if (law->duties[i].to > letter->text.size ||
                law->duties[i].from > law->duties[i].to) {
                tap_ok(false, "a place outside the text");
            }
        }
    }
    tap_ok(true, "100 texts of noise: places within the text");
}

int
main(void)
{
    arena_init(&arena, (size_t)1 << 30);
    test_one_missing();
    test_styles();
    test_more_styles();
    test_not_so();
    test_links();
    test_english();
    test_business();
    test_scope();
    test_label();
    test_signs();
    test_places();
    test_blocks();
    test_json();
    test_bounds();
    arena_release(&arena);
    return tap_done();
}
