"""`line-link`: personal links for paper."""

import csv
import io
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import pytest
import segno

from nurture.config import load_settings
from nurture.message.line_link import read_link_token

from .conftest import SUNDAY, Nurture, rewrite

SECRET = {"NURTURE_SECRET_KEY": "k" * 40}
PUBLIC = "https://mail.minato.example"


@pytest.fixture
def reachable(sample_shop: Path) -> Path:
    rewrite(sample_shop / "config.yaml", "# public_url: ", f"public_url: {PUBLIC}\n# ")
    return sample_shop


def customer_of(folder: Path, link: str) -> int | None:
    assert link.startswith(f"{PUBLIC}/l/")
    return read_link_token(load_settings(folder, SECRET), link.removeprefix(f"{PUBLIC}/l/"), SUNDAY)


def test_one_customers_link_is_theirs(nurture: Nurture, reachable: Path) -> None:
    given = nurture("line-link", "1203", environment=SECRET)
    assert given.status == 0
    assert customer_of(reachable, given.out.strip()) is not None
    assert given.out.strip() == nurture("line-link", "若草舞", environment=SECRET).out.strip()
    later = datetime(2027, 3, 1, tzinfo=UTC)
    token = given.out.strip().removeprefix(f"{PUBLIC}/l/")
    assert read_link_token(load_settings(reachable, SECRET), token, later) is None


@pytest.mark.parametrize("ending", ["svg", "png"])
def test_its_qr_code_holds_the_link(nurture: Nurture, reachable: Path, ending: str) -> None:
    given = nurture("line-link", "1203", "--qr", f"card.{ending}", environment=SECRET)
    assert given.status == 0
    code = segno.make_qr(given.out.strip(), error="m")
    side = code.symbol_size(scale=8, border=4)[0]
    raw = (reachable / f"card.{ending}").read_bytes()
    if ending == "svg":
        assert ElementTree.fromstring(raw).get("width") == str(side)
    else:
        assert raw.startswith(b"\x89PNG")
        assert int.from_bytes(raw[16:20], "big") == side
    wanted = io.BytesIO()
    code.save(wanted, kind=ending, scale=8, border=4)
    assert raw == wanted.getvalue()


def test_a_list_of_everybody_who_is_not_on_line_yet(nurture: Nurture, reachable: Path) -> None:
    given = nurture("line-link", "--all", "--output", "links.csv", environment=SECRET)
    assert given.status == 0
    raw = (reachable / "links.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    header, *rows = csv.reader(raw.decode("utf-8-sig").splitlines())
    assert header == ["お客様番号", "お名前", "リンク"]
    assert len(rows) > 100
    people = [customer_of(reachable, link) for _, _, link in rows]
    assert None not in people
    assert len(set(people)) == len(people)
    shown = nurture("line-link", "--all", environment=SECRET)
    assert list(csv.reader(shown.out.splitlines()))[1:] == rows


def test_what_can_not_work_is_said_and_nothing_is_printed(nurture: Nurture, sample_shop: Path) -> None:
    unready = nurture("line-link", "1203")
    assert (unready.status, unready.out) == (1, "")
    assert "public_url" in unready.err
    assert "NURTURE_SECRET_KEY" in unready.err
    for wrong in ((), ("1203", "--all"), ("--all", "--qr", "a.svg"), ("1203", "--qr", "a.gif")):
        assert nurture("line-link", *wrong, environment=SECRET).status == 2
    assert nurture("line-link", "9999999", environment=SECRET).status == 1
