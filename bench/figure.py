"""A measured number beside the goal it was measured for."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from .effort import Effort


@dataclass(frozen=True)
class Figure:
    """One line of the table."""

    what: str
    """What was measured."""
    value: float
    """The median of the rounds, or the one number there is."""
    unit: str
    """x (a ratio) | ms | s | µs | MB | rows."""
    database: str = ""
    goal: float | None = None
    """None = only told, nothing was promised."""
    least: bool = False
    """The goal is the least that will do, not the most."""
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the goal is reached; None without one."""
        if self.goal is None:
            return None
        return self.value >= self.goal if self.least else self.value <= self.goal


def ratio(
    what: str, pairs: Sequence[tuple[Effort, Effort]], database: str, goal: float | None, *, least: bool = False
) -> Figure:
    """The median of each round's ratio of processor time, with the best round and the medians of both as a note."""
    ratios = [ours.cpu / theirs.cpu for ours, theirs in pairs]
    walls = [ours.wall / theirs.wall for ours, theirs in pairs]
    ours, theirs = (median(each.cpu for each in side) for side in zip(*pairs, strict=True))
    best = max(ratios) if least else min(ratios)
    note = f"best {best:.2f}, wall {median(walls):.2f}; {seconds(ours)} : {seconds(theirs)}, {len(pairs)} rounds"
    return Figure(what, median(ratios), "x", database, goal, least, note)


def table(figures: Iterable[Figure]) -> str:
    """A Markdown table of all the figures."""
    head = ["| what | database | measured | goal | | |", "|---|---|---:|---:|---|---|"]
    return "\n".join(head + [_line(each) for each in figures])


def _line(figure: Figure) -> str:
    goal = "" if figure.goal is None else f"{'≥' if figure.least else '≤'} {_number(figure.goal, figure.unit)}"
    met = {None: "", True: "met", False: "**missed**"}[figure.met]
    cells = (figure.what, figure.database, _number(figure.value, figure.unit), goal, met, figure.note)
    return f"| {' | '.join(cells)} |"


def _number(value: float, unit: str) -> str:
    digits = 0 if abs(value) >= 100 or value == int(value) else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f}{'' if unit == 'x' else ' '}{unit}"


def seconds(value: float) -> str:
    """A duration for a note."""
    return f"{value:.2f} s" if value >= 1 else f"{value * 1000:.1f} ms"
