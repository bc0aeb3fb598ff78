"""Finite steps in float32, whatever gradient a rule meets: with zeros in it, tiny or huge."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from dsl import to_optax
from dsl.language.closed_form import ClosedForm
from dsl.rewrite.oracle_calls import calls_text
from dsl.run.interpret import run_step
from dsl.run.values import initial
from dsl.shapes import Leaves
from dsl.zoo import ZOO
from tests.support.everyday import each

pytestmark = pytest.mark.lightly_compiled

SHAPES = ((), (3,), (4, 3), (2, 3, 2, 2))
STEPS = 5

NOT_FINITE = {
    "ai_sarah": {"zero", "zero rows and columns", "zero entries", "1e-20", "1e15"},
    **dict.fromkeys(("alr_hb", "alr_mag", "polyak"), {"1e-20"}),
    **dict.fromkeys(("asam", "vsgd"), {"1e15"}),
}
"""Rules that divide by 0 or overflow, as the formulas of their papers do, by the gradients on which
they do; their docstrings say so."""

ROUNDED = (
    "consensus_based_optimization",
    "consensus_based_optimization_anisotropic",
    "deepzero_cge",
    "deepzero_rge",
)
"""Rules that are finite in NumPy, and not where XLA rounds a value in two ways: they meet no
gradient but losses of 1e31."""


class Quadratic(ClosedForm):
    """f(w) = |w|^2 / 2, whose gradient is w, in the precision of w."""

    def loss_at(self, point: Leaves) -> np.float32:
        return np.float32(sum(np.sum(part**2) for part in point) / 2)

    def grad_at(self, point: Leaves) -> Leaves:
        return [part.copy() for part in point]

    def hessian_at(self, point: Leaves) -> np.ndarray:
        return np.eye(sum(part.size for part in point))

    def third_at(self, point: Leaves, v: Leaves, u: Leaves) -> Leaves:
        return [np.zeros_like(part) for part in point]

    def gauss_newton(self) -> np.ndarray:
        return self.hessian_at(self.w)

    def label_slopes(self, z: Leaves) -> Leaves:
        return z

    def apart(self, point: Leaves) -> Leaves:
        return [part / 2 for part in point]


def _entries(leaves: Leaves) -> Leaves:
    return [np.where(np.arange(leaf.size).reshape(leaf.shape) % 2, leaf, 0) for leaf in leaves]


def _rows(leaves: Leaves) -> Leaves:
    *others, matrix, kernel = (leaf.copy() for leaf in leaves)
    matrix[1], matrix[:, 2], kernel[0], kernel[:, 1] = (0,) * 4
    return [*others, matrix, kernel]


GRADIENTS = {
    "zero": lambda leaves: [0 * leaf for leaf in leaves],
    "zero rows and columns": _rows,
    "zero entries": _entries,
    "1e-20": lambda leaves: [1e-20 * leaf for leaf in leaves],
    "1e15": lambda leaves: [1e15 * leaf for leaf in leaves],
}


def start(name: str, gradient: str) -> tuple[Leaves, list[Leaves] | None]:
    """The parameters of a rule, and its gradients. Those of one without oracles have ordinary ones
    before and after them; else they are the parameters, and None."""
    rng, asks = np.random.default_rng(0), bool(calls_text(ZOO[name]))
    shapes = SHAPES[asks:]
    drawn = [[rng.normal(size=shape) for shape in shapes] for _ in range(STEPS)]
    met = [
        GRADIENTS[gradient](leaves) if step in (0, 2, 3) else leaves
        for step, leaves in enumerate(drawn)
    ]
    g = [[np.asarray(leaf, np.float32) for leaf in leaves] for leaves in met]
    if asks:
        return g[0], None
    return [np.full(shape, 0.5, np.float32) for shape in shapes], g


def steps(name: str, gradient: str) -> list[Leaves]:
    """The first steps of a rule in float32, in NumPy."""
    program, (w, g) = ZOO[name], start(name, gradient)
    slots = {slot: initial(init, w, np) for slot, init in program.slots.items()}
    found = []
    for t in range(STEPS):
        function = Quadratic(w, t)
        inputs: dict[str, Any] = {
            "w": w,
            "g": function.grad_at(w) if g is None else g[t],
            "t": np.float32(t + 1),
        }
        inputs |= {"T": 100.0, "loss": function.loss_at(w), **program.hyperparameters}
        moves, slots = run_step(program, inputs, slots, function, np)
        w = [np.asarray(leaf - move) for leaf, move in zip(w, moves, strict=True)]
        found.append(moves)
    return found


def compiled(name: str) -> Callable[[str], list[Leaves]]:
    """The same in JAX, compiled once: rounded elsewhere, and without the numbers below 1e-38."""
    optimizer = to_optax(ZOO[name], horizon=100)

    def value_fn(at: Leaves) -> jax.Array:
        return sum((jnp.sum(part**2) for part in at), jnp.float32(0)) / 2

    @jax.jit
    def step(g: Leaves, state: Any, w: Leaves) -> Any:
        moves, state = optimizer.update(
            *(g, state, w),
            value=value_fn(w),
            value_fn=value_fn,
            full_fn=value_fn,
            losses_fn=lambda at: value_fn(at)[None],
            sampled_fn=lambda at, key: value_fn(at),
            outputs_fn=lambda at: (at, value_fn),
        )
        return moves, state, optax.apply_updates(w, moves)

    def steps(gradient: str) -> list[Leaves]:
        w, g = start(name, gradient)
        state, found = optimizer.init([jnp.asarray(leaf) for leaf in w]), []
        for t in range(STEPS):
            moves, state, w = step(w if g is None else g[t], state, w)
            found.append([np.asarray(move) for move in moves])
        return found

    return steps


@pytest.mark.parametrize("name", each(sorted(ZOO)))
def test_a_compiled_step_is_finite(name):
    steps = compiled(name)
    wrong = {
        gradient
        for gradient in GRADIENTS
        if not all(np.isfinite(move).all() for moves in steps(gradient) for move in moves)
    }
    assert wrong <= NOT_FINITE.get(name, {"1e15"} if name in ROUNDED else set())


@pytest.mark.parametrize("gradient", GRADIENTS)
@pytest.mark.parametrize("name", sorted(ZOO))
def test_a_step_is_finite(name, gradient):
    with np.errstate(all="ignore"):
        finite = all(np.isfinite(move).all() for moves in steps(name, gradient) for move in moves)
    assert finite == (gradient not in NOT_FINITE.get(name, ()))


@pytest.mark.parametrize("name", NOT_FINITE)
def test_a_rule_that_is_not_finite_says_so(name):
    assert any(word in ZOO[name].doc for word in ("0/0", "float32"))
