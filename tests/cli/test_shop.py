"""`init` and `sample`: from nothing to a preview that shows something."""

from datetime import timedelta
from pathlib import Path

from sqlalchemy import create_engine, text

from .conftest import SUNDAY, Nurture


def test_from_nothing_to_a_preview_in_three_commands(nurture: Nurture, tmp_path: Path) -> None:
    made = nurture("init", tmp_path / "shop")
    assert made.status == 0
    assert "nurture sample" in made.err
    filled = nurture("sample", "--folder", tmp_path / "shop")
    assert filled.status == 0
    assert "架空のお客様" in filled.err
    shown = nurture("preview", "--folder", tmp_path / "shop")
    assert shown.status == 0
    assert "はじめてのお礼" in shown.out


def test_a_salon_gets_bookings(nurture: Nurture, tmp_path: Path) -> None:
    assert nurture("init", tmp_path / "salon", "--kind", "salon").status == 0
    assert nurture("sample", "--folder", tmp_path / "salon").status == 0
    shown = nurture("preview", "--folder", tmp_path / "salon")
    assert shown.status == 0
    assert "件" in shown.out


def test_init_overwrites_nothing(nurture: Nurture, sample_shop: Path) -> None:
    before = (sample_shop / "config.yaml").read_bytes()
    given = nurture("init")
    assert given.status == 1
    assert "上書きせず" in given.err
    assert (sample_shop / "config.yaml").read_bytes() == before


def test_an_unknown_kind_of_shop_is_usage(nurture: Nurture, tmp_path: Path) -> None:
    assert nurture("init", tmp_path, "--kind", "bank").status == 2


def test_a_second_sample_does_nothing(nurture: Nurture, sample_shop: Path) -> None:
    before = (sample_shop / "nurture.db").read_bytes()
    given = nurture("sample")
    assert given.status == 0
    assert "もう入っています" in given.err
    assert (sample_shop / "nurture.db").read_bytes() == before


def test_the_sample_is_made_anew_on_another_day(nurture: Nurture, sample_shop: Path) -> None:
    given = nurture("sample", now=SUNDAY + timedelta(days=40))
    assert given.status == 0
    assert "2027-01-01" in given.err


def test_before_ten_in_the_morning_the_sample_is_yesterdays(nurture: Nurture, empty_shop: Path) -> None:
    assert "2026-11-21" in nurture("sample", now=SUNDAY - timedelta(hours=4)).err


def test_a_database_with_own_data_is_left_alone(nurture: Nurture, sample_shop: Path) -> None:
    (sample_shop / "mine.csv").write_text("顧客番号,氏名,メールアドレス\nA1,山田 花子,hanako@home.example\n", "utf-8")
    assert nurture("import", "mine.csv").status == 0
    given = nurture("sample", now=SUNDAY + timedelta(days=40))
    assert given.status == 0
    assert "何もしませんでした" in given.err
    database = create_engine(f"sqlite:///{sample_shop / 'nurture.db'}")
    with database.connect() as connection:
        assert connection.scalar(text("SELECT name FROM customer WHERE key = 'A1'")) == "山田 花子"
    database.dispose()
