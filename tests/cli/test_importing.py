"""`import`: what a file would do is shown, then done, or not done at all."""

import json
from pathlib import Path

import openpyxl

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
    assert "    顧客番号 → key: A1\n    氏名 → name: 山田 有栖\n" in given.out
    assert not (empty_shop / "nurture.db").exists()
    nurture("import", "list.csv")
    (empty_shop / "list.csv").write_text(ALICE + "B2,鈴木 某,bob@home.example,希望する\n", "utf-8")
    assert "新しい 1 件" in nurture("import", "list.csv", "--dry-run").out
    assert "お客様 1 人" in nurture("status").out


def test_files_are_read_in_an_order_that_makes_sense(nurture: Nurture, empty_shop: Path) -> None:
    (empty_shop / "a.csv").write_text("顧客番号,日時,種別,向き,メモ\nA1,2026/11/20 10:00,電話,発信,お礼\n", "utf-8")
    (empty_shop / "b.csv").write_text(ALICE, "utf-8")
    given = nurture("import", "a.csv", "b.csv")
    assert given.out.index("b.csv") < given.out.index("a.csv")
    assert "連絡 1 件" in nurture("status").out


def test_an_import_that_was_killed_is_finished_by_the_next_one(nurture: Nurture, empty_shop: Path) -> None:
    from nurture.config import load_settings
    from nurture.intake import apply, examine
    from nurture.store import open_engine, upgrade

    from .conftest import SUNDAY

    many = "".join(f"C{number},鈴木 {number},c{number}@home.example,希望する\n" for number in range(900))
    (empty_shop / "many.csv").write_text(ALICE + many, "utf-8")
    (empty_shop / "list.csv").write_text(ALICE, "utf-8")
    settings = load_settings(empty_shop, {})
    upgrade(settings.database_url)
    engine = open_engine(settings.database_url)

    def die(rows: int, total: int | None) -> None:
        raise KeyboardInterrupt

    try:
        apply(engine, settings, examine(engine, settings, Path("many.csv"), now=SUNDAY), now=SUNDAY, progress=die)
    except KeyboardInterrupt:
        engine.dispose()
    assert "途中で止まった取り込み: many.csv" in nurture("status").out
    given = nurture("import", "list.csv")
    assert "many.csv の続き" in given.err
    assert "お客様 901 人" in nurture("status").out


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


def test_a_folder_is_no_file(nurture: Nurture, empty_shop: Path) -> None:
    (empty_shop / "files").mkdir()
    given = nurture("import", "files")
    assert given.status == 1
    assert given.err.startswith("files: フォルダです")


def test_a_no_that_was_not_understood_is_pointed_at(nurture: Nurture, empty_shop: Path) -> None:
    (empty_shop / "list.csv").write_text(ALICE.replace("メルマガ", "案内の希望"), "utf-8")
    assert "--map mail_wanted=案内の希望" in nurture("import", "list.csv", "--dry-run").out


def test_mail_addresses_that_are_not_read_are_pointed_at_with_the_mapping(nurture: Nurture, empty_shop: Path) -> None:
    (empty_shop / "list.csv").write_text(ALICE.replace("メールアドレス", "とどけ先"), "utf-8")
    assert '--map "email=とどけ先"' in nurture("import", "list.csv").out
    given = nurture("import", "list.csv", "--map", "name=氏名").out
    assert '--map "name=氏名,email=とどけ先"' in given
    (empty_shop / "list.csv").write_text(ALICE.replace("メールアドレス", ""), "utf-8")
    assert "3 列目" in nurture("import", "list.csv").out


def test_a_list_of_which_nothing_goes_in_says_which_row_was_its_header(nurture: Nurture, empty_shop: Path) -> None:
    (empty_shop / "list.csv").write_text("会員番号,メールアドレス\n,れんらく\n,しらない\n", "utf-8")
    out = nurture("import", "list.csv").out
    assert "1 行目（会員番号、メールアドレス）を見出しとして読みました" in out


def test_a_look_shows_a_note_of_several_lines_on_one(nurture: Nurture, empty_shop: Path) -> None:
    (empty_shop / "list.csv").write_text('顧客番号,氏名,備考\nA1,山田 有栖,"深煎り\n200g"\n', "utf-8")
    assert "    備考 → note: 深煎り 200g\n" in nurture("import", "list.csv", "--dry-run").out


def test_a_sheet_that_is_not_read_is_told(nurture: Nurture, empty_shop: Path) -> None:
    book = openpyxl.Workbook()
    for name in ("東店", "西店"):
        sheet = book.create_sheet(name)
        sheet.append(["顧客番号", "氏名"])
        sheet.append([name, "有栖 花子"])
    book.save(empty_shop / "list.xlsx")
    said = nurture("import", "list.xlsx", "--dry-run").out
    assert "シート「東店」だけを読みます。読まないシート: 西店" in said
