"""Names that conditions ask for and that nobody has: each is told with what was meant, and the data is read once."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

from nurture.campaign import read_campaigns
from nurture.check import Finding, check_shop
from nurture.config import Settings, SettingsRead
from nurture.message.template import Templates
from nurture.store import writing
from nurture.store.tables import Customer, CustomerTag, DatedFact, Order, OrderLine, Product
from tests.rows import write_row

NOW = datetime(2026, 11, 22, 3, tzinfo=UTC)  # noon in Tokyo
LETTER = "campaign: news\ntitle: お知らせ\nsteps: [{step: a, template: news}]\n"
DAILY = "trigger: {schedule: {every: day}}\n"
ALICE = 1


@pytest.fixture
def town(engine: Engine) -> Engine:
    """Alice lives in 兵庫県, is a 常連, has bought 豆 and has a daughter."""
    with writing(engine) as connection:
        write_row(connection, Customer, id=ALICE, name="alice", prefecture="兵庫県", bucket=0, created_at=NOW)
        write_row(connection, CustomerTag, customer_id=ALICE, tag="常連")
        write_row(connection, DatedFact, customer_id=ALICE, name="birthday", relative="", month=5, day=1)
        write_row(connection, DatedFact, customer_id=ALICE, name="entrance", relative="daughter", month=4, day=1)
        write_row(connection, Product, id=1, key="beans", name="豆", category="コーヒー豆", created_at=NOW)
        write_row(
            connection,
            Order,
            id=1,
            customer_id=ALICE,
            key="1",
            status="delivered",
            ordered_at=NOW,
            received_at=NOW,
            total=1200,
        )
        line = {"order_id": 1, "customer_id": ALICE, "product_id": 1, "name": "x", "quantity": 1, "price": 1}
        write_row(connection, OrderLine, category="焼き菓子", ordered_at=NOW, **line)
    return engine


def asked(folder: Path, engine: Engine, *conditions: str, more: str = DAILY) -> list[Finding]:
    """What is told of names, where these conditions stand in the file, one to a line."""
    (folder / "campaigns").mkdir(exist_ok=True)
    lines = "".join(f"  - {each}\n" for each in conditions)
    (folder / "campaigns" / "news.yaml").write_text(f"{LETTER}{more}audience:\n{lines}", "utf-8")
    settings = Settings.model_validate({"shop": {"name": "みなと"}}).model_copy(update={"folder": folder})
    read = SettingsRead(settings, frozenset(), ())
    campaigns = read_campaigns(folder / "campaigns", settings)
    found = check_shop(read, campaigns, Templates.read(folder / "templates"), engine, NOW)
    return [each for each in found if each.mistake.code in NAMES]


NAMES = {f"check.no_{each}" for each in "date relative tag category product menu staff prefecture".split()}


def told(found: list[Finding]) -> list[tuple[str, object, str]]:
    return [(each.mistake.code, each.mistake.values["found"], each.mistake.suggestion) for each in found]


@contextmanager
def statements(engine: Engine) -> Iterator[list[str]]:
    """The statements that run meanwhile."""
    found: list[str] = []

    def note(connection: object, cursor: object, statement: str, *others: object) -> None:
        found.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield found
    event.remove(engine, "before_cursor_execute", note)


@pytest.mark.parametrize(
    ("found", "meant"),
    [("兵庫", "兵庫県"), ("京都", "京都府"), ("東京", "東京都"), ("兵庫懸", "兵庫県"), ("どこか", "")],
)
def test_a_prefecture_nobody_lives_in_is_told_with_what_was_meant(
    town: Engine, tmp_path: Path, found: str, meant: str
) -> None:
    (finding,) = asked(tmp_path, town, f"prefecture: [兵庫県, {found}]")
    assert told([finding]) == [("check.no_prefecture", found, meant)]
    assert (finding.severity, str(finding.mistake.place)) == ("warning", "campaigns/news.yaml:6:23")


def test_a_prefecture_that_there_is_may_be_without_customers(town: Engine, tmp_path: Path) -> None:
    assert asked(tmp_path, town, "prefecture: [兵庫県, 鳥取県, 北海道]") == []


def test_who_knows_no_prefectures_is_told_of_none(engine: Engine, tmp_path: Path) -> None:
    assert asked(tmp_path, engine, "prefecture: 兵庫") == []


def test_every_kind_of_name_is_told(town: Engine, tmp_path: Path) -> None:
    found = asked(
        tmp_path,
        town,
        "tag: [常連, 常連さん]",
        "orders: {category: [コーヒー豆, 焼き菓子, コーヒ豆]}",
        "date: {name: birthdy, known: true}",
        "date: {name: entrance, relative: daughter, known: true}",
        "date: {name: entrance, known: true}",
        "not: {refused: {product: bens}}",
    )
    assert told(found) == [
        ("check.no_tag", "常連さん", "常連"),
        ("check.no_category", "コーヒ豆", "コーヒー豆"),
        ("check.no_date", "birthdy", "birthday"),
        ("check.no_date", "entrance", ""),
        ("check.no_product", "bens", "beans"),
    ]


@pytest.mark.parametrize("condition", ["tag: [{}]", "orders: {{category: [{}]}}", "prefecture: [{}]"])
def test_ten_misspelt_names_go_through_the_data_as_often_as_one(town: Engine, tmp_path: Path, condition: str) -> None:
    with statements(town) as one:
        assert len(asked(tmp_path, town, condition.format("常蓮"))) == 1
    with statements(town) as ten:
        found = asked(tmp_path, town, condition.format(", ".join(f"常蓮{number}" for number in range(10))))
    assert len(found) == 10
    assert len(ten) == len(one)


def test_names_are_told_beside_the_mistakes_of_their_campaign(town: Engine, tmp_path: Path) -> None:
    broken = "priority: high\nabout: {category: コーヒー豆類, product: 5}\n"
    broken += "goal: {category: ''}\noffer: {category: 豆コーヒー}\n"
    conditions = ("tag: [常連, 常連さん]", "orders: {category: コーヒ豆, within: 90 dayz}")
    found = asked(tmp_path, town, *conditions, more=DAILY + broken)
    assert told(found) == [
        ("check.no_category", "コーヒー豆類", "コーヒー豆"),
        ("check.no_category", "豆コーヒー", "コーヒー豆"),
        ("check.no_tag", "常連さん", "常連"),
    ]
    assert [each.mistake.place.line for each in found] == [6, 8, 10]


def test_names_are_told_of_what_rests_on_something_broken(town: Engine, tmp_path: Path) -> None:
    (tmp_path / "campaigns").mkdir()
    segments = (
        "segments:\n- {segment: broken, condition: [tga: a, tag: 常連さん]}\n"
        "- {segment: best, condition: [segment: broken, prefecture: 兵庫]}\n"
    )
    (tmp_path / "campaigns" / "segments.yaml").write_text(segments, "utf-8")
    found = asked(tmp_path, town, "segment: best", "tag: 常連様", more="trigger: {anniversary: birthdy}\n")
    assert [(str(each.mistake.place), each.mistake.suggestion) for each in found] == [
        ("campaigns/news.yaml:4:11", "birthday"),
        ("campaigns/news.yaml:7:5", "常連"),
        ("campaigns/segments.yaml:2:41", "常連"),
        ("campaigns/segments.yaml:3:48", "兵庫県"),
    ]
