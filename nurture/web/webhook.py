"""`/line/webhook`: checks the signature, keeps the events in one commit, answers, and leaves the work for later.

LINE counts an answer after two seconds as a failure, sends events twice and out of order, and signs the raw bytes:
base64 of HMAC-SHA256 with the channel secret (developers.line.biz, "Verify webhook signature").
"""

import hmac
from base64 import b64encode
from collections.abc import Callable

import structlog
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from nurture.feedback import keep, read_delivery

from .body import read_body
from .office import Office

log = structlog.get_logger()
LIMIT = 1024 * 1024
SIGNATURE = "x-line-signature"


class Webhook:
    """The endpoint; `bell` is rung when there is something to do."""

    def __init__(self, office: Office, bell: Callable[[], None]) -> None:
        self._office = office
        self._bell = bell

    async def __call__(self, request: Request) -> Response:
        secret = self._office.settings.secrets.line_channel_secret.get_secret_value()
        if not secret:
            # An empty key would let everybody sign.
            return self._refuse("no_secret", 404)
        signature = request.headers.get(SIGNATURE)
        if signature is None:
            return self._refuse("no_signature", 400)
        body = await read_body(request, LIMIT)
        if not hmac.compare_digest(sign(secret, body), signature.encode("utf-8", "replace")):
            return self._refuse("signature", 401)
        return await self._keep(body)

    async def _keep(self, body: bytes) -> Response:
        now = self._office.clock.now()
        try:
            delivery = read_delivery(body, now)
        except (ValueError, RecursionError):
            return self._refuse("not_events", 400)
        bot = self._office.bot()
        if bot and delivery.destination != bot:
            log.warning("line.other_destination", events=len(delivery.arrivals))
            return PlainTextResponse("")
        if delivery.arrivals:
            try:
                new = await self._office.writer.run(lambda connection: keep(connection, delivery.arrivals, now))
            except SQLAlchemyError as problem:
                log.error("line.not_kept", problem=type(problem).__name__, events=len(delivery.arrivals))
                return PlainTextResponse("", 503)
            log.info("line.kept", events=len(delivery.arrivals), new=new)
            self._bell()
        return PlainTextResponse("")

    def _refuse(self, reason: str, status: int) -> Response:
        self._office.counters.refused.labels(reason).inc()
        return PlainTextResponse("", status)


def sign(secret: str, body: bytes) -> bytes:
    """The signature that LINE sends with a body."""
    return b64encode(hmac.digest(secret.encode(), body, "sha256"))
