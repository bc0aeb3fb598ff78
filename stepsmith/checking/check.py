"""The check of a user's own tasks: their file, the faults and the report of each."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dsl.errors import DeclaresNothing, PluginError, UnknownName, did_you_mean, listed
from stepsmith.errors import UsageError

if TYPE_CHECKING:
    from evaluators.errors import TaskFault
    from evaluators.measuring.first_use import Measured
    from evaluators.measuring.soundness import Soundness
    from evaluators.measuring.verdict import Verdict
    from evaluators.registry import OwnTask


@dataclass(frozen=True)
class TaskReport:
    """The result of a check: a fault, or what was measured and what it means."""

    own: "OwnTask"
    fault: "TaskFault | None" = None
    measured: "Measured | None" = None
    soundness: "Soundness | None" = None
    verdict: "Verdict | None" = None

    def to_json(self) -> dict[str, Any]:
        """Plain data; `fault` or all the rest is null."""
        origin, fault = self.own.source.origin, self.fault
        found: dict[str, Any] = {
            "name": self.own.task.name,
            "file": str(origin.file),
            "line": origin.line,
            "fault": fault
            and {"file": fault.file, "line": fault.line, "met": fault.met, "help": fault.help},
        }
        if self.measured and self.soundness and self.verdict:
            found |= {
                "verdict": self.verdict.word,
                "reasons": list(self.verdict.reasons),
                "remarks": list(self.verdict.remarks),
                "agreement": self.verdict.agreement,
                "facts": self.measured.entry.to_json(),
                "rules": [
                    {
                        **each.to_json(),
                        "loss": each.loss if each.sound else None,
                        "score": each.score,
                    }
                    for each in self.measured.runs
                ],
                "differentiable_twice": self.soundness.twice,
                "gradient_seconds": self.soundness.gradient_seconds,
                "compile_seconds": self.soundness.compile_seconds,
                "bytes": self.soundness.bytes,
            }
        return found


def tasks_in(name: str) -> "list[OwnTask]":
    """The tasks that a plug-in brings, by the path of its file or its module; or the one that a
    loaded plug-in brings under this name. In the order of names.

    **Raises:** PluginError for one that cannot be loaded; UsageError for one without tasks.
    """
    from dsl.plugins import load, loaded
    from evaluators import registry
    from evaluators.own.memory import bounded

    brought = {task: plugin for plugin in loaded() for task in plugin.names("task")}
    if name in brought:
        names = [name]
    else:
        if name in registry.names():
            raise UsageError(
                f"the task '{name}' comes with Stepsmith, see `stepsmith tasks show {name}`\n"
                "help: give a Python file with tasks of your own"
            )
        with bounded():
            try:
                names = [*load(name).names("task")]
            except DeclaresNothing:
                names = []
            except PluginError as error:
                raise _worded(error) from None
    found = [registry.own(each) for each in names]
    if not any(found):
        raise UsageError(
            f"{name} declares no task\n"
            "help: it calls `task(...)` or `supervised(...)` of stepsmith, see docs/own_tasks.md"
        )
    return [each for each in found if each is not None]


def _worded(error: PluginError) -> PluginError:
    """The error, in words if it is a lack of memory."""
    from evaluators.own.memory import available, gigabytes

    if not any(word in error.message for word in ("RESOURCE_EXHAUSTED", "MemoryError")):
        return error
    free = available()
    there = f", of which {gigabytes(free)} are free" if free is not None else ""
    return PluginError(
        f"{error.message.split(': ')[0]}: this asks for more memory than there is{there}",
        help="make the model smaller: a proxy task is trained thousands of times",
    )


def rules_of(text: str) -> Sequence[str]:
    """The rules to rank, from a comma-separated list; UnknownName for one that the zoo has not."""
    from dsl.zoo import ZOO
    from evaluators.measuring.ranking import RANKED

    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        if name not in ZOO:
            raise UnknownName(
                f"unknown rule '{name}'{did_you_mean(name, ZOO)}", help=listed(name, ZOO)
            )
    return names or RANKED


def check(own: "OwnTask", rules: Sequence[str]) -> TaskReport:
    """The report on a task; how far it is goes to stderr."""
    from evaluators.errors import TaskFault
    from evaluators.measuring.first_use import measured
    from evaluators.measuring.verdict import judge

    begun: list[str] = []
    count = len({*rules, "adamw"})

    def observe(rule: str) -> None:
        if rule not in begun:
            begun.append(rule)
            at = f" ({len(begun)} of {count})" if len(begun) <= count else ""
            print(f"{own.task.name}: {rule}{at}", file=sys.stderr, flush=True)

    try:
        found, sound = measured(own, rules, observe)
    except TaskFault as fault:
        return TaskReport(own, fault=fault)
    return TaskReport(own, None, found, sound, judge(found, sound))
