"""Names of people and companies: what is shown is kept as it was written, what is compared is folded."""

import re
from functools import lru_cache

from nurture.intake.field.text import narrow

COMPANY_FORMS = (
    *("株式会社", "有限会社", "合同会社", "合資会社", "合名会社", "一般社団法人", "公益社団法人", "一般財団法人"),
    *("公益財団法人", "特定非営利活動法人", "npo法人", "医療法人", "社会福祉法人", "学校法人", "宗教法人"),
    *("(株)", "(有)", "(同)", "(資)", "(名)", "(社)", "(財)", "(医)", "(福)", "(学)"),
)
"""Legal forms in NFKC, where ㈱ and （株） are both (株)."""

_LATIN_FORMS = re.compile(r"[ ,]*\b(co\.?, ?ltd\.?|inc\.?|ltd\.?|llc|corp\.?|corporation|gmbh|k\.k\.)$")
_FORMS = re.compile("|".join(map(re.escape, COMPANY_FORMS)))
_HONORIFIC = re.compile(r"\s*(様|さま|御中|殿|さん)$")
_NO_SIGN = re.compile(r"[\s・･,，、.．'’\-‐－]+")
_VARIANTS = str.maketrans(
    "髙﨑德濵濱瀨邊邉齋齊斎澤嶋嶌廣國櫻眞惠渕淵槇檜龍會圓與榮豐",
    "高崎徳浜浜瀬辺辺斉斉斉沢島島広国桜真恵淵淵槙桧竜会円与栄豊",
)
"""Old and new shapes of one character, which one person uses by turns."""
_KATAKANA = {code: code + 0x60 for code in range(ord("ぁ"), ord("ゖ") + 1)}
_KANA_ONLY = re.compile(r"[ァ-ヶー]+")


@lru_cache(maxsize=16_384)
def name_key(name: str) -> str:
    """What two spellings of a person's name have in common; equal keys mean that the names agree.

    Width, case, spaces, 様 and old character shapes make no difference, nor, in Latin letters, the order of the words.
    """
    folded = _HONORIFIC.sub("", narrow(name).casefold().strip())
    if folded.isascii():
        return "".join(sorted(_NO_SIGN.split(folded)))
    return _NO_SIGN.sub("", folded).translate(_VARIANTS)


@lru_cache(maxsize=16_384)
def kana_key(kana: str) -> str:
    """Katakana without spaces, whatever width or kind of kana it was; empty when it is no kana."""
    folded = _NO_SIGN.sub("", narrow(kana)).translate(_KATAKANA)
    return folded if _KANA_ONLY.fullmatch(folded) else ""


@lru_cache(maxsize=16_384)
def company_key(name: str) -> str:
    """A company's name without 株式会社, （株）, ㈱ and the like; the whole name where nothing else is left."""
    folded = narrow(name).casefold().strip().removesuffix("御中").strip()
    bare = _NO_SIGN.sub("", _LATIN_FORMS.sub("", _FORMS.sub("", folded)))
    return (bare or _NO_SIGN.sub("", folded)).translate(_VARIANTS)


@lru_cache(maxsize=16_384)
def is_company(name: str) -> bool:
    """Whether the name carries a company's legal form."""
    folded = narrow(name).casefold()
    return bool(_FORMS.search(folded) or _LATIN_FORMS.search(folded))


def full_name(family: str, given: str) -> str:
    """Both halves as they are written together: 佐藤 花子, but Hanako Sato."""
    halves = (given, family) if (family + given).isascii() else (family, given)
    return " ".join(half for half in halves if half)
