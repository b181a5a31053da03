"""The page of a personal link: it explains, and after a press of its button it shows a code."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from nurture.message.line_link import link_for_mail, make_link_token
from nurture.store import writing
from nurture.store.tables import LinkCode
from tests.feedback.people import ALICE, BOB, NOON, add, populate, rows, settings, statuses, touch
from tests.web.served import Served, served

SETTINGS = settings()


def path(number: int = ALICE) -> str:
    return f"/l/{make_link_token(SETTINGS, number, NOON)}"


@pytest.fixture(autouse=True)
def everybody(engine: Engine) -> None:
    populate(engine)


@pytest.fixture
def web(engine: Engine) -> Iterator[Served]:
    with served(engine) as running:
        yield running


def shown_code(page: str) -> str:
    found = re.search('<p class="code">([A-Z0-9]{6})</p>', page)
    assert found
    return found[1]


def test_the_page_explains_and_draws_nothing_yet(engine: Engine, web: Served) -> None:
    answer = web.ask("GET", path())
    assert answer.status == 200
    assert "お客様のLINEとみなと珈琲のお客様情報が結び付き" in answer.text
    assert "配信停止" in answer.text
    assert "連携解除" in answer.text
    assert rows(engine, LinkCode) == []


def test_the_button_shows_a_code_and_shows_it_again(engine: Engine, web: Served) -> None:
    code = shown_code(web.form(path()).text)
    assert shown_code(web.form(path()).text) == code
    assert [(row.code, row.customer_id) for row in rows(engine, LinkCode)] == [(code, ALICE)]
    assert shown_code(web.form(path(BOB)).text) != code


def test_an_old_link_is_refused_and_says_so(engine: Engine, web: Served) -> None:
    web.times.now = NOON + timedelta(days=91)
    for answer in (web.ask("GET", path()), web.form(path()), web.form("/l/x")):
        assert answer.status == 404
        assert "期限" in answer.text
    assert rows(engine, LinkCode) == []


def test_a_shop_without_line_has_no_such_page(engine: Engine) -> None:
    with served(engine, line={"enabled": False}) as web:
        assert web.ask("GET", path()).status == 404


def test_to_press_the_button_proves_that_the_mail_with_the_link_arrived_and_to_look_does_not(
    engine: Engine, web: Served
) -> None:
    with writing(engine) as connection:
        add(connection, touch(4, ALICE, "unknown"), touch(5, ALICE, "unknown"))
    link = link_for_mail(SETTINGS, ALICE, int(NOON.timestamp()), 4).removeprefix("https://minato.example")
    web.ask("GET", link)
    assert statuses(engine) == {4: "unknown", 5: "unknown"}
    shown_code(web.form(link).text)
    assert statuses(engine) == {4: "sent", 5: "unknown"}
