"""A form joined with all it extends, includes and imports into one tree, which renders twice as fast.

Only what means the same either way is joined: no `super()`, no module imported whole, no block within a loop. Where
that can't be told there is no joined form, and where one fails while it renders, the separate files say why and where.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

from jinja2 import nodes
from jinja2.visitor import NodeTransformer

from .inlining import MARKED

Parse = Callable[[str], nodes.Template]
"""Gives a new tree of the file of that name."""
Node = TypeVar("Node", bound=nodes.Node)
_SCOPED = (nodes.NSRef, nodes.AssignBlock, nodes.Import, nodes.With, nodes.ScopedEvalContextModifier)


Constants = tuple[tuple[str, str], ...]
"""Values that are the same for every customer, by their whole names: (`shop.name`, `みなと珈琲`)."""


def join(name: str, parse: Parse, constants: Constants, *, marks: bool) -> nodes.Template | None:
    """The tree of a form and of everything it needs; None where joining could change what it means.

    `marks`: values within macros are marked, since what a macro gives is one piece.
    """
    try:
        joining = _Joining(parse)
        body = joining.body(name)
        if joining.shares_a_name():
            return None
        if marks and not _is_only_written([*body, *(each.macro for each in joining.macros.values())]):
            return None
    except _Different:
        return None
    folding = _Folding(dict(constants))
    macros = [folding.visit(each) for each in _called(joining.macros, body)]
    body = [folding.visit(each) for each in body]
    if marks:
        for outer in (*macros, *(call for node in body for call in node.find_all(nodes.CallBlock))):
            _mark(outer)
    return nodes.Template(_merged([*macros, *body]), lineno=1)


class _Different(Exception):
    """The joined form could mean something else."""


class _Macro:
    """A macro and the file it comes from."""

    def __init__(self, file: str, macro: nodes.Macro) -> None:
        self.file, self.macro = file, macro


class _Joining:
    def __init__(self, parse: Parse) -> None:
        self.parse = parse
        self.macros: dict[str, _Macro] = {}
        self.files = 0
        self.set: dict[str, set[int]] = {}
        """Name → the files that set it."""
        self.asked: dict[str, set[int]] = {}
        """Name → the files that ask for it."""

    def shares_a_name(self) -> bool:
        """Whether a file asks for what another sets: an included file sees it, and a layout what its child sets."""
        return any(self.asked.get(name, files) - files for name, files in self.set.items())

    def body(self, name: str) -> list[nodes.Node]:
        """The statements of a file with those of the files it needs in their places."""
        tree = self._checked(name)
        blocks: dict[str, nodes.Block] = {}
        while extended := next(iter(tree.find_all(nodes.Extends)), None):
            if extended not in tree.body:
                raise _Different
            self._import(tree.body)
            # A block within a block of the child counts too; the first found is the most derived one.
            blocks = {each.name: each for each in tree.find_all(nodes.Block)} | blocks
            if any(_does_something(each) for each in tree.body):
                raise _Different
            tree = self._checked(_fixed(extended.template))
        return self._joined(tree.body, blocks, inside=False)

    def _checked(self, name: str) -> nodes.Template:
        tree = self.parse(name)
        special = {"self", "super"} & {each.name for each in tree.find_all(nodes.Name)}
        if special or any(tree.find_all(_SCOPED)):
            raise _Different
        if any(block.scoped or block.required for block in tree.find_all(nodes.Block)):
            raise _Different
        self._rename(tree)
        return tree

    def _rename(self, tree: nodes.Template) -> None:
        """What a file sets is its own: under a name of its own here, so that no other file sees it."""
        self.files += 1
        names = {each.name for found in tree.find_all(nodes.Assign) for each in _set_by(found)}
        for name in names:
            self.set.setdefault(name, set()).add(self.files)
        for each in tree.find_all(nodes.Name):
            if each.ctx == "load":
                self.asked.setdefault(each.name, set()).add(self.files)
            if each.name in names:
                each.name = f"{each.name}_of_file_{self.files}"

    def _joined(self, body: list[nodes.Node], blocks: Mapping[str, nodes.Block], *, inside: bool) -> list[nodes.Node]:
        self._import(body)
        return [new for node in body for new in self._replaced(node, blocks, inside=inside)]

    def _replaced(self, node: nodes.Node, blocks: Mapping[str, nodes.Block], *, inside: bool) -> Iterator[nodes.Node]:
        if isinstance(node, nodes.Block):
            if inside:
                raise _Different
            yield from self._joined(blocks.get(node.name, node).body, blocks, inside=False)
        elif isinstance(node, nodes.Include):
            if not node.with_context or node.ignore_missing:
                raise _Different
            yield from self.body(_fixed(node.template))
        elif isinstance(node, nodes.Macro):
            raise _Different
        elif not isinstance(node, nodes.FromImport):
            for field in ("body", "else_"):
                if isinstance(found := getattr(node, field, None), list):
                    setattr(node, field, self._joined(found, blocks, inside=True))
            for branch in getattr(node, "elif_", ()):
                branch.body = self._joined(branch.body, blocks, inside=True)
            yield node

    def _import(self, body: list[nodes.Node]) -> None:
        for each in body:
            if isinstance(each, nodes.FromImport):
                self._take_macros(_fixed(each.template), each.names)

    def _take_macros(self, file: str, names: list[str | tuple[str, str]]) -> None:
        if any(not isinstance(each, str) for each in names):
            raise _Different
        tree = self._checked(file)
        for node in tree.body:
            if isinstance(node, nodes.Macro):
                if any(node.find_all((nodes.Include, nodes.FromImport, nodes.Block))):
                    raise _Different
                # Also those that were not asked for: one may call another.
                if self.macros.setdefault(node.name, _Macro(file, node)).file != file:
                    raise _Different
            elif not _is_blank(node):
                raise _Different


def _called(macros: Mapping[str, _Macro], body: list[nodes.Node]) -> list[nodes.Macro]:
    """The macros that the body calls, and those that they call: each other one would be made anew for each message."""
    found: dict[str, nodes.Macro] = {}
    waiting = body
    while waiting:
        named = {name.name for node in waiting for name in node.find_all(nodes.Name)} & macros.keys() - found.keys()
        waiting = [macros[name].macro for name in named]
        found |= {name: macros[name].macro for name in named}
    return [each.macro for name, each in macros.items() if name in found]


def _does_something(node: nodes.Node) -> bool:
    """Whether a statement of a child, outside its blocks, does anything for the layout."""
    inner = [] if isinstance(node, nodes.Block) else node.find_all(nodes.Assign)
    return isinstance(node, nodes.Macro | nodes.Include | nodes.Assign) or any(inner)


def _set_by(assign: nodes.Assign) -> Iterator[nodes.Name]:
    if isinstance(assign.target, nodes.Name):
        yield assign.target
    yield from assign.target.find_all(nodes.Name)


def _fixed(template: nodes.Expr) -> str:
    if isinstance(template, nodes.Const) and isinstance(template.value, str):
        return template.value
    raise _Different


def _is_blank(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Output) and all(isinstance(each, nodes.TemplateData) for each in node.nodes)


def _is_only_written(body: list[nodes.Node]) -> bool:
    """Whether what macros give is written as it is: a mark would count in a length or a comparison."""
    tree = nodes.Template(body, lineno=1)
    if any(tree.find_all(nodes.FilterBlock)):
        return False
    written = {id(each) for output in tree.find_all(nodes.Output) for each in output.nodes}
    written |= {id(each.call) for each in tree.find_all(nodes.CallBlock)}
    return all(id(call) in written or _is_of_loop(call) for call in tree.find_all(nodes.Call))


def _is_of_loop(call: nodes.Call) -> bool:
    owner = call.node.node if isinstance(call.node, nodes.Getattr) else None
    return isinstance(owner, nodes.Name) and owner.name == "loop"


def _mark(outer: nodes.Node) -> None:
    for output in outer.find_all(nodes.Output):
        output.nodes = [
            each
            if isinstance(each, nodes.TemplateData | nodes.Call | nodes.Const)
            else nodes.Filter(each, MARKED, [], [], None, None, lineno=each.lineno)
            for each in output.nodes
        ]


class _Folding(NodeTransformer):
    """Puts constants in the places of their names, where Jinja makes them one with the text around them."""

    def __init__(self, constants: Mapping[str, str]) -> None:
        self.constants = constants

    def visit_Getattr(self, node: nodes.Getattr) -> nodes.Node:  # noqa: N802 - as Jinja calls it
        named = f"{node.node.name}.{node.attr}" if isinstance(node.node, nodes.Name) else ""
        if named in self.constants:
            return nodes.Const(self.constants[named], lineno=node.lineno)
        return self.generic_visit(node)

    def visit_Name(self, node: nodes.Name) -> nodes.Node:  # noqa: N802 - as Jinja calls it
        if node.ctx == "load" and node.name in self.constants:
            return nodes.Const(self.constants[node.name], lineno=node.lineno)
        return node


def _merged(body: list[nodes.Node]) -> list[nodes.Node]:
    """Neighbouring texts as one, so that each is one piece."""
    found: list[nodes.Node] = []
    for node in body:
        for field in ("body", "else_"):
            if isinstance(inner := getattr(node, field, None), list):
                setattr(node, field, _merged(inner))
        if isinstance(node, nodes.Output) and found and isinstance(found[-1], nodes.Output):
            found[-1].nodes.extend(node.nodes)
        else:
            found.append(node)
    return found
