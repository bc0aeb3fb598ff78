"""The chain of laws from a program to its simpler form: complete, and each step is its law."""

from dataclasses import replace

import numpy as np
import pytest

from dsl import parse
from dsl.language.registry import Domain
from dsl.program import Program
from dsl.simplifier import simplified
from dsl.simplifier.replay import first_gap, replays
from dsl.zoo import ZOO
from tests.dsl.simplifier.test_simplified import RULES, mutants
from tests.dsl.zoo.test_lion import RAW
from tests.support.redundant import redundant


def goes_through(program: Program, domain: Domain) -> int:
    """The number of steps of the chain, which is complete and has no gaps."""
    found = simplified(program, domain, explain=True)
    assert found.program == simplified(program, domain).program
    assert first_gap(program, found.chain, domain) is None
    assert not found.chain or found.chain[-1].program == found.program
    assert found.chain or found.program == program
    return len(found.chain)


def test_the_chain_from_the_raw_program_to_lion():
    found = simplified(parse(RAW), Domain.FINITE, explain=True)
    assert first_gap(parse(RAW), found.chain, Domain.FINITE) is None
    told = [step.law for step in found.chain]
    assert told[0] == "what no step depends on"
    assert {"an average of an average", "the root of a square"} <= set(told)
    assert "a value over its magnitude: m / v1 => sign(m)" in map(str, found.chain)


@pytest.mark.parametrize("name", RULES)
def test_the_chain_back_to_a_known_rule_has_no_gaps(name):
    for seed in (1, 2):
        noisy = redundant(ZOO[name], 15, np.random.default_rng(seed))
        assert goes_through(noisy, Domain.FINITE) > 3


@pytest.mark.parametrize("domain", Domain)
def test_the_chain_of_a_mutant_has_no_gaps(domain):
    for program in mutants(12, 5):
        goes_through(program, domain)


@pytest.mark.slow
@pytest.mark.parametrize("domain", Domain)
def test_the_chains_of_many_mutants_have_no_gaps(domain):
    for program in mutants(150, 6):
        goes_through(program, domain)


def test_a_condition_that_cannot_be_shown_is_told():
    rule = parse("def rule(w, g, *, lr=0.1):\n    return sign(lr * g)")
    found = simplified(rule, Domain.FINITE, explain=True)
    assert [step.assumed for step in found.chain] == [("lr > 0",)]
    assert str(found.chain[0]).endswith("sign(lr * g) => sign(g), if lr > 0")


def test_a_step_under_the_name_of_another_law_is_noticed():
    program = parse("def rule(w, g):\n    return sqrt(square(g))")
    (step,) = simplified(program, Domain.FINITE, explain=True).chain
    assert replays(program, step, Domain.FINITE)
    assert not replays(program, step._replace(equation="abs(-x) => abs(x)"), Domain.FINITE)
    other = parse("def rule(w, g):\n    return abs(w)")
    assert not replays(program, step._replace(program=other), Domain.FINITE)
    renamed = replace(step.program, name="another")
    assert replays(program, step._replace(program=renamed), Domain.FINITE)


@pytest.mark.parametrize(
    "value", ["g + sign(0) * w", "g + (abs(w) - abs(-w)) * w", "w * (sign(2) - 1) + g"]
)
def test_what_is_a_number_is_shown_to_be_one(value):
    program = parse(f"def rule(w, g, *, lr=0.1):\n    return lr * ({value})")
    assert goes_through(program, Domain.FINITE) > 2


@pytest.mark.parametrize("domain", Domain)
def test_a_number_of_a_number_of_a_number_is_worked_out_in_as_many_steps(domain):
    program = parse("def rule(w, g):\n    return g * arcsinh(sigmoid(square(0)))")
    assert goes_through(program, domain) == 3


@pytest.mark.parametrize("value", ["abs(abs(lr))", "mean(abs(abs(lr / t)))", "square(square(0))"])
@pytest.mark.parametrize("domain", Domain)
def test_what_a_law_makes_is_left_to_the_next_step(value, domain):
    """The law has to be used on what it made too, in the same place and under the same words."""
    program = parse(f"def rule(w, g, t, *, lr=0.1):\n    u = {value}\n    return g + u * sinh(u)")
    assert goes_through(program, domain) > 1


def test_a_sign_that_leaves_a_product_has_a_law():
    text = "def rule(w, g):\n    r = reciprocal(sign(sinh(w)))\n    return r + arctan(-g) * r"
    assert goes_through(parse(text), Domain.FINITE) > 2


def test_no_step_is_about_what_is_not_there_any_more():
    """The step does not read `m` once the norms have cancelled; laws about `m` are none of it."""
    program = parse(
        "def rule(w, g, m=zeros, *, b1=0.9):\n    u = norm(m) / norm(m)\n"
        "    m = interp(tanh(interp(1e-8, u, -1)), m, b1)\n    return arcsin(u) + g"
    )
    chain = simplified(program, Domain.FINITE, explain=True).chain
    told = [str(step.program) for step in chain]
    assert len(told) > 1 and len({*told}) == len(told)


def test_a_chain_goes_on_where_its_own_graph_stops_halfway():
    program = parse(
        "def rule(w, g, m=zeros, *, lr=0.1, b1=0.5):\n    x = 2 / m\n    y = -1 + w\n"
        "    z = y / x / (y / x)\n    m = interp(x, m, b1)\n    return lr * (z + z * y + w * 0.1)"
    )
    assert goes_through(program, Domain.FINITE) > 3


@pytest.mark.parametrize("domain", Domain)
def test_no_step_is_taken_back(domain):
    program = parse(
        "def rule(w, g, *, lr=0.1, b1=0.9, b2=0.99):\n    u = b1 < b1\n"
        "    return lr * ((b2 < b2) + u * square(u) + w * 0.1)"
    )
    told = [str(step.program) for step in simplified(program, domain, explain=True).chain]
    assert len(told) > 1 and len({*told}) == len(told)
