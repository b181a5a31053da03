"""A shelf: memory that this process and one beside it share, for what is too much for a pipe.

A pipe takes 64 KiB at a time, copies them twice, and wakes both sides for each: ten times what it takes to put a
message here and to take it from here.
"""

import os
from collections.abc import Iterable, Sequence
from tempfile import TemporaryFile


class Shelf:
    """Room for one load at a time: who takes it says when there may be another."""

    def __init__(self, descriptor: int | None = None) -> None:
        """`descriptor`: of a shelf that another process made and passed on; None makes one."""
        self.descriptor = _made() if descriptor is None else descriptor

    def put(self, pieces: Iterable[bytes]) -> list[int]:
        """Puts pieces there, in place of what was there; gives their lengths, by which they are taken."""
        lengths, place = [], 0
        for each in pieces:
            _write(self.descriptor, each, place)
            lengths.append(len(each))
            place += len(each)
        return lengths

    def take(self, lengths: Sequence[int]) -> list[bytes]:
        """The pieces that were put there, by their lengths. Raises EOFError where one is not there whole."""
        pieces, place = [], 0
        for length in lengths:
            piece = os.pread(self.descriptor, length, place)
            if len(piece) != length:
                raise EOFError(f"{len(piece)} of {length} bytes")
            pieces.append(piece)
            place += length
        return pieces

    def close(self) -> None:
        """Frees it, once the other process has ended."""
        os.close(self.descriptor)


def _made() -> int:
    if hasattr(os, "memfd_create"):
        return os.memfd_create("nurture-shelf")
    with TemporaryFile() as nameless:
        return os.dup(nameless.fileno())


def _write(descriptor: int, piece: bytes, place: int) -> None:
    left = memoryview(piece)
    while left:
        written = os.pwrite(descriptor, left, place)
        left, place = left[written:], place + written
