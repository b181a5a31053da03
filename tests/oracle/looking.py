"""A look at the people about whom two planners differ: everything known of them, and what was decided."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any

from .comparing import readable
from .state import Customer, Pause, Suppression
from .world import World


def describe(world: World, customer_ids: Iterable[int]) -> str:
    """The shop, and each of these people with everybody at their inbox."""
    return "\n".join([*_shop(world), *(line for each in sorted(set(customer_ids)) for line in _person(world, each))])


def _shop(world: World) -> Iterator[str]:
    memory = world.harness.oracle.memory
    yield f"now {readable(world.now)}, settings {json.dumps(world.values, ensure_ascii=False)}"
    yield f"last tick {readable(memory.last_tick)}, last full {readable(memory.last_full)}"
    yield from (json.dumps(each, ensure_ascii=False) for each in [*world.campaigns, *world.segments])
    yield from (_shown(each) for kind in (Pause, Suppression) for each in world.state.all(kind))


def _person(world: World, customer_id: int) -> Iterator[str]:
    state, memory = world.state, world.harness.oracle.memory
    for each in sorted(state.sharing_with(customer_id)):
        yield _shown(state.one(Customer, each))
        rows = (row for table in state.rows.values() for row in table.values())
        yield from (_shown(row) for row in rows if getattr(row, "customer_id", None) == each)
        known = [*memory.enrollments.values(), *memory.touches.values()]
        yield from (_shown(found) for found in known if found.customer_id == each)
        for row in world.harness.decided:
            if row.customer_id == each:
                yield "decided: " + ", ".join(f"{name}={readable(value)}" for name, value in row._mapping.items())


def _shown(row: Any) -> str:
    values = {name: readable(value) for name, value in asdict(row).items() if value not in (None, "")}
    return f"{type(row).__name__} " + ", ".join(f"{name}={value}" for name, value in values.items())
