"""A personal link on paper or in a mail, and the code that it shows."""

from datetime import timedelta

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine

from nurture.config import Secrets
from nurture.feedback import issue_code
from nurture.message.line_link import link_url, make_link_token, read_link_token
from nurture.message.link import Subscription, make_token, read_token
from nurture.store import writing
from nurture.store.tables import LinkCode
from tests.feedback.people import ALICE, BOB, CHARLIE, NOON, add, customer, populate, rows, settings

SETTINGS = settings()


@pytest.fixture(autouse=True)
def everybody(engine: Engine) -> None:
    populate(engine)


def issue(engine: Engine, number: int, drawn: str, days: int = 0) -> str | None:
    with writing(engine) as connection:
        return issue_code(connection, number, drawn, NOON + timedelta(days=days))


def test_a_link_says_who_opened_it_for_ninety_days() -> None:
    token = str(make_link_token(SETTINGS, ALICE, NOON))
    assert read_link_token(SETTINGS, token, NOON + timedelta(days=90)) == ALICE
    assert read_link_token(SETTINGS, token, NOON + timedelta(days=90, seconds=1)) is None
    assert link_url(SETTINGS, token) == f"https://minato.example/l/{token}"
    assert link_url(settings(public_url=""), token) == ""


def test_a_link_for_another_purpose_or_by_another_hand_is_refused() -> None:
    opting_out = str(make_token(SETTINGS, Subscription(ALICE, "email", "commercial")))
    linking = str(make_link_token(SETTINGS, ALICE, NOON))
    assert read_link_token(SETTINGS, opting_out, NOON) is None
    assert read_token(SETTINGS, linking) is None
    other = SETTINGS.model_copy(update={"secrets": Secrets(secret_key=SecretStr("another key"))})
    assert read_link_token(other, linking, NOON) is None
    for broken in (linking[:-1], "", "x.y", "é", linking.replace(".", "")):
        assert read_link_token(SETTINGS, broken, NOON) is None


def test_without_a_key_there_are_no_links() -> None:
    keyless = SETTINGS.model_copy(update={"secrets": Secrets()})
    assert make_link_token(keyless, ALICE, NOON) is None
    assert read_link_token(keyless, str(make_link_token(SETTINGS, ALICE, NOON)), NOON) is None


def test_who_opens_the_page_again_sees_the_same_code_until_it_is_too_old(engine: Engine) -> None:
    assert issue(engine, ALICE, "BCD234") == "BCD234"
    assert issue(engine, ALICE, "FGH567", days=6) == "BCD234"
    assert issue(engine, ALICE, "FGH567", days=7) == "FGH567"
    assert len(rows(engine, LinkCode)) == 2


def test_two_people_never_have_one_code(engine: Engine) -> None:
    assert issue(engine, ALICE, "BCD234") == "BCD234"
    assert issue(engine, BOB, "BCD234") is None
    assert issue(engine, BOB, "FGH567") == "FGH567"


def test_who_was_merged_gets_the_code_of_who_is_left_and_who_was_erased_none(engine: Engine) -> None:
    with writing(engine) as connection:
        add(connection, customer(8, merged_into=CHARLIE), customer(9, erased_at=NOON))
    assert issue(engine, 8, "BCD234") == "BCD234"
    assert [row.customer_id for row in rows(engine, LinkCode)] == [CHARLIE]
    assert issue(engine, 9, "FGH567") is None
    assert issue(engine, 404, "FGH567") is None
