"""What a template's source may not do, found before anybody is written to: unsafe HTML, calls of values, bare JSON."""

import re
from collections.abc import Iterator

from jinja2 import nodes

from nurture.mistake import Mistake

from .environment import is_html
from .folder import LINE_JSON, Source
from .line_link import VARIABLE

TRUSTED_LINKS = frozenset({"unsubscribe_url", VARIABLE})
"""Made by us; the first may be a `mailto:`."""

_LINK = re.compile(
    r"""(?:\b(?:href|src|srcset|action|background|poster)\s*=\s*["']?|url\(\s*["']?)\s*\Z""", re.IGNORECASE
)
_QUOTED = re.compile(r"""("[^"]*"|'[^']*')""")
_SCRIPT = re.compile(r"<\s*(script|iframe|object|embed)\b|<[^>]*\s(on[a-z]+)\s*=|(javascript)\s*:", re.IGNORECASE)


def banned(tree: nodes.Template, source: Source) -> Iterator[Mistake]:
    """Every mistake of this kind in one parsed file."""
    yield from _switched_escaping(tree, source)
    yield from _calls(tree, source)
    yield from _unguarded(tree, source)
    if is_html(source.name):
        yield from _html(tree, source)
    if source.name.endswith(LINE_JSON):
        yield from _bare_json(tree, source)


def _switched_escaping(tree: nodes.Template, source: Source) -> Iterator[Mistake]:
    for node in tree.find_all(nodes.EvalContextModifier):
        yield Mistake(source.place("autoescape", node.lineno), "message.autoescape_refused")


def _calls(tree: nodes.Template, source: Source) -> Iterator[Mistake]:
    modules = {each.target for each in tree.find_all(nodes.Import)} | {"self", "loop"}
    for call in tree.find_all(nodes.Call):
        called = call.node
        owner = called.node if isinstance(called, nodes.Getattr) else called
        if isinstance(called, nodes.Name) or (isinstance(owner, nodes.Name) and owner.name in modules):
            continue
        name = getattr(called, "attr", "")
        yield Mistake(source.place(name + "(", call.lineno), "message.call_refused", {"found": f"{name}()"})


def _unguarded(node: nodes.Node, source: Source) -> Iterator[Mistake]:
    """Every use of the LINE link that would print an empty one: outside an `if` that asks for it in the same file."""
    if isinstance(node, nodes.Name) and node.name == VARIABLE:
        yield Mistake(source.place(VARIABLE, node.lineno), "message.unguarded_link", {"found": VARIABLE})
        return
    guarded: list[nodes.Node] = []
    if isinstance(node, nodes.If) and _asks(node.test):
        guarded = [node.test, *node.body]
    elif isinstance(node, nodes.CondExpr) and _asks(node.test):
        guarded = [node.test, node.expr1]
    for child in node.iter_child_nodes():
        if not any(child is each for each in guarded):
            yield from _unguarded(child, source)


def _asks(test: nodes.Node) -> bool:
    """Whether a condition holds only where there is a link."""
    if isinstance(test, nodes.And):
        return _asks(test.left) or _asks(test.right)
    return isinstance(test, nodes.Name) and test.name == VARIABLE


def _html(tree: nodes.Template, source: Source) -> Iterator[Mistake]:
    before = ""
    for output in tree.find_all(nodes.Output):
        for node in output.nodes:
            if isinstance(node, nodes.TemplateData):
                before += node.data
                if found := _SCRIPT.search(node.data):
                    word = next(filter(None, found.groups()))
                    yield Mistake(source.place(word, node.lineno), "message.script_refused", {"found": word})
                continue
            if before.rfind("<") > before.rfind(">"):
                yield from _attribute(before, node, source)
            before += "x"


def _attribute(before: str, node: nodes.Expr, source: Source) -> Iterator[Mistake]:
    place = source.place("{{", node.lineno)
    unfinished = _QUOTED.sub("", before[before.rfind("<") :])
    if not ('"' in unfinished or "'" in unfinished):
        yield Mistake(place, "message.unquoted")
    if _LINK.search(before) and not _is_safe_link(node):
        yield Mistake(place, "message.bare_link")


def _is_safe_link(node: nodes.Expr) -> bool:
    if isinstance(node, nodes.Name):
        return node.name in TRUSTED_LINKS
    return isinstance(node, nodes.Filter) and node.name == "https_only"


def _bare_json(tree: nodes.Template, source: Source) -> Iterator[Mistake]:
    for output in tree.find_all(nodes.Output):
        for node in output.nodes:
            is_json = isinstance(node, nodes.Filter) and node.name == "json"
            if not is_json and not isinstance(node, nodes.TemplateData | nodes.Call):
                yield Mistake(source.place("{{", node.lineno), "message.bare_json")
