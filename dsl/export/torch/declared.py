"""The PyTorch texts of the declarations: expressions as syntax trees, functions, methods.

Some functions of PyTorch take tensors only, and dividing or raising Python numbers raises where
tensors give infinity or NaN. There, and only there, a number in an expression is wrapped.
"""

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache

from dsl.errors import ExportError
from dsl.export.code import refusal
from dsl.export.expressions import expression, fill, number, show, simplified
from dsl.language.initialisers import INITIALISERS, Init
from dsl.language.registry import PRIMITIVES, Primitive

_PLAIN = (ast.Add, ast.Sub, ast.Mult)
_NUMBERS_ALLOWED = {"torch.clamp": 0, "torch.where": 1}
"""Functions that take Python numbers, as long as this many of the last arguments are tensors."""

_FUNCTIONS = {
    "_wide": '''
def _wide(value: Any) -> Any:
    """A tensor, or each of a list, in float32 if it is in half precision."""
    if isinstance(value, torch.Tensor):
        return value.float() if value.dtype in (torch.float16, torch.bfloat16) else value
    if isinstance(value, (list, tuple)):
        return [_wide(each) for each in value]
    return value
''',
    "_Backward": '''
class _Backward(torch.overrides.TorchFunctionMode):
    """While a closure runs: `backward()` keeps the graph, which the rule reads, or does nothing."""

    def __init__(self, *, keeps_graph: bool) -> None:
        super().__init__()
        self.keeps_graph = keeps_graph

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is torch.Tensor.backward:
            if not self.keeps_graph:
                return None
            kwargs = {**kwargs, "retain_graph": True}
        return func(*args, **(kwargs or {}))
''',
    "_count": '''
def _count(step: torch.Tensor) -> Any:
    """The steps taken, as a number; as a tensor while PyTorch compiles the step."""
    return step.double() if torch.compiler.is_compiling() else step.item()
''',
    "_round_into": '''
def _round_into(kept: Any, made: Any) -> None:
    """Round a tensor, or each of a list, into what is kept."""
    if isinstance(kept, list):
        for old, new in zip(kept, made, strict=True):
            old.copy_(new)
    elif isinstance(kept, torch.Tensor):
        kept.copy_(made)
''',
    "_positive": '''
def _positive(value: float, dtype: torch.dtype) -> float:
    """The value, or the least positive number of a dtype in which it would be 0."""
    info = torch.finfo(dtype)
    return max(value, info.tiny * info.eps)
''',
    "_number": '''
def _number(value: float, like: torch.Tensor | None = None) -> torch.Tensor:
    """A number as a tensor without axes, in the dtype of `like` or else float64."""
    if like is None:
        return torch.as_tensor(value, dtype=torch.float64)
    return torch.as_tensor(value, dtype=like.dtype, device=like.device)
''',
    "_spread": '''
def _spread(value: torch.Tensor | float, like: torch.Tensor) -> torch.Tensor:
    """A value in the shape and dtype of `like`."""
    return torch.as_tensor(value, dtype=like.dtype, device=like.device).expand_as(like)
''',
    "_spread_to": '''
def _spread_to(
    value: torch.Tensor | float, shape: tuple[int, ...], like: torch.Tensor
) -> torch.Tensor:
    """A value broadcast to a shape, in the dtype of `like`."""
    return torch.as_tensor(value, dtype=like.dtype, device=like.device).expand(shape)
''',
    "_copy_each": '''
def _copy_each(old: list[torch.Tensor], new: list[torch.Tensor]) -> None:
    """Put the tensors of one list into those of another."""
    for here, there in zip(old, new, strict=True):
        here.copy_(there)
''',
}

_GROUP = '''
class _Group(dict[str, Any]):
    """A group of parameters without a learning rate."""

    def __missing__(self, key: str) -> Any:
        if key != "lr":
            raise KeyError(key)
'''

