"""Every way in which a mail server can fail us, on a fresh and a used connection, and what is said about the mail."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from types import UnionType

import pytest

from nurture.channels.envelope import Commands, Offer, commands
from nurture.channels.fence import Permit
from nurture.channels.mail import MailTransport
from nurture.channels.outcome import Accepted, Deferred, NotSent, Outcome, Rejected, Unknown
from nurture.channels.pipeline import Letter, Pipeline, Timeouts
from nurture.channels.session import Session
from tests.channels.letters import ALICE, BOB, CHARLIE, LARGE, PATIENT, QUICK, Book, hand_over, mail, opened
from tests.fakes.smtp import CLOSE, DRIP, GARBAGE, RESET, SILENCE, Act, FakeSmtp, reply, serving


@dataclass(frozen=True)
class Fault:
    """One misbehaviour and its consequences."""

    name: str
    verb: str
    act: Act
    outcome: Outcome | type[Outcome] | UnionType
    """What is said; a type where the words, or which of two comes first, depend on the machine."""
    usable: bool | None
    """Whether the connection may carry another mail; None where that depends on what arrives first."""
    accepted: bool = False
    """Whether the server really took the mail."""


FLOOD = Act(b"250 2.0.0 ok\r\n" * 5_000)
ENDLESS_LINE = Act(b"250 " + b"x" * 100_000)
ENDLESS_REPLY = Act(b"250-2.0.0 and so on\r\n" * 5_000)
LINGERING = Act(b"250-2.0.0 and ", then="silence")

FAULTS = (
    # Refusals
    Fault(
        "the sender is refused", "mail", reply("550 5.7.1 not you"), Rejected("account", "550 5.7.1", "not you"), True
    ),
    Fault("the sender has to wait", "mail", reply("451 4.3.0 later"), Deferred("channel", "451 4.3.0", "later"), True),
    Fault(
        "nobody of that name",
        "rcpt",
        reply("550-5.1.1 <alice@customer.test>: unknown\n550 5.1.1 see help"),
        Rejected("address", "550 5.1.1", "<…@…>: unknown see help"),
        True,
    ),
    Fault("greylisted", "rcpt", reply("450 4.2.0 Greylisted"), Deferred("message", "450 4.2.0", "Greylisted"), True),
    Fault("DATA is refused", "data", reply("554 5.3.0 no"), Rejected("message", "554 5.3.0", "no"), True),
    Fault("DATA has to wait", "data", reply("451 4.3.0 busy"), Deferred("channel", "451 4.3.0", "busy"), True),
    Fault("refused after the dot", "dot", reply("554 5.7.1 spam"), Rejected("domain", "554 5.7.1", "spam"), True),
    Fault("too large after the dot", "dot", reply("552 5.3.4 big"), Rejected("message", "552 5.3.4", "big"), True),
    Fault("later, after the dot", "dot", reply("451 4.7.1 slow"), Deferred("domain", "451 4.7.1", "slow"), True),
    # 421: it says goodbye
    Fault("421 to MAIL", "mail", reply("421 4.3.2 bye"), Deferred("channel", "421 4.3.2", "bye"), False),
    Fault("421 to RCPT", "rcpt", reply("421 4.7.0 slow"), Deferred("domain", "421 4.7.0", "slow"), False),
    Fault("421 after the dot", "dot", reply("421 4.7.0 no"), Deferred("domain", "421 4.7.0", "no"), False),
    # It takes the mail in an unusual way
    Fault("252 after the dot", "dot", reply("252 taken"), Accepted("252", "taken"), True, accepted=True),
    Fault("many lines", "dot", reply("250-2.0.0 a\n250 2.0.0 b"), Accepted("250 2.0.0", "a b"), True, accepted=True),
    Fault("252 to RCPT", "rcpt", reply("252 we'll see"), Accepted("250 2.0.0", "queued as 4711"), True, accepted=True),
    # It goes away
    Fault("gone at MAIL", "mail", CLOSE, NotSent, False),
    Fault("gone at RCPT", "rcpt", CLOSE, NotSent, False),
    Fault("gone before 354", "data", CLOSE, NotSent, False),
    Fault("reset before 354", "data", RESET, NotSent, False),
    # The payload may be on its way before the end of the connection is seen.
    Fault("gone after 354", "data", Act(b"354 go\r\n", then="close"), NotSent | Unknown, False),
    Fault("reset after 354", "data", Act(b"354 go\r\n", then="reset"), NotSent | Unknown, False),
    Fault("gone behind the dot", "dot", CLOSE, Unknown, False),
    Fault("reset behind the dot", "dot", RESET, Unknown, False),
    Fault("gone after taking it unsaid", "dot", Act(then="close", keep=True), Unknown, False, accepted=True),
    Fault(
        "gone after saying yes",
        "dot",
        Act(b"250 2.0.0 ok\r\n", then="close"),
        Accepted("250 2.0.0", "ok"),
        None,
        accepted=True,
    ),
    # It says nothing, or takes its time
    Fault("silent at MAIL", "mail", SILENCE, NotSent("no reply within 0.25 s"), False),
    Fault("silent at RCPT", "rcpt", SILENCE, NotSent("no reply within 0.25 s"), False),
    Fault("silent at DATA", "data", SILENCE, NotSent("no reply within 0.25 s"), False),
    Fault("silent behind the dot", "dot", SILENCE, Unknown("no reply within 0.25 s"), False),
    Fault("a drip at MAIL", "mail", DRIP, NotSent("no reply within 0.25 s"), False),
    Fault("a drip behind the dot", "dot", DRIP, Unknown("no reply within 0.25 s"), False, accepted=True),
    Fault("a reply without its last line", "dot", LINGERING, Unknown("no reply within 0.25 s"), False, accepted=True),
    # It babbles
    Fault("garbage at MAIL", "mail", GARBAGE, NotSent("the server wrote a line that is no SMTP reply"), False),
    Fault("garbage for 354", "data", GARBAGE, NotSent("the server wrote a line that is no SMTP reply"), False),
    Fault("garbage behind the dot", "dot", GARBAGE, Unknown("the server wrote a line that is no SMTP reply"), False),
    Fault("two codes in a reply", "dot", Act(b"250-a\r\n550 b\r\n"), Unknown, False, accepted=True),
    Fault("a line without end", "dot", ENDLESS_LINE, Unknown("the server wrote a reply line without end"), False, True),
    Fault("a reply without end", "dot", ENDLESS_REPLY, Unknown("the server wrote a reply without end"), False, True),
    Fault("an endless line at MAIL", "mail", ENDLESS_LINE, NotSent("the server wrote a reply line without end"), False),
    Fault("yes, five thousand times", "dot", FLOOD, Accepted("250 2.0.0", "ok"), False, accepted=True),
    Fault("a flood at MAIL", "mail", FLOOD, NotSent, False),
    Fault("354 to MAIL", "mail", reply("354 go"), NotSent("mail was answered with 354 go"), False),
    Fault("250 to DATA", "data", reply("250 2.0.0 ok"), NotSent("data was answered with 250 2.0.0 ok"), False),
    Fault("354 behind the dot", "dot", reply("354 go"), Unknown("payload was answered with 354 go"), False),
)


def patience(fault: Fault) -> Timeouts:
    return QUICK if fault.act.then == "silence" or fault.act.pause else PATIENT


def same(found: Outcome, wanted: Outcome | type[Outcome] | UnionType) -> bool:
    return isinstance(found, wanted) if isinstance(wanted, type | UnionType) else found == wanted


@pytest.mark.parametrize("used", [False, True], ids=["fresh", "used"])
@pytest.mark.parametrize("pipelining", [True, False], ids=["pipelined", "lock-step"])
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault(fault: Fault, pipelining: bool, used: bool) -> None:
    async def scene() -> None:
        async with serving(FakeSmtp(pipelining=pipelining)) as fake:
            transport = MailTransport(fake.server(), patience(fault))
            assert await transport.connect() is None
            if used:
                await hand_over(transport, [CHARLIE])
            fake.script[fault.verb] = [fault.act]
            outcome = await transport.send(mail(ALICE), opened)
            assert same(outcome, fault.outcome)
            assert fault.usable is None or transport.usable is fault.usable
            assert (ALICE in {each.recipient for each in fake.mails}) is fault.accepted
            if fault.usable:
                assert (await hand_over(transport, [BOB])).names == ["bob Accepted"]
            await transport.close()

    asyncio.run(scene())


@pytest.mark.parametrize("pipelining", [True, False], ids=["pipelined", "lock-step"])
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_who_stands_behind_a_fault_is_sent_or_provably_not(fault: Fault, pipelining: bool) -> None:
    """Bob's envelope may be on the wire already when Alice's mail comes to grief; he is never in doubt."""

    async def scene() -> None:
        async with serving(FakeSmtp(pipelining=pipelining, script={fault.verb: [fault.act]})) as fake:
            transport = MailTransport(fake.server(), patience(fault))
            await transport.connect()
            undrawn = [CHARLIE, BOB, ALICE]
            book = Book()

            def letters() -> Iterator[Letter]:
                while undrawn:
                    yield Letter(mail(undrawn.pop()), opened)

            await transport.send_many(letters(), book.settle)
            await transport.close()
            settled = dict(book.entries)
            assert len(book.entries) == len(settled), "settled once"
            assert same(settled[ALICE], fault.outcome)
            sent = {each.recipient for each in fake.mails}
            for person in (BOB, CHARLIE):
                outcome = settled.get(person)
                assert (type(outcome) is Accepted) is (person in sent)
                assert outcome is None or isinstance(outcome, Accepted | NotSent)
                assert (outcome is None) is (person in undrawn)
            if fault.usable:
                assert {BOB, CHARLIE} <= sent

    asyncio.run(scene())


@pytest.mark.parametrize("eager", [False, True], ids=["503 to DATA", "354 to DATA"])
def test_a_refused_recipient_gets_an_empty_answer_or_a_reset(eager: bool) -> None:
    async def scene() -> None:
        fake = FakeSmtp(eager=eager, script={"rcpt": [reply("550 5.1.1 nobody")]})
        async with serving(fake):
            transport = MailTransport(fake.server(), PATIENT)
            await transport.connect()
            book = await hand_over(transport, [ALICE, BOB])
            await transport.close()
            assert book.names == ["alice Rejected", "bob Accepted"]
            assert [each.recipient for each in fake.mails] == [BOB]
            assert ("RSET" in fake.lines) is not eager

    asyncio.run(scene())


def test_a_refused_sender_that_is_asked_for_a_payload_gets_none() -> None:
    async def scene() -> None:
        fake = FakeSmtp(eager=True, script={"mail": [reply("550 5.7.1 not you")]})
        async with serving(fake):
            transport = MailTransport(fake.server(), PATIENT)
            await transport.connect()
            assert (await hand_over(transport, [ALICE, BOB])).names == ["alice Rejected"]
            assert not transport.usable
            assert fake.mails == []

    asyncio.run(scene())


def test_a_reset_that_fails_ends_the_connection() -> None:
    async def scene() -> None:
        script = {"rcpt": [reply("550 5.1.1 nobody")], "rset": [reply("502 5.5.1 what?")]}
        async with serving(FakeSmtp(script=script)) as fake:
            transport = MailTransport(fake.server(), PATIENT)
            await transport.connect()
            assert (await hand_over(transport, [ALICE, BOB, CHARLIE])).names == ["alice Rejected", "bob NotSent"]
            assert not transport.usable

    asyncio.run(scene())


DEAF = Act(b"354 go\r\n", deaf=True)


def test_a_large_mail_that_was_given_up_is_not_accepted_later() -> None:
    """The server reads nothing behind 354, and what is there when we have given up: closing in good order would have
    sent it the rest, and the mail would have arrived after all."""

    async def scene() -> None:
        async with serving(FakeSmtp(script={"data": [DEAF]})) as fake:
            transport = MailTransport(fake.server(), QUICK)
            await transport.connect()
            assert await transport.send(mail(ALICE, LARGE), opened) == NotSent("no reply within 0.25 s")
            fake.listen()
            await fake.hung_up.wait()
            assert fake.mails == []
            assert len(fake.fragments[0]) < len(LARGE)

    asyncio.run(scene())


def test_a_reset_while_most_of_a_mail_is_still_here_means_not_sent() -> None:
    async def scene() -> None:
        async with serving(FakeSmtp(script={"data": [DEAF]})) as fake:
            transport = MailTransport(fake.server(), PATIENT)
            await transport.connect()
            leaving = asyncio.Event()

            async def noticed() -> Permit | None:
                return Permit(until=0, check=lambda: leaving.set() or True)

            sending = asyncio.create_task(transport.send(mail(ALICE, LARGE), noticed))
            await leaving.wait()
            fake.hang_up()
            assert isinstance(await sending, NotSent)
            assert fake.mails == []

    asyncio.run(scene())


class Wire(asyncio.Transport):
    """A transport of which so many bytes never leave: sockets can't be told where to stop."""

    def __init__(self, kept: int) -> None:
        super().__init__()
        self.kept = kept
        self.written = b""
        self.protocol: asyncio.BaseProtocol | None = None

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self.protocol = protocol

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += bytes(data)

    def get_write_buffer_size(self) -> int:
        return self.kept

    def is_closing(self) -> bool:
        return False

    def abort(self) -> None:
        pass


