"""The jobs of a campaign, and the seconds that a worker may take over one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from dsl.program import Program
from evaluators import registry
from evaluators.evaluation import Evaluation
from evaluators.request import EvaluationRequest, JudgingSetup
from evaluators.suites import TaskChoice
from evaluators.training.batches import BatchShape
from evaluators.tuning.coordinates import Tuned
from evaluators.tuning.shared import SharedTuned
from evaluators.workers import Codec, Job, Pool
from search.config import Config


@dataclass(frozen=True)
class Tune(Job[Tuned]):
    """Find the constants of a rule, and its rate on each task."""

    codec: ClassVar[Codec | None] = Codec(Tuned.to_json, Tuned.from_json)
    program: Program
    tasks: tuple[TaskChoice, ...]
    seeds: tuple[int, ...]
    evaluations: int
    primitives: tuple[str, ...]
    """Those of the search, so that the baseline is measured by the machine of the search."""
    factors: tuple[float, ...] = (1.0,)
    """The multiples of a rate that one evaluation tries."""
    shape: BatchShape | None = None
    """For runs side by side."""


@dataclass(frozen=True)
class Sweep(Job[dict[str, float]]):
    """Find the rate of a rule on each task, all else as it is."""

    codec: ClassVar[Codec | None] = Codec(dict, dict)
    program: Program
    tasks: tuple[TaskChoice, ...]
    seeds: tuple[int, ...]
    primitives: tuple[str, ...]
    """As in `Tune`."""
    shape: BatchShape | None = None


@dataclass(frozen=True)
class GridTune(Job[SharedTuned]):
    """Find the weight decay of a rule, and its rate on each task, on the grid of a comparison."""

    alone: ClassVar[bool] = True
    program: Program
    tasks: tuple[TaskChoice, ...]
    seeds: tuple[int, ...]
    primitives: tuple[str, ...]
    """As in `Tune`."""
    shape: BatchShape | None = None


@dataclass(frozen=True)
class Evaluate(Job[Evaluation]):
    """Judge a program on seeds, relative to the setup's baseline."""

    codec: ClassVar[Codec | None] = Codec(Evaluation.to_json, Evaluation.from_json)
    setup: JudgingSetup
    request: EvaluationRequest
    seeds: tuple[int, ...]


@dataclass(frozen=True)
class TuneAndJudge(Job[tuple[Tuned, Evaluation]]):
    """Find the constants of a rule, then judge it so tuned: as long as many evaluations, so nobody
    waits in company with it."""

    alone: ClassVar[bool] = True
    tune: Tune
    setup: JudgingSetup
    seeds: tuple[int, ...]


CampaignJob: TypeAlias = Tune | Sweep | GridTune | Evaluate | TuneAndJudge
CampaignPool: TypeAlias = Pool[CampaignJob]


def time_limit(
    config: Config, tasks: Sequence[TaskChoice], seeds: Sequence[int], evaluations: int = 1
) -> float:
    """The time limit of a job of `evaluations` evaluations of a program, in seconds.

    The bound of the config is for one candidate on the tasks of the search. Tuning is many
    evaluations, and other suites have dearer tasks: their limit grows with the operations that they
    ask for. The rates tried are the same everywhere, so gradients alone make the difference.
    """
    asked = _operations(tasks) * len(seeds) * evaluations
    candidate = _operations(config.choices) * config.evaluation.seeds
    return config.evaluation.timeout * max(1.0, asked / candidate)


def _operations(tasks: Sequence[TaskChoice]) -> int:
    """Floating-point operations of the gradients of one training run on every task."""
    return sum(registry.get(task.name).flops * task.steps for task in tasks)
