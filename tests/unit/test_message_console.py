"""The channel that sends nothing: what would be sent lies in a folder, as a mail or as a push request."""

import asyncio
import email
import json
from datetime import UTC, datetime
from pathlib import Path

from nurture.channels.console import Console, file_name
from nurture.channels.outcome import Accepted, Deferred
from nurture.message.compose import Message, compose
from nurture.message.frozen import freeze
from tests.unit.test_message_compose import ALICE_LINE, ALICE_MAIL, KEYED, THANKS, context

SENT = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)


def composed(channel: str, to: str) -> Message:
    found = compose(THANKS, "email" if channel == "email" else "line", context(), KEYED, to)
    assert isinstance(found, Message)
    return found


def test_a_mail_is_an_eml_that_opens(tmp_path: Path) -> None:
    parcel = freeze(composed("email", ALICE_MAIL), key="touch-7@minato.example", date=SENT)
    outcome = asyncio.run(Console(tmp_path / "outbox").send(parcel))
    path = tmp_path / "outbox" / "touch-7@minato.example.eml"
    assert outcome == Accepted(reply=str(path))
    assert email.message_from_bytes(path.read_bytes())["to"] == ALICE_MAIL
    assert (parcel.sender, parcel.to) == ("news@minato.example", ALICE_MAIL)


def test_a_push_is_the_body_of_its_request(tmp_path: Path) -> None:
    parcel = freeze(composed("line", ALICE_LINE), key="7d9f1c86-0000-5000-8000-000000000001", date=SENT)
    asyncio.run(Console(tmp_path).send(parcel))
    body = json.loads((tmp_path / "7d9f1c86-0000-5000-8000-000000000001.json").read_text("utf-8"))
    assert body["to"] == ALICE_LINE
    assert body["messages"][0]["type"] == "flex"


def test_the_same_key_is_the_same_file(tmp_path: Path) -> None:
    parcel = freeze(composed("email", ALICE_MAIL), key="touch-7@minato.example", date=SENT)
    for _ in range(2):
        asyncio.run(Console(tmp_path).send(parcel))
    assert len(list(tmp_path.iterdir())) == 1


def test_a_folder_that_can_not_be_written_to_defers(tmp_path: Path) -> None:
    (tmp_path / "outbox").write_text("a file where the folder should be", "utf-8")
    parcel = freeze(composed("email", ALICE_MAIL), key="touch-7@minato.example", date=SENT)
    outcome = asyncio.run(Console(tmp_path / "outbox").send(parcel))
    assert isinstance(outcome, Deferred)
    assert outcome.scope == "channel"


def test_a_key_never_leaves_the_folder() -> None:
    assert "/" not in file_name("../../etc/passwd")
    assert file_name("a/b") != file_name("a-b")
    assert file_name("..") not in ("", ".", "..")
