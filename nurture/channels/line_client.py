"""LINE's API over its own SDK, the only module that knows it; imported late, as the SDK is large.

The SDK would write a push's JSON anew from its models, dropping fields it doesn't know; under one retry key the body
must stay the same for ever, so that pushes go through the SDK's connections as the bytes they are.
"""

from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
from aiohttp.abc import AbstractStreamWriter
from linebot.v3.messaging import (
    AsyncApiClient,
    AsyncMessagingApi,
    Configuration,
    ReplyMessageRequest,
    TextMessage,
)
from linebot.v3.messaging.exceptions import ApiException
from pydantic import SecretStr, ValidationError

from .classification import Answer, classify_push
from .fence import Permit
from .outcome import Accepted, Deferred, NotSent, Outcome, Rejected, Unknown

PUSH = "/v2/bot/message/push"
LARGEST_ANSWER = 65_536
"""Bytes of an answer that are read."""


class LineClient:
    """To be made inside a running event loop."""

    def __init__(self, host: str, token: SecretStr, timeout: float) -> None:
        self._timeout = timeout
        self._url = host + PUSH
        self._client = AsyncApiClient(Configuration(host=host, access_token=token.get_secret_value()))
        self._api = AsyncMessagingApi(self._client)

    async def push(self, body: bytes, retry_key: str, permit: Permit) -> Outcome:
        """One POST; what is said when it fails depends on whether a byte of the body was written."""
        payload = _Guarded(body, permit)
        try:
            return classify_push(await self._post(payload, retry_key))
        except aiohttp.ClientConnectorCertificateError as problem:
            return Rejected("channel", "", type(problem).__name__)
        except (aiohttp.ClientError, OSError, TimeoutError) as problem:
            # A TimeoutError is one of the three families of errors here, beside aiohttp's and the SDK's own.
            if payload.refused:
                return NotSent("the leave to send had ended")
            if not payload.begun:
                return Deferred("channel", "", type(problem).__name__)
            return Unknown(type(problem).__name__, retry_same_key=True)

    async def reply(self, token: str, text: str) -> Outcome:
        """See LineTransport."""
        request = ReplyMessageRequest(reply_token=token, messages=[TextMessage(text=text)])
        try:
            found = await self._api.reply_message_with_http_info(request, _request_timeout=self._timeout)
        except ApiException as problem:
            return _refused(problem)
        except (aiohttp.ClientError, OSError, TimeoutError, ValidationError) as problem:
            return Unknown(type(problem).__name__)
        return Accepted(str(found.status_code))

    async def bot(self) -> str | Deferred | Rejected:
        """See LineTransport."""
        found = await self._asked(self._api.get_bot_info)
        return found if isinstance(found, Deferred | Rejected) else str(found.user_id)

    async def quota(self) -> int | Deferred | Rejected | None:
        """See LineTransport."""
        found = await self._asked(self._api.get_message_quota)
        return found if isinstance(found, Deferred | Rejected) else found.value

    async def consumption(self) -> int | Deferred | Rejected:
        """See LineTransport."""
        found = await self._asked(self._api.get_message_quota_consumption)
        return found if isinstance(found, Deferred | Rejected) else int(found.total_usage)

    async def close(self) -> None:
        """Closes its connections."""
        await self._client.close()

    async def _post(self, payload: "_Guarded", retry_key: str) -> Answer:
        headers = {
            **self._client.default_headers,
            "Content-Type": "application/json",
            "X-Line-Retry-Key": retry_key,
        }
        session: aiohttp.ClientSession = self._client.rest_client.pool_manager
        timeout = aiohttp.ClientTimeout(total=self._timeout)
        async with session.post(
            self._url, data=payload, headers=headers, timeout=timeout, allow_redirects=False
        ) as response:
            found = response.headers
            wait = found.get("Retry-After", "")
            return Answer(
                response.status,
                await response.content.read(LARGEST_ANSWER),
                found.get("X-Line-Accepted-Request-Id", found.get("X-Line-Request-Id", "")),
                int(wait) if wait.isdecimal() and len(wait) < 6 else None,
            )

    async def _asked(self, question: Callable[..., Awaitable[Any]]) -> Any:
        try:
            return await question(_request_timeout=self._timeout)
        except ApiException as problem:
            return _refused(problem)
        except (aiohttp.ClientError, OSError, TimeoutError, ValidationError) as problem:
            return Deferred("channel", "", type(problem).__name__)


def _refused(problem: ApiException) -> Deferred | Rejected:
    """What an answer to anything but a push means; its words may hold what we sent, and are not kept."""
    status = int(problem.status or 0)
    if status in (401, 403):
        return Rejected("channel", str(status), "")
    return Rejected("message", str(status), "") if status == 400 else Deferred("channel", str(status), "")


class _Guarded(aiohttp.BytesPayload):
    """A body that asks for leave once more when its first byte is due: connecting may have taken seconds."""

    def __init__(self, body: bytes, permit: Permit) -> None:
        super().__init__(body, content_type="application/json")
        self._permit = permit
        self.begun = False
        """Whether anything of it may have been written."""
        self.refused = False

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        """Called by aiohttp when the connection stands."""
        if not self._permit.check():
            self.refused = True
            raise aiohttp.ClientError("the leave to send had ended")
        self.begun = True
        await super().write_with_length(writer, content_length)
