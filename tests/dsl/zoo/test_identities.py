"""Rules that become other rules where a hyperparameter is fixed: the zoo agrees with itself.

An identity is a line: two programs made of entries. `IDENTITIES` hold by simplification: both sides
have one canonical form. `ALIKE` hold to rounding: the two behave the same, but are written in
different ways, with factors taken out of a sum for example.
"""

from dataclasses import replace

import numpy as np
import pytest

from dsl import Program, canonical, simplify
from dsl.combine import (
    clipped_by_norm,
    coupled_decay,
    decoupled_decay,
    fix,
    rename,
    variance_reduced,
    variance_reduced_exactly,
)
from dsl.language.initialisers import Init
from dsl.language.registry import Domain
from dsl.program import Arg, Const, Local
from dsl.program.walk import remap
from dsl.run.fingerprint import respond
from dsl.zoo import ENTRIES, ZOO


def rule(name: str, **fixed: float) -> Program:
    """An entry with hyperparameters turned into constants."""
    return fix(ZOO[name], **fixed)


def started(program: Program, **starts: Init) -> Program:
    """The program with other initialisers of slots."""
    return replace(program, slots={**program.slots, **starts})


def clipped_at_1(program: Program) -> Program:
    """The program on gradients scaled down to norm 1, tensor by tensor, where they are longer."""
    return fix(clipped_by_norm(program), c=1)


def holding(program: Program, **values: float) -> Program:
    """The program with statements of these names turned into constants."""
    names = [statement.name for statement in program.statements]
    consts = {Local(names.index(name)): Const(value) for name, value in values.items()}

    def read(arg: Arg) -> Arg:
        return consts.get(arg, arg) if isinstance(arg, Local) else arg

    return remap(program, read)


ZEROS = Init("zeros")

IDENTITIES: dict[str, tuple[Program, Program]] = {
    "AdamW without decay is Adam": (rule("adamw", wd=0), rule("adam", wd=0)),
    "heavy ball without momentum is SGD": (rule("heavy_ball", b1=0), ZOO["sgd"]),
    "Nesterov without momentum is SGD": (rule("nesterov", b1=0), ZOO["sgd"]),
    "Adan that ignores the change of the gradient is Adam": (
        rename(rule("adan", b2=0, wd=0), b3="b2"),
        rule("adam", wd=0),
    ),
    "FedAdagrad without momentum is Adagrad from another start": (
        started(rule("fed_adagrad", b1=0), v=ZEROS),
        rule("adagrad", wd=0),
    ),
    "FedAdam without momentum is RMSProp from another start": (
        started(rule("fed_adam", b1=0), v=ZEROS),
        rule("rmsprop", wd=0),
    ),
    "Signum without momentum is sign SGD": (rule("signum", b1=0), ZOO["signsgd"]),
    "SGDW without decay is heavy ball": (rule("sgdw", wd=0), rule("heavy_ball", wd=0)),
    "gradient noise of variance 0 is none": (rule("sgd_gradient_noise", eta=0), ZOO["sgd"]),
    "Lion is Lion-K with the L1 norm": (rule("lion_k_norm", p=1), ZOO["lion"]),
    "LAMB with trust ratio 1 is AdamW": (holding(ZOO["lamb"], r=1), ZOO["adamw"]),
    "AdEMAMix without its slow average is AdamW": (rule("ademamix", alpha=0), ZOO["adamw"]),
    "NadamW without momentum is AdamW without": (rule("nadamw", b1=0), rule("adamw", b1=0)),
    **{
        f"MARS with gamma 0 is its base: {correction.piece.name} on {name}": (
            fix(correction(ZOO[name]), gamma=0),
            ZOO[name],
        )
        for correction in (variance_reduced, variance_reduced_exactly)
        for name in ("adamw", "lion", "muon")
    },
    "MARS-AdamW is its correction put on AdamW with clipped gradients": (
        ZOO["mars_adamw"],
        variance_reduced(clipped_at_1(ZOO["adamw"])),
    ),
    "exact MARS-AdamW is its exact correction put on AdamW with clipped gradients": (
        ZOO["mars_adamw_exact"],
        variance_reduced_exactly(clipped_at_1(ZOO["adamw"])),
    ),
    **{
        f"{name} without variance reduction is AdamW on clipped gradients": (
            rule(name, gamma=0),
            clipped_at_1(ZOO["adamw"]),
        )
        for name in ("mars_adamw", "mars_adamw_exact")
    },
    **{
        f"{name} without variance reduction is Lion with one decay rate, on clipped gradients": (
            rule(name, gamma=0, b1=0.875),
            clipped_at_1(rule("lion", b1=0.875, b2=0.875)),
        )
        for name in ("mars_lion", "mars_lion_exact")
    },
    **{
        f"{name} is itself without decay, with coupled decay put on": (
            coupled_decay(rule(name, wd=0)),
            ZOO[name],
        )
        for name in ("sgd", "heavy_ball", "nesterov", "adagrad", "rmsprop", "adam", "diffgrad")
    },
}

