"""The JSON Schema from which editors complete and check campaign files (draft 7 words only)."""

from typing import Any

from nurture.condition import OPERATORS

from .model import Campaign, Segment

CONDITION = {"$ref": "#/$defs/condition"}
CONDITIONS = {"anyOf": [CONDITION, {"type": "array", "items": CONDITION}]}


def campaign_schema() -> dict[str, Any]:
    """One schema for both kinds of file: a campaign, or a list of segments."""
    definitions: dict[str, Any] = {"condition": _condition_schema()}
    campaign = _lifted(Campaign.model_json_schema(mode="validation"), definitions)
    for key in ("audience", "exit_when"):
        campaign["properties"][key] = {**CONDITIONS, "description": campaign["properties"][key].get("description", "")}
    for hidden in ("digest", "source", "file"):
        campaign["properties"].pop(hidden, None)
    for operator in OPERATORS.values():
        definitions[operator.__name__] = _operator_schema(operator, definitions)
    segments = {
        "type": "object",
        "required": ["segments"],
        "additionalProperties": False,
        "properties": {"segments": {"type": "array", "items": _segment_schema(definitions)}},
    }
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "nurture campaign",
        "anyOf": [campaign, segments],
        "$defs": definitions,
    }


def _segment_schema(definitions: dict[str, Any]) -> dict[str, Any]:
    written = _lifted(Segment.model_json_schema(mode="validation"), definitions)
    properties = written["properties"]
    return {
        "type": "object",
        "required": ["segment", "condition"],
        "additionalProperties": False,
        "properties": {"segment": properties["segment"], "title": properties["title"], "condition": CONDITIONS},
    }


def _condition_schema() -> dict[str, Any]:
    joints: dict[str, Any] = {
        "all": {"type": "array", "items": CONDITION},
        "any": {"type": "array", "items": CONDITION},
    }
    joints["not"] = CONDITIONS
    words = {word: {"$ref": f"#/$defs/{operator.__name__}"} for word, operator in OPERATORS.items()}
    return {"type": "object", "minProperties": 1, "additionalProperties": False, "properties": {**joints, **words}}


def _operator_schema(operator: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    schema = _lifted(operator.model_json_schema(mode="validation"), definitions)
    schema["examples"] = [operator.example]
    if not operator.bare:
        return schema
    return {"description": schema.get("description", ""), "anyOf": [schema["properties"][operator.bare], schema]}


def _lifted(schema: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    definitions.update(schema.pop("$defs", {}))
    return schema
