"""From `init` to a mail in somebody's inbox and back by its opt-out link, with the real commands as processes."""

import asyncio
import json
import os
import re
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from nurture.store import open_engine
from nurture.store.tables import Address, Customer, Suppression, Touch, table
from tests.web.browser import browser
from tests.web.test_browser import PICTURES

from .village import PUBLIC, Process, Village, fetch, running, village_of

BUSY = 75
SIZE = "each => parseFloat(getComputedStyle(each).fontSize)"


@pytest.fixture(scope="module", params=["shop", "salon"])
def village(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Village]:
    """A village whose shop has sent what was due, by `run --once`."""
    with village_of(request.param, tmp_path_factory.mktemp(request.param) / "shop") as made:
        once = made.start("run", "--once")
        assert once.end() == 0, once.said
        assert "Traceback" not in once.said
        yield made


def count(village: Village, status: str) -> int:
    engine = open_engine(f"sqlite:///{village.folder / 'nurture.db'}")
    with engine.connect() as connection:
        found = connection.scalar(select(func.count()).select_from(table(Touch)).where(table(Touch).c.status == status))
    engine.dispose()
    return found or 0


def test_what_was_due_has_arrived_and_is_on_record(village: Village) -> None:
    assert village.inbox.mails
    assert count(village, "sent") == len(village.inbox.mails) + len(village.line.requests)
    assert all(count(village, each) == 0 for each in ("claimed", "sending", "unknown", "failed"))


def test_mails_are_in_japanese_with_both_bodies_and_a_way_out(village: Village) -> None:
    for to, mail in village.inbox.mails:
        assert not mail.defects
        assert not str(mail["Subject"]).isascii()
        assert mail["To"].addresses[0].addr_spec == to
        plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
        assert plain is not None
        assert html is not None
        link = link_of(mail)
        assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert link.startswith(PUBLIC + "/u/")
        assert link in plain.get_content()
        assert link in html.get_content()
        assert "{{" not in plain.get_content() + html.get_content()


@pytest.mark.browser
def test_mails_look_right_on_a_phone_and_their_way_out_works_there(village: Village, tmp_path: Path) -> None:
    """Each kind of letter once; the pictures are kept where NURTURE_TEST_PICTURES names a folder."""
    folder = Path(os.environ.get(PICTURES) or tmp_path)
    letters = {shape_of(mail): mail for _, mail in village.inbox.mails}
    assert len(letters) >= 3

    async def look() -> None:
        async with browser() as tab:
            for number, mail in enumerate(letters.values()):
                html = mail.get_body(("html",))
                page = tmp_path / f"{number}.html"
                page.write_text(html.get_content(), "utf-8")
                await tab.open(page.as_uri())
                assert await tab.value("document.documentElement.scrollWidth") <= 375, mail["Subject"]
                assert await tab.value(f"Math.min(...[...document.querySelectorAll('.letter p')].map({SIZE}))") >= 11
                assert await tab.value("document.querySelector('a.stop').href") == link_of(mail)
                assert await tab.value("document.querySelector('a.stop').getBoundingClientRect().height") > 0
                await tab.picture(folder / f"mail-{village.folder.parent.name}-{number}.png")

    asyncio.run(look())


def shape_of(mail: object) -> str:
    """The subject without names, so that one letter to two people is one kind."""
    return re.sub("^.*(様|御中|お客様)、?", "", str(mail["Subject"]))  # type: ignore[index]


def test_pushes_are_what_line_describes(village: Village) -> None:
    assert village.line.offences == []
    assert all(json.loads(each)["messages"] for each in village.line.requests)


def test_a_second_run_sends_nothing_again(village: Village) -> None:
    before = len(village.inbox.mails), len(village.line.requests)
    assert village.start("run", "--once").end() == 0
    assert (len(village.inbox.mails), len(village.line.requests)) == before


