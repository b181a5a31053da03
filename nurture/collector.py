"""Python's collector of cyclic garbage, set aside while rows are worked through by the hundred thousand."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


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
