"""From arguments to an exit status: which language, which command, and what became of it. No command is known here."""

import os
import re
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import typer

from nurture.catalogue import say, say_mistakes
from nurture.clock import Clock
from nurture.config import FILE_NAME
from nurture.document import load_file
from nurture.mistake import MistakesFound

from .desk import Desk
from .front import build
from .usage import usage_text

DONE, WRONG, USAGE, OUTSIDE = 0, 1, 2, 3
OURS = re.compile(r"no such (table|column|function)|ambiguous|syntax error|too many|misuse")
"""What SQLite says of a wrong statement, and never of a database that fails."""
GLOBAL = ("--folder", "--language")


def answer(arguments: Sequence[str], environment: Mapping[str, str], clock: Clock) -> int:
    """Runs one command; whatever happens becomes words and a status."""
    ordered = _globals_first(arguments)
    folder = Path(_given(ordered, "--folder") or ".")
    language = _given(ordered, "--language") or _language_of(folder)
    if language not in ("ja", "en"):
        sys.stderr.write(say("ja", "mistake.unknown_word", found=language, allowed="ja, en") + "\n")
        return USAGE
    desk = Desk(folder, language, clock, environment, "--debug" in ordered)
    try:
        return _status(build(language).main(ordered, "nurture", standalone_mode=False, obj=desk))
    except Exception as problem:
        return _explained(problem, desk)
    except KeyboardInterrupt:
        desk.tell("cli.interrupted")
        return WRONG


def _status(result: Any) -> int:
    return result if isinstance(result, int) else DONE


def _explained(problem: Exception, desk: Desk) -> int:
    """What to tell of a problem, and the status it stands for."""
    for kind, tell in _known():
        if isinstance(problem, kind):
            return tell(problem, desk)
    return _bug(problem, desk)


def _bug(problem: Exception, desk: Desk) -> int:
    if desk.debug:
        traceback.print_exception(problem)
    desk.tell("cli.bug", problem=f"{type(problem).__name__}: {problem}".splitlines()[0])
    return OUTSIDE


def _known() -> list[tuple[type[Exception], Callable[[Any, Desk], int]]]:
    # Late, since the database's modules take most of a second and help needs none of them.
    known: list[tuple[type[Exception], Callable[[Any, Desk], int]]] = [
        (MistakesFound, _mistakes),
        (typer.Exit, lambda problem, desk: int(problem.exit_code)),
        (typer.TyperException, _usage),
        (typer.Abort, lambda problem, desk: WRONG),
        (BrokenPipeError, _closed),
    ]
    if "nurture.store" in sys.modules:
        from sqlalchemy.exc import DBAPIError

        from nurture.store import NewerDatabase

        known += [(NewerDatabase, _newer), (DBAPIError, _database)]
    return [*known, (OSError, _outside)]


def _mistakes(problem: MistakesFound, desk: Desk) -> int:
    desk.remark(say_mistakes(desk.language, problem))
    # What was typed wrong is usage, what a file says wrong is input.
    return USAGE if all(each.place.file.startswith("--") for each in problem.mistakes) else WRONG


def _usage(problem: typer.TyperException, desk: Desk) -> int:
    desk.remark(usage_text(problem, desk))
    return int(problem.exit_code)


def _newer(problem: Any, desk: Desk) -> int:
    desk.tell("cli.newer_database", revision=problem.revision)
    return WRONG


def _database(problem: Any, desk: Desk) -> int:
    # SQLite has one class for a full disk and for a wrong statement; the other drivers tell them apart.
    if type(problem).__name__ not in ("OperationalError", "InterfaceError", "DatabaseError") or OURS.search(
        str(problem.orig)
    ):
        return _bug(problem, desk)
    if desk.debug:
        traceback.print_exception(problem)
    desk.tell("cli.database_failed", problem=str(problem.orig).splitlines()[0])
    return OUTSIDE


def _outside(problem: OSError, desk: Desk) -> int:
    if desk.debug:
        traceback.print_exception(problem)
    desk.tell("cli.outside_failed", problem=problem.strerror or problem, place=problem.filename or "-")
    return OUTSIDE


def _closed(problem: BrokenPipeError, desk: Desk) -> int:
    # `nurture preview | head`: the reader has enough, and Python must not complain at exit either.
    sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
    return DONE


def _globals_first(arguments: Sequence[str]) -> list[str]:
    """The options that every command takes, before the command: `nurture preview --folder x` is meant as well."""
    front: list[str] = []
    rest = list(arguments)
    before, after = (rest[: rest.index("--")], rest[rest.index("--") :]) if "--" in rest else (rest, [])
    kept: list[str] = []
    while before:
        word = before.pop(0)
        if word in GLOBAL and before:
            front += [word, before.pop(0)]
        elif word == "--debug" or word.startswith(tuple(f"{each}=" for each in GLOBAL)):
            front.append(word)
        else:
            kept.append(word)
    return [*front, *kept, *after]


def _given(arguments: Sequence[str], name: str) -> str:
    for place, word in enumerate(arguments):
        if word == name and place + 1 < len(arguments):
            return arguments[place + 1]
        if word.startswith(f"{name}="):
            return word.partition("=")[2]
    return ""


def _language_of(folder: Path) -> str:
    """What config.yaml says, Japanese where it can't be read: its mistakes are told in some language, too."""
    try:
        value = load_file(folder / FILE_NAME).value
    except MistakesFound:
        return "ja"
    found = value.get("language") if isinstance(value, dict) else None
    return "en" if found == "en" else "ja"
