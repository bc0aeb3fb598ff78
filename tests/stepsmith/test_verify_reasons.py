"""The reasons of `stepsmith verify`: each wrong rule beside the right one, with what is wrong."""

import json
import re

import pytest
from hypothesis import HealthCheck, given, settings

from dsl import parse
from stepsmith import verify
from stepsmith.verifying.paths import largest_distance
from stepsmith.verifying.reasons import Reasons
from stepsmith.verifying.traps import traps
from stepsmith.verifying.verifier import Verifier
from tests.support.commands import run
from tests.support.strategies import programs

pytestmark = pytest.mark.lightly_compiled

ADAMW = """
    m = interp(g, m, b1)
    v = interp(square(g), v, b2)
    u = m / (1 - b1 ** t) / (sqrt(v / (1 - b2 ** t)) + eps)
    return lr * (u + wd * w)
"""
LION = """
    u = sign(interp(g, m, b1))
    m = interp(g, m, b2)
    return lr * (u + wd * w)
"""
EXTRAPOLATED = """
    u = g + b2 * (g - v)
    v = g
    return lr * u
"""
COUPLED = """
    g = g + wd * w
    m = interp(g, m, b1)
    u = m / (1 - b1 ** t)
    return lr * u
"""
AFTER = """
    m = b1 * m + g
    u = m
    return lr * u
"""
UPDATE = "u = sign(interp(g, m, b1))\n    m = interp(g, m, b2)"
FLIPPED = "m = interp(g, m, b2)\n    u = sign(interp(g, m, b1))"
LAST = "u = g + b2 * (g - v)\n    v = g"
MOMENTUM = "m = interp(g, m, b1)"
STEP = "lr * (u + wd * w)"
ROOT = "(sqrt(v / (1 - b2 ** t)) + eps)"

WRONG = [
    (ADAMW, {MOMENTUM: "m = interp(m, g, b1)"}, "swaps the arguments of interp(m, g, b1)"),
    (LION, {"interp(g, m, b2)": "interp(m, g, b2)"}, "interp(g, m, b2) is meant"),
    (LION, {"interp(g, m": "interp(m, g"}, "swaps the first two arguments of interp"),
    (ADAMW, {MOMENTUM: "m = b1 * g + (1 - b1) * m"}, "the other way round: 1 - b1 where it has b1"),
    (AFTER, {"m = b1 * m + g": MOMENTUM}, "it adds g to b1 * m whole: the average of the rule has"),
    (COUPLED, {MOMENTUM: "m = b1 * m + g"}, "into its average with the factor 1 - b1 (dampening)"),
    (ADAMW, {"return lr": "return w - lr"}, "returns the new parameters"),
    (LION, {"return lr": "return w - lr"}, "returns the new parameters"),
    (LION, {"return lr": "return -lr"}, "with the wrong sign"),
    (LION, {STEP: "u + wd * w"}, "does not multiply its step by lr"),
    (LION, {STEP: f"lr * {STEP}"}, "multiplies its step by lr twice"),
    (LION, {"m, b1)": "m, b2)", "m, b2)\n": "m, b1)\n"}, "b1 and b2 in each other's place"),
    (ADAMW, {"b2 ** t": "b2 ** (t + 1)", "b1 ** t": "b1 ** (t + 1)"}, "it counts steps from 0"),
    (ADAMW, {"lr * (u": "lr / t * (u"}, None),
    (LION, {UPDATE: FLIPPED}, "it reads m before its update, the rule after it"),
    (LION, {UPDATE: "m = interp(g, m, b2)\n    u = sign(m)"}, None),
    (EXTRAPOLATED, {LAST: "v = g\n    u = g + b2 * (g - v)"}, "assigns v before it is read"),
    (
        AFTER,
        {"m = b1 * m + g\n    u = m": "u = m\n    m = b1 * m + g"},
        "it reads m after its update",
    ),
    (ADAMW, {ROOT: "sqrt(v / (1 - b2 ** t) + eps)"}, "adds eps to the root, not inside"),
    (ADAMW, {ROOT: "maximum(sqrt(v / (1 - b2 ** t)), eps)"}, "takes it as no floor"),
    (ADAMW, {ROOT: "((sqrt(v) + eps) / sqrt(1 - b2 ** t))"}, "after the bias correction of b2"),
    (ADAMW, {" / (1 - b1 ** t)": ""}, "it corrects the bias of m"),
    (ADAMW, {" / (1 - b1 ** t)": "", "v / (1 - b2 ** t)": "v"}, "the bias of its averages"),
    (ADAMW, {STEP: "lr * u + wd * w"}, "decoupled and scaled by the rate"),
    (ADAMW, {STEP: "lr * u"}, "decays the weights by 0.1, where the rule has none"),
    (ADAMW, {MOMENTUM: f"g = g + wd * w\n    {MOMENTUM}", STEP: "lr * u"}, "decoupled and scaled"),
    (COUPLED, {f"g = g + wd * w\n    {MOMENTUM}": MOMENTUM, "lr * u": STEP}, "decay is coupled"),
    (ADAMW, {MOMENTUM: "m = interp(m, g, b1)", "return lr": "return -lr"}, " and the rule returns"),
    (
        ADAMW,
        {ROOT: "sqrt(v / (1 - b2 ** t) + eps)", STEP: "lr * u + wd * w"},
        "root, not inside, and",
    ),
]


