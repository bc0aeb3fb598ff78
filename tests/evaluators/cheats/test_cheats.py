"""Every known cheat is refused, or scores no better than doing nothing; the reason is in words."""

from dataclasses import replace

import numpy as np
import pytest

from dsl import parse
from evaluators.checks import refused_by
from evaluators.evaluation import Outcome
from evaluators.evaluator import Evaluator
from evaluators.limits import short_lived
from evaluators.registry import get
from evaluators.request import JudgingSetup
from evaluators.score import WORST
from evaluators.suites import TaskChoice
from evaluators.training.outcomes import outcome_of
from evaluators.training.trainer import Trained, Trainer
from tests.evaluators.cheats.programs import CHEATS, STEPS, Cheat

pytestmark = pytest.mark.lightly_compiled

TASKS = tuple(TaskChoice(name, STEPS) for name in ("quadratic", "digits", "chars"))
HONEST = parse("def honest(w, g, *, lr=0.05):\n    return lr * g")
SEEDS = (3, 4)
NOTHING = 0.02
"""The score of doing nothing is 0, less or more what the starts of the seeds make of it."""

TRAINED = [cheat for cheat in CHEATS if refused_by(cheat.program) is None]
each_cheat = pytest.mark.parametrize("cheat", CHEATS, ids=lambda cheat: cheat.name)
each_trained = pytest.mark.parametrize("cheat", TRAINED, ids=lambda cheat: cheat.name)


def words(cheats: list[Cheat]) -> tuple[str, ...]:
    """The primitives that the machine has to carry."""
    return tuple(sorted({s.op for cheat in cheats for s in cheat.program.statements} | {"mul"}))


@pytest.fixture(scope="module")
def evaluator():
    return Evaluator(JudgingSetup(TASKS, HONEST, words(TRAINED)))


def in_words(outcome: Outcome) -> bool:
    return len(outcome.sentence.split()) >= 4


def test_there_are_enough_of_them_and_no_two_alike():
    assert len(CHEATS) >= 28
    for part in (lambda c: c.name, lambda c: c.tries, lambda c: c.program.digest):
        assert len(set(map(part, CHEATS))) == len(CHEATS)


@each_cheat
def test_a_cheat_gains_nothing(evaluator, cheat):
    evaluation = evaluator.evaluate(cheat.program, SEEDS)
    if cheat.outcomes:
        assert evaluation.outcome in cheat.outcomes
        assert evaluation.score == WORST
        assert in_words(evaluation.outcome)
    else:
        assert evaluation.outcome is Outcome.OK
        assert evaluation.score <= NOTHING


@pytest.fixture(scope="module")
def unguarded():
    """An evaluator without the free checks, on the same compiled trainers."""
    return Evaluator(JudgingSetup(TASKS, HONEST, words(TRAINED), checks=()))


CARRIED = [cheat for cheat in CHEATS if set(words([cheat])) <= set(words(TRAINED))]


@pytest.mark.parametrize("cheat", CARRIED, ids=lambda cheat: cheat.name)
def test_training_alone_refuses_what_the_free_checks_refuse(unguarded, cheat):
    evaluation = unguarded.evaluate(cheat.program, SEEDS)
    assert evaluation.outcome is not Outcome.DOES_NOT_FIT
    assert evaluation.outcome is not Outcome.OK or evaluation.score <= NOTHING
    assert in_words(evaluation.outcome)


@pytest.mark.slow
def test_training_alone_refuses_all_of_them():
    suite = JudgingSetup(TASKS, HONEST, words(list(CHEATS)))
    unguarded = Evaluator(replace(suite, checks=()))
    for cheat in CHEATS:
        evaluation = unguarded.evaluate(cheat.program, SEEDS)
        gains = evaluation.outcome is Outcome.OK and evaluation.score > NOTHING
        assert not gains, (cheat.name, evaluation)


