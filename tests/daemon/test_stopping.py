"""One click stops everything that is queued, and a shop that wants to be asked sends nothing before: the real commands.

Alice and Bob ordered three days ago, and four campaigns want to speak to each of them; the caps let one message through
and put the others off. What is told is what their mail server got.
"""

import json
import re
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from nurture.store import open_engine
from nurture.store.tables import Address, Touch, table
from nurture.web.webhook import sign
from tests.feedback.line import delivery, said

from .test_end_to_end import link_of
from .village import PUBLIC, SECRETS, Village, command, fetch, running, village_of

ALICE, BOB, OWNER = "alice@customer.test", "bob@customer.test", "owner@minato.example"
STRANGER = f"U{0xA11CE:032x}"
WISHES = ("tuesday", "wednesday", "thursday", "friday")


def campaign(name: str) -> str:
    return f"""campaign: {name}
title: {name}
kind: relationship
priority: 99
trigger: {{after: order}}
steps:
  - {{step: letter, wait: 1 day, channels: [email], template: birthday, valid_for: 20 days}}
"""


def customers_arrive(folder: Path) -> None:
    """Nobody else is in the shop, and none of the campaigns it came with."""
    for path in (folder / "campaigns").glob("*.yaml"):
        path.unlink()
    for name in WISHES:
        (folder / "campaigns" / f"{name}.yaml").write_text(campaign(name), "utf-8")
    day = (datetime.now(UTC) - timedelta(days=3)).date().isoformat()
    (folder / "people.csv").write_text(
        f"顧客番号,氏名,メールアドレス,メルマガ\n900001,有栖 花,{ALICE},希望する\n900002,坊 太郎,{BOB},希望する\n",
        "utf-8",
    )
    orders = f"注文番号,顧客番号,注文日,商品名,数量,金額\nX-1,900001,{day},みなとブレンド,1,1200\n"
    (folder / "orders.csv").write_text(f"{orders}X-2,900002,{day},みなとブレンド,1,1200\n", "utf-8")
    command("--folder", str(folder), "import", str(folder / "people.csv"), str(folder / "orders.csv"))


@pytest.fixture
def village(tmp_path: Path) -> Iterator[Village]:
    with village_of("shop", tmp_path / "shop", filled=False) as made:
        customers_arrive(made.folder)
        yield made


def touches(village: Village, address: str) -> list[str]:
    """The states of everything for the customer at the address."""
    engine = open_engine(f"sqlite:///{village.folder / 'nurture.db'}")
    touch, held = table(Touch), table(Address)
    mine = select(held.c.customer_id).where(held.c.value == address)
    with engine.connect() as connection:
        found = connection.scalars(
            select(touch.c.status).where(touch.c.customer_id.in_(mine), touch.c.campaign.in_(WISHES))
        )
        states = sorted(found)
    engine.dispose()
    return states


def arrived(village: Village, address: str) -> int:
    return sum(to == address for to, _ in village.inbox.mails)


def run_once(village: Village) -> None:
    once = village.start("run", "--once")
    assert once.end() == 0, once.said


def test_alices_click_stops_all_that_waits_for_her_and_bobs_comes(village: Village) -> None:
    run_once(village)
    assert arrived(village, ALICE) == arrived(village, BOB) == 1
    assert touches(village, ALICE) == ["planned", "planned", "planned", "sent"]
    mail = next(mail for to, mail in village.inbox.mails if to == ALICE)
    with running(village) as daemon:
        link = link_of(mail).replace(PUBLIC, f"http://127.0.0.1:{village.web_port}")
        assert fetch(link).status == 200
        assert touches(village, ALICE) == ["planned", "planned", "planned", "sent"]
        assert fetch(link, form=b"confirm=yes").status == 200
        assert touches(village, ALICE) == ["sent", "suppressed", "suppressed", "suppressed"]
        answered_in_the_chat(village)
        assert daemon.end(signal.SIGTERM) == 0
    taken = next(each for each in map(json.loads, daemon.said.splitlines()) if each["event"] == "optout.taken")
    assert taken["stopped"] == 3
    # From now on nothing but her own word is in the way.
    config = village.folder / "config.yaml"
    text = re.sub(r"(?m)^caps:\n(  - .*\n)+", "caps: [{at_most: unlimited, per: day}]\n", config.read_text("utf-8"))
    config.write_text(re.sub(r"(?m)^min_gap: .*$", "min_gap: 0 hours", text), "utf-8")
    run_once(village)
    assert arrived(village, BOB) == 4
    assert arrived(village, ALICE) == 1
    assert touches(village, ALICE) == ["sent", "suppressed", "suppressed", "suppressed"]
    assert touches(village, BOB) == ["sent"] * 4


