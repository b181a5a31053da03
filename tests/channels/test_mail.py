"""Mail goes out and arrives as it was written: over a server of other people's making, in lock-step and pipelined."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from aiosmtpd.smtp import SMTP
from aiosmtpd.smtp import Envelope as Arrived
from aiosmtpd.smtp import Session as Visit

from nurture.channels.envelope import Envelope
from nurture.channels.mail import MailTransport
from nurture.channels.outcome import Accepted, NotSent, Rejected
from nurture.channels.pipeline import Letter
from nurture.channels.server import MailServer
from tests.channels.letters import ALICE, BOB, BODY, CHARLIE, LARGE, SHOP, Book, ended, hand_over, mail, opened, shut
from tests.fakes.smtp import SILENCE, FakeSmtp, reply, serving


class Letterbox:
    """aiosmtpd's side: it keeps what arrives and does not know Bob."""

    def __init__(self) -> None:
        self.arrived: list[tuple[str | None, list[str], bytes]] = []

    async def handle_RCPT(self, server: SMTP, visit: Visit, envelope: Arrived, address: str, options: list[str]) -> str:
        if address == BOB:
            return "550 5.1.1 User unknown"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(self, server: SMTP, visit: Visit, envelope: Arrived) -> str:
        assert isinstance(envelope.content, bytes)
        self.arrived.append((envelope.mail_from, list(envelope.rcpt_tos), envelope.content))
        return "250 2.0.0 kept"


@asynccontextmanager
async def standing(box: Letterbox) -> AsyncIterator[MailServer]:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(box, hostname="box.test", enable_SMTPUTF8=True), "127.0.0.1", 0)
    yield MailServer("127.0.0.1", server.sockets[0].getsockname()[1], "none")
    server.close()
    await server.wait_closed()


def test_a_mail_arrives_byte_for_byte() -> None:
    box = Letterbox()
    payload = b"Subject: dots\r\n\r\n.hidden\r\n..twice\r\nplain\r\n.\r\nbehind the dot\r\n"

    async def scene() -> None:
        async with standing(box) as server:
            transport = MailTransport(server)
            assert await transport.connect() is None
            outcome = await transport.send(mail(ALICE, payload), opened)
            assert outcome == Accepted("250 2.0.0", "kept")
            await transport.close()

    asyncio.run(scene())
    assert box.arrived == [(SHOP, [ALICE], payload)]


def test_who_is_refused_does_not_hold_up_the_others() -> None:
    box = Letterbox()

    async def scene() -> Book:
        async with standing(box) as server:
            transport = MailTransport(server)
            await transport.connect()
            book = await hand_over(transport, [ALICE, BOB, CHARLIE])
            await transport.close()
            return book

    book = asyncio.run(scene())
    assert book.outcomes == [
        Accepted("250 2.0.0", "kept"),
        Rejected("address", "550 5.1.1", "User unknown"),
        Accepted("250 2.0.0", "kept"),
    ]
    assert [to for _, to, _ in box.arrived] == [[ALICE], [CHARLIE]]


def test_an_address_beyond_ascii_goes_where_smtputf8_is_offered() -> None:
    box = Letterbox()

    async def scene() -> None:
        async with standing(box) as server:
            transport = MailTransport(server)
            await transport.connect()
            assert isinstance(await transport.send(mail("花子@customer.test", smtputf8=True), opened), Accepted)
            assert isinstance(await transport.send(mail("hanako@みなと.example"), opened), Accepted)
            await transport.close()

    asyncio.run(scene())
    assert [to for _, to, _ in box.arrived] == [["花子@customer.test"], ["hanako@xn--o9jd6d.example"]]


@pytest.mark.parametrize("pipelining", [True, False])
def test_many_mails_share_a_connection(pipelining: bool) -> None:
    async def scene() -> tuple[FakeSmtp, Book]:
        async with serving(FakeSmtp(pipelining=pipelining)) as fake:
            transport = MailTransport(fake.server())
            await transport.connect()
            book = await hand_over(transport, [ALICE, BOB, CHARLIE])
            await hand_over(transport, [ALICE])
            assert transport.usable
            await transport.close()
            assert not transport.usable
            return fake, book

    fake, book = asyncio.run(scene())
    assert book.names == ["alice Accepted", "bob Accepted", "charlie Accepted"]
    assert [each.recipient for each in fake.mails] == [ALICE, BOB, CHARLIE, ALICE]
    assert {each.data for each in fake.mails} == {BODY}
    assert fake.connections == 1
    assert fake.lines[-1] == "QUIT"
    assert fake.together == (3 if pipelining else 1), "MAIL, RCPT and DATA in one packet, or each for itself"


