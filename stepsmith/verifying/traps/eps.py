"""The place of the small number of a denominator."""

from collections.abc import Iterator

from dsl.program import Arg, Const, Local, Name, Program, Statement
from dsl.program.walk import readers
from stepsmith.verifying.traps.variant import T, Trap, Variant, changed, decays

_SMALL = 1e-2
"""The largest number in a program that may be such a one."""


_PLACES = 6
"""Most statements with such a number that are tried one by one."""


def eps_traps(program: Program) -> Iterator[Trap]:
    """The small number of a root inside of it, outside, as a floor, or scaled by a correction."""

    def inside(build: Variant, statement: Statement) -> Arg | None:
        match = _root_and_small(build, statement, "add")
        return match and build.put("sqrt", build.put("add", match[0].args[0], match[1]))

    def floor(build: Variant, statement: Statement) -> Arg | None:
        match = _root_and_small(build, statement, "add")
        return match and build.put("maximum", build.put("sqrt", *match[0].args), match[1])

    def no_floor(build: Variant, statement: Statement) -> Arg | None:
        match = _root_and_small(build, statement, "maximum")
        return match and build.put("add", build.put("sqrt", *match[0].args), match[1])

    def outside(build: Variant, statement: Statement) -> Arg | None:
        inner = build.met(statement.args[0]) if statement.op == "sqrt" else None
        if inner is None or inner.op != "add":
            return None
        for rest, small in (inner.args, inner.args[::-1]):
            if _is_small(small):
                return build.put("add", build.put("sqrt", rest), small)
        return None

    yield Trap("it adds eps inside the root", changed(program, inside))
    yield Trap("it adds eps to the root, not inside", changed(program, outside))
    yield Trap("it takes eps as a floor of the root", changed(program, floor))
    yield Trap("it adds eps to the root, and takes it as no floor", changed(program, no_floor))
    for small in [Name(name) for name in program.hyperparameters if _is_small(Name(name))]:
        places = sorted({each.by for each in readers(program).get(small, ())})
        chosen = [places, *([at] for at in places if 1 < len(places) <= _PLACES)]
        for some in chosen:
            where = "" if some == places else f" of statement {some[0] + 1}"
            yield Trap(f"it does without {small.id}{where}", _with(program, small, None, some))
            for base in decays(program):
                words = f"the bias correction of {base.id}"
                for after in (False, True):
                    yield Trap(
                        f"it adds {small.id}{where} to the root {'after' if after else 'before'} "
                        f"{words}",
                        _with(program, small, base, some, after=after),
                    )


def _with(
    program: Program, small: Name, base: Name | None, places: list[int], *, after: bool = False
) -> Program:
    """A rule whose small number is 0, or one over the root of a bias correction, or times it, in
    some statements."""
    build = Variant(program)
    other: Arg = Const(0)
    if base is not None:
        fade = build.put("sub", Const(1), build.put("power", base, T))
        other = build.put("mul" if after else "div", small, build.put("sqrt", fade))
    for at, statement in enumerate(program.statements):
        args = (
            other if arg == small and at in places else build.moved(arg) for arg in statement.args
        )
        build.place[Local(at)] = build.put(statement.op, *args, name=statement.name)
    return build.program_with()


def _root_and_small(build: Variant, statement: Statement, op: str) -> tuple[Statement, Arg] | None:
    """The root and the small number of `sqrt(x) + eps`, or of another operation of the two."""
    if statement.op == op:
        for first, small in (statement.args, statement.args[::-1]):
            root = build.met(first)
            if root is not None and root.op == "sqrt" and _is_small(small):
                return root, small
    return None


def _is_small(arg: Arg) -> bool:
    match arg:
        case Name(id):
            return id.startswith("eps")
        case Const(value):
            return 0 < value <= _SMALL
    return False
