"""Strict YAML: what stays text, what is refused, and that nothing else can come out of any file."""

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nurture.catalogue import say_mistakes
from nurture.document import DEEPEST, LARGEST, Document, load_file, load_text
from nurture.mistake import MistakesFound


def value(text: str) -> object:
    return load_text(text, "a.yaml").value


def told(text: str) -> list[str]:
    """What the owner reads about a text that can't be used."""
    with pytest.raises(MistakesFound) as found:
        load_text(text, "a.yaml")
    return say_mistakes("en", found.value).splitlines()


def told_of_file(folder: Path, content: bytes) -> list[str]:
    (folder / "a.yaml").write_bytes(content)
    with pytest.raises(MistakesFound) as found:
        load_file(folder / "a.yaml", "a.yaml")
    return say_mistakes("en", found.value).splitlines()


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("10:00", "10:00"),
        ("8:00", "8:00"),
        ("21:00-08:00", "21:00-08:00"),
        ("1:2:3", "1:2:3"),
        ("no", "no"),
        ("NO", "NO"),
        ("on", "on"),
        ("yes", "yes"),
        ("2026-02-29", "2026-02-29"),
        ("2026-11-20 10:00:00", "2026-11-20 10:00:00"),
        ("0123", "0123"),
        ("0x1F", "0x1F"),
        ("0o17", "0o17"),
        ("1_000", "1_000"),
        ("1e3", "1e3"),
        (".5", ".5"),
        (".inf", ".inf"),
        (".nan", ".nan"),
        ("１２", "１２"),
        ("5%", "5%"),
        ("12345678901234567890", "12345678901234567890"),
        ("0", 0),
        ("-7", -7),
        ("42", 42),
        ("1.50", 1.5),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("'true'", "true"),
        ('"42"', "42"),
        ('""', ""),
        ("|\n  10\n", "10\n"),
    ],
)
def test_a_value_is_what_a_person_means_by_it(written: str, meant: object) -> None:
    """YAML 1.1 reads 21:00 as 1260, NO as false, 0123 as 83, `on:` as a key true, and 2026-02-29 raises."""
    found = value(f"key: {written}\n")
    assert found == {"key": meant}
    assert isinstance(found, dict)
    assert type(found["key"]) is type(meant)


def test_keys_are_text_whatever_they_look_like() -> None:
    assert value("on: 1\nno: 2\n10: 3\n1.5: 4\nnull: 5\n") == {"on": 1, "no": 2, "10": 3, "1.5": 4, "null": 5}


