"""Senders: the channels as a worker uses them. The bytes are frozen already; here they only find their connection."""

from collections.abc import Iterator
from typing import Any

from nurture.channels.envelope import Envelope
from nurture.channels.mail import MailTransport
from nurture.channels.outcome import Outcome
from nurture.channels.pipeline import Letter

from .values import Ready
from .worker import FenceOf, Settle


class MailSender:
    """One kept connection to the mail server, made when there is something to send."""

    def __init__(self, transport: MailTransport) -> None:
        self._transport = transport

    async def send_many(self, messages: Iterator[Ready], fence_of: FenceOf, settle: Settle) -> None:
        """Hands mails over in a pipeline; without a connection the first one says why, the others wait."""
        refusal = await self._transport.connect()
        if refusal is not None:
            settle(next(messages), refusal)
            return
        drawn: dict[int, Ready] = {}

        def letters() -> Iterator[Letter]:
            for ready in messages:
                letter = Letter(_envelope(ready), fence_of(ready))
                drawn[id(letter)] = ready
                yield letter

        def settled(letter: Letter, outcome: Outcome) -> None:
            settle(drawn.pop(id(letter)), outcome)

        await self._transport.send_many(letters(), settled)

    async def close(self) -> None:
        """Says goodbye to the server."""
        await self._transport.close()


class LineSender:
    """Pushes one after another; several of them share the token of one channel."""

    def __init__(self, transport: Any) -> None:
        self._transport = transport

    async def send_many(self, messages: Iterator[Ready], fence_of: FenceOf, settle: Settle) -> None:
        """Pushes each message with its retry key."""
        from nurture.channels.line import Push

        for ready in messages:
            push = Push(to=ready.claimed.address, body=ready.body, retry_key=ready.key)
            settle(ready, await self._transport.send(push, fence_of(ready)))

    async def close(self) -> None:
        """Ends the session."""
        await self._transport.close()


def _envelope(ready: Ready) -> Envelope:
    envid = ready.key.strip("<>").partition("@")[0]
    return Envelope(ready.sender, ready.claimed.address, ready.body, envid=envid, vouched=ready.vouched)
