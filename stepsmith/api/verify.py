"""A rule beside another optimizer, step by step, from Python."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dsl.program import Program
from search.errors import NoSuchRule
from stepsmith.api.rules import load
from stepsmith.errors import UsageError

if TYPE_CHECKING:
    from stepsmith.verifying.compare import PathComparison, Paths, Verifier

Other = str | Path | Program | Callable[..., Any]
"""Another optimizer: a class, factory or transformation, its dotted name, a call of it as a text, a
Python file as `FILE.py:NAME`, or a rule as in `stepsmith.load`."""

_UNKNOWN = "no known trap explains it (eps, bias correction, weight decay, refresh phase)"


@dataclass(frozen=True, repr=False)
class Verification:
    """A rule beside another optimizer on the same model.

    `reason` is the small print that explains where they part, as far as it is known; `notes` says
    what the other one was not given.
    """

    rule: Program
    against: str
    comparison: "PathComparison"
    reason: str | None
    notes: tuple[str, ...]

    @property
    def equal(self) -> bool:
        """True if the two agree to the tolerance after every step."""
        return self.comparison.equal

    def to_json(self) -> dict[str, Any]:
        """Plain data, as `stepsmith verify --json` prints it."""
        found = self.comparison
        return {
            "rule": self.rule.name,
            "against": self.against,
            "equal": found.equal,
            "largest_difference": found.largest,
            "tolerance": found.tolerance,
            "steps": len(found.ours),
            "first_step_apart": found.parted,
            "likely_reason": self.reason,
            "by_parameter": found.by_tensor(),
            "by_step": [float(max(row)) for row in found.differences],
            "notes": list(self.notes),
        }

    def __repr__(self) -> str:
        found, names = self.comparison, f"{self.rule.name} and {self.against}"
        within = f"{found.largest:.1e} over {len(found.ours)} steps"
        if found.equal:
            return f"{names} are equal: at most {within}, {found.tolerance:.0e} allowed"
        first = f"{names} are NOT equal: they part at step {found.parted}, by {within}"
        if self.reason:
            return f"{first}\nlikely reason: {self.against} differs in this: {self.reason}"
        return f"{first}\n{_UNKNOWN}"


def verify(
    rule: str | Path | Program,
    against: Other,
    *,
    hyper: Mapping[str, float] | None = None,
    other: Mapping[str, Any] | None = None,
    steps: int = 50,
    dtype: str = "float64",
    ranks: Sequence[int] = (0, 1, 2, 3, 4),
    tolerance: float | None = None,
) -> Verification:
    """A rule and another optimizer run on the same model, as `stepsmith verify` does.

    **Arguments:** `against`: a PyTorch class or Optax factory, its dotted name, or another rule.
    `hyper`: hyperparameters of the rule, passed to both; `other`: arguments of the other alone.
    `ranks`: those of the parameter tensors. `tolerance`: the largest difference of a parameter;
    1e-10, or 1e-6 in float32.
    **Raises:** UsageError; `stepsmith.verifying.refused.Refused` if the other one raises an error.
    """
    from stepsmith.verifying.compare import TOLERANCES, Verifier
    from stepsmith.verifying.model import SHAPES

    if dtype not in TOLERANCES:
        raise UsageError(f"unknown dtype '{dtype}'\nhelp: it is {' or '.join(TOLERANCES)}")
    chosen = tuple(dict.fromkeys(ranks))
    if not chosen or not set(chosen) <= set(SHAPES):
        raise UsageError(f"ranks: {list(ranks)} is not a list of ranks\nhelp: some of 0,1,2,3,4")
    if steps < 1:
        raise UsageError(f"steps: wanted 1 or more, met {steps}")
    program = load(rule).with_hyperparameters(**(hyper or {}))
    verifier = Verifier(program, steps, dtype, chosen)
    bound = TOLERANCES[dtype] if tolerance is None else tolerance
    theirs, name, notes = _other_path(verifier, against, dict(other or {}))
    comparison = verifier.compare(theirs, bound)
    trap = None if comparison.equal else verifier.reason(theirs, bound)
    return Verification(program, name, comparison, trap.reason if trap else None, notes)


def _other_path(
    verifier: "Verifier", against: Other, arguments: dict[str, Any]
) -> "tuple[Paths, str, tuple[str, ...]]":
    """The path of the other optimizer, its name, and what has to be said about it."""
    from stepsmith.verifying.library import Library
    from stepsmith.verifying.locate import located

    hypers = verifier.program.hyperparameters
    known = _rule(against)
    name = against.name if isinstance(against, Program) else _name(against)
    if known is not None:
        shared = {each: value for each, value in hypers.items() if each in known.hyperparameters}
        chosen = known.with_hyperparameters(**{**shared, **arguments})
        left_out = {each: value for each, value in hypers.items() if each not in shared}
        return verifier.walk_rule(chosen), name, _not_taken(left_out, name)
    found = located(str(against)) if isinstance(against, str | Path) else against
    library, filled = Library.of(found, name).with_arguments(arguments).filled(hypers)
    return verifier.walk(library.walker), name, _not_taken(filled.left_out, name)


def _rule(against: Other) -> Program | None:
    """The rule that `against` names; None if it is something to import, or to call."""
    if isinstance(against, Program):
        return against
    if not isinstance(against, str | Path):
        return None
    return load(against) if looks_like_rule(str(against)) else None


def _name(against: Other) -> str:
    return getattr(against, "__name__", None) or str(against)


def looks_like_rule(text: str) -> bool:
    """True if `load` is to read a text that may also name something to import."""
    from dsl.zoo import ZOO
    from stepsmith.verifying.expressions import is_call
    from stepsmith.verifying.locate import python_file

    if python_file(text) is not None:
        return text.endswith(".py") and _holds_rule(Path(text))
    named = text in ZOO or text.endswith(".rule") or ":" in text or "." not in text
    return not is_call(text) and (named or Path(text).exists())


def _holds_rule(path: Path) -> bool:
    """True for a file that is the text of a rule; reading it runs nothing."""
    try:
        load(path)
    except NoSuchRule:
        return False
    return True


def _not_taken(left_out: Mapping[str, float], against: str) -> tuple[str, ...]:
    if not left_out:
        return ()
    shown = ", ".join(f"{name}={value:g}" for name, value in left_out.items())
    return (f"{against} does not take {shown}; --other sets its own arguments",)
