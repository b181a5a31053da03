"""A shop that signs its own mails (DKIM): what arrived over a real socket verifies, and no key is told to anybody."""

import asyncio
from pathlib import Path

import dkim
import pytest
from sqlalchemy import Engine

from nurture.catalogue import say_mistakes
from nurture.channels.mail import MailTransport
from nurture.channels.signing import signer
from nurture.config import Settings, load_settings
from nurture.daemon import Evening, Shop
from nurture.delivery.freezing import Press
from nurture.delivery.senders import MailSender
from nurture.delivery.worker import Shift, Worker
from nurture.delivery.writer import Writer
from nurture.mistake import MistakesFound
from tests.channels.test_signature import KEY, verifies
from tests.delivery.post import INSTANCE, Post
from tests.fakes.smtp import FakeSmtp, serving
from tests.planning.people import instant, letter

THANKS = letter("thanks", "{after: order}", step="valid_for: 5 days")
CONFIG = """shop: {name: みなと珈琲, email: hello@minato.example, address: 神戸市中央区架空町1-2-3}
email: {from_address: news@minato.example, host: 127.0.0.1, tls: none, dkim: {selector: spring}}
line: {enabled: true}
public_url: https://minato.example
approve: true
"""


def configured(folder: Path, text: str = CONFIG, **environment: str) -> Settings:
    (folder / "config.yaml").write_text(text, "utf-8")
    return load_settings(folder, {"NURTURE_SECRET_KEY": "k" * 40, **environment})


def by_file(folder: Path, key: bytes = KEY) -> dict[str, str]:
    path = folder / "dkim.pem"
    path.write_bytes(key)
    return {"NURTURE_DKIM_KEY_FILE": str(path)}


def arrived(engine: Engine, folder: Path, settings: Settings) -> list[bytes]:
    """Bob has ordered: his mail and the owner's, as the server got them."""
    made = {
        "email": settings.email.model_dump(),
        "secrets": {"secret_key": "k" * 40},
        "public_url": settings.public_url,
    }
    post = Post(engine, folder, THANKS, **made, shop=settings.shop.model_dump(), line={"enabled": True})
    post.shop.order(post.shop.customer("bob"), "2026-11-20 18:00")
    post.shop.tick("2026-11-20 18:05")
    post.standing.at = instant("2026-11-20 18:05")
    server, sign = FakeSmtp(), signer(settings)
    assert sign

    async def run() -> None:
        async with serving(server):
            shift = Shift(post.shop.campaigns, Press(post.shop.settings, post.templates, INSTANCE, sign))
            sender = MailSender(MailTransport(server.server()))
            worker = Worker("worker", engine, post.standing.clock(), shift, {"email": [sender]})
            assert (await worker.deliver_due()).counts["sent"] == 1
            await worker.close()
            writer = Writer(engine)
            evening = Evening(engine, writer, INSTANCE, lambda: MailTransport(server.server()), sign)
            await evening.ask(Shop(settings, post.shop.campaigns, post.templates), post.standing.at)
            writer.close()

    asyncio.run(run())
    return [each.data for each in server.mails]


def test_what_arrives_verifies_and_one_click_is_under_the_signature(engine: Engine, tmp_path: Path) -> None:
    mails = arrived(engine, tmp_path, configured(tmp_path, **by_file(tmp_path)))
    assert len(mails) == 2
    for mail in mails:
        assert mail.startswith(b"DKIM-Signature: ")
        assert verifies(mail)
        assert not verifies(mail.replace(b"\r\n\r\n", b"\r\n\r\nbuy", 1))
    bob, _ = mails
    assert not verifies(bob.replace(b"List-Unsubscribe-Post: List-Unsubscribe=One-Click", b"X-Nothing: here"))
    names: list[str] = []
    answer = b"v=DKIM1; k=rsa; p=AAAA"
    assert not dkim.verify(bob, dnsfunc=lambda name, timeout=5: names.append(name.decode()) or answer)
    assert names == ["spring._domainkey.minato.example."]


def test_the_key_may_stand_in_the_environment_on_one_line(tmp_path: Path) -> None:
    settings = configured(tmp_path, NURTURE_DKIM_KEY=KEY.decode().replace("\n", "\\n"))
    sign = signer(settings)
    assert sign
    assert verifies(sign(b"From: a@minato.example\r\nSubject: a\r\n\r\na\r\n"))
    assert "BEGIN" not in repr(settings) + settings.model_dump_json()


def test_a_shop_whose_server_signs_needs_nothing(tmp_path: Path) -> None:
    assert signer(configured(tmp_path, CONFIG.replace(", dkim: {selector: spring}", ""))) is None


@pytest.mark.parametrize(
    ("key", "word"),
    [(None, "NURTURE_DKIM_KEY"), (b"no key at all", "PEM"), (KEY.replace(b"MII", b"AAA"), "PEM"), (KEY[:200], "PEM")],
)
def test_a_key_that_can_not_sign_is_told_before_a_mail_needs_it(tmp_path: Path, key: bytes | None, word: str) -> None:
    settings = configured(tmp_path, **(by_file(tmp_path, key) if key else {}))
    with pytest.raises(MistakesFound) as caught:
        signer(settings)
    told = say_mistakes("ja", caught.value) + say_mistakes("en", caught.value)
    assert word in told
    assert "PRIVATE KEY-----" not in told


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(MistakesFound) as caught:
        configured(tmp_path, NURTURE_DKIM_KEY_FILE=str(tmp_path / "nowhere.pem"))
    assert "nowhere.pem" in say_mistakes("ja", caught.value)


def test_the_key_does_not_belong_into_config_yaml(tmp_path: Path) -> None:
    with pytest.raises(MistakesFound) as caught:
        configured(tmp_path, CONFIG.replace("selector: spring", "selector: spring, private_key: abc"))
    assert "NURTURE_DKIM_KEY" in say_mistakes("ja", caught.value)
