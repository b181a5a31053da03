"""What whoever watches the machine asks."""

import asyncio
import json
import socket
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import Engine

from nurture.store import open_engine
from nurture.web import serve
from tests.web.served import served


def test_a_process_that_ticks_is_ready(engine: Engine) -> None:
    with served(engine) as web:
        assert web.ask("GET", "/healthz").text == "ok\n"
        ready = web.ask("GET", "/readyz")
        assert ready.status == 200
        assert json.loads(ready.text) == {"ready": True, "database": True, "last_tick_seconds": 12.0}


@pytest.mark.parametrize("age", [None, 301.0])
def test_one_that_does_not_tick_is_alive_but_not_ready(engine: Engine, age: float | None) -> None:
    with served(engine) as web:
        web.times.tick_age = age
        assert web.ask("GET", "/readyz").status == 503
        assert web.ask("GET", "/healthz").status == 200


def test_the_metrics_are_those_of_the_registry_in_prometheus_own_form(engine: Engine) -> None:
    with served(engine) as web:
        web.ask("GET", "/u/x")
        answer = web.ask("GET", "/metrics")
        families = {family.name for family in text_string_to_metric_families(answer.text)}
        assert families >= {"nurture_opt_outs", "nurture_line_events", "nurture_web_refused"}
        assert 'nurture_web_refused_total{reason="token"} 1.0' in answer.text
        assert answer.headers["content-type"].startswith("text/plain")


def test_other_methods_and_paths_are_refused_in_few_words(engine: Engine) -> None:
    with served(engine) as web:
        assert (web.ask("GET", "/").status, web.ask("GET", "/line/webhook").status) == (404, 405)
        assert (web.ask("DELETE", "/u/x").status, web.ask("GET", "/../etc/passwd").status) == (405, 404)
        assert web.ask("GET", "/nowhere").text == ""


def test_a_bug_is_answered_without_its_trace(engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    with served(engine) as web:
        web.times.tick_age = "no number"  # type: ignore[assignment]
        answer = web.ask("GET", "/readyz")
        assert (answer.status, answer.text) == (500, "")
        assert answer.headers["cache-control"] == "no-store"


def test_without_its_database_it_is_alive_but_not_ready(tmp_path: Path) -> None:
    with served(open_engine(f"sqlite:///{tmp_path}/no/such/folder.db")) as web:
        assert json.loads(web.ask("GET", "/readyz").text)["database"] is False
        assert web.ask("GET", "/readyz").status == 503
        assert web.ask("GET", "/healthz").status == 200


def test_a_port_that_is_taken_is_an_error_of_the_caller() -> None:
    async def app(scope: object, receive: object, send: object) -> None:
        raise AssertionError

    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError):
        asyncio.run(serve(app, "127.0.0.1", taken.getsockname()[1], asyncio.Event()))
