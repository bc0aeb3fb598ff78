"""Hypothesis strategies made from the registries: a new primitive is drawn once it is declared.

`programs` draws typed, well-formed programs of the whole language, `gradient_streams` what they may
be run on, `operands` arguments for one primitive.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from dsl.language.initialisers import INITIALISERS, Init
from dsl.language.kinds import KINDS, Kind, lifts, plain
from dsl.language.registry import PRIMITIVES, Primitive
from dsl.program import INPUTS, Arg, Const, Local, Name, Program
from dsl.program.builder import Builder, number

SLOT_NAMES = ("m", "v", "s0", "x0")
LOCAL_NAMES = ("u", "x0", "x1", "s0", "a_rather_long_name_for_a_value")
HYPER_NAMES = ("lr", "b1", "eps", "wd", "s1")
MODELS: tuple[tuple[tuple[int, ...], ...], ...] = (
    ((3,),),
    ((), (2, 3)),
    ((3,), (2, 3), (1, 2, 2)),
    ((2, 1, 2, 2), (1,)),
)
"""Shapes of the parameter tensors of the small models that streams are drawn for."""

PLAIN = tuple(filter(plain, KINDS.values()))
"""The kinds that the machine holds."""

LENGTHS = (2, 3)
"""Of the histories in a program."""

_NUMBERS = (0.0, 1.0, -1.0, 2.0, 0.5, 3.0, -0.5, 0.9, 0.999, 1e-8, 0.1, 10.0)


def constants() -> st.SearchStrategy[float]:
    """Numbers that may be written in a program; the usual ones first, so that failures shrink to
    them."""
    return st.one_of(
        st.sampled_from(_NUMBERS),
        st.floats(-4, 4, allow_subnormal=False),
        st.floats(allow_nan=False, allow_infinity=False),
    )


@st.composite
def inits(draw: Callable, kinds: Collection[Kind] = PLAIN) -> Init:
    """Any use of an initialiser of slots of one of `kinds`."""
    rule = draw(st.sampled_from([rule for rule in INITIALISERS.values() if rule.kind in kinds]))
    numbers = [number(draw(constants())).value for _ in range(rule.arity)]
    if rule.kind.sized:
        numbers[0] = float(draw(st.sampled_from(LENGTHS)))
    return Init(rule.name, tuple(numbers))


@st.composite
def programs(
    draw: Callable,
    *,
    oracles: bool = True,
    max_statements: int = 12,
    primitives: Collection[str] | None = None,
    kinds: Collection[Kind] = PLAIN,
) -> Program:
    """Any well-formed program with up to `max_statements` statements.

    Statements may be dead, names of slots, inputs and hyperparameters may be rebound, slots may be
    swapped or never read, values may have several names or none; some have a point. `primitives`
    restricts which are called, `kinds` of which kinds values are; without `oracles` none of those
    that cost a pass over the data is.
    """
    chosen = [
        p
        for p in PRIMITIVES.values()
        if (oracles or not p.oracle)
        and (primitives is None or p.name in primitives)
        and {*p.signature.params, p.signature.result} <= {None, *kinds}
    ]
    build = Builder("rule", draw(st.sampled_from(("", "One line.", "Two lines:\n\n    m = v\\n"))))
    others = [name for name in INPUTS if name not in ("w", "g")]
    for name in ("w", "g", *draw(st.lists(st.sampled_from(others), unique=True, max_size=3))):
        build.declare_input(name)
    for name in draw(st.lists(st.sampled_from(SLOT_NAMES), unique=True, max_size=3)):
        build.declare_slot(name, draw(inits(kinds)))
    for name in draw(st.lists(st.sampled_from(HYPER_NAMES), unique=True, max_size=3)):
        build.declare_hyper(name, draw(constants()))
    for _ in range(draw(st.integers(0, max_statements)) if chosen else 0):
        _statement(draw, build, draw(st.sampled_from(chosen)))
    for slot, init in build.slots.items():
        if draw(st.integers(0, 3)) == 0:
            build.assign(slot, _argument(draw, build, init.kind))
    result = _result(draw, build)
    pointed = draw(st.integers(0, 3)) == 3
    return build.finish(result, _argument(draw, build, Kind.TENSOR) if pointed else None)


def _statement(draw: Callable, build: Builder, primitive: Primitive) -> None:
    """Append a call, and bind its value or another one to a name, or to none."""
    others = [k for k in build.kinds.values if not plain(k) and lifts(Kind.GLOBAL, k)]
    apart = others and primitive.signature.elementwise and draw(st.booleans())
    free = draw(st.sampled_from(others)) if apart else Kind.TENSOR
    length = draw(st.sampled_from(LENGTHS)) if free.length is None else free.length
    wanted = [(kind or free).of(length) for kind in primitive.signature.params]
    args = [_argument(draw, build, kind) for kind in wanted]
    if not all(_fits(build, arg, kind) for arg, kind in zip(args, wanted, strict=True)):
        return
    families = any(kind is not None and kind.sized for kind in primitive.signature.params)
    if families and all(build.kind_of(arg).length is None for arg in args):
        return
    if primitive.draws:
        args[-1] = Const(float(draw(st.integers(0, 3))))
    value: Arg = build.call(primitive.name, tuple(args))
    if draw(st.integers(0, 7)) == 0:
        value = _argument(draw, build, Kind.TENSOR)
    names = [*LOCAL_NAMES, *build.bound]
    fits = [n for n in names if n not in build.slots or _fits(build, value, build.slots[n].kind)]
    name = draw(st.sampled_from([None, *fits]))
    if name is not None:
        build.assign(name, value)


def _argument(draw: Callable, build: Builder, wanted: Kind) -> Arg:
    """A value made so far that may stand where `wanted` is, often the last one, or a number."""
    made: list[Arg] = [Local(index) for index in reversed(range(len(build.statements)))]
    named: list[Arg] = [*build.bound.values()]
    begun: list[Arg] = [Name(slot) for slot in build.slots]
    values = [arg for arg in (*made, *named, *begun) if _fits(build, arg, wanted)]
    choice = draw(st.integers(0, 6))
    if not values or (choice == 0 and lifts(Kind.GLOBAL, wanted)):
        return number(draw(constants()))
    return values[0] if choice > 4 else draw(st.sampled_from(values))


def _result(draw: Callable, build: Builder) -> Arg:
    """Mostly the last value made, so that most of a program is alive."""
    last = Local(len(build.statements) - 1)
    if build.statements and _fits(build, last, Kind.TENSOR) and draw(st.integers(0, 3)) > 0:
        return last
    return _argument(draw, build, Kind.TENSOR)


def _fits(build: Builder, arg: Arg, wanted: Kind) -> bool:
    return lifts(build.kind_of(arg), wanted)


@dataclass(frozen=True)
class GradientStream:
    """The streams that a program is run on: float64 arrays, one per parameter tensor.

    `gradients[t]` and `losses[t]` are those of step t (0-based), whatever the parameters are then.
    """

    start: tuple[np.ndarray, ...]
    gradients: tuple[tuple[np.ndarray, ...], ...]
    losses: tuple[float, ...]


@st.composite
def gradient_streams(
    draw: Callable, *, min_steps: int = 2, max_steps: int = 6, special: bool = False
) -> GradientStream:
    """Streams for small models of several ranks: any scale, zeros among the entries, and with
    `special` NaN and infinities too."""
    shapes = draw(st.sampled_from(MODELS))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    scale = draw(st.sampled_from((1.0, 1e-3, 1e3)))
    oddities = [0.0, *((np.nan, np.inf, -np.inf) if special else ())]
    share = draw(st.sampled_from((0.0, 0.2, 1.0)))

    def tensor(shape: tuple[int, ...]) -> np.ndarray:
        plain = scale * rng.normal(size=shape)
        return np.where(rng.random(shape) < share, rng.choice(oddities, shape), plain)

    steps = draw(st.integers(min_steps, max_steps))
    return GradientStream(
        start=tuple(np.asarray(rng.normal(size=shape)) for shape in shapes),
        gradients=tuple(tuple(tensor(shape) for shape in shapes) for _ in range(steps)),
        losses=tuple(float(x) for x in 2 + rng.random(steps)),
    )


@st.composite
def operands(
    draw: Callable,
    primitive: Primitive,
    kind: Kind,
    shapes: Sequence[tuple[int, ...]],
    *,
    special: bool = True,
) -> list:
    """Arguments for the meaning of a primitive whose free kind is `kind`, in float64.

    A Global is a number, a Scalar a list of numbers, a Tensor a list of arrays of `shapes`. Tuples
    of square matrices are symmetric and positive, with eigenvalues well apart; the members of a
    history are far from being parallel.
    """
    entries = st.one_of(
        st.sampled_from((0.0, 1.0, -1.0, 0.5, -2.0)),
        st.floats(-4, 4, allow_subnormal=False),
        st.floats(allow_nan=special, allow_infinity=special, allow_subnormal=False),
    )

    def value(wanted: Kind):
        if wanted.shape is None:
            return np.float64(draw(entries))
        if wanted.many:
            several = [wanted.shape(shape) for shape in shapes]
            return [
                tuple(_spread(draw, *s) if s else np.array(draw(entries)) for s in of)
                for of in several
            ]
        sizes = [wanted.shape(shape) for shape in shapes]
        if not lifts(Kind.GLOBAL, wanted):
            rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
            return [rng.normal(size=size) for size in sizes]
        return [
            np.array([draw(entries) for _ in range(int(np.prod(size)))]).reshape(size)
            for size in sizes
        ]

    return [value((param or kind).of(LENGTHS[0])) for param in primitive.signature.params]


def _spread(draw: Callable, size: int, columns: int) -> np.ndarray:
    """A symmetric matrix with eigenvalues 1, 2, ..., `size`."""
    assert size == columns
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    basis = np.linalg.qr(rng.normal(size=(size, size)))[0]
    return basis * np.arange(1.0, size + 1) @ basis.T