@pytest.mark.parametrize(("kept", "kind"), [(0, Unknown), (-1, Unknown), (1, NotSent)])
def test_what_is_stuck_may_be_the_next_envelope_only(kept: int, kind: type[Outcome]) -> None:
    """Bob's envelope stands behind Alice's payload in the buffer; `kept` counts from the border between the two."""
    offer = Offer(pipelining=True)
    found = commands(mail(BOB), offer)
    assert isinstance(found, Commands)

    async def scene() -> Book:
        wire, book = Wire(len(found.together) + kept), Book()
        session = Session(wire)
        letters = [Letter(mail(ALICE), opened), Letter(mail(BOB), opened)]
        running = asyncio.create_task(Pipeline(session, offer, PATIENT, letters, book.settle).run())
        while b"DATA" not in wire.written:
            await asyncio.sleep(0)
        session.data_received(b"250 ok\r\n250 ok\r\n354 go\r\n")
        while not wire.written.endswith(found.together):
            await asyncio.sleep(0)
        session.eof_received()
        await running
        return book

    book = asyncio.run(scene())
    assert [type(outcome) for outcome in book.outcomes] == [kind, NotSent]


def test_what_a_server_says_unasked_ends_the_connection() -> None:
    async def scene() -> None:
        async with serving(FakeSmtp()) as fake:
            transport = MailTransport(fake.server(), PATIENT)
            await transport.connect()
            fake.say_unasked(b"421 4.4.2 idle for too long\r\n")
            while transport.usable:
                await asyncio.sleep(0)
            assert await transport.send(mail(ALICE), opened) == NotSent(
                "the server said, unasked: 421 idle for too long"
            )
            assert await transport.connect() is None
            assert isinstance(await transport.send(mail(ALICE), opened), Accepted)
            await transport.close()

    asyncio.run(scene())


def test_a_server_that_goes_while_the_fence_is_awaited_gets_nothing() -> None:
    async def scene() -> None:
        async with serving(FakeSmtp()) as fake:
            transport = MailTransport(fake.server(), PATIENT)
            await transport.connect()

            async def slow() -> object:
                fake.say_unasked(b"421 4.4.2 too slow\r\n")
                while transport.usable:
                    await asyncio.sleep(0)
                return await opened()

            outcome = await transport.send(mail(ALICE), slow)  # type: ignore[arg-type]
            assert outcome == NotSent("the server said, unasked: 421 too slow")
            assert fake.mails == []

    asyncio.run(scene())


def test_quit_without_an_answer_harms_nothing() -> None:
    async def scene() -> None:
        async with serving(FakeSmtp(script={"quit": [SILENCE]})) as fake:
            transport = MailTransport(fake.server(), QUICK)
            await transport.connect()
            assert (await hand_over(transport, [ALICE])).names == ["alice Accepted"]
            await transport.close()

    asyncio.run(scene())
