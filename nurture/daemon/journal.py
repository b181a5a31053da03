"""The log of a process that runs unattended: one event a line, JSON for machines, key=value on a terminal.

No personal data: our own events carry numbers and ids only, and whatever a library wants to say is cut to one line,
with everything that looks like an address taken out.
"""

import logging
import re
import sys
import traceback
from collections.abc import Callable, MutableMapping
from datetime import datetime
from typing import Any

import structlog
from structlog.processors import JSONRenderer, LogfmtRenderer, add_log_level

PERSONAL = re.compile(r"[^\s<>\"'=,;]+@[^\s<>\"'=,;]+|\b[UCR][0-9a-f]{32}\b")
"""Mail addresses and LINE ids."""
FIRST = ("at", "level", "event")
LONGEST = 300
"""Characters that a library's message may have."""

Event = MutableMapping[str, Any]


def keep_journal(now: Callable[[], datetime], *, terminal: bool) -> None:
    """Sends structlog's events and the libraries' warnings to stderr, from now on and in the whole process."""

    def stamped(logger: Any, method: str, event: Event) -> Event:
        event["at"] = now().isoformat(timespec="milliseconds")
        return event

    ordered = _in_order if not terminal else lambda logger, method, event: event
    render: Any = LogfmtRenderer(key_order=FIRST, bool_as_flag=False) if terminal else JSONRenderer(ensure_ascii=False)
    structlog.configure(
        processors=[add_log_level, stamped, _without_people, ordered, render],
        logger_factory=_Stderr,
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    for each in [each for each in root.handlers if isinstance(each, _Library)]:
        root.removeHandler(each)
    root.addHandler(_Library(logging.WARNING))


def spot_of(problem: BaseException) -> str:
    """Where in the source something went wrong: a traceback without its values, which may be personal."""
    frames = traceback.extract_tb(problem.__traceback__)
    own = [each for each in frames if "nurture" in each.filename] or list(frames)
    return f"{own[-1].filename.rpartition('nurture/')[2]}:{own[-1].lineno}" if own else ""


def _without_people(logger: Any, method: str, event: Event) -> Event:
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = PERSONAL.sub("…", value)
    return event


def _in_order(logger: Any, method: str, event: Event) -> Event:
    return {**{key: event[key] for key in FIRST if key in event}, **event}


class _Stderr:
    """Writes lines to whatever stderr is by then; tests exchange it."""

    def __init__(self, *_: object) -> None:
        pass

    def msg(self, line: str) -> None:
        """One line."""
        sys.stderr.write(line + "\n")
        sys.stderr.flush()

    log = debug = info = warn = warning = error = err = critical = fatal = exception = failure = msg


class _Library(logging.Handler):
    """What libraries say, as an event."""

    def emit(self, record: logging.LogRecord) -> None:
        """Their arguments may hold anything: the first line alone is told, and of an error its kind and place."""
        try:
            said = record.getMessage().partition("\n")[0][:LONGEST]
        except Exception:
            said = str(record.msg)[:LONGEST]
        more: dict[str, str] = {}
        if record.exc_info and record.exc_info[1]:
            said = str(record.msg)[:LONGEST]
            more = {"error": type(record.exc_info[1]).__name__, "spot": spot_of(record.exc_info[1])}
        write = structlog.get_logger().error if record.levelno >= logging.ERROR else structlog.get_logger().warning
        write("library", logger=record.name, said=said, **more)
