"""The rules of the house that no linter knows, asked of the source itself: who may import whom, who may read the clock.

Every rule is a pure function from a source file to sentences; the last tests plant each offence and see
it found.
"""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# Imports go down only, and never sideways but on the top level. The ground floor is split, so that its own order is
# written down as well: a mistake is the first thing that anything can make.
LEVELS: tuple[frozenset[str], ...] = (
    frozenset({"clock", "mistake"}),
    frozenset({"address", "beside", "catalogue", "collector", "document", "shelf", "zone"}),
    frozenset({"window"}),
    frozenset({"shape"}),
    frozenset({"store", "config", "condition"}),
    frozenset({"rules", "campaign"}),
    frozenset({"gates", "message", "channels", "insight", "intake"}),
    frozenset({"planning", "delivery", "feedback", "measure"}),
    frozenset({"cli", "__main__", "preview", "check", "daemon", "web", "shop"}),
)
TOP = len(LEVELS) - 1

CLOCK_ROOM = "clock"
CLOCK_READINGS = (
    r"time\.(time|monotonic|perf_counter|process_time|thread_time|clock_gettime)(_ns)?",
    r"time\.(localtime|gmtime|ctime|strftime|sleep)",
    r"datetime\.datetime\.(now|utcnow|today)",
    r"datetime\.date\.today",
    r"sqlalchemy\.(sql\.)?(expression\.)?func\.(now|current_timestamp|current_date|current_time|localtimestamp)",
    r"sqlmodel\.func\.(now|current_timestamp|current_date|current_time|localtimestamp)",
)
CLOCK_IN_SQL = re.compile(r"\b(CURRENT_TIMESTAMP|CURRENT_DATE|CURRENT_TIME|now\(\)|datetime\('now')", re.IGNORECASE)

# Chance makes a run unrepeatable. What must not be guessed needs it all the same, once, in these rooms.
MAY_DRAW: Mapping[str, str] = {
    "store": "the key of the bucket hash and the instance's id, drawn when a database is made",
    "delivery": "the fencing token of a claim",
    "web": "the secret against forged forms",
    "cli": "the signing key that `init` writes for a new shop",
}
CHANCE = (r"uuid\.uuid[14]", r"secrets\..+", r"os\.urandom", r"random\.SystemRandom")
UNSEEDED = r"random\.(?!Random$|SystemRandom$).+"

NAMES_THAT_SAY_NOTHING = frozenset(
    {"utils", "util", "helpers", "helper", "common", "manager", "managers", "base", "misc"}
)
LONGEST_FUNCTION = 60
LONGEST_MODULE = 450


@dataclass(frozen=True)
class Source:
    """One file of the package."""

    path: str
    """Relative to the package's parent, with forward slashes."""
    text: str
    """What stands in it."""

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.path)

    @property
    def package(self) -> tuple[str, ...]:
        """The dotted package that a relative import starts from."""
        return tuple(Path(self.path).parent.parts)

    @property
    def room(self) -> str:
        """`store` for nurture/store/engine.py, `clock` for nurture/clock.py, and '' for the front door."""
        inside = Path(self.path).with_suffix("").parts[1:]
        return "" if inside == ("__init__",) else inside[0]

    @property
    def is_migration(self) -> bool:
        """Migrations are records of what was done to the tables, long by nature."""
        return "/migrations/versions/" in self.path


def read_sources(root: Path) -> list[Source]:
    return [
        Source(path.relative_to(root).as_posix(), path.read_text("utf-8"))
        for path in sorted(root.glob("nurture/**/*.py"))
    ]


@pytest.fixture(scope="module")
def sources() -> list[Source]:
    found = read_sources(ROOT)
    assert found, "no source found: this test looks in the wrong place"
    return found


# --- the rules -------------------------------------------------------------------------------------------------------


def test_imports_go_down_only(sources: list[Source]) -> None:
    assert_none(wrong_imports(sources))


def test_only_the_clock_reads_the_clock(sources: list[Source]) -> None:
    assert_none(offence for each in sources for offence in clock_readings(each))


def test_chance_is_seeded_or_has_a_reason(sources: list[Source]) -> None:
    assert_none(offence for each in sources for offence in draws(each))


def test_modules_have_names_that_say_what_they_hold(sources: list[Source]) -> None:
    assert_none(offence for each in sources for offence in empty_names(each))


def test_no_function_is_longer_than_a_screen(sources: list[Source]) -> None:
    assert_none(offence for each in sources for offence in long_functions(each))


def test_no_module_is_longer_than_one_noun_needs(sources: list[Source]) -> None:
    assert_none(offence for each in sources for offence in long_module(each))


def assert_none(offences: Iterable[str]) -> None:
    found = list(offences)
    assert not found, "\n" + "\n".join(found)


# --- how they are asked ----------------------------------------------------------------------------------------------


