"""The family of a program: what numbers do not change, and what everything else does."""

import itertools
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsl import canonical, parse
from dsl.language.initialisers import Init
from dsl.language.registry import PRIMITIVES
from dsl.program import Arg, Const, Local, Name, Program, Statement
from dsl.program.walk import remap
from dsl.rewrite.family import family
from dsl.zoo import ZOO
from tests.support.strategies import programs

each_rule = pytest.mark.parametrize("name", sorted(ZOO))


def rule(body: str, slots: str = "", numbers: str = "lr=0.1, b1=0.9, b2=0.99, wd=0.1") -> Program:
    lines = "".join(f"    {line.strip()}\n" for line in body.split(";"))
    return parse(f"def rule(w, g, t, {slots}*, {numbers}):\n{lines}")


def changed(program: Program, change: Callable[[Arg], Arg]) -> Program:
    """The program with every argument changed."""
    return remap(program, change)


SAME = {
    "constants": ("0.1 * interp(g, w, 0.9)", "3 * interp(g, w, 0.5)"),
    "a hyperparameter for a constant": ("lr * interp(g, w, 0.9)", "0.2 * interp(g, w, b1)"),
    "what is computed of numbers": ("interp(g, w, b1)", "interp(g, w, 1 - b2 * 0.5)"),
    "one number twice, or two": ("sin(g + b1) / cos(w + b1)", "sin(g + b1) / cos(w + b2)"),
    "the scale of the step": ("sign(g) + w", "lr * 0.5 * (sign(g) + w)"),
    "its sign, and a divisor": ("sign(g)", "-(lr * sign(g)) / 3"),
    "a scale within a product": ("t * sign(g)", "(t * 0.3) * (lr * sign(g))"),
    "order and brackets of factors": ("(t * g) * w / norm(g)", "w * (g / norm(g) * t)"),
    "order of summands": ("sin(g * 3) + sin(w)", "sin(w) + sin(0.1 * g)"),
    "streams of noise": ("g * normal(0)", "g * normal(3)"),
}

DIFFERENT = [
    "g",
    "g + w",
    "g - w",
    "w - g",
    "g + wd * w",
    "g / t",
    "t * g",
    "t * t * g",
    "g / norm(g)",
    "norm(g) / g",
    "sin(g)",
    "sin(g + 1)",
    "sin(g + w)",
    "where(0 < g, g, w)",
    "where(0 < g, w, g)",
    "where(g < 0, g, w)",
    "g ** 2",
    "2 ** g",
    "g * rademacher(0)",
    "g * rademacher(0) * rademacher(1)",
    "g * rademacher(0) * rademacher(0)",
]


@pytest.mark.parametrize("case", SAME)
def test_numbers_do_not_take_part(case):
    one, other = (rule(f"return {text}") for text in SAME[case])
    assert family(one) == family(other)


def test_everything_else_does():
    keys = {text: family(rule(f"return {text}")) for text in DIFFERENT}
    for one, other in itertools.combinations(DIFFERENT, 2):
        assert keys[one] != keys[other], f"{one} = {other}"


def test_values_that_are_computed_apart_stay_apart():
    lion = "u = sign(interp(g, m, b1)); m = interp(g, m, b2); return lr * u"
    signum = "m = interp(g, m, b1); return lr * sign(m)"
    of = {text: family(rule(text, "m=zeros, ")) for text in (lion, signum)}
    assert of[lion] != of[signum]
    assert family(rule(lion.replace("b2", "b1"), "m=zeros, ")) == of[signum]
    assert family(rule(lion, "m=zeros, ").with_hyperparameters(b1=0.5, b2=0.5)) == of[lion]


def test_who_reads_a_value_tells_it_from_its_like():
    start = "x = sin(g + 1); y = sin(g + 2); "
    one = rule(start + "return exp(x) + cos(x) + tanh(y)")
    other = rule(start + "return exp(x) + cos(y) + tanh(y)")
    assert family(one) != family(other)


