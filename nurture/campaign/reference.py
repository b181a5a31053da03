"""The reference of the campaign language as a page, written from the code: docs/campaigns.md is its output."""

import re
import sys
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from nurture.condition import OPERATORS, Offer, Operator
from nurture.condition.vocabulary import Comparison

from .model import About, After, Anniversary, AtMost, Campaign, Entered, Every, Goal, Step

HEAD = """# Campaign reference

A campaign is one YAML file in `campaigns/`; a file with a `segments:` list names segments. This page is written from
the code (`python -m nurture.campaign.reference`), and a test compares them. `nurture schema` writes the same as a JSON
Schema, from which editors complete; `nurture check` tells every mistake with its line. How all of it is decided stands
in [planning.md](planning.md).

YAML is read strictly (1.2): times stay text (`10:00`), `no` is a word, a key stands once, anchors and tags are refused.

```yaml
campaign: first-thanks
title: はじめてのお礼
priority: 80
trigger: {after: order}
audience:
  - this: {order: first}
  - not: {complaint: open}
steps:
  - step: thanks
    wait: 1 day
    channels: [line, email]
    template: first-thanks
    window: 10:00-19:00
    valid_for: 3 days
```

- *Durations*: `3 days`, `72 hours`, `90 minutes`, `2 weeks`, `1 month` (months only where a moment ago is meant);
  also `3日`, `72時間`. Days are calendar days at the same wall time, hours are hours.
- *Windows*: `10:00-19:00`, `10:00-19:00 mon-fri`, `月-金` too. *Times* `09:00`, *dates* `2026-12-31`, *shares* `5%`.
"""
CONDITIONS = """
## Conditions

A list is AND; `all:`, `any:` and `not:` nest freely. Every condition is true or false, never unknown: what is missing
makes it false, and its `not` true. `within: 30 days` means not longer ago than that, `older_than:` longer ago, counted
in the shop's zone. Orders that were cancelled or returned count only where `status` names them.
"""
SECTIONS: tuple[tuple[str, type[BaseModel]], ...] = (
    ("A campaign", Campaign),
    ("trigger: after, event", After),
    ("trigger: anniversary", Anniversary),
    ("trigger: entered", Entered),
    ("trigger: schedule", Every),
    ("steps", Step),
    ("about", About),
    ("offer", Offer),
    ("at_most", AtMost),
    ("goal", Goal),
)
TRIGGERS = ("After", "Anniversary", "Entered", "Schedule")
TREE = ("AllOf", "AnyOf", "Not", "Operator")
WORDS = {"string": "text", "integer": "whole number", "number": "number", "boolean": "`true` or `false`"}


def reference() -> str:
    """The whole page as Markdown."""
    parts = [HEAD, *(_section(title, model) for title, model in SECTIONS), CONDITIONS]
    parts += [_section("A range of numbers: `count: 3` or", Comparison)]
    parts += [_operator(each) for each in OPERATORS.values()]
    return "\n".join(part.rstrip("\n") + "\n" for part in parts)


def _section(title: str, model: type[BaseModel]) -> str:
    return "\n".join([f"## {title}", "", _sentence(model), "", *_table(model)])


def _operator(operator: type[Operator]) -> str:
    bare = f" A bare value means `{operator.bare}`." if operator.bare else ""
    head = [f"### {operator.word}", "", _sentence(operator) + bare, "", f"`{operator.example}`", ""]
    return "\n".join([*head, *_table(operator)])


def _table(model: type[BaseModel]) -> Iterator[str]:
    yield "| key | value | |"
    yield "|---|---|---|"
    for name, field in model.model_fields.items():
        if not field.exclude:
            words = field.description or ""
            yield f"| `{name}` | {_value(model, name, field.is_required())} | {_one_line(words)} |"


def _value(model: type[BaseModel], name: str, required: bool) -> str:
    schema = model.model_json_schema()
    found = _type(schema["properties"].get(name, {}), schema)
    if required:
        return f"{found}, needed"
    default = schema["properties"].get(name, {}).get("default")
    return (
        found if default in (None, "", [], {}) or isinstance(default, dict) else f"{found}; default `{_plain(default)}`"
    )


def _type(schema: dict[str, Any], whole: dict[str, Any]) -> str:
    if "$ref" in schema:
        return _type(whole["$defs"][schema["$ref"].rpartition("/")[2]], whole)
    if "enum" in schema:
        return " \\| ".join(f"`{each}`" for each in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    if "anyOf" in schema:
        kinds = [_type(each, whole) for each in schema["anyOf"] if each.get("type") != "null"]
        return " \\| ".join(dict.fromkeys(kinds))
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}), whole)}"
    if examples := schema.get("examples"):
        return f"like `{examples[0]}`"
    if schema.get("type") == "object":
        title = str(schema.get("title"))
        return "one of the triggers below" if title in TRIGGERS else "conditions" if title in TREE else f"see {title}"
    return WORDS.get(str(schema.get("type")), "conditions")


def _plain(default: object) -> str:
    return ", ".join(map(str, default)) if isinstance(default, list) else str(default)


def _sentence(model: type[BaseModel]) -> str:
    return _one_line(model.__doc__ or "")


def _one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip().replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(reference())
