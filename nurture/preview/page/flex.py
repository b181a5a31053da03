"""Flex messages as nested boxes with style sheets: what LINE would draw, as near as a page comes to it.

Sizes, margins and colours are those of the Messaging API reference ("Flex Message layout"). A value that is none of
those the reference names is left out, so that nothing a template writes can reach a style sheet unread.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Shape = Mapping[str, Any]

TEXT_SIZES = {
    "xxs": 11,
    "xs": 13,
    "sm": 14,
    "md": 16,
    "lg": 19,
    "xl": 22,
    "xxl": 29,
    "3xl": 35,
    "4xl": 48,
    "5xl": 74,
}
GAPS = {"none": 0, "xs": 2, "sm": 4, "md": 8, "lg": 12, "xl": 16, "xxl": 20}
BORDERS = {"none": 0.0, "light": 0.5, "normal": 1.0, "semi-bold": 2.0, "medium": 3.0, "bold": 4.0}
IMAGE_WIDTHS = {
    "xxs": 40,
    "xs": 60,
    "sm": 80,
    "md": 100,
    "lg": 120,
    "xl": 140,
    "xxl": 160,
    "3xl": 180,
    "4xl": 200,
    "5xl": 220,
}
BUBBLE_WIDTHS = {"nano": 120, "micro": 160, "deca": 220, "hecto": 241, "kilo": 260, "mega": 300, "giga": 386}
SECTIONS = {"header": 20, "hero": 0, "body": 20, "footer": 10}
"""The parts of a bubble with their padding."""
ALIGNED = {"start": "left", "center": "center", "end": "right"}
PLACED = {
    "flex-start": "flex-start",
    "center": "center",
    "flex-end": "flex-end",
    "space-between": "space-between",
    "space-around": "space-around",
    "space-evenly": "space-evenly",
}
BUTTONS = {
    "primary": ("#06c755", "#ffffff"),
    "secondary": ("#dcdfe5", "#111111"),
    "link": ("transparent", "#42659a"),
}
"""Background and writing of a button by its style."""

_COLOR = re.compile(r"#(?:[0-9a-fA-F]{6}|[0-9a-fA-F]{8})")
_LENGTH = re.compile(r"\d{1,4}(?:\.\d{1,2})?(?:px|%)")
_RATIO = re.compile(r"(\d{1,4}):(\d{1,4})")


@dataclass(frozen=True)
class Piece:
    """One box of the drawing."""

    kind: str
    """box | text | button | image | separator | filler."""
    style: str
    """A style sheet made of checked values only."""
    text: str = ""
    """Writing, a button's label or an image's address; not escaped yet."""
    pieces: tuple["Piece", ...] = ()


@dataclass(frozen=True)
class Bubble:
    """One card."""

    width: int
    """In pixels."""
    pieces: tuple[Piece, ...]


def draw(container: Shape) -> tuple[Bubble, ...]:
    """The cards of a bubble or carousel that `nurture.message` has checked."""
    bubbles = container.get("contents", ()) if container.get("type") == "carousel" else (container,)
    return tuple(_bubble(each) for each in bubbles)


def _bubble(bubble: Shape) -> Bubble:
    styles: Shape = bubble.get("styles") or {}
    found = []
    for name, padding in SECTIONS.items():
        if section := bubble.get(name):
            look: Shape = styles.get(name) or {}
            if look.get("separator"):
                found.append(Piece("separator", _css(background=_color(look.get("separatorColor")) or "#d4d6da")))
            inner = _component(section, "vertical", first=True)
            around = _css(background=_color(look.get("backgroundColor")), padding=f"{padding}px")
            found.append(Piece("box", around if not _padded(section) else _css(padding="0"), pieces=(inner,)))
    return Bubble(BUBBLE_WIDTHS.get(str(bubble.get("size")), BUBBLE_WIDTHS["mega"]), tuple(found))


def _padded(section: Shape) -> bool:
    return any(name.startswith("padding") for name in section)


def _component(found: Shape, layout: str, *, first: bool, spacing: str | None = None) -> Piece:
    kind = str(found.get("type"))
    outer = _outer(found, layout, None if first else spacing)
    if kind == "box":
        return _box(found, outer)
    if kind in ("text", "span"):
        return _text(found, outer)
    if kind == "button":
        return _button(found, outer)
    if kind in ("image", "icon", "video"):
        return _image(found, outer)
    if kind == "separator":
        line = _color(found.get("color")) or "#d4d6da"
        return Piece("separator", _joined(outer, _css(background=line)))
    return Piece("filler", "flex:1 1 0")


def _outer(found: Shape, layout: str, spacing: str | None) -> str:
    """What depends on the box around: its share of the room and the gap before it."""
    side = "margin-top" if layout == "vertical" else "margin-left"
    gap = _gap(found.get("margin")) or _gap(spacing)
    share = found.get("flex")
    if share is None:
        share = 0 if layout == "vertical" or found.get("type") in ("separator", "icon") else 1
    grow = int(share) if isinstance(share, int) and 0 <= share <= 100 else 0
    css = {side: gap, "flex": f"{grow} 1 0" if grow and layout != "vertical" else "0 0 auto", "min-width": "0"}
    return _css(**css)


def _box(found: Shape, outer: str) -> Piece:
    layout = str(found.get("layout"))
    contents: Sequence[Shape] = [each for each in found.get("contents") or () if isinstance(each, dict)]
    pieces = tuple(
        _component(each, layout, first=not number, spacing=found.get("spacing")) for number, each in enumerate(contents)
    )
    direction = "column" if layout == "vertical" else "row"
    css = {
        "flex-direction": direction,
        "align-items": PLACED.get(str(found.get("alignItems"))) or ("baseline" if layout == "baseline" else None),
        "justify-content": PLACED.get(str(found.get("justifyContent"))),
        "background": _color(found.get("backgroundColor")),
        "border-radius": _gap(found.get("cornerRadius")),
        "width": _length(found.get("width")),
        "height": _length(found.get("height")),
        **_padding(found),
        **_border(found),
    }
    return Piece("box", _joined(outer, _css(**css)), pieces=pieces)


def _padding(found: Shape) -> dict[str, str | None]:
    sides = {"paddingTop": "top", "paddingBottom": "bottom", "paddingStart": "left", "paddingEnd": "right"}
    around = _gap(found.get("paddingAll"))
    return {"padding": around, **{f"padding-{side}": _gap(found.get(name)) for name, side in sides.items()}}


def _border(found: Shape) -> dict[str, str | None]:
    width = found.get("borderWidth")
    shown = f"{BORDERS[str(width)]}px" if str(width) in BORDERS else _length(width)
    color = _color(found.get("borderColor"))
    return {"border": f"{shown} solid {color or '#d4d6da'}" if shown else None}


def _text(found: Shape, outer: str) -> Piece:
    spans = [each for each in found.get("contents") or () if isinstance(each, dict)]
    css = _joined(outer, _writing(found))
    pieces = tuple(Piece("text", _writing(each, inherited=True), str(each.get("text") or "")) for each in spans)
    return Piece("text", css, "" if pieces else str(found.get("text") or ""), pieces)


def _writing(found: Shape, *, inherited: bool = False) -> str:
    size, weight = found.get("size"), found.get("weight")
    pixels = f"{TEXT_SIZES[str(size)]}px" if str(size) in TEXT_SIZES else _length(size)
    decoration = {"underline": "underline", "line-through": "line-through"}.get(str(found.get("decoration")))
    css: dict[str, str | None] = {
        "font-size": pixels or (None if inherited else "16px"),
        "font-weight": "700" if weight == "bold" else None,
        "font-style": "italic" if found.get("style") == "italic" else None,
        "color": _color(found.get("color")) or (None if inherited else "#111111"),
        "text-align": ALIGNED.get(str(found.get("align"))),
        "text-decoration": decoration,
    }
    if not inherited and not found.get("wrap"):
        css |= {"white-space": "nowrap", "overflow": "hidden", "text-overflow": "ellipsis"}
    return _css(**css)


def _button(found: Shape, outer: str) -> Piece:
    background, writing = BUTTONS.get(str(found.get("style")), BUTTONS["link"])
    color = _color(found.get("color"))
    if color and found.get("style") in ("primary", "secondary"):
        background = color
    elif color:
        writing = color
    action: Shape = found.get("action") or {}
    height = "40px" if found.get("height") == "sm" else "52px"
    css = _css(background=background, color=writing, height=height)
    return Piece("button", _joined(outer, css), str(action.get("label") or action.get("uri") or ""))


def _image(found: Shape, outer: str) -> Piece:
    size = str(found.get("size") or "md")
    ratio = _RATIO.fullmatch(str(found.get("aspectRatio") or "1:1"))
    if found.get("type") == "icon":
        return Piece("image", _joined(outer, _css(width="16px", height="16px")), str(found.get("url") or ""))
    pixels = f"{IMAGE_WIDTHS[size]}px" if size in IMAGE_WIDTHS else _length(size)
    width = "100%" if size == "full" or found.get("type") == "video" else pixels or "100px"
    shape = f"{ratio[1]} / {ratio[2]}" if ratio and int(ratio[2]) else "1 / 1"
    css = {"width": width, "aspect-ratio": shape, "background": _color(found.get("backgroundColor"))}
    return Piece("image", _joined(outer, _css(**css, align_self="center")), str(found.get("url") or ""))


def _gap(found: Any) -> str | None:
    return f"{GAPS[found]}px" if isinstance(found, str) and found in GAPS else _length(found)


def _length(found: Any) -> str | None:
    return found if isinstance(found, str) and _LENGTH.fullmatch(found) else None


def _color(found: Any) -> str | None:
    return found if isinstance(found, str) and _COLOR.fullmatch(found) else None


def _css(**properties: str | None) -> str:
    return ";".join(f"{name.replace('_', '-')}:{value}" for name, value in properties.items() if value is not None)


def _joined(*parts: str) -> str:
    return ";".join(filter(None, parts))
