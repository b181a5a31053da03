"""The pages on a phone, in a real browser: readable, nothing blocked, and the button works."""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from nurture.message.line_link import make_link_token
from nurture.message.link import Subscription, make_token
from nurture.store import open_engine
from tests.feedback.people import ALICE, NOON, populate, settings, standing
from tests.web.browser import Browser, browser
from tests.web.served import served

pytestmark = pytest.mark.browser

SETTINGS = settings()
STOP = "/u/" + str(make_token(SETTINGS, Subscription(ALICE, "email", "commercial")))
LINK = f"/l/{make_link_token(SETTINGS, ALICE, NOON)}"
PICTURES = "NURTURE_TEST_PICTURES"
"""Names a folder in which the pictures are kept, for a person to look at."""


@pytest.fixture
def engine(sqlite_database: str) -> Iterator[Engine]:
    """One kind of database is enough here."""
    opened = open_engine(sqlite_database)
    populate(opened)
    yield opened
    opened.dispose()


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    return Path(os.environ.get(PICTURES) or tmp_path)


async def fits(tab: Browser) -> None:
    """Nothing sticks out at the side, the text is not too small, and the button is large enough for a thumb."""
    assert await tab.value("document.documentElement.scrollWidth") <= 375
    assert await tab.value("parseFloat(getComputedStyle(document.body).fontSize)") >= 16
    buttons = await tab.value("[...document.querySelectorAll('button')].map(b => b.getBoundingClientRect().height)")
    assert all(height >= 44 for height in buttons)
    # The style is in force: it was allowed by its hash.
    assert await tab.value("getComputedStyle(document.querySelector('main')).borderRadius") == "12px"


@pytest.mark.parametrize("language", ["ja", "en"])
def test_alice_presses_the_button_on_her_phone(engine: Engine, pictures: Path, language: str) -> None:
    async def press(port: int) -> None:
        async with browser() as tab:
            await tab.open(f"http://127.0.0.1:{port}{STOP}", language)
            await fits(tab)
            await tab.picture(pictures / f"stop-{language}.png")
            assert standing(engine, ALICE)["email"] == "granted"
            await tab.press("button")
            await tab.loaded()
            await fits(tab)
            await tab.picture(pictures / f"stopped-{language}.png")
            title = "停止しました" if language == "ja" else "Stopped"
            assert await tab.value("document.querySelector('h1').textContent") == title
            assert tab.complaints == []

    with served(engine) as web:
        asyncio.run(press(web.port))
    assert standing(engine, ALICE) == {"email": "withdrawn", "line": "granted"}


def test_the_box_can_be_ticked_with_a_finger(engine: Engine) -> None:
    async def press(port: int) -> None:
        async with browser() as tab:
            await tab.open(f"http://127.0.0.1:{port}{STOP}")
            await tab.press("label span")
            await tab.press("button")
            await tab.loaded()

    with served(engine) as web:
        asyncio.run(press(web.port))
    assert standing(engine, ALICE) == {"email": "withdrawn", "line": "withdrawn"}


def test_alice_sees_her_code(engine: Engine, pictures: Path) -> None:
    async def press(port: int) -> None:
        async with browser() as tab:
            await tab.open(f"http://127.0.0.1:{port}{LINK}")
            await fits(tab)
            await tab.picture(pictures / "link.png")
            await tab.press("button")
            await tab.loaded()
            await fits(tab)
            await tab.picture(pictures / "code.png")
            assert len(await tab.value("document.querySelector('.code').textContent")) == 6
            await tab.open(f"http://127.0.0.1:{port}/u/cut-short")
            await fits(tab)
            await tab.picture(pictures / "unknown.png")

    with served(engine) as web:
        asyncio.run(press(web.port))
