"""Texts of the `intake` part, each key as (Japanese, English)."""

TEXTS: dict[str, tuple[str, str]] = {}
