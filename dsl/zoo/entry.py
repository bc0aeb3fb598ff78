"""An entry of the zoo: a rule, its source, its hyperparameters in words, and its check."""

import inspect
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import FunctionType
from typing import Any

from dsl.declare import Registry, is_ours
from dsl.language.hyperparameters import COMMON, Hyper
from dsl.program import Program
from dsl.program.trace import program as trace
from dsl.rewrite.liveness import live
from dsl.rewrite.oracle_calls import calls_text

RANKS = (0, 1, 2, 3, 4)
"""Ranks of the parameter tensors that entries are compared on."""


@dataclass(frozen=True)
class Curvature:
    """A Hessian estimate that a reference takes from its caller.

    `keyword` is the argument of the reference's `step` that holds it, a list of tensors. `draw` and
    `stream` say which noise `z` the program draws for it; `estimate` is the estimate of one tensor
    as an expression over `z`, `hz` (the Hessian times `z`) and primitives. It is given on steps 1,
    1 + period, ...; `period` may be an expression over hyperparameters.
    """

    keyword: str
    draw: str
    estimate: str
    period: str | int = 1
    stream: int = 0


@dataclass(frozen=True, kw_only=True)
class ReferenceCheck:
    """The comparison of an entry with another implementation, over 50 steps in float64.

    `at` holds hyperparameters for the comparison where the defaults would hide a difference: a rate
    that moves the parameters, a period that comes round. `agrees` bounds the largest difference of
    any parameter after any step, as a part of its size where that is above 1. `ranks` are those of
    the tensors where the two are defined alike; `undefined` says why others are not.
    `near` is where the path begins, as a part of the way from a minimum to the model's own start:
    1 is that start, where the loss bends both ways; closer by it is all but convex, as rules want
    that otherwise multiply a rounding error on most steps.
    `at_defaults` bounds it at the published defaults where these multiply a rounding error.
    `note` says where the other implementation departs from the program, by less than `agrees`.
    """

    at: Mapping[str, float] = field(default_factory=dict)
    agrees: float = 1e-10
    at_defaults: float | None = None
    ranks: tuple[int, ...] = RANKS
    undefined: str = ""
    near: float = 1.0
    note: str = ""

    def __post_init__(self) -> None:
        if (self.ranks == RANKS) == bool(self.undefined):
            raise ValueError(f"ranks {self.ranks} of {RANKS}, and undefined='{self.undefined}'")

    @property
    def against(self) -> str:
        """The other implementation, in words."""
        raise NotImplementedError

    @property
    def unverified(self) -> str:
        """The part of the rule that no other code confirms; empty if the rule is verified."""
        return ""


@dataclass(frozen=True)
class Reference(ReferenceCheck):
    """A library's implementation that the program agrees with at any learning-rate schedule.

    `target` is `module:function` of Optax, `torch.optim` or another package. `arguments` maps the
    parameter names of that function to what they are here: a string is an expression over
    hyperparameters (`"b1"`, `"lr / gamma"`; `"float64(b1)"` or `"int(k)"` for a number with a type
    of its own), a tuple holds several, a number or flag is passed as it is. `passes` names what a
    step takes besides gradients: `value` (the loss) or `value_fn` for Optax, `closure` (recomputes
    loss and gradients where the parameters then are) for PyTorch. `manifold` is the one of Geoopt
    that the rows of parameters lie on, an expression like those of `arguments`; paths begin on it.
    `group` holds what a PyTorch optimizer wants said of each parameter group.
    """

    target: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    curvature: Curvature | None = None
    passes: tuple[str, ...] = ()
    manifold: str = ""
    group: Mapping[str, Any] = field(default_factory=dict)

    @property
    def against(self) -> str:
        return self.target.replace(":", ".")


@dataclass(frozen=True)
class Dense(ReferenceCheck):
    """An implementation among the tests, written from the paper's equations without the language.

    `doubts` says what of the rule no code of its authors or of a library confirms, if anything.
    """

    doubts: str = ""

    @property
    def against(self) -> str:
        return "dense equations"

    @property
    def unverified(self) -> str:
        return self.doubts


