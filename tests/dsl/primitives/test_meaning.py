"""The meaning of primitives, on NumPy and on JAX."""

import itertools
import math
from decimal import Decimal, localcontext
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsl import PRIMITIVES
from dsl.checks.fault import Fault
from dsl.checks.meaning import check_meaning, check_spelling
from dsl.export.latex import Formula
from dsl.language.kinds import KINDS, Kind, lifts
from dsl.language.registry import Binding, Primitive, Scope
from dsl.language.registry import primitive as declare
from dsl.program.parse import parse
from dsl.run.interpret import run_step

SHAPES = ((), (3,), (2, 1, 2, 2))
MEANT = [p for p in PRIMITIVES.values() if p.scope is not Scope.STEP]
FREE_KINDS = [kind for kind in KINDS.values() if lifts(Kind.GLOBAL, kind)]
"""The kinds that element-wise primitives may be applied to."""

EVERYWHERE = ("add", "interp", "where")
"""Element-wise primitives that every test run applies to all of those kinds. The others are applied
to Tensors; on the rest, where only the shapes differ, they are slow tests."""


def free(primitive: Primitive) -> list[Any]:
    """Parameters of a test: a primitive with each kind that it may be applied to."""
    if None not in primitive.signature.params:
        return [pytest.param(primitive, Kind.TENSOR)]
    daily = FREE_KINDS if primitive.name in EVERYWHERE else (Kind.TENSOR,)
    return [
        pytest.param(primitive, kind, marks=() if kind in daily else pytest.mark.slow)
        for kind in FREE_KINDS
    ]


def test_every_primitive_has_a_docstring_and_a_formula_with_all_its_parameters():
    for primitive in PRIMITIVES.values():
        values = {name: Formula(f"<{name}>", Binding.ATOM) for name in primitive.params}
        shown = primitive.latex.format(**values)
        assert primitive.doc
        law = primitive.binds is Binding.LAW  # the same for every stream
        assert all(f"<{name}>" in shown or (law and name == "stream") for name in primitive.params)


@pytest.mark.parametrize(
    ("primitive", "kind"),
    [each for primitive in MEANT for each in free(primitive)],
    ids=lambda x: getattr(x, "name", str(x)),
)
def test_numpy_and_jax_agree(primitive: Primitive, kind: Kind):
    check_meaning(primitive, kind)


SPELLED = [p for p in PRIMITIVES.values() if p.spelled]


@pytest.mark.parametrize("primitive", SPELLED, ids=lambda p: p.name)
def test_a_primitive_means_what_it_is_spelled_as(primitive: Primitive):
    check_spelling(primitive)


def test_another_meaning_than_the_spelling_is_noticed():
    @declare("Tensor -> Row", torch="{x}", latex="{x}", spelled="sqrt(row_sum(square(x)))")
    def misspelt(xp, x):
        """No norm."""
        return PRIMITIVES["row_sum"].meaning(xp, x)

    try:
        with pytest.raises(Fault, match="misspelt and its spelling differ"):
            check_spelling(misspelt)
    finally:
        del PRIMITIVES["misspelt"]


def one_minus_power(x, y):
    """`1 - x ** y` to forty digits, by the laws of logarithms at zero and infinity."""
    if 0 < x < np.inf and np.isfinite(y):
        with localcontext() as context:
            context.prec = 40
            return float(1 - Decimal(float(x)) ** Decimal(float(y)))
    return np.nan if np.isnan(y * np.log(x)) else 1 - np.power(abs(x), y)


def _python_remainder(x, y):
    return float(x) % float(y)


