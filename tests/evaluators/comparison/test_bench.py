"""A bench compiles once, whatever it tunes, and times only what is compiled."""

import pytest

from dsl.zoo import ZOO
from evaluators.comparison import runner as module
from evaluators.comparison.results import TaskSetup
from evaluators.comparison.runner import WIDTH, TaskRunner, carried
from evaluators.files.result_cache import ResultCache
from evaluators.registry import get
from evaluators.training.choice import Engine
from evaluators.training.trainer import Trainer

pytestmark = pytest.mark.lightly_compiled

STEPS = 20


@pytest.fixture(params=list(Engine))
def bench_and_trainer(request, monkeypatch):
    """A bench whose rules all go to one engine, and what trains there."""
    task = get("rosenbrock")
    setup = TaskSetup.of(task, STEPS)
    trainer = Trainer(
        task,
        STEPS,
        carried(ZOO["adamw"]),
        WIDTH,
        checkpoints=setup.checkpoints,
        engine=request.param,
    )
    monkeypatch.setattr(module, "_trainer", lambda *arguments: trainer)
    return TaskRunner(task, setup, range(5), range(5, 11), ResultCache(None)), trainer


def test_no_rate_decay_or_seed_compiles_anything(bench_and_trainer):
    bench, trainer = bench_and_trainer
    runs = bench.runs(ZOO["adamw"])
    assert runs.tuned.points >= 20 and len(runs.losses) == 6
    assert trainer.compilations + trainer.programs_compiled == 1
    (seconds,) = bench.seconds([ZOO["adamw"]], [runs])
    assert 0 < seconds < 1
    assert trainer.compilations + trainer.programs_compiled == 1


def test_the_scale_is_tuned_once_for_all_rules(bench_and_trainer, monkeypatch):
    bench, _ = bench_and_trainer
    tuned, tune = [], TaskRunner._tune
    monkeypatch.setattr(
        TaskRunner, "_tune", lambda self, rule: tuned.append(rule.name) or tune(self, rule)
    )
    bench.runs(ZOO["signum"])
    bench.runs(ZOO["heavy_ball"])
    bench.runs(ZOO["adamw"])
    assert tuned == ["adamw", "signum", "heavy_ball"]
