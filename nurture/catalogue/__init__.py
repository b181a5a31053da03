"""The one catalogue of words that a user reads, Japanese and English side by side. It holds no logic."""

from collections.abc import Mapping

from nurture.mistake import Mistake, MistakesFound

from . import (
    approval,
    campaign,
    channels,
    check,
    cli,
    conditions,
    intake,
    message,
    mistakes,
    planning,
    preview,
    safety,
    shop,
    web,
)

Language = str

TEXTS: Mapping[str, tuple[str, str]] = {
    **approval.TEXTS,
    **mistakes.TEXTS,
    **campaign.TEXTS,
    **conditions.TEXTS,
    **intake.TEXTS,
    **planning.TEXTS,
    **message.TEXTS,
    **channels.TEXTS,
    **preview.TEXTS,
    **check.TEXTS,
    **cli.TEXTS,
    **safety.TEXTS,
    **shop.TEXTS,
    **web.TEXTS,
}


def say(language: Language, key: str, **values: object) -> str:
    """The text under `key` in `language` ("ja" or "en") with its gaps filled; an unknown key is a bug (KeyError)."""
    japanese, english = TEXTS[key]
    return (english if language == "en" else japanese).format(**values)


def say_mistake(language: Language, mistake: Mistake) -> str:
    """`file:line:column: key: what is wrong, did you mean …?` in the user's language."""
    text = say(language, mistake.code, **mistake.values)
    if mistake.suggestion:
        text += say(language, "mistake.did_you_mean", suggestion=mistake.suggestion)
    head = f"{mistake.place}: " + (f"{mistake.key}: " if mistake.key else "")
    return head + text


def say_mistakes(language: Language, found: MistakesFound) -> str:
    """Every mistake on a line of its own."""
    return "\n".join(say_mistake(language, each) for each in found.mistakes)
