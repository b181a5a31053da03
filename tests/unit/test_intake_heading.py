"""Which row is the header, however a list is dressed up above it."""

from pathlib import Path

import openpyxl
import pytest

from nurture.intake.readers import open_table

HEADER = "顧客番号,氏名,フリガナ,メール,電話"
ALICE = "1,有栖 花子,アリス,alice@mail.example,090-1234-5601"


def heading(folder: Path, *rows: str, told: tuple[str, ...] = ()) -> tuple[int, str]:
    path = folder / "list.csv"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    table = open_table(path, told=told)
    return table.header_row, ",".join(table.headers)


@pytest.mark.parametrize(
    "above",
    [
        ["お客様情報,,,ご連絡先,"],
        ["お客様名簿,,2026年11月現在,,"],
        ["お客様名簿,,,,", "お客様情報,,,ご連絡先,"],
        ["お客様情報,,,連絡先,電話", ""],
    ],
)
def test_names_of_groups_above_the_header_are_passed_over(tmp_path: Path, above: list[str]) -> None:
    assert heading(tmp_path, *above, HEADER, ALICE) == (len(above) + 1, HEADER)


@pytest.mark.parametrize(
    "rows",
    [
        ("会員番号,お客さま,ご希望の連絡,次のご希望,所在", "1,山田,電話,メール,東京"),
        ("氏名,メールアドレス,電話番号,希望連絡,第二希望", "山田太郎,,,メール,電話"),
        ("お名前,方法,予備,日付,内容", "山田,電話,メール,2026-11-01,LINE"),
    ],
)
def test_a_row_of_data_is_no_header_whatever_words_it_holds(tmp_path: Path, rows: tuple[str, str]) -> None:
    assert heading(tmp_path, *rows) == (1, rows[0])


def test_headers_that_reach_over_two_rows_are_read_as_one(tmp_path: Path) -> None:
    rows = ("顧客番号,氏名,お名前,連絡先,", ",,フリガナ,メール,電話")
    assert heading(tmp_path, *rows, ALICE) == (2, HEADER)


def test_merged_cells_of_a_workbook_are_no_header(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (["お客様情報", None, None, "ご連絡先", None], HEADER.split(","), ALICE.split(",")):
        sheet.append(row)
    sheet.merge_cells("A1:C1")
    sheet.merge_cells("D1:E1")
    book.save(tmp_path / "list.xlsx")
    table = open_table(tmp_path / "list.xlsx")
    assert (table.header_row, list(table.headers)) == (2, HEADER.split(","))


def test_a_header_that_was_told_is_found_below_groups_that_nobody_knows(tmp_path: Path) -> None:
    rows = ("お客様,,れんらく,", "ばんごう,よびな,れんらく先,でんわ", "1,有栖,alice@mail.example,1")
    assert heading(tmp_path, *rows)[0] == 1
    assert heading(tmp_path, *rows, told=("れんらく先",))[0] == 2


@pytest.mark.parametrize(
    "rows",
    [
        ("氏名,種別,内容", "有栖 花子,電話,メール"),
        ("よびな,れんらく", "有栖,電話", "坊,メール"),
        (HEADER, "1,氏名,カナ,メール,", HEADER),
    ],
)
def test_a_row_below_the_header_is_none_whatever_it_says(tmp_path: Path, rows: tuple[str, ...]) -> None:
    assert heading(tmp_path, *rows)[0] == 1
