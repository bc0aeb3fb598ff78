"""Every entry of the zoo follows its reference; a new entry is covered once it is registered."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dsl import canonical, fingerprint, parse, simplify, to_optax
from dsl.fingerprint import respond
from dsl.zoo import ENTRIES, ZOO
from tests.dsl import references

NAMES = sorted(ENTRIES)
WITH_CURVATURE = [name for name in NAMES if ENTRIES[name].reference.curvature]
BOUNDS = {"float32": 1e-6, "float64": 1e-10}
AT_DEFAULTS = {"diffgrad": 1e-9}
"""Bounds in float64 at published defaults that are not the common one; the entry says why."""

CONTRACT = {"lr", "b1", "b2", "b3", "eps", "wd"}
"""Hyperparameters that mean the same in every rule that has them."""

PUBLISHED = {
    "sgd": {"lr": 1e-3, "wd": 0},
    "heavy_ball": {"lr": 1e-3, "b1": 0.9, "wd": 0},
    "nesterov": {"lr": 1e-3, "b1": 0.9, "wd": 0},
    "adagrad": {"lr": 1e-2, "eps": 1e-10, "wd": 0},
    "rmsprop": {"lr": 1e-2, "b2": 0.99, "eps": 1e-8, "wd": 0},
    "adam": {"lr": 1e-3, "b1": 0.9, "b2": 0.999, "eps": 1e-8, "wd": 0},
    "adamw": {"lr": 1e-3, "b1": 0.9, "b2": 0.999, "eps": 1e-8, "wd": 1e-2},
    "lion": {"lr": 1e-4, "b1": 0.9, "b2": 0.99, "wd": 0},
    "adan": {"lr": 1e-3, "b1": 0.98, "b2": 0.92, "b3": 0.99, "eps": 1e-8, "wd": 0},
    "diffgrad": {"lr": 1e-3, "b1": 0.9, "b2": 0.999, "eps": 1e-8, "wd": 0},
    "exadam": {"lr": 1e-3, "b1": 0.9, "b2": 0.999, "eps": 1e-8, "wd": 0},
    "adahessian": {"lr": 0.15, "b1": 0.9, "b2": 0.999, "eps": 1e-4, "wd": 0, "k": 1},
    "sophia_h": {
        **{"lr": 6e-4, "b1": 0.96, "b2": 0.99, "eps": 1e-12, "wd": 0},
        **{"gamma": 0.01, "period": 10},
    },
}


def _needs_torch(name: str) -> bool:
    return not ENTRIES[name].reference.target.startswith("optax")


COMPARISONS = [
    pytest.param(name, marks=pytest.mark.torch if _needs_torch(name) else ()) for name in NAMES
]


@pytest.mark.parametrize("schedule", references.SCHEDULES)
@pytest.mark.parametrize("dtype", BOUNDS)
@pytest.mark.parametrize("name", COMPARISONS)
def test_a_rule_follows_its_reference(name: str, dtype: str, schedule: str):
    if _needs_torch(name):
        pytest.importorskip("torch")
        pytest.importorskip(ENTRIES[name].reference.target.split(":")[0])
    assert references.difference(name, dtype, schedule) <= BOUNDS[dtype]


@pytest.mark.parametrize("name", COMPARISONS)
def test_a_rule_follows_its_reference_at_the_published_defaults(name: str):
    if _needs_torch(name):
        pytest.importorskip("torch")
        pytest.importorskip(ENTRIES[name].reference.target.split(":")[0])
    at = {**ENTRIES[name].program.hyperparameters, "wd": 0.1}
    assert references.difference(name, "float64", "decaying", **at) <= AT_DEFAULTS.get(name, 1e-10)


@pytest.mark.parametrize("name", NAMES)
def test_the_comparison_would_show_a_change_of_any_hyperparameter(name: str):
    before = references.settings(name)
    assert set(before) == references.compared(ENTRIES[name].reference)
    path = references.program_path(name, "float64", "decaying")
    for hyper, value in before.items():
        other = value + 1 if hyper == "period" else 0.99 * value
        changed = references.program_path(name, "float64", "decaying", **{hyper: other})
        assert np.max(np.abs(changed - path)) > 100 * BOUNDS["float64"], hyper


@pytest.mark.parametrize("name", WITH_CURVATURE)
def test_a_hessian_is_asked_for_on_refresh_steps_only(name: str):
    program = ZOO[name]
    period = int(program.hyperparameters.get("period", 1))
    asked: list[int] = []

    def value_fn(x: jax.Array) -> jax.Array:
        jax.debug.callback(lambda: asked.append(1))
        return jnp.sum(x**4)

    optimizer = to_optax(program)
    update = jax.jit(lambda g, s, w: optimizer.update(g, s, w, value_fn=value_fn))
    w = jnp.array([0.5, -1.5])
    state = optimizer.init(w)
    for step in range(2 * period + 2):
        asked.clear()
        _, state = update(4 * w**3, state, w)
        jax.effects_barrier()
        assert bool(asked) == (step % period == 0), step


@pytest.mark.parametrize("name", NAMES)
def test_the_text_of_a_rule_is_the_rule(name: str):
    again = parse(str(ZOO[name]))
    assert again == ZOO[name]
    assert str(again) == str(ZOO[name])


@pytest.mark.parametrize("name", NAMES)
def test_the_canonical_form_is_its_own_canonical_form(name: str):
    form = canonical(ZOO[name])
    assert canonical(form) == form
    assert fingerprint(form) == fingerprint(ZOO[name])


@pytest.mark.parametrize("name", NAMES)
def test_simplifying_a_rule_keeps_what_it_does(name: str):
    simple = simplify(ZOO[name])
    assert simplify(simple) == simple
    assert len(simple.statements) <= len(ZOO[name].statements)
    assert fingerprint(simple) == fingerprint(ZOO[name])
    at = references.settings(name)
    before, after = (respond(p.with_hyperparameters(**at)) for p in (ZOO[name], simple))
    np.testing.assert_allclose(after, before, rtol=1e-12, atol=1e-14)


def test_no_two_rules_behave_alike():
    names: dict[str, list[str]] = {}
    for name, program in ZOO.items():
        names.setdefault(fingerprint(program), []).append(name)
    assert [alike for alike in names.values() if len(alike) > 1] == []


@pytest.mark.parametrize("name", PUBLISHED)
def test_defaults_are_the_published_ones(name: str):
    assert ZOO[name].hyperparameters == PUBLISHED[name]


@pytest.mark.parametrize("name", NAMES)
def test_an_entry_says_where_it_comes_from_and_speaks_the_common_words(name: str):
    entry = ENTRIES[name]
    program = entry.program
    assert program.name == name
    assert entry.paper and 1950 < entry.year < 2100
    assert "decay" in program.doc
    hypers = list(program.hyperparameters)
    common = [hyper for hyper in hypers if hyper in CONTRACT]
    assert {"lr", "wd"} <= set(common)
    assert common == [h for h in ("lr", "b1", "b2", "b3", "eps", "wd") if h in common]
    assert hypers[: len(common)] == common, "a rule's own hyperparameters come last"
    assert "eps" not in hypers or "eps" in program.doc
