// Every word of the console in both languages, in one table. Words for findings and actions come from the checkpoint itself
// (/v1/words), so that pages, commands and records speak alike.
import { state, set } from './draw.js';

const table = {
  title: ['関所', 'Sekisho'],
  skip: ['本文へ移る', 'Skip to the content'],
  navigation: ['ページ', 'Pages'],
  live: ['流れ', 'Live'], threats: ['犯罪予告', 'Threats'], campaigns: ['一連の送信', 'Campaigns'], search: ['検索', 'Search'], ledger: ['台帳', 'Ledger'],
  looks: ['閲覧の記録', 'Looks'], account: ['自分', 'Account'],
  other_language: ['English', '日本語'],
  help: ['操作の一覧', 'Shortcuts'], close: ['閉じる', 'Close'],
  sign_in: ['サインイン', 'Sign in'], sign_out: ['サインアウト', 'Sign out'], name: ['名前', 'Name'], password: ['パスワード', 'Password'],
  sign_in_words: ['検問所のコンソールです。だれが何を見たかは、すべて台帳に記録されます。',
    'The console of a checkpoint. Who looked at what is all recorded in the ledger.'],
  no_account: ['まだ利用者がいません。検問所の機械で次のように打ってください:', 'There is no account yet. On the machine of the checkpoint, type:'],
  signed_out: ['サインインが終わりました。もう一度サインインしてください。', 'The sign-in has ended. Sign in again.'],
  role_operator: ['運用者', 'operator'], role_reviewer: ['閲覧者', 'reviewer'], role_auditor: ['監査者', 'auditor'],
  call_110: ['まず110番に電話してください', 'First telephone 110'],
  alarm_banner: ['確認されていない犯罪予告の疑いが {n} 件あります。', '{n} possible threats of crime wait for somebody.'],
  alarm_open: ['犯罪予告のページを開く', 'Open the threats'],
  keeper_away: ['記録を担う keeper が応答しません。メールは後回し (4xx) にされています。',
    'The keeper, which holds the record, does not answer. Mail is put off (4xx).'],
  stream_on: ['つながっています', 'connected'], stream_off: ['つなぎ直しています…', 'connecting again…'], stream_paused: ['止めています', 'paused'],
  pause: ['止める', 'Pause'], resume: ['続ける', 'Resume'],
  waiting_rows: ['止めている間に {n} 通', '{n} while paused'],
  missed: ['一部の表示が飛びました (記録にはすべてあります)。', 'Some were not shown here (the record has them all).'],
  announce: ['{n} 通届きました。うち迷惑 {u} 通。', '{n} messages came, {u} of them unwanted.'],
  empty_live: ['まだ届いていません。届くとここに出ます。', 'Nothing yet. What comes appears here.'],
  last_day: ['この24時間', 'Last 24 hours'], chart_words: ['1時間ごとの通数。下の表に同じ数があります。', 'Messages an hour. The table below has the same figures.'],
  hour: ['時', 'Hour'], all: ['全部', 'All'], unwanted: ['迷惑', 'Unwanted'], threats_count: ['予告', 'Threats'], figures: ['数字の表', 'Figures as a table'],
  time: ['時刻', 'Time'], verdict: ['処置', 'Verdict'], class: ['分類', 'Class'], sender: ['差出人 (封筒)', 'Envelope sender'],
  recipient: ['宛先', 'Recipient'], client: ['接続元', 'Client'], subject: ['件名', 'Subject'], size: ['大きさ', 'Size'], open: ['開く', 'Open'],
  bounce: ['(空: エラー通知)', '(empty: a bounce)'],
  message: ['メール', 'Message'],
  purged: ['この記録は保存期間などにより消去されました。台帳には印が残っています。', 'This record was purged under the law. Its leaf stays in the ledger.'],
  entry: ['台帳の番号', 'Ledger entry'], where_to: ['どこから誰へ', 'From where, to whom'], door: ['入口', 'Door'],
  helo: ['HELO', 'HELO'], rdns: ['逆引き名', 'Verified name'], tls: ['TLS', 'TLS'], login: ['認証利用者', 'Login'],
  papers: ['通行手形', 'Papers'], grade: ['出所の等級', 'Grade of origin'],
  grade_A: ['差出人のドメインは証明済み', "the author's domain is proved"], grade_B: ['何かのドメインは証明済み', 'some domain is proved'],
  grade_C: ['接続元の名前だけ証明済み', 'only a host name is proved'], grade_D: ['アドレスのほか証明なし', 'nothing but an address is proved'], grade_E: ['接続元が身元を隠す', 'the source hides itself'],
  not_a_person: ['アドレスは人ではありません。乗っ取られた機械、転送、偽のヘッダーでも同じように見えます。',
    'An address is not a person. A hijacked machine, a relay or a forged header look the same.'],
  road: ['通った道', 'The road it came'], hop_none: ['経路の記録はありません。', 'No hops are recorded.'],
  road_sure: ['確かな記録', 'vouched for'], road_fits: ['言い分だが、前後の記録と合う', 'claimed, fits its neighbours'], road_word: ['相手の言い分だけ', "only the other side's word"],
  road_described: ['送り側からこの検問所まで、{n} か所。同じ内容の一覧がこの図の後にあります。', 'From the far end to this checkpoint, {n} stations. A list of the same follows the picture.'],
  campaign: ['一連の送信', 'Campaign'], messages: ['通', 'messages'], members: ['メール (新しい順)', 'Messages, the newest first'], days_14: ['14日間', '14 days'], by_day: ['日ごとの通数', 'Messages by day'],
  campaigns_words: ['同じひな型から作られたと見られるメールの集まりです。ひな型が同じというだけで、違反を意味するものではありません。',
    'Messages that seem to be made from one template. That alone is no offence: a newsletter is one too.'],
  campaigns_none: ['同じ文面のメールはまだありません。', 'There is no campaign yet.'], campaigns_more: ['このほかにもあります (sekisho campaign list)。', 'There are more (sekisho campaign list).'],
  days_words: ['日ごとの棒グラフ。合計 {n} 通、最も多い日は {m} 通。', 'Bars by the day: {n} messages in all, {m} on the highest day.'],
  template: ['ひな型', 'Template'], links_of: ['つながり', 'What links them'], links_none: ['口座・電話番号・リンク先などは見つかっていません。', 'No account, number or link was found.'],
  recipients_n: ['宛先 ({n})', 'Recipients ({n})'],
  slot_words: ['語句', 'words'], slot_name: ['名前', 'name'], slot_number: ['数字', 'number'], slot_code: ['符号', 'code'], slot_url: ['URL', 'URL'], slot_mail: ['アドレス', 'address'],
  indicators: ['指標', 'Indicators'],
  indicator_bank_account: ['銀行口座', 'bank account'], indicator_phone: ['電話番号', 'telephone'], indicator_line_id: ['LINE ID', 'LINE id'],
  indicator_telegram_id: ['Telegram', 'Telegram'], indicator_signal_id: ['Signal', 'Signal'], indicator_whatsapp_id: ['WhatsApp', 'WhatsApp'],
  indicator_bitcoin: ['ビットコイン', 'Bitcoin'], indicator_ethereum: ['イーサリアム', 'Ethereum'], indicator_email: ['メールアドレス', 'mail address'],
  indicator_url: ['URL', 'URL'], indicator_host: ['リンク先', 'host'], indicator_postal_address: ['住所', 'postal address'], indicator_name: ['名前', 'name'],
  verdicts: ['判定と理由', 'Verdict and reasons'], ground: ['法的根拠', 'Legal ground'], score: ['得点', 'score'], reasons: ['理由', 'Reasons'],
  no_reasons: ['加点・減点の理由はありません。', 'Nothing counted for or against it.'], may_look: ['調べてよいもの', 'May be looked at'],
  reply: ['応答', 'Reply'], outcomes: ['その後', 'What became of it'], no_outcome: ['まだ記録がありません。', 'Nothing is recorded yet.'],
  content: ['内容', 'Content'], content_withheld: ['内容は表示していません。同意した受信者のぶんだけが記録されています。',
    'What it says is not shown. Only what a recipient allowed is recorded.'],
  content_none: ['内容の記録はありません (同意した受信者がいないか、読めるものがなかった)。', 'Nothing of the content is recorded (nobody consented, or there was nothing to read).'],
  content_purged: ['内容の記録は消去されました (同意の撤回、または保存期間)。', 'The record of the content was purged (consent withdrawn, or its time was over).'],
  content_reviewer: ['内容を読めるのは閲覧者だけです。', 'Only a reviewer may read the content.'],
  reason: ['理由 (記録されます)', 'Reason (it is recorded)'], read: ['理由を記録して読む', 'Record the reason and read'],
  from_name: ['差出人の名', 'Display name'], from_address: ['From', 'From'], text_begins: ['本文の初め', 'Text begins'],
  threat: ['犯罪予告', 'Threat'], threat_words: ['予告の言葉', 'Words of the threat'],
  threat_target: ['予告の相手', 'Target it names'], threat_where: ['予告の場所', 'Place it names'], threat_means: ['予告の手段', 'Means it names'], threat_when: ['予告の日時', 'Time it names'],
  outcome_delivered: ['配送された', 'delivered'], outcome_refused: ['次のサーバーが拒否した', 'refused by the next hop'],
  outcome_later: ['次のサーバーが後回しにした', 'put off by the next hop'], outcome_held: ['保留されている', 'held'], outcome_none: ['渡されなかった', 'not passed on'],
  family_source: ['送信元', 'source'], family_label: ['認証結果', 'authentication results'], family_content: ['内容', 'content'],
  family_links: ['リンク', 'links'], family_signatures: ['指紋', 'signatures'], family_attachments: ['添付', 'attachments'],
  family_threat: ['犯罪予告', 'threats'], family_statistics: ['統計', 'statistics'], family_dmarc: ['DMARC の方針', 'DMARC policy'],
  ground_consent: ['本人の同意', 'consent'], ground_lawful_act: ['正当業務行為', 'lawful business act'], ground_emergency: ['緊急避難', 'emergency'],
  ground_house_rule: ['組織の規則', 'rule of the house'], ground_terms: ['約款による包括同意', 'consent in the terms of service'], ground_none: ['なし', 'none'],
  category_ham: ['普通', 'wanted'], category_bulk: ['一斉送信', 'bulk'], category_advertisement: ['広告', 'advertisement'], category_lure: ['出会い系', 'dating lure'],
  category_phishing: ['フィッシング', 'phishing'], category_extortion: ['恐喝', 'extortion'], category_malware: ['ウイルス', 'malware'],
  category_threat: ['犯罪予告', 'threat'], category_slang: ['違法取引の隠語', 'trade slang'], category_advance_fee: ['前払い詐欺', 'advance-fee fraud'], category_bounce: ['エラー通知', 'bounce'],
  threat_murder: ['殺害予告', 'murder'], threat_bomb: ['爆破予告', 'bomb'], threat_attack: ['襲撃予告', 'attack'],
  threat_arson: ['放火予告', 'arson'], threat_poison: ['毒物の予告', 'poison'], threat_suicide: ['自殺のほのめかし', 'suicide'],
  threats_none: ['確認を待つものはありません。', 'Nothing waits for somebody.'], threats_open: ['確認を待つもの', 'Waiting for somebody'], threats_done: ['確認されたもの', 'Acknowledged'],
  seen_times: ['{n} 通', 'seen {n} times'], severity: ['重さ', 'Severity'], first_seen: ['最初', 'First'], last_seen: ['最後', 'Last'],
  about_crash: ['処理を2度止めたメール', 'a message that stopped two workers'], about_test: ['試験', 'test'], about_threat: ['犯罪予告の疑い', 'possible threat of crime'],
  about_flood: ['多数の異なる予告', 'many different threats'],
  acknowledge: ['確認した', 'Acknowledge'], note: ['覚え書き (だれに知らせたか)', 'Note (who was told)'], acknowledged_by: ['確認', 'Acknowledged by'],
  acknowledge_operator: ['確認できるのは運用者だけです。', 'Only an operator may acknowledge.'],
  open_message: ['このメールを開く', 'Open the message'], state_acknowledged: ['確認済み', 'acknowledged'], state_open: ['未確認', 'open'], escalated: ['上へ知らせた回数', 'Escalated'],
  ledger_words: ['証拠は追記だけの木 (RFC 6962) に入り、署名された要約で封じられます。', 'Evidence goes into an append-only tree (RFC 6962), sealed by signed checkpoints.'],
  origin: ['台帳の名', 'Origin'], entries: ['件数', 'Entries'], root: ['根', 'Root'], last_checkpoint: ['最後の署名', 'Last checkpoint'],
  signature: ['署名', 'Signature'], signature_good: ['正しい', 'valid'], signature_bad: ['合わない — sekisho ledger verify を実行してください', 'does not match: run sekisho ledger verify'],
  cosignatures: ['他の立会い署名', 'Cosignatures'], none: ['なし', 'none'], trouble: ['今うまくいかないこと', 'Trouble'], no_trouble: ['なし', 'none'],
  unsigned_yet: ['署名を待つ {n} 件', '{n} wait for a signature'], checkpoint_text: ['署名付き要約の全文', 'The signed note'], vkey: ['公開鍵', 'Public key'],
  check_yourself: ['自分で確かめる', 'Check it yourself'], no_checkpoint: ['署名はまだありません。', 'There is no checkpoint yet.'],
  ago: ['{n} 前', '{n} ago'], seconds: ['{n}秒', '{n} s'], minutes: ['{n}分', '{n} min'], hours: ['{n}時間', '{n} h'], days: ['{n}日', '{n} days'],
  words: ['言葉', 'Words'], words_hint: ['件名、名前、本文の初め。2文字から。閲覧者だけ', 'Subject, names, first words; from two characters. Reviewers only'],
  since: ['から', 'From'], until: ['まで', 'Until'], action: ['処置', 'Verdict'], any: ['どれでも', 'Any'], only_threats: ['予告だけ', 'Only threats'],
  find: ['探す', 'Search'], found: ['{n} 通見つかりました。', '{n} found.'], found_more: ['まだあります。期間をしぼってください。', 'There are more: narrow the time.'],
  found_none: ['見つかりません。', 'Nothing was found.'], search_recorded: ['検索の条件は記録されます。', 'What you search for is recorded.'],
  message_id: ['番号', 'Id'], searching: ['探しています…', 'Searching…'], loading: ['読んでいます…', 'Loading…'],
  who: ['だれが', 'Who'], what: ['何を', 'What'], details: ['詳しく', 'Details'],
  did_look: ['見た', 'looked at'], did_search: ['検索した', 'searched'], did_message: ['メールを開いた', 'opened a message'], did_content: ['内容を読んだ', 'read the content'],
  did_sign_in: ['サインイン', 'signed in'], did_sign_in_bad: ['サインイン失敗', 'failed to sign in'], did_sign_out: ['サインアウト', 'signed out'], did_account: ['利用者の変更', 'changed an account'],
  looks_words: ['だれが何を見たか。新しい順。全部は台帳にあります。', 'Who looked at what, newest first. The ledger has all of it.'],
  sessions: ['サインイン中', 'Sign-ins'], this_one: ['これ', 'this one'], began: ['始まり', 'Began'], from_address_of: ['どこから', 'From'], end: ['終わらせる', 'End'],
  you_are: ['役割', 'Role'], may: ['できること', 'You may'],
  may_operator: ['流れと判定を見る、封筒で検索する、犯罪予告を確認する', 'watch verdicts, search by envelope, acknowledge threats'],
  may_reviewer: ['流れと判定を見る、理由を記録して内容を読み言葉で検索する', 'watch verdicts; with a recorded reason read content and search by words'],
  may_auditor: ['台帳と閲覧の記録を見る。メールの内容は見ない', 'see the ledger and who looked at what; no content of mail'],
  network: ['検問所に届きません。', 'The checkpoint cannot be reached.'],
  keys_go: ['g のあと', 'g, then'], key_help: ['この一覧', 'this list'], key_pause: ['流れを止める・続ける', 'pause or resume the live page'], key_language: ['言語を変える', 'change the language'],
  key_search: ['検索へ', 'to search'], key_move: ['一覧の中を上下に動く', 'move in a list'], key_open: ['選んだものを開く', 'open what is selected'],
  result: ['結果', 'Result'],
};

