"""The sandbox templates run in: no attribute of Python, no call of a value, no growth without limit.

With a clock the same template would pass on one machine and fail on another, so that running away is counted, not
timed: passes through loops and characters of output. Without `range`, text arithmetic and calls, only loops are left.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from types import CodeType
from typing import Any, TypeVar

from jinja2 import FunctionLoader, nodes, pass_context
from jinja2.exceptions import SecurityError
from jinja2.runtime import BlockReference, Context, LoopContext, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup, escape

from .filters import FILTERS, RENDERING, Rendering, ValueRefused
from .inlining import BEGIN, END, MARKED
from .views import Missing, View

MOST_PASSES = 10_000
"""Passes that all loops of one message may make together; the longest order has some hundred lines."""
COUNTED = " counted"
"""The filter put around everything a `for` goes through; no template can write its name."""

KEPT = 256
"""Texts whose tree and code are kept: what a reload doesn't change is not compiled anew."""

LoadSource = Callable[[str], tuple[str, str, Callable[[], bool]] | None]
Node = TypeVar("Node", bound=nodes.Node)


class TemplateEnvironment(ImmutableSandboxedEnvironment):
    """Jinja's sandbox, narrowed to what a message needs."""

    intercepted_binops = frozenset({"*", "**", "%"})

    def getattr(self, obj: Any, attribute: str) -> Any:
        """The sandbox's own lookup, but for our views, which hold nothing to be kept from: a third of a mail's time."""
        if isinstance(obj, View) and not attribute.startswith("_"):
            found = obj._values.get(attribute)  # None is never held
            return self.undefined(obj=obj, name=attribute) if found is None else found
        return super().getattr(obj, attribute)

    def is_safe_callable(self, obj: Any) -> bool:
        """Macros, blocks, `super()` and `loop`; a method of a value could format text of any length."""
        return isinstance(obj, Macro | BlockReference | LoopContext) or isinstance(
            getattr(obj, "__self__", None), LoopContext
        )

    def call(self, context: Context, obj: Any, *args: Any, **kwargs: Any) -> Any:
        """As the sandbox does, but a macro at once: half of its time went into asking what it is."""
        if type(obj) is not Macro:
            return super().call(context, obj, *args, **kwargs)
        kwargs.pop("_loop_vars", None)
        kwargs.pop("_block_vars", None)
        return obj(context.eval_ctx, *args, **kwargs)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Arithmetic on numbers; text is neither repeated nor formatted."""
        numbers = isinstance(left, int | float) and isinstance(right, int | float)
        if operator == "**" or not numbers:
            raise SecurityError(operator)
        return super().call_binop(context, operator, left, right)

    def compile(
        self, source: Any, name: Any = None, filename: Any = None, raw: bool = False, defer_init: bool = False
    ) -> Any:
        """As Jinja does, but a text once only."""
        if isinstance(source, str) and not raw and not defer_init:
            return _code(source, name, filename)
        if raw:
            return super().compile(source, name, filename, True, defer_init)
        return super().compile(source, name, filename, False, defer_init)

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        # Jinja parses a file whenever it is looked through, joined or compiled; a copy takes a ninth of that.
        tree = _copied(_tree(source, name, filename))
        tree.set_environment(self)
        return tree

    def parsed(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        """A text's tree, made anew."""
        tree = super()._parse(source, name, filename)
        for each in tree.find_all((nodes.For, nodes.Import, nodes.FromImport)):
            if isinstance(each, nodes.For):
                each.iter = nodes.Filter(each.iter, COUNTED, [], [], None, None, lineno=each.lineno)
            else:
                # A macro prints money too, and without the context it would not know the currency.
                each.with_context = True  # type: ignore[attr-defined]
        return tree

    def compiled(self, source: str, name: str | None, filename: str | None) -> CodeType:
        """A text's code, made anew."""
        return super().compile(source, name, filename)


def make_environment(load: LoadSource) -> TemplateEnvironment:
    """The environment for one folder of templates; `load` gives source and shown file name of a template's name."""
    environment = TemplateEnvironment(
        loader=FunctionLoader(load),
        undefined=Missing,
        autoescape=is_html,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        cache_size=-1,
        auto_reload=False,
    )
    environment.globals.clear()
    environment.filters = {**FILTERS, COUNTED: _counted, MARKED: _marked}
    return environment


@lru_cache(maxsize=1)
def folderless() -> TemplateEnvironment:
    """An environment without a folder: what a text means doesn't depend on the files beside it."""
    return make_environment(lambda name: None)


@lru_cache(maxsize=KEPT)
def _tree(source: str, name: str | None, filename: str | None) -> nodes.Template:
    """Never to be changed: whoever asks gets a copy."""
    return folderless().parsed(source, name, filename)


@lru_cache(maxsize=KEPT)
def _code(source: str, name: str | None, filename: str | None) -> CodeType:
    return folderless().compiled(source, name, filename)


def _copied(node: Node) -> Node:
    copy = object.__new__(type(node))
    for name, value in vars(node).items():
        if isinstance(value, nodes.Node):
            value = _copied(value)
        elif isinstance(value, list):
            value = [_copied(each) if isinstance(each, nodes.Node) else each for each in value]
        setattr(copy, name, value)
    return copy


def is_html(name: str | None) -> bool:
    """Whether values are escaped in the template of that name."""
    return bool(name and name.endswith(".html.j2"))


def _marked(value: Any) -> Any:
    return value if hasattr(value, "__html__") else Markup(f"{BEGIN}{escape(value)}{END}")


@pass_context
def _counted(context: Context, items: Iterable[Any]) -> Iterator[Any]:
    rendering: Rendering = context[RENDERING]
    for item in items:
        rendering.passes += 1
        if rendering.passes > MOST_PASSES:
            raise ValueRefused("message.too_many_passes", limit=MOST_PASSES)
        yield item
