"""Whether a person may be written to on a channel: addresses, suppressions and the ledger of permissions."""

from .state import Address, Consent, Customer, State, Suppression


def usable(person: Customer, channel: str, state: State) -> bool:
    """Whether there is an address on the channel that is neither removed nor invalid."""
    return any(_is_usable(each) and each.channel == channel for each in state.of(Address, person.id))


def suppressed(person: Customer, channel: str, state: State, scopes: tuple[str, ...] = ("commercial", "all")) -> bool:
    """Whether the person, or an address of theirs on the channel, may not be contacted there; or nobody ever may."""
    values = {each.value for each in state.of(Address, person.id) if each.channel == channel and _is_usable(each)}
    for each in state.all(Suppression):
        concerns = each.customer_id == person.id if each.value is None else each.value in values
        if concerns and each.lifted_at is None and each.scope in scopes and each.channel in (None, channel):
            return True
    return person.never


def permitted(person: Customer, channel: str, state: State) -> bool:
    """Whether the entry in force in the ledger of permissions is one."""
    entries = [each for each in state.of(Consent, person.id) if each.channel == channel and each.ended_at is None]
    return any(each.status == "granted" for each in entries)


def _is_usable(address: Address) -> bool:
    return address.removed_at is None and address.status != "invalid"
