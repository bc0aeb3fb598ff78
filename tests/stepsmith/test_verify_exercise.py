"""Settings that `stepsmith verify` tries, what it finds there, and what it says that it left."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

import stepsmith
from dsl import parse
from dsl.language.registry import PRIMITIVES
from dsl.language.sides import TRUTH
from stepsmith.verifying import explore
from stepsmith.verifying.conditions import conditions
from stepsmith.verifying.draws import Draw, counts, ladder, other
from stepsmith.verifying.explore import Explorer
from stepsmith.verifying.model import FURTHER, SECOND
from stepsmith.verifying.others import OtherRule
from stepsmith.verifying.verdict import Comparer
from stepsmith.verifying.verifier import Verifier
from tests.support.commands import run
from tests.support.strategies import programs

pytestmark = pytest.mark.lightly_compiled


@pytest.fixture(autouse=True)
def little_effort(monkeypatch):
    """Runs of a few hundred steps, where a user gets thousands."""
    monkeypatch.setattr(explore, "_EFFORT", 8_000)


def rule(result, hypers="lr=0.1", name="rule"):
    """A rule of one line."""
    return parse(f"def {name}(w, g, t, *, {hypers}):\n    return {result} + 0 * t * lr")


def verified(ours, theirs, steps=20, ranks=(1, 2), **how):
    """The comparison of two rules in NumPy, which compiles nothing."""
    verifier = Verifier(ours, steps, "float64", ranks, quick=True)
    beside = OtherRule(theirs, ours.hyperparameters, {}, theirs.name)
    return Comparer(verifier, beside, 1e-10).verdict(**how)


def test_a_condition_that_never_fires_is_named():
    found = verified(rule("where(abs(g) > 1e9, 5 * g, lr * g)"), rule("lr * g"))
    assert found.comparison.equal
    assert found.exercise.sentences() == ["`abs(g) > 1e9` was never true"]
    for bound, words in (
        ("clip(g, -1e9, 1e9)", ["`clip(g, -1e9, 1e9)`: nothing was ever below", "above"]),
        ("maximum(g, -1e9)", ["`maximum(g, -1e9)`: the second was never the larger"]),
        ("clip_by_global_norm(g, 1e9)", ["`clip_by_global_norm(g, 1e9)` never acted"]),
    ):
        found = verified(rule(f"lr * {bound}"), rule("lr * g"))
        sentences = found.exercise.sentences()
        assert found.comparison.equal and len(sentences) == len(words)
        assert all(each.endswith(word) for each, word in zip(sentences, words, strict=True))


def test_a_condition_that_takes_both_sides_is_not():
    found = verified(rule("lr * where(g > 0, g, 2 * g)"), rule("lr * (g + maximum(-g, 0) * -1)"))
    assert found.comparison.equal and found.exercise.sentences() == []


def test_a_threshold_is_moved_until_it_acts():
    capped = rule("lr * (where(abs(g) > cap, 5 * g, g) + 1e-6 * cap * w)", "lr=0.1, cap=1e3")
    plain = rule("lr * (g + 1e-6 * cap * w)", "lr=0.1, cap=1e3")
    found = verified(capped, plain)
    assert not found.comparison.equal and found.draw is not None
    assert found.draw.hypers["cap"] < 1e3
    assert verified(capped, plain, as_given=True).comparison.equal


def test_what_the_other_decides_about_its_gradients_is_met():
    plain = rule("lr * g")
    for bounded in ("lr * clip(g, -2, 2)", "lr * where(equal(g, 0), 1, g)"):
        found = verified(plain, rule(bounded))
        assert found.draw is not None and found.draw.look in FURTHER
    assert {each.draw.look for each in verified(plain, plain).tried} >= {*FURTHER}


def test_a_run_goes_on_until_what_comes_late_has_come():
    found = verified(rule("lr * when(t > 120, 2 * g, g)"), rule("lr * g"))
    assert found.comparison.parted == 121 and found.draw is not None and found.draw.longer


def test_what_acts_late_alone_has_its_influence_in_the_longer_run():
    late = rule("lr * when(t > rest, 2 * g, g)", "lr=0.1, rest=50")
    beside = Verifier(late, 20, "float64", (1, 2), quick=True)
    other = OtherRule(late, {"lr": 0.1}, {"rest": 50.0}, "late")
    found = Comparer(beside, other, 1e-10).verdict()
    assert found.comparison.equal and "rest" not in other.shared
    assert found.exercise.sentences() == []


def test_a_difference_in_some_ranks_is_found_by_moving_what_decides_it():
    both = "lr * where(norm(g) < delta, g / {}, g)"
    rows = rule(both.format("(row_norm(g) + 1)"), "lr=0.1, delta=1e-4")
    flat = rule(both.format("(norm(g) + 1)"), "lr=0.1, delta=1e-4")
    assert verified(rows, flat, ranks=(1,)).comparison.equal
    found = verified(rows, flat, ranks=(1, 2))
    assert not found.comparison.equal and "delta" in found.draw.hypers


def test_tensors_that_do_not_move_prove_nothing():
    still = rule("lr * 1e-12 * g")
    said = verified(still, still).exercise.sentences()
    assert any("no parameter moved by more than may differ" in each for each in said)
    found = stepsmith.verify(still, still, steps=3, ranks=(1,), as_given=True)
    assert "are equal in that neither moves a parameter: at most" in repr(found)
    vectors = rule("lr * (ndim(w) < 2) * g")
    assert "tensors of rank 2 did not move" in verified(vectors, vectors).exercise.sentences()
    assert not any("move" in s for s in verified(rule("lr*g"), rule("lr*g")).exercise.sentences())


def test_hyperparameters_without_influence_are_named_or_moved():
    coupled = rule("lr * (sign(g) + wd * w)", "lr=0.1, wd=0")
    decoupled = rule("lr * sign(g) + wd * w", "lr=0.1, wd=0")
    found = verified(coupled, decoupled)
    assert found.draw.look is SECOND and found.draw.hypers["wd"] == 0.1
    assert found.reason == "its weight decay is decoupled and not scaled by the rate"
    found = verified(coupled, rule("lr * sign(g)"))
    assert found.exercise.sentences() == ["the hyperparameter wd=0 had no influence"]


def test_a_setting_where_rounding_grows_says_nothing():
    chaotic = rule("where(c > 0, w - sin(9 * w), lr * g)", "lr=0.1, c=0")
    again = rule("where(c > 0, w - sin(4 * w + 5 * w), lr * g)", "lr=0.1, c=0")
    found = verified(chaotic, again, steps=40)
    assert found.comparison.equal and not any("c" in t.draw.hypers for t in found.tried)
    assert found.refusals[0].endswith("c=0.1: the rule multiplies rounding errors there")
    wild, same = rule("w - sin(9 * w)"), rule("w - sin(4 * w + 5 * w)")
    found = verified(wild, same, steps=60)
    assert not found.comparison.equal and found.reason.startswith("nothing but rounding")


@given(programs(oracles=False, max_statements=6))
@settings(max_examples=5, suppress_health_check=[HealthCheck.too_slow])
def test_a_rule_is_itself_in_every_setting(program):
    found = verified(program, program, steps=3)
    assert found.comparison.equal and all(each.comparison.equal for each in found.tried)
    met = {at for at, _, _ in found.exercise.cells}
    assert met <= {each.at for each in found.exercise.conditions}


@pytest.mark.parametrize("value", [0, -2.0, 1.0, 5.0, 500.0, 1e-8, 0.1, 0.9, 0.999, 2.5, 1e-3])
def test_a_ladder_leaves_no_range_of_decays_and_counts(value):
    rungs = ladder(float(value))
    assert value not in rungs and len(set(rungs)) == len(rungs)
    if 0.5 <= value < 1:
        assert all(0 < each < 1 for each in rungs)
    if value in (5.0, 500.0):
        assert all(each.is_integer() for each in rungs[:3])
    assert other(float(value)) != value or value == 0


@pytest.mark.parametrize("name", [p.name for p in PRIMITIVES.values() if p.signature.elementwise])
def test_a_primitive_that_decides_declares_its_sides(name):
    """One that makes 0 or 1 of anything compares; one that gives back an argument picks."""
    primitive, rng = PRIMITIVES[name], np.random.default_rng(0)
    args = [rng.normal(size=999) for _ in primitive.params]
    with np.errstate(all="ignore"):
        value = np.broadcast_to(primitive.meaning(np, *args), 999)
    picked = np.any([value == arg for arg in args], axis=0).all()
    assert (set(value) <= {0.0, 1.0}) == (primitive.sides is TRUTH)
    assert bool(primitive.sides) == (picked or primitive.sides is TRUTH)
    if primitive.sides:
        masks = [met(args, value) for met in primitive.sides.values()]
        assert np.any(masks, axis=0).all(), "whatever it does is one of its sides"


def test_conditions_by_shapes_alone_ask_for_no_rank():
    program = rule("lr * where(ndim(w) > 1, 2 * g, g)")
    found = verified(program, program, ranks=(1, 2))
    assert [each.of_shapes for each in found.exercise.conditions] == [True]
    assert found.exercise.sentences() == []
    assert len(conditions(rule("lr * where(g > 0, 2 * g, g)"))) == 1


def test_periods_stay_whole():
    program = rule("lr * when(every(t, k, 1), 2 * g, g + q)", "lr=0.1, k=1, q=1")
    assert counts(program) == {"k"}
    assert all(value.is_integer() for value in ladder(1.0, counts=True))
    found = verified(program, program)
    assert found.comparison.equal and found.exercise.sentences() == []


def test_settings_read_well():
    assert Draw(3).words == "as given"
    words = Draw(9, SECOND, {"k": 3.0, "eps": 1e-3}, longer=True).words
    assert words == "on a second model with k=3, eps=1e-3 over 9 steps"
    explorer = Explorer(Verifier(rule("lr * g"), 5, "float64", (1,)), frozenset({"lr"}), 1e-10)
    assert [draw.look for draw in explorer.second()] == [SECOND, SECOND]


def test_the_command_says_what_was_tried_and_what_was_not(tmp_path):
    path, plain = tmp_path / "a.rule", tmp_path / "b.rule"
    path.write_text(str(rule("lr * where(abs(g) > 1e9, 5 * g, g)")))
    plain.write_text(str(rule("lr * g", "lr=0.1")))
    args = ("verify", path, "--against", plain, "--steps", 4, "--ranks", "1,2")
    status, out, _ = run(*args)
    assert status == 0 and "also on a second model with lr=0.05: equal, 0.0e+00" in out
    assert "not exercised: `abs(g) > 1e9` was never true" in out
    assert "not exercised: nothing was compared on tensors of rank 0, 3, 4" in out
    assert "also" not in run(*args, "--as-given")[1]
    path.write_text(str(rule("lr * when(t > 6, 2 * g, g)")))
    status, out, _ = run(*args)
    assert status == 1 and "part at step 7" in out and "(as given they agree)" in out
    found = stepsmith.verify(path, plain, steps=4, ranks=(1, 2)).to_json()
    assert found["setting"] == "over 27 steps" and found["also_compared"][-1]["equal"] is False
