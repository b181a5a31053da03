"""An event loop in which waiting costs nothing: when nobody has anything to do, its time jumps to whoever is next.

It knows processes, as an operating system does: what a task of a process begins belongs to that process, a paused one
runs nothing until it goes on, and a killed one runs nothing any more. Threads don't exist: what is given to an executor
runs at a seeded instant, all at once, and its result arrives at a later one. A kill may fall between the two.
"""

import asyncio
import heapq
from collections import deque
from collections.abc import Callable
from contextvars import Context, ContextVar, copy_context
from dataclasses import dataclass, field
from random import Random
from typing import Any

PROCESS: ContextVar["Process | None"] = ContextVar("process", default=None)


class Killed(BaseException):
    """The process ends inside of a call, as by SIGKILL."""


class Stuck(Exception):
    """Nothing will ever happen again."""


@dataclass(eq=False)
class Process:
    """Something with a pid."""

    name: str
    dead: bool = False
    paused: bool = False
    buried: bool = False
    """Its remains are being cleared away: they may run, but reach nothing."""
    held: "list[asyncio.Handle]" = field(default_factory=list)
    """What would have run during the pause, or had it lived on."""
    main: Any = None
    """Its first task."""
    beside: Any = None
    """Those that run as long as it does."""
    tasks: "list[asyncio.Task[Any]]" = field(default_factory=list)
    deaths: list[Callable[[], None]] = field(default_factory=list)
    """Told when it is killed: its connections."""

    def kill(self) -> None:
        """Ends it at once; no handler of it runs."""
        self.dead, self.paused = True, False
        for each in self.deaths:
            each()


@dataclass(eq=False)
class Operation:
    """A call on a thread of some process."""

    work: Callable[[], Any]
    context: Context
    process: Process | None
    future: "asyncio.Future[Any]"
    begun: bool = False


class VirtualLoop(asyncio.SelectorEventLoop):
    """See the module."""

    def __init__(self, random: Random) -> None:
        super().__init__()
        self.random = random
        self.steps = 0
        self.pending: dict[Operation, None] = {}
        """Calls on threads that have not begun."""
        self.on_step: Callable[[Process], None] = lambda process: None
        """Told before each step of a process; it may kill or pause it, or move the clock."""
        self.network: Any = None
        """Answers `create_connection`."""
        self.slowest = 0.05
        """Seconds that a call on a thread takes at most, as a rule."""
        self._instant = 0.0
        self._lines: dict[int, float] = {}
        self._addresses: dict[int, tuple[str, int]] = {}
        self.set_task_factory(_adopt)

    def time(self) -> float:
        """Seconds since the world began."""
        return self._instant

    def _run_once(self) -> None:
        ready: deque[asyncio.Handle] = self._ready  # type: ignore[attr-defined]
        if not ready:
            self._jump(ready)
        for _ in range(len(ready)):
            handle = ready.popleft()
            if handle._cancelled:  # type: ignore[attr-defined]
                continue
            process = handle._context.get(PROCESS)  # type: ignore[attr-defined]
            if process is None or process.buried:
                handle._run()
            elif process.paused or process.dead:
                process.held.append(handle)
            else:
                self.steps += 1
                self.on_step(process)
                self._run_unless_stopped(handle, process)

    def _run_unless_stopped(self, handle: asyncio.Handle, process: Process) -> None:
        if process.paused or process.dead:
            process.held.append(handle)
        else:
            handle._run()

    def _jump(self, ready: "deque[asyncio.Handle]") -> None:
        scheduled: list[asyncio.TimerHandle] = self._scheduled  # type: ignore[attr-defined]
        while scheduled and scheduled[0]._cancelled:  # type: ignore[attr-defined]
            heapq.heappop(scheduled)._scheduled = False  # type: ignore[attr-defined]
        if not scheduled:
            raise Stuck
        handle = heapq.heappop(scheduled)
        handle._scheduled = False  # type: ignore[attr-defined]
        self._instant = max(self._instant, handle.when())
        ready.append(handle)

    def resume(self, process: Process) -> None:
        """The process goes on with all that it should have done in the meantime."""
        process.paused = False
        held, process.held = process.held, []
        self._ready.extend(held)  # type: ignore[attr-defined]

    def call_soon_threadsafe(self, callback: Any, *args: Any, context: Context | None = None) -> asyncio.Handle:
        """There are no threads."""
        return self.call_soon(callback, *args, context=context)

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> "asyncio.Future[Any]":  # type: ignore[override]
        """The call runs after a while; calls on one executor in their order, those without one in any."""
        process = PROCESS.get()
        future: asyncio.Future[Any] = self.create_future()
        if process is not None and process.dead:
            future.cancel()
            return future
        operation = Operation(lambda: func(*args), copy_context(), process, future)
        self.pending[operation] = None
        start = self.time() + self._latency()
        if executor is not None:
            start = max(start, self._lines.get(id(executor), 0.0) + 1e-6)
            self._lines[id(executor)] = start
        self.call_at(start, self.begin, operation)
        return future

    def begin(self, operation: Operation) -> None:
        """Runs a call, unless it ran ahead of its time."""
        if operation.begun:
            return
        operation.begun = True
        del self.pending[operation]
        try:
            settle, result = operation.future.set_result, operation.context.run(operation.work)
        except Killed:
            return
        except Exception as problem:
            settle, result = operation.future.set_exception, problem
        operation.context.run(self.call_later, self._latency() / 4, _unless_done, operation.future, settle, result)

    def ahead(self) -> list[Operation]:
        """Calls that could begin now, each the first of its process."""
        found: dict[Process | None, Operation] = {}
        for each in self.pending:
            if each.process is None or not (each.process.dead or each.process.paused):
                found.setdefault(each.process, each)
        return list(found.values())

    async def sock_connect(self, sock: Any, address: Any) -> None:
        """Remembers where a socket was to lead; `create_connection` takes it from there."""
        self._addresses[sock.fileno()] = address[:2]

    async def create_connection(self, factory: Any, host: Any = None, port: Any = None, **options: Any) -> Any:  # type: ignore[override]
        """A connection into the network of this world."""
        sock = options.get("sock")
        if sock is not None:
            host, port = self._addresses.pop(sock.fileno())
            sock.close()
        return await self.network.connect(factory, host, port)

    def _latency(self) -> float:
        return self.random.random() * self.slowest if self.random.random() < 0.95 else self.random.random() * 5


def _unless_done(future: "asyncio.Future[Any]", settle: Callable[[Any], None], result: Any) -> None:
    if not future.done():
        settle(result)


def _adopt(loop: asyncio.AbstractEventLoop, work: Any, **options: Any) -> "asyncio.Task[Any]":
    task: asyncio.Task[Any] = asyncio.Task(work, loop=loop, **options)
    context = options.get("context")
    process = context.get(PROCESS) if context is not None else PROCESS.get()
    if process is not None:
        process.tasks.append(task)
        task.add_done_callback(process.tasks.remove)
    return task
