"""Messages written by a process beside the worker: the same bytes, and its death costs nobody a message."""

import asyncio
import os
import pickle
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from select import select as select_ready
from subprocess import PIPE

import pytest
from sqlalchemy import Engine, select

from nurture.delivery.claiming import claim
from nurture.delivery.composer import Composer
from nurture.delivery.freezing import Press, Unwritable, gather, write
from nurture.delivery.looking import Looked, look
from nurture.delivery.values import Claimed, Ready
from nurture.delivery.worker import Worker
from nurture.message.template import Templates
from nurture.store import open_engine, reading, writing
from nurture.store.tables import Touch, table
from tests.planning.people import instant, letter

from .post import Post

THANKS = letter("thanks", "{after: order}", step="valid_for: 5 days")
NOON = "2026-11-20 12:00"
TOUCH = table(Touch)


@pytest.fixture
def ledger(sqlite_database: str) -> Iterator[Engine]:
    """On one database, where it does not matter which."""
    opened = open_engine(sqlite_database)
    yield opened
    opened.dispose()


class Watched(Composer):
    """Tells of each batch whether it was written there; `before` each, something may happen to the process."""

    def __init__(self, engine: Engine, before: Callable[["Watched"], None] = lambda _: None) -> None:
        super().__init__(engine)
        self.before, self.answers = before, list[int | None]()
        """Messages of each answer, None where none came."""
        self.starts = 0

    async def start(self, press: Press) -> None:
        self.starts += 1
        await super().start(press)

    async def compose(self, press: Press, claims: Sequence[Claimed], now: datetime) -> list[Ready | Unwritable] | None:
        self.before(self)
        found = await super().compose(press, claims, now)
        self.answers.append(None if found is None else len(found))
        return found

    def signal(self, number: int) -> None:
        assert self.pid
        os.kill(self.pid, number)


class Broken(Composer):
    """Fails as a full disk would, when the next batch has been claimed."""

    async def compose(self, press: Press, claims: Sequence[Claimed], now: datetime) -> list[Ready | Unwritable] | None:
        await asyncio.sleep(0.5)
        raise OSError("the disk")


def busy(engine: Engine, folder: Path, people: int) -> Post:
    """A shop in which so many thanks are due at noon."""
    post = Post(engine, folder, THANKS, email={"from_address": "minato@minato.example"})
    for number in range(people):
        post.shop.order(post.shop.customer(f"person{number}", family_name=f"山田{number}"), "2026-11-20 10:00")
    post.shop.tick(NOON)
    post.standing.at = instant(NOON)
    return post


def deliver(post: Post, composer: Composer, meanwhile: Callable[[Worker], Awaitable[None]]) -> dict[str, int]:
    """Delivers what is due after `meanwhile`."""

    async def run() -> dict[str, int]:
        worker = post.worker(composer=composer)
        try:
            await meanwhile(worker)
            return dict((await worker.deliver_due()).counts)
        finally:
            await composer.close()
            await worker.close()

    return asyncio.run(run())


def started(post: Post, composer: Composer) -> Callable[[Worker], Awaitable[None]]:
    async def start(worker: Worker) -> None:
        await composer.start(post.press)
        assert composer.ready

    return start


def recipients(post: Post) -> Counter[str]:
    return Counter(ready.claimed.address for _, ready in post.mail.arrived)


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_it_writes_the_bytes_that_would_be_written_here(engine: Engine, tmp_path: Path) -> None:
    post, composer = busy(engine, tmp_path, 120), Watched(engine)
    assert deliver(post, composer, started(post, composer)) == {"sent": 120}
    assert composer.answers == [100, 20]
    now, arrived = instant(NOON), [ready for _, ready in post.mail.arrived]
    with reading(engine) as connection:
        contexts = gather(connection, post.press, [ready.claimed for ready in arrived], now)
    assert arrived == [write(post.press, ready.claimed, contexts[ready.claimed.touch_id], now) for ready in arrived]


