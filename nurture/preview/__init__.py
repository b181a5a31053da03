"""What the owner sees before anything leaves: the foresight of the next tick, and why a customer gets what they get."""

from .explained_record import explanation_json
from .explained_table import explanation_table
from .explanation import Explanation, SeveralPeople, explain_customer
from .foresight import ForeseenTouch, Foresight, Summary, foresee
from .page import as_html
from .record import as_json
from .table import as_table

__all__ = [
    "Explanation",
    "ForeseenTouch",
    "Foresight",
    "SeveralPeople",
    "Summary",
    "as_html",
    "as_json",
    "as_table",
    "explain_customer",
    "explanation_json",
    "explanation_table",
    "foresee",
]
