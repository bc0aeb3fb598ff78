"""A task of a user's own measured when it is first asked for, and kept in the user's cache.

What is kept is found by a digest of all that the task computes, so that a changed loss, other
examples or another horizon are measured anew, and an equal task in another file is not.
"""

import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Any

from dsl import canonical
from dsl.zoo import ZOO
from evaluators import registry
from evaluators.catalogue import Best, TaskEntry
from evaluators.errors import TaskFault
from evaluators.evaluation import Outcome
from evaluators.evaluator import BaselineFails
from evaluators.files.result_cache import CacheKey, ResultCache, default_folder, environment
from evaluators.measuring.facts import entry_of, fresh_losses, operations
from evaluators.measuring.fresh import check_fresh
from evaluators.measuring.proxy import proxy_of, told_apart
from evaluators.measuring.ranking import (
    RANKED,
    SCALE,
    TUNING_SEEDS,
    NothingLearned,
    RuleRuns,
    at_horizon,
    constants,
    ranked,
    trainer_of,
)
from evaluators.measuring.soundness import Soundness, sound
from evaluators.own.origin import Origin
from evaluators.registry import OwnTask
from evaluators.task import Task
from evaluators.tuning.sweep import FROM, TO

_ENVIRONMENT = ("code", "python", "machine", "device", "jax", "jaxlib", "numpy")
"""The part of the environment that decides, without the flags of a process: its workers may have
others."""
_SEES = ("sophia_h", "adahessian")
"""Rules that ask for curvature."""
ENOUGH = 0.5
"""The share of pairs told apart below which a longer horizon is tried."""
STRETCH = 3

Observe = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class MeasuredKey(CacheKey):
    """Everything that decides what is measured of a task."""

    definition: str
    rules: tuple[str, ...]


@dataclass(frozen=True)
class Measured:
    """A task with all that was found of it, and the runs of rules, best first."""

    entry: TaskEntry
    runs: tuple[RuleRuns, ...]
    stretched: float | None
    """Where few rules are told apart at the horizon: the share of pairs that are at `STRETCH`
    horizons, of rules that ask for no curvature."""
    kept: bool
    """True if nothing had to be trained."""

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        runs = [each.to_json() for each in self.runs]
        found = {"entry": self.entry.to_json(), "runs": runs, "stretched": self.stretched}
        return {"name": self.entry.name, **found}

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> "Measured":
        """The inverse of `to_json`, as kept; KeyError or TypeError for other data."""
        runs = tuple(map(RuleRuns.from_json, data["runs"]))
        entry = TaskEntry.from_json(data["name"], data["entry"])
        return Measured(entry, runs, data["stretched"], kept=True)

    def in_words_of(self, task: Task) -> "Measured":
        """The same of a task that computes the same, by what that one calls itself, its data and
        its model."""
        words = {"summary": task.summary, "dataset": task.dataset, "model": task.model}
        return replace(self, entry=replace(self.entry, **words))


def entry_of_own(own: OwnTask) -> TaskEntry:
    """The entry of a task; says on stderr that it is measured, if it has to be."""

    said: list[str] = []

    def say(rule: str) -> None:
        if not said:
            more = "`stepsmith tasks check` shows what comes of it"
            print(f"{own.task.name} is measured, once: {more}", file=sys.stderr, flush=True)
        said.append(rule)

    return measured(own, observe=say)[0].entry


def kept(own: OwnTask) -> Measured | None:
    """The result of measuring a task by all rules, if it was; None, too, for one with a
    fault."""
    try:
        found = own.task.checksum()
    except TaskFault:
        return None
    plain = tuple(rule for rule in RANKED if rule not in _SEES)
    tried = (_cache().get(_key(found, rules), Measured.from_json) for rules in (RANKED, plain))
    before = next((each for each in tried if each is not None), None)
    return before and before.in_words_of(own.task)


def measured(
    own: OwnTask, rules: Sequence[str] = RANKED, observe: Observe = lambda rule: None
) -> tuple[Measured, Soundness]:
    """All that is known of a task: its faults are looked for, then known rules are tuned on it.

    **Arguments:** `observe`: told of each rule when it begins, of none if all is known.
    **Raises:** TaskFault.
    """
    found = sound(own.task, own.source)
    asked = tuple(rule for rule in rules if found.twice or rule not in _SEES)
    key, cache = _key(found.definition, asked), _cache()
    before = cache.get(key, Measured.from_json)
    if before is None:
        check_fresh(own)
        before = _measure(own, asked, observe)
        cache.put(key, before.to_json())
    return before.in_words_of(own.task), found