@dataclass(frozen=True)
class ZooEntry:
    """A known optimizer; `year` is that of publication, or of the preprint if there is no other.

    `rule` spells the program (see `dsl.program.trace`) or, without parameters, makes it from
    others; that happens when `program` is first read.
    """

    rule: FunctionType
    paper: str
    year: int
    reference: Reference | Dense
    own_hypers: Mapping[str, Hyper]
    """The hyperparameters that `COMMON` does not hold, or that mean something else here."""

    @property
    def name(self) -> str:
        return self.rule.__name__

    @property
    def group(self) -> str:
        """The folder of its file; `own` for a rule of a plug-in."""
        module = self.rule.__module__
        return module.split(".")[-2] if is_ours(module) else "own"

    @cached_property
    def program(self) -> Program:
        """The rule as a program, with the name and docstring of the function."""
        code = self.rule.__code__
        if code.co_argcount + code.co_kwonlyargcount:
            return trace(self.rule)
        doc = inspect.getdoc(self.rule) or ""
        return replace(self.rule(), name=self.name, doc=doc, meanings={})

    @cached_property
    def hypers(self) -> Mapping[str, Hyper]:
        """Its hyperparameters in words; ValueError if the entry leaves one out."""
        known = {**COMMON, **self.program.meanings, **self.own_hypers}
        missing = [name for name in self.program.hyperparameters if name not in known]
        if missing:
            raise ValueError(f"zoo entry '{self.name}' does not say what {missing} mean")
        return {name: known[name] for name in self.program.hyperparameters}

    @property
    def idea(self) -> str:
        """The rule in one line: the first of its docstring, without a title that is its name."""
        line = self.program.doc.splitlines()[0].rstrip(".")
        title, _, idea = line.partition(": ")
        return idea if _letters(title) == _letters(self.name) else line

    @property
    def memory(self) -> int:
        """Numbers that the state holds for every parameter, small state aside."""
        return sum(init.kind.per_parameter for init in self.program.slots.values())

    @property
    def state(self) -> str:
        """All that the state holds: `"1 + Row + Col"`, with how many of each small kind."""
        kinds = [init.kind for init in self.program.slots.values()]
        small = Counter(str(kind) for kind in kinds if not kind.per_parameter)
        parts = [kind if count == 1 else f"{count} {kind}" for kind, count in small.items()]
        return " + ".join([str(self.memory), *parts])

    @property
    def calls(self) -> str:
        """The oracles that a step asks, besides the gradient and its loss; which of these two it
        does without."""
        reads = live(self.program).names
        asked = [calls_text(self.program)]
        if "g" not in reads:
            asked.append("no gradient but the loss" if "loss" in reads else "no gradient")
        return ", ".join(filter(None, asked)) or "none"

    @property
    def status(self) -> str:
        """The other implementation and the agreement with it; or the part that is unverified."""
        check = f"{self.reference.against} to {self.reference.agrees:.0e}"
        doubts = self.reference.unverified
        return f"unverified ({doubts}); {check}" if doubts else f"verified: {check}"

    @property
    def remarks(self) -> str:
        """The tensors that the comparison leaves out, and where the other implementation departs;
        may be empty."""
        check = self.reference
        ranks = f"for rank {' and '.join(map(str, check.ranks))} only, since {check.undefined}"
        return "; ".join(filter(None, (ranks if check.undefined else "", check.note)))


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text)).lower()


ENTRIES: Registry[ZooEntry] = Registry("zoo entry")


def entry(
    *,
    paper: str,
    year: int,
    reference: Reference | Dense,
    hypers: Mapping[str, Hyper] | None = None,
) -> Callable[[FunctionType], ZooEntry]:
    """Register the decorated function as a rule of the zoo, in the form of `dsl.program.trace`.

    A function without parameters makes the program from others (`dsl.combine`) and returns it; name
    and docstring are those of the function all the same.

    **Arguments:** `hypers`: the meaning of hyperparameters that
    `dsl.language.hyperparameters.COMMON` does not hold, or that mean something else here.
    """

    def register(rule: FunctionType) -> ZooEntry:
        made = ZooEntry(rule, paper, year, reference, hypers or {})
        return ENTRIES.declare(made.name, made)

    return register
