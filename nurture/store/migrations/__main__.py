"""For developers: `python -m nurture.store.migrations "What changed"` drafts the next migration from the models.

Read the draft, run `ruff format` on it, and try it on both databases. A migration that was released is never changed.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from alembic import command
from alembic.script import ScriptDirectory

from nurture.store.engine import open_engine, writing
from nurture.store.migrations import alembic_config


def draft(message: str) -> None:
    """Writes the file `versions/<next number>_<message>.py` with the difference between migrations and models."""
    count = len(list(ScriptDirectory.from_config(alembic_config()).walk_revisions()))
    with TemporaryDirectory() as folder:
        engine = open_engine(f"sqlite:///{Path(folder) / 'draft.db'}")
        with writing(engine) as connection:
            config = alembic_config(connection)
            command.upgrade(config, "head")
            command.revision(config, message, autogenerate=True, rev_id=f"{count + 1:04}")
        engine.dispose()


if __name__ == "__main__":
    draft(sys.argv[1])
