"""Texts about conditions, each key as (Japanese, English)."""

TEXTS: dict[str, tuple[str, str]] = {
    "condition.unknown": (
        "「{found}」という条件はありません。使えるのは {allowed} です",
        "there is no condition '{found}'; allowed are {allowed}",
    ),
    "condition.not_mapping": (
        "条件は「条件名: 値」の形で書いてください（見つかったもの: {found}）",
        "write a condition as 'name: value', not {found}",
    ),
    "condition.no_test": (
        "何と比べるかを書いてください。{allowed} のどれかが要ります",
        "say what to compare with: one of {allowed}",
    ),
    "condition.no_end": (
        "at_least か at_most のどちらかを書いてください",
        "write at_least, at_most or both",
    ),
}
