"""Small print that sets implementations of a rule apart, as rewritings of the program.

When two optimizers part, each rewriting that applies is tried on the rule; one that then agrees is
the likely reason.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from dsl.program import Arg, Const, Local, Name, Program, Statement
from dsl.program.walk import Rewriter

LR, WD, W, G, T = Name("lr"), Name("wd"), Name("w"), Name("g"), Name("t")


@dataclass(frozen=True)
class Trap:
    """A difference of the other optimizer in words, and the rule with that difference."""

    reason: str
    variant: Program


def traps(program: Program) -> Iterator[Trap]:
    """Every rewriting that changes a rule."""
    for make in (_eps, _bias_correction, _decay, _phase):
        for trap in make(program):
            if trap.variant != program:
                yield trap


class _Variant(Rewriter[Program]):
    """A program written anew, statement by statement, with some values computed otherwise."""

    def __init__(self, program: Program):
        super().__init__(program)
        self.kept: dict[Arg, Arg] = {}
        """The values that slots hold, where they are not those that statements read."""

    def met(self, arg: Arg) -> Statement | None:
        """The new statement that makes a value."""
        return self.statements[arg.index] if isinstance(arg, Local) else None

    def run(self, change: "Change", *, state_too: bool = True) -> "_Variant":
        """Go through the old statements; `change` gives another value for one, or None."""
        for index, old in enumerate(self.program.statements):
            own = self.put(old.op, *map(self.moved, old.args))
            other = change(self, self.statements[own.index])
            self.place[Local(index)] = own if other is None else other
            if not state_too:
                self.kept[Local(index)] = own
        return self

    def program_with(self, result: Arg | None = None) -> Program:
        """The new program; `result` is a value of it, the old one's by default."""
        old = self.program
        read = {arg.id for s in self.statements for arg in s.args if isinstance(arg, Name)}
        more = tuple(n for n in ("w", "g", "t") if n in read and n not in old.inputs)
        nexts = old.next_values.items()
        return self.finish(
            inputs=old.inputs + more,
            next_values={
                slot: self.kept.get(arg, self.moved(arg)) if isinstance(arg, Local) else arg
                for slot, arg in nexts
            },
            result=self.moved(old.result) if result is None else result,
        )


Change = Callable[[_Variant, Statement], Arg | None]
"""Another value for a statement of the variant, or None to keep it."""


def _keep(build: _Variant, statement: Statement) -> None:
    return None


def _changed(program: Program, change: Change, *, state_too: bool = True) -> Program:
    return _Variant(program).run(change, state_too=state_too).program_with()


def _sum_with_eps(build: _Variant, statement: Statement) -> tuple[Statement, Arg] | None:
    """The root and the small number of `sqrt(x) + eps`."""
    if statement.op == "add":
        for first, small in (statement.args, statement.args[::-1]):
            root = build.met(first)
            if root is not None and root.op == "sqrt" and small == Name("eps"):
                return root, small
    return None


def _eps(program: Program) -> Iterator[Trap]:
    def inside(build: _Variant, statement: Statement) -> Arg | None:
        match = _sum_with_eps(build, statement)
        return match and build.put("sqrt", build.put("add", match[0].args[0], match[1]))

    def floor(build: _Variant, statement: Statement) -> Arg | None:
        match = _sum_with_eps(build, statement)
        return match and build.put("maximum", build.put("sqrt", *match[0].args), match[1])

    def before_correction(build: _Variant, statement: Statement) -> Arg | None:
        match = _sum_with_eps(build, statement)
        quotient = match and build.met(match[0].args[0])
        if not match or quotient is None or quotient.op != "div":
            return None
        root = build.put("add", build.put("sqrt", quotient.args[0]), match[1])
        return build.put("div", root, build.put("sqrt", quotient.args[1]))

    def outside(build: _Variant, statement: Statement) -> Arg | None:
        inner = build.met(statement.args[0]) if statement.op == "sqrt" else None
        if inner is None or inner.op != "add" or Name("eps") not in inner.args:
            return None
        rest = [arg for arg in inner.args if arg != Name("eps")]
        return build.put("add", build.put("sqrt", rest[0]), Name("eps")) if rest else None

    yield Trap("it adds eps inside the root", _changed(program, inside))
    yield Trap("it adds eps to the root, not inside", _changed(program, outside))
    yield Trap(
        "it adds eps to the root before the bias correction", _changed(program, before_correction)
    )
    yield Trap("it takes eps as a floor of the root", _changed(program, floor))


