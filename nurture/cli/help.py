"""What `--help` shows: what a command is for, how it is written, its options and an example."""

from collections.abc import Iterable, Iterator
from typing import Any

from rich.cells import cell_len

from nurture.catalogue import say

COLUMN = 30
"""Where the words about an option begin."""
WIDTH = 100


def help_text(command: Any, context: Any) -> str:
    """The help page of a command, or of all commands."""
    language = context.find_root().obj.language
    parts = [command.help, _section(language, "cli.help.usage", [_usage(command, context)])]
    if commands := getattr(command, "commands", None):
        rows = ((name, each.help.split("\n")[0]) for name, each in commands.items())
        parts.append(_section(language, "cli.help.commands", _table(rows)))
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    if arguments:
        parts.append(_section(language, "cli.help.arguments", _table((each.metavar, each.help) for each in arguments)))
    options = [each for each in command.params if each.param_type_name == "option"]
    written = [*((_written(each), each.help) for each in options), ("--help", say(language, "cli.any.help"))]
    parts.append(_section(language, "cli.help.options", _table(written)))
    parts.append(_section(language, "cli.help.examples", command.epilog.split("\n")))
    return "\n\n".join(parts) + "\n"


def _usage(command: Any, context: Any) -> str:
    if getattr(command, "commands", None):
        return say(context.find_root().obj.language, "cli.help.front")
    arguments = [each.metavar for each in command.params if each.param_type_name == "argument"]
    return " ".join([context.command_path, *arguments, "[--…]"])


def _section(language: str, title: str, lines: Iterable[str]) -> str:
    return "\n".join([say(language, title), *(f"  {line}" for line in lines)])


def _written(option: Any) -> str:
    return option.opts[0] if option.is_flag else f"{option.opts[0]} {option.metavar}"


def _table(rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Two columns; the right one is broken where it would run over, a wide character counting as two."""
    for left, right in rows:
        lines = list(_broken(right, WIDTH - COLUMN - 2))
        if cell_len(left) > COLUMN - 2:
            yield left
            left = ""
        yield left + " " * (COLUMN - cell_len(left)) + lines[0]
        yield from (" " * COLUMN + line for line in lines[1:])


def _broken(text: str, width: int) -> Iterator[str]:
    line = ""
    for word in _words(text):
        if line and cell_len(line + word.rstrip()) > width:
            yield line.rstrip()
            line = ""
        line += word
    yield line.rstrip()


def _words(text: str) -> Iterator[str]:
    """Pieces that a line may end after: Latin words with their space, Japanese characters one by one."""
    word = ""
    for character in text:
        if word and (word[-1] == " " or (cell_len(character) > 1 and character not in "、。）」")):
            yield word
            word = ""
        word += character
    yield word