def test_every_value_and_key_knows_its_place() -> None:
    document = load_text("steps:\n  - step: a\n    wait: 3 days\n", "a.yaml")
    assert str(document.place(("steps", 0, "wait"))) == "a.yaml:3:5"
    assert str(document.place(("steps", 0, "wait", "nothing", 7))) == "a.yaml:3:5"
    assert str(document.place(("elsewhere",))) == "a.yaml:1:1"
    assert document.value_at(("steps", 0, "wait")) == "3 days"


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", ["a.yaml: the file is empty"]),
        ("# nothing\n", ["a.yaml: the file is empty"]),
        ("a: 1\na: 2\n", ["a.yaml:2:1: 'a' is written twice; keep one"]),
        ("a: {b: 1, b: 1}\n", ["a.yaml:1:11: a: 'b' is written twice; keep one"]),
        ("a: 1\na: 2\nb: {c: 1, c: 2}\n", ["a.yaml:2:1: 'a' is written", "a.yaml:3:11: b: 'c' is written"]),
        ("a: &x 1\nb: *x\n", ["a.yaml:1:4: anchors and aliases (& and *) are not allowed"]),
        ("b: *x\n", ["a.yaml:1:4: anchors and aliases (& and *) are not allowed"]),
        ("a: !!str 1\n", ["a.yaml:1:4: the YAML tag"]),
        ("a: !!python/object/apply:os.system [ls]\n", ["a.yaml:1:4: the YAML tag"]),
        ("a: !own 1\n", ["a.yaml:1:4: the YAML tag"]),
        ("? [a, b]\n: 1\n", ["a.yaml:1:3: a key must be a plain word"]),
        ("? {a: b}\n: 1\n", ["a.yaml:1:3: a key must be a plain word"]),
        ("a: 1\n---\nb: 2\n", ["a.yaml:2:1: a file holds one document only"]),
        ("a: [1, 2\nb: 3\n", ["a.yaml:1:4: the [ opened here is not closed"]),
        ("a: 'open\n", ["a.yaml:1:4: the quote opened here is not closed in its line; write ' at the end"]),
        ("\ta: 1\n", ["a.yaml:1:1: a tab can't stand here; write spaces instead"]),
        ("a: b: c\n", ["a.yaml:1:5: ': ' can't stand here; put the value in quotes"]),
        ('a: "\\0"\n', ["a.yaml:1:4: a: this holds a character that can't be kept (U+0000)"]),
        ('a: "\\uD800"\n', ["a.yaml:1:4: a: this holds a character that can't be kept (U+D800)"]),
        ('"\\0": 1\n', ["a.yaml:1:1: this holds a character that can't be kept (U+0000)"]),
        ("a: \0\n", ["a.yaml:1:4: this holds a character that can't be kept (U+0000)"]),
        ("a: b\x07\n", ["a.yaml:1:5: this holds a character that can't be kept (U+0007)"]),
        ("[" * 200 + "]" * 200, ["a.yaml:1:31: nested too deeply; 30 levels is the limit"]),
        ("a: " + "[" * 5000, ["a.yaml:1:33: nested too deeply; 30 levels is the limit"]),
    ],
)
def test_what_is_not_plain_is_refused_with_its_place(text: str, lines: list[str]) -> None:
    """Anchors make 28 MB of 304 bytes, tags call Python, a duplicate key silently wins with its last value."""
    found = told(text)
    assert len(found) == len(lines)
    assert all(each.startswith(line) for each, line in zip(found, lines, strict=True)), found


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a:\n  b: 1\n\tc: 2\n", "a.yaml:3:1: タブは使えません。半角スペースに替えてください"),
        (
            'a: "お礼\nb: 2\n' + "c: 1\n" * 17 + 'd: "x"\n',
            'a.yaml:1:4: ここで開いた引用符が、この行で閉じられていません。値の終わりに " を',
        ),
        (
            "a: 'お礼\nb: 2\n# shop's\nc: 3\n",
            "a.yaml:1:4: ここで開いた引用符が、この行で閉じられていません。値の終わりに ' を",
        ),
        ('a: "お礼\nb: [x, "y"]\n', 'a.yaml:1:4: ここで開いた引用符が、この行で閉じられていません。値の終わりに " を'),
        ('a: "x" y\n', "a.yaml:1:4: 引用符で囲んだ値のあとに、まだ文字があります。"),
        ("a: 1\nb：2\nc: 3\n", "a.yaml:2:1: この行は「項目: 値」の形ではありません。半角の「:」と空白を書いてください"),
        ("a: {b: 1\nc: 2\n", "a.yaml:1:4: ここで開いた { が閉じられていないか、"),
        ("a: 1\nb: ]\n", "a.yaml:2:4: ここに ] は書けません。"),
        ("a: 1\nb: [\n", "a.yaml:2:4: ここで開いた [ が閉じられていないか、"),
        ("a: [x]\nb: [x, {c: 1,\n# ]\n", "a.yaml:2:8: ここで開いた { が閉じられていないか、"),
        ("a: [[x],\n\n", "a.yaml:1:4: ここで開いた [ が閉じられていないか、"),
        ("a: [\n  x,\nb:\n  - c: {d: 1}\n", "a.yaml:1:4: ここで開いた [ が閉じられていないか、"),
        ("a: [x, - y]\n", "a.yaml:1:8: ここに - は書けません。"),
        ("a: @x\n", "a.yaml:1:4: 値を @ で始めるときは、全体を引用符で囲んでください"),
        ("a: *\n", "a.yaml:1:4: 値を * で始めるときは、"),
        ("a: | x\n", "a.yaml:1:4: 値を | で始めるときは、"),
        ("a:\n  b: 1\n c: 2\n", "a.yaml:3:2: 字下げがまわりの行とそろっていません。"),
        ("a:\n  - x\n  b: 1\n", "a.yaml:3:3: 字下げがまわりの行とそろっていません。"),
        ("a: - x\n", "a.yaml:1:4: 「- 」の並びはここから始められません。"),
        ("%a\nb: 1\n", "a.yaml:2:1: YAML として読めません。字下げ・引用符・括弧を見直してください（expected"),
    ],
)
def test_the_usual_slips_are_told_in_japanese_with_what_to_write(text: str, line: str) -> None:
    with pytest.raises(MistakesFound) as found:
        load_text(text, "a.yaml")
    (told_line,) = say_mistakes("ja", found.value).splitlines()
    assert told_line.startswith(line), told_line


