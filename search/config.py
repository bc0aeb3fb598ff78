"""The config of a campaign: every key, its range and its default."""

from functools import cache
from typing import Annotated, Any

from pydantic import (
    Field,
    SerializeAsAny,
    SerializerFunctionWrapHandler,
    create_model,
    field_validator,
    model_serializer,
    model_validator,
)

from dsl.language.registry import PRIMITIVES
from dsl.program import Program
from dsl.run.machine import Capacity
from dsl.zoo import ZOO
from evaluators.checks import CHECKS
from evaluators.errors import EvaluatorError
from evaluators.files.config_file import Section, one_of
from evaluators.suites import TaskChoice, TaskConfig, load_suite
from evaluators.training.batches import BatchShape
from search.mutation import CHANGES, Mutator, PrimitiveSampler, SearchSpace
from search.strategies import STRATEGIES, Options

Weight = Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)]
Factor = Annotated[float, Field(gt=0, le=1e3, allow_inf_nan=False)]


class PrimitivesConfig(Section):
    """The primitives that mutation draws: those with a weight, altered by name."""

    only: list[str] | None = Field(default=None, min_length=1)
    """These alone; without it, all that are declared with a weight above 0."""
    forbid: list[str] = []
    weights: dict[str, Weight] = {}

    @model_validator(mode="after")
    def _known(self) -> "PrimitivesConfig":
        for name in (*(self.only or ()), *self.forbid, *self.weights):
            one_of("primitive", name, PRIMITIVES)
        if not any(self.table().values()):
            raise ValueError("no primitive is left to draw from")
        return self

    def table(self) -> dict[str, float]:
        """Weight by primitive; `only` gives 1 to one that is declared without weight."""
        names = PRIMITIVES if self.only is None else sorted(self.only)
        weights = {n: PRIMITIVES[n].weight or (0.0 if self.only is None else 1.0) for n in names}
        weights.update({n: w for n, w in self.weights.items() if n in weights or w})
        return {n: w for n, w in weights.items() if n not in self.forbid}


class MutationConfig(Section):
    """The relative chance of each kind of change, and the largest program.

    There is a key for each kind that `search.mutation` declares; see `of_declared`.
    """

    max_statements: int = Field(default=40, ge=1, le=Capacity().instructions)
    """At most what the machine holds that runs candidates without compiling them."""
    max_slots: int = Field(default=4, ge=0, le=16)

    @model_validator(mode="after")
    def _some(self) -> "MutationConfig":
        if not any(self.kinds().values()):
            raise ValueError("no kind of change has a weight above 0")
        return self

    @model_serializer(mode="wrap")
    def _weights_first(self, plain: SerializerFunctionWrapHandler) -> dict[str, Any]:
        values = plain(self)
        return {name: values[name] for name in (*self.kinds(), *MutationConfig.model_fields)}

    @staticmethod
    def of_declared() -> "type[MutationConfig]":
        """The section with the keys of all kinds of change that are declared by now."""
        by_weight = sorted(CHANGES.values(), key=lambda change: (-change.weight, change.name))
        return _with_weights(tuple((each.name, each.weight) for each in by_weight))

    def kinds(self) -> dict[str, float]:
        """Weight by kind of change."""
        names = (
            name for name in type(self).model_fields if name not in MutationConfig.model_fields
        )
        return {name: getattr(self, name) for name in names}


@cache
def _with_weights(kinds: tuple[tuple[str, float], ...]) -> type[MutationConfig]:
    """The section with a key for each of some kinds of change, and its default weight."""
    weights: dict[str, Any] = {name: (Weight, weight) for name, weight in kinds}
    return create_model("MutationConfig", __base__=MutationConfig, **weights)


class BudgetConfig(Section):
    """The end of the search. It may be raised when a run is called again."""

    candidates: int = Field(ge=1, le=100_000_000)


class BaselineConfig(Section):
    """The rule that a score of 1 stands for, and the evaluations that its tuning gets."""

    rule: str = "adamw"
    evaluations: int = Field(default=48, ge=1, le=100_000)
    seeds: int = Field(default=2, ge=1, le=64)

    @field_validator("rule")
    @classmethod
    def _known(cls, name: str) -> str:
        return one_of("rule", name, ZOO)


class EvaluationConfig(Section):
    """The judging of a candidate: `seeds` runs on every task, new seeds each `generation`."""

    seeds: int = Field(default=2, ge=1, le=64)
    rates: list[Factor] = Field(default=[0.5, 1.0, 2.0], min_length=1, max_length=16)
    """Multiples of the parent's rate that are tried on every task; the best one counts."""
    generation: int = Field(default=100, ge=1, le=1_000_000)
    """Candidates that are judged on the same seeds."""
    elites: int = Field(default=2, ge=0, le=1_000)
    """The number of best candidates that are measured again on the seeds of a new generation."""
    batch: int = Field(default=4, ge=1, le=1_024)
    """Programs that a worker judges in one go; on an accelerator they run side by side."""
    timeout: float = Field(default=300.0, gt=0, le=86_400, allow_inf_nan=False)
    """Seconds after which a worker counts as hung over one candidate, more for tuning and for other
    suites in the measure of their work; compiling is part of the first evaluation."""

    @property
    def room(self) -> BatchShape:
        """What runs side by side: seeds, up to four, the rates of a program, and programs."""
        return BatchShape(min(self.seeds, 4), len(self.rates), self.batch)


