"""A shelf between two processes."""

import os
import subprocess
import sys

import pytest

from nurture.shelf import Shelf


def test_what_another_process_puts_there_is_taken_here() -> None:
    shelf = Shelf()
    program = (
        "from nurture.shelf import Shelf; import sys; print(Shelf(int(sys.argv[1])).put([b'abc', b'', b'x' * 200_000]))"
    )
    told = subprocess.run(
        [sys.executable, "-c", program, str(shelf.descriptor)],
        pass_fds=[shelf.descriptor],
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert told.stdout == b"[3, 0, 200000]\n"
    assert shelf.take([3, 0, 200_000]) == [b"abc", b"", b"x" * 200_000]
    shelf.close()


def test_the_next_load_takes_the_place_of_the_last_one() -> None:
    shelf = Shelf()
    shelf.put([b"a long piece", b"another"])
    assert shelf.take(shelf.put([b"new"])) == [b"new"]
    shelf.close()


def test_a_piece_that_is_not_there_whole_is_not_taken() -> None:
    shelf = Shelf()
    shelf.put([b"short"])
    with pytest.raises(EOFError):
        shelf.take([9])
    shelf.close()


def test_it_works_where_the_machine_shares_no_memory_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """macOS has no memfd."""
    monkeypatch.delattr(os, "memfd_create", raising=False)
    shelf = Shelf()
    assert shelf.take(shelf.put([b"a", b"b"])) == [b"a", b"b"]
    shelf.close()
