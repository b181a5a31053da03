"""Texts of the `cli` part, each key as (Japanese, English)."""

TEXTS: dict[str, tuple[str, str]] = {}
