"""The meaning of a primitive: the same in NumPy and in JAX, of the shapes that its signature says.

It is applied as a step of a rule applies it, to tensors of several ranks, with zeros, NaN and
infinities among the entries.
"""

from typing import Any

import numpy as np

from dsl.checks.fault import Fault, compare, said
from dsl.checks.single import start_of
from dsl.errors import DslError, PluginFails
from dsl.language.initialisers import Initialiser
from dsl.language.kinds import Kind, lifts, plain
from dsl.language.registry import PRIMITIVES, Primitive
from dsl.lazy import jax, jnp
from dsl.program.parse import parse
from dsl.rewrite.lower import in_other_words, spelling
from dsl.run.interpret import run_step
from dsl.run.values import initial

SHAPES = ((), (3,), (2, 1, 2, 2))
LENGTH = 2
"""Of a history."""
_TIMES = 8
_RTOL, _ATOL = 1e-9, 1e-12
_NO_STEP: Any = None
"""The services of a step that neither draws nor asks."""
_USUAL = (0.0, 1.0, -1.0, 0.5, -2.0)
_SPECIAL = (np.nan, np.inf, -np.inf, 1e300, -1e300, 1e-300)


def call_text(primitive: Primitive, kind: Kind) -> tuple[str, list[str]]:
    """A rule that calls a primitive on slots of its kinds, a free one being `kind`, and their
    names."""
    kinds = [(param or kind).of(LENGTH) for param in primitive.signature.params]
    names = [f"p{index}" for index in range(len(kinds))]
    slots = ", ".join(f"{n}={start_of(k)}" for n, k in zip(names, kinds, strict=True))
    made = f"{primitive.name}({', '.join(names)})"
    result = primitive.signature.bind(tuple(kinds))[1]
    if result is Kind.TENSOR:
        return f"def rule(w, g, {slots}):\n    return {made}", names
    kept = f"def rule(w, g, {slots}, made={start_of(result)}):\n    made = {made}\n    return w"
    return kept, names


