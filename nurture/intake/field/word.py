"""Words with a fixed meaning: yes and no, states of orders and bookings, channels, genders, prefectures, LINE ids."""

import re
from collections.abc import Mapping

from nurture.intake.field.text import Unreadable, narrow

YES = frozenset(
    "希望する 希望 配信希望 受信希望 可 可能 はい yes y true t 1 1.0 〇 ○ ◯ 有 あり 受信する 受け取る "
    "受取る 配信する 配信 配信中 許可 許可する "
    "要 同意 同意する 承諾 オン on 購読 購読中 登録 有効 subscribed active ok 送る".split()
)
NO = frozenset(
    "希望しない 否 不可 いいえ no n false f 0 0.0 × ✕ x 無 停止 停止中 配信停止 配信しない 受信しない "
    "受け取らない 受取らない 拒否 受信拒否 不要 "
    "オフ off 解除 登録解除 退会 無効 非同意 同意しない 未希望 ブロック ブロック中 unsubscribed inactive ng "
    "送らない".split()
)
ORDER_STATES: Mapping[str, str] = {
    **dict.fromkeys(
        "新規受付 新規 受付 受付済み 受付済 注文受付 受注 入金済み 入金済 入金待ち 未入金 一部入金 支払い済み 支払済み "
        "支払い済 支払済 支払い待ち 未払い 決済済み 決済済 対応中 対応開始前 処理中 取り寄せ中 取寄せ中 未対応 未処理 "
        "未発送 未出荷 発送待ち 準備中 発送準備中 出荷準備中 出荷待ち 注文済み 予約 保留 保留中 一部返金 一部返金済み "
        "ordered paid pending authorized partially_paid partially_refunded unfulfilled scheduled on_hold on-hold "
        "in_progress processing open unpaid".split(),
        "ordered",
    ),
    **dict.fromkeys(
        "発送済み 発送済 発送 発送完了 出荷済み 出荷済 出荷 出荷完了 一部発送 一部発送済み 一部出荷 配送中 対応済み "
        "対応済 対応完了 一部返品 shipping shipped dispatched fulfilled partial partially_fulfilled".split(),
        "shipped",
    ),
    **dict.fromkeys(
        "配達済み 配達済 配達完了 配送済み 配送済 配送完了 納品済み 納品済 お届け済み お渡し済み 受け渡し済み "
        "引渡し済み 到着 着荷 受取済み 完了 取引完了 arrived delivered completed".split(),
        "delivered",
    ),
    **dict.fromkeys(
        "注文取消し 注文取消 取消し 取消 取消済み 取り消し キャンセル キャンセル済み キャンセル済 注文キャンセル "
        "cancelled canceled voided expired".split(),
        "cancelled",
    ),
    **dict.fromkeys(
        "返品 返品済み 返品済 返品完了 返金 返金済み 返金済 返金完了 returned refunded restocked".split(), "returned"
    ),
    **dict.fromkeys("決済処理中 購入処理中 注文未完了 カート".split(), "unfinished"),
}
BOOKING_STATES: Mapping[str, str] = {
    **dict.fromkeys(
        "予約 予約中 予約済み 予約済 確定 予約確定 受付待ち 仮予約 未来店 booked confirmed".split(), "booked"
    ),
    **dict.fromkeys(
        "来店 来店済み 来店済 来店処理済み 施術済み 会計済み 会計済 完了 visited completed".split(), "visited"
    ),
    **dict.fromkeys(
        "キャンセル キャンセル済み お客様キャンセル サロンキャンセル 取消 取消し cancelled canceled".split(),
        "cancelled",
    ),
    **dict.fromkeys("無断キャンセル 無断 来店なし 不来店 no_show no-show noshow".split(), "no_show"),
}
CHANNELS: Mapping[str, str] = {
    **dict.fromkeys("電話 tel 架電 call phone 通話".split(), "call"),
    **dict.fromkeys("訪問 来店 往訪 商談 面談 visit 店頭".split(), "visit"),
    **dict.fromkeys("ハガキ はがき 葉書 dm ダイレクトメール postcard".split(), "postcard"),
    **dict.fromkeys("手紙 封書 郵便 letter fax ファックス ファクス".split(), "letter"),
    **dict.fromkeys("メール eメール mail email e-mail".split(), "email"),
    **dict.fromkeys("line ライン".split(), "line"),
    **dict.fromkeys("チャット chat dm(sns) sns".split(), "chat"),
}
DIRECTIONS: Mapping[str, str] = {
    **dict.fromkeys("発信 発 out 送信 当店から こちらから 架電 訪問 outbound".split(), "out"),
    **dict.fromkeys("着信 着 受信 受電 in 来店 お客様から inbound".split(), "in"),
}
HOLDS: Mapping[str, str] = {
    **dict.fromkeys("クレーム 苦情 ご指摘 complaint".split(), "complaint"),
    **dict.fromkeys("お断り 断り 拒否 不要 辞退 refusal refused".split(), "refusal"),
}
STOPS: Mapping[str, str] = {
    **dict.fromkeys(
        "配信停止 停止 解除 登録解除 購読解除 退会 オプトアウト 拒否 受信拒否 希望しない "
        "unsubscribed unsubscribe opt_out "
        "opt-out optout".split(),
        "opt_out",
    ),
    **dict.fromkeys(
        "エラー 配信エラー バウンス 不達 宛先不明 ハードバウンス 無効 bounce bounced hard_bounce "
        "cleaned error invalid".split(),
        "hard_bounce",
    ),
    **dict.fromkeys("迷惑メール 迷惑メール報告 苦情 complaint complained spam abuse".split(), "complaint"),
    **dict.fromkeys("配信中 有効 登録中 active subscribed ok".split(), "active"),
}
SALES: Mapping[str, str] = {
    **dict.fromkeys("販売中 公開 販売 有効 あり 在庫あり active on_sale published true 1".split(), "yes"),
    **dict.fromkeys(
        "品切れ 売り切れ 在庫なし 販売終了 終売 非公開 廃止 停止 販売停止 draft archived sold_out false 0".split(), "no"
    ),
}
GENDERS: Mapping[str, str] = {
    **dict.fromkeys("男 男性 m male 1".split(), "male"),
    **dict.fromkeys("女 女性 f female 2".split(), "female"),
    **dict.fromkeys("その他 無回答 回答しない other unknown 0 3 9".split(), ""),
}
KINDS: Mapping[str, str] = {
    **dict.fromkeys("個人 一般 individual b2c".split(), "individual"),
    **dict.fromkeys("法人 会社 企業 団体 company b2b".split(), "company"),
}
PREFECTURES = (
    "北海道 青森県 岩手県 宮城県 秋田県 山形県 福島県 茨城県 栃木県 群馬県 埼玉県 千葉県 東京都 神奈川県 "
    "新潟県 富山県 石川県 福井県 山梨県 長野県 "
    "岐阜県 静岡県 愛知県 三重県 滋賀県 京都府 大阪府 兵庫県 奈良県 和歌山県 鳥取県 島根県 岡山県 広島県 "
    "山口県 徳島県 香川県 愛媛県 高知県 福岡県 "
    "佐賀県 長崎県 熊本県 大分県 宮崎県 鹿児島県 沖縄県"
).split()
_PREFECTURE = {**{name: name for name in PREFECTURES}, **{name[:-1]: name for name in PREFECTURES[1:]}}
_LINE_ID = re.compile(r"U[0-9a-f]{32}")


