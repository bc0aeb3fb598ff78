"""State that is read before its update where it should be after, or the other way round."""

from collections.abc import Iterator
from functools import partial

from dsl.program import Arg, Local, Name, Program
from dsl.program.walk import indices, needed, readers, within_step
from stepsmith.verifying.traps.variant import Trap, Variant, tried


def order_traps(program: Program) -> Iterator[Trap]:
    """Each slot read before its update, or after it; all slots before."""
    for slot, following in program.next_values.items():
        if following == Name(slot):
            continue
        words = f"it reads {slot} before its update, the rule after it"
        yield from tried(words, partial(_before, program, (slot,)))
        words = f"it reads {slot} after its update, the rule before it"
        yield from tried(words, partial(_after, program, slot))
        yield from _overwritten(program, slot)
    if len(program.slots) > 1:
        words = "it reads its state before the update, the rule after it"
        yield from tried(words, partial(_before, program, tuple(program.slots)))


def _before(program: Program, slots: tuple[str, ...]) -> Program:
    """A rule that reads slots as they were at the start of the step."""
    old: dict[Arg, Arg] = {
        arg: Name(slot)
        for slot, arg in program.next_values.items()
        if slot in slots and isinstance(arg, Local)
    }
    build = Variant(program)
    for at, statement in enumerate(program.statements):
        args = (old.get(arg, build.moved(arg)) for arg in statement.args)
        build.place[Local(at)] = build.put(statement.op, *args, name=statement.name)
    result = program.result
    return build.program_with(old.get(result, build.moved(result)))


def _after(program: Program, slot: str) -> Program:
    """A rule that reads a slot as the next step will, but for what that is computed from."""
    following = program.next_values[slot]
    first = set(indices(needed(program, [following], within_step(program))))
    build = Variant(program)
    build.copy(sorted(first))
    build.place[Name(slot)] = build.moved(following)
    build.copy([at for at in range(len(program.statements)) if at not in first])
    nexts = {name: build.moved(arg) for name, arg in program.next_values.items() if name != slot}
    nexts[slot] = build.place[Name(slot)]
    return build.finish(next_values={name: nexts[name] for name in program.next_values})


def _overwritten(program: Program, slot: str) -> Iterator[Trap]:
    """A slot that nothing reads, since it was assigned first: each place that may have meant it."""
    following = program.next_values[slot]
    read = readers(program)
    if Name(slot) in read or program.kind_of(following) is not program.slots[slot].kind:
        return
    for place in read.get(following, ()):
        if place.by == len(program.statements):
            continue
        build = Variant(program)
        for at, statement in enumerate(program.statements):
            args = list(map(build.moved, statement.args))
            if at == place.by:
                args[place.at] = Name(slot)
            build.place[Local(at)] = build.put(statement.op, *args, name=statement.name)
        yield Trap(
            f"the rule assigns {slot} before it is read (argument {place.at + 1} of "
            f"{program.statements[place.by].op}, statement {place.by + 1})",
            build.program_with(),
        )
