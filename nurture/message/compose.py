"""One message for one customer: a template and a context in, a `Message` or a `Failure` out. No database, no clock."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from html import escape
from typing import Any

import jinja2
from jinja2.exceptions import SecurityError

from nurture.address import ascii_address
from nurture.campaign.model import Channel
from nurture.catalogue import say
from nurture.config import Settings

from .address import Mailbox
from .cleaning import clean_body, clean_line
from .context import Context
from .filters import RENDERING, Rendering, ValueRefused
from .flex import flex_messages, text_message, within_request
from .folder import HTML, LINE_JSON, LINE_TEXT
from .inlining import inline
from .line_link import VARIABLE, link_for_mail
from .link import Subscription, make_token, unsubscribe_mailto, unsubscribe_url
from .template import Joined, Template
from .views import Shop

LARGEST = 1_000_000
"""Characters that one part may have."""

FAULTS: dict[type[Exception], str] = {
    ZeroDivisionError: "message.by_zero",
    TypeError: "message.mixed_kinds",
    SecurityError: "message.forbidden",
    RecursionError: "message.endless",
}
"""What a template's line did, by what Python or the sandbox says of it."""

_HIDDEN = "display:none;max-height:0;overflow:hidden;mso-hide:all"


@dataclass(frozen=True)
class Message:
    """What one customer receives on one channel."""

    channel: Channel
    to: str
    """Mail address or LINE user id."""
    from_: Mailbox
    subject: str
    """One line; empty for LINE."""
    text: str
    """The mail's text, lines ended by a bare line feed; empty for LINE."""
    html: str
    """The mail's HTML with its style sheet inlined; empty when there is none."""
    line: tuple[dict[str, Any], ...]
    """LINE message objects; empty for mail."""
    headers: tuple[tuple[str, str], ...]
    """Mail headers besides the usual ones, as (name, value)."""


@dataclass(frozen=True)
class Failure:
    """Why a message can't be written for this customer."""

    file: str
    """The template file, as mistakes show it."""
    line: int
    """Line in that file; 0 when none is to blame."""
    what: str
    """A sentence in the shop's language."""
    code: str
    """The catalogue's key of that sentence."""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.what}" if self.line else f"{self.file}: {self.what}"


def compose(
    template: Template, channel: Channel, context: Context, settings: Settings, recipient: str
) -> Message | Failure:
    """The message, complete and safe to send, or the reason why there is none; a template's fault is never raised."""
    writing = _Writing(template, channel, context, settings, recipient)
    try:
        return writing.mail() if channel == "email" else writing.push()
    except ValueRefused as problem:
        return writing.failure(problem, problem.code, problem.values)
    except jinja2.UndefinedError as problem:
        return writing.failure(problem, "message.missing_value", {"found": str(problem)})
    except Exception as problem:
        # A template is a program of the shop's; whatever it does, the other customers get their mail.
        code = next((FAULTS[kind] for kind in FAULTS if isinstance(problem, kind)), "message.failed")
        return writing.failure(problem, code, {"problem": str(problem) or type(problem).__name__})


