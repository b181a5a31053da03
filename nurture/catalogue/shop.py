"""Texts of the `shop` part, each key as (Japanese, English)."""

TEXTS: dict[str, tuple[str, str]] = {
    "shop.kind": (
        "「{found}」という種類の見本はありません。使えるのは {allowed} です",
        "there is no sample of the kind '{found}'; write one of {allowed}",
    ),
    "shop.exists": (
        "すでにあるため、上書きせずに止めました。空のフォルダを指定してください",
        "this exists already and is not overwritten; choose an empty folder",
    ),
    "shop.not_folder": (
        "フォルダではありません。別の場所を指定してください",
        "this is not a folder; choose another place",
    ),
    "shop.not_written": (
        "書き込めませんでした（{problem}）。何も残していません",
        "this can't be written ({problem}); nothing was left behind",
    ),
}
