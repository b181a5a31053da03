"""What the owner sees before anything leaves: the foresight of the next tick, and why a customer gets what they get."""

from .foresight import ForeseenTouch, Foresight, Summary, foresee
from .record import as_json
from .table import as_table

__all__ = ["ForeseenTouch", "Foresight", "Summary", "as_json", "as_table", "foresee"]
