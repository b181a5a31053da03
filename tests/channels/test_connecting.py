"""Before the first mail: TLS is insisted on, a wrong password stops the channel, and a closed door means later."""

import asyncio
import socket
from dataclasses import replace

import pytest
from pydantic import SecretStr

from nurture.catalogue import say_mistakes
from nurture.channels.mail import MailTransport
from nurture.channels.outcome import Accepted, Deferred, NotSent, Rejected, Unknown
from nurture.channels.server import MailServer, is_loopback, mail_server
from nurture.config import Email, Secrets, Settings, Shop
from nurture.mistake import MistakesFound
from tests.channels.conftest import Certificates
from tests.channels.letters import ALICE, BOB, LARGE, PATIENT, QUICK, hand_over, mail, opened
from tests.fakes.smtp import CLOSE, DRIP, GARBAGE, RESET, SILENCE, Act, FakeSmtp, reply, serving


def connected(fake: FakeSmtp, patience: float = 20, **changes: object) -> object:
    """What `connect` said to that server, and with `ok` that a mail arrived behind it."""

    async def scene() -> object:
        async with serving(fake):
            server = fake.login(**changes) if fake.password else fake.server(**changes)
            transport = MailTransport(server, replace(PATIENT, connect=patience))
            refused = await transport.connect()
            if refused:
                assert not transport.usable
                return refused
            assert (await hand_over(transport, [ALICE, BOB])).names == ["alice Accepted", "bob Accepted"]
            await transport.close()
            return "ok"

    return asyncio.run(scene())


def test_starttls_with_a_password(certificates: Certificates) -> None:
    fake = FakeSmtp(certificate=certificates.server, password="right")
    assert connected(fake, tls="starttls", context=certificates.client) == "ok"
    assert [line.partition(" ")[0] for line in fake.lines[:4]] == ["EHLO", "STARTTLS", "EHLO", "AUTH"]


def test_tls_from_the_first_byte(certificates: Certificates) -> None:
    fake = FakeSmtp(certificate=certificates.server, implicit=True, password="right")
    assert connected(fake, tls="tls", context=certificates.client) == "ok"
    assert "STARTTLS" not in fake.lines


def test_a_stripped_starttls_is_not_done_without(certificates: Certificates) -> None:
    fake = FakeSmtp(password="right")
    refused = connected(fake, tls="starttls", context=certificates.client)
    assert isinstance(refused, Rejected)
    assert refused.scope == "channel"
    assert fake.lines[1:] == [], "no password and no mail in the clear"


@pytest.mark.parametrize("tls", ["tls", "starttls"])
def test_a_certificate_that_nobody_vouches_for_is_refused(certificates: Certificates, tls: str) -> None:
    fake = FakeSmtp(certificate=certificates.server, implicit=tls == "tls", password="right")
    refused = connected(fake, tls=tls)
    assert isinstance(refused, Rejected)
    assert refused.scope == "channel"
    assert "certificate" in refused.reply.lower()
    assert not [line for line in fake.lines if line.startswith("AUTH")]


@pytest.mark.parametrize("tls", ["tls", "starttls"])
def test_somebody_elses_certificate_is_refused(certificates: Certificates, tls: str) -> None:
    fake = FakeSmtp(certificate=certificates.elsewhere, implicit=tls == "tls", password="right")
    refused = connected(fake, tls=tls, context=certificates.client)
    assert isinstance(refused, Rejected)
    assert refused.scope == "channel"


def test_a_wrong_password_stops_the_channel(certificates: Certificates) -> None:
    fake = FakeSmtp(certificate=certificates.server, password="right")
    refused = connected(fake, tls="starttls", context=certificates.client, password=SecretStr("wrong"))
    assert refused == Rejected("channel", "535 5.7.8", "wrong user or password")


def test_a_password_for_a_server_that_wants_none_stops_the_channel() -> None:
    refused = connected(FakeSmtp(), username="shop", password=SecretStr("right"))
    assert isinstance(refused, Rejected)
    assert refused.scope == "channel"


