"""Texts of the `preview` part, each key as (Japanese, English)."""

TEXTS: dict[str, tuple[str, str]] = {}
