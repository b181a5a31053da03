"""Texts of the `conditions` part, each key as (Japanese, English)."""

TEXTS: dict[str, tuple[str, str]] = {}