def wrong_imports(sources: list[Source]) -> Iterator[str]:
    rooms = {each.room for each in sources} - {""}
    for source in sources:
        for line, target in sorted(set(imported_rooms(source, rooms))):
            reason = why_not(source.room, target)
            if reason:
                yield f"{source.path}:{line}: {reason}"


def why_not(importer: str, target: str) -> str | None:
    """Why the room `importer` may not import `target`; None if it may."""
    for room in (importer, target):
        if room and level_of(room) is None:
            return f"the room '{room}' is on no level: give it one in tests/test_architecture.py, or another name"
    if importer == target or not target:
        return None
    if not importer:
        return f"the package's front door imports '{target}': it may import nothing"
    high, low = level_of(importer), level_of(target)
    assert high is not None
    assert low is not None
    if low < high or low == high == TOP:
        return None
    return f"'{importer}' imports '{target}', which is {'beside' if low == high else 'above'} it"


def level_of(room: str) -> int | None:
    return next((level for level, rooms in enumerate(LEVELS) if room in rooms), None)


def imported_rooms(source: Source, rooms: set[str]) -> Iterator[tuple[int, str]]:
    """(line, room) of every import of our own, those inside functions and under TYPE_CHECKING included."""
    yield 1, source.room
    for node in ast.walk(source.tree):
        for name in imported_names(node, source.package):
            parts = name.split(".")
            if parts[0] == "nurture":
                # `from nurture import store` names a room, `from nurture import __version__` the front door's own.
                yield (
                    getattr(node, "lineno", 1),
                    parts[1] if len(parts) > 2 or (len(parts) == 2 and parts[1] in rooms) else "",
                )


def imported_names(node: ast.AST, package: tuple[str, ...]) -> Iterator[str]:
    """The absolute dotted names that a statement (or a call of `import_module`) imports."""
    if isinstance(node, ast.Import):
        yield from (alias.name + "." for alias in node.names if alias.name.count("."))
    elif isinstance(node, ast.ImportFrom):
        start = package[: len(package) - node.level + 1] if node.level else ()
        module = ".".join([*start, *([node.module] if node.module else [])])
        yield from (f"{module}.{alias.name}" for alias in node.names)
    elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module") and node.args:
        first = node.args[0]
        if isinstance(first, ast.Constant) and isinstance(first.value, str):
            yield first.value + "."


def clock_readings(source: Source) -> Iterator[str]:
    if source.room == CLOCK_ROOM:
        return
    for line, name in used_names(source.tree):
        if any(re.fullmatch(pattern, name) for pattern in CLOCK_READINGS):
            yield f"{source.path}:{line}: {name}: only nurture/clock.py reads the clock; take `now` as an argument"
    for line, text in sql_texts(source.tree):
        if CLOCK_IN_SQL.search(text):
            yield f"{source.path}:{line}: SQL reads the database's clock; bind `now` as a parameter"


def draws(source: Source) -> Iterator[str]:
    for line, name in used_names(source.tree):
        if re.fullmatch(UNSEEDED, name):
            yield f"{source.path}:{line}: {name}: take a seeded random.Random as an argument"
        elif source.room not in MAY_DRAW and any(re.fullmatch(pattern, name) for pattern in CHANCE):
            yield f"{source.path}:{line}: {name}: '{source.room}' is not in MAY_DRAW of tests/test_architecture.py"
    names = names_of_imports(source.tree)
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and qualified(node.func, names) == "random.Random" and not node.args:
            yield f"{source.path}:{node.lineno}: random.Random() without a seed"


def empty_names(source: Source) -> Iterator[str]:
    for part in Path(source.path).with_suffix("").parts:
        if part.strip("_") in NAMES_THAT_SAY_NOTHING:
            yield f"{source.path}: '{part}' says nothing of what the module holds"


def long_functions(source: Source) -> Iterator[str]:
    if source.is_migration:
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > LONGEST_FUNCTION:
                yield f"{source.path}:{node.lineno}: {node.name} has {length} lines, more than {LONGEST_FUNCTION}"


def long_module(source: Source) -> Iterator[str]:
    length = len(source.text.splitlines())
    if length > LONGEST_MODULE and not source.is_migration:
        yield f"{source.path}: {length} lines, more than {LONGEST_MODULE}: is it still one noun?"


