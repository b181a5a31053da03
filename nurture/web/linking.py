"""`/l/<token>`: explains what linking a LINE account means, and after a press of its button shows a code."""

import secrets
from functools import partial

import structlog
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import Response

from nurture.catalogue import say
from nurture.feedback import prove_by_click
from nurture.feedback.linking import ALPHABET, CODE_LIVES, LENGTH, issue_code
from nurture.message.line_link import read_link_token, touch_of

from .body import read_body
from .office import Office
from .page import Language, Page, answer, language_of

log = structlog.get_logger()
LIMIT = 16 * 1024
DRAWS = 5
"""Codes tried before giving up; two people in 482 million draw the same one."""


class Linking:
    """The endpoint."""

    def __init__(self, office: Office) -> None:
        self._office = office

    async def __call__(self, request: Request) -> Response:
        settings, now = self._office.settings, self._office.clock.now()
        language = language_of(request, settings)
        customer = read_link_token(settings, request.path_params["token"], now)
        if request.method == "POST":
            await read_body(request, LIMIT)
        if customer is None or not settings.line.enabled:
            return self._unknown(language)
        if request.method != "POST":
            return answer(settings, self._question(language))
        try:
            code = await self._code(customer, touch_of(settings, request.path_params["token"]))
        except SQLAlchemyError as problem:
            log.error("link.not_written", problem=type(problem).__name__, customer=customer)
            busy = Page(language, say(language, "web.busy.title"), (say(language, "web.busy.what"),))
            return answer(settings, busy, 503)
        return self._unknown(language) if code is None else answer(settings, self._shown(code, language))

    async def _code(self, customer: int, touch: int | None) -> str | None:
        now = self._office.clock.now()
        if touch is not None:
            await self._office.writer.run(lambda connection: prove_by_click(connection, touch, now))
        for _ in range(DRAWS):
            drawn = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
            work = partial(issue_code, customer_id=customer, drawn=drawn, now=now)
            code = await self._office.writer.run(work)
            if code is not None:
                return code
        return None

    def _question(self, language: Language) -> Page:
        shop = self._office.settings.shop.name
        lines = (say(language, "web.link.agree", shop=shop), say(language, "web.link.undo"))
        return Page(language, say(language, "web.link.title"), lines, button=say(language, "web.link.button"))

    def _shown(self, code: str, language: Language) -> Page:
        shop = self._office.settings.shop.name
        lines = (say(language, "web.link.code.first", shop=shop), say(language, "web.link.code.second"))
        until = say(language, "web.link.code.until", days=CODE_LIVES.days)
        undo = say(language, "web.link.undo")
        return Page(language, say(language, "web.link.code.title"), lines, (until, undo), code=code)

    def _unknown(self, language: Language) -> Response:
        self._office.counters.refused.labels("token").inc()
        page = Page(language, say(language, "web.unknown.title"), (say(language, "web.link.unknown"),))
        return answer(self._office.settings, page, 404)
