"""Quotation marks that are wrong cost nobody their place in the list, nor their no: the file says where."""

import csv
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nurture.catalogue import say_mistakes
from nurture.intake.readers import open_table
from nurture.mistake import MistakesFound

HEAD = "顧客番号,氏名,メールアドレス,メルマガ"
ALICE, BOB = "1,有栖 花子,alice@mail.example,希望する", "2,坊 太郎,bob@mail.example,希望する"
CHARLIE, DORA = "3,茶里 治郎,charlie@mail.example,希望しない", "4,銅鑼 四,dora@mail.example,希望する"


def opened(text: str) -> str:
    return text.replace("坊", '"坊')


def written(folder: Path, *lines: str, encoding: str = "cp932") -> Path:
    path = folder / "q.csv"
    path.write_bytes(("\r\n".join(lines) + "\r\n").encode(encoding))
    return path


def refusal(path: Path) -> tuple[str, str, dict[str, object]]:
    with pytest.raises(MistakesFound) as found:
        list(open_table(path).rows())
    (mistake,) = found.value.mistakes
    assert all(say_mistakes(language, found.value) for language in ("ja", "en"))
    return mistake.code, str(mistake.place), dict(mistake.values)


def test_a_quote_that_nobody_closes_is_told_with_its_line(tmp_path: Path) -> None:
    path = written(tmp_path, HEAD, ALICE, opened(BOB), CHARLIE, DORA)
    code, place, values = refusal(path)
    assert (code, place) == ("import.open_quote", "q.csv:3:3")
    assert "坊" not in str(values)


def test_a_quote_that_nobody_closes_in_a_long_file_is_told_with_its_line(tmp_path: Path) -> None:
    path = written(tmp_path, HEAD, ALICE, opened(BOB), *[DORA] * 20_000)
    assert refusal(path)[:2] == ("import.open_quote", "q.csv:3:3")


def test_the_line_is_that_of_the_file_where_notes_have_several_lines(tmp_path: Path) -> None:
    path = written(tmp_path, HEAD, '1,"有栖\r\n花子",alice@mail.example,希望する', opened(BOB), CHARLIE)
    assert refusal(path)[:2] == ("import.open_quote", "q.csv:4:3")


def test_a_field_that_the_next_quoted_one_closes_is_told_with_both_lines(tmp_path: Path) -> None:
    path = written(tmp_path, HEAD, ALICE, opened(BOB), CHARLIE.replace("茶里 治郎", '"茶里 治郎"'), DORA)
    code, place, values = refusal(path)
    assert (code, place) == ("import.text_after_quote", "q.csv:3:3")
    assert values["end"] == 4


def test_text_after_a_closing_quote_is_told(tmp_path: Path) -> None:
    code, place, values = refusal(written(tmp_path, HEAD, ALICE, '2,"坊"太郎,bob@mail.example,希望する'))
    assert (code, place, values["end"]) == ("import.text_after_quote", "q.csv:3:3", 3)


def test_a_field_that_two_stray_quotes_made_of_whole_rows_is_told(tmp_path: Path) -> None:
    path = written(tmp_path, HEAD, ALICE, opened(BOB), CHARLIE, DORA.replace("銅鑼 四", '銅鑼 四"'))
    code, place, values = refusal(path)
    assert (code, place, values["end"]) == ("import.swallowed", "q.csv:3:3", 5)


NOTED = "顧客番号,氏名,備考,メール,メルマガ"


@pytest.mark.parametrize(
    ("lines", "line", "end"),
    [
        (
            (NOTED, '1,有栖,"ミル好き', "2,坊,豆,b@mail.example,希望しない", '3,茶里,紙",c@mail.example,希望する'),
            2,
            4,
        ),
        ((HEAD, '1,"有栖', "2,坊,b@mail.example,希望しない", '3,茶里",c@mail.example,希望する'), 2, 4),
        ((HEAD, ALICE, '2,"坊', CHARLIE, "4,銅鑼,,希望しない", '5,江原",,希望する'), 3, 6),
        ((HEAD, '1,"有栖', "2,坊,b.ob@mail.example", '3,茶里",c@mail.example,希望する'), 2, 4),
        ((HEAD, '1,"有栖', CHARLIE, '4,銅鑼"'), 2, 4),
        ((HEAD, '1,有栖,"alice@mail.example', BOB, '3,茶里,c@mail.example",希望する'), 2, 4),
        ((HEAD, '1,有栖,alice@mail.example,"希望する', BOB, CHARLIE + '"'), 2, 4),
        (("氏名,メール", '有栖,"a@mail.example', "坊,b@mail.example", '茶里,c@mail.example"'), 2, 4),
        (("番号,氏名,電話,LINE", '1,"有栖', "2,坊,090-0000-0002,希望する", '3,茶里",090-0000-0003,希望する'), 2, 4),
        ((HEAD, '1, "有栖', '1,"有栖', "2, 坊, b@mail.example, 希望しない", '3,茶里", c@mail.example, 希望する'), 3, 5),
    ],
)
def test_a_cell_with_somebody_elses_row_inside_is_told(
    tmp_path: Path, lines: tuple[str, ...], line: int, end: int
) -> None:
    code, place, values = refusal(written(tmp_path, *lines))
    assert (code, place.split(":")[1], values) == ("import.swallowed", str(line), {"line": line, "end": end})


