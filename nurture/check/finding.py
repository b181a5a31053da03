"""What a check finds: a mistake, and whether it keeps messages from leaving."""

from dataclasses import dataclass
from typing import Literal

from nurture.mistake import Mistake

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Finding:
    """One thing to mend or to know."""

    severity: Severity
    """`error`: nothing should be sent before it is mended. `warning`: a person should look."""
    mistake: Mistake
