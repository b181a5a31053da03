"""Texts of the `campaign` part, each key as (Japanese, English)."""

TEXTS: dict[str, tuple[str, str]] = {}