export function t(key, values) {
  const row = table[key];
  let text = row ? row[state.language === 'ja' ? 0 : 1] : key;
  for (const name in values) {
    text = text.replace('{' + name + '}', values[name]);
  }
  return text;
}

// A word of a closed list ("ham", "content"); one that is not in the table is foreign text and is returned as it is.
export function word(kind, name) {
  return Object.hasOwn(table, kind + '_' + name) ? t(kind + '_' + name) : String(name ?? '');
}

export function findingWords(name) {
  const row = Object.hasOwn(state.words.finding ?? {}, name) ? state.words.finding[name] : null;
  return row ? row[state.language === 'ja' ? 0 : 1] : String(name);
}
export function actionWords(name) {
  const row = Object.hasOwn(state.words.action ?? {}, name) ? state.words.action[name] : null;
  return row ? row[state.language === 'ja' ? 0 : 1] : String(name || '—');
}

function remembered() {
  try {
    return localStorage.getItem('sekisho-language');
  } catch {
    return null;
  }
}
export function speak(language) {
  try {
    localStorage.setItem('sekisho-language', language);
  } catch { /* a browser that remembers nothing */ }
  document.documentElement.lang = language;
  set({ language });
}
export function speakFirst() {
  const kept = remembered();
  speak(kept === 'ja' || kept === 'en' ? kept : navigator.language.startsWith('ja') ? 'ja' : 'en');
}
