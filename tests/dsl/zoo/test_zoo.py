"""Every entry of the zoo follows its reference; a new entry is covered once it is registered."""

from collections.abc import Collection, Mapping
from itertools import combinations
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dsl import Program, canonical, fingerprint, parse, simplify, to_optax
from dsl.run.fingerprint import respond
from dsl.zoo import ENTRIES, ZOO
from dsl.zoo.entry import Reference
from tests.dsl.zoo.references import walks
from tests.support.everyday import SAMPLE, each

pytestmark = pytest.mark.lightly_compiled

NAMES = sorted(ENTRIES)
WITH_CURVATURE = ["adahessian", "sophia_h"]

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


IN_FLOAT32 = [
    pytest.param(name, schedule, marks=() if daily else pytest.mark.slow)
    for name in PUBLISHED
    for schedule in walks.SCHEDULES
    for daily in (schedule == "decaying" or name == "adamw",)
]
"""Rules that are also compiled and compared in float32, and the schedules of their rates."""


def _needs_torch(name: str) -> bool:
    reference = ENTRIES[name].reference
    return isinstance(reference, Reference) and not reference.target.startswith("optax")


def _comparisons(daily: Collection[str]) -> list[Any]:
    """Every rule, those that are not `daily` marked slow."""
    slow = {name: () if name in daily else [pytest.mark.slow] for name in NAMES}
    torch = {name: [pytest.mark.torch] if _needs_torch(name) else () for name in NAMES}
    return [pytest.param(name, marks=[*slow[name], *torch[name]]) for name in NAMES]


def _require(name: str) -> None:
    reference = ENTRIES[name].reference
    if isinstance(reference, Reference):
        if _needs_torch(name):
            pytest.importorskip("torch")
        pytest.importorskip(reference.target.partition(":")[0])


@pytest.mark.parametrize("name", _comparisons(SAMPLE))
def test_a_rule_follows_its_reference(name: str):
    _require(name)
    assert walks.difference(name, "decaying") <= ENTRIES[name].reference.agrees


@pytest.mark.parametrize("name", _comparisons(()))
def test_a_rule_follows_its_reference_at_the_published_defaults(name: str):
    _require(name)
    known = ENTRIES[name].program.hyperparameters
    at = {**known, "wd": 0.1} if "wd" in known else known
    check = ENTRIES[name].reference
    assert walks.difference(name, "decaying", **at) <= (check.at_defaults or check.agrees)


@pytest.mark.torch
@pytest.mark.parametrize(("name", "schedule"), IN_FLOAT32)
def test_a_compiled_rule_follows_its_reference_in_float32(name: str, schedule: str):
    _require(name)
    ours = walks.compiled_path(name, schedule)
    theirs = walks.reference_path(name, schedule, "float32")
    assert np.max(np.abs(ours - theirs)) <= 1e-6


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_compiled_rule_takes_the_steps_of_the_interpreter(name: str):
    ours = walks.compiled_path(name, "decaying", "float64", steps=12)
    theirs = walks.program_path(name, "decaying", steps=12)
    assert np.max(np.abs(ours - theirs)) <= 1e-9


@pytest.mark.parametrize("name", each(NAMES))
def test_the_comparison_would_show_a_change_of_any_hyperparameter(name: str):
    before = walks.settings(name)
    assert set(before) == walks.hypers_compared(name)
    path = walks.program_path(name, "decaying")
    for hyper, value in before.items():
        other = value + 1 if ENTRIES[name].hypers[hyper].whole else 0.99 * value or 1e-3
        changed = walks.program_path(name, "decaying", **{hyper: other})
        assert np.max(np.abs(changed - path)) > 10 * ENTRIES[name].reference.agrees, hyper


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
    at = walks.settings(name)
    before, after = (respond(p.with_hyperparameters(**at)) for p in (ZOO[name], simple))
    np.testing.assert_allclose(after, before, rtol=1e-12, atol=1e-14)


def test_no_two_rules_behave_alike():
    """At the published defaults, with decay on and an eps that shows, and where one is compared."""
    names: dict[tuple[str, str], list[str]] = {}
    for name, program in ZOO.items():
        prints = fingerprint(program), fingerprint(_set(program, walks.SETTINGS))
        names.setdefault(prints, []).append(name)
    groups = [alike for alike in names.values() if len(alike) > 1]
    for one, other in (pair for alike in groups for pair in combinations(alike, 2)):
        places = [walks.settings(here) for here in (one, other)]
        rules = ZOO[one], ZOO[other]
        assert any(
            fingerprint(_set(rules[0], at)) != fingerprint(_set(rules[1], at)) for at in places
        ), f"{one} and {other}"


def _set(program: Program, numbers: Mapping[str, float]) -> Program:
    """The program with those of the numbers that it knows."""
    known = program.hyperparameters
    return program.with_hyperparameters(**{h: x for h, x in numbers.items() if h in known})


@pytest.mark.parametrize("name", PUBLISHED)
def test_defaults_are_the_published_ones(name: str):
    assert ZOO[name].hyperparameters == PUBLISHED[name]


@pytest.mark.parametrize("name", NAMES)
def test_an_entry_says_where_it_comes_from_and_speaks_the_common_words(name: str):
    entry = ENTRIES[name]
    program = entry.program
    assert program.name == name
    assert entry.paper and 1950 < entry.year < 2100
    assert entry.idea
    hypers = list(program.hyperparameters)
    common = [hyper for hyper in hypers if hyper in CONTRACT]
    assert common == [h for h in ("lr", "b1", "b2", "b3", "eps", "wd") if h in common]
    assert hypers[: len(common)] == common, "a rule's own hyperparameters come last"
    assert "eps" not in hypers or "eps" in program.doc
    assert "wd" not in hypers or "decay" in program.doc
    assert ("status: unverified" in program.doc) == bool(entry.reference.unverified)
    for name, value in program.hyperparameters.items():
        assert entry.hypers[name].low <= value <= entry.hypers[name].high, name