def test_honest_training_passes(evaluator):
    evaluation = evaluator.evaluate(HONEST, SEEDS)
    assert (evaluation.outcome, evaluation.score) == (Outcome.OK, pytest.approx(1))


def run(losses, after, stopped=None, finite=True, pruned=False) -> Trained:
    return Trained(losses, after, stopped, finite, pruned)


def test_how_a_run_ended_is_read_off_what_was_seen():
    task = get("digits")
    start, nan = task.untrained, float("nan")
    ended = {
        Outcome.OK: run((1.0, 0.5), 0.5),
        Outcome.DIVERGED: run((1.0, nan), nan, stopped=30),
        Outcome.NON_FINITE: run((1.0, nan), nan, stopped=30, finite=False),
        Outcome.SCREENED: run((2.2, nan), nan, pruned=True),
        Outcome.SHORT_LIVED: run((1.0, 0.5), start),
        Outcome.TOO_GOOD: run((1.0, 0.0), 0.0),
    }
    assert {outcome: outcome_of(task, each) for outcome, each in ended.items()} == {
        outcome: outcome for outcome in ended
    }
    assert outcome_of(task, run((1.0, nan), nan)) is Outcome.NON_FINITE
    assert outcome_of(task, run((1.0, np.inf), np.inf)) is Outcome.NON_FINITE
    for beyond in (
        run((1.0, 0.5), nan, stopped=63),
        run((1.0, 0.5), nan, stopped=63, finite=False),
        run((1.0, 0.5), np.inf),
    ):
        assert outcome_of(task, beyond) is Outcome.SHORT_LIVED
    for too_good in (run((0.0, 0.5), 0.5), run((1.0, 0.5), 0.0)):
        assert outcome_of(task, too_good) is Outcome.TOO_GOOD


@pytest.mark.parametrize(
    ("ended", "after", "expected"),
    [
        (1.0, 0.9, False),  # still descending
        (1.0, 1.2, False),  # the noise of a large rate
        (1.0, 1.6, True),  # most of the gain is gone
        (2.0, 2.15, False),  # nothing gained, nothing lost
        (2.0, 2.5, True),
        (3.0, 3.1, False),  # worse than untrained, and no worse for going on
        (1.0, float("inf"), True),
        (1.0, float("nan"), True),
    ],
)
def test_what_a_few_more_steps_undo_was_short_lived(ended, after, expected):
    assert short_lived(begun=2.0, ended=ended, after=after, floor=0.0) is expected


def test_a_loss_below_the_floor_raises_an_alarm(unguarded, monkeypatch):
    trainer = unguarded.trainers.by_task["quadratic"]
    monkeypatch.setattr(trainer, "task", replace(trainer.task, floor=0.9 * trainer.task.untrained))
    unguarded = Evaluator(unguarded.setup)
    unguarded._scale = lambda name, seeds: (1.0, 1.0)
    evaluation = unguarded.evaluate(HONEST, SEEDS)
    assert evaluation.outcome is Outcome.TOO_GOOD
    assert evaluation.outcome.alarm and in_words(evaluation.outcome)
    assert evaluation.score == WORST
    assert all(m.loss is not None and m.outcome.alarm for m in evaluation.measurements)


def test_only_what_speaks_against_the_task_is_an_alarm():
    assert [outcome for outcome in Outcome if outcome.alarm] == [Outcome.TOO_GOOD]


def test_numbers_too_small_to_be_normal_are_0_here_and_cost_nothing():
    """A machine that computes slowly with them would let a program cost many times its steps; the
    compiled loop takes them for 0, so it never meets any."""
    slot = "def rule(w, g, m=const(1e-39)):\n    return (m * 1e30) * 1e9"
    trainer = Trainer(get("quadratic"), 1, ("mul",), width=1)
    still = parse("def rule(w, g):\n    return w * 0")
    ((moved,),), ((stayed,),) = trainer.run(parse(slot), [0]), trainer.run(still, [0])
    assert moved.loss == stayed.loss
