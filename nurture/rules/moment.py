"""The instant of a question, for statements that are built once and run at many instants."""

from collections.abc import Callable
from threading import local
from typing import Any

from sqlalchemy import BigInteger, BindParameter
from sqlalchemy.types import TypeEngine


class Moment:
    """Parameters that are read when a statement runs, from what this thread was told last.

    Building a statement costs ten times what running it does. One that is kept may not know an instant, only whom to
    ask for it.
    """

    def __init__(self) -> None:
        self._told = local()
        self.now: BindParameter[int] = self.bound(lambda now: now)
        """The instant itself, epoch seconds."""

    def tell(self, **values: Any) -> None:
        """What holds from now on in this thread: `now`, epoch seconds, and whatever else is asked for by name."""
        vars(self._told).update(values)

    def bound(
        self, read: Callable[[Any], Any], of: str = "now", type_: TypeEngine[Any] | type[TypeEngine[Any]] = BigInteger
    ) -> BindParameter[Any]:
        """A parameter that follows from the value called `of`."""
        return Late(None, callable_=lambda: read(getattr(self._told, of)), type_=type_, unique=True)


class Late(BindParameter[Any]):
    """A parameter that is read when its statement runs.

    A class of its own: SQLAlchemy would take a statement that differs only in having a plain value there for the same
    one, and where it has compiled that first, read nothing and pass NULL.
    """

    inherit_cache = True
