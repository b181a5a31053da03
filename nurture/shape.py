"""The shapes a YAML file may have: the kinds of value a person writes, and turning what does not fit into mistakes."""

from collections.abc import Iterator, Mapping
from datetime import date
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, ValidationError, WithJsonSchema
from pydantic_core import ErrorDetails, PydanticCustomError

from nurture.document import Document, Keys
from nurture.mistake import Mistake, MistakesFound, nearest
from nurture.window import WEEKDAYS, Window, parse_window
from nurture.zone import Duration, parse_duration, parse_time_of_day

Model = TypeVar("Model", bound=BaseModel)


class Section(BaseModel):
    """A part of a file a person writes: unknown keys are refused and nothing changes after loading."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        arbitrary_types_allowed=True,
        populate_by_name=True,
        use_attribute_docstrings=True,
        defer_build=True,
    )


def read_duration(found: Any) -> Duration:
    """A duration as it is written, `3 days` or `72 hours`; raises the error that a model reports."""
    if isinstance(found, Duration):
        return found
    try:
        return parse_duration(found)
    except (ValueError, TypeError):
        raise wrong("expected.duration") from None


def _read_window(found: Any) -> Window:
    try:
        return found if isinstance(found, Window) else parse_window(found)
    except (ValueError, TypeError):
        raise wrong("expected.window") from None


def _read_date(found: Any) -> date:
    try:
        return found if isinstance(found, date) else date.fromisoformat(str(found))
    except ValueError:
        raise wrong("expected.date") from None


def _read_time(found: Any) -> int:
    try:
        return parse_time_of_day(found)
    except (ValueError, TypeError):
        raise wrong("expected.time_of_day") from None


def _read_share(found: Any) -> float:
    text = str(found)
    number = text.removesuffix("%").strip()
    if not text.endswith("%") or not number.replace(".", "", 1).isdecimal() or not 0 <= float(number) <= 50:
        raise wrong("expected.percent")
    return float(number) / 100


def _known_zone(found: str) -> str:
    if found in available_timezones():
        return found
    raise wrong("expected.zone", suggestion=nearest(found, available_timezones()))


def _read_weekday(found: Any) -> int:
    number = WEEKDAYS.get(str(found).lower())
    if number is None:
        raise wrong("mistake.unknown_word", allowed=", ".join(WEEKDAYS), suggestion=nearest(str(found), WEEKDAYS))
    return number


def _text_schema(example: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "examples": [example]})


DurationText = Annotated[Duration, BeforeValidator(read_duration), _text_schema("3 days")]
WindowText = Annotated[Window, BeforeValidator(_read_window), _text_schema("10:00-19:00")]
DateText = Annotated[date, BeforeValidator(_read_date), _text_schema("2026-12-31")]
TimeText = Annotated[int, BeforeValidator(_read_time), _text_schema("09:00")]
"""Seconds of the local day."""
Share = Annotated[float, BeforeValidator(_read_share), _text_schema("5%")]
"""0.0-0.5."""
ZoneName = Annotated[str, AfterValidator(_known_zone), _text_schema("Asia/Tokyo")]
Weekday = Annotated[int, BeforeValidator(_read_weekday), _text_schema("mon")]
"""Monday 0 … Sunday 6."""

EXPECTED: Mapping[str, str] = {
    "int_type": "expected.integer",
    "int_parsing": "expected.integer",
    "int_parsing_size": "expected.integer",
    "int_from_float": "expected.integer",
    "bool_type": "expected.boolean",
    "bool_parsing": "expected.boolean",
    "string_type": "expected.text",
    "list_type": "expected.list",
    "tuple_type": "expected.list",
    "dict_type": "expected.mapping",
    "model_type": "expected.mapping",
    "model_attributes_type": "expected.mapping",
    "float_type": "expected.number",
    "float_parsing": "expected.number",
}

LIMITS: Mapping[str, str] = {
    "less_than_equal": "expected.at_most",
    "greater_than_equal": "expected.at_least",
    "string_pattern_mismatch": "expected.name",
    "too_short": "expected.some",
}


def wrong(code: str, **values: Any) -> PydanticCustomError:
    """The error a validator raises: a catalogue key and what fills its gaps.

    A validator of a whole section names the `key` it is about, and the value `found` under it; one of a key may name
    another key `beside` it where the mistake is to be shown.
    """
    return PydanticCustomError(code, "{text}", {"text": code, **values})


def shaped(model: type[Model], document: Document, value: Any = None, path: Keys = ()) -> Model:
    """The model filled from `value` (default: the whole document). Raises MistakesFound with all mistakes at once."""
    found = document.value if value is None and not path else value
    try:
        return model.model_validate(found, strict=False)
    except ValidationError as problem:
        raise MistakesFound(mistakes_of(problem, model, document, path)) from None


def mistakes_of(problem: ValidationError, model: type[BaseModel], document: Document, path: Keys) -> Iterator[Mistake]:
    """Each pydantic error as a mistake, at the place of the value it is about."""
    told: list[Mistake] = []
    for error in problem.errors(include_url=False):
        inside, allowed = _follow(model, error["loc"], document, path)
        if error["type"] == "too_short" and error["input"]:
            continue  # its items were wrong, and are reported themselves
        mistake = _mistake(error, allowed, document, (*path, *inside))
        if mistake not in told:  # each kind of value that could stand there reports its own
            told.append(mistake)
    yield from told


def _mistake(error: ErrorDetails, allowed: list[str], document: Document, path: Keys) -> Mistake:
    kind, found, context = error["type"], error.get("input"), error.get("ctx", {})
    if context.get("text") == kind:
        return _ours(kind, {"found": found, **context}, document, path)
    place, key = document.place(path), ".".join(str(part) for part in path)
    if kind == "extra_forbidden":
        name = str(path[-1])
        values = {"found": name, "allowed": ", ".join(allowed)}
        return Mistake(place, "mistake.unknown_key", values, ".".join(map(str, path[:-1])), nearest(name, allowed))
    if kind == "missing":
        return Mistake(place, "mistake.missing_key", {"missing": path[-1]}, ".".join(map(str, path[:-1])))
    if found is None:
        return Mistake(place, "mistake.no_value", {}, key)
    if kind in ("literal_error", "enum"):
        words = [word.strip().strip("'") for word in str(context.get("expected", "")).replace(" or ", ", ").split(",")]
        values = {"found": found, "allowed": ", ".join(words)}
        return Mistake(place, "mistake.unknown_word", values, key, nearest(str(found), words))
    if kind in EXPECTED:
        return Mistake(place, EXPECTED[kind], {"found": found}, key)
    if kind in LIMITS:
        values = {"found": _short(found), "limit": next(iter(context.values()), "")}
        return Mistake(place, LIMITS[kind], values, key)
    return Mistake(place, "mistake.refused", {"found": _short(found), "problem": error["msg"]}, key)


def _ours(code: str, values: dict[str, Any], document: Document, path: Keys) -> Mistake:
    """A mistake that a validator of ours raised by `wrong`."""
    if about := values.pop("key", None):
        path = (*path, about)
    if beside := values.pop("beside", None):
        path = (*path[:-1], beside)
    suggestion = str(values.pop("suggestion", ""))
    values = {**values, "found": _short(values["found"])}
    del values["text"]
    return Mistake(document.place(path), code, values, ".".join(map(str, path)), suggestion)


def _short(found: Any) -> str:
    text = str(found)
    return text if len(text) <= 60 else text[:57] + "…"


def _follow(
    model: type[BaseModel], loc: tuple[int | str, ...], document: Document, path: Keys
) -> tuple[Keys, list[str]]:
    """The error's keys that really stand in the document (union tags dropped), and the keys allowed at the last."""
    keys: list[str | int] = []
    current: Any = model
    allowed: list[str] = []
    for number, part in enumerate(loc):
        names = _field_names(current)
        last = number == len(loc) - 1
        if (*path, *keys, part) in document.places or (last and (names or isinstance(part, int))):
            allowed = names
            current = _inside(current, part)
            keys.append(part)
        else:
            current = _chosen(current, str(part))
    return tuple(keys), allowed


def _field_names(annotation: Any) -> list[str]:
    fields = (item for each in _models(annotation) for item in each.model_fields.items())
    return [field.alias or name for name, field in fields if not field.exclude]


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) in (Union, UnionType):
        for each in get_args(annotation):
            yield from _models(each)
    elif hasattr(annotation, "__metadata__"):
        yield from _models(get_args(annotation)[0])


def _inside(annotation: Any, part: str | int) -> Any:
    for each in _models(annotation):
        for name, field in each.model_fields.items():
            if part in (name, field.alias):
                return field.annotation
    for each in _branches(annotation):
        if get_origin(each) in (list, tuple, dict, Mapping):
            return get_args(each)[-1 if get_origin(each) is dict else 0]
    return None


def _branches(annotation: Any) -> Iterator[Any]:
    if get_origin(annotation) in (Union, UnionType):
        for each in get_args(annotation):
            yield from _branches(each)
    else:
        yield annotation


def _chosen(annotation: Any, tag: str) -> Any:
    for each in _branches(annotation):
        if getattr(each, "__name__", "") == tag:
            return each
    return annotation