def read_word(text: str, words: Mapping[str, str]) -> str:
    """The meaning of a word. Raises Unreadable, naming the words that would do."""
    found = words.get(_folded(text))
    if found is None:
        raise Unreadable("reject.word", found=text, allowed=", ".join(list(words)[:12]))
    return found


def read_answer(text: str) -> bool:
    """Whether it says yes. Raises Unreadable: consent is never guessed."""
    plain = _folded(text)
    if plain in YES:
        return True
    if plain in NO:
        return False
    raise Unreadable("reject.answer", found=text)


def read_line_id(text: str) -> str:
    """A LINE user id, `U` and 32 hexadecimal digits (LINE Developers, "User ID"). Raises Unreadable."""
    plain = narrow(text).strip()
    if not _LINE_ID.fullmatch(plain):
        raise Unreadable("reject.line_id", found=text)
    return plain


def prefecture(text: str) -> str:
    """The prefecture with its ending (東京 → 東京都); anything else as it stands, shops abroad have none."""
    plain = narrow(text).strip()
    return _PREFECTURE.get(plain, plain)


def split_prefecture(street: str) -> tuple[str, str]:
    """The prefecture that an address begins with, or an empty text, and the rest."""
    for name in PREFECTURES:
        if street.startswith(name):
            return name, street[len(name) :].lstrip()
    return "", street


def _folded(text: str) -> str:
    return narrow(text).strip().casefold()