def used_names(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """(line, full dotted name) of everything used or imported, whatever it is called in this file."""
    names = names_of_imports(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute | ast.Name):
            name = qualified(node, names)
            if name:
                yield node.lineno, name


def names_of_imports(tree: ast.Module) -> dict[str, str]:
    """Local name → full dotted name, for every absolute import of the file."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                names[alias.asname or alias.name.split(".")[0]] = (
                    alias.name if alias.asname else alias.name.split(".")[0]
                )
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return names


def qualified(node: ast.expr, names: Mapping[str, str]) -> str | None:
    """The full dotted name of `node`, or None if it does not start at an import."""
    if isinstance(node, ast.Name):
        return names.get(node.id)
    if isinstance(node, ast.Attribute):
        before = qualified(node.value, names)
        return f"{before}.{node.attr}" if before else None
    return None


def sql_texts(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Every string that is no docstring: SQL is among them, and prose does not speak of `now()`."""
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            yield node.lineno, node.value


# --- the rules find what they are for --------------------------------------------------------------------------------


def house(files: Mapping[str, str]) -> list[Source]:
    """A package of the given files: `rules/sql` is nurture/rules/sql.py."""
    return [Source(f"nurture/{name}.py", text) for name, text in files.items()]


@pytest.mark.parametrize(
    "offence",
    [
        "from nurture.planning import plan",
        "from nurture.planning.slots import place",
        "import nurture.planning.slots",
        "import nurture.planning as planning",
        "from nurture import planning",
        "from ..planning import plan",
        "from .. import planning",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from nurture.planning import plan",
        "def late():\n    from nurture.planning import plan",
        "import importlib\nimportlib.import_module('nurture.planning')",
    ],
)
def test_an_import_that_goes_up_is_found_however_it_is_written(offence: str) -> None:
    found = list(wrong_imports(house({"planning/slots": "", "rules/sql": offence})))
    assert len(found) == 1
    assert "'rules' imports 'planning', which is above it" in found[0]


def test_two_rooms_of_a_level_do_not_know_each_other() -> None:
    found = list(
        wrong_imports(house({"planning/slots": "", "delivery/claim": "from nurture.planning.slots import place"}))
    )
    assert found == ["nurture/delivery/claim.py:1: 'delivery' imports 'planning', which is beside it"]


def test_the_top_level_wires_everything_and_a_room_its_own_modules() -> None:
    files = house(
        {
            "cli": "from nurture import daemon\nfrom nurture.store import engine",
            "daemon": "from .clock import Clock",
            "clock": "import time",
            "store/engine": "from .tables import customer\nfrom . import tables\nfrom nurture.zone import day",
            "store/tables": "from ..clock import Clock\nimport sqlmodel",
            "zone": "from nurture import __doc__",
        }
    )
    assert list(wrong_imports(files)) == []


def test_a_room_nobody_planned_is_found_even_if_nothing_imports_it() -> None:
    found = list(wrong_imports(house({"attic": "x = 1"})))
    assert len(found) == 1
    assert "'attic' is on no level" in found[0]


def test_the_front_door_stays_empty() -> None:
    assert len(list(wrong_imports(house({"__init__": "from nurture.clock import Clock", "clock": ""})))) == 1


@pytest.mark.parametrize(
    "offence",
    [
        "import datetime\ndatetime.datetime.now()",
        "import datetime as d\nd.date.today()",
        "from datetime import datetime, UTC\nx = datetime.now(UTC)",
        "from datetime import datetime as when\nfactory = when.utcnow",
        "import time\ntime.monotonic()",
        "from time import perf_counter as tick\ntick()",
        "import time\ntime.time_ns()",
        "from sqlalchemy import func\nfunc.now()",
        "import sqlalchemy as sa\nsa.func.current_timestamp()",
        "from sqlalchemy import text\ntext('UPDATE touch SET at = now()')",
    ],
)
def test_a_reading_of_the_clock_is_found_however_it_is_written(offence: str) -> None:
    (source,) = house({"planning/slots": offence})
    assert len(list(clock_readings(source))) == 1


def test_a_time_that_is_handed_in_is_no_reading() -> None:
    text = "from datetime import datetime, time\ndef plan(now: datetime) -> None:\n    now.time()\n    time(9, 0)"
    (source,) = house({"planning/slots": text})
    assert list(clock_readings(source)) == []


@pytest.mark.parametrize(
    "offence",
    [
        "import random\nrandom.choice([1])",
        "from random import shuffle\nshuffle([])",
        "import random\nrandom.Random()",
        "from uuid import uuid4\nuuid4()",
        "import secrets\nsecrets.token_hex()",
        "import os\nos.urandom(8)",
    ],
)
def test_a_draw_without_a_seed_is_found(offence: str) -> None:
    (source,) = house({"planning/slots": offence})
    assert len(list(draws(source))) == 1


def test_a_seeded_draw_and_a_derived_id_are_welcome() -> None:
    text = "import random, uuid\nrandom.Random(7).choice([1])\nuuid.uuid5(uuid.NAMESPACE_URL, 'a')"
    (source,) = house({"shop/sample": text})
    assert list(draws(source)) == []


def test_empty_names_and_long_things_are_found_and_migrations_may_be_long() -> None:
    tall = "def tall():\n" + "    x = 1\n" * LONGEST_FUNCTION
    utils, long, migration = house(
        {"store/utils": "", "rules/sql": tall * 8, "store/migrations/versions/0001_start": tall * 8}
    )
    assert len(list(empty_names(utils))) == 1
    assert len(list(long_functions(long))) == 8
    assert len(list(long_module(long))) == 1
    assert list(long_functions(migration)) == list(long_module(migration)) == []
