"""`preview`, `explain`, `run --once`: what they show is the plan, and only a live run writes it down."""

import json
import re
from datetime import timedelta
from pathlib import Path

from sqlalchemy import create_engine, text

from .conftest import SUNDAY, Answer, Nurture, rewrite


def touches(folder: Path) -> int:
    database = create_engine(f"sqlite:///{folder / 'nurture.db'}")
    with database.connect() as connection:
        found = connection.scalar(text("SELECT count(*) FROM touch"))
    database.dispose()
    return int(found or 0)


def test_preview_shows_people_campaigns_and_reasons_and_writes_nothing(nurture: Nurture, sample_shop: Path) -> None:
    given = nurture("preview")
    assert given.status == 0
    assert "はじめてのお礼" in given.out
    assert "同意がありません" in given.out
    assert "送信" in given.out.splitlines()[-1]
    assert touches(sample_shop) == 0


def test_preview_of_one_campaign_and_one_customer(nurture: Nurture, sample_shop: Path, sample_preview: Answer) -> None:
    part = nurture("preview", "--campaign", "birthday").out
    assert len(part) < len(sample_preview.out)
    assert "若草" in nurture("preview", "--customer", "1203", "--at", "明日 10:00").out


def test_preview_without_a_database_says_how_to_get_one(nurture: Nurture, empty_shop: Path) -> None:
    given = nurture("preview")
    assert given.status == 1
    assert "nurture import" in given.err
    assert not (empty_shop / "nurture.db").exists()


def test_preview_as_json_is_one_document(nurture: Nurture, sample_shop: Path) -> None:
    given = nurture("preview", "--format", "json", "--at", "2026-11-23 10:00")
    assert given.status == 0
    assert json.loads(given.out)


def test_preview_as_a_page_goes_into_a_file(nurture: Nurture, sample_shop: Path) -> None:
    given = nurture("preview", "--format", "html", "--output", "preview.html")
    assert given.status == 0
    assert given.out == ""
    page = (sample_shop / "preview.html").read_text("utf-8")
    assert page.lstrip().lower().startswith("<!doctype html>")


def test_a_page_that_cannot_be_written_is_something_outside(nurture: Nurture, sample_shop: Path) -> None:
    given = nurture("preview", "--output", "no/such/folder/preview.txt")
    assert given.status == 3
    assert "no/such/folder" in given.err


def test_a_customer_is_explained_by_number_name_or_address(nurture: Nurture, sample_shop: Path) -> None:
    by_number = nurture("explain", "1203")
    assert by_number.status == 0
    assert "若草" in by_number.out
    assert nurture("explain", "若草舞").out == by_number.out
    assert json.loads(nurture("explain", "1203", "--format", "json").out)


def test_nobody_of_that_name(nurture: Nurture, sample_shop: Path) -> None:
    assert nurture("explain", "誰でもない人").status == 1


def test_run_in_preview_mode_plans_and_writes_nothing(
    nurture: Nurture, sample_shop: Path, sample_preview: Answer
) -> None:
    given = nurture("run", "--once")
    assert given.status == 0
    assert given.out == sample_preview.out
    assert "何も送っていません" in given.err
    assert touches(sample_shop) == 0


def test_run_in_live_mode_writes_the_plan_and_sends_nothing_without_a_mail_server(
    nurture: Nurture, sample_shop: Path
) -> None:
    rewrite(sample_shop / "config.yaml", "mode: preview", "mode: live")
    secret = {"NURTURE_SECRET_KEY": "k" * 40}
    given = nurture("run", "--once", environment=secret)
    assert given.status == 0
    assert "送信しました: 0 件" in given.err
    written = touches(sample_shop)
    assert written > 0
    nurture("run", "--once", environment=secret)
    assert touches(sample_shop) == written
    assert "planned" in nurture("status", environment=secret).out


def test_status_as_json(nurture: Nurture, sample_shop: Path) -> None:
    told = json.loads(nurture("status", "--format", "json").out)
    assert told["mode"] == "preview"
    assert told["counts"]["customer"] > 200
    assert told["wal_fault"] in (True, False)
    assert told["last_tick"] is None
    assert told["approved_until"] is None
    assert told["line_quota"] == {"quota": 200, "used": 0}


def test_who_wants_to_be_asked_reads_that_the_list_waits(
    nurture: Nurture, sample_shop: Path, sample_preview: Answer
) -> None:
    assert "承認するまで" not in sample_preview.err
    rewrite(sample_shop / "config.yaml", "# approve: true", "approve: true")
    assert "承認するまで" in nurture("preview").err
    assert "承認済み: まだありません" in nurture("status").out
    assert nurture("approve").status == 0
    assert re.search("承認済み: 20[0-9-]+ 00:00 まで", nurture("status").out)
    assert "承認するまで" not in nurture("preview").err
    assert "承認するまで" in nurture("preview", now=SUNDAY + timedelta(days=1)).err
