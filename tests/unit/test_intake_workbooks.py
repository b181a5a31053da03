"""A file that is called a workbook and can't be opened as one says what it is instead, in the reader's own language."""

import io
import zipfile
from pathlib import Path

import openpyxl
import pytest

from nurture.catalogue import say_mistakes
from nurture.intake.readers import open_table
from nurture.mistake import MistakesFound

OLE = bytes.fromhex("D0CF11E0A1B11AE1") + bytes(1_000)


def whole() -> bytes:
    book, target = openpyxl.Workbook(), io.BytesIO()
    for row in (["氏名", "電話"], ["有栖", "1"]):
        book.active.append(row)  # type: ignore[union-attr]
    book.save(target)
    return target.getvalue()


def archive() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as found:
        found.writestr("letter.txt", "no workbook")
    return target.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("cut.xlsx", whole()[:2_000], "import.workbook"),
        ("other.xlsx", archive(), "import.workbook"),
        ("noise.xls", bytes(range(128, 256)) * 4, "import.workbook"),
        ("old.xlsx", OLE, "import.workbook_old"),
        ("locked.xlsx", OLE + "EncryptedPackage".encode("utf-16-le"), "import.workbook_locked"),
        ("new.xls", whole(), "import.is_workbook"),
        ("list.xlsx", "氏名,電話\n有栖,1\n".encode("cp932"), "import.workbook_is_text"),
        ("list.xls", "氏名\t電話\n有栖\t1\n".encode("utf-16"), "import.workbook_is_text"),
        ("page.xls", "<html><table><tr><td>氏名</td></tr></table>".encode(), "import.workbook_is_page"),
    ],
)
def test_what_is_no_workbook_says_what_it_is(tmp_path: Path, name: str, content: bytes, code: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(MistakesFound) as found:
        open_table(tmp_path / name)
    assert found.value.mistakes[0].code == code
    said = say_mistakes("ja", found.value).replace("Excel", "").replace("CSV", "")
    assert not any(word in said for word in ("EOCD", "invalid", "error", "Error", "not found", "signature"))


def test_an_encoding_that_can_not_be_told_says_on_which_line(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes("氏名,電話\n有栖,1\n".encode("cp932") + b"\xff\xf8,2\n")
    with pytest.raises(MistakesFound) as found:
        open_table(path)
    said = say_mistakes("ja", found.value)
    assert said.startswith("list.csv:3:1: 3 行目")
    assert "invalid" not in said
    assert "illegal" not in said


PEOPLE = [["氏名", "電話"], ["有栖", "1"]]


def sheets(path: Path, *content: tuple[str, list[list[str]]]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in content:
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def test_a_cover_is_passed_over_for_the_list_behind_it(tmp_path: Path) -> None:
    cover = [["顧客名簿"], [], ["", "2026年"]]
    table = open_table(sheets(tmp_path / "list.xlsx", ("表紙", cover), ("一覧", PEOPLE)))
    assert (table.headers, list(table.rows())) == (("氏名", "電話"), [(2, ["有栖", "1"])])
    assert (table.sheet, table.other_sheets) == ("一覧", ())


def test_sheets_with_lists_that_are_not_read_are_known(tmp_path: Path) -> None:
    path = sheets(tmp_path / "list.xlsx", ("1月", PEOPLE), ("空", []), ("2月", PEOPLE), ("メモ", [["電話する"]]))
    table = open_table(path)
    assert (table.sheet, table.other_sheets) == ("1月", ("2月",))


def test_a_workbook_of_single_cells_is_read_as_it_stands(tmp_path: Path) -> None:
    table = open_table(sheets(tmp_path / "list.xlsx", ("空", []), ("一覧", [["メール"], ["a@mail.example"]])))
    assert (table.headers, table.sheet) == (("メール",), "一覧")
