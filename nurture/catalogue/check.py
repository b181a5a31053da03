"""Texts of the `check` part, each key as (Japanese, English)."""

TEXTS: dict[str, tuple[str, str]] = {}
