"""What servers answer, and what it means: one line for each answer met or documented."""

import json

import pytest

from nurture.channels.classification import Answer, Phase, classify_push, classify_reply
from nurture.channels.outcome import Accepted, Deferred, NotSent, Outcome, Rejected, Unknown
from nurture.channels.reply import Garbage, Reply, ReplyReader, without_addresses


def read(text: str) -> Reply:
    (found,) = ReplyReader().feed(text.replace("\n", "\r\n").encode() + b"\r\n")
    return found


def brief(outcome: Outcome) -> str:
    """`rejected address`, `deferred message, 3 strikes`."""
    words = type(outcome).__name__.lower()
    if isinstance(outcome, Deferred | Rejected):
        words += f" {outcome.scope}" + (f", {outcome.strikes} strikes" if outcome.strikes else "")
    return words


ANSWERS: tuple[tuple[Phase, str, str], ...] = (
    # Nobody of that name
    ("recipient", "550 5.1.1 <bob@customer.test>: Recipient address rejected: User unknown", "rejected address"),
    ("recipient", "550-5.1.1 The email account that you tried to reach does\n550 5.1.1 not exist.", "rejected address"),
    ("recipient", "550 5.1.0 Address rejected.", "rejected address"),
    ("recipient", "550 #5.1.0 Address rejected.", "rejected address"),
    ("recipient", "550 5.1.2 bad destination", "rejected address"),
    ("recipient", "550 5.1.3 bad syntax", "rejected address"),
    ("recipient", "551 5.1.6 moved", "rejected address"),
    ("recipient", "556 5.1.10 null MX", "rejected address"),
    ("recipient", "550 5.2.1 The email account is disabled", "rejected address"),
    ("payload", "550 5.1.1 User unknown", "rejected address"),
    ("recipient", "521 does not accept mail", "rejected address"),
    ("recipient", "550 5.4.1 Recipient address rejected: Access denied", "rejected address"),
    ("recipient", "501 5.1.3 Bad recipient address syntax", "rejected address"),
    ("recipient", "501 5.5.4 Invalid address", "rejected address"),
    ("recipient", "553 sorry, that domain isn't in my list", "rejected address"),
    ("recipient", "550 No such user here", "rejected address"),
    ("recipient", "550 Unknown user bob@customer.test", "rejected address"),
    ("recipient", "550 Invalid recipient", "rejected address"),
    ("recipient", "550 5.0.0 mailbox not found", "rejected address"),
    ("recipient", "554 delivery error: dd This user doesn't exist", "rejected address"),
    ("recipient", "550 宛先不明", "rejected address"),
    ("recipient", "551 not ours", "rejected address"),
    # Perhaps nobody
    ("recipient", "550 Requested action not taken: mailbox unavailable", "rejected message, 3 strikes"),
    ("recipient", "550 no", "rejected message, 3 strikes"),
    ("recipient", "550 5.2.0 mailbox trouble", "rejected message, 3 strikes"),
    ("recipient", "550 5.4.4 no route to host", "rejected message, 2 strikes"),
    ("recipient", "550 5.1.2 Host or domain name not found", "rejected message, 2 strikes"),
    # Full
    ("recipient", "452 4.2.2 The mailbox is full", "deferred message, 3 strikes"),
    ("recipient", "552 5.2.2 over quota", "deferred message, 3 strikes"),
    ("recipient", "552 mailbox full", "deferred message, 3 strikes"),
    ("recipient", "550 user over quota", "deferred message, 3 strikes"),
    ("payload", "552 5.2.2 mailbox full", "deferred message, 3 strikes"),
    # Later
    ("recipient", "450 4.2.0 <bob@customer.test>: Greylisted for 300 seconds", "deferred message"),
    ("recipient", "451 4.7.1 Greylisting in action, please come back later", "deferred message"),
    ("recipient", "450 4.1.2 Domain not found", "deferred message"),
    ("recipient", "451 4.4.1 no answer", "deferred message"),
    ("payload", "450 try again", "deferred message"),
    # Later, and more slowly
    ("recipient", "421 4.7.0 Try again later", "deferred domain"),
    ("recipient", "451 4.7.1 temporary policy", "deferred domain"),
    ("payload", "421-4.7.28 unusual rate of mail\n421 4.7.28 see our page", "deferred domain"),
    ("recipient", "450 4.2.1 receiving mail at a rate that", "deferred domain"),
    ("recipient", "451 too many messages", "deferred domain"),
    ("payload", "421 too busy", "deferred domain"),
    # The server itself
    ("connect", "421 4.3.2 shutting down", "deferred channel"),
    ("connect", "454 4.7.0 TLS not available", "deferred channel"),
    ("mail", "421 bye", "deferred channel"),
    ("mail", "452 4.3.1 insufficient storage", "deferred channel"),
    ("payload", "451 4.3.0 queue file write error", "deferred channel"),
    ("recipient", "452 insufficient storage", "deferred channel"),
    ("recipient", "454 4.7.0 temporary authentication failure", "deferred channel"),
    # Our configuration
    ("connect", "535 5.7.8 authentication failed", "rejected channel"),
    ("connect", "554 5.7.1 blocked using a list", "rejected channel"),
    ("mail", "530 5.7.0 Must issue a STARTTLS command first", "rejected channel"),
    ("mail", "530 Authentication required", "rejected channel"),
    ("recipient", "554 5.7.1 <bob@customer.test>: Relay access denied", "rejected channel"),
    ("recipient", "550 5.7.54 unable to relay recipient in non-accepted domain", "rejected channel"),
    ("recipient", "550 relaying denied", "rejected channel"),
    ("mail", "501 5.5.4 bad parameter", "rejected channel"),
    ("mail", "555 5.5.4 unsupported option", "rejected channel"),
    ("data", "503 5.5.1 bad sequence", "rejected channel"),
    ("recipient", "500 what?", "rejected channel"),
    # Our right to send
    ("mail", "553 5.7.1 Sender address rejected: not owned by user", "rejected account"),
    ("mail", "550 5.1.8 bad sender domain", "rejected account"),
    ("mail", "550 no", "rejected account"),
    ("recipient", "550 5.1.8 sender's domain is not verified", "rejected account"),
    ("recipient", "550 5.1.0 sender rejected", "rejected account"),
    # They don't trust us
    ("recipient", "550 5.7.1 rejected by policy", "rejected domain"),
    ("payload", "550-5.7.26 This mail is unauthenticated\n550 5.7.26 SPF and DKIM failed", "rejected domain"),
    ("payload", "550 5.7.515 Access denied, sending domain does not meet the level", "rejected domain"),
    ("payload", "554 Message blocked as spam", "rejected domain"),
    ("recipient", "550 your IP is on a blocklist", "rejected domain"),
    ("recipient", "554 5.7.1 service unavailable; client host blocked using a list", "rejected domain"),
    # The message
    ("mail", "552 5.3.4 message size exceeds fixed limit", "rejected message"),
    ("mail", "552 too large", "rejected message"),
    ("payload", "552 5.3.4 too big", "rejected message"),
    ("payload", "554 5.6.0 malformed", "rejected message"),
    ("payload", "550 5.2.3 longer than the mailbox allows", "rejected message"),
    ("payload", "554 transaction failed", "rejected message"),
    # Not a refusal
    ("payload", "250 2.0.0 Ok: queued as 4711", "accepted"),
    ("payload", "252 will try", "accepted"),
    ("payload", "299 whatever", "accepted"),
    ("payload", "354 go ahead", "unknown"),
    ("data", "250 2.0.0 Ok", "notsent"),
    ("mail", "354 go ahead", "notsent"),
)


