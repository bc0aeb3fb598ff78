"""Values of a program over `jax.numpy`: expressions, draws, questions to oracles."""

import ast
import builtins
import inspect
from collections.abc import Sequence

from dsl.errors import ExportError
from dsl.export.declared import MeaningDeclarations, meaning
from dsl.export.expressions import (
    call,
    expression,
    fill,
    names_in,
    rewritten,
    simplified,
)
from dsl.export.facts import Facts
from dsl.export.names import Names
from dsl.export.shapes import spread
from dsl.language.hyperparameters import host_name
from dsl.language.kinds import Kind
from dsl.language.registry import PRIMITIVES, Primitive
from dsl.language.sources import ARGUMENTS
from dsl.program import Arg, Local, Name, Program

_RESERVED = {
    *("jax", "jnp", "optax", "Any", "NamedTuple", "Callable"),
    *("init", "update", "updates", "params", "state", "extra_args", "count", "key", "seed"),
    *("value", "horizon", "mask", "learning_rate", "weight_decay", "treedef", "t", "dtype"),
    *("new_state", "given", "kept", "ravel_pytree", "mu_dtype", "Codes", *ARGUMENTS),
    *(f"_{op}" for op in PRIMITIVES),
    *dir(builtins),
}
_FIELDS = {"count", "key", "index"}
"""Fields that a state has, and what a tuple calls its own."""

_OPERATORS: dict[str, ast.operator] = {"divide": ast.Div(), "power": ast.Pow()}
"""Functions of the array namespace that an operator on arrays means exactly."""

LIKE = "_"
"""Stands for the array whose shape a number is spread to."""

_NOISE = '''
def _noise(
    sample: Callable[..., jax.Array], key: jax.Array, count: jax.Array, stream: Any, like: Any
) -> Any:
    """Random numbers shaped like `like`; a stream is the same however often a step reads it."""
    key = jax.random.fold_in(key, count)
    key = jax.random.fold_in(key, jnp.rint(jnp.asarray(stream)).astype(jnp.int32))
    leaves, treedef = jax.tree.flatten(like)
    keys = jax.random.split(key, len(leaves))
    draws = [sample(k, leaf.shape, leaf.dtype) for k, leaf in zip(keys, leaves, strict=True)]
    return jax.tree.unflatten(treedef, draws)
'''
"""Draws as the engines draw."""

_FUNCTIONS = {
    "_wide": '''
def _wide(tree: Any) -> Any:
    """A tree whose leaves in half precision are in float32."""
    half = (jnp.float16, jnp.bfloat16)
    return jax.tree.map(lambda x: x.astype(jnp.float32) if x.dtype in half else x, tree)
''',
    "_rounded": '''
def _rounded(function: Callable[..., Any], like: Any) -> Callable[..., Any]:
    """A function of parameters, which it gets in the dtypes of `like`."""
    return lambda at, *more: function(optax.tree.cast_like(at, like), *more)
''',
    "Codes": '''
class Codes(NamedTuple):
    """A tensor in eight bits."""

    codes: Any  # uint8 [blocks, block]
    scale: Any  # [blocks]: the largest magnitude of each
''',
    "_table": '''
def _table(signed: bool, dtype: Any) -> jax.Array:
    """The 256 numbers of eight bits, in order: a decimal exponent in unary, then a fraction."""
    numbers = [0.0, 1.0]
    for exponent in range(7):
        parts = 2**exponent if signed else 2 ** (exponent + 1)
        for part in range(parts):
            magnitude = 10.0 ** (exponent - 6) * (0.1 + 0.9 * (part + 0.5) / parts)
            numbers += [-magnitude, magnitude] if signed else [magnitude]
    return jnp.asarray(sorted(numbers), dtype)
''',
    "_coded": '''
def _coded(x: jax.Array, signed: bool, block: Any, least: Any) -> Any:
    """A tensor as codes and scales, or as it is if it has fewer entries than `least`."""
    try:
        block, least = float(block), float(least)
    except jax.errors.ConcretizationTypeError:
        message = "shapes of the state depend on the size of blocks: it has to be static"
        raise TypeError(message) from None
    if x.size == 0 or x.size < least:
        return x
    width = min(max(round(block), 1), x.size)
    rows = jnp.pad(jnp.ravel(x), (0, -x.size % width)).reshape(-1, width)
    scale = jnp.max(jnp.abs(rows), axis=1)
    scale = jnp.where(jnp.isfinite(scale), scale, jnp.nan)
    table = _table(signed, x.dtype)
    at = jnp.searchsorted((table[1:] + table[:-1]) / 2, rows / scale[:, None])
    if signed:
        at = at - ((rows < 0) & (table[at] == 0))
    return Codes(at.astype(jnp.uint8), scale)
''',
    "_decoded": '''
def _decoded(x: Any, signed: bool, like: jax.Array) -> jax.Array:
    """The tensor that codes and scales stand for, shaped like `like`."""
    if not isinstance(x, Codes):
        return x
    scale = x.scale[:, None]
    rows = jnp.where(scale == 0, 0.0, _table(signed, x.scale.dtype)[x.codes] * scale)
    return jnp.reshape(jnp.ravel(rows)[: like.size], like.shape)
''',
    "_positive": '''
def _positive(value: float, dtype: Any) -> Any:
    """The value, or the least positive number of a dtype in which it would be 0."""
    return max(value, float(jnp.finfo(dtype).smallest_subnormal))
''',
}
"""Functions of files for parameters in half precision."""