_METHODS = '''
    def _draw(self, kind: str, p: torch.Tensor, stream: float) -> torch.Tensor:
        """Random numbers like `p`; a stream is the same however often a step reads it."""
        generator = self._noise_generator(p, stream)
        dtype = torch.promote_types(p.dtype, torch.float32)
        if kind == "normal":
            return torch.randn(p.shape, generator=generator, dtype=dtype, device=p.device)
        signs = torch.randint(0, 2, p.shape, generator=generator, device=p.device)
        return (2 * signs - 1).to(dtype)

    def _draw_members(self, p: torch.Tensor, x: torch.Tensor, stream: float) -> torch.Tensor:
        """Normal numbers like the members `x` of a population, others than those like `p`."""
        generator = self._noise_generator(p, stream, len(x))
        return torch.randn(x.shape, generator=generator, dtype=x.dtype, device=p.device)

    def _noise_generator(self, p: torch.Tensor, *of: float) -> torch.Generator:
        """The generator of what a step draws for a parameter."""
        state = self.state[p]
        mixed = 0
        for part in (self.param_groups[0]["seed"], state["step"], state["index"], *of):
            mixed = (mixed * 6364136223846793005 + round(float(part)) + 1442695040888963407) % 2**63
        return torch.Generator(device=p.device).manual_seed(mixed)

    def _split(self, flat: torch.Tensor, ready: list[Any]) -> list[torch.Tensor]:
        """Entries of the model, one after the other, as a list like the parameters."""
        parts = flat.split([p.numel() for _, p, _ in ready])
        return [x.reshape(p.shape) for x, (_, p, _) in zip(parts, ready, strict=True)]

    def _elsewhere(self, ready: list[Any], point: list[Any], ask: Callable[[], Any]) -> Any:
        """The answer of `ask` while the parameters are at `point`; it may call a closure."""
        kept = [(p.clone(), p.grad) for _, p, _ in ready]
        try:
            for (_, p, _), there in zip(ready, point, strict=True):
                p.copy_(there)
                p.grad = None
            with torch.enable_grad(), _Backward(keeps_graph=False):
                return ask()
        finally:
            for (_, p, _), (here, grad) in zip(ready, kept, strict=True):
                p.copy_(here)
                p.grad = grad
'''
"""Methods of no oracle alone; the others stand in the declarations of oracles."""


class Declared:
    """The functions and methods that a file holds, noted as its expressions call them."""

    def __init__(self) -> None:
        self.functions: dict[str, str] = {}
        self.methods: dict[str, str] = {}

    def function(self, name: str) -> str:
        """The name of one of the functions that stand in no declaration."""
        self.functions.setdefault(name, _FUNCTIONS[name].strip("\n"))
        return name

    def group_without_rate(self, title: str, has: list[str]) -> None:
        """The class of a group that says what it lacks and what it has instead."""
        named = f"what it has is {', '.join(has)}" if has else "it has no hyperparameters"
        message = f"{title} has no learning rate lr for a scheduler to change: {named}"
        lines = [_GROUP.strip("\n"), *refusal(8, "KeyError", message)]
        self.functions.setdefault("_Group", "\n".join(lines))

    def function_of(self, primitive: Primitive) -> str:
        """The name of the function that a primitive's declaration holds, the last one there."""
        defined = _functions_of(primitive.torch)
        for name, text in defined.items():
            self.functions.setdefault(name, text)
        return [*defined][-1]

    def method(self, name: str) -> None:
        """Note a method and those that it calls; ExportError if no method has the name."""
        texts = [_METHODS, *(p.oracle.methods for p in PRIMITIVES.values() if p.oracle)]
        known = {found: each for text in texts for found, each in _methods_of(text).items()}
        if name not in known:
            raise ExportError(f"a PyTorch file cannot express '{name.strip('_')}'")
        text, called = known[name]
        if name == "_elsewhere":
            self.function("_Backward")
        if name not in self.methods:
            self.methods[name] = text
            for each in called:
                self.method(each)


@lru_cache(maxsize=256)
def _functions_of(text: str) -> dict[str, str]:
    """The functions in a text by name."""
    lines, found = text.splitlines(), {}
    for each in ast.parse(text).body:
        assert isinstance(each, ast.FunctionDef)
        found[each.name] = "\n".join(lines[each.lineno - 1 : each.end_lineno])
    return found


@lru_cache(maxsize=256)
def _methods_of(text: str) -> dict[str, tuple[str, tuple[str, ...]]]:
    """The methods in a text by name: the text of each, and the methods that it calls."""
    source = f"class _:\n{text}\n    pass"
    holder = ast.parse(source).body[0]
    assert isinstance(holder, ast.ClassDef)
    found = {}
    for each in holder.body:
        if isinstance(each, ast.FunctionDef):
            lines = source.splitlines()[each.lineno - 1 : each.end_lineno]
            found[each.name] = "\n".join(lines), tuple(_own_calls(each))
    return found


