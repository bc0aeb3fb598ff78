"""The keys that say how long a search is and how programs are judged."""

from typing import Annotated, Any, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from dsl.rewrite.demands import Demands
from evaluators.errors import EvaluatorError
from evaluators.files.config_file import BadValue, Section, one_of
from evaluators.suites import TaskChoice, load_suite
from evaluators.training.batches import BatchShape
from search.config.resuming import FREE, GROWS, Changeable

TaskCount = Annotated[int, Field(ge=1, le=1_000)]
Factor = Annotated[float, Field(gt=0, le=1e3, allow_inf_nan=False)]
Share = Annotated[float, Field(gt=0, le=1)]


class BudgetConfig(Section):
    """The end of the search: whatever comes first, and a file STOP in the folder of the run. It may
    be raised when a run is called again."""

    candidates: Annotated[int, GROWS] = Field(ge=1, le=100_000_000)
    """Programs, those that repeat an earlier one included."""
    steps: Annotated[int | None, GROWS] = Field(default=None, ge=1)
    """Training steps of all candidates together, over tasks, rates and seeds."""
    seconds: Annotated[float | None, FREE] = Field(default=None, gt=0, allow_inf_nan=False)
    """Of search, all processes that worked on the run together. How many candidates that is depends
    on the machine; which they are does not."""
    score: Annotated[float | None, GROWS] = Field(default=None, allow_inf_nan=False)
    """The search ends with the first candidate that reaches it."""


class BaselineConfig(Section):
    """The rule that a score of 1 stands for, a name of the zoo or another rule as in `start`, and
    the evaluations that its tuning gets."""

    rule: str = "adamw"
    """A name of the zoo, a .rule file, a discovered rule, or RUN:HASH."""
    evaluations: int = Field(default=48, ge=1, le=100_000)
    """Sets of constants that are tried, each with its rate on every task."""
    seeds: int = Field(default=2, ge=1, le=64)
    """Runs of each on every task."""


class EvaluationConfig(Section):
    """The judging of a candidate: `seeds` runs on every task, new seeds each `generation`."""

    seeds: int = Field(default=2, ge=1, le=64)
    rates: list[Factor] = Field(default=[0.5, 1.0, 2.0], min_length=1, max_length=16)
    """Multiples of the parent's rate that are tried on every task; the best one counts."""
    generation: int = Field(default=100, ge=1, le=1_000_000)
    """Candidates that are judged on the same seeds."""
    elites: int = Field(default=2, ge=0, le=1_000)
    """The number of best candidates that are measured again on the seeds of a new generation."""
    batch: Annotated[int, FREE] = Field(default=4, ge=1, le=1_024)
    """Programs that a worker judges in one go; on an accelerator they run side by side."""
    timeout: Annotated[float, FREE] = Field(default=300.0, gt=0, le=86_400, allow_inf_nan=False)
    """Seconds after which a worker counts as hung over one candidate, more for tuning and for other
    suites in the measure of their work; compiling is part of the first evaluation."""

    @property
    def shape(self) -> BatchShape:
        """The runs side by side: seeds, up to four, the rates of a program, and programs."""
        return BatchShape(min(self.seeds, 4), len(self.rates), self.batch)


class ScreenConfig(Section):
    """The bars for a candidate on the way: percentiles of recent scores there."""

    after: list[TaskCount] = [2, 5]
    """After so many tasks the mean score on them has to pass a hurdle."""
    keep: list[Share] = Field(default=[0.8], validate_default=True)
    """The share of recent candidates on so many tasks that would have passed it; one for all
    hurdles, or one each. The more tasks a hurdle has seen, the surer it is of the score."""
    early: float = Field(default=0.9, gt=0, le=1)
    """The share of recent runs on a task that would go on at its first checkpoint; the others end
    there and count with the score that they have."""
    window: int = Field(default=200, ge=10, le=100_000)
    """The recent candidates that they are taken from; before a quarter of them, all go on."""

    @field_validator("keep", mode="before")
    @classmethod
    def _one_for_all(cls, keep: Any, info: ValidationInfo) -> Any:
        hurdles = len(info.data.get("after", ()))
        if not isinstance(keep, list):
            return [keep] * hurdles
        return keep * hurdles if len(keep) == 1 else keep

    @model_validator(mode="after")
    def _as_many(self) -> Self:
        if len(self.keep) != len(self.after):
            raise ValueError(
                f"keep has {len(self.keep)} shares for {len(self.after)} hurdles; "
                "name one for each number in `after`, or a single number for all"
            )
        return self

    @property
    def kept(self) -> dict[int, float]:
        """The share that passes, by the number of tasks of the hurdle."""
        return dict(zip(self.after, self.keep, strict=True))


class ReductionConfig(Section):
    """The `finalists` best of the finals lose what does not matter, at the cost of `evaluations`
    for all of them together; 0 leaves them as they are.

    What is taken away has to pass one of at most `tests` tests: on `seeds` new seeds it has to be
    as good as sure that the program is not worse than the finalist by `margin` of score.
    """

    finalists: int = Field(default=2, ge=1, le=1_000)
    evaluations: int = Field(default=400, ge=0, le=1_000_000)
    seeds: int = Field(default=32, ge=4, le=1_000)
    tests: int = Field(default=8, ge=1, le=100)
    margin: float = Field(default=0.01, gt=0, le=1)


class FinalConfig(Section):
    """The `finalists` best programs are measured again on `seeds` fresh seeds, the best of them
    reduced to what matters.

    Then on the suite `meta_validation`, by which the winner is chosen, and the winner alone on the
    suite `held_out`, names or files; each is left out where it is not named.

    The search is watched on `meta_validation` too: after every `watch` candidates the best alive is
    tuned and measured there, if it is another one than at the last look, which changes nothing in
    the search. 0 never looks.
    """

    finalists: int = Field(default=8, ge=1, le=1_000)
    seeds: int = Field(default=8, ge=2, le=1_000)
    pick: dict[str, float] = {}
    """The largest demands of the winner, by objective: `{memory: 1}` makes it the best rule with
    one number of state per parameter. Without any it is the best of all."""
    reduction: ReductionConfig = ReductionConfig()
    meta_validation: str | None = None
    held_out: str | None = None
    watch: Annotated[int, Changeable(without="meta_validation")] = Field(
        default=1000, ge=0, le=100_000_000
    )
    """Candidates between two looks. On the suites that come with Stepsmith a look costs about as
    much as fifty candidates."""
    evaluations: int = Field(default=10, ge=1, le=10_000)
    """Sets of constants that every rule, the baseline too, is tuned in on a suite of other tasks;
    the first nine go through the rates."""

    @field_validator("pick")
    @classmethod
    def _pick(cls, limits: dict[str, float]) -> dict[str, float]:
        for name, limit in limits.items():
            one_of("demand", name, Demands._fields, ours_alone=True)
            least = 1 if name == "size" else 0
            if not limit >= least:
                raise ValueError(f"no rule has a {name} of at most {limit:g}; {least} is the least")
        return limits

    @field_validator("meta_validation", "held_out")
    @classmethod
    def _suite(cls, name: str | None) -> str | None:
        if name is not None:
            tasks_of(name)
        return name


def tasks_of(suite: str) -> tuple[TaskChoice, ...]:
    """The tasks of a suite, by its name or file; ValueError where there is no such suite."""
    try:
        return load_suite(suite).tasks
    except EvaluatorError as error:
        raise BadValue(error.message, help=error.help) from None