def test_a_cell_without_an_end_is_told(tmp_path: Path) -> None:
    assert refusal(written(tmp_path, HEAD, ALICE, "2," + "x" * 200_000))[:2] == ("import.long_cell", "q.csv:3:3")


@pytest.mark.parametrize(
    "note",
    [
        "一行目\r\n二行目",
        "一行目\n二行目\n三行目",
        "神戸市架空町1-1\n架空ビル 2, 3 階",
        'いつもの"あれ"\n深煎り, 200g, 豆, 来月も',
        "電話, 火曜\n折り返し, 水曜, 10:00, 済み",
        ",,\n,",
        "",
    ],
)
def test_a_note_of_several_lines_goes_in_as_excel_writes_it(tmp_path: Path, note: str) -> None:
    cell = note.replace('"', '""')
    path = written(tmp_path, HEAD + ",備考", ALICE + f',"{cell}"', BOB + ',"a,b"')
    assert list(open_table(path).rows()) == [(2, [*ALICE.split(","), note]), (3, [*BOB.split(","), "a,b"])]


@pytest.mark.parametrize(
    "note",
    [
        "ご紹介\r\n友人 b@mail.example, 電話は夜\r\nよろしく",
        "Please write to\nbob@mail.example, not to me, thanks\nand ring",
        "連絡先\nb@mail.example\nc@mail.example\nd@mail.example",
        "Ask Bob,\nbob@mail.example, after six, never on Mondays\nthanks",
        "神戸市架空町1-1\n架空ビル 2, 3 階, 西側, b@mail.example 気付\n坊様方",
        "ミル,豆,紙,袋\n豆,豆,豆,豆\n以上",
    ],
)
def test_a_note_with_a_mail_address_goes_in(tmp_path: Path, note: str) -> None:
    path = written(tmp_path, HEAD.replace("氏名", "備考"), f'1,"{note}",alice@mail.example,希望する')
    assert list(open_table(path).rows()) == [(2, ["1", note, "alice@mail.example", "希望する"])]


WORDS = st.sampled_from(
    ["豆", "a@mail.example", ",", ", ", "、", "\n", '"', '" ', '" ,', " ", "1,500", "希望する", "it's"]
)
NOTES = st.lists(WORDS, max_size=9).map("".join)


def is_free(note: str) -> bool:
    """Whether no line of it, nor all of it together, has the separators of a row of six cells."""
    return note.count(",") < 5 and all(line.count(",") < 4 for line in note.splitlines())


@given(rows=st.lists(st.lists(NOTES.filter(is_free), min_size=6, max_size=6), max_size=4))
def test_what_is_written_well_is_read_as_it_was_written(rows: list[list[str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "q.csv")
        with path.open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerows([["顧客番号", "氏名", "備考", "メール", "メルマガ", "住所"], *rows])
        read = [cells for _, cells in open_table(path).rows()]
    assert read == [row for row in rows if any(row)]


@pytest.mark.parametrize(
    ("head", "cells"),
    [
        ("顧客番号,備考", ["1001", "来店\n1,500円のお釣り"]),
        ("顧客番号,氏名,備考", ["1001", "山田太郎", "ギフト\n1,500円と2,300円を購入"]),
        ("顧客番号,連絡日,内容", ["1001", "2026-11-01", "電話\n1,500円、10,000円の件"]),
    ],
)
def test_prices_in_a_note_make_no_rows_of_it(tmp_path: Path, head: str, cells: list[str]) -> None:
    path = written(tmp_path, head, ",".join(f'"{each}"' for each in cells))
    assert list(open_table(path).rows()) == [(2, cells)]


def test_a_blank_behind_a_closing_quote_is_no_text(tmp_path: Path) -> None:
    path = written(tmp_path, '"顧客番号" ,"氏名" ,"備考"', '"C1" ,"有栖 花子" ,"a ""b"" , c" ')
    assert list(open_table(path).rows()) == [(2, ["C1", "有栖 花子", 'a "b" , c'])]


@pytest.mark.parametrize(
    ("line", "cells"),
    [
        ('"" ,"有栖","" ', ["", "有栖", ""]),
        ('1,"" ,"a"', ["1", "", "a"]),
        ('1,"a"""   ,"b"', ["1", 'a"', "b"]),
        ('"""" ,有栖,"b" ', ['"', "有栖", "b"]),
        ('1,"a,"" ,b",c', ["1", 'a," ,b', "c"]),
        ('1," ,",c', ["1", " ,", "c"]),
        ('1,"豆\n"" , c\n," ,b', ["1", '豆\n" , c\n,', "b"]),
        ('1,5" ,c', ["1", '5" ', "c"]),
    ],
)
def test_blanks_behind_any_closing_quote_are_no_text(tmp_path: Path, line: str, cells: list[str]) -> None:
    assert list(open_table(written(tmp_path, "顧客番号,氏名,備考", line)).rows()) == [(2, cells)]


@pytest.mark.parametrize("line", ['1,"" x,b', '1,"a" "b",c', '1,"" "",b', '1,"a"\u3000x,b'])
def test_what_else_stands_behind_a_closing_quote_is_told(tmp_path: Path, line: str) -> None:
    assert refusal(written(tmp_path, "顧客番号,氏名,備考", line))[:2] == ("import.text_after_quote", "q.csv:2:3")
