"""What a comparison has to do: runs by task and rule, and about how long they take.

The estimate is a rough one: how far a grid grows is not known, nor how fast the machine at hand is.
What is left is judged anew by every piece that is done.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from dsl.program import Program
from evaluators.cost import gradients
from evaluators.task import Task
from evaluators.tuning.grid import DECAYS, RATE_STEPS

FLOPS_PER_SECOND = 8e9
"""Of gradients and updates on one core, at the sizes of the tasks; between 1e9 and 1e10."""
STEP_SECONDS = 5e-6
"""What a step costs beside its operations."""
UPDATE_FLOPS = 20
"""Operations of an update for each parameter."""
COMPILING_SECONDS = 10.0
"""The first loop of a task; the next comparison loads it."""
_LEAST_SECONDS = 3600.0
_TIMES_ESTIMATE = 20.0
GROWTH = 1.4
"""How many times its first points a grid ends up with."""


@dataclass(frozen=True)
class Piece:
    """A rule on a task: `kept` if nothing is to be trained; else how many runs, and roughly how
    many seconds on one core."""

    task: int
    rule: int
    kept: bool
    runs: int
    seconds: float


@dataclass(frozen=True)
class Plan:
    """All pieces of a comparison, task by task; names are of the tasks and rules by number."""

    tasks: tuple[str, ...]
    rules: tuple[str, ...]
    pieces: tuple[Piece, ...]

    @property
    def left(self) -> tuple[Piece, ...]:
        """What has to be trained."""
        return tuple(piece for piece in self.pieces if not piece.kept)

    @property
    def seconds(self) -> float:
        """Of all that has to be trained, on one core."""
        return sum(piece.seconds for piece in self.left)

    @property
    def time_limit(self) -> float:
        """Seconds after which a worker counts as hung over a piece."""
        longest = max((piece.seconds for piece in self.left), default=0.0)
        return max(_LEAST_SECONDS, _TIMES_ESTIMATE * longest)

    def seconds_by_task(self) -> dict[str, float]:
        """The same by task, the longest first; those without anything left out."""
        found: dict[str, float] = {}
        for piece in self.left:
            name = self.tasks[piece.task]
            found[name] = found.get(name, 0.0) + piece.seconds
        return dict(sorted(found.items(), key=lambda item: -item[1]))


def points(rule: Program) -> int:
    """How many points the rule's grid is likely to have."""
    rates = len(RATE_STEPS) if rule.hyperparameters.get("lr") else 1
    decays = len(DECAYS) if "wd" in rule.hyperparameters else 1
    return round(GROWTH * rates * decays) if rates * decays > 1 else 1


def seconds_per_step(task: Task, rule: Program) -> float:
    """Roughly what a training step of one run takes, by the task's stated cost."""
    operations = gradients(task, rule) * task.flops + UPDATE_FLOPS * task.parameters()
    return STEP_SECONDS + operations / FLOPS_PER_SECOND


def left_seconds(plan: Plan, done: Sequence[tuple[Piece, float]], workers: int = 1) -> float:
    """Seconds until the rest is trained, by how long what is `done` took against its estimate.

    **Arguments:** `done`: pieces with the seconds each took; `workers`: how many work at once.
    """
    finished = {(piece.task, piece.rule) for piece, _ in done}
    rest = sum(p.seconds for p in plan.left if (p.task, p.rule) not in finished)
    expected = sum(piece.seconds for piece, _ in done)
    factor = sum(taken for _, taken in done) / expected if expected else 1.0
    return factor * rest / workers
