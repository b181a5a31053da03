"""What a person said about the columns of a file (`--map`), and its memory in `imports/` beside config.yaml."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from nurture.document import Document, load_file
from nurture.intake.presets import PRESETS, header_key
from nurture.mistake import Mistake, MistakesFound, Place, nearest

FOLDER = "imports"
OPEN_FIELDS = ("attribute.", "date.", "birthday.")
"""Beginnings of fields whose rest is a name: a declared attribute, a custom day, a relative's birthday."""

_KEYS = ("kind", "preset", "columns", "headers")
_UNSAFE = re.compile(r"[^\w.-]+")


@dataclass(frozen=True)
class ColumnMapping:
    """Which field stands under which header."""

    columns: Mapping[str, str] = field(default_factory=dict)
    """Field → header as it is written in the file."""
    kind: str | None = None
    preset: str | None = None


def read_mapping(written: str) -> ColumnMapping:
    """`email=メールアドレス,name=氏名`, or the name of a YAML file with `columns:` and perhaps `kind:` and `preset:`.

    Raises MistakesFound for fields that do not exist.
    """
    if written.endswith((".yaml", ".yml")):
        return _from_file(Path(written))
    place, columns = Place("--map"), {}
    for pair in filter(None, (each.strip() for each in written.split(","))):
        name, equals, header = pair.partition("=")
        if not equals or not header.strip():
            raise MistakesFound([Mistake(place, "import.map_pair", {"found": pair})])
        columns[name.strip()] = header.strip()
    _check_fields(columns, [place] * len(columns))
    return ColumnMapping(columns)


def remembered(folder: Path, headers: Sequence[str]) -> ColumnMapping | None:
    """The mapping that was kept for a file with the same set of headers. `folder`: where config.yaml lies."""
    wanted = sorted(header_key(each) for each in headers)
    for path in sorted((folder / FOLDER).glob("*.yaml")):
        document = load_file(path, f"{FOLDER}/{path.name}")
        found = document.value.get("headers") if isinstance(document.value, dict) else None
        if isinstance(found, list) and sorted(header_key(str(each)) for each in found) == wanted:
            return _of(document)
    return None


def kept_headers(folder: Path) -> frozenset[str]:
    """Every header of every mapping that was kept."""
    documents = (load_file(path, f"{FOLDER}/{path.name}").value for path in (folder / FOLDER).glob("*.yaml"))
    kept = (each.get("headers") for each in documents if isinstance(each, dict))
    return frozenset(str(header) for headers in kept if isinstance(headers, list) for header in headers if header)


def remember(folder: Path, name: str, mapping: ColumnMapping, headers: Sequence[str]) -> Path:
    """Keeps a mapping for the next file with these headers; `name` is that of the file it was made for."""
    value: dict[str, Any] = {"kind": mapping.kind, "preset": mapping.preset, "columns": dict(mapping.columns)}
    value = {key: each for key, each in value.items() if each} | {"headers": list(headers)}
    path = folder / FOLDER / f"{_UNSAFE.sub('_', name) or 'file'}.yaml"
    path.parent.mkdir(exist_ok=True)
    text = StringIO()
    writer = YAML()
    writer.width = 4096
    writer.dump(value, text)
    path.write_text(text.getvalue(), encoding="utf-8")
    return path


def _from_file(path: Path) -> ColumnMapping:
    return _of(load_file(path))


def _of(document: Document) -> ColumnMapping:
    value = document.value
    if not isinstance(value, dict) or not isinstance(value.get("columns", {}), dict):
        raise MistakesFound([Mistake(document.place(()), "mistake.not_mapping", {"found": value})])
    for key in value:
        if key not in _KEYS:
            values = {"found": key, "allowed": ", ".join(_KEYS)}
            raise MistakesFound(
                [Mistake(document.place((key,)), "mistake.unknown_key", values, "", nearest(key, _KEYS))]
            )
    columns = {str(name): str(header) for name, header in value.get("columns", {}).items()}
    _check_fields(columns, [document.place(("columns", name)) for name in columns])
    return ColumnMapping(columns, value.get("kind"), value.get("preset"))


def _check_fields(columns: Mapping[str, str], places: Sequence[Place]) -> None:
    allowed = sorted({name for each in PRESETS for name in each.columns.values()})
    mistakes = [
        Mistake(
            place, "import.no_such_field", {"found": name, "allowed": ", ".join(allowed)}, "", nearest(name, allowed)
        )
        for name, place in zip(columns, places, strict=True)
        if name not in allowed and not name.startswith(OPEN_FIELDS)
    ]
    if mistakes:
        raise MistakesFound(mistakes)
