"""The config of a campaign as a whole."""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field, SerializeAsAny, field_validator, model_validator

from dsl.errors import DslError
from dsl.language.names import check_name
from dsl.language.registry import PRIMITIVES, searchable
from dsl.program import Program
from dsl.zoo import GROUPS, ZOO
from evaluators import registry
from evaluators.checks import CHECKS
from evaluators.files.config_file import BadValue, Section, one_of
from evaluators.suites import TaskChoice, TaskConfig
from search.config.cluster import ClusterConfig
from search.config.judging import (
    BaselineConfig,
    BudgetConfig,
    EvaluationConfig,
    FinalConfig,
    ScreenConfig,
    tasks_of,
)
from search.config.programs import MutationConfig, PrimitivesConfig
from search.config.resuming import FREE, drop_free
from search.mutation import Breeder, PrimitiveSampler, SearchSpace
from search.objectives import OBJECTIVES, QUALITY
from search.strategies import STRATEGIES, Options

ORACLE, WITH_ORACLES = 0.25, 0.1
"""The weights of an oracle that a campaign allows, and of what goes with it in known rules."""
EVERY = "zoo"
"""The start that stands for every rule of the zoo that fits."""


KIND = "recombination"
"""The kind of strategy of a config that names none."""


class Config(Section):
    """A campaign."""

    campaign: str = Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")
    """Its name, that of its folder in `runs/`, and of the winner as a rule."""
    seed: int = Field(default=0, ge=0, le=2**63 - 1)
    """All random choices follow from it."""
    start: list[str] = Field(default=[EVERY], min_length=1)
    """The rules that the search starts from, each with a tuned rate: names and groups of the zoo,
    .rule files, discovered rules, RUN:HASH. `zoo` is every rule of it that the primitives and
    limits of the campaign can say."""
    mask: list[str] = []
    """Names and groups of the zoo that take no part: no start, no donor of parts, no habit."""
    tasks: list[TaskConfig] = Field(min_length=1)
    """Of the search, the cheapest first; or a suite, by its name or file."""
    budget: BudgetConfig
    strategy: SerializeAsAny[Options] = Field(default={"kind": KIND}, validate_default=True)  # pyright: ignore[reportAssignmentType]
    """The way in which the next program is chosen: its `kind`, and the options of that kind."""
    objectives: list[str] = Field(default=[QUALITY], min_length=1)
    """The measures of a rule: quality, and memory, cost and size where a front of
    them is wanted."""
    primitives: PrimitivesConfig = PrimitivesConfig()
    oracles: list[str] = []
    """Oracles that programs may ask, each for so many steps of training less; none by default."""
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
    workers: Annotated[int, FREE] = Field(default=2, ge=0, le=1_024)
    """Ray actors; 0 evaluates in this process."""
    cluster: Annotated[ClusterConfig | None, FREE] = None
    """The Ray cluster that they join; without it, a Ray of their own on this machine."""

    @field_validator("campaign")
    @classmethod
    def _of_a_rule(cls, name: str) -> str:
        """The winner is a rule of this name."""
        try:
            check_name(name, "a campaign, whose winner is called so")
        except DslError as error:
            raise BadValue(error.message, help=error.help) from None
        return name

    @field_validator("start", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @field_validator("mask")
    @classmethod
    def _in_zoo(cls, names: list[str]) -> list[str]:
        return [one_of("rule or group", name, [*ZOO, *GROUPS]) for name in names]

    @field_validator("tasks", mode="before")
    @classmethod
    def _of_suite(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        return [{"name": task.name, "steps": task.steps} for task in tasks_of(value)]

    @field_validator("objectives")
    @classmethod
    def _objectives(cls, names: list[str]) -> list[str]:
        for name in names:
            one_of("objective", name, OBJECTIVES, ours_alone=True)
            if names.count(name) > 1:
                raise ValueError(f"objective '{name}' is listed twice")
        if QUALITY not in names:
            raise ValueError(f"{QUALITY} is always one of them, met {', '.join(names)}")
        return names

    @field_validator("oracles")
    @classmethod
    def _oracles(cls, names: list[str]) -> list[str]:
        known = [name for name, primitive in PRIMITIVES.items() if primitive.oracle]
        return [one_of("oracle", name, known) for name in names]

    @field_validator("checks")
    @classmethod
    def _checks(cls, names: list[str]) -> list[str]:
        return [one_of("check", name, [c.name for c in CHECKS], ours_alone=True) for name in names]

    @field_validator("mutation", mode="before")
    @classmethod
    def _weights(cls, value: Any) -> Any:
        return MutationConfig.of_declared().model_validate(value)

    @field_validator("strategy", mode="before")
    @classmethod
    def _options(cls, value: Any) -> Any:
        if not isinstance(value, dict) or not isinstance(value.get("kind", KIND), str):
            raise ValueError(f"wanted a mapping with a `kind`, one of {', '.join(STRATEGIES)}")
        kind = one_of("strategy", value.get("kind", KIND), STRATEGIES)
        return STRATEGIES[kind].options_type.model_validate(value)

    @model_validator(mode="after")
    def _distinct(self) -> "Config":
        names = [task.name for task in self.tasks]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"task '{name}' is listed twice")
        return self

    @model_validator(mode="after")
    def _answered(self) -> "Config":
        from evaluators.training.answers import answered  # brings JAX, which a page can do without

        for task in self.tasks:
            mine = registry.own(task.name)  # need not be measured for this
            able = answered(registry.get(task.name) if mine is None else mine.task)
            for name in self.oracles:
                if PRIMITIVES[name].asks not in able:
                    others = [n for n, p in PRIMITIVES.items() if p.oracle and p.asks in able]
                    raise ValueError(
                        f"task '{task.name}' does not answer the oracle '{name}'; it answers "
                        f"{', '.join(others)}"
                    )
        return self

    def _palette(self) -> dict[str, float]:
        """The weight of every primitive that mutation draws: those of `primitives`, the oracles,
        and what known rules that ask nothing else are made of besides."""
        table = self.primitives.table()
        if self.oracles:
            for rule in ZOO.values():
                used = {each.op for each in rule.statements}
                asked = {op for op in used if PRIMITIVES[op].oracle}
                if asked and asked <= set(self.oracles):
                    table |= {op: WITH_ORACLES for op in sorted(used) if not table.get(op)}
            table |= dict.fromkeys(sorted(self.oracles), ORACLE)
        return {name: w for name, w in table.items() if name not in self.primitives.forbid}

    def breeder(self, zoo: Sequence[Program] = ()) -> Breeder:
        """The ways to new programs; `zoo` are the known rules that give parts and habits."""
        sampler = PrimitiveSampler(self._palette())
        space = SearchSpace(sampler, self.mutation.max_statements, self.mutation.max_slots)
        return Breeder(space, self.mutation.kinds(), zoo)

    def words(self) -> frozenset[str]:
        """The primitives that programs may be made of: those that mutation draws, and without
        `primitives.only` those of the machine that cost it nothing."""
        drawn = {name for name, weight in self._palette().items() if weight}
        free = set() if self.primitives.only else set(searchable())
        return frozenset((drawn | free) - set(self.primitives.forbid))

    @property
    def watched(self) -> str | None:
        """The suite that the best of the search are looked at on; None without looks."""
        return self.final.meta_validation if self.final.watch else None

    @property
    def choices(self) -> tuple[TaskChoice, ...]:
        """The tasks as evaluators take them."""
        return tuple(TaskChoice(task.name, task.steps) for task in self.tasks)

    def resolved(self) -> dict[str, Any]:
        """The config with every default, as plain data; `cluster` only where there is one."""
        plain = self.model_dump(mode="json")
        if self.cluster is None:
            del plain["cluster"]
        return plain

    def comparable(self) -> dict[str, Any]:
        """The keys that decide what the campaign finds; who computes it and how fast do not.

        There is no `final.watch` among them where nothing is looked at.
        """
        plain = self.resolved()
        drop_free(type(self), plain)
        return plain
