"""A village around a shop made by `init`: a mail server, LINE, its folder, and the commands as real processes."""

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller

from nurture.cli import run
from nurture.clock import system_clock
from tests.cli.conftest import rewrite
from tests.fakes.line import TOKEN, FakeLine, speaking

ROOT = Path(__file__).resolve().parents[2]
PUBLIC = "https://mail.village.example"
SECRETS = {"NURTURE_SECRET_KEY": "k" * 40, "NURTURE_LINE_ACCESS_TOKEN": TOKEN, "NURTURE_LINE_CHANNEL_SECRET": "s" * 32}
PATIENCE = 120
"""Seconds for whatever a real process is waited for: a shared machine may be slow."""


@dataclass
class Inbox:
    """The mail server: it keeps what it takes."""

    mails: list[tuple[str, EmailMessage]] = field(default_factory=list)
    """Recipient and the parsed mail."""
    thinks: float = 0
    """Seconds until it says so."""

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append((envelope.rcpt_tos[0], mail))
        await asyncio.sleep(self.thinks)
        return "250 2.0.0 kept"


@dataclass(frozen=True)
class Village:
    """Where the shop lies, and who takes its messages."""

    folder: Path
    inbox: Inbox
    line: FakeLine
    web_port: int

    def start(self, *words: str) -> "Process":
        """A command as a process of its own, its words kept in a file."""
        log = self.folder / f"log-{len(list(self.folder.glob('log-*')))}"
        command = [sys.executable, "-m", "nurture", "--folder", str(self.folder), *words]
        environment = {**os.environ, **SECRETS, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
        with log.open("wb") as target:
            return Process(subprocess.Popen(command, env=environment, stdout=target, stderr=target), log)


@dataclass(frozen=True)
class Process:
    """A running command."""

    popen: subprocess.Popen[bytes]
    log: Path

    @property
    def said(self) -> str:
        """Everything it wrote until now."""
        return self.log.read_text("utf-8")

    def end(self, number: int = 0) -> int:
        """Its exit status, after a signal where one is given."""
        if number:
            self.popen.send_signal(number)
        return self.popen.wait(PATIENCE)

    def until(self, holds: Callable[[], bool]) -> None:
        """Waits for something this process brings about."""
        deadline = time.monotonic() + PATIENCE
        while not holds():
            assert self.popen.poll() is None, self.said
            assert time.monotonic() < deadline, self.said
            time.sleep(0.1)


@contextmanager
def running(village: Village) -> Iterator[Process]:
    """The daemon, answering the web, until the block ends."""
    daemon = village.start("run")
    try:
        daemon.until(lambda: fetch(f"http://127.0.0.1:{village.web_port}/readyz").status == 200)
        yield daemon
    finally:
        if daemon.popen.poll() is None:
            daemon.end(signal.SIGTERM)


@contextmanager
def village_of(kind: str, folder: Path, *, filled: bool = True) -> Iterator[Village]:
    """A shop made by `init`, checked, set to live; `filled`: with the files it came with, and previewed before."""
    inbox, line = Inbox(), FakeLine()
    with _listening(inbox) as mail_port, answering(line):
        village = Village(folder, inbox, line, free_port())
        command("init", "--kind", kind, str(folder))
        if filled:
            command("--folder", str(folder), "check")
            command("--folder", str(folder), "import", *(str(each) for each in sorted((folder / "data").iterdir())))
            command("--folder", str(folder), "preview")
        _go_live(folder, mail_port, line.port, village.web_port)
        command("--folder", str(folder), "check")
        yield village


def command(*words: str) -> None:
    """A command in this process, at this very time; it must succeed."""
    assert run(list(words), SECRETS, system_clock()) == 0, words


@dataclass(frozen=True)
class Answer:
    """What the web answered; status 0 when nobody did."""

    status: int
    body: str


def fetch(url: str, *, form: bytes | None = None, headers: Mapping[str, str] | None = None) -> Answer:
    """GET, or POST where a form is given."""
    request = urllib.request.Request(url, data=form, headers=dict(headers or {}))
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return Answer(response.status, response.read().decode())
    except urllib.error.HTTPError as refused:
        with refused:
            return Answer(refused.code, refused.read().decode())
    except OSError:
        return Answer(0, "")


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _go_live(folder: Path, mail_port: int, line_port: int, web_port: int) -> None:
    config = folder / "config.yaml"
    text = re.sub(r"\n  (host|port|tls|per_hour): .*", "", config.read_text("utf-8"))
    text = re.sub(r"\n  weekdays: .*", "", text)
    config.write_text(text, "utf-8")
    rewrite(config, "mode: preview", "mode: live")
    rewrite(config, "timezone: Asia/Tokyo", f"timezone: {_at_noon()}")
    rewrite(config, "\nemail:\n", f"\nemail:\n  host: 127.0.0.1\n  port: {mail_port}\n  tls: none\n")
    rewrite(config, "  enabled: true", f"  enabled: true\n  host: http://127.0.0.1:{line_port}")
    rewrite(config, "# public_url: ", f"web: {{enabled: true, port: {web_port}}}\npublic_url: {PUBLIC}\n# ")


def _at_noon() -> str:
    """A zone in which it is about noon now, so that the hours are open."""
    shift = 12 - datetime.now(UTC).hour
    return f"Etc/GMT{-shift:+d}" if shift else "Etc/GMT"


@contextmanager
def _listening(inbox: Inbox) -> Iterator[int]:
    port = free_port()
    controller = Controller(inbox, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield port
    finally:
        controller.stop()


@contextmanager
def answering(line: FakeLine) -> Iterator[None]:
    """LINE on a thread of its own, as the commands are other processes."""
    loop, ready = asyncio.new_event_loop(), threading.Event()
    over = asyncio.Event()

    async def answer() -> None:
        async with speaking(line):
            ready.set()
            await over.wait()

    def work() -> None:
        loop.run_until_complete(answer())
        loop.close()

    thread = threading.Thread(target=work)
    thread.start()
    assert ready.wait(PATIENCE)
    try:
        yield
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join()