class _Writing:
    """One composition under way."""

    def __init__(
        self, template: Template, channel: Channel, context: Context, settings: Settings, recipient: str
    ) -> None:
        self.template = template
        self.channel: Channel = channel
        self.context = context
        self.settings = settings
        self.recipient = recipient
        self.file = template.file
        """The file whose rendering or checking is under way."""

    def mail(self) -> Message:
        token = self._token()
        values = self._values(token)
        try:
            ascii_address(self.recipient)
        except ValueError:
            raise ValueRefused("message.bad_address", found=self.recipient[:60]) from None
        email, shop = self.settings.email, self.settings.shop
        subject = self._one_line(self.template.subject, values, "message.part.subject")
        text = self._text(self.template.text, values, "message.part.text")
        return Message(
            channel=self.channel,
            to=self.recipient,
            from_=Mailbox(clean_line(email.from_name or shop.name), email.from_address or shop.email),
            subject=subject,
            text=text,
            html=self._html(values),
            line=(),
            headers=self._headers(token),
        )

    def push(self) -> Message:
        values = self._values(self._token())
        shown: list[dict[str, Any]] = []
        if self.template.line_text:
            shown.append(text_message(self._form(LINE_TEXT, self.template.line_text, values)))
        if self.template.line_json:
            alt = self.template.line_alt or self.template.subject
            alt_text = self._one_line(alt, values, "message.part.line_alt")
            shown += flex_messages(self._form(LINE_JSON, self.template.line_json, values), alt_text)
        if not shown:
            shown.append(text_message(clean_body(self._rendered(self.template.text, values))))
        sender = Mailbox(self.settings.shop.name, "")
        return Message(self.channel, self.recipient, sender, "", "", "", within_request(shown), ())

    def failure(self, problem: Exception, code: str, values: Mapping[str, object]) -> Failure:
        file, line = self._place(problem)
        language = self.settings.language
        words = {name: say(language, value) if name == "part" else value for name, value in values.items()}  # type: ignore[arg-type]
        return Failure(file, line, say(language, code, **words), code)

    def _token(self) -> str:
        about = self.context
        refused = Subscription(about.customer_id, self.channel, about.purpose, about.touch_id)
        token = make_token(self.settings, refused)
        if token is None:
            raise ValueRefused("message.no_secret")
        return token

    def _values(self, token: str) -> dict[str, Any]:
        url = unsubscribe_url(self.settings, token)
        links = {"unsubscribe_url": url, VARIABLE: self._line_link()}
        return {**self.context.values, **links, RENDERING: Rendering(self.settings)}

    def _line_link(self) -> str:
        """Made for templates that ask for it only, as signing costs; empty for who is on LINE already."""
        context = self.context
        if VARIABLE not in self.template.roots or self.channel != "email" or context.on_line:
            return ""
        return link_for_mail(self.settings, context.customer_id, context.at, context.touch_id)

    def _headers(self, token: str) -> tuple[tuple[str, str], ...]:
        headers = [("Reply-To", ascii_address(reply_to))] if (reply_to := self.settings.email.reply_to) else []
        if self.context.purpose == "commercial":
            headers += _opt_out_headers(self.settings, token)
        return tuple(headers)

    def _one_line(self, template: jinja2.Template, values: Mapping[str, Any], part: str) -> str:
        self.file = self.template.file
        line = clean_line(self._rendered(template, values)).strip()
        if not line:
            raise ValueRefused("message.empty", part=part)
        return line

    def _text(self, template: jinja2.Template, values: Mapping[str, Any], part: str) -> str:
        text = clean_body(self._rendered(template, values, self._joined.text))
        if not text.strip():
            raise ValueRefused("message.empty", part=part)
        return text

    def _form(self, ending: str, template: jinja2.Template, values: Mapping[str, Any]) -> str:
        self.file = next(each.shown for each in self.template.sources if each.name == self.template.name + ending)
        return clean_body(self._rendered(template, values))

    def _html(self, values: Mapping[str, Any]) -> str:
        if self.template.html is None:
            return ""
        hidden = ""
        if self.template.preheader:
            preheader = clean_line(self._rendered(self.template.preheader, values)).strip()
            hidden = f'<div style="{_HIDDEN}">{escape(preheader)}</div>' if preheader else ""
        self.file = next(each.shown for each in self.template.sources if each.name == self.template.name + HTML)
        return self._inlined(self.template.html, values, hidden)

    def _inlined(self, template: jinja2.Template, values: Mapping[str, Any], hidden: str) -> str:
        if joined := self._joined.html:
            try:
                return inline(self._pieces(joined, values), hidden)
            except Exception:
                values[RENDERING].passes = 0  # as in `_rendered`
        return inline(self._pieces(template, values), hidden, marked=False)

    @cached_property
    def _joined(self) -> Joined:
        shop, mailbox = self.context.values.get("shop"), self.context.values.get("opt_out_mailbox")
        constants = shop.constants if isinstance(shop, Shop) else ()
        if isinstance(mailbox, str):
            constants += (("opt_out_mailbox", mailbox),)
        return self.template.joined(constants)

    def _rendered(
        self, template: jinja2.Template, values: Mapping[str, Any], joined: jinja2.Template | None = None
    ) -> str:
        """What a form renders to, by its joined form where there is one."""
        if joined:
            try:
                return "".join(self._pieces(joined, values))
            except Exception:
                # The separate files fail with their own names and lines.
                values[RENDERING].passes = 0
        return "".join(self._pieces(template, values))

    def _pieces(self, template: jinja2.Template, values: Mapping[str, Any]) -> list[str]:
        pieces: list[str] = []
        size = 0
        try:
            # Not `generate`, which passes each piece through one more generator. What a form sets stays in its context.
            for piece in template.root_render_func(template.new_context(values, shared=True)):  # type: ignore[arg-type]
                size += len(piece)
                if size > LARGEST:
                    raise ValueRefused("message.too_large", size=size, limit=LARGEST)
                pieces.append(piece)
        except Exception:
            template.environment.handle_exception()
        return pieces

    def _place(self, problem: Exception) -> tuple[str, int]:
        """The innermost template line of the traceback, which Jinja has rewritten to the template's lines."""
        files = {each.shown for each in self.template.sources}
        place, trace = (self.file, 0), problem.__traceback__
        while trace:
            if trace.tb_frame.f_code.co_filename in files:
                place = (trace.tb_frame.f_code.co_filename, trace.tb_lineno)
            trace = trace.tb_next
        return place


def _opt_out_headers(settings: Settings, token: str) -> list[tuple[str, str]]:
    """List-Unsubscribe (RFC 2369), and with an https address the one-click header (RFC 8058)."""
    url, mailto = unsubscribe_url(settings, token), unsubscribe_mailto(settings, token)
    links = [f"<{each}>" for each in dict.fromkeys((url, mailto)) if each]
    headers = [("List-Unsubscribe", ", ".join(links))] if links else []
    if url.startswith("https://"):
        headers.append(("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"))
    return headers
