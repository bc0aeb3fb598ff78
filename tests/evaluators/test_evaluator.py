"""Judging programs: scores, outcomes by name, one compilation, and the known ways to cheat."""

import json
from dataclasses import replace
from statistics import fmean

import jax
import numpy as np
import optax
import pytest
from hypothesis import given
from hypothesis import strategies as st

import dsl
from dsl.zoo import ZOO
from evaluators.evaluation import Evaluation, Outcome
from evaluators.evaluator import Evaluator
from evaluators.registry import get
from evaluators.request import EvaluationRequest, JudgingSetup, SettingsTrial
from evaluators.score import (
    BEST,
    LEAST,
    LUCK,
    WORST,
    aggregate,
    loss_at,
    progress,
    reference,
    score,
    too_good,
)
from evaluators.suites import TaskChoice
from evaluators.task import prepare
from evaluators.training.checkpoints import CHECK_EVERY
from evaluators.training.trainer import Trainer

pytestmark = pytest.mark.lightly_compiled

CARRIED = ("add", "sub", "mul", "div", "square", "sqrt", "interp", "power", "exp", "sign", "norm")
TASKS = (TaskChoice("quadratic", 60), TaskChoice("digits", 80))
BASELINE = ZOO["adamw"].with_hyperparameters(lr=1e-2)
SEEDS = (3, 4)


@pytest.fixture(scope="module")
def evaluator():
    return Evaluator(JudgingSetup(TASKS, BASELINE, CARRIED))


@pytest.fixture(scope="module")
def trainer():
    return Trainer(get("quadratic"), 40, CARRIED, width=1)


def rule(body):
    return dsl.parse(f"def rule(w, g, t, *, lr=1e-2):\n{body}")


def test_the_baseline_scores_one_and_doing_little_scores_near_zero(evaluator):
    assert evaluator.evaluate(BASELINE, SEEDS).score == pytest.approx(1.0, abs=1e-6)
    assert abs(evaluator.evaluate(rule("    return 1e-6 * g"), SEEDS).score) < 0.1


def test_a_program_is_judged_by_what_it_does_not_by_how_it_is_written(evaluator):
    plain = evaluator.evaluate(rule("    return lr * sign(g)"), SEEDS)
    noisy = rule("    x = exp(w)\n    y = sign(g)\n    z = x * x\n    return y * lr")
    assert evaluator.evaluate(noisy, SEEDS) == plain
    assert plain.outcome is Outcome.OK


def test_one_compilation_per_task_serves_programs_constants_and_seeds(evaluator):
    for seeds in (SEEDS, (5, 6), (7,), (8, 9, 10)):
        evaluator.evaluate(rule("    return lr * g / (norm(g) + 1)"), seeds)
        evaluator.evaluate(BASELINE.with_hyperparameters(b1=0.5), seeds)
    assert evaluator.compilations == len(TASKS)


def test_a_seed_counts_the_same_in_any_company(evaluator):
    runs = {}
    for seeds in ((3, 4), (4, 3), (3,), (5, 3, 4)):
        for run in evaluator.evaluate(BASELINE, seeds).measurements:
            runs.setdefault((run.task, run.seed), set()).add(run.loss)
    assert all(len(losses) == 1 for losses in runs.values())


def test_a_primitive_that_the_machine_does_not_carry_is_compiled(evaluator):
    evaluation = evaluator.evaluate(rule("    return lr * arcsinh(g)"), SEEDS)
    assert evaluation.outcome is Outcome.OK
    assert evaluation.score > 0


def test_a_baseline_that_fails_is_an_error_and_no_scale():
    wild = Evaluator(JudgingSetup(TASKS, rule("    return 2 * g"), CARRIED))
    with pytest.raises(ValueError, match="baseline fails on quadratic with seed 3: a parameter"):
        wild.evaluate(BASELINE, SEEDS)


def test_an_evaluation_survives_json(evaluator):
    for body in ("    return lr * g", "    return 300 * lr * g"):
        evaluation = evaluator.evaluate(rule(body), SEEDS)
        data = json.loads(json.dumps(evaluation.to_json(), allow_nan=False))
        assert Evaluation.from_json(data) == evaluation


def test_every_outcome_has_its_own_sentence():
    assert len({outcome.sentence for outcome in Outcome}) == len(Outcome)
    assert Outcome("diverged") is Outcome.DIVERGED


def test_the_trainer_equals_a_hand_written_loop(trainer):
    task, steps, seed = trainer.task, trainer.steps, 5
    ((run,),) = trainer.run(BASELINE, [seed])
    ready = prepare(task, [seed], steps)
    params = jax.tree.map(lambda leaf: leaf[0], ready.params)
    rule = optax.adamw(1e-2, weight_decay=BASELINE.hyperparameters["wd"])
    state = rule.init(params)
    gradient, update = jax.jit(jax.grad(task.loss)), jax.jit(rule.update)
    for index in ready.order[0]:
        move, state = update(gradient(params, ready.data, index), state, params)
        params = optax.apply_updates(params, move)
    assert run.stopped is None and run.finite
    assert run.loss == pytest.approx(float(task.validate(params, ready.data)), rel=1e-4)


