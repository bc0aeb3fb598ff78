"""Laws about slots and hyperparameters: slots that stay, that follow another one, kept at another
scale together; hyperparameters that take in the numbers of their product."""

import numpy as np
import pytest

from dsl import family, parse
from dsl.language.registry import Domain
from dsl.program import Program
from dsl.rewrite.prune import prune
from dsl.run.fingerprint import respond
from dsl.simplifier import simplified
from dsl.simplifier.check import same_steps
from dsl.simplifier.replay import first_gap

HEAD = "def rule(w, g, {}, *, lr=0.1, b1=0.9, b2=0.5, wd=0.01, a=0.5, eps=1e-8):\n    "


def rule(slots: str, body: str) -> Program:
    return parse(HEAD.format(slots) + body.replace("; ", "\n    "))


SHORTER = {
    "a slot that is not written": ("c=const(2)", "return lr * g * c", "return lr * g * 2"),
    "a slot that is written with itself": (
        "c=const(2)",
        "c = interp(c, c, b1); return lr * g * c",
        "return lr * g * 2",
    ),
    "a slot that decays from nothing": (
        "z=zeros",
        "z = b1 * z; return lr * (g + z)",
        "return lr * g",
    ),
    "a slot of a product with itself": (
        "z=zeros, m=zeros",
        "z = sign(z) * g; m = interp(g, m, b1) + z; return lr * m",
        "m = interp(g, m, b1); return lr * m",
    ),
    "an average a step later": (
        "m=zeros, p=zeros, d=zeros",
        "m = interp(g, m, b1); d = interp(p, d, b1); p = g; return lr * (m + d)",
        "u = m; m = interp(g, m, b1); return lr * (m + u)",
    ),
    "a multiple of it a step later": (
        "m=zeros, p=zeros, d=zeros",
        "m = interp(g, m, b1); d = interp(3 * p, d, b1); p = g; return lr * (m + d)",
        "u = m; m = interp(g, m, b1); return lr * (m + 3 * u)",
    ),
    "Adam of a multiple of the gradient": (
        "m=zeros, v=zeros",
        "g = 3 * g; m = interp(g, m, b1); v = interp(square(g), v, b2); return lr * m / sqrt(v)",
        "m = interp(g, m, b1); v = interp(square(g), v, b2); return lr * m / sqrt(v)",
    ),
    "and with eps": (
        "m=zeros, v=zeros",
        "g = 3 * g; m = interp(g, m, b1); v = interp(square(g), v, b2); "
        "return lr * (m / (sqrt(v) + eps) + wd * w)",
        "m = interp(g, m, b1); v = interp(square(g), v, b2); "
        "return lr * (m / (sqrt(v) + eps) + wd * w)",
    ),
    "a sign of an adaptive step": (
        "m=zeros, v=zeros",
        "m = interp(g, m, b1); v = interp(square(g), v, b2); return lr * sign(m / sqrt(v))",
        "m = interp(g, m, b1); return lr * sign(m)",
    ),
    "a number at the end of a product": (
        "m=zeros",
        "m = interp(g, m, b1); return lr * (m + wd * w * 3)",
        "m = interp(g, m, b1); return lr * (m + wd * w)",
    ),
    "a number that the other factor is over": (
        "m=zeros",
        "m = interp(g, m, b1); return lr * (m + w / 3 * wd)",
        "m = interp(g, m, b1); return lr * (m + wd * w)",
    ),
    "another hyperparameter of the product": (
        "m=zeros",
        "m = interp(g, m, b1); return lr * (m + wd * w / a)",
        "m = interp(g, m, b1); return lr * (m + wd * w)",
    ),
}


@pytest.mark.parametrize(("slots", "long", "short"), SHORTER.values(), ids=SHORTER.keys())
def test_a_program_gets_as_short_as_the_one_beside_it(slots, long, short):
    before, wanted = rule(slots, long), prune(rule(slots, short))
    made = simplified(before, Domain.FINITE, explain=True)
    assert not made.refused
    assert len(made.program.statements) <= len(wanted.statements), str(made.program)
    assert len(made.program.slots) <= len(wanted.slots)
    assert same_steps(before, made.program, Domain.FINITE)
    assert first_gap(before, made.chain, Domain.FINITE) is None


def test_values_that_a_hyperparameter_took_in():
    made = simplified(rule("m=zeros", "return lr * (g + wd * w * 3 / a)"), Domain.FINITE).program
    assert made.hyperparameters == {"lr": 0.1, "wd": pytest.approx(0.06)}
    head = "def rule(w, g, *, lr=0.1, wd=0.01, a=0.5):\n    return lr * (g + {})"
    for text in ("a * w + wd * (a * tanh(w))", "a * w * square(a)"):
        kept = simplified(parse(head.format(text)), Domain.FINITE).program
        assert kept.hyperparameters["a"] == 0.5, "it is read elsewhere too"
    over = simplified(parse(head.format("w * (2 / wd)")), Domain.FINITE).program
    np.testing.assert_allclose(respond(over), respond(parse(head.format("w * (2 / wd)"))))


@pytest.mark.parametrize("product", ["wd * k * w", "wd * (a * (w * b))", "w / k * wd"])
def test_a_hyperparameter_that_takes_others_in_and_stays_as_it_was(product):
    """At other hyperparameters the trial would take them for two programs."""
    head = "def rule(w, g, *, lr=0.1, wd=0.01, k=1, a=2, b=0.5):\n    return lr * "
    made = simplified(parse(f"{head}(g + {product})"), Domain.FINITE)
    assert not made.refused
    assert made.program.hyperparameters == {"lr": 0.1, "wd": 0.01}


def test_the_trial_sees_a_hyperparameter_that_went_at_0():
    head = "def rule(w, g, *, lr=0.1, wd=0):\n    return lr * "
    before, after = parse(head + "(g + wd * w)"), prune(parse(head + "g"))
    assert list(after.hyperparameters) == ["lr"]
    assert not same_steps(before, after, Domain.FINITE)


def test_the_rate_takes_nothing_in_and_goes_nowhere():
    made = simplified(rule("m=zeros", "return lr * wd * 3 * g"), Domain.FINITE).program
    assert made.hyperparameters == {"lr": 0.1, "wd": pytest.approx(0.03)}


LEFT = {
    "a number is no tensor": ("z=ones", "return lr * sum(z) * g"),
    "what comes of it is no tensor": ("z=ones", "return lr * sum(tanh(z)) * g"),
    "it moves later": ("z=zeros", "z = where(g > 5, g, z); return lr * (g + z)"),
    "it starts elsewhere": (
        "m=zeros, p=zeros, d=ones",
        "m = interp(g, m, b1); d = interp(p, d, b1); p = g; return lr * (m + d)",
    ),
    "it is kept later still": (
        "m=zeros, p=zeros, q=zeros, d=zeros",
        "m = interp(g, m, b1); d = interp(q, d, b1); q = p; p = g; return lr * (m + d)",
    ),
}


@pytest.mark.parametrize(("slots", "body"), LEFT.values(), ids=LEFT.keys())
def test_a_slot_that_only_seems_so_stays(slots, body):
    before = rule(slots, body)
    made = simplified(before, Domain.FINITE)
    assert not made.refused
    assert family(made.program) == family(prune(before))


def test_a_slot_that_only_arithmetic_keeps_stays_at_the_exact_level():
    before = rule("z=zeros, c=const(2)", "z = b1 * z; return c * (g + z)")
    made = simplified(before, Domain.EXACT).program
    assert list(made.slots) == ["z"], "0 times infinity is none; what is not written is what it was"
