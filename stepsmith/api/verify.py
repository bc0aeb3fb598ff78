"""A rule beside another optimizer, step by step, from Python."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dsl.program import Program, check_hyperparameters, check_ranges
from search.errors import NoSuchRule
from stepsmith.api.rules import load
from stepsmith.errors import UsageError

if TYPE_CHECKING:
    from stepsmith.verifying.others import Other as OtherOptimizer
    from stepsmith.verifying.paths import PathComparison
    from stepsmith.verifying.verdict import Verdict

Other = str | Path | Program | Callable[..., Any]
"""Another optimizer: a class, factory or transformation, its dotted name, a call of it as a text, a
Python file as `FILE.py:NAME`, or a rule as in `stepsmith.load`."""


@dataclass(frozen=True, repr=False)
class Verification:
    """A rule beside another optimizer on the same model.

    `verdict` has what was compared; `notes` says what the other one was not given.
    """

    rule: Program
    against: str
    verdict: "Verdict"
    notes: tuple[str, ...]

    @property
    def comparison(self) -> "PathComparison":
        """The paths as asked for, or those that show a difference."""
        return self.verdict.comparison

    @property
    def reason(self) -> str | None:
        """The small print that explains where they part, as far as it is known."""
        return self.verdict.reason

    @property
    def equal(self) -> bool:
        """True if the two agree to the tolerance after every step, as asked for and in every other
        setting that was tried."""
        return self.comparison.equal

    @property
    def not_exercised(self) -> list[str]:
        """Everything that no comparison exercised, a sentence each."""
        from stepsmith.verifying.model import SHAPES

        exercise = self.verdict.exercise
        left_out = ", ".join(map(str, exercise.ranks_left_out(SHAPES)))
        ranks = [f"nothing was compared on tensors of rank {left_out}"] if left_out else []
        where = f"the point of evaluation: where {self.against} has one is not known"
        points = [where] if self.verdict.unknown_point else []
        return [*exercise.sentences(), *ranks, *points]

    def to_json(self) -> dict[str, Any]:
        """Plain data, as `stepsmith verify --json` prints it."""
        found, draw = self.comparison, self.verdict.draw
        return {
            "rule": self.rule.name,
            "against": self.against,
            "equal": found.equal,
            "largest_difference": found.largest,
            "tolerance": found.tolerance,
            "steps": len(found.ours),
            "first_step_apart": found.parted,
            "setting": draw.words if draw else "as given",
            "likely_reason": self.reason,
            "by_parameter": found.by_tensor(),
            "by_step": [float(max(row)) for row in found.differences],
            "notes": list(self.notes),
            "also_compared": [
                {
                    "setting": each.draw.words,
                    "steps": each.draw.steps,
                    "hyperparameters": dict(each.draw.hypers),
                    "equal": each.comparison.equal,
                    "largest_difference": each.comparison.largest,
                    "tolerance": each.comparison.tolerance,
                }
                for each in self.verdict.tried
            ],
            "not_compared": list(self.verdict.refusals),
            "not_exercised": self.not_exercised,
        }

    def __repr__(self) -> str:
        from stepsmith.verifying.reasons import KNOWN

        found, names = self.comparison, f"{self.rule.name} and {self.against}"
        draw = self.verdict.draw
        within = f"{found.largest:.1e} over {len(found.ours)} steps"
        if found.equal:
            moved = self.verdict.exercise.moved
            words = "are equal" if moved else "are equal in that neither moves a parameter"
            return f"{names} {words}: at most {within}, {found.tolerance:.0e} allowed"
        setting = "" if draw is None or draw.longer else f", {draw.words}"
        where = f"{setting} (as given they agree)" if draw else ""
        first = f"{names} are NOT equal: they part at step {found.parted}, by {within}{where}"
        lines = [first, *self._not_finite()]
        if not self.reason:
            lines.append(f"no known trap explains it ({KNOWN})")
        elif self.reason.startswith(("it ", "its ")):
            lines.append(f"likely reason: {self.against} differs in this: {self.reason}")
        else:
            lines.append(f"likely reason: {self.reason}")
        return "\n".join(lines)

    def _not_finite(self) -> list[str]:
        """A line for a path that leaves the numbers."""
        steps = zip((self.rule.name, self.against), self.comparison.not_finite(), strict=True)
        return [f"{name} is not finite after step {step}" for name, step in steps if step]


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
    as_given: bool = False,
) -> Verification:
    """A rule and another optimizer run on the same model, as `stepsmith verify` does.

    **Arguments:** `against`: a PyTorch class or Optax factory, its dotted name, or another rule.
    `hyper`: hyperparameters of the rule, passed to both; `other`: arguments of the other alone.
    `ranks`: those of the parameter tensors. `tolerance`: the largest difference of a parameter;
    1e-10, or 1e-6 in float32. `as_given`: compare at these hyperparameters, steps and model alone;
    equal rules are tried on further ones otherwise, see `Verification.not_exercised`.
    **Raises:** UsageError; `stepsmith.verifying.refused.Refused` if the other one raises an error.
    """
    from stepsmith.verifying.model import SHAPES
    from stepsmith.verifying.paths import TOLERANCES
    from stepsmith.verifying.verdict import Comparer
    from stepsmith.verifying.verifier import Verifier

    if dtype not in TOLERANCES:
        raise UsageError(f"unknown dtype '{dtype}'\nhelp: it is {' or '.join(TOLERANCES)}")
    chosen = tuple(dict.fromkeys(ranks))
    if not chosen or not set(chosen) <= set(SHAPES):
        raise UsageError(f"ranks: {list(ranks)} is not a list of ranks\nhelp: some of 0,1,2,3,4")
    if tolerance is not None and not 0 <= tolerance < math.inf:
        raise UsageError(
            f"tolerance: {tolerance:g} is no distance\nhelp: give a number from 0 on, such as 1e-10"
        )
    if steps < 1:
        raise UsageError(f"steps: wanted 1 or more, met {steps}")
    _check_numbers(hyper)
    program = load(rule)
    check_hyperparameters(program, hyper or {})
    check_ranges(program, hyper or {})
    program = program.with_hyperparameters(**(hyper or {}))
    bound = TOLERANCES[dtype] if tolerance is None else tolerance
    beside = _other(program, against, dict(other or {}))
    comparer = Comparer(Verifier(program, steps, dtype, chosen), beside, bound)
    verdict = comparer.verdict(as_given=as_given)
    return Verification(program, beside.name, verdict, _not_taken(beside.left_out, beside.name))


def _check_numbers(hyper: object) -> None:
    """UsageError for hyperparameters that are no names with numbers."""
    if hyper is not None and not isinstance(hyper, Mapping):
        raise UsageError(
            f"hyper: {hyper!r} is not a dictionary\nhelp: give names with numbers, {{'lr': 0.1}}"
        )
    for name, value in (hyper or {}).items():
        try:
            float(value)
        except (TypeError, ValueError):
            raise UsageError(f"hyper: {name} is {value!r}, not a number") from None
        if isinstance(value, str):
            raise UsageError(f"hyper: {name} is the text {value!r}, not a number")


def _other(program: Program, against: Other, arguments: dict[str, Any]) -> "OtherOptimizer":
    """The other optimizer, at the hyperparameters of a rule and arguments of its own."""
    from stepsmith.verifying.host_optimizer import HostOptimizer
    from stepsmith.verifying.locate import located
    from stepsmith.verifying.others import OtherOfHost, OtherRule

    hypers = program.hyperparameters
    if (known := _rule(against)) is not None:
        check_hyperparameters(known, arguments)
        check_ranges(known, arguments)
        name = known.name if isinstance(against, Program) else str(against)
        return OtherRule(known.with_hyperparameters(**arguments), hypers, arguments, name)
    found = located(str(against)) if isinstance(against, str | Path) else against
    return OtherOfHost(HostOptimizer.of(found, _name(against)).with_arguments(arguments), hypers)


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