def test_slots_are_told_apart_by_what_they_hold_and_how_they_start():
    body = "m = interp(g, m, b1); return lr * m"
    keys = {start: family(rule(body, f"m={start}, ")) for start in ("zeros", "copy_w", "first_g")}
    assert len(set(keys.values())) == 3
    for start in ("ones", "const(0.3)"):
        assert family(rule(body, f"m={start}, ")) == keys["zeros"]
    delayed = rule("u = m; m = interp(g, m, b1); return lr * u", "m=zeros, ")
    assert family(delayed) != keys["zeros"]


def test_a_long_chain_of_products_is_quickly_done():
    body = "; ".join(["x0 = g * w", *(f"x{i + 1} = x{i} * x{i}" for i in range(60))])
    assert family(rule(body + "; return x60")) != family(rule(body + "; return x59"))


def scaled(program: Program) -> Program:
    """The same step, three times as long."""
    triple = Statement("mul", (Const(3.0), program.result))
    return replace(
        program,
        statements=(*program.statements, triple),
        result=Local(len(program.statements)),
    )


@each_rule
def test_a_rule_of_the_zoo_shares_its_family_at_other_numbers(name):
    program = ZOO[name]
    key = family(program)
    others = [each for each in program.hyperparameters if each not in program.lengths]
    numbers = {each: 0.317 + 0.01 * at for at, each in enumerate(others)}
    assert family(program.with_hyperparameters(**numbers)) == key
    assert family(scaled(program)) == key


@each_rule
def test_a_hyperparameter_is_as_good_as_a_number_nobody_else_has(name):
    program = ZOO[name]
    numbers = {each: 0.31731 + 0.00017 * at for at, each in enumerate(program.hyperparameters)}

    def written(arg: Arg) -> Arg:
        return Const(numbers[arg.id]) if isinstance(arg, Name) and arg.id in numbers else arg

    assert family(replace(changed(program, written), hyperparameters={})) == family(program)


def test_no_two_rules_of_the_zoo_are_of_one_family():
    keys = {name: family(program) for name, program in ZOO.items()}
    assert len(set(keys.values())) == len(keys)


@each_rule
def test_another_primitive_in_one_place_makes_another_family(name):
    program = canonical(ZOO[name])
    reads = reads_data(program)
    places = [at for at, s in enumerate(program.statements) if reads[at] and alike(s.op)]
    for at in places[:: len(places) // 4 + 1]:
        other = Statement(alike(program.statements[at].op)[0], program.statements[at].args)
        statements = (*program.statements[:at], other, *program.statements[at + 1 :])
        assert family(replace(program, statements=statements)) != family(program), other


def reads_data(program: Program) -> list[bool]:
    """The statements that read anything but numbers, at once or through others."""
    numbers = set(program.hyperparameters)
    found: list[bool] = []
    for statement in program.statements:
        found.append(
            any(
                found[arg.index] if isinstance(arg, Local) else arg.id not in numbers
                for arg in statement.args
                if not isinstance(arg, Const)
            )
        )
    return found


def alike(op: str) -> list[str]:
    """Primitives that may stand where `op` stands."""
    old = PRIMITIVES[op]
    return [
        name
        for name, new in PRIMITIVES.items()
        if (new.signature, new.scope) == (old.signature, old.scope) and name != op
    ]


@given(programs(), st.integers(0, 2**32 - 1))
@settings(max_examples=100)
def test_other_numbers_leave_the_family(program, seed):
    """Numbers that differ stay different, so that no two values become one."""
    rng = np.random.default_rng(seed)
    new: dict[float, float] = {}

    def moved(value: float) -> float:
        return new.setdefault(value, float(rng.normal()))

    def change(arg: Arg) -> Arg:
        return Const(moved(arg.value)) if isinstance(arg, Const) else arg

    slots = {n: Init(i.rule, tuple(map(moved, i.args))) for n, i in program.slots.items()}
    hypers = {name: moved(value) for name, value in program.hyperparameters.items()}
    other = replace(changed(program, change), slots=slots, hyperparameters=hypers)
    assert family(other) == family(program)
    assert family(scaled(program)) == family(program)
