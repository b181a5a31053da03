"""Files become customer state: reading, checking, matching of people, consent. It plans nothing and sends nothing.

`examine` checks a whole file and shows what it would do; `apply` writes it in short transactions; `resume` goes on with
one that was killed. Read in this order: readers, presets, layout, cells, describing, matching, difference, recording.
"""

from nurture.intake.applying import ImportResult, Unfinished, apply, resume, unfinished
from nurture.intake.examination import Column, Counts, Examination, RejectedRow, discard, examine
from nurture.intake.roster import Suggestion

__all__ = [
    "Column",
    "Counts",
    "Examination",
    "ImportResult",
    "RejectedRow",
    "Suggestion",
    "Unfinished",
    "apply",
    "discard",
    "examine",
    "resume",
    "unfinished",
]
