"""The front desk itself: help, usage, languages, statuses, and that a bug is one line."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from nurture.cli.front import COMMANDS, build
from nurture.cli.moment import read_moment
from nurture.mistake import MistakesFound

from .conftest import SUNDAY, Nurture, rewrite


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(nurture: Nurture, command: str, language: str) -> None:
    given = nurture(command, "--help", "--language", language)
    assert given.status == 0
    assert f"nurture {command}" in given.out
    assert ("例\n" if language == "ja" else "Examples\n") in given.out


def test_help_says_of_every_option_what_it_is_for() -> None:
    for command in build("en").commands.values():
        for option in command.params:
            assert option.help, f"{command.name} {option.name}"


def test_without_a_command_the_commands_are_shown(nurture: Nurture) -> None:
    given = nurture()
    assert given.status == 0
    assert all(name in given.out for name in COMMANDS)


def test_a_mistyped_command_is_recognised(nurture: Nurture) -> None:
    given = nurture("previw")
    assert given.status == 2
    assert "「preview」ではありませんか" in given.err
    assert given.out == ""


def test_usage_is_told_in_english_where_english_is_spoken(nurture: Nurture) -> None:
    assert "did you mean '--format'" in nurture("preview", "--formt", "json", "--language", "en").err
    assert "must be one of table, json, html" in nurture("preview", "--format", "xml", "--language", "en").err
    assert "CUSTOMER is missing" in nurture("explain", "--language", "en").err
    assert nurture("preview", "--at", "--language", "en").status == 2
    assert nurture("preview", "--language", "fr").status == 2


def test_outside_a_shop_the_owner_is_told_how_to_make_one(nurture: Nurture, tmp_path: Path) -> None:
    for command in ("preview", "check", "status", "sample", "run --once", "import x.csv"):
        given = nurture(*command.split(), "--folder", tmp_path)
        assert given.status == 1
        assert "nurture init" in given.err or "nurture init" in given.out


def test_the_folder_may_be_named_before_or_after_the_command(nurture: Nurture, made_shop: Path) -> None:
    assert nurture("--folder", made_shop, "status").status == 0
    assert nurture("status", f"--folder={made_shop}").status == 0


def test_version(nurture: Nurture) -> None:
    assert nurture("--version").out.startswith("nurture ")


def test_a_database_that_does_not_answer_is_something_outside(nurture: Nurture, sample_shop: Path) -> None:
    given = nurture("preview", environment={"NURTURE_DATABASE": "postgresql://nobody@127.0.0.1:9/none"})
    assert given.status == 3
    assert "データベースが応答しません" in given.err


def test_a_file_that_is_no_database_is_told_in_one_line(nurture: Nurture, empty_shop: Path) -> None:
    (empty_shop / "nurture.db").write_text("this is a letter and no database " * 200, "utf-8")
    given = nurture("status")
    assert given.status == 3
    assert len(given.err.splitlines()) == 1


def test_an_address_that_is_no_database_is_a_mistake_in_config(nurture: Nurture, empty_shop: Path) -> None:
    given = nurture("status", environment={"NURTURE_DATABASE": "mysql://host/name"})
    assert given.status == 1
    assert given.err.startswith("config.yaml")


def test_a_database_of_a_newer_version_is_refused_in_words(nurture: Nurture, sample_shop: Path) -> None:
    from nurture.store import sqlite_module

    database = sqlite_module().connect(str(sample_shop / "nurture.db"))
    database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.commit()
    database.close()
    given = nurture("import", "data/products.csv")
    assert given.status == 1
    assert "より新しい nurture" in given.err


def test_the_real_command_ends_with_its_status_and_without_a_traceback(tmp_path: Path) -> None:
    root = Path(__file__).resolve().parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root), "PYTHONUTF8": "1"}
    command = [sys.executable, "-m", "nurture"]
    told = subprocess.run(
        [*command, "preview"], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert told.returncode == 1
    assert told.stdout == ""
    assert "Traceback" not in told.stderr
    schema = subprocess.run(
        [*command, "schema"], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    assert json.loads(schema.stdout)["title"] == "nurture campaign"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("2026-12-01 09:00", datetime(2026, 12, 1, 0, 0, tzinfo=UTC)),
        ("2026-12-01T09:00", datetime(2026, 12, 1, 0, 0, tzinfo=UTC)),
        ("2026-12-01", datetime(2026, 11, 30, 15, 0, tzinfo=UTC)),
        ("2026/12/1 9:00", datetime(2026, 12, 1, 0, 0, tzinfo=UTC)),
        ("2026年12月1日 9:00", datetime(2026, 12, 1, 0, 0, tzinfo=UTC)),
        ("明日 10:00", datetime(2026, 11, 23, 1, 0, tzinfo=UTC)),
        ("明日　１０：００", datetime(2026, 11, 23, 1, 0, tzinfo=UTC)),
        ("tomorrow 10:00", datetime(2026, 11, 23, 1, 0, tzinfo=UTC)),
        ("Tomorrow", datetime(2026, 11, 22, 15, 0, tzinfo=UTC)),
        ("18:30", datetime(2026, 11, 22, 9, 30, tzinfo=UTC)),
        ("2026-12-01T09:00:00Z", datetime(2026, 12, 1, 9, 0, tzinfo=UTC)),
        ("2026-12-01T09:00:00+01:00", datetime(2026, 12, 1, 8, 0, tzinfo=UTC)),
    ],
)
def test_a_time_is_read_as_the_shop_means_it(typed: str, meant: datetime) -> None:
    assert read_moment(typed, "Asia/Tokyo", SUNDAY) == meant


@pytest.mark.parametrize("typed", ["soon", "2026-13-01", "2026-12-01 25:00", "明日の朝", "", "10", "2026-02-29"])
def test_a_time_that_is_none_is_refused(typed: str) -> None:
    if not typed:
        return
    with pytest.raises(MistakesFound):
        read_moment(typed, "Asia/Tokyo", SUNDAY)


def test_tomorrow_is_the_shops_tomorrow(nurture: Nurture, sample_shop: Path) -> None:
    late = datetime(2026, 11, 22, 16, 0, tzinfo=UTC)  # Monday, one in the morning in Japan
    assert read_moment("tomorrow", "Asia/Tokyo", late) == datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
    assert read_moment("tomorrow", "America/New_York", late) == datetime(2026, 11, 23, 5, 0, tzinfo=UTC)


def test_what_was_typed_wrong_is_usage(nurture: Nurture, sample_shop: Path) -> None:
    assert nurture("preview", "--at", "soon").status == 2
    given = nurture("preview", "--campaign", "first-thank")
    assert given.status == 2
    assert "first-thanks" in given.err


def test_english_shops_are_spoken_to_in_english(nurture: Nurture, sample_shop: Path) -> None:
    rewrite(sample_shop / "config.yaml", "language: ja", "language: en")
    given = nurture("status")
    assert "mode: preview (nothing is sent)" in given.out
