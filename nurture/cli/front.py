"""The commands under their names, with their words put in. What a command does lies in the module of its noun."""

from collections.abc import Callable
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from nurture.catalogue import TEXTS, say

from . import checking, doubts, importing, keeping, linking, people, planning, running, sending, shop, status
from .help import help_text
from .usage import no_such_command

COMMANDS: dict[str, Callable[..., Any]] = {
    "init": shop.init,
    "sample": shop.sample,
    "check": checking.check,
    "schema": checking.schema,
    "import": importing.import_files,
    "preview": planning.preview,
    "explain": planning.explain,
    "send-test": sending.send_test,
    "line-link": linking.line_link,
    "run": running.run,
    "worker": running.worker,
    "approve": running.approve,
    "pause": running.pause,
    "resume": running.resume,
    "merge": people.merge,
    "forget": people.forget,
    "status": status.status,
    "unknown": doubts.unknown,
    "resolve": doubts.resolve,
    "backup": keeping.backup,
    "restore": keeping.restore,
}
"""In the order in which a shop needs them."""


class Command(TyperCommand):
    """A command whose help is ours: typer's knows neither Japanese nor the width of its characters."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Writes the help page."""
        formatter.write(help_text(self, ctx))


class Front(TyperGroup):
    """All commands."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Writes the help page."""
        formatter.write(help_text(self, ctx))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Finds the command, or says which one was probably meant."""
        if args[0] not in self.commands and not args[0].startswith("-"):
            raise no_such_command(args[0], ctx)
        return super().resolve_command(ctx, args)


def build(language: str) -> TyperGroup:
    """The command line in a language ("ja" or "en")."""
    application = typer.Typer(cls=Front, add_completion=False, no_args_is_help=False, rich_markup_mode=None)
    application.callback(invoke_without_command=True)(_nurture)
    for name, function in COMMANDS.items():
        application.command(name, cls=Command)(function)
    front = typer.main.get_command(application)
    assert isinstance(front, TyperGroup)
    _put_words(front, "nurture", language)
    for name, command in front.commands.items():
        _put_words(command, name, language)
    return front


def _nurture(
    context: typer.Context,
    folder: Annotated[str, typer.Option(metavar="DIR")] = ".",
    language: Annotated[str, typer.Option(metavar="ja|en")] = "",
    version: Annotated[bool, typer.Option("--version")] = False,
    debug: Annotated[bool, typer.Option("--debug")] = False,
) -> None:
    if version:
        context.obj.hand_over(f"nurture {_version()}")
    elif context.invoked_subcommand is None:
        context.obj.hand_over(context.get_help())


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("nurture")
    except PackageNotFoundError:
        return "(from source, not installed)"


def _put_words(command: Any, name: str, language: str) -> None:
    """Fills in help texts from the catalogue: `cli.<command>`, its examples, `cli.<command>.<option>`."""
    command.help, command.epilog = say(language, f"cli.{name}"), say(language, f"cli.{name}.examples")
    for option in command.params:
        key = f"cli.{name}.{option.name}"
        option.help = say(language, key if key in TEXTS else f"cli.any.{option.name}")
