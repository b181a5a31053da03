"""`import`: what a file would do is shown, then done, or not done at all."""

import json
from pathlib import Path

from .conftest import Nurture

ALICE = "顧客番号,氏名,メールアドレス,メルマガ\nA1,山田 有栖,alice@home.example,希望する\n"


def test_alice_is_imported(nurture: Nurture, empty_shop: Path) -> None:
    (empty_shop / "list.csv").write_text(ALICE, "utf-8")
    given = nurture("import", "list.csv")
    assert given.status == 0
    assert "新しい 1 件" in given.out
    assert "nurture preview" in given.err
    assert "お客様 1 人" in nurture("status").out


def test_a_dry_run_imports_nobody(nurture: Nurture, empty_shop: Path) -> None:
    (empty_shop / "list.csv").write_text(ALICE, "utf-8")
    given = nurture("import", "list.csv", "--dry-run")
    assert given.status == 0
    assert "新しい 1 件" in given.out
    assert "何も取り込んでいません" in given.err
    assert "お客様 0 人" in nurture("status").out


def test_bobs_bad_address_is_told_and_saved(nurture: Nurture, empty_shop: Path) -> None:
    (empty_shop / "list.csv").write_text(ALICE + "B2,鈴木 某,bob at home,希望する\n", "utf-8")
    given = nurture("import", "list.csv", "--format", "json")
    assert given.status == 0
    (told,) = json.loads(given.out)
    assert told["counts"]["new"] + told["counts"]["rejected"] == 2
    assert told["applied"] is True


def test_a_file_that_is_not_there_is_a_wrong_input(nurture: Nurture, empty_shop: Path) -> None:
    given = nurture("import", "nowhere.csv")
    assert given.status == 1
    assert given.err.startswith("nowhere.csv: ")


def test_a_file_nobody_understands_is_told_in_one_line(nurture: Nurture, empty_shop: Path) -> None:
    (empty_shop / "poem.csv").write_text("古池や,蛙飛びこむ\n水の音,芭蕉\n", "utf-8")
    given = nurture("import", "poem.csv")
    assert given.status == 1
    assert "poem.csv" in given.err
    assert "--kind" in given.err


def test_an_unknown_field_in_the_mapping_is_usage(nurture: Nurture, empty_shop: Path) -> None:
    (empty_shop / "list.csv").write_text(ALICE, "utf-8")
    given = nurture("import", "list.csv", "--map", "emale=メールアドレス")
    assert given.status == 2
    assert "email" in given.err


def test_the_same_file_twice_changes_nothing(nurture: Nurture, empty_shop: Path) -> None:
    (empty_shop / "list.csv").write_text(ALICE, "utf-8")
    nurture("import", "list.csv")
    assert "変わらない 1 件" in nurture("import", "list.csv").out
