"""What was typed wrong, in the user's language: typer says it in English only."""

from typing import Any

import typer

from nurture.catalogue import say
from nurture.mistake import nearest

from .desk import Desk


class Unusable(typer.TyperException):
    """Arguments that can't be used; the message is ready to be shown."""

    exit_code = 2


def no_such_command(name: str, context: Any) -> Unusable:
    """Nothing of that name; names the one that was probably meant."""
    language, commands = context.obj.language, context.command.commands
    text = say(language, "cli.usage.command", found=name)
    if suggestion := nearest(name, commands):
        text += say(language, "mistake.did_you_mean", suggestion=suggestion)
    return Unusable(text)


def usage_text(problem: typer.TyperException, desk: Desk) -> str:
    """The problem and where help is."""
    if isinstance(problem, Unusable):
        return f"{problem.message}\n" + desk.say("cli.usage.help", command="nurture")
    context = getattr(problem, "ctx", None)
    command = context.command_path if context else "nurture"
    return f"{_said(problem, desk)}\n" + desk.say("cli.usage.help", command=command)


def _said(problem: Any, desk: Desk) -> str:
    kind = type(problem).__name__
    if kind == "NoSuchOption":
        text = desk.say("cli.usage.option", found=problem.option_name)
        known = [name for each in problem.ctx.command.params for name in each.opts] if problem.ctx else []
        meant = nearest(problem.option_name, known)
        return text + (desk.say("mistake.did_you_mean", suggestion=meant) if meant else "")
    if kind == "MissingParameter":
        return desk.say("cli.usage.missing", missing=_name(problem.param))
    if kind == "BadParameter" and problem.param and "|" in (problem.param.metavar or ""):
        return desk.say("cli.usage.choice", name=_name(problem.param), allowed=problem.param.metavar.replace("|", ", "))
    if kind == "BadOptionUsage":
        return desk.say("cli.usage.value", found=problem.option_name)
    return str(problem.format_message())


def _name(parameter: Any) -> str:
    if parameter is None:
        return "?"
    return str(parameter.metavar if parameter.param_type_name == "argument" else parameter.opts[-1])
