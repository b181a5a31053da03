"""Whether a template names only what it may: the closed list, and of what can be missing only what it requires."""

from collections.abc import Iterator, Set
from dataclasses import dataclass

from jinja2 import nodes

from nurture.campaign.model import After, Anniversary, Campaign
from nurture.config import Settings
from nurture.mistake import Mistake, Place, nearest
from nurture.rules.variables import ATTRIBUTE, VARIABLES, Variable, variable

from .folder import Source
from .template import Template

ITEM_FIELDS = ("name", "quantity", "price", "category")
"""What an entry of `order.items` has."""
_OF_JINJA = frozenset({"loop", "self", "super", "caller", "varargs", "kwargs"})
_ROOTS = frozenset(name.partition(".")[0] for name in VARIABLES) | {ATTRIBUTE.rstrip(".")}

Path = tuple[str, ...]


def undeclared(template: Template, settings: Settings) -> list[Mistake]:
    """Unknown names, and optional variables that are used and not in `requires:`, in all files of a template."""
    trees = [(source, tree) for source in template.sources for tree in _trees(template, source)]
    bound = frozenset(name for _, tree in trees for name in _bound(tree))
    found = list(_unknown_required(template, settings))
    for source, tree in trees:
        found += _Reading(template, settings, source, bound).mistakes(tree)
    once = {(each.place, each.code, str(each.values)): each for each in found}
    return sorted(once.values(), key=lambda each: each.place)


def misnamed(template: Template, settings: Settings, campaign: Campaign | None) -> list[Mistake]:
    """All of both for one campaign, each name with the one way out there is.

    `campaign` None: what it can give is not known, and nothing is said of what rests on that.
    """
    supplied = _supplied(campaign) if campaign else frozenset()
    found = list(unsupplied(template, campaign)) if campaign else []
    for each in undeclared(template, settings):
        name = str(each.values["found"])
        needs = known.needs if each.code == "message.undeclared" and (known := VARIABLES.get(name)) else None
        if not needs or needs in supplied:
            found.append(each)
        elif campaign:  # to require it would be the next mistake
            values = {"found": name, "campaign": campaign.campaign}
            found.append(Mistake(each.place, "message.unsupplied", values))
    return found


def unsupplied(template: Template, campaign: Campaign) -> list[Mistake]:
    """Variables that the template requires and this campaign can never give, whoever the customer is."""
    supplied = _supplied(campaign)
    return [
        Mistake(_required_place(template, index), "message.unsupplied", {"found": name, "campaign": campaign.campaign})
        for index, name in enumerate(template.requires)
        if (known := VARIABLES.get(name)) and known.needs and known.needs not in supplied
    ]


def _supplied(campaign: Campaign) -> Set[str]:
    trigger = campaign.trigger
    found: set[str] = {"offer"} if campaign.offer else set()
    if isinstance(trigger, After):
        found.add(trigger.table)
    return found | {"occasion"} if isinstance(trigger, Anniversary) else found


def _unknown_required(template: Template, settings: Settings) -> Iterator[Mistake]:
    for index, name in enumerate(template.requires):
        if variable(name, settings) is None:
            yield _unknown(_required_place(template, index), name, settings)


def _required_place(template: Template, index: int) -> Place:
    document = template.sources[0].document
    assert document is not None
    return document.place(("requires", index))


def _unknown(place: Place, name: str, settings: Settings) -> Mistake:
    known = [*VARIABLES, *(ATTRIBUTE + each for each in settings.attributes)]
    return Mistake(place, "message.unknown_variable", {"found": name}, suggestion=nearest(name, known))


def _trees(template: Template, source: Source) -> Iterator[nodes.Template]:
    environment = template.text.environment
    for text in (*source.front_lines, source.text):
        yield environment.parse(text, source.name, source.shown)


def _bound(tree: nodes.Template) -> Iterator[str]:
    """Every name the file gives a meaning of its own: loop variables, `set`, macros and their arguments, imports."""
    for node in tree.find_all((nodes.Name, nodes.Macro, nodes.Import, nodes.FromImport)):
        if (isinstance(node, nodes.Name) and node.ctx != "load") or isinstance(node, nodes.Macro):
            yield node.name
        elif isinstance(node, nodes.Import):
            yield node.target
        elif isinstance(node, nodes.FromImport):
            yield from (each if isinstance(each, str) else each[1] for each in node.names)


@dataclass(frozen=True)
class _Reading:
    """One file of a template under examination."""

    template: Template
    settings: Settings
    source: Source
    bound: frozenset[str]

    def mistakes(self, tree: nodes.Template) -> Iterator[Mistake]:
        for name in sorted(set(_bound(tree)) & _ROOTS):
            yield Mistake(self.source.place(name), "message.name_taken", {"found": name})
        items = frozenset(_item_names(tree))
        for path, line in _paths(tree):
            yield from self._path(path, line, items)

    def _path(self, path: Path, line: int, items: frozenset[str]) -> Iterator[Mistake]:
        root = path[0]
        if root in _ROOTS:
            yield from self._variable(path, line)
        elif root in items:
            if len(path) > 1 and path[1] not in ITEM_FIELDS:
                suggestion = f"{root}.{nearest(path[1], ITEM_FIELDS) or ITEM_FIELDS[0]}"
                place = self._place(path, line)
                yield Mistake(place, "message.unknown_variable", {"found": ".".join(path[:2])}, suggestion=suggestion)
        elif root not in self.bound and root not in _OF_JINJA:
            yield _unknown(self._place(path, line), ".".join(path), self.settings)

    def _variable(self, path: Path, line: int) -> Iterator[Mistake]:
        known = self._known(path)
        if known is None:
            yield _unknown(self._place(path, line), ".".join(path[:2]), self.settings)
        elif not known.always and known.name not in self.template.requires:
            values = {"found": known.name, "file": self.template.file}
            yield Mistake(self._place(path, line), "message.undeclared", values)

    def _known(self, path: Path) -> Variable | None:
        return variable(".".join(path[:2]), self.settings) or VARIABLES.get(path[0])

    def _place(self, path: Path, line: int) -> Place:
        return self.source.place(".".join(path[:2]), line)


def _paths(node: nodes.Node) -> Iterator[tuple[Path, int]]:
    """Every value that is read, as long as its names reach: `order.items`, `customer.called`."""
    if path := _path(node):
        yield path, node.lineno
        return
    for child in node.iter_child_nodes():
        yield from _paths(child)


def _path(node: nodes.Node) -> Path | None:
    if isinstance(node, nodes.Name):
        return (node.name,) if node.ctx == "load" else None
    if isinstance(node, nodes.Getattr):
        before = _path(node.node)
        return (*before, node.attr) if before else None
    if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
        before = _path(node.node)
        return (*before, str(node.arg.value)) if before else None
    return None


def _item_names(tree: nodes.Template) -> Iterator[str]:
    for loop in tree.find_all(nodes.For):
        read = [path for path, _ in _paths(loop.iter)]
        if isinstance(loop.target, nodes.Name) and read == [("order", "items")]:
            yield loop.target.name
