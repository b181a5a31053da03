"""The mail server as config.yaml names it, and the connection to it. aiosmtplib is known to this module only.

aiosmtplib connects and does TLS, AUTH and EHLO. It has no PIPELINING, tells a server that died before the payload from
one that died after it by nothing, and writes its buffer out when it closes, so that what follows is our own.
"""

import asyncio
import ssl
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Literal

import aiosmtplib
from pydantic import SecretStr

from nurture.config import FILE_NAME, Settings
from nurture.mistake import Mistake, MistakesFound, Place

from .classification import classify_reply
from .envelope import Offer
from .outcome import Deferred, Rejected
from .reply import reply_of, without_addresses


@dataclass(frozen=True)
class MailServer:
    """Where mail is handed over, and as whom."""

    host: str
    port: int
    tls: Literal["starttls", "tls", "none"]
    """`starttls` is asked for and insisted on, `tls` speaks it from the first byte."""
    username: str = ""
    """Empty = without AUTH."""
    password: SecretStr = field(default_factory=lambda: SecretStr(""))
    context: ssl.SSLContext | None = field(default=None, compare=False)
    """Whom TLS trusts; None = the system's authorities."""


@dataclass(frozen=True)
class Connected:
    """A connection on which mail can be handed over."""

    transport: asyncio.Transport
    offer: Offer


def mail_server(settings: Settings) -> MailServer:
    """The server that config.yaml and the environment describe. Raises MistakesFound for what can't be used."""
    email = settings.email
    mistakes = []
    if not email.host:
        mistakes.append(Mistake(Place(FILE_NAME), "channels.no_host", {}, "email.host"))
    elif email.tls == "none" and not is_loopback(email.host):
        mistakes.append(Mistake(Place(FILE_NAME), "channels.tls_needed", {"host": email.host}, "email.tls"))
    if mistakes:
        raise MistakesFound(mistakes)
    username = settings.secrets.smtp_username.get_secret_value()
    return MailServer(email.host, email.port, email.tls, username, settings.secrets.smtp_password)


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine by its very name; no resolver is asked."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower().rstrip(".") == "localhost"


async def dial(server: MailServer, timeout: float) -> Connected | Deferred | Rejected:
    """A connection within so many seconds, or what the server said; every outcome reaches the whole channel."""
    client = aiosmtplib.SMTP(
        hostname=server.host,
        port=server.port,
        username=server.username or None,
        password=server.password.get_secret_value() if server.username else None,
        use_tls=server.tls == "tls",
        start_tls=server.tls == "starttls",
        tls_context=server.context,
        timeout=timeout,
    )
    try:
        async with asyncio.timeout(timeout):
            await client.connect()
            if client.is_ehlo_or_helo_needed:
                await client.ehlo()
    except (aiosmtplib.SMTPException, OSError, TimeoutError, ValueError) as problem:
        _drop(client)
        return _refusal(problem)
    except BaseException:
        _drop(client)
        raise
    assert isinstance(client.transport, asyncio.Transport)
    return Connected(client.transport, _offer(client))


def _drop(client: aiosmtplib.SMTP) -> None:
    if isinstance(client.transport, asyncio.Transport):
        client.transport.abort()
    client.close()


def _offer(client: aiosmtplib.SMTP) -> Offer:
    words = client.esmtp_extensions
    size = words.get("size")
    return Offer(
        pipelining="pipelining" in words,
        size=None if size is None else int(size) if size.isdecimal() else 0,
        dsn="dsn" in words,
        smtputf8="smtputf8" in words,
        eight_bit="8bitmime" in words,
    )


def _refusal(problem: Exception) -> Deferred | Rejected:
    if isinstance(problem, aiosmtplib.SMTPResponseException) and problem.code >= 200:
        outcome = classify_reply("connect", reply_of(problem.code, problem.message.split("\n")))
        if isinstance(outcome, Deferred | Rejected):
            return outcome
    text = without_addresses(str(problem)) or type(problem).__name__
    if _is_ours(problem):
        return Rejected("channel", "", text)
    return Deferred("channel", "", text)


def _is_ours(problem: Exception) -> bool:
    """Whether a person has to mend something: a certificate that isn't trusted, TLS or AUTH that isn't offered."""
    causes: list[BaseException | None] = [problem, problem.__cause__, problem.__context__]
    if any(isinstance(each, ssl.SSLCertVerificationError) for each in causes):
        return True
    # aiosmtplib says "STARTTLS is not offered" and "no AUTH method in common" with its plain base class.
    return type(problem) is aiosmtplib.SMTPException or isinstance(problem, ValueError | aiosmtplib.SMTPNotSupported)