def written(body, beside):
    """A rule with what a body reads; of hyperparameters, what one of two bodies does."""
    slots = [f"{name}=zeros" for name in "mv" if f" {name} =" in body]
    hypers = {"lr": 1e-2, "b1": 0.8, "b2": 0.9, "eps": 1e-2, "wd": 0.1}
    read = [f"{name}={value}" for name, value in hypers.items() if name in body + beside]
    inputs = ["w", "g", *(["t"] if re.search(r"\bt\b", body) else [])]
    return parse(f"def rule({', '.join([*inputs, *slots, '*', *read])}):{body}")


@pytest.mark.parametrize(("right", "edits", "words"), WRONG)
def test_what_people_get_wrong_is_named(right, edits, words):
    wrong = right
    for old, new in edits.items():
        assert old in wrong
        wrong = wrong.replace(old, new)
    verifier = Verifier(written(wrong, right), 20, "float64", (1, 2))
    theirs = verifier.numpy_path(written(right, wrong))
    assert largest_distance(verifier.numpy_path(verifier.program), theirs) > 1e-6
    found = Reasons(verifier, 1e-10, decay=0.1).find(theirs)
    assert words is None or found is not None
    assert (words or "") in (found or "")
    if words is None:
        assert found is None


@given(programs(oracles=False, max_statements=6))
@settings(max_examples=4, suppress_health_check=[HealthCheck.too_slow])
def test_the_reason_for_any_rewriting_is_one_that_makes_the_rules_equal(program):
    verifier = Verifier(program, 2, "float64", (1, 2))
    for trap in traps(program, decay=0.25):
        assert parse(str(trap.variant)) == trap.variant.renamed(trap.variant.name)
        theirs = verifier.numpy_path(trap.variant)
        assert Reasons(verifier, 1e-10, decay=0.25).find(theirs)


def test_a_change_that_leaves_much_of_a_difference_is_no_reason():
    text = "def rule(w, g, *, lr=1, eps=1e-11): return lr * g / (abs(g) + eps){}"
    rule, other = parse(text.format("")), parse(text.format(" * (1 + 1.2e-10)"))
    found = verify(rule, other, steps=1, ranks=(1, 2), as_given=True)
    assert not found.equal and found.reason is None


def test_random_numbers_are_a_reason():
    noisy = "def noisy(w, g, m=zeros, *, lr=0.1, b1=0.9): {} return lr * (m + normal({}))"
    one, other = (parse(noisy.format("m = interp(g, m, b1);", stream)) for stream in (0, 1))
    for against, words in ((other, "random numbers: the rule draws some"), (one, None)):
        found = verify(one, against, steps=5, ranks=(2,), as_given=True)
        assert (found.reason or "").startswith(words or "")
        assert found.equal == (words is None)
    quiet = parse("def quiet(w, g, m=zeros, *, lr=0.1, b1=0.9): m = interp(g, m, b1);return lr * m")
    found = verify(one, quiet, steps=5, ranks=(2,), as_given=True)
    assert found.reason == "it draws no random numbers"


@pytest.mark.parametrize("dtype", ["bfloat16", pytest.param("float32", marks=pytest.mark.slow)])
def test_a_factory_of_optax_that_computes_in_fewer_bits(dtype):
    arguments = ("--other", f"mu_dtype=jax.numpy.{dtype}", "--steps", 4, "--ranks", "1,2", "--json")
    status, out, _ = run("verify", "adam", "--against", "optax.adam", *arguments)
    found = json.loads(out)
    assert (status, found["equal"]) == (1, False)
    assert found["likely_reason"] == f"it computes in {dtype} in places, not in float64 throughout"


@pytest.mark.torch
def test_a_class_of_pytorch_that_computes_in_fewer_bits(tmp_path):
    pytest.importorskip("torch")
    (tmp_path / "rough.py").write_text(ROUGH)
    for name, words in (
        ("Single", "it computes in float32 in places, not in float64"),
        ("Decayed", "it computes in bfloat16 in places, and its weight decay is decoupled and not"),
    ):
        args = ("--hyper", "lr=0.1,wd=0.01", "--steps", 4, "--ranks", "1,2", "--json")
        _, out, _ = run("verify", "sgd", "--against", f"{tmp_path}/rough.py:{name}", *args)
        assert words in json.loads(out)["likely_reason"]


ROUGH = """
import torch

class Half(torch.optim.Optimizer):
    dtype = torch.bfloat16

    def __init__(self, params, lr=0.1, weight_decay=0.0):
        super().__init__(params, dict(lr=lr, weight_decay=weight_decay))

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                g = p.grad + group["weight_decay"] * p
                p -= group["lr"] * self.rounded(g).to(p.dtype)

    def rounded(self, g):
        return g.to(self.dtype)

class Single(Half):
    def rounded(self, g):
        return g * torch.tensor([0.1], dtype=torch.float32) / 0.1

class Decayed(Half):
    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                p -= group["lr"] * self.rounded(p.grad).to(p.dtype) + group["weight_decay"] * p
"""
