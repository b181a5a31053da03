"""Texts of the `planning` part, each key as (Japanese, English)."""

TEXTS: dict[str, tuple[str, str]] = {}
