"""Averages that hold on to the wrong one of two values."""

from collections.abc import Iterator

from dsl.program import Arg, Const, Local, Program, Statement
from stepsmith.verifying.traps.variant import Trap, Variant, changed, decays
from stepsmith.verifying.wording import text


def average_traps(program: Program) -> Iterator[Trap]:
    """The first two arguments of `interp` swapped, in one place or in all; a decay for the rest of
    1, where an average is written as two products."""
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
    for base in decays(program):
        yield Trap(
            f"the rule averages the other way round: 1 - {base.id} where it has {base.id}",
            _turned(program, base),
        )


def _swapped(program: Program, chosen: set[int]) -> Program:
    build = Variant(program)
    for at, old in enumerate(program.statements):
        args = list(map(build.moved, old.args))
        if at in chosen:
            args[0], args[1] = args[1], args[0]
        build.place[Local(at)] = build.put(old.op, *args, name=old.name)
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