def answered_in_the_chat(village: Village) -> None:
    """A stranger asks in the chat how to be known; the daemon answers over LINE's API, and asked it for its own id."""
    village.line.tokens["t1"] = 0
    event = {**said("連携", datetime.now(UTC), STRANGER), "replyToken": "t1"}
    for destination in ("U" + "f" * 32, village.line.bot):
        body = delivery(event, destination=destination)
        signature = sign(SECRETS["NURTURE_LINE_CHANNEL_SECRET"], body).decode()
        address = f"http://127.0.0.1:{village.web_port}/line/webhook"
        headers = {"x-line-signature": signature, "Content-Type": "application/json"}
        assert fetch(address, form=body, headers=headers).status == 200
    deadline = datetime.now(UTC) + timedelta(seconds=60)
    while not village.line.replies:
        assert datetime.now(UTC) < deadline
        fetch(f"http://127.0.0.1:{village.web_port}/healthz")
    assert [token for token, _ in village.line.replies] == ["t1"]
    assert "コード" in village.line.replies[0][1]
    assert village.line.offences == []


@pytest.mark.parametrize(
    ("words", "number", "status"),
    [(("run",), signal.SIGTERM, 0), (("run", "--once"), signal.SIGINT, 130)],
    ids=("a service", "Ctrl-C"),
)
def test_a_letter_in_the_servers_hands_is_awaited_by_who_is_told_to_stop(
    village: Village, words: tuple[str, ...], number: signal.Signals, status: int
) -> None:
    village.inbox.thinks = 6
    daemon = village.start(*words)
    daemon.until(lambda: bool(village.inbox.mails))
    assert daemon.end(number) == status, daemon.said
    states = touches(village, ALICE) + touches(village, BOB)
    assert states.count("sent") == arrived(village, ALICE) + arrived(village, BOB) >= 1
    assert set(states) == {"planned", "sent"}


def test_nothing_leaves_before_the_owner_has_pressed_the_button(village: Village) -> None:
    config = village.folder / "config.yaml"
    config.write_text(
        f"approve: yes\nowner: {{email: {OWNER}, ask_at: '00:00'}}\n" + config.read_text("utf-8"), "utf-8"
    )
    command("--folder", str(village.folder), "check")
    run_once(village)
    assert [to for to, _ in village.inbox.mails] == [OWNER]
    assert touches(village, ALICE) == ["planned"] * 4
    body = village.inbox.mails[0][1].get_body(("plain",))
    assert body is not None
    found = re.search(rf"{re.escape(PUBLIC)}(/a/\S+)", body.get_content())
    assert found
    assert all(f"■ {name}  " in body.get_content() for name in ("thursday", "friday"))
    assert ALICE not in village.inbox.mails[0][1].as_string()
    with running(village) as daemon:
        link = f"http://127.0.0.1:{village.web_port}{found[1]}"
        assert "承認する" in fetch(link).body
        assert arrived(village, ALICE) == 0
        assert "承認しました" in fetch(link, form=b"confirm=yes").body
        daemon.until(lambda: arrived(village, ALICE) == 1 and arrived(village, BOB) == 1)
        assert daemon.end(signal.SIGTERM) == 0
    assert arrived(village, OWNER) == 1
