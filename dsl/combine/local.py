"""Local steps: several workers run a program on their own and average what they have now and then.

One process plays all of them. A worker sees its part of the batch at its own point; the parameters
are the mean of the points on every step, whether the workers have met or not.
"""

import itertools
from collections.abc import Collection
from dataclasses import replace

from dsl.combine.combinator import check_numbers
from dsl.combine.streams import redrawn, streams
from dsl.errors import DslError, UnknownName, did_you_mean
from dsl.language.hyperparameters import Hyper
from dsl.language.initialisers import Init
from dsl.language.registry import PRIMITIVES
from dsl.program import INPUTS, Arg, Const, Local, Name, Program, Statement
from dsl.program.walk import Rewriter, indices, needed, within_step
from dsl.rewrite.lower import spelled_out
from dsl.rewrite.point import point_of

_PERIOD = "period"
NUMBERS = {_PERIOD: Hyper("steps from one average of the workers to the next", 1, whole=True)}
_WORKERS = {"workers": Hyper("how many there are", 1, whole=True)}


def local_steps(
    program: Program, *, workers: int = 4, common: Collection[str] = (), period: float = 8
) -> Program:
    """The program run by each of `workers`, whose points are averaged on every `period`-th step.

    Each has slots of its own. Those that are `common` belong to all instead, and are computed
    where the parameters are, thus at the mean, from the gradient of the whole batch there. Noise
    that a worker draws is its own.

    **Arguments:** `period`: default of a hyperparameter, unless the program has one of that name,
    which is taken for it then.
    **Raises:** UnknownName for a common slot that there is not; DslError if a worker asks for what
    only the whole batch has, or a common slot is computed from one that is not, or the program is
    evaluated at a point of its own, of which there is one for each worker then.
    """
    base = spelled_out(program)
    given = {"workers": workers, _PERIOD: period}
    check_numbers("local_steps", {**NUMBERS, **_WORKERS}, given)
    if point_of(base) is not None:
        raise DslError(
            f"'{base.name}' is evaluated at a point of its own, of which each worker has another",
            help="take a rule without one, and a combinator that gives a point after local steps",
        )
    for slot in common:
        if slot not in base.slots:
            raise UnknownName(f"'{base.name}' has no slot '{slot}'{did_you_mean(slot, base.slots)}")
    team = _Team(base, common)
    points = [team.worker(number, workers) for number in range(workers)]
    total = points[0][1]
    for _, moved in points[1:]:
        total = team.whole.put("add", total, moved)
    mean = team.whole.put("div", total, Const(workers))
    meet = team.whole.put("every", Name("t"), Name(_PERIOD), Const(0))
    for point, moved in points:
        team.next_values[point] = team.whole.put("where", meet, mean, moved)
    return replace(
        base,
        point=None,
        inputs=tuple(dict.fromkeys((*base.inputs, "w", "t"))),
        slots=team.slots,
        hyperparameters={**base.hyperparameters, _PERIOD: period, **base.hyperparameters},
        meanings={**NUMBERS, **base.meanings},
        result=team.whole.put("sub", Name("w"), mean),
        statements=tuple(team.whole.statements),
        next_values=team.next_values,
    )


class _Team:
    """Statements and slots of workers that run `base`, and of what they have in common."""

    def __init__(self, base: Program, common: Collection[str]):
        self.base = base
        self.private = [slot for slot in base.slots if slot not in common]
        self.slots = {slot: init for slot, init in base.slots.items() if slot in common}
        self.next_values: dict[str, Arg] = {}
        self.taken = {*base.name_kinds, *INPUTS, *PRIMITIVES, _PERIOD}
        self.streams = 1 + max(streams(base), default=-1)
        self.whole = Rewriter(base)
        """The statements so far; its own are computed where the parameters are."""
        wanted = [base.next_values[slot] for slot in self.slots]
        read = needed(base, wanted)
        for slot in self.private:
            if Name(slot) in read:
                raise DslError(f"a common slot of '{base.name}' is computed from '{slot}'")
        self.whole.copy(indices(read))
        self.next_values.update(zip(self.slots, map(self.whole.moved, wanted), strict=True))
        values = (arg for arg in wanted if isinstance(arg, Local))
        self.common: dict[Arg, Arg] = {arg: self.whole.moved(arg) for arg in values}

    def worker(self, number: int, workers: int) -> tuple[str, Arg]:
        """Add a worker: its slot that holds its point, and where it goes."""
        part = Const(number), Const(workers)
        point = self._slot("point", Init("copy_w"), number)
        slots = {slot: self._slot(slot, self.base.slots[slot], number) for slot in self.private}
        own = Rewriter(self.base, self.common, self.whole.statements)
        own.place[Name("w")] = Name(point)
        own.place[Name("g")] = own.put("part_grad_at", Name(point), *part)
        own.place.update({Name(slot): Name(new) for slot, new in slots.items()})
        ends = [self.base.result, *(self.base.next_values[slot] for slot in self.private)]
        inside = within_step(self.base)
        read = needed(self.base, ends, lambda arg: () if arg in self.common else inside(arg))
        for index in indices(read - self.common.keys()):
            statement = self._of_worker(self.base.statements[index], number, part)
            args = map(own.moved, statement.args)
            name = slots.get(statement.name or "", statement.name)
            own.place[Local(index)] = own.put(statement.op, *args, name=name)
        for slot, new in slots.items():
            self.next_values[new] = own.moved(self.base.next_values[slot])
        return point, own.put("sub", Name(point), own.moved(self.base.result))

    def _of_worker(self, statement: Statement, number: int, part: tuple[Const, Const]) -> Statement:
        """A statement of the base as a worker runs it, on its part of the batch."""
        primitive = PRIMITIVES[statement.op]
        if statement.op == "grad_at":
            return Statement("part_grad_at", (*statement.args, *part), statement.name)
        if primitive.oracle or Name("loss") in statement.args:
            raise DslError(
                f"a worker of '{self.base.name}' asks for what only the whole batch has",
                help="it has the gradient of its part, at other points by grad_at",
            )
        return redrawn(statement, lambda stream: stream + number * self.streams)

    def _slot(self, name: str, init: Init, number: int) -> str:
        """Declare a worker's slot under a name that is free."""
        wanted = (f"{name}_{i}" for i in itertools.count(number + 1))
        free = next(name for name in wanted if name not in self.taken)
        self.taken.add(free)
        self.slots[free] = init
        return free
