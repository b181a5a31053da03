"""The daemon built of its parts: connections, keys, errands and the web. Nothing is done here."""

import os
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID

from nurture.beside import cores
from nurture.channels.line import LineTransport, line_account
from nurture.channels.mail import MailTransport
from nurture.channels.outcome import NotSent, Outcome
from nurture.channels.pipeline import Timeouts
from nurture.channels.server import mail_server
from nurture.channels.signing import signer
from nurture.config import Settings
from nurture.daemon import Daemon, Errand, Evening, LineAccountWatch, Shop, Tidying, Watched
from nurture.daemon.guard import Guard
from nurture.daemon.notifying import notifier
from nurture.daemon.sidecar import Sidecar, sidecar_path
from nurture.delivery.composer import Composer
from nurture.delivery.freezing import Press
from nurture.delivery.senders import LineSender, MailSender
from nurture.delivery.worker import Sender
from nurture.gates.quota import in_force
from nurture.store import reading
from nurture.store.sealing import instance_of

from .desk import Desk

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry
    from sqlalchemy import Engine

    from nurture.feedback.approving import HeldList

BRIEF = Timeouts(connect=15, command=20, acceptance=60)
"""A tick waits for the owner's mail, and nobody else should wait longer for it."""


@dataclass
class Works:
    """The daemon and what runs beside it."""

    daemon: Daemon
    serving: list[Awaitable[None]] = field(default_factory=list)
    """The public endpoints, none where config does not ask for them."""
    line: LineTransport | None = None
    """For answers and questions; pushes have their own."""

    async def close(self) -> None:
        """Ends all connections, when nothing uses them any more."""
        await self.daemon.close()
        if self.line:
            await self.line.close()


def wired(desk: Desk, watched: Watched[Shop], engine: "Engine", *, deliver_only: bool, alone: bool) -> Works:
    """Builds everything for the shop as it is now. Raises MistakesFound for a channel that can't be used."""
    from prometheus_client import CollectorRegistry

    settings, registry, instance = watched.current.settings, CollectorRegistry(), _instance(engine)
    host = socket.gethostname()

    def press(shop: Shop) -> Press:
        with reading(engine) as connection:
            settings = in_force(connection, shop.settings, desk.now)
            return Press(settings, shop.templates, instance_of(connection), signer(settings))

    daemon = Daemon(
        f"{host}-{os.getpid()}",
        engine,
        desk.clock,
        watched,
        press,
        _senders(settings),
        plans=not deliver_only,
        alone=alone,
        registry=registry,
        notify=notifier(desk.environment),
        guard=Guard(engine, desk.clock, host, Sidecar(sidecar_path(engine, desk.folder, desk.environment))),
        # On a single core it would only stand in the way.
        composer=Composer(engine) if cores() > 1 else None,
    )
    works = Works(daemon, line=_line(settings))
    watch = LineAccountWatch(works.line, daemon.worker.writer) if works.line else None
    daemon.before, daemon.after = _errands(engine, daemon, settings, instance, watch)
    if settings.web.enabled:
        works.serving.append(_web(desk, works, watch, registry))
    return works


def _senders(settings: Settings) -> Mapping[str, Sequence[Sender]]:
    """Connections for the channels that have what they need; a channel without credentials is left out."""
    found: dict[str, Sequence[Sender]] = {}
    if settings.email.host:
        server = mail_server(settings)
        found["email"] = [MailSender(MailTransport(server)) for _ in range(settings.email.connections)]
    if _speaks_line(settings):
        found["line"] = [LineSender(LineTransport(line_account(settings)))]
    return found


def _line(settings: Settings) -> LineTransport | None:
    return LineTransport(line_account(settings)) if _speaks_line(settings) else None


def _speaks_line(settings: Settings) -> bool:
    return settings.line.enabled and bool(settings.secrets.line_access_token.get_secret_value())


def _errands(
    engine: "Engine", daemon: Daemon, settings: Settings, instance: UUID, watch: LineAccountWatch | None
) -> tuple[Sequence[Errand], Sequence[Errand]]:
    """Those before and those after planning."""
    before: list[Errand] = [watch.look] if watch else []
    after: list[Errand] = [Tidying(daemon.worker.writer).tidy]
    if settings.email.host:
        server = mail_server(settings)
        sign = signer(settings) or (lambda mail: mail)
        evening = Evening(engine, daemon.worker.writer, instance, lambda: MailTransport(server, BRIEF), sign)
        after.append(evening.ask)
    return before, after


def _instance(engine: "Engine") -> UUID:
    with reading(engine) as connection:
        return instance_of(connection)


def _web(desk: Desk, works: Works, watch: LineAccountWatch | None, registry: "CollectorRegistry") -> Awaitable[None]:
    from nurture.web.app import make_app
    from nurture.web.serving import serve

    daemon = works.daemon
    settings = daemon.shop.current.settings
    app = make_app(
        daemon.engine,
        settings,
        desk.clock,
        health=daemon.age,
        registry=registry,
        reply=works.line.reply if works.line else _mute,
        writer=daemon.worker.writer,
        bot=lambda: watch.bot if watch else "",
        held=_listed(daemon),
    )
    return serve(app, settings.web.host, settings.web.port, daemon.stopping)


def _listed(daemon: Daemon) -> "Callable[[date], HeldList]":
    from nurture.feedback.approving import held_list

    def listed(day: date) -> Any:
        shop = daemon.shop.current
        with reading(daemon.engine) as connection:
            return held_list(connection, shop.settings, shop.campaigns, shop.templates, day, daemon.clock.now())

    return listed


async def _mute(token: str, text: str) -> Outcome:
    """Without an access token nobody can be answered; what was asked for is done all the same."""
    return NotSent("no access token")
