"""The terms on which rules meet a suite of tasks that the search never sees.

Every rule, the baseline too, gets a rate for each task in the same number of evaluations, and is
then measured on other seeds against the baseline so tuned.
"""

from dataclasses import dataclass

from dsl.program import Program
from evaluators.request import JudgingSetup
from evaluators.seeds import validation_seeds
from evaluators.suites import TaskChoice, load_suite
from search.campaign.baseline import setup_of
from search.config import Config
from search.config.judging import tasks_of
from search.errors import ConfigError
from search.ledger.results import STAGES, Rates
from search.pool.jobs import Tune, time_limit


def check_unseen(config: Config) -> None:
    """ConfigError for a suite of the finals with a task that the search trains on."""
    searched = {task.name for task in config.tasks}
    for stage in STAGES:
        suite = getattr(config.final, stage)
        for task in tasks_of(suite) if suite else ():
            if task.name in searched:
                raise ConfigError(
                    f"final.{stage}: {suite} has '{task.name}', which the search trains on, and is "
                    "to say what rules do on tasks that it never saw",
                    help="name another suite there, or leave it out",
                )


@dataclass(frozen=True)
class OtherTasks:
    """A suite, by its name in the config, with the seeds to tune and to measure on.

    `primitives` are those of the machines.
    """

    config: Config
    suite: str
    tasks: tuple[TaskChoice, ...]
    tuning: tuple[int, ...]
    measuring: tuple[int, ...]
    primitives: tuple[str, ...]

    @staticmethod
    def of(config: Config, stage: str, primitives: tuple[str, ...]) -> "OtherTasks":
        """The suite of a stage that the config names, with machines that carry `primitives`."""
        suite = getattr(config.final, stage)
        tuning, measuring = validation_seeds(
            config.seed, STAGES.index(stage), config.baseline.seeds, config.final.seeds
        )
        tasks = load_suite(suite).tasks
        return OtherTasks(config, suite, tasks, tuning, measuring, primitives)

    def tune(self, program: Program, seeds: tuple[int, ...]) -> Tune:
        """The job that tunes a rule."""
        return Tune(
            program=program,
            tasks=self.tasks,
            seeds=seeds,
            evaluations=self.config.final.evaluations,
            primitives=self.primitives,
            factors=tuple(self.config.evaluation.rates),
            shape=self.config.evaluation.shape,
        )

    def setup(self, baseline: Program, rates: Rates) -> JudgingSetup:
        """The setup that rules are measured by: the tuned baseline with its rate on each task."""
        return setup_of(self.config, self.tasks, baseline, rates, self.primitives)

    def tuning_limit(self, seeds: tuple[int, ...]) -> float:
        """The time limit of a job that tunes, in seconds."""
        return time_limit(self.config, self.tasks, seeds, self.config.final.evaluations)

    def measuring_limit(self, seeds: tuple[int, ...]) -> float:
        """The time limit of a job that measures, in seconds."""
        return time_limit(self.config, self.tasks, seeds)
