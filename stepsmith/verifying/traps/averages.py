"""Averages that hold on to the wrong one of two values, or take one in whole or in part, or have
the decay of another."""

from collections.abc import Iterator
from functools import partial
from itertools import combinations

from dsl.program import Arg, Const, Local, Name, Program, Statement
from stepsmith.verifying.traps.variant import Trap, Variant, changed, decays, tried, unchanged
from stepsmith.verifying.wording import text


def average_traps(program: Program) -> Iterator[Trap]:
    """The first two arguments of `interp` swapped, in one place or in all; a decay for the rest of
    1, where an average is written as two products; a factor `1 - b` on what an average takes in;
    two decays swapped."""
    found = [at for at, each in enumerate(program.statements) if each.op == "interp"]
    met: set[str] = set()
    for at in found:
        first, second, share = (text(program, arg) for arg in program.statements[at].args)
        call = f"interp({first}, {second}, {share})"
        where = f"in statement {at + 1}, " if call in met else ""
        met.add(call)
        yield Trap(
            f"the rule swaps the arguments of {call}: {where}interp({second}, {first}, {share}) is "
            "meant",
            _swapped(program, {at}),
        )
    if len(found) > 1:
        yield Trap("the rule swaps the first two arguments of interp", _swapped(program, {*found}))
    yield from _dampening(program)
    for base in decays(program):
        yield Trap(
            f"the rule averages the other way round: 1 - {base.id} where it has {base.id}",
            _turned(program, base),
        )
    for one, two in combinations(decays(program), 2):
        build = Variant(program)
        build.place |= {one: two, two: one}
        yield Trap(
            f"the rule has {one.id} and {two.id} in each other's place",
            build.run(unchanged).program_with(),
        )


def _swapped(program: Program, chosen: set[int]) -> Program:
    build = Variant(program)
    for at, old in enumerate(program.statements):
        args = list(map(build.moved, old.args))
        if at in chosen:
            args[0], args[1] = args[1], args[0]
        build.place[Local(at)] = build.put(old.op, *args, name=old.name)
    return build.program_with()


def _dampening(program: Program) -> Iterator[Trap]:
    """`b * m + x` for `interp(x, m, b)`, and the other way round."""
    met: set[str] = set()
    for at, old in enumerate(program.statements):
        if old.op == "interp":
            new, slot, share = (text(program, arg) for arg in old.args)
            adding = f"it adds {new} to {share} * {slot} whole"
            where = f" in statement {at + 1}" if adding in met else ""
            met.add(adding)
            yield from tried(
                f"{adding}{where}: the average of the rule has the factor 1 - {share} (dampening)",
                partial(_undampened, program, at),
            )
        elif old.op == "add":
            for place in (0, 1):
                slot, share = _faded(program, old.args[place])
                if slot is None or share is None:
                    continue
                new = text(program, old.args[1 - place])
                yield from tried(
                    f"it takes {new} into its average with the factor 1 - {share.id} (dampening), "
                    "which that of the rule lacks",
                    partial(_dampened, program, at, old.args[1 - place], slot, share),
                )


def _faded(program: Program, arg: Arg) -> tuple[Name | None, Name | None]:
    """`m` and `b` of a product of a slot and a hyperparameter."""
    made = program.statements[arg.index] if isinstance(arg, Local) else None
    if made is None or made.op != "mul":
        return None, None
    for slot, share in (made.args, made.args[::-1]):
        if not (isinstance(slot, Name) and isinstance(share, Name)):
            continue
        if slot.id in program.slots and share.id in program.hyperparameters:
            return slot, share
    return None, None


def _undampened(program: Program, at: int) -> Program:
    build = Variant(program)
    for index, old in enumerate(program.statements):
        args = list(map(build.moved, old.args))
        if index == at:
            put = build.put("add", build.put("mul", args[2], args[1]), args[0], name=old.name)
        else:
            put = build.put(old.op, *args, name=old.name)
        build.place[Local(index)] = put
    return build.program_with()


def _dampened(program: Program, at: int, new: Arg, slot: Name, share: Name) -> Program:
    build = Variant(program)
    for index, old in enumerate(program.statements):
        if index == at:
            put = build.put("interp", build.moved(new), slot, share, name=old.name)
        else:
            put = build.put(old.op, *map(build.moved, old.args), name=old.name)
        build.place[Local(index)] = put
    return build.program_with()


def _turned(program: Program, base: Arg) -> Program:
    """A rule with `1 - b` for a decay `b`, powers of it aside."""

    def change(build: Variant, statement: Statement) -> Arg | None:
        if base not in statement.args or statement.op in ("power", "one_minus_power"):
            return None
        rest = build.put("sub", Const(1), base)
        args = (rest if arg == base else arg for arg in statement.args)
        return build.put(statement.op, *args)

    return changed(program, change)
