"""`unknown`, `resolve`, `restore`, and what `status` says of it all: an owner sees the doubt and ends it."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from nurture.daemon.sidecar import Sidecar
from nurture.store import open_engine, reading, sqlite_module, writing
from nurture.store.alarming import raise_alarm
from nurture.store.sealing import seal_of
from nurture.store.tables import Attempt, Customer, Touch, table
from nurture.store.timing import clock_mark
from tests.store.past import lower_backstop

from .conftest import Nurture

NOW = datetime(2026, 11, 22, 3, tzinfo=UTC)
TOUCH = table(Touch)


def doubts(folder: Path, *results: str) -> None:
    """Touches in doubt, the first number 1, for the first customers of the sample."""
    engine = open_engine(f"sqlite:///{folder}/nurture.db")
    with writing(engine) as connection:
        lower_backstop(connection)
        people = connection.scalars(
            select(table(Customer).c.id).order_by(table(Customer).c.id).limit(len(results))
        ).all()
        for number, (who, result) in enumerate(zip(people, results, strict=True), 1):
            row = Touch(
                id=number,
                campaign="thanks",
                step="letter",
                customer_id=who,
                owner_id=who,
                occurrence=f"order:{number}",
                channel="email",
                status="unknown",
                due_at=NOW,
                at=NOW,
                expires_at=NOW,
                priority=1,
                decided_at=NOW,
                result=result,
            )
            connection.execute(TOUCH.insert().values(**row.model_dump()))
            fenced = {"touch_id": number, "fenced_at": NOW, "result": "unknown", "reply": "timeout", "channel": "email"}
            connection.execute(table(Attempt).insert().values(**fenced))
    engine.dispose()


def statuses(folder: Path) -> list[str]:
    engine = open_engine(f"sqlite:///{folder}/nurture.db")
    with reading(engine) as connection:
        found = list(
            connection.scalars(select(TOUCH.c.status).where(TOUCH.c.campaign == "thanks").order_by(TOUCH.c.id))
        )
    engine.dispose()
    return found


def test_nothing_in_doubt_is_said_in_a_line(nurture: Nurture, sample_shop: Path) -> None:
    given = nurture("unknown")
    assert (given.status, given.out) == (0, "")
    assert "ありません" in given.err


def test_what_is_in_doubt_is_listed_and_counted(nurture: Nurture, sample_shop: Path) -> None:
    doubts(sample_shop, "unknown", "restored")
    given = nurture("unknown")
    first, second = given.out.splitlines()[1:]
    assert first.startswith("1  2026-11-22 12:00  email  thanks/letter  ")
    assert "timeout" in first
    assert "控えに戻す前" in second
    assert "nurture resolve" in given.err
    assert "2 件（nurture unknown" in nurture("status").out
    listed = json.loads(nurture("unknown", "--format", "json").out)
    assert [(each["touch_id"], each["why"]) for each in listed] == [(1, "timeout"), (2, "restored")]


@pytest.mark.parametrize(
    ("words", "left"),
    [
        (("1", "sent"), ["sent", "unknown", "unknown"]),
        (("1", "not-sent"), ["failed", "unknown", "unknown"]),
        (("2", "again"), ["unknown", "planned", "unknown"]),
        (("restored", "not-sent"), ["unknown", "failed", "failed"]),
        (("all", "sent"), ["sent", "sent", "sent"]),
    ],
)
def test_a_person_settles_it(nurture: Nurture, sample_shop: Path, words: tuple[str, str], left: list[str]) -> None:
    doubts(sample_shop, "unknown", "restored", "restored")
    assert nurture("resolve", *words).status == 0
    assert statuses(sample_shop) == left


@pytest.mark.parametrize("word", ["7", "alice", "-1", "restored"])
def test_what_is_not_in_doubt_can_not_be_settled(nurture: Nurture, sample_shop: Path, word: str) -> None:
    doubts(sample_shop, "unknown")
    given = nurture("resolve", "--", word, "sent")
    assert given.status == 1
    assert f"「{word}」" in given.err


def test_an_ending_that_is_none_is_named(nurture: Nurture, sample_shop: Path) -> None:
    given = nurture("resolve", "1", "perhaps")
    assert given.status == 2
    assert "sent, not-sent, again" in given.err


def test_a_backup_is_put_back_and_nothing_leaves_before_the_gap_is_known(
    nurture: Nurture, sample_shop: Path, tmp_path: Path
) -> None:
    assert nurture("backup", tmp_path / "kept.db").status == 0
    doubts(sample_shop, "unknown")  # something was handed over since
    assert nurture("restore", "--acknowledge").status == 0
    given = nurture("restore", tmp_path / "kept.db")
    assert given.status == 0
    assert "nurture.db.before-restore" in given.err
    assert statuses(sample_shop) == []
    assert (sample_shop / "nurture.db.before-restore").is_file()
    engine = open_engine(f"sqlite:///{sample_shop}/nurture.db")
    with reading(engine) as connection:
        assert Sidecar(sample_shop / "nurture.db.seal").loss(seal_of(connection)) == "older"
    assert "nurture unknown" in nurture("restore", "--acknowledge").err
    with reading(engine) as connection:
        assert Sidecar(sample_shop / "nurture.db.seal").loss(seal_of(connection)) is None
    engine.dispose()
    assert "することはありません" in nurture("restore", "--acknowledge").err


def test_the_former_database_is_kept_whole(nurture: Nurture, sample_shop: Path, tmp_path: Path) -> None:
    nurture("backup", tmp_path / "kept.db")
    doubts(sample_shop, "unknown")
    nurture("restore", tmp_path / "kept.db")
    former = sqlite_module().connect(str(sample_shop / "nurture.db.before-restore"))
    assert former.execute("SELECT count(*) FROM touch WHERE status = 'unknown'").fetchone() == (1,)
    former.close()


def test_a_second_restore_does_not_overwrite_what_the_first_one_kept(
    nurture: Nurture, sample_shop: Path, tmp_path: Path
) -> None:
    nurture("backup", tmp_path / "kept.db")
    nurture("restore", tmp_path / "kept.db")
    first = (sample_shop / "nurture.db.before-restore").read_bytes()
    doubts(sample_shop, "unknown")
    assert "nurture.db.before-restore-2" in nurture("restore", tmp_path / "kept.db").err
    assert (sample_shop / "nurture.db.before-restore").read_bytes() == first


def test_a_damaged_database_is_replaced(nurture: Nurture, sample_shop: Path, tmp_path: Path) -> None:
    nurture("backup", tmp_path / "kept.db")
    (sample_shop / "nurture.db").write_bytes(b"what a disk left of it" * 500)
    assert nurture("restore", tmp_path / "kept.db").status == 0
    assert nurture("status").status == 0


@pytest.mark.parametrize("content", [None, b"", b"no database at all, but long enough to be read as one" * 20])
def test_what_is_no_backup_changes_nothing(
    nurture: Nurture, sample_shop: Path, tmp_path: Path, content: bytes | None
) -> None:
    if content is not None:
        (tmp_path / "kept.db").write_bytes(content)
    before = (sample_shop / "nurture.db").read_bytes()
    given = nurture("restore", tmp_path / "kept.db")
    assert given.status == 1
    assert "控えとして読めません" in given.err
    assert (sample_shop / "nurture.db").read_bytes() == before


@pytest.mark.parametrize("words", [(), ("some.db", "--acknowledge")])
def test_restore_wants_one_of_two(nurture: Nurture, sample_shop: Path, words: tuple[str, ...]) -> None:
    assert nurture("restore", *words).status == 1


def test_a_person_says_that_the_clock_is_right(nurture: Nurture, sample_shop: Path) -> None:
    assert nurture("resume", "clock", now=NOW).status == 0
    engine = open_engine(f"sqlite:///{sample_shop}/nurture.db")
    with reading(engine) as connection:
        assert clock_mark(connection) == NOW
    engine.dispose()


ABOUT = {"seconds": -7, "file": "x.seal", "why": "letter.txt:3", "failed": 5, "count": 9, "check": "capped"}
ALARMS = [
    ("clock", {"by": "database"}),
    ("clock", {"by": "mark"}),
    ("clock", {"by": "step"}),
    ("restored", {"loss": "older"}),
    ("restored", {"loss": "other"}),
    ("restored", {"loss": "unreadable"}),
    ("breaker", {"fault": "bug"}),
    ("breaker", {"fault": "template"}),
    ("breaker", {"fault": "refused"}),
    ("breaker", {"fault": "unknown"}),
    ("backstop", {}),
]


@pytest.mark.parametrize(("kind", "about"), ALARMS)
def test_every_alarm_is_a_sentence_of_status(
    nurture: Nurture, sample_shop: Path, kind: str, about: dict[str, str]
) -> None:
    engine = open_engine(f"sqlite:///{sample_shop}/nurture.db")
    with writing(engine) as connection:
        assert raise_alarm(connection, kind, "shop-pc", {**ABOUT, **about}, NOW)
        assert not raise_alarm(connection, kind, "shop-pc", {**ABOUT, **about}, NOW)
    engine.dispose()
    given = nurture("status")
    assert "警報（2026-11-22 12:00 から）: " in given.out
    (found,) = json.loads(nurture("status", "--format", "json").out)["alarms"]
    assert (found["kind"], found["subject"]) == (kind, "shop-pc")