def test_the_next_envelope_rides_behind_the_dot() -> None:
    seen: list[list[str]] = []

    async def scene() -> None:
        async with serving(FakeSmtp()) as fake:
            transport = MailTransport(fake.server())
            await transport.connect()

            async def looking() -> object:
                seen.append(list(fake.lines))
                return await opened()

            letters = [Letter(mail(ALICE), looking), Letter(mail(BOB), looking)]  # type: ignore[arg-type]
            await transport.send_many(letters, Book().settle)
            await transport.close()

    asyncio.run(scene())
    assert [line.split(":")[0] for line in seen[0][1:]] == ["MAIL FROM", "RCPT TO", "DATA"]
    assert len(seen[1]) == len(seen[0]) + 3


def test_an_outcome_is_settled_before_the_next_fence() -> None:
    story: list[str] = []

    async def scene() -> None:
        async with serving(FakeSmtp()) as fake:
            transport = MailTransport(fake.server())
            await transport.connect()

            def fence(name: str):  # type: ignore[no-untyped-def]
                async def ask() -> object:
                    story.append(f"fence of {name}")
                    return await opened()

                return ask

            letters = [Letter(mail(ALICE), fence("alice")), Letter(mail(BOB), fence("bob"))]
            await transport.send_many(
                letters, lambda letter, outcome: story.append(f"{letter.envelope.recipient} {type(outcome).__name__}")
            )
            await transport.close()

    asyncio.run(scene())
    assert story == ["fence of alice", f"{ALICE} Accepted", "fence of bob", f"{BOB} Accepted"]


def test_a_shut_fence_lets_no_byte_of_the_mail_through() -> None:
    async def scene() -> None:
        for fence, why in ((shut, "the fence was shut"), (ended, "the leave to send had ended")):
            async with serving(FakeSmtp()) as fake:
                transport = MailTransport(fake.server())
                await transport.connect()
                assert await transport.send(mail(ALICE), fence) == NotSent(why)
                assert not transport.usable
                await fake.hung_up.wait()
                assert (fake.mails, fake.fragments) == ([], [b""])

    asyncio.run(scene())


def test_who_is_drawn_behind_a_shut_fence_is_not_sent_and_the_others_stay_undrawn() -> None:
    async def scene() -> tuple[Book, list[str]]:
        async with serving(FakeSmtp()) as fake:
            transport = MailTransport(fake.server())
            await transport.connect()
            book, undrawn = Book(), [CHARLIE, BOB]

            def letters() -> Iterator[Letter]:
                yield Letter(mail(ALICE), opened)
                while undrawn:
                    yield Letter(mail(undrawn.pop()), shut)

            await transport.send_many(letters(), book.settle)
            return book, undrawn

    book, undrawn = asyncio.run(scene())
    assert book.names == ["alice Accepted", "bob NotSent"]
    assert undrawn == [CHARLIE]


def test_an_exception_of_the_fence_goes_on_to_its_caller_and_nothing_was_sent() -> None:
    async def broken() -> None:
        raise RuntimeError("the database is gone")

    async def scene() -> Book:
        async with serving(FakeSmtp()) as fake:
            transport = MailTransport(fake.server())
            await transport.connect()
            book = Book()
            with pytest.raises(RuntimeError, match="the database is gone"):
                await transport.send_many([Letter(mail(ALICE), broken), Letter(mail(BOB), opened)], book.settle)
            assert not transport.usable
            assert fake.mails == []
            return book

    assert asyncio.run(scene()).names == ["alice NotSent"]


def test_a_cancelled_send_says_what_it_knows_and_ends_the_connection() -> None:
    async def scene(acting: str) -> tuple[Book, MailTransport]:
        async with serving(FakeSmtp(script={acting: [SILENCE]})) as fake:
            transport = MailTransport(fake.server())
            await transport.connect()
            book = Book()
            task = asyncio.create_task(transport.send_many([Letter(mail(ALICE), opened)], book.settle))
            while fake.script[acting]:
                await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            return book, transport

    for acting, name in (("dot", "alice Unknown"), ("mail", "alice NotSent")):
        book, transport = asyncio.run(scene(acting))
        assert book.names == [name]
        assert not transport.usable