def _bias_correction(program: Program) -> Iterator[Trap]:
    def correction(build: _Variant, arg: Arg) -> Arg | None:
        """`b` of `1 - b ** t`."""
        outer = build.met(arg)
        power = build.met(outer.args[1]) if outer is not None and outer.op == "sub" else None
        found = outer is not None and outer.args[0] == Const(1) and power is not None
        return power.args[0] if found and power is not None and power.op == "power" else None

    def without(chosen: str | None) -> Change:
        def change(build: _Variant, statement: Statement) -> Arg | None:
            base = correction(build, statement.args[1]) if statement.op == "div" else None
            wanted = base is not None and chosen in (None, getattr(base, "id", ""))
            return statement.args[0] if wanted else None

        return change

    def added(build: _Variant, statement: Statement) -> Arg | None:
        if statement.op != "interp":
            return None
        fade = build.put("sub", Const(1), build.put("power", statement.args[2], T))
        return build.put("div", build.put("interp", *statement.args), fade)

    yield Trap("it has no bias corrections", _changed(program, without(None)))
    for hyper in program.hyperparameters:
        yield Trap(f"it does not correct the bias of {hyper}", _changed(program, without(hyper)))
    corrected = _changed(program, without(None)) != program
    if not corrected and not any(s.op == "power" for s in program.statements):
        yield Trap(
            "it corrects the bias of its averages", _changed(program, added, state_too=False)
        )


def _decay(program: Program) -> Iterator[Trap]:
    if not {"lr", "wd"} <= set(program.hyperparameters):
        return
    plain = _without_decay(program)
    if plain is None:
        return

    def stepped(finish: Callable[[_Variant, Arg], Arg]) -> Program:
        build = _Variant(plain).run(_keep)
        return build.program_with(finish(build, build.moved(plain.result)))

    def pulled(build: _Variant, *factors: Arg) -> Arg:
        product: Arg = factors[0]
        for factor in factors[1:]:
            product = build.put("mul", product, factor)
        return product

    def coupled() -> Program:
        build = _Variant(plain)
        build.place[G] = build.put("add", G, build.put("mul", WD, W))
        return build.run(_keep).program_with()

    def after(build: _Variant, step: Arg) -> Arg:
        return build.put("add", step, pulled(build, LR, WD, build.put("sub", W, step)))

    def proximal(build: _Variant, step: Arg) -> Arg:
        whole = build.put("add", step, pulled(build, LR, WD, W))
        return build.put("div", whole, build.put("add", Const(1), pulled(build, LR, WD)))

    yield Trap("its weight decay is coupled: added to the gradient", coupled())
    yield Trap(
        "its weight decay is decoupled and scaled by the rate",
        stepped(lambda build, step: build.put("add", step, pulled(build, LR, WD, W))),
    )
    yield Trap(
        "its weight decay is decoupled and not scaled by the rate",
        stepped(lambda build, step: build.put("add", step, pulled(build, WD, W))),
    )
    yield Trap("its weight decay comes after the step", stepped(after))
    yield Trap("its weight decay is proximal: it divides by 1 + lr * wd", stepped(proximal))
    yield Trap("it does not decay the weights", plain)


def _without_decay(program: Program) -> Program | None:
    """The rule without `wd`, if it stands in a sum `x + wd * w` alone."""
    found = 0

    def change(build: _Variant, statement: Statement) -> Arg | None:
        nonlocal found
        if statement.op == "add":
            for term, rest in (statement.args, statement.args[::-1]):
                product = build.met(term)
                if product is not None and product.op == "mul" and set(product.args) == {WD, W}:
                    found += 1
                    return rest
        return None

    changed = _changed(program, change)
    return changed if found == 1 else None


def _phase(program: Program) -> Iterator[Trap]:
    def by(steps: int) -> Change:
        def change(build: _Variant, statement: Statement) -> Arg | None:
            if statement.op != "every":
                return None
            phase = build.put("add", statement.args[2], Const(steps))
            return build.put("every", *statement.args[:2], phase)

        return change

    yield Trap("it refreshes one step later", _changed(program, by(1)))
    yield Trap("it refreshes one step earlier", _changed(program, by(-1)))
