"""The diagram of docs/delivery.md and the code name the same states."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STATES = {
    "planned",
    "held_out",
    "dropped",
    "expired",
    "cancelled",
    "suppressed",
    "claimed",
    "sending",
    "sent",
    "failed",
    "unknown",
}


def drawn() -> set[str]:
    """States on the arrows of the diagram."""
    diagram = (ROOT / "docs" / "delivery.md").read_text(encoding="utf-8").split("```")[1]
    return {word for word in re.findall(r"[a-z_]+", diagram) if word in STATES}


def written() -> set[str]:
    """States that planning, delivery and feedback write or compare."""
    found: set[str] = set()
    for room in ("planning", "delivery", "feedback", "gates"):
        for file in (ROOT / "nurture" / room).glob("*.py"):
            tree = ast.parse(file.read_text(encoding="utf-8"))
            found |= {
                node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
            }
    return found & STATES


def test_the_diagram_draws_every_state_and_no_other() -> None:
    assert drawn() == written() == STATES
