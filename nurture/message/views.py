"""What a template sees: frozen values without a database behind them; printing one that is missing fails."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from jinja2 import StrictUndefined
from jinja2.utils import missing


class View:
    """A group of values under one name, such as `order`; what it does not hold is missing."""

    __slots__ = ("_name", "_values")
    _name: str
    _values: Mapping[str, Any]
    """What is not missing."""

    def __init__(self, name: str, values: Mapping[str, Any]) -> None:
        """Values that are None or empty text are left out: they are missing."""
        held = {key: value for key, value in values.items() if value is not None and value != ""}
        object.__setattr__(self, "_name", name)
        object.__setattr__(self, "_values", MappingProxyType(held))

    def __getattr__(self, key: str) -> Any:
        try:
            return self._values[key]
        except KeyError:
            raise AttributeError(key) from None

    def __getitem__(self, key: str) -> Any:
        return self._values[key]

    def __setattr__(self, key: str, value: Any) -> None:
        raise AttributeError(f"{self._name} can't be changed")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, View) and (self._name, self._values) == (other._name, other._values)

    def __hash__(self) -> int:
        return hash((self._name, tuple(self._values)))

    def __repr__(self) -> str:
        return f"View({self._name!r}, {dict(self._values)!r})"


class Shop(View):
    """The shop's own values: they may be empty, and are never missing."""

    __slots__ = ("constants",)
    constants: tuple[tuple[str, str], ...]
    """Its values by their whole names, such as `shop.name`."""

    def __init__(self, values: Mapping[str, str]) -> None:
        object.__setattr__(self, "_name", "shop")
        object.__setattr__(self, "_values", MappingProxyType(dict(values)))
        object.__setattr__(self, "constants", tuple((f"shop.{name}", value) for name, value in values.items()))


class Item(View):
    """One thing on an order; printed, it is its name."""

    __slots__ = ()

    def __str__(self) -> str:
        return str(self._values["name"])


@dataclass(frozen=True)
class YearlyDate:
    """A day that comes round every year."""

    year: int | None
    """The year of the first one, None when unknown."""
    month: int
    day: int

    def __str__(self) -> str:
        return f"{self.month}月{self.day}日"


class Missing(StrictUndefined):
    """A value that is not there; whatever a template does with it but asking `is defined` fails with its name."""

    __slots__ = ()

    @property
    def _undefined_message(self) -> str:
        if self._undefined_hint:
            return self._undefined_hint
        holder = self._undefined_obj
        if holder is missing:
            return str(self._undefined_name)
        name = holder._name if isinstance(holder, View) else type(holder).__name__
        return f"{name}.{self._undefined_name}"
