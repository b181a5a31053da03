"""LINE's webhook over real HTTP: only LINE is heard, everything is kept before the answer, and the work follows."""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from hashlib import sha1
from typing import Any

import pytest
from sqlalchemy import Engine, text

from nurture.config import Secrets
from nurture.feedback import keep, read_delivery
from nurture.store import writing
from nurture.store.tables import Inbound
from nurture.web.webhook import sign
from tests.feedback.line import BOT, again, delivery, follow, said, unfollow
from tests.feedback.people import DANAS_LINE, NOON, populate, rows, settings, standing, suppressions
from tests.web.served import Answer, Served, served

SECRET = "channel secret"


@pytest.fixture(autouse=True)
def everybody(engine: Engine) -> None:
    populate(engine)


@pytest.fixture
def web(engine: Engine) -> Iterator[Served]:
    with served(engine) as running:
        yield running


def post(web: Served, body: bytes, signature: str | None = None, name: str = "x-line-signature") -> Answer:
    """As LINE posts it; signed with the channel secret unless a signature is given."""
    signed = sign(SECRET, body).decode() if signature is None else signature
    return web.ask("POST", "/line/webhook", body, {"Content-Type": "application/json; charset=utf-8", name: signed})


def eventually(holds: Callable[[], bool]) -> None:
    """Waits for the work behind the answer."""
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.02)


def results(engine: Engine) -> list[str]:
    return [row.result for row in rows(engine, Inbound)]


def test_what_line_signs_is_answered_kept_and_acted_on(engine: Engine, web: Served) -> None:
    answer = post(web, delivery(said("配信停止", NOON), escaped=False))
    assert (answer.status, answer.text) == (200, "")
    assert len(rows(engine, Inbound)) == 1
    eventually(lambda: results(engine) == ["stopped"])
    assert standing(engine, 1)["line"] == "withdrawn"
    eventually(lambda: web.replies == [("r" * 32, "配信を停止しました。これからはお知らせをお送りしません。")])
    assert web.counted("nurture_line_events_total", result="stopped") == 1
    assert web.counted("nurture_opt_outs_total", source="line") == 1


def test_an_example_of_line_has_the_signature_that_line_gives_it() -> None:
    """The one of developers.line.biz, "Verify webhook signature"."""
    body = b'{"destination":"U8e742f61d673b39c7fff3cecb7536ef0","events":[]}'
    assert sign("8c570fa6dd201bb328f1c1eac23a96d8", body) == b"GhRKmvmHys4Pi8DxkF4+EayaH0OqtJtaZxgTD9fMDLs="


def test_the_name_of_the_header_may_have_any_case(engine: Engine, web: Served) -> None:
    assert post(web, delivery(follow(NOON)), name="X-LINE-Signature").status == 200
    assert len(rows(engine, Inbound)) == 1


def test_without_a_signature_or_with_a_wrong_one_nothing_is_even_read(engine: Engine, web: Served) -> None:
    body = delivery(said("停止", NOON))
    assert web.ask("POST", "/line/webhook", body).status == 400
    for wrong in ("", "x", sign("another secret", body).decode(), sign(SECRET, body + b" ").decode(), "\xe9" * 44):
        assert post(web, body, wrong).status == 401
    assert rows(engine, Inbound) == []
    assert web.counted("nurture_web_refused_total", reason="signature") == 5


def test_the_bytes_are_signed_and_not_their_meaning(engine: Engine, web: Served) -> None:
    body = delivery(follow(NOON))
    assert post(web, body.replace(b": ", b":"), sign(SECRET, body).decode()).status == 401
    assert rows(engine, Inbound) == []


def test_without_a_channel_secret_there_is_no_webhook(engine: Engine) -> None:
    with served(engine, made=settings().model_copy(update={"secrets": Secrets()})) as web:
        body = delivery(said("停止", NOON))
        assert post(web, body, sign("", body).decode()).status == 404


def test_the_verify_button_of_lines_console_is_answered(engine: Engine, web: Served) -> None:
    assert post(web, delivery()).status == 200
    assert rows(engine, Inbound) == []


@pytest.mark.parametrize("body", [b"", b"null", b'{"events":{}}', b"\xff", b"[" * 100_000])
def test_what_line_never_sends_is_refused_even_when_it_is_signed(web: Served, body: bytes) -> None:
    assert post(web, body).status == 400


def test_more_than_a_megabyte_is_refused(engine: Engine, web: Served) -> None:
    assert post(web, delivery(said("あ" * 500_000, NOON))).status == 413
    assert rows(engine, Inbound) == []


def test_a_second_delivery_is_answered_and_changes_nothing(engine: Engine, web: Served) -> None:
    first = said("停止", NOON)
    assert post(web, delivery(first)).status == post(web, delivery(again(first), again(first))).status == 200
    eventually(lambda: results(engine) == ["stopped"])
    eventually(lambda: len(web.replies) == 1)


def test_events_for_another_bot_are_answered_and_passed_over(engine: Engine) -> None:
    with served(engine, bot=BOT) as web:
        assert post(web, delivery(follow(NOON), destination=f"U{1:032x}")).status == 200
        assert rows(engine, Inbound) == []
        assert post(web, delivery(follow(NOON))).status == 200
        assert len(rows(engine, Inbound)) == 1


def test_what_an_earlier_process_kept_is_acted_on_at_start(engine: Engine) -> None:
    with writing(engine) as connection:
        keep(connection, read_delivery(delivery(unfollow(NOON)), NOON).arrivals, NOON)
    with served(engine):
        eventually(lambda: results(engine) == ["blocked"])


def test_what_another_process_kept_is_found_by_the_patrol(engine: Engine, web: Served) -> None:
    eventually(lambda: web.times.slept == [60.0])
    with writing(engine) as connection:
        keep(connection, read_delivery(delivery(unfollow(NOON)), NOON).arrivals, NOON)
    web.times.awake.set()
    eventually(lambda: results(engine) == ["blocked"])


def test_an_answer_that_is_lost_loses_nothing_else(engine: Engine) -> None:
    with served(engine, broken_reply=True) as web:
        post(web, delivery(said("停止", NOON), said("停止", NOON + timedelta(seconds=1), DANAS_LINE, id="2")))
        eventually(lambda: results(engine) == ["stopped", "stopped"])
        assert len(suppressions(engine)) == 2


def test_where_the_database_fails_line_is_told_to_try_again(engine: Engine, web: Served) -> None:
    eventually(lambda: web.times.slept == [60.0])
    with writing(engine) as connection:
        connection.execute(text("DROP TABLE inbound"))
    assert post(web, delivery(follow(NOON))).status == 503


def test_an_answer_comes_within_two_seconds_while_a_hundred_events_wait(engine: Engine, web: Served) -> None:
    """LINE counts a later one as a failure (`request_timeout` in its webhook statistics)."""
    many: list[dict[str, Any]] = [
        unfollow(NOON, "U" + sha1(str(number).encode()).hexdigest()[:32]) for number in range(100)
    ]
    assert post(web, delivery(*many)).status == 200
    began = time.monotonic()
    assert post(web, delivery(said("停止", NOON))).status == 200
    assert time.monotonic() - began < 2
    eventually(lambda: "" not in results(engine))