def _cache() -> ResultCache:
    return ResultCache(default_folder("tasks"))


def _key(definition: str, rules: tuple[str, ...]) -> MeasuredKey:
    known = dict(environment())
    decides = tuple((name, known[name]) for name in _ENVIRONMENT)
    return MeasuredKey(environment=decides, definition=definition, rules=rules)


def _measure(own: OwnTask, rules: tuple[str, ...], observe: Observe) -> Measured:
    losses = fresh_losses(own.task)
    task = replace(own.task, untrained=float(f"{fmean(map(float, losses)):.6g}"))
    task = replace(task, flops=operations(task))
    try:
        return _trained(own, task, rules, observe)
    except NothingLearned as error:
        origin: Origin = own.source.origin
        origin.fault(
            "loss",
            str(error),
            "train longer (`horizon=`), or look for a loss that no step can lower",
            at=own.source.loss,
        )
    finally:
        registry.restated_no_more(task.name)


def _trained(own: OwnTask, task: Task, rules: tuple[str, ...], observe: Observe) -> Measured:
    """The result of training known rules on a task, of which the rest is stated by now.

    **Raises:** NothingLearned.
    """
    observe(SCALE)
    floors = [task] if not math.isnan(task.floor) else _floors(task, rules)
    for task in [replace(each, best=Best(each.untrained, "", {})) for each in floors]:
        _check_floor(own, task)
        try:
            runs = ranked(task, rules, observe)
            if all(each.outcome != Outcome.TOO_GOOD for each in runs):
                return _measured(task, runs, rules, observe)
        except BaselineFails as error:
            if not error.outcome.alarm:
                raise NothingLearned(f"AdamW fails: {error.outcome.sentence}") from None
    origin: Origin = own.source.origin
    origin.fault(
        "floor",
        "the loss falls below any floor that was tried, and the lower the larger the rate",
        "give a loss that has a lowest value, and say by `floor=` which",
        at=own.source.loss if math.isnan(own.task.floor) else None,
    )


def _measured(
    task: Task, runs: Sequence[RuleRuns], rules: Sequence[str], observe: Observe
) -> Measured:
    """The result of ranking rules on a task."""
    proxy, stretched = proxy_of(runs), None
    if proxy.told_apart < ENOUGH:
        observe(f"{STRETCH} times the horizon")
        plain = [each for each in runs if each.sound and each.rule not in _SEES]
        longer = at_horizon(task, plain, STRETCH * task.horizon)
        stretched = round(told_apart(longer, lambda each: each.scores), 4)
    best = min((each for each in runs if each.sound), key=lambda each: each.loss)
    task = replace(task, best=Best(float(f"{best.loss:.4g}"), best.rule, constants(best)))
    trainer_of(task, rules)  # the trainers that are kept judge by what was found
    return Measured(entry_of(task, proxy), tuple(runs), stretched, kept=False)


def _floors(task: Task, rules: Sequence[str]) -> list[Task]:
    """The task with floors to try: 0 if AdamW's losses stay above it, and else as far below the
    lowest of them as that is below the loss of fresh parameters, or ten times as far."""
    trainer = trainer_of(task, rules)
    default = ZOO[SCALE].hyperparameters["lr"]
    rates = [default * math.sqrt(10) ** step for step in range(FROM, TO + 1)]
    runs = trainer.run(canonical(ZOO[SCALE]), TUNING_SEEDS, rates)
    losses = [loss for row in runs for run in row for loss in run.losses if math.isfinite(loss)]
    lowest = min([task.untrained, *losses])
    found = []
    if lowest >= 0:
        found.append(replace(task, floor=0.0, floor_from="assumed: no loss of AdamW is negative"))
    for times, words in ((1, "as far"), (10, "ten times as far")):
        floor = float(f"{lowest - times * (task.untrained - lowest):.3g}")
        why = f"assumed: {words} below AdamW's lowest loss as that is below the untrained one"
        found.append(replace(task, floor=floor, floor_from=why))
    return found


def _check_floor(own: OwnTask, task: Task) -> None:
    if task.untrained <= task.floor:
        own.source.origin.fault(
            "floor",
            f"the loss of fresh parameters, {task.untrained:.4g}, is not above the floor, "
            f"{task.floor:.4g}",
            "`floor` is a loss that nothing can be below: give a lower one, or leave it out",
        )