def test_the_daemon_from_its_start_to_its_end(village: Village) -> None:
    with running(village) as daemon:
        opt_out_by_one_click(village)
        watched_from_outside(village)
        second_daemon_is_turned_away(village, daemon.popen.pid)
        broken_campaign_changes_nothing(village, daemon)
        began = time.monotonic()
        assert daemon.end(signal.SIGTERM) == 0
        assert time.monotonic() - began < 30
    assert [json.loads(line)["event"] for line in daemon.said.splitlines()][-1] == "stopped"
    said = "\n".join(each.read_text("utf-8") for each in village.folder.glob("log-*"))
    assert "Traceback" not in said
    assert named_in(village, said) == []


def opt_out_by_one_click(village: Village) -> None:
    _, mail = village.inbox.mails[0]
    address = link_of(mail).replace(PUBLIC, f"http://127.0.0.1:{village.web_port}")
    before = refusals(village)
    looked = fetch(address)
    assert looked.status == 200
    assert "停止" in looked.body
    assert refusals(village) == before
    assert fetch(address, form=b"List-Unsubscribe=One-Click").status == 200
    assert refusals(village) == before + 1
    assert fetch(address[:-4] + "AAAA").status == 404


def watched_from_outside(village: Village) -> None:
    at = f"http://127.0.0.1:{village.web_port}"
    assert fetch(f"{at}/healthz").status == 200
    assert json.loads(fetch(f"{at}/readyz").body)["ready"] is True
    counted = fetch(f"{at}/metrics").body
    assert 'nurture_opt_outs_total{source="one-click"} 1.0' in counted
    assert 'nurture_messages_total{outcome="sent"} 0.0' in counted
    assert 'nurture_ticks_total{result="failed"} 0.0' in counted
    assert float(counted.partition("nurture_tick_seconds_count ")[2].partition("\n")[0]) >= 1
    assert fetch(f"{at}/nothing").status == 404


def second_daemon_is_turned_away(village: Village, holder: int) -> None:
    second = village.start("run")
    assert second.end() == BUSY
    assert f"pid {holder}" in second.said
    assert len(second.said.splitlines()) == 1


def broken_campaign_changes_nothing(village: Village, daemon: Process) -> None:
    campaign = next(each for each in sorted((village.folder / "campaigns").glob("*.yaml")) if each.stem != "segments")
    good = campaign.read_text("utf-8")
    campaign.write_text(good.replace("steps:", "stepz:"), "utf-8")
    daemon.popen.send_signal(signal.SIGHUP)
    daemon.until(lambda: "reload_refused" in daemon.said)
    assert campaign.name in daemon.said
    campaign.write_text(good + "\n# mended\n", "utf-8")
    daemon.popen.send_signal(signal.SIGHUP)
    daemon.until(lambda: "reloaded" in daemon.said)


def link_of(mail: object) -> str:
    header = str(mail["List-Unsubscribe"])  # type: ignore[index]
    return next(each.strip(" <>") for each in header.split(",") if each.strip(" <").startswith("https"))


def refusals(village: Village) -> int:
    engine = open_engine(f"sqlite:///{village.folder / 'nurture.db'}")
    with engine.connect() as connection:
        found = connection.scalar(
            select(func.count()).select_from(table(Suppression)).where(table(Suppression).c.source == "one-click")
        )
    engine.dispose()
    return found or 0


def named_in(village: Village, said: str) -> list[str]:
    """Names and addresses of customers that stand in a text."""
    engine = open_engine(f"sqlite:///{village.folder / 'nurture.db'}")
    with engine.connect() as connection:
        known = [
            *connection.scalars(select(table(Customer).c.name)),
            *connection.scalars(select(table(Address).c.value)),
        ]
    engine.dispose()
    assert len(known) > 50
    return [each for each in known if len(each) > 2 and each in said]


@pytest.mark.parametrize("village", ["shop"], indirect=True)
def test_a_port_that_is_taken_is_one_line_and_no_traceback(village: Village) -> None:
    with socket.create_server(("127.0.0.1", village.web_port)):
        daemon = village.start("run")
        assert daemon.end() == 3
    assert "Traceback" not in daemon.said