@pytest.mark.parametrize(("phase", "text", "meaning"), ANSWERS)
def test_an_answer(phase: Phase, text: str, meaning: str) -> None:
    assert brief(classify_reply(phase, read(text))) == meaning


@pytest.mark.parametrize("phase", ["connect", "mail", "recipient", "data", "payload"])
def test_every_code_means_something_and_only_a_yes_behind_the_dot_is_acceptance(phase: Phase) -> None:
    for code in range(200, 600):
        outcome = classify_reply(phase, Reply(code, "", ""))
        assert isinstance(outcome, Accepted) is (phase == "payload" and code < 300)
        assert isinstance(outcome, Unknown) is (phase == "payload" and 300 <= code < 400)
        if code >= 500:
            assert isinstance(outcome, Rejected | Deferred)
        elif code >= 400:
            assert isinstance(outcome, Deferred)
        elif phase != "payload":
            assert isinstance(outcome, NotSent)


def test_a_reply_is_told_without_addresses() -> None:
    outcome = classify_reply("recipient", read("550 5.1.1 <bob@customer.test>: no, not bob@customer.test\x1b[31m"))
    assert isinstance(outcome, Rejected)
    assert outcome.reply == "<…@…>: no, not …@… [31m"
    assert len(without_addresses("x" * 5_000)) == 200


