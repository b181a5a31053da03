"""`init`: an owner gets a folder that works, or nothing at all."""

from datetime import date
from pathlib import Path

import pytest

from nurture.campaign import load_campaigns
from nurture.catalogue import say_mistakes
from nurture.config import SECRETS, load_settings
from nurture.feedback.mailbox import HOST, PASSWORD, USER
from nurture.mistake import MistakesFound
from nurture.shop import KINDS, kind_folder, start

TODAY = date(2026, 11, 22)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def begun(folder: Path, kind: str = "shop", language: str = "ja") -> Path:
    start(folder, kind, language, TODAY)
    return folder


@pytest.mark.parametrize("kind", KINDS)
def test_alice_gets_a_folder_with_everything_in_it(tmp_path: Path, kind: str) -> None:
    written = start(tmp_path / "my shop", kind, "ja", TODAY)
    names = {str(path.relative_to(tmp_path / "my shop")) for path in written}
    assert names == set(contents(tmp_path / "my shop"))
    assert {"config.yaml", "README.md", ".gitignore", ".env.example", "nurture.schema.json"} <= names
    assert {"campaigns/segments.yaml", "templates/birthday.txt.j2", "data/customers.csv"} <= names
    assert not [name for name in names if "__pycache__" in name or name.endswith((".pyc", ".db", ".env"))]


@pytest.mark.parametrize("kind", KINDS)
def test_what_alice_got_loads_in_preview_mode(tmp_path: Path, kind: str) -> None:
    folder = begun(tmp_path / "alice", kind)
    settings = load_settings(folder, {})
    assert settings.mode == "preview"
    assert settings.language == "ja"
    assert len(load_campaigns(folder / settings.campaigns, settings).campaigns) >= 6


def test_bob_reads_english_and_his_customers_are_still_written_to_in_japanese(tmp_path: Path) -> None:
    japanese, english = begun(tmp_path / "ja"), begun(tmp_path / "en", language="en")
    assert load_settings(english, {}).language == "en"
    assert "The mode is **preview**" in (english / "README.md").read_text("utf-8")
    assert "いまは**プレビュー**の状態です" in (japanese / "README.md").read_text("utf-8")
    different = {name for name, raw in contents(english).items() if contents(japanese)[name] != raw}
    assert different == {"config.yaml", "README.md"}


def test_the_readme_names_the_shop_and_the_sample_files_to_import(tmp_path: Path) -> None:
    folder = begun(tmp_path / "salon", "salon")
    readme = (folder / "README.md").read_text("utf-8")
    assert readme.startswith("# ヘアサロン つむぎ\n")
    assert "nurture import data/customers.csv data/bookings.csv" in readme
    assert "{" not in readme


def test_every_secret_has_its_line_and_none_has_a_value(tmp_path: Path) -> None:
    lines = (begun(tmp_path / "shop") / ".env.example").read_text("utf-8").splitlines()
    named = {f"{name}=" for name in (*SECRETS.values(), HOST, USER, PASSWORD)}
    assert {line for line in lines if line.startswith("NURTURE_")} == named


def test_customers_and_secrets_stay_out_of_git(tmp_path: Path) -> None:
    ignored = (begun(tmp_path / "shop") / ".gitignore").read_text("utf-8").splitlines()
    assert {"/.env", "/data/", "*.db"} <= set(ignored)


def test_charlie_begins_in_a_folder_that_holds_something_else(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("call the printer", "utf-8")
    start(tmp_path, "salon", "ja", TODAY)
    assert (tmp_path / "notes.txt").read_text("utf-8") == "call the printer"
    assert (tmp_path / "config.yaml").is_file()


def test_nothing_of_charlies_is_overwritten_and_nothing_is_added(tmp_path: Path) -> None:
    (tmp_path / "campaigns").mkdir()
    (tmp_path / "campaigns" / "birthday.yaml").write_text("mine", "utf-8")
    (tmp_path / "config.yaml").write_text("mine, too", "utf-8")
    before = contents(tmp_path)
    with pytest.raises(MistakesFound) as found:
        start(tmp_path, "shop", "ja", TODAY)
    assert contents(tmp_path) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["campaigns", "config.yaml"]
    assert [Path(each.place.file).name for each in found.value.mistakes] == ["birthday.yaml", "config.yaml"]
    assert "上書きせずに" in say_mistakes("ja", found.value)


def test_a_second_start_at_the_same_place_is_refused(tmp_path: Path) -> None:
    before = contents(begun(tmp_path / "shop"))
    with pytest.raises(MistakesFound):
        begun(tmp_path / "shop", "salon")
    assert contents(tmp_path / "shop") == before


def test_a_file_where_the_folder_should_be_is_said_plainly(tmp_path: Path) -> None:
    (tmp_path / "shop").write_text("a file", "utf-8")
    with pytest.raises(MistakesFound) as found:
        begun(tmp_path / "shop")
    assert found.value.mistakes[0].code == "shop.not_folder"


def test_what_breaks_off_half_way_is_cleared_away(tmp_path: Path) -> None:
    # A file named `templates` lets the campaigns in and then stops the templates.
    (tmp_path / "templates").write_text("a file", "utf-8")
    with pytest.raises(MistakesFound) as found:
        start(tmp_path, "shop", "ja", TODAY)
    assert found.value.mistakes[0].code == "shop.not_written"
    assert contents(tmp_path) == {"templates": b"a file"}
    assert [path.name for path in tmp_path.iterdir()] == ["templates"]


def test_a_kind_that_is_not_built_names_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(MistakesFound) as found:
        start(tmp_path / "b2b", "supplier", "ja", TODAY)
    assert "shop, salon" in say_mistakes("en", found.value)
    assert not (tmp_path / "b2b").exists()


def test_a_misspelt_kind_gets_a_suggestion_and_a_path_is_no_kind() -> None:
    with pytest.raises(MistakesFound) as misspelt:
        kind_folder("saloon")
    assert misspelt.value.mistakes[0].suggestion == "salon"
    with pytest.raises(MistakesFound):
        kind_folder("../sample")


def test_equal_days_give_equal_folders(tmp_path: Path) -> None:
    assert contents(begun(tmp_path / "one")) == contents(begun(tmp_path / "two"))
