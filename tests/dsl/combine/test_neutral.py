"""Numbers at which a combinator does nothing."""

import numpy as np
import pytest
from hypothesis import given, settings

from dsl import Program, canonical, simplify
from dsl.combine import COMBINATORS, fix
from dsl.language.registry import Domain
from dsl.rewrite.lower import spelled_out
from dsl.run.fingerprint import evaluated, respond
from dsl.zoo import ZOO
from tests.support.running import with_rate
from tests.support.strategies import programs

NEUTRAL: dict[str, dict[str, float]] = {
    "coupled_decay": {"wd": 0},
    "variance_reduced": {"gamma": 0},
    "variance_reduced_exactly": {"gamma": 0},
    "decoupled_decay": {"wd": 0},
    "gradient_noise": {"eta": 0},
}
"""The combined program simplifies to the base."""

NEUTRAL_AT_A_RATE: dict[str, dict[str, float]] = {
    "cosine": {"lr": 0.1, "lr_min": 0.1},
    "uba": {"lr": 0.1, "lr_min": 0.1},
}
"""It simplifies to the base with the rate fixed."""

SILENT: dict[str, dict[str, float]] = {
    "averaged": {"decay": 0},
    "averaged_evenly": {"skip": 1e9},
    "clipped_by_global_norm": {"c": 1e30},
    "clipped_by_norm": {"c": 1e30},
    "zclip": {"c": 1e30, "z": 1e30, "warmup": 1},
    "lookahead": {"alpha": 1},
    "warmup": {"warmup": 1},
}
"""It does what the base does."""

NEVER_NEUTRAL = {"cautious", "linear_decay", "mechanic", "mechanize", "perp_grad"}


def test_it_is_known_of_every_combinator_when_it_does_nothing():
    known = [*NEUTRAL, *NEUTRAL_AT_A_RATE, *SILENT, *NEVER_NEUTRAL]
    assert sorted(known) == sorted(COMBINATORS)


def simplest(program: Program) -> Program:
    return canonical(simplify(program, Domain.FINITE))


@pytest.mark.parametrize("name", NEUTRAL)
@given(program=programs())
@settings(max_examples=60)
def test_at_neutral_numbers_a_combined_program_simplifies_to_the_base(name: str, program: Program):
    combinator = COMBINATORS[name]
    made = combinator.put(fix(combinator.piece, **NEUTRAL[name]), program)
    base = spelled_out(program) if combinator.name == "g" else program
    assert simplest(made) == simplest(base)


@pytest.mark.parametrize("name", NEUTRAL_AT_A_RATE)
@given(program=programs())
@settings(max_examples=60)
def test_a_schedule_between_equal_rates_simplifies_to_that_rate(name: str, program: Program):
    numbers = NEUTRAL_AT_A_RATE[name]
    program = with_rate(program)
    made = COMBINATORS[name](program)
    assert simplest(fix(made, **numbers)) == simplest(fix(program, lr=numbers["lr"]))


@pytest.mark.parametrize("base", ["sgd", "adamw", "adan"])
@pytest.mark.parametrize("name", SILENT)
def test_a_combinator_that_never_acts_leaves_the_base(name: str, base: str):
    made = COMBINATORS[name](ZOO[base], **SILENT[name])
    np.testing.assert_allclose(respond(made), respond(ZOO[base]), rtol=1e-12, atol=1e-15)
    if name != "lookahead":
        np.testing.assert_allclose(evaluated(made), evaluated(ZOO[base]), rtol=1e-12)
