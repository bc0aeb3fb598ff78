"""The rules that take part in a comparison, and the refusals before any work."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dsl import canonical, canonical_hash
from dsl.program import Program
from dsl.rewrite.liveness import live
from dsl.run.fingerprint import depends_on_gradient
from dsl.run.machine import DoesNotFit
from dsl.zoo import ZOO
from evaluators.comparison.results import SCALE, Entrant
from evaluators.cost import gradients
from evaluators.errors import CannotCompare
from evaluators.task import Task
from evaluators.training.answers import check_answers

BASELINES = (
    "heavy_ball",
    "adamw",
    "nadamw",
    "lion",
    "adan",
    "adabelief",
    "sophia_h",
    "adahessian",
)
"""The rules of the zoo to compare with by default; `heavy_ball` is SGD with momentum."""


@dataclass(frozen=True)
class ComparisonSpec:
    """A comparison as plain data for a worker: rules, tasks by name with their steps, the number of
    fresh seeds, and the folder that results are kept in, if any."""

    rules: tuple[Program, ...]
    tasks: tuple[tuple[str, int], ...]
    seeds: int
    folder: Path | None


@dataclass(frozen=True)
class EnteredRule:
    """A rule that takes part, and its program."""

    entrant: Entrant
    program: Program


def entered(
    rules: Sequence[Program], baselines: Sequence[str], tasks: Sequence[Task]
) -> list[EnteredRule]:
    """Candidates, then baselines; the name of a candidate that is taken already gets its hash."""
    known = [ZOO[name] for name in dict.fromkeys((*baselines, SCALE))]
    taken = {program.name for program in known}
    found: dict[str, EnteredRule] = {}
    for program in rules:
        digest = canonical_hash(program)
        if digest in found:
            other = found[digest].program.name
            raise CannotCompare(f"'{program.name}' is the same rule as '{other}': hash {digest}")
        name = program.name if program.name not in taken else f"{program.name}-{digest[:6]}"
        taken.add(name)
        found[digest] = _rule(program, name, tasks, candidate=True)
    return [*found.values(), *(_rule(each, each.name, tasks, candidate=False) for each in known)]


def _rule(program: Program, name: str, tasks: Sequence[Task], *, candidate: bool) -> EnteredRule:
    alive = live(program).slots
    memory = sum(init.kind.per_parameter for slot, init in program.slots.items() if slot in alive)
    asked = sum(gradients(task, program) for task in tasks) / max(1, len(tasks))
    return EnteredRule(Entrant(name, canonical_hash(program), candidate, memory, asked), program)


def check(rules: Sequence[EnteredRule], tasks: Sequence[Task]) -> None:
    """Raise CannotCompare for a rule that is not an optimizer, or asks what a task does not
    answer."""
    for rule in rules:
        program = canonical(rule.program)
        if not depends_on_gradient(program):
            raise CannotCompare(
                f"'{rule.entrant.name}' is no optimizer: its steps depend on neither the gradient "
                "nor an oracle"
            )
        silent = {task.name: why for task in tasks if (why := _unanswered(task, program))}
        if silent:
            others = ", ".join(task.name for task in tasks if task.name not in silent)
            raise CannotCompare(
                f"'{rule.entrant.name}' on {next(iter(silent))}: {next(iter(silent.values()))}\n"
                f"help: {f'it can be compared on {others}' if others else 'no task here does'}"
            )


def _unanswered(task: Task, program: Program) -> str:
    """The reason why the task does not answer what the program asks; empty if it does."""
    try:
        check_answers(task, program)
    except DoesNotFit as reason:
        return str(reason)
    return ""