def test_killed_in_the_middle_it_is_done_without(ledger: Engine, tmp_path: Path) -> None:
    def kill(composer: Watched) -> None:
        if composer.answers and composer.pid:
            composer.signal(signal.SIGKILL)

    post, composer = busy(ledger, tmp_path, 210), Watched(ledger, kill)
    assert deliver(post, composer, started(post, composer)) == {"sent": 210}
    assert (composer.answers[0], composer.answers[-1]) == (100, None)
    assert set(recipients(post).values()) == {1}
    assert len(recipients(post)) == 210
    assert composer.starts == 1


def test_stopped_with_a_batch_and_a_look_behind_it_it_is_given_up(ledger: Engine, tmp_path: Path) -> None:
    def stop(composer: Watched) -> None:
        if composer.pid:
            composer.longest = 3  # it has begun: that may take longer on a busy machine
            composer.signal(signal.SIGSTOP)

    post, composer = busy(ledger, tmp_path, 210), Watched(ledger, stop)
    assert deliver(post, composer, started(post, composer)) == {"sent": 210}
    assert composer.answers[0] is None


def test_an_answer_to_who_went_away_is_not_taken_for_that_of_the_next(ledger: Engine, tmp_path: Path) -> None:
    """Both batches are of one size: only its number tells whose answer it is."""
    post, composer = busy(ledger, tmp_path, 40), Composer(ledger)
    situation, now = post.shift.situation(instant(NOON)), instant(NOON)

    async def run() -> list[Ready | Unwritable] | None:
        await composer.start(post.press)
        with writing(ledger) as connection:
            one, other = (
                claim(connection, situation, worker="w", channels=("email",), limit=20, lease=60) for _ in range(2)
            )
        first = asyncio.create_task(composer.compose(post.press, one, now))
        second = asyncio.create_task(composer.compose(post.press, other, now))
        await asyncio.sleep(0)
        first.cancel()
        try:
            return await second
        finally:
            await composer.close()

    assert asyncio.run(run()) is None


def test_once_lost_it_is_not_begun_again_in_the_same_run(ledger: Engine, tmp_path: Path) -> None:
    post, composer = busy(ledger, tmp_path, 1), Watched(ledger, lambda composer: composer.signal(signal.SIGKILL))

    async def run() -> list[int]:
        starts = []
        await composer.start(post.press)
        assert await composer.compose(post.press, [], instant(NOON)) is None
        for end in (composer.close, composer.close, composer.close):
            composer.begin(post.press)
            await asyncio.sleep(0)
            starts.append(composer.starts)
            await end()
        return starts

    # After the first `close` another may be begun, also where the one before was closed in its first step.
    assert asyncio.run(run()) == [1, 2, 3]


def test_a_database_that_it_cannot_read_is_asked_by_the_worker_itself(ledger: Engine, tmp_path: Path) -> None:
    post, composer = busy(ledger, tmp_path, 20), Composer(open_engine(f"sqlite:///{tmp_path}/nothing.db"))
    assert deliver(post, composer, started(post, composer)) == {"sent": 20}


def test_what_may_be_claimed_is_found_there_as_here(ledger: Engine, tmp_path: Path) -> None:
    post, composer = busy(ledger, tmp_path, 30), Composer(ledger)
    post.shop.suppress(3, "2026-11-20 10:00")
    times = [instant("2026-11-20 12:00"), instant("2026-11-20 23:00")]
    situations = [post.shift.situation(each) for each in times]

    async def there() -> list[Looked | None]:
        await composer.start(post.press)
        found = [await composer.look(each, ("email", "line"), 20) for each in situations]
        await composer.close()
        return found

    with reading(ledger) as connection:
        here = [look(connection, each, ("email", "line"), 20) for each in situations]
    assert asyncio.run(there()) == here
    assert [len(each.asked) for each in here] == [20, 20]


