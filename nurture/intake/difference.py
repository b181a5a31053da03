"""What a row changes in what is known of a customer. A pure function: the same row a second time changes nothing."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from nurture.intake.field.name import company_key
from nurture.intake.person import Permission, Person
from nurture.intake.state import State

_PLAIN = ("kana", "postal_code", "prefecture", "street", "gender", "zone", "note", "phone")
BLANK = State()
"""Somebody of whom nothing is known."""


@dataclass(slots=True)
class Changes:
    """What has to be written for one customer."""

    columns: dict[str, Any] = field(default_factory=dict)
    account: str = ""
    """The company's name, where the customer is to belong to another one than before."""
    new_addresses: list[tuple[str, str, str]] = field(default_factory=list)
    """Channel, value, status."""
    removed_addresses: list[int] = field(default_factory=list)
    permissions: list[Permission] = field(default_factory=list)
    """To be recorded; each ends what was in force on its channel."""
    stops: list[tuple[str, str | None]] = field(default_factory=list)
    """Channel and address, None for the person, to be suppressed for commercial mail."""
    dates: dict[tuple[str, str], tuple[int | None, int, int | None]] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    kept_opt_outs: int = 0
    """Permissions in the row that came to nothing, because the person had opted out; no change in itself."""

    def __bool__(self) -> bool:
        found = (self.columns, self.account, self.new_addresses, self.removed_addresses, self.permissions, self.stops)
        return any(found) or bool(self.dates or self.tags)


def difference(person: Person, state: State, refused: Collection[tuple[str, str]], fills: bool) -> Changes:
    """What the row of `person` changes.

    `refused`: (channel, value) of addresses whose readers opted out. `fills`: only gaps are filled, nothing that is
    known is overwritten. An empty cell never empties anything.
    """
    changes = Changes()
    # The row of a number that was merged into this customer knows less than the row of the customer's own.
    fills = fills or bool(person.key and state.columns.get("key") and person.key != state.columns["key"])
    _compare_columns(changes, person, state, fills)
    _compare_addresses(changes, person, state, fills)
    for permission in person.permissions:
        _compare_permission(changes, permission, person, state, refused)
    _compare_dates(changes, person, state, fills)
    changes.tags = [tag for tag in person.tags if tag not in state.tags]
    if person.company and (not state.account_key or not fills) and company_key(person.company) != state.account_key:
        changes.account = person.company
    return changes


def _compare_columns(changes: Changes, person: Person, state: State, fills: bool) -> None:
    known = state.columns.get
    if person.name and _takes_name(person, str(known("name") or ""), str(known("name_match") or ""), fills):
        _take_name(changes, person, state)
    for name in _PLAIN:
        value = getattr(person, name)
        if value and value != known(name) and not (fills and known(name)):
            changes.columns[name] = value
    if person.key and not known("key"):
        changes.columns["key"] = person.key
    if person.kind and person.kind != (known("kind") or "individual") and not (fills and known("kind")):
        changes.columns["kind"] = person.kind
    if person.attributes:
        _compare_attributes(changes, person, dict(known("attributes") or {}), fills)
    # The earliest of all sources, so that two lists don't take turns.
    if person.registered_at is not None and person.registered_at < (known("registered_at") or 2**60):
        changes.columns["registered_at"] = person.registered_at


def _compare_attributes(changes: Changes, person: Person, known: dict[str, Any], fills: bool) -> None:
    added = {k: v for k, v in person.attributes.items() if known.get(k) != v and not (fills and k in known)}
    if added:
        changes.columns["attributes"] = {**known, **added}


def _takes_name(person: Person, name: str, key: str, fills: bool) -> bool:
    if not name:
        return True
    # A family name alone does not replace the full name.
    shorter = person.name_key != key and person.name_key in key
    return not fills and not shorter and (person.name != name or bool(person.family_name))


def _take_name(changes: Changes, person: Person, state: State) -> None:
    halves = {"family_name": person.family_name, "given_name": person.given_name}
    if not any(halves.values()) and person.name_key == state.columns.get("name_match"):
        halves = {}
    written = {"name": person.name, "name_match": person.name_key, **halves}
    changes.columns |= {key: value for key, value in written.items() if value != (state.columns.get(key) or "")}


def _compare_addresses(changes: Changes, person: Person, state: State, fills: bool) -> None:
    for channel, value, status in person.addresses:
        held = [each for each in state.addresses if each.channel == channel]
        if any(each.value == value for each in held) or (fills and held):
            continue
        changes.new_addresses.append((channel, value, status))
        # The shop's own list knows better than we do, but of several nobody knows which one has ended.
        if person.key and person.key == state.columns.get("key") and len(held) == 1:
            changes.removed_addresses.append(held[0].id)


def _compare_permission(
    changes: Changes, permission: Permission, person: Person, state: State, refused: Collection[tuple[str, str]]
) -> None:
    channel, in_force = permission.channel, state.consents.get(permission.channel)
    written = [(channel, value) for found, value, _ in person.addresses if found == channel]
    held = [(channel, each.value) for each in state.addresses if each.channel == channel]
    stopped = channel in state.stopped or any(address in refused for address in written or held)
    if permission.granted:
        if stopped or in_force == "withdrawn":
            changes.kept_opt_outs += 1
        elif in_force != "granted":
            changes.permissions.append(permission)
        return
    if in_force != "withdrawn":
        changes.permissions.append(permission)
    if not stopped:
        changes.stops.extend(written or held or [(channel, None)])


def _compare_dates(changes: Changes, person: Person, state: State, fills: bool) -> None:
    for name, relative, *day in person.dates:
        new = (day[0], day[1], day[2])
        known = state.dates.get((name, relative))
        if known is None or (not fills and new != known and not _vaguer(new, known)):
            changes.dates[name, relative] = new  # type: ignore[assignment]


def _vaguer(new: tuple[int | None, int | None, int | None], known: tuple[int | None, int, int | None]) -> bool:
    """Whether the new day says less than the known one and does not contradict it."""
    return all(mine is None or mine == theirs for mine, theirs in zip(new, known, strict=True))
