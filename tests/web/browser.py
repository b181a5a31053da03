"""A real Chromium on a phone's screen, spoken to by its own protocol (chromedevtools.github.io/devtools-protocol)."""

import asyncio
import base64
import json
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp
import pytest

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "chrome")
QUIET = (
    "--headless=new",
    "--disable-gpu",
    "--no-first-run",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
)
PHONE = {"width": 375, "height": 667, "deviceScaleFactor": 2, "mobile": True}


def find_browser() -> str:
    """The program; without one the test is skipped, saying so."""
    found = next((path for name in PROGRAMS if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip(f"none of {', '.join(PROGRAMS)} on this machine: no page was looked at in a browser")
    return found


class Browser:
    """One tab."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._number = 0
        self.complaints: list[str] = []
        """What the browser wrote on its console: refused styles, blocked forms."""

    async def tell(self, method: str, **values: Any) -> dict[str, Any]:
        """Sends a command and waits for its result."""
        self._number += 1
        await self._socket.send_json({"id": self._number, "method": method, "params": values})
        while True:
            said = await self._heard()
            if said.get("id") == self._number:
                assert "error" not in said, said
                return dict(said["result"])

    async def open(self, url: str, language: str = "ja") -> None:
        """Loads a page as a phone does."""
        for domain in ("Page", "Log", "Runtime", "Network"):
            await self.tell(f"{domain}.enable")
        await self.tell("Network.setExtraHTTPHeaders", headers={"Accept-Language": language})
        await self.tell("Emulation.setDeviceMetricsOverride", **PHONE)
        await self.tell("Page.navigate", url=url)
        await self.loaded()

    async def loaded(self) -> None:
        """Waits for the page to be there."""
        while (await self._heard()).get("method") != "Page.loadEventFired":
            pass

    async def value(self, expression: str) -> Any:
        """What an expression of JavaScript, asked from outside, gives."""
        said = await self.tell("Runtime.evaluate", expression=expression, returnByValue=True)
        return said["result"].get("value")

    async def press(self, selector: str) -> None:
        """A finger on the middle of an element, and the page that comes of it."""
        box = await self.value(
            f"(r => [r.x + r.width / 2, r.y + r.height / 2])({_find(selector)}.getBoundingClientRect())"
        )
        for kind in ("mousePressed", "mouseReleased"):
            place = {"x": box[0], "y": box[1], "button": "left", "clickCount": 1}
            await self.tell("Input.dispatchMouseEvent", type=kind, **place)

    async def picture(self, path: Path) -> None:
        """The whole page as a PNG."""
        shot = await self.tell("Page.captureScreenshot", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(shot["data"]))

    async def _heard(self) -> dict[str, Any]:
        said: dict[str, Any] = json.loads((await self._socket.receive(timeout=60)).data)
        if said.get("method") == "Log.entryAdded":
            self.complaints.append(said["params"]["entry"]["text"])
        return said


def _find(selector: str) -> str:
    return f"document.querySelector({json.dumps(selector)})"


@asynccontextmanager
async def browser() -> AsyncIterator[Browser]:
    """A browser with an empty profile, ended with the block."""
    program = find_browser()
    with TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        arguments = [*QUIET, *sandbox, "--remote-debugging-port=0", f"--user-data-dir={profile}", "about:blank"]
        process = await asyncio.create_subprocess_exec(
            program, *arguments, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
        )
        try:
            async with aiohttp.ClientSession() as session, session.ws_connect(await _tab(session, profile)) as socket:
                yield Browser(socket)
        finally:
            process.terminate()
            await process.wait()


async def _tab(session: aiohttp.ClientSession, profile: str) -> str:
    """Where the first tab listens: the browser writes its port into its profile."""
    told = Path(profile) / "DevToolsActivePort"
    async with asyncio.timeout(60):
        while not told.exists() or len(told.read_text().splitlines()) < 2:
            await asyncio.sleep(0.05)
        port = told.read_text().splitlines()[0]
        while True:
            async with session.get(f"http://127.0.0.1:{port}/json/list") as answer:
                pages = [each for each in await answer.json() if each["type"] == "page"]
            if pages:
                return str(pages[0]["webSocketDebuggerUrl"])
