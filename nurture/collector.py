"""Python's collector of cyclic garbage, set aside while rows are worked through by the hundred thousand."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

MANY = 20_000
"""Objects made and not freed since the collector looked last, for a command and what works through messages."""


def set_out() -> None:
    """What a process loads at its start stays, so that it is looked through less often.

    A tenth of the time in which a daemon and LINE's SDK are loaded went into finding that nothing of them is garbage.
    """
    gc.set_threshold(MANY, 10, 10)


def settle_down() -> None:
    """What is there now is never looked through again, and what comes is, less often.

    For a process that has loaded what it needs and works for hours: modules, campaigns and templates are a hundred
    thousand objects, and a twentieth of the time went into finding again and again that they are still in use.
    """
    gc.collect()
    gc.freeze()
    set_out()


@contextmanager
def uncollected() -> Iterator[None]:
    """Within the block no cycles are looked for: for what makes many objects that don't refer to themselves.

    Looking for them takes a tenth to a quarter of the time. Never around what runs for longer than its rows last.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()
