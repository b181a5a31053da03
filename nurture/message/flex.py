"""LINE message objects: texts and Flex messages within the Messaging API's limits. Nothing is sent here.

Limits from the Messaging API reference: text 5,000 and alt text 1,500 UTF-16 units, five message objects in a request,
12 bubbles in a carousel, 30 kB a bubble and 50 kB a carousel.
"""

import json
import unicodedata
from collections.abc import Mapping
from typing import Any

from .filters import ValueRefused

LONGEST_TEXT = 5_000
LONGEST_ALT = 1_500
MOST_MESSAGES = 5
MOST_BUBBLES = 12
LARGEST_BUBBLE = 30_000
LARGEST_CAROUSEL = 50_000
SECTIONS = {"header": ("box",), "hero": ("box", "image", "video"), "body": ("box",), "footer": ("box",)}
COMPONENTS = ("box", "button", "image", "video", "icon", "text", "span", "separator", "filler")
LINKS = ("https://", "http://", "tel:", "mailto:", "line:")
"""How the `uri` of an action may begin."""

Shape = Mapping[str, Any]


def utf16_units(text: str) -> int:
    """Length as LINE counts it: 𠮷 and 🍎 are two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def text_message(text: str) -> dict[str, Any]:
    """A text object. Plain `text`, as `textV2` would read a brace in a name as the start of a placeholder."""
    return {"type": "text", "text": _fitting(text, LONGEST_TEXT, "message.part.line_text")}


def flex_messages(rendered: str, alt: str) -> list[dict[str, Any]]:
    """The Flex objects in a text of JSON: one bubble or carousel, or a list of them. Raises ValueRefused."""
    try:
        found = json.loads(rendered)
    except (ValueError, RecursionError) as problem:
        raise ValueRefused("message.not_json", problem=str(problem) or "nested too deeply") from None
    alt = _fitting(alt, LONGEST_ALT, "message.part.line_alt")
    containers = found if isinstance(found, list) else [found]
    for index, container in enumerate(containers):
        _check_container(container, f"[{index}]" if isinstance(found, list) else "$")
    return [{"type": "flex", "altText": alt, "contents": each} for each in containers]


def within_request(messages: list[dict[str, Any]]) -> tuple[dict[str, Any], ...]:
    """The objects of one push. Raises ValueRefused when there are too many."""
    if len(messages) > MOST_MESSAGES:
        raise ValueRefused("message.line_too_many", size=len(messages), limit=MOST_MESSAGES)
    return tuple(messages)


def _fitting(text: str, limit: int, part: str) -> str:
    text = unicodedata.normalize("NFC", text).strip("\n")
    if not text.strip():
        raise ValueRefused("message.empty", part=part)
    if (size := utf16_units(text)) > limit:
        raise ValueRefused("message.line_too_long", part=part, size=size, limit=limit)
    return text


def _check_container(found: Any, path: str) -> None:
    kind = found.get("type") if isinstance(found, dict) else None
    if kind == "bubble":
        return _check_bubble(found, path)
    _expect(kind == "carousel", f"{path}.type", "bubble, carousel")
    bubbles = found.get("contents")
    _expect(isinstance(bubbles, list) and 1 <= len(bubbles) <= MOST_BUBBLES, f"{path}.contents", f"1-{MOST_BUBBLES}")
    for index, bubble in enumerate(bubbles):
        _expect(isinstance(bubble, dict) and bubble.get("type") == "bubble", f"{path}.contents[{index}].type", "bubble")
        _check_bubble(bubble, f"{path}.contents[{index}]")
    _expect(_size(found) <= LARGEST_CAROUSEL, path, f"<= {LARGEST_CAROUSEL} bytes")
    return None


def _check_bubble(bubble: Shape, path: str) -> None:
    held = [name for name in SECTIONS if name in bubble]
    _expect(bool(held), path, " / ".join(SECTIONS))
    for name in held:
        _check_component(bubble[name], f"{path}.{name}", SECTIONS[name])
    _expect(_size(bubble) <= LARGEST_BUBBLE, path, f"<= {LARGEST_BUBBLE} bytes")


def _check_component(found: Any, path: str, allowed: tuple[str, ...]) -> None:
    _expect(isinstance(found, dict) and found.get("type") in allowed, f"{path}.type", ", ".join(allowed))
    kind = found["type"]
    if kind == "box":
        _expect(isinstance(found.get("contents"), list), f"{path}.contents", "[…]")
    for index, inner in enumerate(found.get("contents") or ()):
        _check_component(inner, f"{path}.contents[{index}]", COMPONENTS)
    if kind in ("text", "span"):
        _expect(bool(found.get("text")) or bool(found.get("contents")), f"{path}.text", "text")
    if kind in ("image", "icon", "video"):
        _expect(str(found.get("url", "")).startswith("https://"), f"{path}.url", "https://…")
    if kind == "button":
        _expect(isinstance(found.get("action"), dict), f"{path}.action", "{…}")
    _check_action(found.get("action"), f"{path}.action")


def _check_action(action: Any, path: str) -> None:
    if isinstance(action, dict) and action.get("type") == "uri":
        _expect(str(action.get("uri", "")).startswith(LINKS), f"{path}.uri", ", ".join(LINKS))


def _size(found: Any) -> int:
    return len(json.dumps(found, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass"))


def _expect(holds: bool, path: str, expected: str) -> None:
    if not holds:
        raise ValueRefused("message.not_flex", path=path, expected=expected)
