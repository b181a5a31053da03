"""The shape of a row beside its header: whether it has cells that no column takes, or lacks some that it holds."""

from collections.abc import Sequence

from nurture.intake.cells import RowRefused
from nurture.intake.field.mail import looks_like_mail
from nurture.intake.field.text import narrow
from nurture.intake.layout import Layout

TOTALS = frozenset({"合計", "総合計", "総計", "小計", "中計", "累計", "計"})
"""What a row of sums begins with; nobody is called so."""
_LONGEST_TOTAL = 10
SHOWN = 60
"""Characters that are told."""


def refuse_misshapen(cells: Sequence[str], layout: Layout, delimiter: str) -> None:
    """Raises RowRefused where a row loses something if it is read by its positions, or is a row of sums.

    A row too long is fine while the rest is empty. A row too short is what Excel itself writes where the last
    columns are empty (Microsoft KB 77295), unless a mail address shows that its end stands between the quotes of
    another cell, or that it is itself the end of a row which a line end without quotes cut in two.
    """
    _refuse_total(cells)
    if len(cells) > len(layout.headers):
        _refuse_wide(cells, len(layout.headers))
    elif len(cells) < len(layout.headers):
        mail = layout.columns.get("email", ())
        _refuse_narrow(cells, len(layout.headers), mail, delimiter)
        if mail and len(cells) <= min(mail):
            _refuse_displaced(cells, layout)


def _refuse_total(cells: Sequence[str]) -> None:
    first = next(filter(None, (cell.strip() for cell in cells)), "")
    if len(first) < _LONGEST_TOTAL and "".join(narrow(first).split()) in TOTALS:
        raise RowRefused("reject.total", found=first)


def _refuse_wide(cells: Sequence[str], limit: int) -> None:
    extra = " ".join(filter(None, (cell.strip() for cell in cells[limit:])))
    if extra:
        raise RowRefused("reject.too_wide", found=len(cells), limit=limit, extra=extra[:SHOWN])


def _refuse_narrow(cells: Sequence[str], limit: int, mail: Sequence[int], delimiter: str) -> None:
    for at, cell in enumerate(cells):
        _, *rest = cell.split(delimiter)
        if at not in mail and any(map(looks_like_mail, rest)):
            raise RowRefused("reject.too_narrow", found=len(cells), limit=limit, held=cell[:SHOWN])


def _refuse_displaced(cells: Sequence[str], layout: Layout) -> None:
    # An address may be the shop's number for a customer, or stand in a column that nobody reads.
    others = {at for name, places in layout.columns.items() if name != "key" for at in places}
    for at, cell in enumerate(cells):
        if at in others and looks_like_mail(cell):
            raise RowRefused("reject.displaced", found=cell.strip()[:SHOWN])
