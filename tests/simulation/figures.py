"""Figures of the suites that prove delivery: one JSON file each, added up over runs, with the commit they ran on."""

import json
import subprocess
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nurture.clock import system_clock

ROOT = Path(__file__).resolve().parents[2]
FIGURES = ROOT / "figures"


def write(suite: str, what: str, figures: Mapping[str, Any]) -> None:
    """Puts a suite's figures into its file, in place of older ones."""
    FIGURES.mkdir(exist_ok=True)
    found = {"suite": suite, "what": what, "figures": figures, "commit": _commit(), "date": _today()}
    _file(suite).write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def add_up(suite: str, what: str, figures: Mapping[str, int]) -> None:
    """Adds figures to those of the suite's file, and notes how many of its days ran on which commit."""
    file = _file(suite)
    total: Counter[str] = Counter(json.loads(file.read_text("utf-8"))["figures"] if file.exists() else {})
    total.update(figures)
    total[f"days on {_commit()}"] += figures["days"]
    write(suite, what, total)


def _file(suite: str) -> Path:
    return FIGURES / f"{suite}.json"


def _commit() -> str:
    found = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    return found.stdout.strip() or "unknown"


def _today() -> str:
    return f"{system_clock().now():%Y-%m-%d}"
