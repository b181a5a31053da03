"""config.yaml and the environment are read: every mistake at once, and what can be relied on in spite of them.

Secrets come from the environment only: NURTURE_SMTP_USERNAME, NURTURE_SMTP_PASSWORD, NURTURE_LINE_ACCESS_TOKEN,
NURTURE_LINE_CHANNEL_SECRET, NURTURE_SECRET_KEY, and NURTURE_DKIM_KEY or the file that NURTURE_DKIM_KEY_FILE names.
`NURTURE_DATABASE` overrides `database`.
"""

import copy
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr, ValidationError

from nurture.document import Document, Keys, load_file
from nurture.mistake import Mistake, MistakesFound, Place
from nurture.shape import mistakes_of

from .model import Secrets, Settings, Shop

FILE_NAME = "config.yaml"
SECRETS: Mapping[str, str] = {
    "smtp_username": "NURTURE_SMTP_USERNAME",
    "smtp_password": "NURTURE_SMTP_PASSWORD",
    "line_access_token": "NURTURE_LINE_ACCESS_TOKEN",
    "line_channel_secret": "NURTURE_LINE_CHANNEL_SECRET",
    "secret_key": "NURTURE_SECRET_KEY",
    "dkim_key": "NURTURE_DKIM_KEY",
}
DKIM_KEY_FILE = "NURTURE_DKIM_KEY_FILE"
"""Names a file with the key, which is a text of many lines."""
SECRET_WORDS: Mapping[str, str] = {
    "username": "smtp_username",
    "password": "smtp_password",
    "token": "line_access_token",
    "access_token": "line_access_token",
    "channel_secret": "line_channel_secret",
    "secret": "secret_key",
    "private_key": "dkim_key",
}
ROUNDS = 5
"""So often what is wrong is taken out and the rest read again; taking out can't bring up much that is new."""


@dataclass(frozen=True)
class SettingsRead:
    """What config.yaml and the environment say, mistakes and all."""

    settings: Settings
    """Defaults stand where something is wrong."""
    doubtful: frozenset[str]
    """Dotted keys of the file with something wrong, so that their values can't be relied on."""
    mistakes: tuple[Mistake, ...]


def in_doubt(doubtful: Set[str], *keys: str) -> bool:
    """Whether any of these dotted keys, what stands around them or under them is one of the doubtful."""
    return any(
        f"{key}.".startswith(f"{each}.") or f"{each}.".startswith(f"{key}.") for each in doubtful for key in keys
    )


def load_settings(folder: Path, environment: Mapping[str, str]) -> Settings:
    """Reads `config.yaml` in `folder` and the environment. Raises MistakesFound with every mistake in the file."""
    found = read_settings(folder, environment)
    if found.mistakes:
        raise MistakesFound(found.mistakes)
    return found.settings


def read_settings(folder: Path, environment: Mapping[str, str]) -> SettingsRead:
    """The same, with what can be used in spite of the mistakes."""
    settings, doubtful, mistakes = _file_read(folder)
    found = {name: SecretStr(environment.get(variable, "")) for name, variable in SECRETS.items()}
    try:
        found["dkim_key"] = _dkim_key(environment)
    except MistakesFound as problem:
        mistakes += problem.mistakes
        doubtful |= {"secrets"}
    changes: dict[str, Any] = {"folder": folder, "secrets": Secrets(**found)}
    if environment.get("NURTURE_DATABASE"):
        changes["database"] = environment["NURTURE_DATABASE"]
        doubtful -= {"database"}
    return SettingsRead(settings.model_copy(update=changes), doubtful, mistakes)


def _file_read(folder: Path) -> tuple[Settings, frozenset[str], tuple[Mistake, ...]]:
    nothing = Settings(shop=Shop(name="?"))
    try:
        document = load_file(folder / FILE_NAME, FILE_NAME)
        if not isinstance(document.value, dict):
            raise MistakesFound([Mistake(document.place(()), "mistake.not_mapping", {"found": document.value})])
    except MistakesFound as found:
        return nothing, frozenset(Settings.model_fields), found.mistakes
    secrets = dict(_secrets_written(document, document.value, ()))
    mistakes = list(secrets.values())
    value = _without(document.value, secrets)
    for number in range(ROUNDS):
        try:
            return Settings.model_validate(value), frozenset(map(_doubted, mistakes)), tuple(mistakes)
        except ValidationError as problem:
            if not number:
                mistakes += mistakes_of(problem, Settings, document, ())
            value = _without(value, (each["loc"] for each in problem.errors(include_url=False)))
        if not isinstance(value.get("shop"), dict) or value["shop"].get("name") is None:
            value["shop"] = {**(value.get("shop") or {}), "name": "?"}
    return nothing, frozenset(Settings.model_fields), tuple(mistakes)


def _doubted(mistake: Mistake) -> str:
    """The key whose value is not known: of a misspelt one, the one that was meant."""
    if mistake.code == "mistake.unknown_key":
        return f"{mistake.key}.{mistake.suggestion}".strip(".") or "?"
    return f"{mistake.key}.{mistake.values.get('missing', '')}".strip(".") or "?"


def _without(value: dict[str, Any], paths: Iterable[Keys]) -> dict[str, Any]:
    """A copy without what stands at these paths; where a path leads further than the value, without what is there."""
    left = copy.deepcopy(value)
    # From behind, so that the places in a list still hold.
    for path in sorted(set(paths), key=lambda each: [(isinstance(part, int), part) for part in each], reverse=True):
        _take_out(left, path)
    return left


def _take_out(value: Any, path: Keys) -> None:
    holder, last = None, None
    for part in path:
        inside = part in value if isinstance(value, dict) else isinstance(value, list) and _is_index(part, value)
        if not inside:
            break
        holder, last, value = value, part, value[part]
    if holder is not None:
        del holder[last]


def _is_index(part: int | str, value: list[Any]) -> bool:
    return isinstance(part, int) and part < len(value)


def _dkim_key(environment: Mapping[str, str]) -> SecretStr:
    if environment.get(SECRETS["dkim_key"]) or not environment.get(DKIM_KEY_FILE):
        # Files of environment variables have a line for each.
        return SecretStr(environment.get(SECRETS["dkim_key"], "").replace("\\n", "\n"))
    path = environment[DKIM_KEY_FILE]
    try:
        return SecretStr(Path(path).read_text("ascii"))
    except (OSError, UnicodeError) as problem:
        values = {"found": path, "problem": getattr(problem, "strerror", "") or type(problem).__name__}
        raise MistakesFound([Mistake(Place(DKIM_KEY_FILE), "config.dkim_file", values)]) from None


def _secrets_written(document: Document, value: Any, path: Keys) -> Iterator[tuple[Keys, Mistake]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            here = (*path, key)
            variable = SECRETS.get(SECRET_WORDS.get(key.lower(), key.lower()))
            if variable or key in ("folder", "secrets"):
                values = {"found": key, "variable": variable or "NURTURE_…"}
                yield here, Mistake(document.place(here), "mistake.secret", values, ".".join(map(str, path)))
            yield from _secrets_written(document, inner, here)
