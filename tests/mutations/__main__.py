"""`python -m tests.mutations`: a copy of the engine without each rule in turn; the named tests must fail on it.

They are run on the whole engine first, where they must pass: a test that fails anyway has noticed nothing. Nor has one
that comes to no end: it may only have been slow.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.simulation.figures import ROOT, write

from .mutants import MUTANTS, Mutant

PROCESSOR, PATIENCE = 400, 1_800
"""Seconds of processor, and in all, for the tests of one rule: enough on a machine that has other things to do."""
WORDS = {True: "noticed ", False: "SURVIVED", None: "ENDLESS "}
COPIED = ("nurture", "tests", "templates", "campaigns", "docs", "pyproject.toml", "config.yaml", "Makefile")


def main() -> int:
    """Exit status 1 where a rule could be taken away unnoticed."""
    names = sys.argv[1:]
    chosen = [each for each in MUTANTS if not names or any(name in each.rule for name in names)]
    survived = []
    with tempfile.TemporaryDirectory(prefix="nurture-mutant-") as folder:
        here = copied(Path(folder))
        if fails(here, {each.tests for each in chosen}, {each.only for each in chosen}) is not False:
            raise SystemExit("the tests don't pass on the whole engine")
        for each in chosen:
            noticed = killed(here, each)
            _say(f"{WORDS[noticed]}  {each.rule}")
            survived += [] if noticed else [each.rule]
    if not names:
        figures = {"rules taken away": len(chosen), "noticed": len(chosen) - len(survived)}
        write("mutations", "Each safety rule taken out of the engine in turn; a test must fail", figures)
    return bool(survived)


def copied(folder: Path) -> Path:
    """A copy of the engine and its tests."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif source.exists():
            shutil.copy(source, folder / name)
    return folder


def killed(here: Path, mutant: Mutant) -> bool | None:
    """Whether the tests notice that the rule is gone, as `fails`. Raises where the rule can't be found any more."""
    file = here / "nurture" / mutant.file
    whole = file.read_text("utf-8")
    if whole.count(mutant.old) != 1:
        raise SystemExit(f"{mutant.file} says {whole.count(mutant.old)} times, not once: {mutant.old!r}")
    file.write_text(whole.replace(mutant.old, mutant.new), encoding="utf-8")
    try:
        return fails(here, {mutant.tests}, {mutant.only})
    finally:
        file.write_text(whole, encoding="utf-8")


def fails(here: Path, tests: set[str], only: set[str]) -> bool | None:
    """Whether one of these tests fails in the copy, on SQLite where it is run on both; None where they don't end."""
    limited = ["/bin/sh", "-c", f'ulimit -t {PROCESSOR * len(only)}; exec "$@"', "sh"]
    words = [*limited, sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *sorted(tests)]
    words += ["-k", f"({' or '.join(sorted(only))}) and not postgresql"]
    environment = {**os.environ, "PYTHONPATH": str(here), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            words, cwd=here, env=environment, capture_output=True, text=True, timeout=PATIENCE * len(only)
        )
    except subprocess.TimeoutExpired:
        return None
    if done.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
        return None
    if done.returncode not in (0, 1):
        raise SystemExit(f"{only}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.returncode == 1


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