@pytest.mark.parametrize("act", [CLOSE, RESET, SILENCE, DRIP, GARBAGE, reply("421 4.3.2 full house"), Act(b"2")])
@pytest.mark.parametrize("verb", ["connect", "ehlo"])
def test_a_door_that_does_not_open_means_later(verb: str, act: Act) -> None:
    lasting = Act(act.say, "silence" if act.say == b"2" else act.then, act.pause)
    refused = connected(FakeSmtp(script={verb: [lasting, lasting]}), patience=0.4)
    assert isinstance(refused, Deferred)
    assert refused.scope == "channel"


def test_nobody_listens() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        server = MailServer("127.0.0.1", unused.getsockname()[1], "none")
        refused = asyncio.run(MailTransport(server, QUICK).connect())
    assert isinstance(refused, Deferred)
    assert refused.scope == "channel"


def test_over_tls_an_unanswered_mail_is_always_in_doubt(certificates: Certificates) -> None:
    """What TLS has taken can't be told from what has left, so that nothing is provable there."""

    async def scene() -> None:
        fake = FakeSmtp(certificate=certificates.server, script={"data": [Act(b"354 go\r\n", deaf=True)]})
        async with serving(fake):
            transport = MailTransport(fake.server(tls="starttls", context=certificates.client), QUICK)
            assert await transport.connect() is None
            assert await transport.send(mail(ALICE, LARGE), opened) == Unknown("no reply within 0.25 s")

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("verb", "act", "kind"),
    [
        ("rcpt", reply("550 5.1.1 nobody"), Rejected),
        ("data", CLOSE, NotSent),
        ("data", SILENCE, NotSent),
        ("dot", CLOSE, Unknown),
        ("dot", RESET, Unknown),
        ("dot", SILENCE, Unknown),
        ("dot", GARBAGE, Unknown),
        ("dot", reply("252 taken"), Accepted),
        ("dot", reply("451 4.3.0 later"), Deferred),
    ],
)
def test_faults_over_tls(certificates: Certificates, verb: str, act: Act, kind: type) -> None:
    async def scene() -> None:
        async with serving(FakeSmtp(certificate=certificates.server, script={verb: [act]})) as fake:
            patience = QUICK if act is SILENCE else PATIENT
            transport = MailTransport(fake.server(tls="starttls", context=certificates.client), patience)
            assert await transport.connect() is None
            assert isinstance(await transport.send(mail(ALICE), opened), kind)
            await transport.close()

    asyncio.run(scene())


def settings(**email: object) -> Settings:
    secrets = Secrets(smtp_username=SecretStr("shop"), smtp_password=SecretStr("right"))
    shop = Settings(shop=Shop(name="Minato"), email=Email.model_validate(email))
    return shop.model_copy(update={"secrets": secrets})


def test_the_server_comes_from_config_and_the_password_from_the_environment() -> None:
    found = mail_server(settings(host="smtp.minato.example"))
    assert found == MailServer("smtp.minato.example", 587, "starttls", "shop", SecretStr("right"))
    assert "right" not in repr(found)


@pytest.mark.parametrize(
    ("email", "words"),
    [
        ({"host": "smtp.minato.example", "tls": "none"}, "email.tls: none works with a server on this very machine"),
        ({"host": "192.0.2.7", "tls": "none"}, "for 192.0.2.7 write starttls (port 587) or tls (port 465)"),
        ({"host": "127.0.0.1.minato.example", "tls": "none"}, "email.tls"),
        ({}, "config.yaml: email.host: no mail server is given"),
    ],
)
def test_what_can_not_be_used_is_said(email: dict[str, object], words: str) -> None:
    with pytest.raises(MistakesFound) as caught:
        mail_server(settings(**email))
    assert words in say_mistakes("en", caught.value)
    assert say_mistakes("ja", caught.value)


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST.", "127.0.0.1", "127.9.9.9", "::1", "[::1]"])
def test_this_machine_may_do_without_tls(host: str) -> None:
    assert is_loopback(host)
    assert mail_server(settings(host=host, tls="none")).tls == "none"
