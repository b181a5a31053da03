"""Preview and run are one: what preview foresees at a moment is what plan and commit write at that moment."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len
from sqlalchemy import Engine, select, text, update

from nurture.mistake import MistakesFound
from nurture.preview import Foresight, as_html, as_json, as_table, foresee
from nurture.preview.moment import utc_text
from nurture.preview.record import ENROLLMENT_COLUMNS, TOUCH_COLUMNS
from nurture.store import change, writing
from nurture.store.tables import Contact, Enrollment, Order, Suppression, Touch, table
from tests.preview import people
from tests.preview.people import ALICE, BOB, CHARLIE, DANA, ERIN, FRANK, GRACE, HEIDI, IVAN, NOW, japan
from tests.preview.running import run

TOUCH, ENROLLMENT = table(Touch), table(Enrollment)
Rows = list[dict[str, Any]]


def look(engine: Engine, now: datetime = NOW, **choice: Any) -> Foresight:
    return foresee(engine, people.settings(), people.campaigns(), people.templates(), now, **choice)


def stored(engine: Engine, source: Any, columns: tuple[str, ...], *wanted: Any) -> Rows:
    with engine.connect() as connection:
        found = connection.execute(select(*(source.c[name] for name in columns)).where(*wanted)).mappings().all()
    return sort(
        {key: utc_text(int(each.timestamp())) if isinstance(each, datetime) else each for key, each in row.items()}
        for row in found
    )


def sort(rows: Iterator[dict[str, Any]] | Rows) -> Rows:
    return sorted(rows, key=lambda each: json.dumps(each, sort_keys=True))


def without(rows: Rows, name: str) -> Rows:
    return sort([{key: value for key, value in row.items() if key != name} for row in rows])


def test_what_preview_foresees_is_what_a_run_writes(engine: Engine) -> None:
    people.populate(engine)
    foreseen = json.loads(as_json(look(engine)))
    run(engine, NOW)
    touches = stored(engine, TOUCH, TOUCH_COLUMNS)
    assert len(touches) == 7
    # The campaigns' texts get their numbers at the commit.
    assert {each["campaign_version"] for each in foreseen["touches"]} == {None}
    assert without(foreseen["touches"], "campaign_version") == without(touches, "campaign_version")
    assert sort(foreseen["enrollments"]) == stored(engine, ENROLLMENT, ENROLLMENT_COLUMNS)


def test_beside_a_running_daemon_too(engine: Engine) -> None:
    people.populate(engine)
    run(engine, NOW)
    later = japan("2026-11-22 10:30")
    with writing(engine) as connection:
        change(connection, [ALICE], later)
        people.add(connection, Suppression, customer_id=ALICE, reason="opt_out", created_at=japan("2026-11-22 10:20"))
        change(connection, [IVAN], later)
        at = japan("2026-11-22 10:25")
        people.add(connection, Contact, customer_id=IVAN, owner_id=IVAN, channel="call", at=at)
        shipped = {"status": "shipped", "shipped_at": japan("2026-11-22 10:20"), "received_at": at}
        change(connection, [DANA], later)
        people.add(
            connection, Order, id=90, customer_id=DANA, key="N-9", ordered_at=japan("2026-11-20 09:00"), **shipped
        )
    foresight = look(engine, later)
    foreseen = json.loads(as_json(foresight))
    marks = {each.plan.customer_id: each.mark for each in foresight.rows if each.plan.written}
    assert marks[ALICE] == "moved"
    assert marks[FRANK] == "open"
    before = stored(engine, ENROLLMENT, ENROLLMENT_COLUMNS)
    run(engine, later)
    changed_or_open = (TOUCH.c.status == "planned") | (TOUCH.c.decided_at == later)
    assert sort(foreseen["touches"]) == stored(engine, TOUCH, TOUCH_COLUMNS, changed_or_open)
    after = stored(engine, ENROLLMENT, ENROLLMENT_COLUMNS)
    names = {(each["customer_id"], each["campaign"], each["occurrence"]) for each in foreseen["enrollments"]}
    untouched = [each for each in before if (each["customer_id"], each["campaign"], each["occurrence"]) not in names]
    assert sort([*foreseen["enrollments"], *untouched]) == after


def test_a_second_look_shows_what_is_planned_already(engine: Engine) -> None:
    people.populate(engine)
    first = look(engine)
    run(engine, NOW)
    second = look(engine, japan("2026-11-22 10:01"))
    assert {each.mark for each in second.sends} == {"open"}
    assert [_essence(each.plan) for each in second.sends] == [_essence(each.plan) for each in first.sends]
    assert second.summary.sends == first.summary.sends
    assert second.left_out == first.left_out


def test_everybody_gets_what_their_story_says(engine: Engine) -> None:
    people.populate(engine)
    foresight = look(engine)
    sends = {each.plan.customer_id: each for each in foresight.sends}
    assert list(sends) == [ALICE, HEIDI, IVAN, DANA, FRANK]
    assert sends[ALICE].plan.at == int(NOW.timestamp())
    assert sends[ALICE].subject == "はじめてのご注文、ありがとうございます"
    assert sends[DANA].plan.channel == "line"
    assert sends[DANA].subject == "高橋様、お誕生日おめでとうございます"
    assert sends[FRANK].deferred
    assert sends[FRANK].plan.at == int(japan("2026-11-24 09:30").timestamp())
    assert "broken.txt.j2:7" in str(sends[HEIDI].error)
    refused = {(each.plan.customer_id, each.plan.verdict) for each in foresight.refused}
    assert refused == {
        (BOB, "no_consent"),
        (CHARLIE, "capped"),
        (ERIN, "suppressed"),
        (GRACE, "no_address"),
    }
    assert [(each.campaign, each.counts) for each in foresight.left_out] == [("news", {"no_consent": 1})]


def test_every_step_is_counted_once(engine: Engine) -> None:
    people.populate(engine)
    foresight = look(engine)
    summary = foresight.summary
    assert (summary.sends, summary.deferred, summary.excluded, summary.errors) == (3, 1, 6, 1)
    assert len(foresight.rows) == 10
    assert foresight.is_complete


def test_a_long_list_is_cut_but_counted(engine: Engine) -> None:
    people.populate(engine)
    foresight = look(engine, rows=3, composed=1)
    assert [each.plan.customer_id for each in foresight.sends] == [ALICE, HEIDI, IVAN]
    assert [each.message is not None for each in foresight.sends] == [True, False, False]
    assert len(foresight.refused) == 3
    assert not foresight.is_complete
    summary = foresight.summary
    # Heidi's broken template was not tried.
    assert (summary.sends, summary.deferred, summary.excluded, summary.errors) == (4, 1, 6, 0)
    shown = as_table(foresight, "ja", color=False, width=100)
    assert "ほかに 2 件あります" in shown
    assert "文面は先頭の 1 件だけを作って確かめました" in shown


def test_one_campaign_or_one_customer_is_shown_of_the_same_plan(engine: Engine) -> None:
    people.populate(engine)
    whole = look(engine)
    news = look(engine, campaign="news")
    assert news.rows == tuple(each for each in whole.rows if each.plan.campaign == "news")
    assert {each.campaign for each in news.enrollments} == {"news"}
    for typed in ("C-003", "person3@customer.example", "090-1234-5003", "佐藤　健", "佐藤", "C－００３"):
        charlie = look(engine, customer=typed)
        assert Counter(each.plan.customer_id for each in charlie.rows) == {CHARLIE: 2}, typed
    assert look(engine, customer="C-003").left_out == ()


@pytest.mark.parametrize(("choice", "near"), [({"campaign": "thank"}, "thanks"), ({"customer": "C-00３３"}, "C-003")])
def test_who_is_not_there_is_asked_for_by_a_near_name(engine: Engine, choice: dict[str, Any], near: str) -> None:
    people.populate(engine)
    with pytest.raises(MistakesFound) as caught:
        look(engine, **choice)
    assert caught.value.mistakes[0].suggestion == near


def test_preview_leaves_the_sqlite_file_as_it_is(sqlite_database: str) -> None:
    from nurture.store import open_engine

    engine = open_engine(sqlite_database)
    people.populate(engine)
    engine.dispose()
    files = sorted(Path(sqlite_database.removeprefix("sqlite:///")).parent.glob("nurture.db*"))
    before = {file.name: file.read_bytes() for file in files if not file.name.endswith("-shm")}
    look(engine)
    engine.dispose()
    assert {name: Path(files[0].parent, name).read_bytes() for name in before} == before


def test_preview_leaves_postgresql_as_it_is(postgres_database: str) -> None:
    from nurture.store import open_engine

    engine = open_engine(postgres_database)
    people.populate(engine)
    engine.dispose()
    before = written(engine)
    look(engine)
    engine.dispose()
    assert written(engine) == before


def written(engine: Engine) -> list[tuple[object, ...]]:
    """Rows inserted, changed, removed and alive of every table; a backend tells its numbers when it ends."""
    numbers = "relname, n_tup_ins, n_tup_upd, n_tup_del, n_live_tup"
    with engine.connect() as connection:
        found = connection.execute(text(f"SELECT {numbers} FROM pg_stat_user_tables ORDER BY relname")).all()
    engine.dispose()
    return [tuple(row) for row in found]


def test_a_link_in_a_preview_stops_nobodys_mail(engine: Engine) -> None:
    from nurture.message.link import read_token

    people.populate(engine)
    message = look(engine).sends[0].message
    assert message is not None
    token = message.text.partition("/u/")[2].strip()
    assert token
    assert read_token(people.settings(), token) is None


def test_a_removed_campaign_leaves_no_message(engine: Engine) -> None:
    people.populate(engine)
    run(engine, NOW)
    with writing(engine) as connection:
        connection.execute(update(TOUCH).where(TOUCH.c.customer_id == IVAN).values(campaign="gone"))
        connection.execute(update(ENROLLMENT).where(ENROLLMENT.c.customer_id == IVAN).values(campaign="gone"))
    row = next(each for each in look(engine, japan("2026-11-22 10:01")).rows if each.plan.customer_id == IVAN)
    assert (row.title, row.message, row.error) == ("gone", None, None)


def _essence(touch: Any) -> tuple[object, ...]:
    return touch.customer_id, touch.campaign, touch.step, touch.occurrence, touch.at, touch.channel, touch.status


def test_an_empty_shop_has_nothing_to_send(engine: Engine) -> None:
    foresight = look(engine)
    assert foresight.rows == ()
    assert "送るメッセージはありません" in as_table(foresight, "ja", color=False, width=80)
    assert json.loads(as_json(foresight))["touches"] == []


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize("width", [60, 80, 120])
def test_a_table_fits_its_width_however_wide_its_characters(engine: Engine, language: str, width: int) -> None:
    people.populate(engine)
    plain = as_table(look(engine), language, color=False, width=width)
    assert max(cell_len(line) for line in plain.split("\n")) <= width
    coloured = as_table(look(engine), language, color=True, width=width)
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured).split() == plain.split()


def test_the_table_tells_the_owner_who_what_when_and_who_not(engine: Engine) -> None:
    people.populate(engine)
    shown = as_table(look(engine), "ja", color=False, width=120)
    for told in (
        "11月22日（日）10:00 に動かした場合の予定",
        "11月24日（火）9:30",
        "送信できる時間は 9:30 からです",
        "7日に2通までの上限に達しています",
        "佐藤様（電話 11/20、来店 11/22）",
        "「コーヒー便り」の対象から 1 人",
        "同意がありません",
        "送信 3 件・延期 1 件・除外 6 件・エラー 1 件",
    ):
        assert told in shown


def test_each_row_says_whether_it_leaves_as_wished_later_or_not_at_all(engine: Engine) -> None:
    people.populate(engine)
    evening = look(engine, japan("2026-11-22 21:00"))
    shown = as_table(evening, "ja", color=False, width=160)
    for each in evening.sends:
        sign = "誤" if each.error else "延" if each.deferred else "送"
        assert re.search(rf"{sign}\s+{re.escape(each.called)}", shown), each.called
    assert {each.deferred for each in evening.sends if not each.error} == {True, False}
    narrow = as_table(evening, "ja", color=False, width=80)
    assert [narrow.count(f" {sign} ") for sign in "送延誤"] == [shown.count(f" {sign} ") for sign in "送延誤"]
    assert "送 = 予定どおり送信、延 = 延期して送信、誤 = エラー" in shown
    assert "S = leaves as wished, D = deferred, E = error" in as_table(evening, "en", color=False, width=80)


def test_closed_hours_are_told_once_for_everybody_who_waits_for_the_same_morning(engine: Engine) -> None:
    people.populate(engine)
    evening = look(engine, japan("2026-11-22 21:00"))
    mornings = {each.plan.at for each in evening.sends if each.plan.verdict == "outside_window" and not each.error}
    assert sum(each.plan.verdict == "outside_window" and not each.error for each in evening.sends) > len(mornings) > 0
    sends, _, _ = as_table(evening, "ja", color=False, width=160).partition("送らない理由")
    assert sends.count("送信できる時間は") == len(mornings)


def test_the_heading_names_the_year_where_it_is_not_this_one(engine: Engine) -> None:
    people.populate(engine)
    new_year = japan("2027-01-01 08:00")
    assert as_table(look(engine, new_year, today=NOW), "ja", color=False, width=100).startswith(
        "2027年1月1日（金）8:00 に"
    )
    shown = as_table(look(engine, new_year, today=new_year), "ja", color=False, width=100)
    assert shown.startswith("1月1日（金）8:00 に")
    assert "2027年1月1日" not in shown
    assert "2027年1月1日（金）8:00 に動かした" in as_html(look(engine, new_year, today=NOW), "ja")