def _own_calls(node: ast.AST) -> Iterator[str]:
    """The names of the methods that a method calls, in the order of the text."""
    for child in ast.iter_child_nodes(node):
        match child:
            case ast.Call(ast.Attribute(ast.Name("self"), attr)) if attr.startswith("_"):
                yield attr
        yield from _own_calls(child)


def template(text: str) -> ast.expr:
    """An expression of a declaration as a syntax tree in which `{x}` is the name `_x`."""
    return expression(re.sub(r"\{(\w+)\}", r"_\1", text))


def is_function(primitive: Primitive) -> bool:
    """True if a declaration holds the text of a function, not an expression."""
    return primitive.torch.lstrip().startswith("def ")


def is_plain(primitive: Primitive) -> bool:
    """True if a declaration holds sums, differences and products only, which never raise."""

    def plain(node: ast.expr) -> bool:
        match node:
            case ast.BinOp(left=x, op=op, right=y):
                return isinstance(op, _PLAIN) and plain(x) and plain(y)
            case ast.UnaryOp(operand=x):
                return plain(x)
        return isinstance(node, ast.Name | ast.Constant)

    return not is_function(primitive) and plain(template(primitive.torch))


def makes_new(primitive: Primitive) -> bool:
    """True if a declaration is a call of a function of PyTorch, or a list of sums and products:
    these make tensors of their own."""
    if is_function(primitive):
        return False
    match template(primitive.torch):
        case ast.Call(ast.Attribute(ast.Name("torch"))) | ast.ListComp(ast.BinOp()):
            return True
    return False


def first_value(rule: Init, p: str) -> ast.expr:
    """The expression for the first value of a slot of the parameter `p`."""
    declared = INITIALISERS[rule.rule]
    values = {f"_{k}": number(v) for k, v in zip(declared.params, rule.args, strict=True)}
    return simplified(fill(template(declared.torch), {**values, "_w": ast.Name(p)}))


def with_tensors(
    template: ast.expr, numbers: Mapping[str, bool], tensor: Callable[[ast.expr], ast.expr]
) -> ast.expr:
    """The template with `tensor` around numbers where PyTorch takes no number, or would raise.

    **Arguments:** `numbers`: whether a parameter of the template is a Python number.
    """

    def is_number(node: ast.expr) -> bool:
        match node:
            case ast.Name(id):
                return numbers.get(id.removeprefix("_"), False)
            case ast.Constant():
                return True
            case ast.UnaryOp(operand=x):
                return is_number(x)
            case ast.BinOp(left=x, right=y) | ast.Compare(left=x, comparators=[y]):
                return is_number(x) and is_number(y)
        return False

    def visit(node: ast.expr) -> ast.expr:
        match node:
            case ast.BinOp(left=x, op=op, right=y):
                raises = not isinstance(op, _PLAIN) and is_number(node)
                constant = isinstance(x, ast.Constant) and isinstance(y, ast.Constant)
                left = tensor(x) if raises and not constant else visit(x)
                return ast.BinOp(left, op, visit(y))
            case ast.UnaryOp(op=op, operand=x):
                return ast.UnaryOp(op, visit(x))
            case ast.Compare(left=x, ops=ops, comparators=[y]):
                left = tensor(x) if is_number(node) else visit(x)
                return ast.Compare(left, ops, [visit(y)])
            case ast.Call(func=ast.Attribute(value=ast.Name("torch")) as func, args=args):
                return ast.Call(func, torch_arguments(show(func), args), node.keywords)
            case ast.Call(func=func, args=args):
                return ast.Call(func, [visit(a) for a in args], node.keywords)
        return node

    def torch_arguments(function: str, args: list[ast.expr]) -> list[ast.expr]:
        free = _NUMBERS_ALLOWED.get(function)
        rest = [is_number(a) for a in args[1:]]
        lenient = free is not None and (all(rest) if free == 0 else not all(rest))
        made = []
        for at, arg in enumerate(args):
            written = isinstance(arg, ast.Constant | ast.Compare) or (lenient and at > 0)
            made.append(tensor(arg) if is_number(arg) and not written else visit(arg))
        return made

    match template:
        case ast.Call(func=ast.Attribute(value=inner, attr=attr)) if not isinstance(
            inner, ast.Name
        ):  # a method of an expression: `(x > y).to(dtype)`
            return ast.Call(ast.Attribute(visit(inner), attr), template.args, template.keywords)
    return visit(template)
