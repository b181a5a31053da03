"""A measured number beside the goal it was measured for."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median


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


def ratio(what: str, pairs: Sequence[tuple[float, float]], **more: object) -> Figure:
    """The median of the ratios of each round, with the best round and both medians as a note."""
    ratios = [ours / theirs for ours, theirs in pairs]
    ours, theirs = (median(each) for each in zip(*pairs, strict=True))
    note = f"min {min(ratios):.2f}; {_seconds(ours)} : {_seconds(theirs)}, {len(pairs)} rounds"
    return Figure(what, median(ratios), "x", note=note, **more)  # type: ignore[arg-type]


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


def _seconds(value: float) -> str:
    return f"{value:.2f} s" if value >= 1 else f"{value * 1000:.1f} ms"
