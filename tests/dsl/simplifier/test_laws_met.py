"""Laws that a reader expects, met in programs: each leads to what stands beside it."""

import pytest

from dsl import parse
from dsl.language.registry import Domain
from dsl.rewrite.prune import prune
from dsl.simplifier import simplified
from dsl.simplifier.replay import first_gap

HEAD = "def rule(w, g, m=zeros, *, lr=0.1, b1=0.9, b2=0.5):\n    m = interp(g, m, b1)\n    return "

SHORTER = {
    # signs
    "square(sign(m)) * m": "m",
    "abs(sign(m)) * m": "m",
    "sign(m) * sign(m) * abs(m)": "abs(m)",
    "sign(abs(m) * m)": "sign(m)",
    "sign(m * square(m))": "sign(m)",
    "sign(m / abs(g))": "sign(m)",
    "sign(m / sqrt(square(g) + square(w)))": "sign(m)",
    "(m > 0) - (m < 0)": "sign(m)",
    "where(m > 0, 1, where(m < 0, -1, 0))": "sign(m)",
    # roots, squares, powers
    "sqrt(square(m) * square(w))": "abs(m * w)",
    "sqrt(square(m) / square(w))": "abs(m / w)",
    "sqrt(9 * square(m) * square(w))": "3 * abs(m * w)",
    "abs(m) ** b1 * abs(m) ** b2": "abs(m) ** (b1 + b2)",
    "abs(m) ** 0.25 * abs(m) ** 0.25": "sqrt(abs(m))",
    "exp(2 * log(abs(m)))": "square(m)",
    "cbrt(m * w) / cbrt(w)": "cbrt(m)",
    # norms and other numbers of tensors
    "m / norm(m) / norm(m / norm(m))": "m / norm(m)",
    "lr * m / norm(lr * m)": "m / norm(m)",
    "m / lr / global_norm(m / lr)": "m / global_norm(m)",
    "m * (dot(g, g) / norm(g))": "m * norm(g)",
    "m * square(norm(g))": "m * dot(g, g)",
    "m * (sum(g) + sum(w))": "m * sum(g + w)",
    "m * (mean(g + w) - mean(w))": "m * mean(g)",
    "m * cosine_sim(2 * g, 3 * w)": "m * cosine_sim(g, w)",
    # products, quotients
    "(g - m) / -(abs(w) + 1) + w": "w - (g - m) / (abs(w) + 1)",
    "0.71 * (m + g) / (0.71 * (abs(w) + 1))": "(m + g) / (abs(w) + 1)",
    "3 * m / (3 * abs(w) + 3 * b2)": "m / (abs(w) + b2)",
    "tanh(m) / (1 / tanh(w))": "tanh(m) * tanh(w)",
    # larger, smaller, bounds
    "m * minimum(w, -w)": "-m * abs(w)",
    "maximum(m, w) - minimum(m, w)": "abs(m - w)",
    "maximum(m, 0) - minimum(m, 0)": "abs(m)",
    "maximum(m + w, g + w) - w": "maximum(m, g)",
    "maximum(square(m), -1)": "square(m)",
    "maximum(minimum(m, 2), -2)": "clip(m, -2, 2)",
    "clip(clip(m, -1, 1), -2, 2)": "clip(m, -1, 1)",
    "clip(clip(m, -2, 2), -1, 1)": "clip(m, -1, 1)",
    "clip(sign(m), -1, 1)": "sign(m)",
    "-clip(-m, -1, 1)": "clip(m, -1, 1)",
    "clip(2 * m, -2, 2)": "2 * clip(m, -1, 1)",
    # choices
    "where(m > w, w, m)": "minimum(m, w)",
    "where(m < 0, -m, m)": "abs(m)",
    "where(2 * m > 0, g, w)": "where(m > 0, g, w)",
    "where(lr * m < 0, g, w)": "where(m < 0, g, w)",
    "where(-m > 0, g, w)": "where(m < 0, g, w)",
    "where(m - w > 0, g, w)": "where(m > w, g, w)",
}


@pytest.mark.parametrize(("long", "short"), SHORTER.items(), ids=SHORTER.keys())
def test_a_value_gets_as_short_as_the_one_beside_it(long, short):
    program = parse(HEAD + long)
    made = simplified(program, Domain.FINITE, explain=True)
    assert not made.refused
    assert len(made.program.statements) <= len(prune(parse(HEAD + short)).statements), str(
        made.program
    )
    assert first_gap(program, made.chain, Domain.FINITE) is None


def test_bounds_that_do_not_hold_stay():
    for text in ("clip(2 * sign(m), -1, 1) * w", "maximum(m, -1)", "maximum(minimum(m, 2), -1)"):
        program = parse(HEAD + text)
        made = simplified(program, Domain.FINITE)
        assert not made.refused and {"clip", "maximum"} & {s.op for s in made.program.statements}


def test_a_factor_that_cancels_is_told_in_laws():
    found = simplified(parse(HEAD + "lr * m / norm(lr * m)"), Domain.FINITE, explain=True)
    assert [step.law for step in found.chain if step.equation] == [
        "a scale moves out of norm",
        "a magnitude of what has no sign",
    ]


def test_a_quotient_of_multiples_keeps_the_quotient_that_is_there():
    head = "def rule(w, g, t, m=zeros, *, lr=0.1, b1=0.9):\n    m = interp(g, m, b1)\n    "
    head += "u = m / (1 - b1 ** t)\n    d = abs(w) + 1\n    return lr * "
    made = simplified(parse(head + "(0.7 * u / (0.7 * d))"), Domain.FINITE).program
    assert str(made).endswith("    return lr * (u / d)"), str(made)
