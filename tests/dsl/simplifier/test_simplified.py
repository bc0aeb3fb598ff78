"""Programs made as simple as laws allow: known rules come out of what was done to them."""

from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given, settings

from dsl import canonical, family, parse
from dsl.language.registry import Domain
from dsl.program import Program
from dsl.rewrite.prune import prune
from dsl.run.fingerprint import fingerprint, respond
from dsl.simplifier import plain, simplified
from dsl.simplifier.check import same_steps
from dsl.zoo import ZOO
from search.config import Config
from tests.dsl.zoo.test_lion import RAW, WHOLE
from tests.support.redundant import redundant
from tests.support.strategies import programs

NOISE = 15
RULES = ("adamw", "lion", "adan", "sophia_h")


def finite(text: str) -> str:
    """The text of a program after simplifying, without its first line."""
    return str(simplified(parse(text), Domain.FINITE).program).partition("\n")[2]


def test_the_raw_program_of_the_paper_is_lion_up_to_constants():
    found = simplified(parse(RAW), Domain.FINITE)
    assert not found.refused
    assert family(found.program) == family(ZOO["lion"])
    assert list(found.program.slots) == ["v"]


def test_with_its_clip_and_arcsin_it_is_one_sign_of_one_average():
    made = simplified(parse(WHOLE), Domain.FINITE).program
    assert sorted(statement.op for statement in made.statements) == sorted(
        ["clip_by_global_norm", "arcsin", "interp", "interp", "sign", "mul", "mul", "mul", "add"]
    )
    assert list(made.slots) == ["v"]


SHORTER = {
    "the root of a square": ("return sqrt(g * g)", "return abs(g)"),
    "a value over its magnitude": ("return g / abs(g)", "return sign(g)"),
    "with a factor on the way": ("return lr * g * 2 / sqrt(g * g)", "return 2 * lr * sign(g)"),
    "an average of an average": (
        "m = interp(g, interp(g, m, b1), b2)\n    return m",
        "m = interp(g, m, b1 * b2)\n    return m",
    ),
    "a scale through a norm": ("return g / norm(2 * g)", "return 0.5 * (g / norm(g))"),
    "a positive rate under a sign": ("return sign(lr * g)", "return sign(g)"),
    "an odd function": ("return -tanh(-g)", "return tanh(g)"),
    "absorbed": ("return maximum(g, minimum(w, g))", "return g"),
    "a distributed factor": ("return lr * g + lr * w", "return lr * (g + w)"),
    "cancelled": ("return (g + w) * 3 - 3 * w", "return 3 * g"),
    "a slot that is twice another": (
        "m = interp(g, m, b1)\n    v = interp(2 * g, v, b1)\n    return v + m",
        "m = interp(g, m, b1)\n    return 3 * m",
    ),
    "a slot that holds a sign of another": (
        "u = v * g\n    m = interp(g, m, b1)\n    v = sign(m)\n    return u",
        "u = sign(m) * g\n    m = interp(g, m, b1)\n    return u",
    ),
    "a slot kept with the other sign": (
        "v = interp(-g, v, b1)\n    return -v",
        "m = interp(g, m, b1)\n    return m",
    ),
    "two slots that hold what a third one held": (
        "u = m + 2 * v\n    m = s\n    v = s\n    s = g\n    return u",
        "u = 3 * m\n    m = s\n    s = g\n    return u",
    ),
}


@pytest.mark.parametrize(("long", "short"), SHORTER.values(), ids=SHORTER.keys())
def test_a_program_gets_as_short_as_the_one_beside_it(long, short):
    head = "def rule(w, g, m=zeros, v=zeros, s=zeros, *, lr=0.1, b1=0.9, b2=0.5):\n    "
    made = simplified(parse(head + long), Domain.FINITE)
    wanted = prune(parse(head + short))
    assert not made.refused
    assert len(made.program.statements) <= len(wanted.statements)
    assert len(made.program.slots) <= len(wanted.slots)
    np.testing.assert_allclose(respond(made.program), respond(wanted), rtol=1e-9)


def test_hyperparameters_of_one_product_become_one():
    text = "def rule(w, g, *, lr=0.1, a=0.5, b=4):\n    return lr * (g + a * (b * w))"
    made = simplified(parse(text), Domain.FINITE).program
    assert str(made).endswith("    return lr * (g + a * w)")
    assert made.hyperparameters == {"lr": 0.1, "a": 2}


@pytest.mark.parametrize("weight", ["1e-13", "-1e-13", "1e-17"])
@pytest.mark.parametrize("value", ["m + {} * g", "{} * g + m"])
def test_a_small_weight_beside_one_is_no_average(weight, value):
    """`1e-13 * g + m` was `interp(g, m, 1)`, which is `m`."""
    head = "def rule(w, g, m=zeros, *, lr=0.1, b1=0.9):\n    m = interp(g, m, b1)\n    return lr * "
    made = simplified(parse(f"{head}({value.format(weight)})"), Domain.FINITE).program
    assert "1e-1" in str(made)


@pytest.mark.parametrize(
    "value", ["2 * m - g", "0.0001 * g + 0.9999 * m", "1e-6 * g + 0.999999 * m"]
)
def test_two_weights_that_are_one_together_are_an_average(value):
    made = finite(f"def rule(w, g, m=zeros):\n    u = {value}\n    m = g\n    return u")
    assert "interp(g, m, " in made


def test_the_rate_stays_what_it_is():
    text = "def rule(w, g, *, lr=0.1):\n    return lr * 3 * g"
    assert simplified(parse(text), Domain.FINITE).program.hyperparameters == {"lr": 0.1}