def test_a_run_that_leaves_the_sane_range_stops_at_the_next_look(trainer):
    ((run,),) = trainer.run(rule("    return -1500 + 1e-9 * g"), [0])
    assert (run.stopped, run.finite) == (CHECK_EVERY, True)
    ((run,),) = trainer.run(rule("    return -4e2 + 1e-9 * g"), [0])
    assert (run.stopped, run.finite) == (40 // 3 + 2 * CHECK_EVERY, True)


def test_scores_are_comparable_and_clipped():
    task = get("digits")
    assert progress(task, task.untrained) == pytest.approx(0)
    closer, closest = (task.floor + (task.untrained - task.floor) / k for k in (10, 100))
    scale = reference(task, [[closer], [closer]])
    assert loss_at(task, scale[0]) == pytest.approx(closer)
    assert score(task, [closer], scale) == pytest.approx(1)
    assert score(task, [closest], scale) == pytest.approx(2)
    assert score(task, [task.floor], scale) == BEST
    assert score(task, [1e6], scale) == WORST
    assert score(task, [task.untrained, closer], scale * 2) == pytest.approx(0.5)
    assert not too_good(task, task.floor) and too_good(task, task.floor - 0.01)
    least = LEAST * progress(task, task.best.loss)
    assert reference(task, [[task.untrained + 1]]) == (pytest.approx(least),)
    assert 0 < least < scale[0]


@given(st.lists(st.floats(WORST, BEST), min_size=1, max_size=9), st.data())
def test_one_lucky_task_lifts_a_score_by_little_and_one_failure_costs_in_full(scores, data):
    worth = aggregate(scores)
    at = data.draw(st.integers(0, len(scores) - 1))
    best = aggregate([*scores[:at], BEST, *scores[at + 1 :]])
    assert worth <= best + 1e-12 and min(scores) - 1e-12 <= worth <= fmean(scores) + 1e-12
    assert aggregate(scores[::-1]) == pytest.approx(worth)
    if len(scores) > 2:
        assert aggregate([1.0] * len(scores[1:]) + [BEST]) == pytest.approx(1 + LUCK / len(scores))
        assert aggregate([1.0] * len(scores[1:]) + [WORST]) == pytest.approx(1 - 2 / len(scores))


def test_noise_differs_by_seed_and_repeats():
    noisy = dsl.parse("def noisy(w, g, *, lr=1e-2):\n    return lr * (g + normal(0))")
    trainer = Trainer(get("quadratic"), 20, ("add", "mul", "normal"), width=2)
    (first,), (second,) = trainer.run(noisy, [1, 2]), trainer.run(noisy, [1, 2])
    assert first == second
    (plain,) = trainer.run(dsl.parse("def p(w, g, *, lr=1e-2):\n    return lr * g"), [1, 2])
    assert np.all([a.loss != b.loss for a, b in zip(first, plain, strict=True)])


def test_a_run_is_looked_at_on_the_way_and_past_the_horizon():
    trainer = Trainer(get("quadratic"), 40, CARRIED, width=1, checkpoints=(10, 40))
    ((run,),) = trainer.run(BASELINE, [5])
    ((short,),) = Trainer(get("quadratic"), 10, CARRIED, width=1).run(BASELINE, [5])
    assert run.losses[0] == pytest.approx(short.loss, rel=1e-5)
    assert run.loss < run.losses[0] and run.after != run.loss
    high, low = trainer.run(BASELINE, [5], rates=[1e-2, 1e-4])
    assert high == [run] and low[0].loss > run.loss
    ((pruned,),) = trainer.run(BASELINE, [5], rates=[1e-4], thresholds=[run.losses[0]])
    assert pruned.pruned and np.isnan(pruned.loss) and np.isnan(pruned.after)


def test_looks_that_do_not_rise_to_the_horizon_are_refused():
    with pytest.raises(ValueError, match="checkpoints rise from 1 to the horizon 40"):
        Trainer(get("quadratic"), 40, CARRIED, checkpoints=(40, 10))


def test_a_program_is_judged_at_the_rate_that_serves_it_best():
    suite = JudgingSetup(TASKS[:1], BASELINE, CARRIED, factors=(0.25, 1.0, 4.0))
    several = Evaluator(suite)
    plain = rule("    return lr * sign(g)")
    evaluation = several.evaluate(plain, SEEDS, {"quadratic": 4e-3})
    (rate,) = evaluation.rates().values()
    assert rate in (1e-3, 4e-3, 16e-3)
    alone = Evaluator(JudgingSetup(TASKS[:1], BASELINE, CARRIED))
    losses = {}
    for each in (1e-3, 4e-3, 16e-3):
        runs = alone.evaluate(plain, SEEDS, {"quadratic": each}).measurements
        losses[each] = [m.loss for m in runs]
    assert [m.loss for m in evaluation.measurements] == losses[rate]
    assert several.evaluate(BASELINE, SEEDS).score == pytest.approx(1.0, abs=1e-6)
    assert evaluation.steps == (3 * 2 * 20, 3 * 2 * 43)


def test_a_run_below_the_bar_ends_early_and_counts_with_what_it_has(evaluator):
    slow = rule("    return 1e-4 * sign(g)")
    whole = evaluator.evaluate(slow, SEEDS)
    early = whole.early()["quadratic"]
    assert evaluator.evaluate(slow, SEEDS, early={"quadratic": early - 0.2}) == whole
    stopped = evaluator.evaluate(slow, SEEDS, early={"quadratic": early + 0.2})
    ended = [m for m in stopped.measurements if m.outcome is Outcome.SCREENED]
    assert {m.task for m in ended} == {"quadratic"}
    assert stopped.by_task()["quadratic"] == pytest.approx(early) == stopped.early()["quadratic"]
    assert 0 < sum(stopped.steps) < sum(whole.steps)


def test_a_program_behind_a_hurdle_is_not_trained_on_the_rest():
    several = Evaluator(JudgingSetup(TASKS, BASELINE, CARRIED))
    slow = rule("    return 1e-4 * sign(g)")
    whole = several.evaluate(slow, SEEDS)
    first = TASKS[0].name
    passed = several.evaluate(slow, SEEDS, hurdles={1: whole.by_task()[first] - 0.01})
    assert passed == whole
    stopped = several.evaluate(slow, SEEDS, hurdles={1: whole.by_task()[first] + 0.01})
    assert stopped.outcome is Outcome.SCREENED and list(stopped.by_task()) == [first]
    assert stopped.score < whole.score


def test_the_best_setting_of_a_trial_is_judged_and_all_are_paid_for():
    several = Evaluator(JudgingSetup(TASKS, BASELINE, CARRIED))
    bodies = ("-1e-3 * g", "1e-5 * g", "1e-3 * g", "2e-5 * g")
    asked, *others = (rule(f"    return {body}") for body in bodies)
    on = (31, 32)

    def judged(program, settings):
        request = EvaluationRequest(program, trial=SettingsTrial(settings, on, 1))
        return several.evaluate_batch([request], SEEDS)[0]

    alone = several.evaluate(others[1], SEEDS)
    slow = judged(others[0], (*others[1:], asked))
    assert slow.setting == 1
    assert replace(slow, setting=0, steps=alone.steps) == alone
    tried = 4 * len(on) * (60 + 3)
    assert sum(alone.steps) < sum(slow.steps) <= sum(alone.steps) + tried
    best = judged(others[1], (others[0], others[2]))
    assert best.setting == 0 and best.measurements == alone.measurements
    hurdle = several.evaluate(others[0], on).by_task()[TASKS[0].name] + 0.01
    request = EvaluationRequest(
        others[0], hurdles={1: hurdle}, trial=SettingsTrial(others[1:], on, 1)
    )
    assert several.evaluate_batch([request], SEEDS)[0].setting == 0
    refused = judged(asked, tuple(others))
    assert refused == several.evaluate(asked, SEEDS) and refused.outcome is Outcome.NO_DESCENT


def test_an_oracle_is_paid_for_in_steps():
    carried = tuple({*CARRIED, *(each.op for each in ZOO["sam"].statements)})
    evaluator = Evaluator(JudgingSetup(TASKS[:1], BASELINE, carried))
    steps = {name: sum(evaluator.evaluate(ZOO[name], SEEDS).steps) for name in ("sgd", "sam")}
    assert steps == {"sgd": len(SEEDS) * (60 + 3), "sam": len(SEEDS) * (30 + 1)}
    assert evaluator.trainers.by_task["quadratic"].programs_compiled == 0


def test_a_batch_is_judged_as_if_each_program_were_alone(evaluator):
    bodies = ("return lr * g", "return -2 * g", "return lr * sign(g)", "return lr * arcsinh(g)")
    asked = [EvaluationRequest(rule(f"    {body}"), {"quadratic": 3e-3}) for body in bodies]
    together = Evaluator(replace(evaluator.setup, batch=3)).evaluate_batch(asked, SEEDS)
    assert together == [evaluator.evaluate(each.program, SEEDS, each.rates) for each in asked]
    assert [each.outcome is Outcome.OK for each in together] == [True, False, True, True]