def test_without_a_connection_nothing_is_sent() -> None:
    async def scene() -> None:
        transport = MailTransport(MailServer("127.0.0.1", 1, "none"))
        assert await transport.send(mail(ALICE), opened) == NotSent("not connected")
        assert await transport.send_many([], Book().settle) is None  # type: ignore[func-returns-value]

    asyncio.run(scene())


@pytest.mark.parametrize(
    "to",
    [
        "bob@customer.test>\r\nRCPT TO:<eve@evil.test",
        "bob@customer.test\r\n",
        "bob@customer.test> SIZE=1",
        "bob customer.test",
        "bob@customer.test\x00",
        "bob",
        "",
        "b@b@customer.test",
        "é@customer.test",
    ],
)
def test_an_address_that_could_say_more_than_itself_is_refused_unsent(to: str) -> None:
    async def scene() -> None:
        async with serving(FakeSmtp()) as fake:
            transport = MailTransport(fake.server())
            await transport.connect()
            book = await hand_over(transport, [to, ALICE])
            await transport.close()
            assert isinstance(book.outcomes[0], Rejected)
            assert book.outcomes[0].scope == "address"
            assert isinstance(book.outcomes[1], Accepted)
            assert not [line for line in fake.lines if "eve" in line]

    asyncio.run(scene())


def test_a_carriers_address_with_two_dots_goes_as_it_is() -> None:
    async def scene() -> None:
        async with serving(FakeSmtp()) as fake:
            transport = MailTransport(fake.server())
            await transport.connect()
            await hand_over(transport, ["taro..y.@docomo.example"])
            await transport.close()
            assert fake.mails[0].recipient == "taro..y.@docomo.example"

    asyncio.run(scene())


def test_what_the_server_can_not_carry_is_refused_unsent() -> None:
    async def scene() -> None:
        fake = FakeSmtp(extensions=("SIZE 1000",))
        async with serving(fake):
            transport = MailTransport(fake.server())
            await transport.connect()
            for payload in (b"Subject: 8 bit\r\n\r\n\xe3\x81\x82\r\n", LARGE, b"Subject: smuggled\n.\r\n", b"a\rb\r\n"):
                outcome = await transport.send(mail(ALICE, payload), opened)
                assert isinstance(outcome, Rejected)
                assert outcome.scope == "message"
            outcome = await transport.send(mail("花子@customer.test", smtputf8=True), opened)
            assert outcome == Rejected("message", "", "the server does not offer SMTPUTF8")
            outcome = await transport.send(Envelope("shop>x@minato.example", ALICE, BODY), opened)
            assert isinstance(outcome, Rejected)
            assert outcome.scope == "account"
            await transport.close()
        assert fake.lines == [fake.lines[0], "QUIT"]

    asyncio.run(scene())


def test_bounces_are_asked_for_by_our_own_name_where_that_is_offered() -> None:
    async def scene(*extensions: str) -> list[str]:
        async with serving(FakeSmtp(extensions=extensions)) as fake:
            transport = MailTransport(fake.server())
            await transport.connect()
            await transport.send(mail("al+ice@customer.test", envid="touch-7=0"), opened)
            await transport.close()
            return fake.lines[1:3]

    assert asyncio.run(scene("DSN", "SIZE 5000000")) == [
        f"MAIL FROM:<{SHOP}> SIZE={len(BODY)} RET=HDRS ENVID=touch-7+3D0",
        "RCPT TO:<al+ice@customer.test> NOTIFY=FAILURE,DELAY ORCPT=rfc822;al+2Bice@customer.test",
    ]
    assert asyncio.run(scene()) == [f"MAIL FROM:<{SHOP}>", "RCPT TO:<al+ice@customer.test>"]


def test_a_large_mail_arrives_whole() -> None:
    async def scene() -> None:
        async with serving(FakeSmtp()) as fake:
            transport = MailTransport(fake.server())
            await transport.connect()
            book = Book()
            await transport.send_many([Letter(mail(ALICE, LARGE), opened), Letter(mail(BOB), opened)], book.settle)
            await transport.close()
            assert book.names == ["alice Accepted", "bob Accepted"]
            assert fake.mails[0].data == LARGE

    asyncio.run(scene())


def test_a_refused_greeting_is_not_the_persons_fault() -> None:
    async def scene() -> None:
        async with serving(FakeSmtp(script={"connect": [reply("554 5.7.1 go away")]})) as fake:
            transport = MailTransport(fake.server())
            assert await transport.connect() == Rejected("channel", "554 5.7.1", "go away")

    asyncio.run(scene())
