"""`check` and `schema`: what is wrong with the files a person wrote, and what an editor needs to complete them."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from .desk import Desk

if TYPE_CHECKING:
    from nurture.check import Finding

    from .folder import ShopRead


def check(
    context: typer.Context,
    format_: Annotated[Literal["table", "json"], typer.Option("--format", metavar="table|json")] = "table",
) -> int:
    """Everything that is wrong, at once."""
    from nurture.check import Finding
    from nurture.mistake import MistakesFound

    desk: Desk = context.obj
    try:
        findings = _look(desk)
    except MistakesFound as found:
        findings = [Finding("error", each) for each in found.mistakes]
    errors = sum(each.severity == "error" for each in findings)
    if format_ == "json":
        desk.hand_over(json.dumps([_as_data(desk, each) for each in findings], ensure_ascii=False, indent=2))
    else:
        for each in findings:
            desk.hand_over(_as_line(desk, each))
    code = "cli.check.errors" if errors else "cli.check.warnings" if findings else "cli.check.clean"
    desk.tell(code, errors=errors, warnings=len(findings) - errors)
    return 1 if errors else 0


def schema(
    context: typer.Context,
    output: Annotated[str, typer.Option("--output", metavar="FILE")] = "",
) -> None:
    """The JSON Schema of campaign files."""
    from nurture.campaign import campaign_schema

    desk: Desk = context.obj
    text = json.dumps(campaign_schema(), ensure_ascii=False, indent=2)
    if not output:
        desk.hand_over(text)
        return
    Path(output).write_text(text + "\n", "utf-8")
    desk.tell("cli.written", path=output)


def _look(desk: Desk) -> "list[Finding]":
    from nurture.check import Finding, check_shop
    from nurture.mistake import MistakesFound

    from .folder import engine_of, shop_read

    shop = shop_read(desk)
    found = [Finding("error", each) for each in shop.mistakes]
    engine = None
    try:
        engine = engine_of(shop.settings.settings)
        present = engine if _is_usable(engine, shop) else None
        return check_shop(shop.settings, shop.campaigns, shop.templates, present, desk.now, found)
    except MistakesFound as problem:
        found += [Finding("error", each) for each in problem.mistakes]
        return check_shop(shop.settings, shop.campaigns, shop.templates, None, desk.now, found)
    finally:
        if engine is not None:
            engine.dispose()


def _is_usable(engine: Any, shop: "ShopRead") -> bool:
    """Whether there is a database of this version, and it is known which."""
    from sqlalchemy.exc import DBAPIError

    from nurture.config import in_doubt

    if in_doubt(shop.settings.doubtful, "database"):
        return False
    try:
        return _is_current(engine)
    except DBAPIError:
        if shop.mistakes:  # what is wrong with the files is the nearer reason
            return False
        raise


def _is_current(engine: Any) -> bool:
    from nurture.store import current_revision, needs_upgrade

    return current_revision(engine) is not None and not needs_upgrade(engine)


def _as_line(desk: Desk, finding: "Finding") -> str:
    from nurture.catalogue import say_mistake

    place = str(finding.mistake.place)
    said = say_mistake(desk.language, finding.mistake).removeprefix(f"{place}: ")
    # Editors jump to what a line begins with.
    return f"{place}: {desk.say(f'cli.check.{finding.severity}')}: {said}"


def _as_data(desk: Desk, finding: "Finding") -> dict[str, Any]:
    from nurture.catalogue import say

    mistake = finding.mistake
    return {
        "severity": finding.severity,
        "file": mistake.place.file,
        "line": mistake.place.line,
        "column": mistake.place.column,
        "key": mistake.key,
        "code": mistake.code,
        "text": say(desk.language, mistake.code, **mistake.values),
        "suggestion": mistake.suggestion,
    }