_CONTEXT = {"params": "params", "key": "state.key", "count": "state.count"}
"""The context of an oracle by the names that `update` has for it."""


class OptaxDialect:
    """The dialect of Optax files; `declared` holds the functions that the expressions call."""

    def __init__(self, facts: Facts, reserved: set[str]):
        self.facts = facts
        self.declared = MeaningDeclarations("jnp", "jax.Array")
        hypers = facts.program.hyperparameters
        read = {"lr", "wd"} & hypers.keys() | {"loss"} & {*facts.program.inputs}
        self.reserved = _RESERVED | reserved | read
        self.given = [name for name in hypers if host_name(name, "optax") == name]
        self.fields = Names(_FIELDS).take_all(facts.program.slots, _FIELDS)
        self.arrays = _arrays(facts.program)

    def looks(self, name: str) -> str:
        return name

    def build(self, index: int, operands: list[ast.expr]) -> ast.expr:
        primitive = self.facts.primitive(index)
        if self.facts.own_line(index):
            return call("f", *operands)
        written = self.declared.template(primitive)
        for at, kind in self.facts.to_spread(index).items():
            operands[at] = spread_to(operands[at], kind, ast.Name(LIKE))
            if written and names_in(written).count(primitive.params[at]) > 1:
                written = None
        for at in self.facts.without_members(index):
            operands[at] = ast.Subscript(operands[at], ast.Constant(None))
        if written is None:
            return call(self.declared.function(primitive), *operands)
        filled = fill(written, dict(zip(primitive.params, operands, strict=True)))
        filled = simplified(filled) if primitive.name == "every" else filled
        filled = rewritten(filled, without_indicator)
        return rewritten(filled, _operator) if Local(index) in self.arrays else filled

    def function(self, name: str) -> str:
        """The name of one of the functions that stand in no declaration."""
        self.declared.functions.setdefault(name, _FUNCTIONS[name].strip("\n"))
        return name

    def ask(self, primitive: Primitive, args: Sequence[ast.expr]) -> ast.Call:
        """A draw, or a question to an oracle."""
        functions = self.declared.functions
        if primitive.oracle:
            function = primitive.oracle.jax
            functions[function.__name__] = inspect.getsource(function).rstrip("\n")
            context = [_CONTEXT[name] for name in primitive.oracle.context]
            given = map(expression, [primitive.oracle.asks.argument, *context])
            return call(function.__name__, *given, *args)
        asked, _ = meaning(primitive.meaning)
        match asked:
            case ast.Call(func=ast.Attribute(attr="noise"), args=[ast.Constant(draw), _, *like]):
                functions["_noise"] = _NOISE.strip("\n")
                drawn = [f"jax.random.{draw}", "state.key", "state.count"]
                given = dict(zip(primitive.params, args, strict=True))
                shaped = fill(like[0], given) if like else ast.Name("updates")
                return call("_noise", *map(expression, drawn), given["stream"], shaped)
        raise ExportError(f"an Optax file cannot express '{primitive.name}'")


def spread_to(value: ast.expr, kind: Kind, like: ast.expr) -> ast.expr:
    """A value broadcast to the shape of a kind, for a parameter shaped like `like`."""
    of = ast.Attribute(like, "shape")
    return spread(kind, of, lambda shape: call("jnp.broadcast_to", value, shape), "tuple")


def _arrays(program: Program) -> frozenset[Arg]:
    """The inputs, slots and statements that are arrays for certain, not plain Python numbers."""
    found: set[Arg] = {Name(n) for n in (*program.inputs, *program.slots) if n != "T"}
    for index, statement in enumerate(program.statements):
        mapped = PRIMITIVES[statement.op].signature.elementwise
        if not mapped or any(arg in found for arg in statement.args):
            found.add(Local(index))
    return frozenset(found)


def without_indicator(node: ast.expr) -> ast.expr:
    """`where(a > b, 1, 0) != 0` as `a > b`."""
    match node:
        case ast.Compare(
            ast.Call(
                ast.Attribute(ast.Name("jnp"), "where"),
                [ast.Compare() as test, ast.Constant(1.0), ast.Constant(0.0)],
            ),
            [ast.NotEq()],
            [ast.Constant(0)],
        ):
            return test
    return node


def _operator(node: ast.expr) -> ast.expr:
    """`jnp.divide(a, b)` as `a / b`."""
    match node:
        case ast.Call(ast.Attribute(ast.Name("jnp"), attr), [left, right]) if attr in _OPERATORS:
            return ast.BinOp(left, _OPERATORS[attr], right)
    return node
