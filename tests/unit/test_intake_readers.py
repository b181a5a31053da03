"""Files as rows: every encoding, line end and separator that Japanese software writes, and what is refused."""

import zipfile
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nurture.catalogue import say_mistakes
from nurture.intake.readers import open_table
from nurture.intake.rejection import harmless, write_rejected
from nurture.mistake import MistakesFound

ROWS = [("顧客番号", "氏名"), ("1001", "髙﨑 ①㈱"), ("1002", '佐藤, "花子"\n様')]


def text(delimiter: str = ",", end: str = "\r\n") -> str:
    quoted = ['"' + cell.replace('"', '""') + '"' for row in ROWS for cell in row]
    return end.join(delimiter.join(quoted[at : at + 2]) for at in range(0, 6, 2)) + end


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932", "utf-16"])
@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_a_list_in_every_dress_is_the_same_list(tmp_path: Path, encoding: str, end: str, delimiter: str) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(text(delimiter, end).encode(encoding))
    table = open_table(path)
    assert table.headers == ROWS[0]
    assert list(table.rows()) == [(2, list(ROWS[1])), (3, list(ROWS[2]))]
    assert list(table.rows()) == list(table.rows())


def test_the_guess_can_be_overruled(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes("氏名,電話\n佐藤,1\n".encode("euc_jp"))
    assert open_table(path, "euc_jp").headers == ("氏名", "電話")


def test_a_title_above_the_header_and_empty_rows_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("お客様一覧,,\n\n顧客番号,氏名,電話\n,,\n1,佐藤,2\n\n\n", encoding="utf-8")
    table = open_table(path)
    assert (table.header_row, list(table.rows())) == (3, [(5, ["1", "佐藤", "2"])])


def test_a_workbook_gives_text(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (
        ["会員番号", "電話", "誕生日", "登録", "割合", "可否"],
        [1001, 9012345678, date(1980, 4, 1), datetime(2026, 4, 1, 10, 30), 1.5, True],  # noqa: DTZ001
    ):
        sheet.append(row)
    book.save(tmp_path / "list.xlsx")
    table = open_table(tmp_path / "list.xlsx")
    assert list(table.rows()) == [(2, ["1001", "9012345678", "1980-04-01", "2026-04-01 10:30:00", "1.5", "TRUE"])]


def refusal(path: Path, encoding: str | None = None) -> str:
    with pytest.raises(MistakesFound) as found:
        list(open_table(path, encoding).rows())
    assert say_mistakes("en", found.value)
    return found.value.mistakes[0].code


def test_files_that_can_not_be_used_say_why(tmp_path: Path) -> None:
    (tmp_path / "empty.csv").write_bytes(b"")
    (tmp_path / "blank.csv").write_bytes(b"\n\n,,\n")
    (tmp_path / "noise.csv").write_bytes(b"a,b\n\xff\xfe\xfd\x80\xa0,\xf8\n")
    (tmp_path / "quote.csv").write_text('a,b\n1,"' + "x" * 200_000, encoding="utf-8")
    (tmp_path / "wide.csv").write_text("a,b\n" + "," * 2_000, encoding="utf-8")
    (tmp_path / "fake.xlsx").write_bytes(b"no workbook")
    (tmp_path / "book.csv").write_bytes(b"PK\x03\x04rest")
    found = {path.name: refusal(path) for path in tmp_path.iterdir()}
    assert found == {
        "empty.csv": "mistake.empty",
        "blank.csv": "mistake.empty",
        "noise.csv": "import.encoding",
        "quote.csv": "import.open_quote",
        "wide.csv": "import.too_many_columns",
        "fake.xlsx": "import.workbook_is_text",
        "book.csv": "import.is_workbook",
    }
    assert refusal(tmp_path / "missing.csv") == "mistake.file_missing"
    assert refusal(tmp_path) == "mistake.file_missing"
    assert refusal(tmp_path / "blank.csv", "klingon") == "import.no_such_encoding"


def test_a_workbook_that_unpacks_to_a_gigabyte_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/a.xml", "small")
        archive.filelist[0].file_size = 2 * 1024**3 - 1
    assert refusal(path) == "mistake.too_large"


@given(st.binary(max_size=300))
def test_any_bytes_are_rows_or_one_clear_mistake(tmp_path_factory: pytest.TempPathFactory, raw: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(raw)
    with suppress(MistakesFound):
        list(open_table(path).rows())


@pytest.mark.parametrize("cell", ["=1+1", "+81", "-1", "@x", "\tx", "\rx", "＝1", "＋1", "－1", "＠x", " =1", "　=1"])
def test_no_cell_of_a_rejected_row_is_a_formula(cell: str) -> None:
    assert harmless(cell) == f"'{cell}"


def test_rejected_rows_open_in_excel_and_can_be_mended_and_imported(tmp_path: Path) -> None:
    path = tmp_path / "x.rejected.csv"
    reason = {"code": "reject.mail", "values": {"found": "x＠"}, "header": "メール"}
    write_rejected(path, ["氏名", "メール", "電話"], [(7, ["=SUM(A1)", "x＠", "+81 90"], reason)], "ja")
    raw = path.read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    assert raw.decode("utf-8-sig").splitlines() == [
        '"行","取り込めない理由","氏名","メール","電話"',
        '"7","「メール」: 「x＠」はメールアドレスとして読めません","\'=SUM(A1)","x＠","\'+81 90"',
    ]
    assert next(open_table(path).rows())[1][2:] == ["=SUM(A1)", "x＠", "+81 90"]
