"""docs/preview.md says what the JSON holds: every key that comes out stands there, with the kinds of its values."""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, insert, update

from nurture.gates.reach import FIXED, TIMED
from nurture.preview import as_json, explain_customer, explanation_json, foresee
from nurture.store import change, open_engine, writing
from nurture.store.tables import Contact, Customer, Hold, Suppression, table
from tests.preview import people
from tests.preview.people import ALICE, GRACE, NOW, japan
from tests.preview.running import run

PAGE = (Path(__file__).parents[2] / "docs" / "preview.md").read_text("utf-8")
ROW = re.compile(r"^\| `(?P<key>[\w.\[\]]+)` \| (?P<kinds>[^|]+) \|", re.MULTILINE)
WHOLE = ("left_out[].counts", "].condition", ".line")
"""Values with keys of the shop's own; LINE's objects are LINE's."""
STORED = ("touches[].failing",)
"""In preview, as the table holds it."""
KINDS = {
    str: "text",
    bool: "true or false",
    int: "number",
    float: "number",
    type(None): "null",
    list: "list",
    dict: "mapping",
}


def documented(heading: str) -> dict[str, set[str]]:
    section = PAGE.partition(f"### `{heading}`")[2].partition("\n### ")[0]
    return {each["key"]: set(each["kinds"].strip().split(" or ")) for each in ROW.finditer(section)}


def observed(documents: Iterable[str], whole: tuple[str, ...]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for document in documents:
        for path, kind in paths(json.loads(document), whole):
            found[path] |= set(kind.split(" or "))
    return found


def paths(found: Any, whole: tuple[str, ...], path: str = "") -> Iterator[tuple[str, str]]:
    if path.endswith(whole) and path:
        yield path, KINDS[type(found)]
    elif isinstance(found, dict):
        for name, value in found.items():
            yield from paths(value, whole, f"{path}.{name}" if path else name)
    elif isinstance(found, list):
        for value in found:
            yield from paths(value, whole, f"{path}[]")
    else:
        yield path, KINDS[type(found)]


@pytest.fixture
def lived_in(sqlite_database: str) -> Iterator[Engine]:
    """A shop in which a run has planned, and Alice opted out and Grace complained since; Charlie was called again."""
    engine = open_engine(sqlite_database)
    people.populate(engine)
    run(engine, NOW)
    at = japan("2026-11-22 10:20")
    with writing(engine) as connection:
        change(connection, [ALICE, GRACE], at)
        connection.execute(insert(table(Suppression)).values(customer_id=ALICE, reason="opt_out", created_at=at))
        people.add(connection, Contact, customer_id=ALICE, owner_id=ALICE, channel="call", at=at)
        values = {"customer_id": ALICE, "kind": "complaint", "category": "", "opened_at": at, "note": ""}
        connection.execute(insert(table(Hold)).values(**values))
        connection.execute(update(table(Customer)).where(table(Customer).c.id == GRACE).values(key=None))
    run(engine, japan("2026-11-22 10:30"))
    yield engine
    engine.dispose()


def test_the_keys_of_preview(lived_in: Engine) -> None:
    moments = (NOW, japan("2026-11-22 10:40"), japan("2026-11-30 10:00"))
    given = (people.settings(), people.campaigns(), people.templates())
    compare(
        documented("nurture preview --format json"),
        observed((as_json(foresee(lived_in, *given, each)) for each in moments), (*WHOLE, *STORED)),
    )


def test_the_keys_of_explain(lived_in: Engine) -> None:
    given = (people.settings(), people.campaigns(), people.templates())
    asked = [("C-001", "2026-11-22 10:40"), ("C-003", "2026-11-22 10:00"), ("渡辺薫", "2026-11-30 10:00")]
    found = (explanation_json(explain_customer(lived_in, *given, japan(at), key)) for key, at in asked)
    whole = (*WHOLE, "campaigns[].decisions[]", "touches[].failing[]", "log[].failing[]")
    compare(documented("nurture explain CUSTOMER --format json"), observed(found, whole))


def compare(told: dict[str, set[str]], seen: dict[str, set[str]]) -> None:
    assert set(seen) - set(told) == set(), "these keys are not documented"
    wrong = {key: kinds - told[key] for key, kinds in seen.items() if kinds - told[key]}
    assert wrong == {}, "these kinds of value are not documented"
    # A key may need a rarer story than these people's, but not many keys may.
    assert len(set(told) - set(seen)) <= 12, f"is there still such a thing? {sorted(set(told) - set(seen))}"


def test_every_gate_is_explained() -> None:
    for gate in (*FIXED[1:], *TIMED):
        assert f"| `{gate}` |" in PAGE
