"""Where the figures go: the generated part of docs/benchmarks.md, with the machine they were measured on."""

import os
import platform
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from nurture.store import sqlite_module

from .figure import Figure, table

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
BEGIN, END = "<!-- made by `python -m bench` -->", "<!-- to here -->"


SENDING = "python -m bench.delivery"


def write_about(command: str, figures: Sequence[Figure], what: str, load: tuple[float, float]) -> None:
    """Puts a table between the marks of another command; `what`: what was measured, before the machine is named."""
    begin, page = f"<!-- made by `{command}` -->", PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(begin)
    _, _, after = rest.partition(END)
    told = f"{what}; {_machine(load)}."
    PAGE.write_text(before + "\n".join([begin, "", told, "", table(figures), "", END]) + after, encoding="utf-8")


def write(figures: Sequence[Figure], customers: int, rounds: int, load: tuple[float, float]) -> None:
    """Puts the table between the marks of the page; `load`: the load averages before and after."""
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    made = [BEGIN, "", _about(customers, rounds, load), "", table(figures), "", END]
    PAGE.write_text(before + "\n".join(made) + after, encoding="utf-8")


def _about(customers: int, rounds: int, load: tuple[float, float]) -> str:
    return (
        f"{customers:,} customers, {_machine(load)}. A ratio is the median of {rounds} interleaved rounds of processor "
        "time, client and database server together; `wall` is the same of the clock. Whoever quotes a figure quotes "
        "the median."
    )


def _machine(load: tuple[float, float]) -> str:
    machine = f"{os.cpu_count()} × {_processor()}, {_memory():.0f} GiB, {platform.system()} {platform.release()}"
    versions = f"Python {platform.python_version()}, SQLite {sqlite_module().sqlite_version}"
    day = date.today()  # noqa: DTZ011
    return f"{day:%Y-%m-%d}, {machine}; {versions}; load average {load[0]:.1f} before and {load[1]:.1f} after"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _memory() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
