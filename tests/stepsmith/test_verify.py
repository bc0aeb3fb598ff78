"""`stepsmith verify`: equal or not, where they part, and why."""

import json

import pytest

from dsl import parse
from dsl.zoo import ZOO
from stepsmith.verifying.hypers import translated
from stepsmith.verifying.reasons import Reasons
from stepsmith.verifying.traps import traps
from stepsmith.verifying.verifier import Verifier
from tests.support.commands import refused, run

pytestmark = pytest.mark.lightly_compiled


def verified(*args):
    """Exit status and facts."""
    status, out, _ = run("verify", *args, "--steps", 8, "--as-given", "--json")
    return status, json.loads(out)


@pytest.mark.torch
def test_a_rule_equals_a_class_of_pytorch():
    pytest.importorskip("torch")
    status, out, _ = run(
        "verify", "adamw", "--against", "torch.optim.AdamW", "--hyper", "lr=1e-2,b1=0.8"
    )
    assert status == 0
    assert "adamw and torch.optim.AdamW are equal" in out
    assert "step 50" in out and "shape (2, 3, 2, 2)" in out


@pytest.mark.torch
def test_another_weight_decay_is_told():
    pytest.importorskip("torch")
    status, facts = verified("adam", "--against", "torch.optim.AdamW", "--hyper", "wd=0.1")
    assert status == 1
    assert (facts["equal"], facts["first_step_apart"]) == (False, 1)
    assert "decoupled and scaled by the rate" in facts["likely_reason"]
    assert facts["largest_difference"] == max(facts["by_step"]) > 1e-4


def test_a_rule_equals_a_factory_of_optax_in_either_precision():
    for dtype in ("float64", "float32"):
        status, facts = verified("lion", "--against", "optax.lion", "--dtype", dtype)
        assert status == 0 and facts["notes"] == []


def test_arguments_of_the_other_alone():
    args = ("nesterov", "--against", "optax.sgd", "--hyper", "lr=0.1")
    assert verified(*args)[0] == 1
    assert verified(*args, "--other", "nesterov=true")[0] == 0


def test_two_rules_and_what_the_other_lacks():
    assert verified("sgd", "--against", "heavy_ball", "--other", "b1=0")[0] == 0
    status, facts = verified("adamw", "--against", "lion")
    assert status == 1 and facts["likely_reason"] is None
    assert "lion does not take eps=1e-08" in facts["notes"][0]


RULE = """
def rule(w, g, t, v=zeros, h=zeros, *, lr=1e-2, b2=0.9, eps=1e-2, wd=0.1):
    h = when(every(t, 3, {phase}), g, h)
    v = interp(square(g), v, b2)
    return {step}
"""
PLAIN = "lr * (h / (sqrt(v / (1 - b2**t)) + eps) + wd * w)"
U = "h / (sqrt(v / (1 - b2**t)) + eps)"
TRAPS = {
    "adds eps inside the root": "lr * (h / sqrt(v / (1 - b2**t) + eps) + wd * w)",
    "before the bias correction": "lr * (h / ((sqrt(v) + eps) / sqrt(1 - b2**t)) + wd * w)",
    "floor of the root": "lr * (h / maximum(sqrt(v / (1 - b2**t)), eps) + wd * w)",
    "has no bias corrections": "lr * (h / (sqrt(v) + eps) + wd * w)",
    "not scaled by the rate": f"lr * {U} + wd * w",
    "comes after the step": f"lr * {U} + lr * wd * (w - lr * {U})",
    "proximal": f"(lr * {U} + lr * wd * w) / (1 + lr * wd)",
    "does not decay the weights": f"lr * {U}",
    "decay is proximal: it divides by 1 + lr * wd, and": "(lr * h / (sqrt(v / (1 - b2**t) + eps))"
    " + lr * wd * w) / (1 + lr * wd)",
}


@pytest.mark.parametrize("words", TRAPS)
def test_the_small_print_is_named(words):
    rule = parse(RULE.format(phase=1, step=PLAIN))
    assert _reason(rule, parse(RULE.format(phase=1, step=TRAPS[words]))) is not None
    found = _reason(rule, parse(RULE.format(phase=1, step=TRAPS[words])))
    assert all(part in found for part in words.split(", and")) if "and" in words else words in found


def test_a_coupled_decay_and_another_phase_are_named():
    rule = parse(RULE.format(phase=1, step=PLAIN))
    coupled = parse(
        str(rule).replace("h = when", "g = g + wd * w\n    h = when").replace(" + wd * w)", ")")
    )
    assert "coupled" in _reason(rule, coupled)
    assert "one step later" in _reason(rule, parse(RULE.format(phase=2, step=PLAIN)))


def _reason(rule, other):
    verifier = Verifier(rule, 6, "float64", (0, 2))
    return Reasons(verifier, 1e-10).find(verifier.numpy_path(other))


@pytest.mark.parametrize("name", ZOO)
def test_every_rewriting_of_a_rule_is_a_program(name):
    reasons = [trap.reason for trap in traps(ZOO[name])]
    assert len(reasons) == len(set(reasons))


def test_hyperparameters_find_their_names():
    def factory(params, learning_rate, betas=(0.9, 0.99, 0.5), epsilon=0.0, gamma=1):
        raise AssertionError

    passed = translated({"lr": 1, "b1": 2, "b3": 3, "eps": 4, "gamma": 5, "wd": 6}, factory)
    assert passed.arguments == {
        **{"learning_rate": 1, "betas": (2, 0.99, 3), "epsilon": 4, "gamma": 5}
    }
    assert passed.left_out == {"wd": 6}


@pytest.mark.parametrize(
    ("words", "args"),
    [
        ("did you mean 'adamw'?", ("adamw", "--against", "optax.adamww")),
        ("cannot import 'nowhere'", ("adamw", "--against", "nowhere.adamw")),
        ("unknown rule 'foo'", ("adamw", "--against", "foo")),
        ("unknown rule 'foo'", ("foo", "--against", "optax.lion")),
        ("did you mean 'b1'?", ("lion", "--against", "optax.lion", "--hyper", "b11=0.5")),
        ("'x' is not NAME=VALUE", ("lion", "--against", "optax.lion", "--hyper", "x")),
        ("is not a number", ("lion", "--against", "optax.lion", "--hyper", "lr=fast")),
        ("cannot make 'lion'", ("lion", "--against", "optax.lion", "--other", "beta=1")),
        (
            "neither a PyTorch optimizer",
            (
                "sgd",
                "--against",
                "optax.cosine_decay_schedule",
                "--other",
                "init_value=1,decay_steps=3",
            ),
        ),
        ("some of 0,1,2,3,4", ("lion", "--against", "optax.lion", "--ranks", "7")),
        ("it is float64 or float32", ("lion", "--against", "optax.lion", "--dtype", "half")),
    ],
)
def test_wrong_usage(words, args):
    assert words in refused("verify", *args)


@pytest.mark.torch
def test_a_refusal_of_the_other_is_a_sentence_and_no_verdict():
    pytest.importorskip("torch")
    args = "sgd", "--against", "torch.optim.SparseAdam", "--ranks", "1"
    status, out, err = run("verify", *args)
    assert (status, out) == (1, "") and "Traceback" not in err
    assert err.startswith("'SparseAdam' refused while making step 1: RuntimeError: SparseAdam does")
    status, out, err = run("verify", *args, "--json")
    found = json.loads(out)
    assert (status, err, found["equal"]) == (1, "", None) and "dense" in found["refused"]