def check_meaning(primitive: Primitive, kind: Kind = Kind.TENSOR, *, times: int = _TIMES) -> None:
    """Hold a primitive whose free kind is `kind` to its signature, in NumPy and in JAX.

    **Raises:** Fault for one that raises an error, gives another shape, or other numbers in JAX.
    """
    text, names = call_text(primitive, kind)
    program = parse(text)
    inputs = {"w": [np.zeros(shape) for shape in SHAPES]}
    slots = {name: initial(init, inputs["w"], np) for name, init in program.slots.items()}
    rng = np.random.default_rng(11)
    exact = primitive.signature.elementwise
    for time in range(times):
        args = operands(primitive, kind, rng, special=time >= times // 2)
        slots.update(zip(names, args, strict=True))
        try:
            direct = run_step(program, inputs, slots, _NO_STEP, np)
        except PluginFails as error:  # of the shape of its value
            raise Fault(error.message) from None
        except Exception as error:
            raise Fault(f"{primitive.name} raises an error in NumPy: {said(error)}") from None
        if time == 0:
            _check_shapes(primitive, kind, direct)
            _check_traces(primitive, program, inputs, slots)
        try:
            with jax.enable_x64(True):
                from dsl.run.jax_step import jax_choose

                at, kept = jax.tree.map(jnp.asarray, (inputs, slots))
                traced = run_step(program, at, kept, _NO_STEP, jnp, jax_choose)
        except Exception as error:
            raise Fault(f"{primitive.name} raises an error in JAX: {said(error)}") from None
        for x, y in zip(jax.tree.leaves(direct), jax.tree.leaves(traced), strict=True):
            largest = np.max(np.abs(x), initial=1.0, where=np.isfinite(x))
            where = f"{primitive.name} is another number in JAX than in NumPy"
            compare(np.asarray(y), x, where, rtol=_RTOL, atol=0.0 if exact else _ATOL * largest)


def check_spelling(primitive: Primitive) -> None:
    """Fault unless a primitive that is spelled in others means what they say."""
    try:
        deeper = [s.op for s in spelling(primitive.name).statements if PRIMITIVES[s.op].spelled]
    except DslError as error:
        raise Fault(f"its spelling {primitive.spelled!r} is no expression: {error}") from None
    if deeper:
        raise Fault(f"its spelling applies {deeper[0]}, which is spelled in others itself")
    text, names = call_text(primitive, Kind.TENSOR)
    program = parse(text)
    inputs = {"w": [np.zeros(shape) for shape in SHAPES]}
    slots = {name: initial(init, inputs["w"], np) for name, init in program.slots.items()}
    rng = np.random.default_rng(12)
    for _ in range(_TIMES):
        args = operands(primitive, Kind.TENSOR, rng, special=False)
        slots.update(zip(names, args, strict=True))
        whole = run_step(program, inputs, slots, _NO_STEP, np)
        parts = run_step(in_other_words(program), inputs, slots, _NO_STEP, np)
        for x, y in zip(jax.tree.leaves(whole), jax.tree.leaves(parts), strict=True):
            where = f"{primitive.name} and its spelling differ"
            compare(np.asarray(x), np.asarray(y), where, rtol=_RTOL, atol=_ATOL)


def operands(
    primitive: Primitive, kind: Kind, rng: np.random.Generator, *, special: bool
) -> list[Any]:
    """Arguments for a primitive, in float64.

    A Global is a number, a Scalar a list of numbers, a Tensor a list of arrays. Tuples of square
    matrices are symmetric and positive, with eigenvalues well apart; the members of a history are
    far from being parallel.
    """

    def entries(shape: tuple[int, ...]) -> np.ndarray:
        drawn = np.where(rng.random(shape) < 0.5, rng.choice(_USUAL, shape), rng.normal(size=shape))
        if special:
            drawn = np.where(rng.random(shape) < 0.3, rng.choice(_SPECIAL, shape), drawn)
        return np.asarray(drawn)

    def value(wanted: Kind) -> Any:
        if wanted.shape is None:
            return np.float64(entries(()))
        if wanted.many:
            several = [wanted.shape(shape) for shape in SHAPES]
            return [tuple(_spread(rng, *s[:1]) if s else entries(s) for s in of) for of in several]
        if not lifts(Kind.GLOBAL, wanted):
            return [rng.normal(size=wanted.shape(shape)) for shape in SHAPES]
        return [entries(wanted.shape(shape)) for shape in SHAPES]

    return [value((param or kind).of(LENGTH)) for param in primitive.signature.params]


def check_start(rule: Initialiser) -> None:
    """Hold an initialiser to the shapes of its kind, in NumPy and in JAX."""
    init = start_of(rule.kind.of(LENGTH), rule)
    leaves = [np.zeros(shape, np.float32) for shape in SHAPES]
    try:
        made = initial(init, leaves, np)
        other = initial(init, [jnp.asarray(leaf) for leaf in leaves], jnp)
    except PluginFails as error:  # of the shape of its value
        raise Fault(error.message) from None
    except Exception as error:
        raise Fault(f"{rule.name} raises an error: {said(error)}") from None
    _check_kind(rule.name, init.kind, made)
    for x, y in zip(jax.tree.leaves(made), jax.tree.leaves(other), strict=True):
        compare(np.asarray(y), np.asarray(x), f"{rule.name} is another in JAX", rtol=1e-6)
        if init.kind is not Kind.GLOBAL and y.dtype != np.float32:
            raise Fault(f"{rule.name} has the dtype {y.dtype} for parameters in float32")


def _spread(rng: np.random.Generator, size: int) -> np.ndarray:
    """A symmetric matrix with eigenvalues 1, 2, ..., `size`."""
    basis = np.linalg.qr(rng.normal(size=(size, size)))[0]
    return basis * np.arange(1.0, size + 1) @ basis.T


def _check_shapes(primitive: Primitive, kind: Kind, outputs: tuple[Any, Any]) -> None:
    """Fault unless the values have the shapes of the result's kind: the step's own for a Tensor,
    those that `made` keeps for another."""
    moves, kept = outputs
    kinds = tuple((param or kind).of(LENGTH) for param in primitive.signature.params)
    _check_kind(primitive.name, primitive.signature.bind(kinds)[1], kept.get("made", moves))


def _check_kind(name: str, kind: Kind, value: Any) -> None:
    if kind.shape is None:
        if np.shape(value) != ():
            raise Fault(f"{name} gives an array of shape {np.shape(value)}, wanted one number")
        return
    for shape, part in zip(SHAPES, value, strict=True):
        wanted = kind.shape(shape)
        met = tuple(map(np.shape, part)) if kind.many else np.shape(part)
        if tuple(wanted) != tuple(met):
            raise Fault(
                f"{name} gives the shape {met} for a parameter of shape {shape}, wanted "
                f"{tuple(wanted)}, that of a {kind}"
            )


def _check_traces(primitive: Primitive, program: Any, inputs: Any, slots: Any) -> None:
    """Fault for a meaning that JAX cannot compile, or that leaves float32."""

    from dsl.run.jax_step import jax_choose

    def step(inputs: Any, slots: Any) -> Any:
        return run_step(program, inputs, slots, _NO_STEP, jnp, jax_choose)

    plain_slots = all(plain(init.kind) for init in program.slots.values())
    given = jax.tree.map(lambda leaf: np.asarray(leaf, np.float32), (inputs, slots))
    try:
        made = jax.eval_shape(step, *given)
    except Exception as error:
        raise Fault(
            f"{primitive.name} cannot be compiled by JAX: {said(error)} (it uses xp, not "
            "numpy, and xp.where in the place of if: values are not known then)"
        ) from None
    if plain_slots:
        wide = [leaf.dtype for leaf in jax.tree.leaves(made) if leaf.dtype != np.float32]
        if wide:
            raise Fault(f"{primitive.name} gives {wide[0]} for arguments in float32")
