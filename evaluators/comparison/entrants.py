"""Who takes part in a comparison, and what is refused before any work."""

from collections.abc import Sequence
from dataclasses import dataclass

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


@dataclass(frozen=True)
class Rival:
    """A rule that takes part, and its program."""

    entrant: Entrant
    program: Program


def entered(
    rules: Sequence[Program], baselines: Sequence[str], tasks: Sequence[Task]
) -> list[Rival]:
    """Candidates, then baselines; a candidate whose name is taken is called by its hash too."""
    known = [ZOO[name] for name in dict.fromkeys((*baselines, SCALE))]
    taken = {program.name for program in known}
    found: dict[str, Rival] = {}
    for program in rules:
        digest = canonical_hash(program)
        if digest in found:
            other = found[digest].program.name
            raise CannotCompare(f"'{program.name}' is the same rule as '{other}': hash {digest}")
        name = program.name if program.name not in taken else f"{program.name}-{digest[:6]}"
        taken.add(name)
        found[digest] = _rule(program, name, tasks, candidate=True)
    return [*found.values(), *(_rule(each, each.name, tasks, candidate=False) for each in known)]


def _rule(program: Program, name: str, tasks: Sequence[Task], *, candidate: bool) -> Rival:
    alive = live(program).slots
    memory = sum(init.kind.per_parameter for slot, init in program.slots.items() if slot in alive)
    asked = sum(gradients(task, program) for task in tasks) / max(1, len(tasks))
    return Rival(Entrant(name, canonical_hash(program), candidate, memory, asked), program)


def check(rules: Sequence[Rival], tasks: Sequence[Task]) -> None:
    """Refuse what is no optimizer, or asks what a task does not answer (CannotCompare)."""
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
    """Why the task does not answer what the program asks; empty if it does."""
    try:
        check_answers(task, program)
    except DoesNotFit as reason:
        return str(reason)
    return ""
