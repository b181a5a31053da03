"""`/u/<token>`: a page that asks, and a POST that acts, by its button or by a mail program's one click (RFC 8058).

GET changes nothing, because link scanners open every address in a mail. The token is the right to act: there is no
login, no cookie, no redirect, and no limit on how often a valid one may be used.
"""

from urllib.parse import parse_qs

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import Response

from nurture.catalogue import say
from nurture.feedback import OptedOut, opt_out, prove_by_click
from nurture.message.link import Subscription, read_token
from nurture.rules.permission import CHANNELS

from .body import read_body
from .office import Office
from .page import Language, Page, answer, language_of

log = structlog.get_logger()
LIMIT = 16 * 1024
"""Bytes of a form with one field."""
ONE_CLICK = b"One-Click"


class Unsubscribing:
    """The endpoint."""

    def __init__(self, office: Office) -> None:
        self._office = office

    async def __call__(self, request: Request) -> Response:
        language = language_of(request, self._office.settings)
        subscription = read_token(self._office.settings, request.path_params["token"])
        if request.method == "POST":
            body = await read_body(request, LIMIT)
            return await self._act(subscription, body, language)
        if subscription is None:
            return self._unknown(language)
        return answer(self._office.settings, self._question(subscription, language))

    async def _act(self, subscription: Subscription | None, body: bytes, language: Language) -> Response:
        if subscription is None:
            return self._unknown(language)
        one_click = ONE_CLICK in body
        channel = None if self._everything(body) and subscription.purpose == "commercial" else subscription.channel
        source = "one-click" if one_click else "link"
        evidence = "POST of List-Unsubscribe=One-Click (RFC 8058)" if one_click else "button of the opt-out page"
        now = self._office.clock.now()

        def work(connection: Connection) -> OptedOut | None:
            prove_by_click(connection, subscription.touch_id, now)
            return opt_out(connection, subscription.customer_id, channel, subscription.purpose, source, evidence, now)

        try:
            done = await self._office.writer.run(work)
        except SQLAlchemyError as problem:
            log.error("optout.not_written", problem=type(problem).__name__, customer=subscription.customer_id)
            return answer(self._office.settings, _page(language, "web.busy.title", "web.busy.what"), 503)
        if done is None:
            return self._unknown(language)
        if done.new:
            self._office.counters.opt_outs.labels(source).inc()
        log.info("optout.taken", customer=done.customer_id, source=source, new=done.new, stopped=done.stopped)
        return answer(self._office.settings, self._confirmation(subscription, channel, language))

    def _unknown(self, language: Language) -> Response:
        self._office.counters.refused.labels("token").inc()
        page = _page(language, "web.unknown.title", "web.unknown.what", "web.unknown.ask")
        return answer(self._office.settings, page, 404)

    def _question(self, subscription: Subscription, language: Language) -> Page:
        settings = self._office.settings
        by = say(language, f"web.by.{subscription.channel}")
        what = say(language, f"web.stop.what.{subscription.purpose}", shop=settings.shop.name, channel=by)
        others = [each for each in self._others(subscription) if each]
        return Page(
            language,
            say(language, "web.stop.title"),
            (what, say(language, "web.stop.ask")),
            (say(language, "web.stop.keep"),),
            button=say(language, "web.stop.button"),
            choice=say(language, "web.stop.everything", channels=_listed(language, others)) if others else "",
        )

    def _others(self, subscription: Subscription) -> list[str]:
        """The shop's other channels, which one box refuses as well."""
        settings = self._office.settings
        used = {"line": settings.line.enabled, "email": bool(settings.email.from_address)}
        commercial = subscription.purpose == "commercial"
        return [each for each in CHANNELS if commercial and each != subscription.channel and used.get(each, False)]

    def _confirmation(self, subscription: Subscription, channel: str | None, language: Language) -> Page:
        shop, purpose = self._office.settings.shop.name, subscription.purpose
        channels = [subscription.channel, *(self._others(subscription) if channel is None else ())]
        by = _listed(language, channels)
        still = [say(language, "web.stopped.still")] if purpose == "commercial" else []
        return Page(
            language,
            say(language, "web.stopped.title"),
            (say(language, f"web.stopped.what.{purpose}", shop=shop, channel=by),),
            (*still, say(language, "web.stopped.way")),
        )

    @staticmethod
    def _everything(body: bytes) -> bool:
        """Whether the box was ticked; what can't be read as a form ticks nothing, and still opts out."""
        return parse_qs(body.decode("ascii", "replace")).get("everything") == ["yes"]


def _listed(language: Language, channels: list[str]) -> str:
    return say(language, "web.and").join(say(language, f"web.by.{each}") for each in channels)


def _page(language: Language, title: str, *lines: str) -> Page:
    return Page(language, say(language, title), tuple(say(language, each) for each in lines))
