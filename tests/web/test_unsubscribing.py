"""The opt-out link, opened by people, by mail programs and by scanners, over real HTTP."""

import re
import socket
import threading
import time
from collections.abc import Iterator
from hashlib import sha256

import pytest
from sqlalchemy import Engine, text

from nurture.config import Secrets
from nurture.message.link import EXAMPLE, Subscription, make_token
from nurture.store import writing
from nurture.store.tables import Consent, Customer, Touch
from nurture.web.page import STYLE
from tests.feedback.people import (
    ALICE,
    BOB,
    NOON,
    add,
    populate,
    rows,
    settings,
    standing,
    statuses,
    suppressions,
    touch,
    version,
)
from tests.web.served import Served, served

SETTINGS = settings()


def path(number: int = ALICE, channel: str = "email", purpose: str = "commercial", touch_id: int | None = None) -> str:
    return "/u/" + str(make_token(SETTINGS, Subscription(number, channel, purpose, touch_id)))  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def everybody(engine: Engine) -> None:
    populate(engine)
    with writing(engine) as connection:
        add(connection, touch(1, ALICE, "claimed"), touch(2, ALICE), touch(3, BOB))


@pytest.fixture
def web(engine: Engine) -> Iterator[Served]:
    with served(engine) as running:
        yield running


def test_to_open_the_page_changes_nothing_however_often_it_is_opened(engine: Engine, web: Served) -> None:
    for method in ("GET", "HEAD", "GET"):
        assert web.ask(method, path()).status == 200
    assert standing(engine, ALICE) == {"email": "granted", "line": "granted"}
    assert (suppressions(engine), version(engine, ALICE)) == ([], 1)


def test_the_page_says_who_it_is_from_what_will_stop_and_whom_to_ask(web: Served) -> None:
    answer = web.ask("GET", path())
    assert "みなと珈琲からのメールでのお知らせ" in answer.text
    assert '<button type="submit"' in answer.text
    assert '<form method="post">' in answer.text
    for words in ("みなと珈琲株式会社", "神戸市中央区架空町1-2-3", "078-000-0000", "hello@minato.example"):
        assert words in answer.text
    assert 'lang="ja"' in answer.text
    assert "width=device-width" in answer.text
    assert "<script" not in answer.text


def test_the_page_is_in_the_readers_language(web: Served) -> None:
    for wish, language in [("en-US,en;q=0.9,ja;q=0.8", "en"), ("ja,en;q=0.5", "ja"), ("fr;q=1,en;q=0.1", "en")]:
        answer = web.ask("GET", path(), headers={"Accept-Language": wish})
        assert answer.headers["content-language"] == language
    assert (
        web.ask("GET", path(), headers={"Accept-Language": "fr, *;q=0.1, ja;q=x"}).headers["content-language"] == "ja"
    )
    english = web.ask("GET", path(), headers={"Accept-Language": "en"})
    assert "This stops news and offers from みなと珈琲 by mail." in english.text


def test_the_button_stops_what_waits_and_says_so(engine: Engine, web: Served) -> None:
    answer = web.form(path())
    assert answer.status == 200
    assert "停止しました" in answer.text
    assert "<form" not in answer.text
    assert statuses(engine) == {1: "suppressed", 2: "suppressed", 3: "planned"}
    proof = rows(engine, Consent, customer_id=ALICE, channel="email")[-1]
    assert (proof.status, proof.source, proof.evidence) == ("withdrawn", "link", "button of the opt-out page")
    assert web.counted("nurture_opt_outs_total", source="link") == 1


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=b"])
def test_a_mail_program_opts_out_with_one_click(engine: Engine, web: Served, kind: str) -> None:
    part = b'--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--\r\n'
    body = part if "multipart" in kind else b"List-Unsubscribe=One-Click"
    answer = web.ask("POST", path(), body, {"Content-Type": kind})
    assert answer.status == 200
    assert "location" not in answer.headers
    assert "set-cookie" not in answer.headers
    proof = rows(engine, Consent, customer_id=ALICE, channel="email")[-1]
    assert (proof.source, proof.evidence) == ("one-click", "POST of List-Unsubscribe=One-Click (RFC 8058)")
    assert suppressions(engine) == [("email", None, ALICE, "commercial", "opt_out")]


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"--b\r\nbroken"])
def test_a_post_nobody_understands_opts_out_too(engine: Engine, web: Served, body: bytes) -> None:
    assert web.ask("POST", path(), body, {"Content-Type": "text/odd"}).status == 200
    assert standing(engine, ALICE)["email"] == "withdrawn"


def test_pressed_again_it_says_the_same_and_changes_nothing(engine: Engine, web: Served) -> None:
    first = web.form(path())
    after = (version(engine, ALICE), rows(engine, Consent))
    assert web.form(path()).text == first.text
    assert (version(engine, ALICE), rows(engine, Consent)) == after
    assert web.counted("nurture_opt_outs_total", source="link") == 1


def test_the_box_stops_every_channel_and_one_click_never_does(engine: Engine, web: Served) -> None:
    assert 'name="everything"' in web.ask("GET", path()).text
    assert "LINE" in web.form(path(), "everything=yes&confirm=yes").text
    assert standing(engine, ALICE) == {"email": "withdrawn", "line": "withdrawn"}
    assert web.form(path(BOB), "List-Unsubscribe=One-Click").status == 200
    assert suppressions(engine)[-1] == ("email", None, BOB, "commercial", "opt_out")


