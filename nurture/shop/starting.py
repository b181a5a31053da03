"""A new shop folder: the files of a kind of shop, its sample data, and what an owner needs to begin; all or nothing."""

import json
import re
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path

from nurture.campaign import campaign_schema
from nurture.mistake import Mistake, MistakesFound, Place, nearest
from nurture.shop.sample import write_salon, write_shop

SAMPLES: Mapping[str, Callable[[Path, date], list[Path]]] = {"shop": write_shop, "salon": write_salon}
KINDS = tuple(SAMPLES)
"""What `--kind` may be."""
HERE = Path(__file__).resolve().parent


def start(folder: Path, kind: str, language: str, today: date) -> list[Path]:
    """Writes a working folder for a shop of that kind and gives the paths of its files, sorted.

    `language` ("ja" or "en") is what the owner reads; the letters to customers are Japanese. `today` is the shop's
    local date, around which the sample data lies. Raises MistakesFound, and leaves everything as it was, when the
    kind is unknown, when a file would be overwritten or when something can't be written.
    """
    source = kind_folder(kind)
    if folder.exists() and not folder.is_dir():
        raise MistakesFound([Mistake(Place(str(folder)), "shop.not_folder")])
    try:
        with tempfile.TemporaryDirectory(prefix=".nurture-", dir=_nearest_folder(folder)) as staging:
            # One level below: the outer folder is closed to other people of the machine, a shop's folder need not be.
            staged = Path(staging) / "shop"
            _write(staged, source, kind, language, today)
            return _move(staged, folder)
    except OSError as problem:
        place = Place(str(problem.filename or folder))
        raise MistakesFound([Mistake(place, "shop.not_written", {"problem": problem.strerror})]) from None


def kind_folder(kind: str) -> Path:
    """Where config.yaml, campaigns and templates of a kind lie. Raises MistakesFound for a kind that is not built.

    The shop's are the repository's own; a wheel carries a copy of them.
    """
    if kind not in KINDS:
        values = {"found": kind, "allowed": ", ".join(KINDS)}
        raise MistakesFound([Mistake(Place("--kind"), "shop.kind", values, suggestion=nearest(kind, KINDS))])
    shipped = HERE / "kinds" / kind
    return shipped if (shipped / "config.yaml").is_file() else HERE.parents[1]


def _nearest_folder(folder: Path) -> Path:
    # Files are moved into place, which works only within one file system.
    return next(each for each in (folder.absolute(), *folder.absolute().parents) if each.is_dir())


def _write(folder: Path, source: Path, kind: str, language: str, today: date) -> None:
    folder.mkdir()
    config = (source / "config.yaml").read_text("utf-8")
    (folder / "config.yaml").write_text(re.sub(r"(?m)^language: \w+", f"language: {language}", config), "utf-8")
    for part in ("campaigns", "templates"):
        shutil.copytree(source / part, folder / part, ignore=shutil.ignore_patterns(".*", "__pycache__"))
    data = SAMPLES[kind](folder / "data", today)
    schema = json.dumps(campaign_schema(), ensure_ascii=False, indent=2)
    (folder / "nurture.schema.json").write_text(schema + "\n", "utf-8")
    _write_desk(folder, _name(config), language, data)


def _write_desk(folder: Path, name: str, language: str, data: Sequence[Path]) -> None:
    desk = HERE / "desk"
    shutil.copyfile(desk / "gitignore", folder / ".gitignore")
    shutil.copyfile(desk / "env.example", folder / ".env.example")
    readme = (desk / f"README.{language}.md").read_text("utf-8")
    files = " ".join(path.relative_to(folder).as_posix() for path in data)
    (folder / "README.md").write_text(readme.replace("{name}", name).replace("{files}", files), "utf-8")


def _name(config: str) -> str:
    found = re.search(r"(?m)^  name: +(.+?)(?: +#.*)?$", config)
    return found[1] if found else ""


def _move(staged: Path, folder: Path) -> list[Path]:
    """Every file to its place, or none of them."""
    files = sorted(path.relative_to(staged) for path in staged.rglob("*") if path.is_file())
    if taken := [folder / file for file in files if _is_taken(folder / file)]:
        raise MistakesFound(Mistake(Place(str(path)), "shop.exists") for path in taken)
    done: list[Path] = []
    made: list[Path] = []
    try:
        for file in files:
            _make_folder((folder / file).parent, made)
            (staged / file).rename(folder / file)
            done.append(folder / file)
    except OSError:
        for path in done:
            path.unlink()
        for path in reversed(made):
            path.rmdir()
        raise
    return done


def _is_taken(path: Path) -> bool:
    return path.exists() or path.is_symlink()


def _make_folder(folder: Path, made: list[Path]) -> None:
    if not folder.is_dir():
        _make_folder(folder.parent, made)
        folder.mkdir()
        made.append(folder)
