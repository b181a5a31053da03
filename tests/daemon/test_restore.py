"""A backup that was put back: what the database has forgotten is noticed, and nothing leaves until a person acts."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, delete, event

from nurture.daemon.guard import Guard
from nurture.daemon.sidecar import Sidecar, sidecar_path
from nurture.store import open_engine, reading, writing
from nurture.store.sealing import Seal, acknowledge_restore, seal_of
from nurture.store.tables import Attempt, table
from tests.planning.people import instant

from .test_clock import Village
from .test_clock import village as village  # a fixture

SEAL = Seal("shop", 0, 12)
NOW = instant("2026-11-20 10:00")


@pytest.fixture
def guarded(village: Village, tmp_path: Path) -> Village:
    """The village with a sidecar, its first mail sent."""
    village.guard._sidecar = Sidecar(tmp_path / "shop.seal")
    assert village.tick() == ["thanks"]
    village.guard.inspect()
    return village


def forget(village: Village) -> None:
    """The database as it was before the mail left."""
    with writing(village.engine) as connection:
        connection.execute(delete(table(Attempt)))


def test_nothing_leaves_a_database_that_has_forgotten_what_it_sent(guarded: Village) -> None:
    forget(guarded)
    bob = guarded.post.shop.customer("bob")
    guarded.post.shop.order(bob, "2026-11-20 10:00")
    assert guarded.tick() == ["thanks"]
    assert guarded.post.shop.told(bob) == []
    assert guarded.alarms() == [("restored", "database", {"loss": "older", "file": "shop.seal"})]


def test_it_goes_on_when_a_person_has_acknowledged_the_gap(guarded: Village, tmp_path: Path) -> None:
    forget(guarded)
    assert guarded.tick() == ["thanks"]
    with writing(guarded.engine) as connection:
        acknowledge_restore(connection, 0, NOW, NOW)
    guarded.post.shop.order(guarded.post.shop.customer("bob"), "2026-11-20 10:00:30")
    guarded.standing.move(60)
    assert guarded.tick() == ["thanks", "thanks"]
    assert guarded.alarms() == []
    assert json.loads((tmp_path / "shop.seal").read_text())["epoch"] == 1


def test_a_second_process_of_the_host_sees_it_too(guarded: Village, tmp_path: Path) -> None:
    forget(guarded)
    other = Guard(guarded.engine, guarded.standing.clock(), "host", Sidecar(tmp_path / "shop.seal"), lambda _: None)
    assert not other.inspect()
    assert other.halted()


def test_what_another_process_wrote_down_meanwhile_is_no_loss(guarded: Village, tmp_path: Path) -> None:
    """It was read behind the database: where another mail left between the two, the alarm said that a backup was put
    back, and nothing left for a second."""
    other = Guard(guarded.engine, guarded.standing.clock(), "other", Sidecar(tmp_path / "shop.seal"), lambda _: None)
    assert other.inspect()

    def meanwhile(_: Connection) -> None:
        guarded.post.shop.order(guarded.post.shop.customer("bob"), "2026-11-20 10:00")
        assert guarded.tick() == ["thanks", "thanks"]
        guarded.guard.inspect()

    reader = guarded.engine.get_execution_options().get("reader", guarded.engine)
    event.listen(reader, "rollback", meanwhile, once=True)
    assert other.inspect()
    assert guarded.post.arrived() == ["thanks", "thanks"]
    assert guarded.alarms() == []


@pytest.mark.parametrize(
    ("now", "loss"),
    [
        (SEAL, None),
        (replace(SEAL, fences=13), None),
        (replace(SEAL, fences=11), "older"),
        (replace(SEAL, epoch=1, fences=0), None),
        (replace(SEAL, database="another"), "other"),
    ],
)
def test_what_the_copy_says(tmp_path: Path, now: Seal, loss: str | None) -> None:
    sidecar = Sidecar(tmp_path / "seal")
    assert sidecar.loss(now) is None
    sidecar.keep(SEAL, NOW)
    assert sidecar.loss(now) == loss


def test_a_database_back_before_an_acknowledged_restore_is_older(tmp_path: Path) -> None:
    sidecar = Sidecar(tmp_path / "seal")
    sidecar.keep(replace(SEAL, epoch=1), NOW)
    assert sidecar.loss(replace(SEAL, fences=99)) == "older"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"database": "shop"}', '{"database": "a", "epoch": [], "fences": 1}'])
def test_a_file_that_makes_no_sense_stops_everything(tmp_path: Path, text: str) -> None:
    (tmp_path / "seal").write_text(text)
    assert Sidecar(tmp_path / "seal").loss(SEAL) == "unreadable"


def test_a_database_that_never_sent_anything_may_be_replaced(tmp_path: Path) -> None:
    sidecar = Sidecar(tmp_path / "seal")
    sidecar.keep(replace(SEAL, fences=0), NOW)
    assert sidecar.loss(replace(SEAL, database="another")) is None


def test_the_copy_never_goes_back_and_keeps_the_time_of_the_last_hand_over(tmp_path: Path) -> None:
    Sidecar(tmp_path / "seal").keep(SEAL, NOW)
    late = instant("2026-11-21 10:00")
    for seal in (replace(SEAL, fences=11), SEAL):
        Sidecar(tmp_path / "seal").keep(seal, late)
    copy = Sidecar(tmp_path / "seal").read()
    assert copy is not None
    assert (copy.seal, copy.at) == (SEAL, NOW)
    assert [each.name for each in tmp_path.iterdir()] == ["seal"]


def test_where_the_file_lies(tmp_path: Path) -> None:
    file = open_engine(f"sqlite:///{tmp_path}/nurture.db")
    server = open_engine("postgresql://host/shop")
    assert sidecar_path(file, Path("/shop"), {}) == tmp_path / "nurture.db.seal"
    assert sidecar_path(server, Path("/shop"), {}) == Path("/shop/shop.seal")
    assert sidecar_path(file, Path("/shop"), {"STATE_DIRECTORY": "/state:/x"}) == Path("/state/nurture.db.seal")


def test_the_seal_counts_hand_overs(engine: Engine, guarded: Village) -> None:
    with reading(engine) as connection:
        assert seal_of(connection).fences == 1
