"""Figures of the suites that prove delivery: one JSON file each, added up over runs, with the commit they ran on."""

import fcntl
import json
import os
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from nurture.clock import system_clock

ROOT = Path(__file__).resolve().parents[2]
FIGURES = ROOT / "figures"


def write(suite: str, what: str, figures: Mapping[str, Any], folder: Path = FIGURES) -> None:
    """Puts a suite's figures into its file, in place of older ones."""
    folder.mkdir(exist_ok=True)
    found = {"suite": suite, "what": what, "figures": figures, "commit": commit(), "date": _today()}
    new = folder / f".{suite}.{os.getpid()}"
    new.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    new.replace(folder / f"{suite}.json")


def add_up(suite: str, what: str, figures: Mapping[str, int], folder: Path = FIGURES) -> None:
    """Adds figures to those of the suite's file, and notes how many of its days ran on which commit.

    Several processes may add to one file at once.
    """
    folder.mkdir(exist_ok=True)
    file = folder / f"{suite}.json"
    with _alone(folder):
        total: Counter[str] = Counter(json.loads(file.read_text("utf-8"))["figures"] if file.exists() else {})
        total.update(figures)
        total[f"days on {commit()}"] += figures["days"]
        write(suite, what, total, folder)


def record(suite: str, what: str, figures: Mapping[str, int], folder: Path = FIGURES) -> None:
    """Adds a long test's figures to those of its suite on this commit, where NURTURE_FIGURES=1 says that they count."""
    if os.environ.get("NURTURE_FIGURES") != "1":
        return
    folder.mkdir(exist_ok=True)
    file = folder / f"{suite}.json"
    with _alone(folder):
        found = json.loads(file.read_text("utf-8")) if file.exists() else {}
        total = Counter(found["figures"] if found.get("commit") == commit() else {})
        total.update(figures)
        write(suite, what, total, folder)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


@cache
def commit() -> str:
    """The commit that this process began on, with a mark where the engine lay there changed."""
    head, changed = _git("rev-parse", "--short", "HEAD"), _git("status", "--porcelain", "--", "nurture")
    return f"{head or 'unknown'}{'+changes' if changed else ''}"


def _git(*words: str) -> str:
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True).stdout.strip()


def _today() -> str:
    return f"{system_clock().now():%Y-%m-%d}"