class ScreenConfig(Section):
    """The threshold at the first checkpoint of every task, a percentile of recent scores there."""

    keep: float = Field(default=0.7, gt=0, le=1)
    """The share of recent candidates that would have passed it."""
    window: int = Field(default=200, ge=10, le=100_000)
    """The recent candidates that it is taken from; before a quarter of them, all go on."""


class FinalConfig(Section):
    """The `finalists` best programs are measured again on `seeds` fresh seeds.

    Then on the suite `meta_validation`, by which the winner is chosen, and the winner alone on the
    suite `held_out`, names or files; each is left out where it is not named.
    """

    finalists: int = Field(default=8, ge=1, le=1_000)
    seeds: int = Field(default=8, ge=2, le=1_000)
    meta_validation: str | None = None
    held_out: str | None = None
    evaluations: int = Field(default=10, ge=1, le=10_000)
    """Sets of constants that every rule, the baseline too, is tuned in on a suite of other tasks;
    the first nine go through the rates."""

    @field_validator("meta_validation", "held_out")
    @classmethod
    def _suite(cls, name: str | None) -> str | None:
        if name is not None:
            _tasks_of(name)
        return name


class Config(Section):
    """A campaign."""

    campaign: str = Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")
    seed: int = Field(default=0, ge=0, le=2**63 - 1)
    start: str = "adamw"
    """Zoo rule that the search starts from; with the tuned constants if it is the baseline's."""
    tasks: list[TaskConfig] = Field(min_length=1)
    """Of the search, the cheapest first; or a suite, by its name or file."""
    budget: BudgetConfig
    strategy: SerializeAsAny[Options]
    primitives: PrimitivesConfig = PrimitivesConfig()
    mutation: SerializeAsAny[MutationConfig] = Field(
        default_factory=lambda: MutationConfig.of_declared()()
    )
    checks: list[str] = [check.name for check in CHECKS]
    """The free checks that every candidate has to pass; without `direction`, rules that step at
    random may."""
    screen: ScreenConfig | None = ScreenConfig()
    """None trains every candidate to the horizon."""
    evaluation: EvaluationConfig = EvaluationConfig()
    baseline: BaselineConfig = BaselineConfig()
    final: FinalConfig = FinalConfig()
    look_ahead: int = Field(default=16, ge=1, le=10_000)
    """Candidate i is chosen knowing the results up to i - look_ahead; at least the workers."""
    workers: int = Field(default=2, ge=0, le=1_024)
    """Ray actors; 0 evaluates in this process."""

    @field_validator("start")
    @classmethod
    def _known(cls, name: str) -> str:
        return one_of("rule", name, ZOO)

    @field_validator("tasks", mode="before")
    @classmethod
    def _of_suite(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        return [{"name": task.name, "steps": task.steps} for task in _tasks_of(value)]

    @field_validator("checks")
    @classmethod
    def _checks(cls, names: list[str]) -> list[str]:
        return [one_of("check", name, [check.name for check in CHECKS]) for name in names]

    @field_validator("mutation", mode="before")
    @classmethod
    def _weights(cls, value: Any) -> Any:
        return MutationConfig.of_declared().model_validate(value)

    @field_validator("strategy", mode="before")
    @classmethod
    def _options(cls, value: Any) -> Any:
        if not isinstance(value, dict) or not isinstance(value.get("kind"), str):
            raise ValueError(f"wanted a mapping with a `kind`, one of {', '.join(STRATEGIES)}")
        kind = one_of("strategy", value["kind"], STRATEGIES)
        return STRATEGIES[kind].options_type.model_validate(value)

    @model_validator(mode="after")
    def _distinct(self) -> "Config":
        names = [task.name for task in self.tasks]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"task '{name}' is listed twice")
        return self

    def mutator(self) -> Mutator:
        """The changes that the campaign draws."""
        sampler = PrimitiveSampler(self.primitives.table())
        space = SearchSpace(sampler, self.mutation.max_statements, self.mutation.max_slots)
        return Mutator(space, self.mutation.kinds())

    @property
    def choices(self) -> tuple[TaskChoice, ...]:
        """The tasks as evaluators take them."""
        return tuple(TaskChoice(task.name, task.steps) for task in self.tasks)

    def rule(self, name: str) -> Program:
        """A zoo rule as it is."""
        return ZOO[name]

    def resolved(self) -> dict[str, Any]:
        """The config with every default, as plain data."""
        return self.model_dump(mode="json")

    def comparable(self) -> dict[str, Any]:
        """The keys that decide what the campaign finds; who computes it and how fast do not."""
        plain = self.resolved()
        for key in ("timeout", "batch"):
            del plain["evaluation"][key]
        del plain["workers"]
        return plain


def _tasks_of(suite: str) -> tuple[TaskChoice, ...]:
    """The tasks of a suite, by its name or file; ValueError where there is no such suite."""
    try:
        return load_suite(suite).tasks
    except EvaluatorError as error:
        raise ValueError(str(error).splitlines()[0]) from None
