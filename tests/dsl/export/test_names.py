"""The names in a program have no influence on what its exported files compute."""

from dataclasses import replace
from functools import cache

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dsl import Program, parse
from dsl.export import to_optax_source, to_torch_source
from dsl.export.names import camel_case, safe
from dsl.program import INPUTS, Arg, Name
from dsl.program.walk import remap
from tests.dsl.zoo.references import model
from tests.support import exporting
from tests.support.odd_programs import ODD

torch = pytest.importorskip("torch")
pytestmark = [pytest.mark.torch, pytest.mark.lightly_compiled]

NASTY = [
    *("lr_", "_lr", "loss_", "_loss", "loss", "t", "self", "dtype", "new_state", "moves", "count"),
    *("jax", "jnp", "optax", "torch", "Any", "Callable", "tuple", "list", "zip", "len", "float"),
    *("k", "k_", "_k", "k_2", "step", "index", "key", "state", "group", "ready", "model", "p", "g"),
    *("x", "x0", "x1", "spread", "old_m", "old_k", "ms", "m_new", "m_next", "updates", "params"),
    *("a", "b", "m", "beta", "betas", "defaults", "super", "enumerate", "ValueError", "treedef"),
    *("lr", "b1", "b2", "wd", "weight_decay", "learning_rate", "value", "value_fn", "losses_fn"),
    *(
        "init",
        "update",
        "mask",
        "seed",
        "horizon",
        "maximize",
        "closure",
        "type",
        "match",
        "_",
        "w",
    ),
]
"""Names that files have a use for, or that become one another without an underscore."""

HIDING = [
    *("interp", "square", "row_mean", "gram", "push", "when", "global_norm", "weighted_mean"),
    *("norm", "sign", "clip", "mode_product", "place", "mul", "neg", "power", "abs", "sqrt", "exp"),
]
"""Names of primitives, those that a rule below calls among them."""

SHAPES = [model.SHAPES[0], model.SHAPES[1], model.SHAPES[2]]

RULES = {
    **{name: ODD[name] for name in ("global_slots", "clipped", "swapped", "shadows", "numbers")},
    "kinds": parse("""
def kinds(w, g, t, loss, m=zeros, r=rows(0), h=identity(1), q=history(2), n=number(1), *, lr=0.1,
          b1=0.5, b2=0.25, c=2, d=3):
    u = interp(g, m, b1)
    m = interp(g * c, m, b2)
    r = r + row_mean(square(u)) * d
    h = h * 0.5 + gram(u)
    q = push(q, u)
    n = when(global_norm(u) > loss, n + 1, n * t)
    k = weighted_mean(q, place(q) + 1)
    e = clip_by_global_norm(mode_product(h, k), n)
    return lr * (e / (r + 1) + c * b1 * u * t)
"""),
}


def called(program: Program, names: list[str]) -> Program:
    """The program with other names for its slots, hyperparameters and values."""
    free = [name for name in names if name not in INPUTS]
    new = dict(zip((*program.slots, *program.hyperparameters), free, strict=False))

    def renamed(arg: Arg) -> Arg:
        return Name(new[arg.id]) if isinstance(arg, Name) and arg.id in new else arg

    moved = remap(
        program,
        renamed,
        slots={new[slot]: init for slot, init in program.slots.items()},
        hyperparameters={new[name]: value for name, value in program.hyperparameters.items()},
        next_values={new[slot]: renamed(arg) for slot, arg in program.next_values.items()},
    )
    statements = tuple(
        replace(statement, name=statement.name and names[-1 - at % len(names)])
        for at, statement in enumerate(moved.statements)
    )
    return replace(moved, statements=statements)


def steps(program: Program) -> list[np.ndarray]:
    """Two steps of both hosts."""
    rng = np.random.default_rng(3)
    w, *grads = ([np.asarray(rng.normal(size=shape)) for shape in SHAPES] for _ in range(3))
    more = exporting.extra(program)
    found = []
    with model.precision("float64"):
        make = exporting.loaded(to_optax_source(program))[safe(program.name)]
        leaves = [jnp.asarray(leaf) for leaf in w]
        optimizer = make(**more)
        state = optimizer.init(leaves)
        for grad in grads:
            moves, state = optimizer.update(
                [jnp.asarray(leaf) for leaf in grad],
                state,
                leaves,
                value=0.5,
                value_fn=lambda at: sum(jnp.sum(leaf) for leaf in at),
            )
            found += [np.asarray(move) for move in moves]
    params = [torch.nn.Parameter(torch.tensor(leaf)) for leaf in w]
    optimizer = exporting.loaded(to_torch_source(program))[camel_case(program)](params, **more)
    for grad in grads:
        for p, g in zip(params, grad, strict=True):
            p.grad = torch.tensor(g)
        optimizer.step(lambda: torch.tensor(0.5))
        found += [p.detach().numpy().copy() for p in params]
    return found


AS_WRITTEN = cache(steps)


@settings(max_examples=6)
@given(st.sampled_from(sorted(RULES)), st.permutations(NASTY))
@example("kinds", NASTY)
@example("kinds", ["x", "torch", "p", *NASTY])
@example("kinds", NASTY[::-1])
@example("global_slots", NASTY)
@example("numbers", NASTY)
@example("kinds", HIDING)
def test_names_change_no_step(rule, names):
    check(rule, names)


@pytest.mark.slow
@settings(max_examples=100)
@given(st.sampled_from(sorted(RULES)), st.permutations(NASTY))
def test_many_names_change_no_step(rule, names):
    check(rule, names)


def check(rule: str, names: list[str]) -> None:
    renamed = called(RULES[rule], names)
    for one, other in zip(steps(renamed), AS_WRITTEN(RULES[rule]), strict=True):
        np.testing.assert_array_equal(one, other, err_msg=str(renamed))


@pytest.mark.parametrize(
    "name",
    [*("optax", "jax", "jnp", "tuple", "zip"), *("callable", "any", "iterable", "torch", "init")],
)
def test_a_rule_may_have_any_name(name):
    rule = RULES["kinds"].renamed(name)
    for one, other in zip(steps(rule), AS_WRITTEN(RULES["kinds"]), strict=True):
        np.testing.assert_array_equal(one, other)