ALIKE: dict[str, tuple[Program, Program]] = {
    "the budget-aware schedule of shape 2 is a cosine": (
        rule("sgd_uba", phi=2),
        ZOO["sgd_cosine"],
    ),
    "AdaMod without memory of its rates is Adam with eps hat": (
        rule("adamod", b3=0, wd=0),
        ZOO["adam_eps_hat"],
    ),
    "Subspace-Momentum of the whole space is momentum": (
        rule("subspace_momentum", b1=0.875, wd=0, size=64, period=64),
        rule("lion_k_quadratic", b1=0.875, b2=0.875, wd=0),
    ),
    "a warm-up of one step is none": (rule("sgd_warmup", warmup=1), ZOO["sgd"]),
    "AdamW is Adam with decoupled decay put on": (
        decoupled_decay(rule("adam", wd=0)),
        ZOO["adamw"],
    ),
    **{
        f"{name} is itself without decay, with decoupled decay put on": (
            decoupled_decay(rule(name, wd=0)),
            ZOO[name],
        )
        for name in ("sgd", "adamw", "lion", "exadam", "adahessian", "sophia_h")
    },
}


def numbered(program: Program) -> Program:
    """The program with numbers that are those of the name alone, none of them special."""
    meant = {name: 0.5 + sum(map(ord, name)) % 89 / 200 for name in program.hyperparameters}
    return program.with_hyperparameters(**meant)


def cases(table: dict[str, tuple[Program, Program]]) -> list:
    return [pytest.param(*sides, id=name) for name, sides in table.items()]


@pytest.mark.parametrize(("one", "other"), cases(IDENTITIES))
def test_two_rules_simplify_to_the_same_program(one: Program, other: Program):
    one, other = (simplify(numbered(side), Domain.FINITE) for side in (one, other))
    assert canonical(one) == canonical(other), f"{one}\n\n{other}"


@pytest.mark.parametrize(("one", "other"), cases({**IDENTITIES, **ALIKE}))
def test_two_rules_take_the_same_steps(one: Program, other: Program):
    one, other = numbered(one), numbered(other)
    np.testing.assert_allclose(respond(one), respond(other), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("one", "other"), cases(ALIKE))
def test_what_is_alike_to_rounding_only_is_not_the_same_program(one: Program, other: Program):
    one, other = (simplify(numbered(side), Domain.FINITE) for side in (one, other))
    assert canonical(one) != canonical(other), "move the line to IDENTITIES"


@pytest.mark.parametrize("name", ENTRIES)
def test_laws_of_real_arithmetic_keep_what_a_rule_does(name: str):
    known = ZOO[name].hyperparameters
    off = {hyper: 0.0 for hyper in ("wd", "lr_min", "eta") if hyper in known}
    fixed = fix(ZOO[name], **off)
    simple = simplify(fixed, Domain.FINITE)
    assert len(simple.statements) < len(fixed.statements) or not off
    np.testing.assert_allclose(respond(simple), respond(fixed), rtol=1e-9, atol=1e-13)