@pytest.mark.parametrize("cut", [1, 2, 3, 7])
def test_replies_may_come_in_any_pieces(cut: int) -> None:
    data = b"250-2.1.0 one\r\n250 2.1.0 two\r\n550 5.1.1 three\n354\r\n"
    reader = ReplyReader()
    found = [each for start in range(0, len(data), cut) for each in reader.feed(data[start : start + cut])]
    assert found == [Reply(250, "2.1.0", "one two"), Reply(550, "5.1.1", "three"), Reply(354, "", "")]


@pytest.mark.parametrize(
    "line", [b"\r\n", b"25\r\n", b"2500 ok\r\n", b"150 ok\r\n", b"600 ok\r\n", b"250ok\r\n", b"HTTP/1.1\n"]
)
def test_what_is_no_reply_is_garbage(line: bytes) -> None:
    with pytest.raises(Garbage):
        list(ReplyReader().feed(line))


def answer(status: int, message: str = "", *properties: str, body: bytes | None = None) -> Answer:
    details = [{"message": "May not be empty", "property": each} for each in properties]
    text = json.dumps({"message": message, "details": details}).encode()
    return Answer(status, text if body is None else body, "request-1")


LINE_ANSWERS: tuple[tuple[Answer, Outcome], ...] = (
    (answer(200, body=b'{"sentMessages": [{"id": "461230966842064897"}]}'), Accepted("200", "request-1")),
    (answer(200, body=b"{}"), Accepted("200", "request-1")),
    (answer(409, "The retry key is already accepted"), Accepted("409", "request-1")),
    (answer(200, body=b"<html>"), Unknown("200 without JSON", retry_same_key=True)),
    (answer(200, body=b""), Unknown("200 without JSON", retry_same_key=True)),
    (answer(200, body=b"[]"), Unknown("200 without JSON", retry_same_key=True)),
    (answer(500, "Internal"), Unknown("500 request-1", retry_same_key=True)),
    (answer(502, body=b"<html>"), Unknown("502 request-1", retry_same_key=True)),
    (answer(408), Unknown("408", retry_same_key=True)),
    (answer(100), Unknown("100 request-1", retry_same_key=True)),
    (
        answer(400, "The property, 'to', in the request body is invalid (line: -, column: -)"),
        Rejected("address", "400", "The property, 'to', in the request body is invalid (line: -, column: -)"),
    ),
    (
        answer(400, "The request body has 1 error(s)", "messages[0].text"),
        Rejected("message", "400", "The request body has 1 error(s) [messages[0].text]"),
    ),
    (
        answer(400, "The request body has 1 error(s)", "to"),
        Rejected("address", "400", "The request body has 1 error(s) [to]"),
    ),
    (answer(400, "Failed to send messages"), Rejected("message", "400", "Failed to send messages", strikes=2)),
    (answer(413, body=b""), Rejected("message", "413", "")),
    (answer(401, "Authentication failed"), Rejected("channel", "401", "Authentication failed")),
    (
        answer(403, "Access to this API is not available for your account"),
        Rejected("channel", "403", "Access to this API is not available for your account"),
    ),
    (answer(404, "Not found"), Rejected("channel", "404", "Not found")),
    (answer(302, body=b""), Rejected("channel", "302", "")),
    (
        answer(429, "The API rate limit has been exceeded. Try again later."),
        Deferred("channel", "429", "The API rate limit has been exceeded. Try again later."),
    ),
    (
        answer(429, "You have reached your monthly limit."),
        Deferred("account", "429", "You have reached your monthly limit."),
    ),
    (
        answer(429, "Too many messages have been sent to the same user."),
        Deferred("address", "429", "Too many messages have been sent to the same user."),
    ),
    (answer(429, "Too many concurrent operations"), Deferred("channel", "429", "Too many concurrent operations")),
    (answer(429, "something new"), Deferred("channel", "429", "something new")),
    (answer(422, "?"), Rejected("message", "422", "?")),
    (Answer(429, b"", "", retry_after=30), Deferred("channel", "429", "", retry_after=30)),
)


@pytest.mark.parametrize(("found", "outcome"), LINE_ANSWERS)
def test_what_line_answers(found: Answer, outcome: Outcome) -> None:
    assert classify_push(found) == outcome


@pytest.mark.parametrize("body", [b"", b"{}", b'{"message": 7, "details": [3, {"property": null}]}', b"[" * 100_000])
def test_every_status_of_line_means_something(body: bytes) -> None:
    for status in range(100, 600):
        outcome = classify_push(Answer(status, body))
        assert isinstance(outcome, Accepted) is (status == 409 or (status // 100 == 2 and body[:1] == b"{"))
        if status >= 500:
            assert outcome == Unknown(str(status), retry_same_key=True)
