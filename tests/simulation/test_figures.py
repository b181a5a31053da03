"""Figures of long runs are added up by several processes at once."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ADDING = """
import sys
from pathlib import Path
from tests.simulation.figures import add_up
for _ in range(50):
    add_up("runs", "what", {"days": 1, "faults": 3}, Path(sys.argv[1]))
"""


def test_what_two_processes_add_at_once_is_all_there(tmp_path: Path) -> None:
    words = [sys.executable, "-c", ADDING, str(tmp_path)]
    adding = [subprocess.Popen(words, cwd=ROOT) for _ in range(2)]
    assert [each.wait() for each in adding] == [0, 0]
    (file,) = tmp_path.iterdir()
    figures = json.loads(file.read_text("utf-8"))["figures"]
    assert (figures.pop("days"), figures.pop("faults")) == (100, 300)
    assert list(figures.values()) == [100]
