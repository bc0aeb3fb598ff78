"""The decay of weights: its place, and none."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from dsl.program import Arg, Const, Program
from dsl.program.walk import readers, remap
from stepsmith.verifying.traps.variant import LR, WD, G, Trap, Variant, W, unchanged


def decay_traps(program: Program, theirs: float | None = None) -> Iterator[Trap]:
    """Every way to decay the weights in place of that of a rule, and none.

    **Arguments:** `theirs`: the weight decay of the other optimizer, where that is known; used
    where the rule has none.
    """
    ours = program.hyperparameters.get("wd", 0.0)
    read = WD in readers(program)
    if ours and read:
        yield from _ways(program, "its weight decay")
    elif theirs:
        with_theirs = replace(
            program, hyperparameters={**program.hyperparameters, "wd": float(theirs)}
        )
        here = f"{theirs:g}, where the rule has {'wd=0' if read else 'none'}"
        if read:
            yield Trap(f"it decays the weights by {here}", with_theirs)
        yield from _ways(with_theirs, f"it decays the weights by {here}: the decay")


def _ways(program: Program, subject: str) -> Iterator[Trap]:
    plain = remap(program, lambda arg: Const(0) if arg == WD else arg)
    scaled = (LR,) if "lr" in program.hyperparameters else ()

    def stepped(finish: Callable[[Variant, Arg], Arg]) -> Program:
        build = Variant(plain).run(unchanged)
        return build.program_with(finish(build, build.moved(plain.result)))

    def product(build: Variant, *factors: Arg) -> Arg:
        made: Arg = factors[0]
        for factor in factors[1:]:
            made = build.put("mul", made, factor)
        return made

    def coupled() -> Program:
        build = Variant(plain)
        build.place[G] = build.put("add", G, build.put("mul", WD, W))
        return build.run(unchanged).program_with()

    def before(build: Variant, step: Arg) -> Arg:
        return build.put("add", step, product(build, *scaled, WD, W))

    def after(build: Variant, step: Arg) -> Arg:
        return build.put("add", step, product(build, *scaled, WD, build.put("sub", W, step)))

    def proximal(build: Variant, step: Arg) -> Arg:
        whole = build.put("add", step, product(build, *scaled, WD, W))
        return build.put("div", whole, build.put("add", Const(1), product(build, *scaled, WD)))

    yield Trap(f"{subject} is coupled: added to the gradient", coupled())
    if scaled:
        yield Trap(f"{subject} is decoupled and scaled by the rate", stepped(before))
    yield Trap(
        f"{subject} is decoupled and not scaled by the rate",
        stepped(lambda build, step: build.put("add", step, build.put("mul", WD, W))),
    )
    yield Trap(f"{subject} comes after the step", stepped(after))
    yield Trap(f"{subject} is proximal: it divides by 1 + lr * wd", stepped(proximal))
    if subject == "its weight decay":
        yield Trap("it does not decay the weights", plain)