def test_thirty_levels_are_read_and_thirty_one_are_not() -> None:
    assert value("[" * DEEPEST + "]" * DEEPEST)
    assert "nested too deeply" in told("[" * (DEEPEST + 1) + "]" * (DEEPEST + 1))[0]


def test_a_file_of_windows_is_read_with_its_byte_order_mark_and_its_line_ends(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes("\ufefftitle: お礼\r\nsteps: 2\r\n".encode())
    document = load_file(tmp_path / "a.yaml", "a.yaml")
    assert document.value == {"title": "お礼", "steps": 2}
    assert str(document.place(("steps",))) == "a.yaml:2:1"


def test_a_file_saved_in_shift_jis_is_told_where_it_stops_being_text(tmp_path: Path) -> None:
    assert told_of_file(tmp_path, "campaign: thanks\ntitle: お礼\n".encode("cp932")) == [
        "a.yaml:2:1: this can't be read as UTF-8 text"
    ]
    # What Excel calls Unicode.
    assert told_of_file(tmp_path, "title: お礼\n".encode("utf-16")) == ["a.yaml:1:1: this can't be read as UTF-8 text"]


def test_a_file_that_is_too_large_or_not_there_is_told_so(tmp_path: Path) -> None:
    assert told_of_file(tmp_path, b"a" * (LARGEST + 1)) == [
        f"a.yaml: the file is too large ({LARGEST + 1} bytes); {LARGEST} bytes is the limit"
    ]
    with pytest.raises(MistakesFound) as found:
        load_file(tmp_path / "none.yaml", "none.yaml")
    assert say_mistakes("ja", found.value) == "none.yaml: ファイルが見つかりません"


@settings(max_examples=300)
@given(st.text(max_size=200) | st.text(alphabet="abc:-[]{}&*!|>'\"#%@`,? \n\t\\0Nu", max_size=80))
@example("%YAML 1.1\n---\na: 010\n")
@example("a: " + "9" * 5000)
@example("a: 1." + "9" * 5000)
@example("- - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - a")
@example("a:\n" + "".join(f"{' ' * depth}b:\n" for depth in range(1, 60)))
def test_any_text_is_a_document_or_mistakes_and_never_another_exception(text: str) -> None:
    try:
        found = load_text(text, "a.yaml")
    except MistakesFound as problem:
        assert_told(problem)
        return
    assert_plain(found.value)
    assert_placed(found, found.value, ())


@settings(max_examples=200)
@given(st.binary(max_size=120))
def test_any_bytes_are_a_document_or_mistakes(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    file = tmp_path_factory.getbasetemp() / "any.yaml"
    file.write_bytes(content)
    try:
        assert_plain(load_file(file, "any.yaml").value)
    except MistakesFound as problem:
        assert_told(problem)


def assert_told(problem: MistakesFound) -> None:
    assert problem.mistakes
    assert all(say_mistakes(language, problem) for language in ("ja", "en"))


def assert_plain(found: object) -> None:
    if isinstance(found, dict):
        assert all(type(key) is str for key in found)
        for each in found.values():
            assert_plain(each)
    elif isinstance(found, list):
        for each in found:
            assert_plain(each)
    else:
        assert found is None or type(found) in (str, int, float, bool)
        assert str(found).encode() is not None
        assert "\0" not in str(found)


def assert_placed(document: Document, found: object, path: tuple[str | int, ...]) -> None:
    assert document.places[path].line >= 1
    inner = found.items() if isinstance(found, dict) else enumerate(found) if isinstance(found, list) else ()
    for key, each in inner:
        assert_placed(document, each, (*path, key))
