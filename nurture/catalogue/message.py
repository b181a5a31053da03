"""Texts of the `message` part, each key as (Japanese, English)."""

TEXTS: dict[str, tuple[str, str]] = {}