NUMBERS = [-np.inf, -3.5, -1.0, -0.25, -0.0, 0.0, 1e-9, 0.5, 1.0, 2.0, 7.25, np.inf, np.nan]
REFERENCE = {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y,
    "div": lambda x, y: np.divide(x, y),
    "div_eps": lambda x, y: np.divide(x, y + 1e-8),
    "neg": lambda x: -x,
    "abs": np.abs,
    "sign": lambda x: (x > 0) * 1.0 - (x < 0) * 1.0 + 0 * (x if x != x else 0),
    "maximum": np.maximum,
    "minimum": np.minimum,
    "clip": lambda x, low, high: np.minimum(np.maximum(x, low), high),
    "interp": lambda x, y, k: (1 - k) * x + k * y,
    "blend": lambda x, y, k: (1 - k) * x + k * y,
    "remainder": lambda x, y: np.nan if y == 0 or np.isinf(x) else _python_remainder(x, y),
    "greater_equal": lambda x, y: float(x >= y),
    "less_equal": lambda x, y: float(x <= y),
    "greater": lambda x, y: float(x > y),
    "less": lambda x, y: float(x < y),
    "equal": lambda x, y: float(x == y),
    "finite": lambda x: float(math.isfinite(x)),
    "where": lambda mask, x, y: x if mask != 0 else y,
    "when": lambda flag, new, old: new if flag != 0 else old,
    "every": lambda t, k, phase: float(np.mod(t - phase, k) == 0),
    "power": np.power,
    "one_minus_power": one_minus_power,
    "sqrt": np.sqrt,
    "sqrt_abs": lambda x: np.sqrt(abs(x)),
    "square": lambda x: x * x,
    "cube": lambda x: x * x * x,
    "cbrt": np.cbrt,
    "reciprocal": lambda x: np.divide(1, x + 1e-8),
    "exp": np.exp,
    "expm1": np.expm1,
    "log": np.log,
    "log_abs": lambda x: np.log(abs(x)),
    "log1p_abs": lambda x: np.log(abs(1 + x)),
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "arcsin": np.arcsin,
    "arccos": np.arccos,
    "arctan": np.arctan,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "tanh": np.tanh,
    "arcsinh": np.arcsinh,
    "sigmoid": lambda x: np.divide(1, 1 + np.exp(-x)),
}


RTOL = {"one_minus_power": 1e-6}
"""Where it is not 1e-12: this one takes 1 from an `x` near 0."""


@pytest.mark.parametrize("name", REFERENCE)
def test_a_primitive_on_numbers_is_what_its_docstring_says(name):
    primitive = PRIMITIVES[name]
    with np.errstate(all="ignore"):
        for args in itertools.product(np.array(NUMBERS), repeat=len(primitive.params)):
            met, wanted = primitive.meaning(np, *args), REFERENCE[name](*args)
            np.testing.assert_allclose(
                met, wanted, rtol=RTOL.get(name, 1e-12), err_msg=f"{name}{args}"
            )


def test_every_elementwise_primitive_has_a_reference():
    local = {p.name for p in MEANT if set(p.signature.params) <= {None, Kind.GLOBAL}}
    assert local == set(REFERENCE)


GUARDS = [
    ("log_abs(-w)", 1.0, 0.0),
    ("log_abs(w)", 0.0, -np.inf),
    ("log1p_abs(w)", -3.0, np.log(2.0)),
    ("sqrt_abs(w)", -4.0, 2.0),
    ("div_eps(1, w)", 0.0, 1e8),
    ("div_eps(3, w)", 1.0, 3 / (1 + 1e-8)),
    ("div_eps(0, w)", 0.0, 0.0),
    ("reciprocal(w)", 0.0, 1e8),
    ("sign(w)", 0.0, 0.0),
    ("sign(w)", -0.0, 0.0),
    ("sign(w)", np.nan, np.nan),
    ("w / w", 0.0, np.nan),
    ("1 / w", 0.0, np.inf),
    ("sqrt(w)", -1.0, np.nan),
    ("log(w)", -1.0, np.nan),
    ("w ** 0.5", -1.0, np.nan),
    ("cbrt(w)", -8.0, -2.0),
    ("arcsin(w)", 1.5, np.nan),
    ("exp(w)", 1e4, np.inf),
    ("every(global_norm(w), 0, 1)", 1.0, 0.0),
]


@pytest.mark.parametrize("xp", [np, jnp], ids=["numpy", "jax"])
@pytest.mark.parametrize(("text", "w", "wanted"), GUARDS)
def test_guarded_primitives_are_defined_where_the_table_says(text, w, wanted, xp):
    program = parse(f"def rule(w, g):\n    return {text}")
    with jax.enable_x64(True):
        inputs = {"w": [xp.asarray(w, dtype=float)]}
        ((met,), _) = run_step(program, inputs, {}, None, xp)
    np.testing.assert_allclose(met, wanted, rtol=1e-12)


@given(st.floats(width=64), st.floats(width=64))
@settings(max_examples=60)
def test_numbers_known_before_the_step_never_raise(x, y):
    program = parse("def rule(w, g, *, a=1, b=1):\n    return a ** b / (a - b) + exp(a) * log(b)")
    inputs = {"w": [np.zeros(1)], "a": x, "b": y}
    run_step(program, inputs, {}, None, np)
    run_step(program, {**inputs, "w": [jnp.zeros(1)]}, {}, None, jnp)
