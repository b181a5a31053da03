"""One plain page for a phone: no script, nothing fetched from elsewhere, in the reader's language."""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from nurture.catalogue import say
from nurture.config import Settings
from nurture.preview.waiting import Card

Language = Literal["ja", "en"]
STYLE = """
*{box-sizing:border-box}
body{margin:0;background:#f6f5f2;color:#222;font:17px/1.75 -apple-system,"Hiragino Sans","Noto Sans JP",
"Noto Sans CJK JP","Yu Gothic",Meiryo,sans-serif;overflow-wrap:anywhere}
main{word-break:auto-phrase;text-wrap:pretty}
main,footer{max-width:34rem;margin:0 auto;padding:1.25rem}
main{margin-top:1rem;background:#fff;border-radius:12px}
h1{margin:.25rem 0 1rem;font-size:1.45rem;line-height:1.4}
.shop{margin:0;color:#555;font-size:.95rem}
.small,footer{color:#555;font-size:.88rem}
form{margin:1.5rem 0 .5rem}
label{display:flex;gap:.6rem;margin-bottom:1rem;align-items:flex-start}
input{width:1.35rem;height:1.35rem;margin:.2rem 0 0;flex:none}
button{width:100%;min-height:3.25rem;border:0;border-radius:8px;background:#1f5f4a;color:#fff;font:inherit;font-weight:700}
button:focus-visible,input:focus-visible{outline:3px solid #f0a500;outline-offset:2px}
.code{margin:1rem 0;padding:.75rem;border:2px solid #1f5f4a;border-radius:8px;text-align:center;
font:700 2rem/1.3 ui-monospace,Menlo,Consolas,monospace;letter-spacing:.2em}
section{margin:1rem 0;padding:.9rem 1rem;border:1px solid #ddd8cd;border-radius:8px;line-height:1.6}
h2{margin:0;font-size:1.05rem}section p{margin:.3rem 0 0;font-size:.95rem}.amount{font-weight:700;color:#1f5f4a}
address{font-style:normal}
footer p{margin:0}
@media(prefers-color-scheme:dark){body{background:#181818;color:#eee}main{background:#242424}
.shop,.small,footer{color:#bbb}.code{border-color:#7fc8ad}section{border-color:#4a4a4a}.amount{color:#7fc8ad}button{background:#2f8467}}
""".strip().replace("\n", "")
POLICY = (
    f"default-src 'none'; style-src 'sha256-{b64encode(sha256(STYLE.encode()).digest()).decode()}'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""The style is allowed by its hash; everything else is refused (W3C Content Security Policy 3)."""
_PAGES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "pages"), autoescape=True, undefined=StrictUndefined
)


@dataclass(frozen=True)
class Page:
    """What a page says, in words ready to be read."""

    language: Language
    title: str
    lines: Sequence[str]
    """A paragraph each."""
    small: Sequence[str] = ()
    """Paragraphs below the button, in small print."""
    button: str = ""
    """What the only button says; empty for none. It posts to the page's own address."""
    choice: str = ""
    """What the box above the button says; empty for none."""
    code: str = ""
    """Shown large."""
    cards: Sequence[Card] = ()
    """Things listed above the button."""


def answer(settings: Settings, page: Page, status: int = 200) -> Response:
    """The page as a response."""
    template = _PAGES.get_template("page.html.j2")
    contact = say(page.language, "web.contact")
    html = template.render(page=page, shop=settings.shop, style=Markup(STYLE), contact=contact)
    return HTMLResponse(html, status, {"Content-Language": page.language, "Vary": "Accept-Language"})


def language_of(request: Request, settings: Settings) -> Language:
    """The reader's language where it is ours (RFC 9110 section 12.5.4), else the shop's."""
    wanted = sorted(_wishes(request.headers.get("accept-language", "")), reverse=True)
    return next((language for _, _, language in wanted), settings.language)


def _wishes(header: str) -> list[tuple[float, int, Language]]:
    """Weight, place from the end, language."""
    found: list[tuple[float, int, Language]] = []
    for place, part in enumerate(header[:200].split(",")):
        tag, _, weight = part.partition(";")
        for language in ("ja", "en"):
            if tag.strip().lower().split("-")[0] == language and (value := _weight(weight)) > 0:
                found.append((value, -place, language))
    return found


def _weight(text: str) -> float:
    name, _, value = text.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
