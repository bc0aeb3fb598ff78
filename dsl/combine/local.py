"""Local steps: several workers run a program on their own and average what they have now and then.

One process plays all of them. A worker sees its part of the batch at its own point; the parameters
are the mean of the points on every step, whether the workers have met or not.
"""

import itertools
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

from dsl.errors import DslError, UnknownName, did_you_mean
from dsl.language.initialisers import Init
from dsl.language.registry import PRIMITIVES
from dsl.program import INPUTS, Arg, Const, Local, Name, Program, Statement
from dsl.rewrite.lower import spelled_out

_PERIOD = "period"


def local_steps(
    program: Program, *, workers: int = 4, common: Collection[str] = (), period: float = 8
) -> Program:
    """The program run by each of `workers`, whose points are averaged on every `period`-th step.

    Each has its own slots, but for those that are `common`: these belong to all, and are computed
    where the parameters are, thus at the mean, from the gradient of the whole batch there. Noise
    that a worker draws is its own.

    **Arguments:** `period`: default of a hyperparameter, unless the program has one of that name,
    which is taken for it then.
    **Raises:** UnknownName for a common slot that there is not; DslError if a worker asks for what
    only the whole batch has, or a common slot is computed from one that is not.
    """
    base = spelled_out(program)
    for slot in common:
        if slot not in base.slots:
            raise UnknownName(f"'{base.name}' has no slot '{slot}'{did_you_mean(slot, base.slots)}")
    team = _Team(base, common)
    points = [team.worker(number, workers) for number in range(workers)]
    total = points[0][1]
    for _, moved in points[1:]:
        total = team.add("add", total, moved)
    mean = team.add("div", total, Const(workers))
    meet = team.add("every", Name("t"), Name(_PERIOD), Const(0))
    for point, moved in points:
        team.updates[point] = team.add("where", meet, mean, moved)
    result = team.add("sub", Name("w"), mean)
    return replace(
        base,
        inputs=tuple(dict.fromkeys((*base.inputs, "w", "t"))),
        state=tuple(team.state.items()),
        hypers=tuple((base.hyperparameters | {_PERIOD: period} | base.hyperparameters).items()),
        statements=tuple(team.statements),
        updates=tuple(team.updates[slot] for slot in team.state),
        result=result,
    )


class _Team:
    """Statements and slots of workers that run `base`, and of what they have in common."""

    def __init__(self, base: Program, common: Collection[str]):
        nexts = dict(zip(base.slots, base.updates, strict=True))
        self.base = base
        self.private = {slot: arg for slot, arg in nexts.items() if slot not in common}
        self.statements: list[Statement] = []
        self.state = {slot: init for slot, init in base.state if slot in common}
        self.taken = {*base.name_kinds, *INPUTS, *PRIMITIVES, _PERIOD}
        self.streams = 1 + max(map(_stream, base.statements), default=-1)
        wanted = [nexts[slot] for slot in self.state]
        place = self._copied(wanted, {}, self._common, lambda statement: statement)
        self.common: dict[Arg, Arg] = {a: place[a] for a in wanted if isinstance(a, Local)}
        self.updates = {
            slot: place[arg] if isinstance(arg, Local) else self._common(arg)
            for slot, arg in zip(self.state, wanted, strict=True)
        }

    def worker(self, number: int, workers: int) -> tuple[str, Arg]:
        """Add a worker: its slot that holds its point, and where it goes."""
        part = Const(number), Const(workers)
        point = self._slot("point", Init("copy_w"), number)
        slots = {slot: self._slot(slot, self.base.slots[slot], number) for slot in self.private}
        gradient = self.add("part_grad_at", Name(point), *part)
        names = {"w": Name(point), "g": gradient, **{s: Name(new) for s, new in slots.items()}}

        def read(arg: Arg) -> Arg:
            return names.get(arg.id, arg) if isinstance(arg, Name) else arg

        def own(statement: Statement) -> Statement:
            args, primitive = statement.args, PRIMITIVES[statement.op]
            name = slots.get(statement.name or "", statement.name)
            if statement.op == "grad_at":
                return Statement("part_grad_at", (*args, *part), name)
            if primitive.oracle or Name("loss") in args:
                raise DslError(
                    f"a worker of '{self.base.name}' asks for what only the whole batch has",
                    help="it has the gradient of its part, at other points by grad_at",
                )
            if primitive.draws:
                at = primitive.params.index("stream")
                stream = Const(_stream(statement) + number * self.streams)
                args = (*args[:at], stream, *args[at + 1 :])
            return Statement(statement.op, args, name)

        place = self._copied([self.base.result, *self.private.values()], self.common, read, own)
        for slot, arg in self.private.items():
            self.updates[slots[slot]] = place.get(arg, read(arg))
        moved = place.get(self.base.result, read(self.base.result))
        return point, self.add("sub", Name(point), moved)

    def add(self, op: str, *args: Arg) -> Local:
        """Add a statement."""
        self.statements.append(Statement(op, args))
        return Local(len(self.statements) - 1)

    def _slot(self, name: str, init: Init, number: int) -> str:
        """Declare a worker's slot under a name that is free."""
        wanted = (f"{name}_{i}" for i in itertools.count(number + 1))
        free = next(name for name in wanted if name not in self.taken)
        self.taken.add(free)
        self.state[free] = init
        return free

    def _common(self, arg: Arg) -> Arg:
        if isinstance(arg, Name) and arg.id in self.private:
            raise DslError(f"a common slot of '{self.base.name}' is computed from '{arg.id}'")
        return arg

    def _copied(
        self,
        wanted: Sequence[Arg],
        known: Mapping[Arg, Arg],
        read: Callable[[Arg], Arg],
        change: Callable[[Statement], Statement],
    ) -> dict[Arg, Arg]:
        """Add copies of what `wanted` need of the base, as far as it is not `known`; where to find
        each. A copy is of the statement as `change` has it, with the names that `read` gives."""
        needed: set[int] = set()
        stack = [*wanted]
        while stack:
            arg = stack.pop()
            if isinstance(arg, Local) and arg not in known and arg.index not in needed:
                needed.add(arg.index)
                stack.extend(self.base.statements[arg.index].args)
        place = dict(known)
        for index in sorted(needed):
            statement = change(self.base.statements[index])
            args = tuple(
                place.get(arg, arg) if isinstance(arg, Local) else read(arg)
                for arg in statement.args
            )
            self.statements.append(replace(statement, args=args))
            place[Local(index)] = Local(len(self.statements) - 1)
        return place


def _stream(statement: Statement) -> int:
    """The number of the stream of noise that a statement draws, or -1 if it draws none."""
    primitive = PRIMITIVES[statement.op]
    if not primitive.draws:
        return -1
    stream = statement.args[primitive.params.index("stream")]
    if not isinstance(stream, Const):
        raise DslError(
            f"'{statement.op}' computes the number of its stream of noise",
            help="write it as a number, so that workers can be told to draw apart",
        )
    return round(stream.value)
