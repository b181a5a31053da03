"""The documentation names every command and every option, and no others."""

import re
from pathlib import Path

from nurture.cli.front import build

COMMANDS = (Path(__file__).resolve().parents[2] / "docs" / "commands.md").read_text("utf-8")


def sections() -> dict[str, str]:
    parts = re.split(r"(?m)^## nurture (\S+)$", COMMANDS)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_every_command_is_documented_and_no_other() -> None:
    assert set(sections()) == set(build("en").commands)


def test_every_option_and_argument_is_documented() -> None:
    written = sections()
    missing = [
        f"{name} {word}"
        for name, command in build("en").commands.items()
        for option in command.params
        for word in ([option.metavar.strip("[]")] if option.param_type_name == "argument" else option.opts)
        if f"`{word}" not in written[name]
    ]
    assert not missing


def test_no_option_is_documented_that_does_not_exist() -> None:
    for name, command in build("en").commands.items():
        known = {word for option in command.params for word in option.opts}
        assert set(re.findall(r"(?m)^\| `(--[a-z-]+)", sections()[name])) <= known


def test_the_options_for_every_command_are_documented() -> None:
    general = COMMANDS.partition("## nurture ")[0]
    assert all(f"`{word}" in general for option in build("en").params for word in option.opts)
