"""The parts of an Optax file: one transformation or a pair, and their names.

A rule `lr * u` or `lr * (u + wd * w)` whose state and `u` read neither `lr` (nor `wd`) becomes the
pair `scale_by_<name>` and `<name>`, which puts Optax's own scaling and decay behind the first. One
with a point of evaluation does not: the point is said by the whole step.
"""

from dataclasses import dataclass, replace

from dsl.export.codecs import Codecs, codecs
from dsl.export.facts import Facts
from dsl.export.momenta import momenta
from dsl.export.names import camel_case, safe
from dsl.program import Arg, Local, Name, Program
from dsl.program.walk import needed
from dsl.rewrite.lower import without_cancellation

SCHEDULED = ("lr", "wd")
"""The hyperparameters that may be schedules of the steps taken."""


@dataclass(frozen=True)
class ExportPlan:
    """The parts of one file; `inner` is what the transformation does, `full` the whole rule,
    `momenta` are the slots that `mu_dtype` is for, and `codecs` those that are kept as codes."""

    full: Facts
    inner: Facts
    paired: bool
    decays: bool
    title: str
    name: str
    momenta: tuple[str, ...]
    codecs: Codecs | None

    @property
    def transform(self) -> str:
        """The name of the function that makes the transformation."""
        return f"scale_by_{self.name}" if self.paired else self.name

    @property
    def state(self) -> str:
        """The name of the class of its state."""
        return f"ScaleBy{self.title}State" if self.paired else f"{self.title}State"

    @staticmethod
    def of(program: Program, name: str) -> "ExportPlan":
        """The plan for a program under a name; ExportError if it holds what no host can express."""
        full = Facts.of(program, name)
        full = replace(full, program=without_cancellation(full.program, kept=full.kept))
        inner, factors = full, None if full.point else _factored(full.program)
        if factors is not None:
            core = Facts.of(replace(full.program, result=factors[0]))
            inner = replace(core, source=full.source, meanings=full.meanings, whole=full.whole)
        held = codecs(inner.program, inner.kept)
        if held is not None:
            inner = replace(inner, program=held.program)
        decays = factors is not None and factors[1]
        names = camel_case(full.source), safe(name)
        coded = held.slots if held else ()
        averages = tuple(slot for slot in momenta(inner.program) if slot not in coded)
        return ExportPlan(full, inner, factors is not None, decays, *names, averages, held)


def _factored(program: Program) -> tuple[Arg, bool] | None:
    """`u` and whether weight decay is added to it, if the result is lr * u or lr * (u + wd * w)."""
    lr, wd = Name("lr"), Name("wd")
    u = _cofactor(program, program.result, lr)
    if u is None or "lr" not in program.hyperparameters or _reads(program, u, lr):
        return None
    if isinstance(u, Local) and program.statements[u.index].op == "add":
        left, right = program.statements[u.index].args
        for core, decay in ((left, right), (right, left)):
            decays = _cofactor(program, decay, wd) == Name("w")
            if decays and not _reads(program, core, wd):
                return core, True
    return u, False


def _cofactor(program: Program, product: Arg, factor: Arg) -> Arg | None:
    """The other operand, if `product` is `factor` times something."""
    if isinstance(product, Local):
        statement = program.statements[product.index]
        if statement.op == "mul" and factor in statement.args:
            left, right = statement.args
            return right if left == factor else left
    return None


def _reads(program: Program, result: Arg, name: Name) -> bool:
    """True if `result` or the next state depends on `name`."""
    return name in needed(program, [result, *program.next_values.values()])
