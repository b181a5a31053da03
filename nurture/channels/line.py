"""LINE pushes leave here: frozen bytes under a retry key, so that a second try can never become a second message.

LINE's SDK takes more than half a second to import, so that `line_client` is loaded by the first push and not before.
"""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import SecretStr

from nurture.config import FILE_NAME, Settings
from nurture.mistake import Mistake, MistakesFound, Place

from .fence import Fence
from .outcome import Deferred, NotSent, Outcome, Rejected
from .server import is_loopback

if TYPE_CHECKING:
    from .line_client import LineClient

PATIENCE = 10.0
"""Seconds for a whole request."""
_RECIPIENT = re.compile(r"[UCR][0-9a-f]{32}")


@dataclass(frozen=True)
class Push:
    """One push request in its last form."""

    to: str
    """User, group or room id."""
    body: bytes
    """The request's JSON, `to` included. It goes out exactly so: under one retry key the body must not change."""
    retry_key: str
    """A UUID. Sent from the first try on; LINE remembers it for 24 hours from then."""


@dataclass(frozen=True)
class LineAccount:
    """The official account that speaks."""

    host: str
    """`https://api.line.me`; plain http for this very machine only."""
    token: SecretStr
    """Channel access token."""


def line_account(settings: Settings) -> LineAccount:
    """The account that config.yaml and the environment describe. Raises MistakesFound for what can't be used."""
    host, token = settings.line.host.rstrip("/"), settings.secrets.line_access_token
    parts = urlsplit(host)
    mistakes = []
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname or "")):
        mistakes.append(Mistake(Place(FILE_NAME), "channels.https_needed", {"host": host}, "line.host"))
    if not token.get_secret_value():
        mistakes.append(Mistake(Place(FILE_NAME), "channels.no_line_token", {}, "line"))
    if mistakes:
        raise MistakesFound(mistakes)
    return LineAccount(host, token)


class LineTransport:
    """Pushes, several at once if wanted; connections are kept and shared. It retries nothing."""

    def __init__(self, account: LineAccount, timeout: float = PATIENCE) -> None:
        self._account = account
        self._timeout = timeout
        self._client: LineClient | None = None

    async def send(self, push: Push, fence: Fence) -> Outcome:
        """Hands one push over. Cancelling it leaves it in doubt, and the same key and body may be sent again."""
        if refusal := _refusal(push):
            return refusal
        permit = await fence()
        if permit is None:
            return NotSent("the fence was shut")
        return await self._connected().push(push.body, push.retry_key, permit)

    async def reply(self, token: str, text: str) -> Outcome:
        """Answers in the chat, free of the quota. A reply token is good once and for about a minute: never retried."""
        return await self._connected().reply(token, text)

    async def bot(self) -> str | Deferred | Rejected:
        """The user id under which LINE's webhook names this account."""
        return await self._connected().bot()

    async def quota(self) -> int | Deferred | Rejected | None:
        """How many people this account may push to in this calendar month; None = without limit."""
        return await self._connected().quota()

    async def consumption(self) -> int | Deferred | Rejected:
        """How many it has reached in this month, roughly, those from the manager's own pages included."""
        return await self._connected().consumption()

    async def close(self) -> None:
        """Closes the connections; the next call opens new ones."""
        client, self._client = self._client, None
        if client:
            await client.close()

    def _connected(self) -> "LineClient":
        if self._client is None:
            from .line_client import LineClient

            self._client = LineClient(self._account.host, self._account.token, self._timeout)
        return self._client


def _refusal(push: Push) -> Rejected | None:
    """Why this push can't be sent whatever LINE says; no network is needed to know that."""
    if not _RECIPIENT.fullmatch(push.to):
        return Rejected("address", "", "the recipient is no LINE id")
    if b'"%b"' % push.to.encode() not in push.body:
        return Rejected("message", "", "the body is not addressed to the recipient")
    try:
        UUID(push.retry_key)
    except ValueError:
        return Rejected("message", "", "the retry key is no UUID")
    return None
