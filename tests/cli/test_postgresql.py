"""The same commands on PostgreSQL."""

import json
from pathlib import Path

from .conftest import Nurture


def test_from_the_sample_to_a_preview_on_postgresql(nurture: Nurture, empty_shop: Path, postgres_database: str) -> None:
    there = {"NURTURE_DATABASE": postgres_database}
    filled = nurture("sample", environment=there)
    assert filled.status == 0, filled.err
    shown = nurture("preview", environment=there)
    assert shown.status == 0, shown.err
    assert "はじめてのお礼" in shown.out
    checked = nurture("check", environment=there)
    assert checked.status == 0, checked.out + checked.err
    told = json.loads(nurture("status", "--format", "json", environment=there).out)
    assert told["engine"] == "postgresql"
    assert told["counts"]["customer"] > 200
    assert "もう入っています" in nurture("sample", environment=there).err
    assert nurture("send-test", "birthday", "--to", "owner@home.example", environment=there).status == 0