def test_a_shop_without_line_offers_no_box(engine: Engine) -> None:
    with served(engine, line={"enabled": False}) as web:
        assert "everything" not in web.ask("GET", path()).text


def test_a_link_in_a_message_about_an_order_stops_those_messages_and_says_so(engine: Engine, web: Served) -> None:
    link = path(ALICE, "line", "transactional")
    assert "ご注文やご予約の確認も含めてすべて" in web.ask("GET", link).text
    web.form(link, "everything=yes")
    assert suppressions(engine) == [("line", None, ALICE, "all", "opt_out")]


@pytest.mark.parametrize("token", ["x", EXAMPLE, path()[3:-1], path()[3:] + ".a", "%00", "%E3%81%82", "a" * 5000])
def test_a_link_that_is_not_ours_is_not_found_and_stops_nothing(engine: Engine, web: Served, token: str) -> None:
    answers = [
        web.ask("GET", f"/u/{token}"),
        web.form(f"/u/{token}"),
        web.form(f"/u/{token}", "List-Unsubscribe=One-Click"),
    ]
    assert {(answer.status, answer.text) for answer in answers} == {(404, answers[0].text)}
    assert "hello@minato.example" in answers[0].text
    assert suppressions(engine) == []


def test_a_link_of_somebody_the_database_does_not_know_is_not_found(web: Served) -> None:
    assert web.form(path(404)).status == 404


def test_without_a_signing_key_no_link_is_ours(engine: Engine) -> None:
    with served(engine, made=SETTINGS.model_copy(update={"secrets": Secrets()})) as web:
        assert web.form(path()).status == 404


def test_every_answer_forbids_scripts_caches_frames_and_referrers(web: Served) -> None:
    for answer in (web.ask("GET", path()), web.form(path()), web.ask("GET", "/u/x"), web.ask("GET", "/nowhere")):
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["x-content-type-options"] == "nosniff"
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert "frame-ancestors 'none'" in policy
        assert "server" not in answer.headers


def test_the_style_of_the_page_is_the_one_that_is_allowed(web: Served) -> None:
    style = re.search("<style>(.*?)</style>", web.ask("GET", path()).text, re.DOTALL)
    assert style
    assert sha256(style[1].encode()).digest() == sha256(STYLE.encode()).digest()


def test_a_name_of_the_shop_is_text_and_never_html(engine: Engine) -> None:
    shop = {"name": "<b>Tea & {shop}</b>", "address": "<script>alert(1)</script>"}
    with served(engine, shop=shop) as web:
        page = web.ask("GET", path()).text
        assert "&lt;b&gt;Tea &amp; {shop}&lt;/b&gt;" in page
        assert "<script" not in page


def test_a_body_too_large_is_refused_before_it_is_read(engine: Engine, web: Served) -> None:
    assert web.form(path(), "a" * 20_000).status == 413
    chunked = web.ask("POST", path(), None, {"Content-Length": "99999999999"})
    assert chunked.status == 413
    assert suppressions(engine) == []


def test_hundreds_of_valid_links_at_once_are_all_taken(engine: Engine, web: Served) -> None:
    with writing(engine) as connection:
        add(connection, *(Customer(id=number, bucket=number, created_at=NOON) for number in range(100, 200)))
    found: list[int] = []

    def press(number: int) -> None:
        found.append(web.form(path(number), "List-Unsubscribe=One-Click").status)

    threads = [threading.Thread(target=press, args=(number,)) for number in range(100, 200)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert found == [200] * 100
    assert len(suppressions(engine)) == 100


def test_what_was_answered_is_in_the_database(engine: Engine, web: Served) -> None:
    began = time.monotonic()
    assert web.form(path(), "List-Unsubscribe=One-Click").status == 200
    assert time.monotonic() - began < 5
    assert rows(engine, Touch, id=1)[0].status == "suppressed"


def test_who_sends_half_a_request_holds_nobody_up(web: Served) -> None:
    with socket.create_connection(("127.0.0.1", web.port)) as slow:
        slow.sendall(f"POST {path()} HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf".encode())
        assert web.ask("GET", path()).status == 200


def test_where_the_database_fails_nobody_is_told_that_it_is_done(engine: Engine, web: Served) -> None:
    with writing(engine) as connection:
        connection.execute(text("DROP TABLE suppression"))
    answer = web.form(path())
    assert answer.status == 503
    assert "もう一度お試しください" in answer.text
    assert statuses(engine) == {1: "claimed", 2: "planned", 3: "planned"}


@pytest.mark.parametrize("body", ["confirm=yes", "List-Unsubscribe=One-Click"])
def test_to_press_the_button_proves_that_a_mail_in_doubt_arrived_and_to_look_does_not(
    engine: Engine, web: Served, body: str
) -> None:
    """A scanner opens the page, perhaps before its server has taken or refused the mail."""
    with writing(engine) as connection:
        add(connection, touch(4, ALICE, "unknown"), touch(5, BOB, "unknown"))
    link = path(ALICE, touch_id=4)
    web.ask("GET", link)
    assert statuses(engine)[4] == "unknown"
    assert web.form(link, body).status == 200
    assert (statuses(engine)[4], statuses(engine)[5]) == ("sent", "unknown")
    assert [row.result for row in rows(engine, Touch, id=4)] == ["proved by click"]
