"""Which column of a file is which field: recognised by its headers, or told by a mapping."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from nurture.intake.presets import KIND_NEEDS, KINDS, PERSON, PRESET_NAMES, PRESETS, Preset, header_key
from nurture.mistake import Mistake, MistakesFound, Place, nearest


@dataclass(frozen=True)
class Layout:
    """The fields of a file and where they stand."""

    kind: str
    preset: Preset
    headers: tuple[str, ...]
    columns: Mapping[str, tuple[int, ...]]
    """Field → positions, counted from 0; of two equal headers the first is meant."""

    @cached_property
    def plan(self) -> tuple[tuple[int, str], ...]:
        """(position, field) of every column that is read, from left to right."""
        return tuple(sorted((at, name) for name, places in self.columns.items() for at in places))

    def header_of(self, name: str) -> str:
        """The header of a field's first column."""
        return self.headers[self.columns[name][0]]

    def field_at(self, position: int) -> str:
        """The field of a column, empty where it is not read."""
        return next((name for name, places in self.columns.items() if position in places), "")


def lay_out(
    file: str,
    headers: Sequence[str],
    kind: str | None,
    preset: str | None,
    columns: Mapping[str, str],
    extra: Mapping[str, str],
    row: int = 1,
) -> Layout:
    """The layout of a file whose headers stand in this `row`.

    `kind`, `preset`: what the person named, None to guess. `columns`: field → header, from a mapping; it goes before
    the preset. `extra`: folded header → field for what the shop declared (attributes). Raises MistakesFound, naming
    what was found, when the headers fit nothing.
    """
    place = Place(file, row, 1)
    _check_names(place, kind, preset)
    named = _named(place, headers, columns)
    candidates = [_fitted(each, headers, named, extra) for each in _allowed(kind, preset)]
    able = [each for each in candidates if not _lacking(each)]
    # A preset that lacks its marks is meant only where it, or its kind together with the columns, was named.
    fitting = [each for each in able if _is_marked(each)] or (able if preset or (kind and columns) else [])
    if not fitting:
        raise MistakesFound([_unrecognised(place, headers, candidates, kind, preset)])
    return max(fitting, key=lambda each: (bool(each.preset.program), len(each.plan)))


def _check_names(place: Place, kind: str | None, preset: str | None) -> None:
    for found, allowed, key in ((kind, KINDS, "--kind"), (preset, PRESET_NAMES, "--preset")):
        if found and found not in allowed:
            values = {"found": found, "allowed": ", ".join(allowed)}
            raise MistakesFound([Mistake(place, "mistake.unknown_word", values, key, nearest(found, allowed))])


def _allowed(kind: str | None, preset: str | None) -> list[Preset]:
    return [each for each in PRESETS if (not kind or each.kind == kind) and (not preset or each.name == preset)]


def _named(place: Place, headers: Sequence[str], columns: Mapping[str, str]) -> dict[str, int]:
    """Position of the header that each mapped field names."""
    keys = [header_key(each) for each in headers]
    missing = [(name, header) for name, header in columns.items() if header_key(header) not in keys]
    if missing:
        raise MistakesFound(
            Mistake(
                place,
                "import.no_such_header",
                {"found": header, "allowed": ", ".join(each for each in headers if each)},
                name,
                nearest(header, headers),
            )
            for name, header in missing
        )
    return {name: keys.index(header_key(header)) for name, header in columns.items()}


def _fitted(preset: Preset, headers: Sequence[str], named: Mapping[str, int], extra: Mapping[str, str]) -> Layout:
    columns: dict[str, tuple[int, ...]] = {name: (position,) for name, position in named.items()}
    taken = set(named.values())
    seen: set[str] = set()
    known = {**(extra if preset.kind == "customers" else {}), **preset.columns}
    for position, header in enumerate(headers):
        key = header_key(header)
        name = known.get(key)
        if name is None or key in seen or position in taken or name in named:
            continue
        seen.add(key)
        columns[name] = (*columns.get(name, ()), position)
    return Layout(preset.kind, preset, tuple(headers), columns)


def _is_marked(layout: Layout) -> bool:
    keys = {header_key(each) for each in layout.headers}
    return all(needed & keys for needed in layout.preset.needs)


def _lacking(layout: Layout) -> list[tuple[str, ...]]:
    return [group for group in KIND_NEEDS[layout.kind] if not any(name in layout.columns for name in group)]


def _unrecognised(
    place: Place, headers: Sequence[str], candidates: Sequence[Layout], kind: str | None, preset: str | None
) -> Mistake:
    found = ", ".join(each for each in headers if each.strip())[:300]
    if not (kind or preset):
        return Mistake(place, "import.headers_unknown", {"found": found, "row": place.line})
    nearest_layout = max(candidates, key=lambda each: len(each.columns))
    lacking = " / ".join("|".join(group) for group in _lacking(nearest_layout)) or " / ".join(
        "|".join(sorted(each)) for each in nearest_layout.preset.needs
    )
    values = {"found": found, "kind": nearest_layout.kind, "lacking": lacking, "row": place.line}
    return Mistake(place, "import.headers_lack", values)


def declared(attributes: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """(folded header, field) for attributes declared in config.yaml: name → title."""
    for name, title in attributes.items():
        for header in (name, title):
            if header and header_key(header) not in PERSON:
                yield header_key(header), f"attribute.{name}"
