"""What LINE's platform sends to a webhook, as its API description has it."""

import json
import os
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.feedback.people import ALICES_LINE

BOT = f"U{0xB07:032x}"
TOOLS = "NURTURE_TEST_TOOLS"
"""Names a folder with LINE's API description (github.com/line/line-openapi, made strict) in `line-openapi`."""
_ids = count(1)


def event(kind: str, at: datetime, user: str = ALICES_LINE, **values: Any) -> dict[str, Any]:
    """One event, new unless an id is given."""
    return {
        "type": kind,
        "mode": "active",
        "timestamp": int(at.timestamp() * 1000),
        "source": {"type": "user", "userId": user},
        "webhookEventId": f"01KAN{next(_ids):021}",
        "deliveryContext": {"isRedelivery": False},
        **values,
    }


def follow(at: datetime, user: str = ALICES_LINE, *, again: bool = False) -> dict[str, Any]:
    return event("follow", at, user, replyToken="r" * 32, follow={"isUnblocked": again})


def unfollow(at: datetime, user: str = ALICES_LINE) -> dict[str, Any]:
    return event("unfollow", at, user)


def said(text: str, at: datetime, user: str = ALICES_LINE, **values: Any) -> dict[str, Any]:
    """A text message."""
    message = {"id": values.pop("id", "468789577898262530"), "type": "text", "quoteToken": "q", "text": text}
    return event("message", at, user, replyToken="r" * 32, message=message, **values)


def unsent(at: datetime, message: str = "468789577898262530") -> dict[str, Any]:
    return event("unsend", at, unsend={"messageId": message})


def delivery(*events: dict[str, Any], destination: str = BOT, escaped: bool = True) -> bytes:
    return json.dumps({"destination": destination, "events": list(events)}, ensure_ascii=escaped).encode()


def again(sent: dict[str, Any]) -> dict[str, Any]:
    """The same event as LINE delivers it a second time."""
    return {**sent, "deliveryContext": {"isRedelivery": True}}


def check_against_description(*bodies: bytes) -> None:
    """Asks LINE's own description of its webhook; skips the test, saying so, where it is not at hand."""
    folder = os.environ.get(TOOLS)
    if not folder:
        pytest.skip(f"{TOOLS} names no folder with line-openapi/webhook.strict.yml: events were not checked against it")
    core = pytest.importorskip("openapi_core", reason="openapi-core is not installed: events were not checked")
    from openapi_core.testing import MockRequest
    from ruamel.yaml import YAML

    described = YAML(typ="safe", pure=True).load(Path(folder) / "line-openapi" / "webhook.strict.yml")
    asked = core.OpenAPI.from_dict(described)
    for body in bodies:
        asked.validate_request(
            MockRequest("https://example.com", "post", "/callback", data=body, content_type="application/json")
        )