def test_where_it_dies_before_it_has_looked_the_worker_looks_itself(ledger: Engine, tmp_path: Path) -> None:
    post, composer = busy(ledger, tmp_path, 20), Watched(ledger)

    async def killed(worker: Worker) -> None:
        await composer.start(post.press)
        composer.signal(signal.SIGKILL)

    assert deliver(post, composer, killed) == {"sent": 20}


def test_a_template_that_fails_for_one_fails_for_one(ledger: Engine, tmp_path: Path) -> None:
    post, composer = busy(ledger, tmp_path, 5), Composer(ledger)
    (tmp_path / "letter.txt.j2").write_text(
        '---\nsubject: "s"\n---\n{{ 1 // (0 if "山田3" in customer.called else 1) }}\n', encoding="utf-8"
    )
    post.templates = Templates.load(tmp_path)
    assert deliver(post, composer, started(post, composer)) == {"sent": 4, "failed": 1}
    with ledger.connect() as connection:
        failed = connection.scalars(select(TOUCH.c.result).where(TOUCH.c.status == "failed")).one()
    assert failed.startswith("template ")
    assert "letter.txt.j2:4 message.by_zero" in failed


def test_a_changed_template_reaches_it(ledger: Engine, tmp_path: Path) -> None:
    post, composer = busy(ledger, tmp_path, 3), Composer(ledger)

    async def changed(worker: Worker) -> None:
        await composer.start(post.press)
        (tmp_path / "letter.txt.j2").write_text('---\nsubject: "新"\n---\nnew words\n', encoding="utf-8")
        post.templates = Templates.load(tmp_path)
        worker.shift = post.worker().shift

    assert deliver(post, composer, changed) == {"sent": 3}
    assert all(b"bmV3IHdvcmRz" in ready.body for _, ready in post.mail.arrived)


def test_much_to_do_begins_it_and_an_end_in_its_first_moment_leaves_nothing_behind(
    ledger: Engine, tmp_path: Path
) -> None:
    post, composer = busy(ledger, tmp_path, 201), Composer(ledger)
    seen: list[int] = []

    def look(ready: Ready) -> None:
        if composer.pid and not seen:
            seen.append(composer.pid)

    async def nothing(worker: Worker) -> None:
        assert not composer.ready

    post.mail.before_fence = look
    assert deliver(post, composer, nothing) == {"sent": 201}
    assert seen
    assert not is_alive(seen[0])


def test_it_ends_with_its_worker(ledger: Engine, tmp_path: Path) -> None:
    post = busy(ledger, tmp_path, 1)
    program = """
import asyncio, pickle, sys
from nurture.delivery.composer import Composer
from nurture.store import open_engine

async def main():
    composer = Composer(open_engine(sys.argv[1]))
    await composer.start(pickle.loads(sys.stdin.buffer.read()))
    print(composer.pid, flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""
    url = ledger.url.render_as_string(hide_password=False)
    command = [sys.executable, "-c", program, url]
    with subprocess.Popen(command, stdin=PIPE, stdout=PIPE, stderr=PIPE, cwd=Path.cwd()) as worker:
        assert worker.stdin
        assert worker.stdout
        worker.stdin.write(pickle.dumps(post.press))
        worker.stdin.flush()
        worker.stdin.close()
        pid = int(worker.stdout.readline())
        assert is_alive(pid)
        composer = os.pidfd_open(pid)
        worker.kill()
        worker.stdin = None
        ended, _, _ = select_ready([composer], [], [], 30)
        os.close(composer)
        worker.communicate(timeout=30)
    assert ended
    assert not is_alive(pid)


def test_a_batch_that_was_claimed_while_the_one_before_failed_is_given_back(engine: Engine, tmp_path: Path) -> None:
    post, composer = busy(engine, tmp_path, 250), Broken(engine)
    with pytest.raises(OSError, match="the disk"):
        deliver(post, composer, started(post, composer))
    with engine.connect() as connection:
        assert set(connection.scalars(select(TOUCH.c.status))) == {"planned"}