def test_a_slot_of_another_start_is_another_slot():
    text = "def rule(w, g, m=zeros, v=ones):\n    m = m + g\n    v = v + 2 * g\n    return m * v"
    assert len(simplified(parse(text), Domain.FINITE).program.slots) == 2


@pytest.mark.parametrize("name", RULES)
def test_a_rule_comes_back_from_redundant_statements(name):
    comes_back(name, range(1000, 1004))


@pytest.mark.slow
@pytest.mark.parametrize("name", RULES)
def test_a_rule_comes_back_from_redundant_statements_every_time(name):
    comes_back(name, range(200))


@pytest.mark.parametrize(
    "seed", [(20261130, 7), (20261130, 74), (20261130, 193), (900001, 900205)], ids=str
)
def test_a_rule_comes_back_from_statements_that_round_coarsely(seed):
    comes_back("adamw", [seed])


def test_a_rule_comes_back_from_a_slot_with_the_other_sign():
    comes_back("adamw", [(777, 99)])


def test_a_rule_comes_back_from_a_difference_that_could_be_turned_round():
    comes_back("adan", [(800049, 99), (800057, 99), 5354, 950193])


def test_no_bias_correction_is_left_below_0():
    assert simplified(ZOO["yogi"], Domain.FINITE).program.slots["v"] == ZOO["yogi"].slots["v"]


def test_a_rule_comes_back_from_a_factor_that_became_another_one():
    comes_back("sophia_h", [39])


def test_steps_are_equal_to_the_rounding_of_the_original_and_no_more():
    head = "def rule(w, g, *, lr=0.1):\n    return lr * "
    coarse = parse(head + "cbrt((cube(g) + w) - w)")
    assert same_steps(coarse, parse(head + "g"), Domain.FINITE)
    assert not same_steps(coarse, parse(head + "g"), Domain.EXACT)
    for other in ("1.00001 * g", "g + 1e-4", "abs(g)", "cbrt(cube(g) + w)"):
        assert not same_steps(coarse, parse(head + f"({other})"), Domain.FINITE), other
    assert not same_steps(parse(head + "g"), coarse, Domain.FINITE), "it is no detour to take"


def comes_back(name: str, seeds: Iterable[int | tuple[int, ...]]) -> None:
    wanted = canonical(simplified(ZOO[name], Domain.FINITE).program)
    for seed in seeds:
        noisy = redundant(ZOO[name], NOISE, np.random.default_rng(seed))
        made = simplified(noisy, Domain.FINITE)
        assert canonical(made.program) == wanted, f"seed {seed}\n{noisy}\n\n{made.program}"


@pytest.mark.parametrize("name", RULES)
def test_a_rule_that_is_simple_stays_as_it_is(name):
    for domain in Domain:
        assert simplified(ZOO[name], domain).program == ZOO[name]


def mutants(count: int, seed: int) -> list[Program]:
    """Programs that mutation makes of known rules."""
    config = Config.model_validate(
        {
            "campaign": "mutants",
            "tasks": [{"name": "quadratic", "steps": 10}],
            "budget": {"candidates": 10},
            "strategy": {"kind": "random_search"},
        }
    )
    breeder, rng = config.breeder(), np.random.default_rng(seed)
    starts = [ZOO[name] for name in ("adamw", "lion", "sgd", "adan", "rmsprop", "signum", "nadam")]
    found = []
    for _ in range(count):
        program = starts[int(rng.integers(len(starts)))]
        for _ in range(int(rng.integers(3, 25))):
            program, _ = breeder.mutate(program, rng, "mutant")
        found.append(program)
    return found


def never_longer_never_different(found: list[Program]) -> None:
    for program in found:
        for domain in Domain:
            made = simplified(program, domain).program
            assert len(made.statements) <= len(prune(program).statements), str(program)
            assert len(made.slots) <= len(program.slots)
            assert same_steps(program, made, domain), str(program)
            if domain is Domain.EXACT:
                assert fingerprint(made) == fingerprint(program), str(program)


def test_mutants_get_neither_longer_nor_different():
    never_longer_never_different(mutants(30, 3))


@pytest.mark.slow
def test_500_mutants_get_neither_longer_nor_different():
    never_longer_never_different(mutants(500, 4))


@given(program=programs())
@settings(max_examples=40, deadline=None)
def test_any_program_gets_neither_longer_nor_different(program):
    never_longer_never_different([program])


def test_a_plain_program_behaves_as_the_original():
    """`x * 0` is 0 in real arithmetic, and wherever the search looks; `m - m` of a slot that
    becomes infinite is not, and stays."""
    dead = parse("def f(w, g):\n    h = g + 0 * w\n    return 0.1 * h + 0 * square(h)")
    assert str(plain(dead)).endswith("    return 0.1 * g")
    grows = parse("def f(w, g, m=const(1e300)):\n    m = 1e200 * m\n    return g + (m - m)")
    assert len(simplified(grows, Domain.FINITE).program.slots) == 0
    assert plain(grows).slots.keys() == {"m"}
    for program in (*mutants(10, 5), dead, grows):
        assert fingerprint(plain(program)) == fingerprint(program)


def test_a_result_that_differs_is_refused(monkeypatch):
    """With a law that does not hold the program stays as it was, and the report says so."""
    from dsl.simplifier import laws

    wrong = laws.ready(laws.Law("tanh(x) => x", Domain.FINITE))
    table = {**laws.laws_by_op(Domain.FINITE), "tanh": [wrong]}
    monkeypatch.setattr("dsl.simplifier.saturate.standing_laws", lambda domain: table)
    program = parse("def rule(w, g):\n    return tanh(g)")
    found = simplified(program, Domain.FINITE)
    assert found.program == program and "other steps" in found.refused
