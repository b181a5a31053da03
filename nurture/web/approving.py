"""`/a/<token>`: shows the owner what waits, and a button. GET changes nothing: link scanners open every address."""

from datetime import date
from functools import partial

import structlog
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from nurture.catalogue import say
from nurture.feedback.approving import HeldList, end_of, read_approval_token
from nurture.preview.moment import full_day
from nurture.preview.waiting import waiting_words
from nurture.store import approve_until

from .body import read_body
from .office import Office
from .page import Language, Page, answer, language_of

log = structlog.get_logger()
LIMIT = 16 * 1024


class Approving:
    """The endpoint."""

    def __init__(self, office: Office) -> None:
        self._office = office

    async def __call__(self, request: Request) -> Response:
        settings, now = self._office.settings, self._office.clock.now()
        language = language_of(request, settings)
        day = read_approval_token(settings, request.path_params["token"], now)
        if request.method == "POST":
            await read_body(request, LIMIT)
        if day is None or self._office.held is None:
            return self._unknown(language)
        if request.method == "POST":
            return await self._approve(day, language)
        return answer(settings, self._page(await run_in_threadpool(self._office.held, day), language))

    async def _approve(self, day: date, language: Language) -> Response:
        settings = self._office.settings
        try:
            await self._office.writer.run(partial(approve_until, instant=end_of(settings, day)))
        except SQLAlchemyError as problem:
            log.error("approval.not_written", problem=type(problem).__name__)
            busy = Page(language, say(language, "web.busy.title"), (say(language, "web.busy.what"),))
            return answer(settings, busy, 503)
        log.info("approval.given", day=day.isoformat())
        said = say(language, "approval.given.what", day=full_day(language, day))
        return answer(settings, Page(language, say(language, "approval.given.title"), (said,)))

    def _page(self, found: HeldList, language: Language) -> Page:
        zone = self._office.settings.timezone
        words = waiting_words(found, language, zone, int(self._office.clock.now().timestamp()))
        if found.approved:
            return Page(language, words.title, (say(language, "approval.already", day=full_day(language, found.day)),))
        button = say(language, "approval.button")
        return Page(language, words.title, (words.lead,), words.small, button=button, cards=words.cards)

    def _unknown(self, language: Language) -> Response:
        self._office.counters.refused.labels("token").inc()
        lines = (say(language, "approval.unknown.what"), say(language, "approval.unknown.ask"))
        return answer(self._office.settings, Page(language, say(language, "approval.unknown.title"), lines), 404)
