"""`stepsmith verify`: whether a rule equals another optimizer, step by step."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stepsmith.cli.command import command
from stepsmith.cli.rules import JsonOption, RuleArgument, looks_like_rule, resolve
from stepsmith.errors import UsageError

if TYPE_CHECKING:
    from dsl.program import Program
    from stepsmith.verifying.compare import Comparison, Paths, Verifier

_SHOWN_STEPS = (1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000)


@command
def verify(
    rule: RuleArgument,
    against: Annotated[
        str,
        typer.Option(
            metavar="OTHER",
            help="torch.optim.AdamW, optax.lion, any importable class or factory of their form, "
            "or another RULE.",
        ),
    ],
    hyper: Annotated[
        str, typer.Option(metavar="K=V,...", help="Hyperparameters of the rule, passed to both.")
    ] = "",
    other: Annotated[
        str, typer.Option(metavar="K=V,...", help="Arguments of the other optimizer alone.")
    ] = "",
    steps: Annotated[int, typer.Option(min=1, max=100_000, help="Steps to compare.")] = 50,
    dtype: Annotated[str, typer.Option(help="float64 or float32.")] = "float64",
    ranks: Annotated[str, typer.Option(help="Ranks of the parameter tensors.")] = "0,1,2,3,4",
    tolerance: Annotated[
        float | None,
        typer.Option(help="Largest difference of a parameter; 1e-10, or 1e-6 in float32."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Run a rule and another optimizer on the same model; exit status 0 if they are equal, else 1.
    A model that the other refuses is status 1 too, and `refused` in --json.

    Each is fed the gradients at its own parameters. Where they part, the usual small print is
    tried: eps inside or outside of the root, bias correction, weight decay, refresh phase.

    Example: stepsmith verify adamw --against torch.optim.AdamW --hyper lr=1e-3,b1=0.9
    """
    from stepsmith.verifying.compare import TOLERANCES, Verifier
    from stepsmith.verifying.walkers import Refused

    if dtype not in TOLERANCES:
        raise UsageError(f"unknown dtype '{dtype}'\nhelp: it is {' or '.join(TOLERANCES)}")
    program = resolve(rule).with_hyperparameters(**_numbers(hyper, "--hyper"))
    verifier = Verifier(program, steps, dtype, _ranks(ranks))
    bound = TOLERANCES[dtype] if tolerance is None else tolerance
    try:
        theirs, notes = _other_path(verifier, against, _values(other))
    except Refused as refusal:
        if not as_json:
            raise
        refused = {"equal": None, "refused": str(refusal).splitlines()[0]}
        typer.echo(json.dumps({"rule": program.name, "against": against, **refused}, indent=2))
        raise typer.Exit(refusal.exit_status) from None
    comparison = verifier.compare(theirs, bound)
    trap = None if comparison.equal else verifier.reason(theirs, bound)
    facts = _facts(program, against, comparison, trap.reason if trap else None, notes)
    if as_json:
        typer.echo(json.dumps(facts, indent=2))
    else:
        _report(facts, comparison)
    raise typer.Exit(0 if comparison.equal else 1)


def _other_path(
    verifier: "Verifier", against: str, arguments: dict[str, Any]
) -> "tuple[Paths, list[str]]":
    """The path of the other optimizer, and what has to be said about it."""
    from stepsmith.verifying.hypers import translated
    from stepsmith.verifying.walkers import imported, library_walker

    hypers = verifier.program.hyperparameters
    known = _rule(against)
    if known is not None:
        shared = {name: value for name, value in hypers.items() if name in known.hyperparameters}
        chosen = known.with_hyperparameters(**{**shared, **arguments})
        left_out = {name: value for name, value in hypers.items() if name not in shared}
        return verifier.walk_rule(chosen), _not_taken(left_out, against)
    factory = imported(against)
    passed = translated(hypers, factory)
    both = {**passed.arguments, **arguments}
    path = verifier.walk(lambda model: library_walker(factory, both, model))
    return path, _not_taken(passed.left_out, against)


def _rule(against: str) -> "Program | None":
    """The rule that OTHER names; None if it looks like something to import."""
    return resolve(against) if looks_like_rule(against) else None


def _not_taken(left_out: dict[str, float], against: str) -> list[str]:
    if not left_out:
        return []
    shown = ", ".join(f"{name}={value:g}" for name, value in left_out.items())
    return [f"{against} does not take {shown}; --other sets its own arguments"]


def _facts(
    program: "Program",
    against: str,
    comparison: "Comparison",
    reason: str | None,
    notes: list[str],
) -> dict[str, Any]:
    return {
        "rule": program.name,
        "against": against,
        "equal": comparison.equal,
        "largest_difference": comparison.largest,
        "tolerance": comparison.tolerance,
        "steps": len(comparison.ours),
        "first_step_apart": comparison.parted,
        "likely_reason": reason,
        "by_parameter": comparison.by_tensor(),
        "by_step": [float(max(row)) for row in comparison.differences],
        "notes": notes,
    }


def _report(facts: dict[str, Any], comparison: "Comparison") -> None:
    typer.echo("largest difference by step, and by parameter:")
    for step in _SHOWN_STEPS:
        if step <= facts["steps"]:
            typer.echo(f"  step {step:<6} {facts['by_step'][step - 1]:.1e}")
    for shape, value in facts["by_parameter"].items():
        typer.echo(f"  shape {shape:<14} {value:.1e}")
    for note in facts["notes"]:
        typer.echo(f"note: {note}")
    names = f"{facts['rule']} and {facts['against']}"
    within = f"{facts['largest_difference']:.1e} over {facts['steps']} steps"
    if comparison.equal:
        typer.echo(f"{names} are equal: at most {within}, {facts['tolerance']:.0e} allowed")
        return
    typer.echo(f"{names} are NOT equal: they part at step {facts['first_step_apart']}, by {within}")
    if facts["likely_reason"]:
        typer.echo(f"likely reason: {facts['against']} differs in this: {facts['likely_reason']}")
    else:
        typer.echo("no known trap explains it (eps, bias correction, weight decay, refresh phase)")


def _pairs(text: str, option: str) -> dict[str, str]:
    found = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        name, equals, value = part.partition("=")
        if not equals or not name.strip():
            raise UsageError(f"{option}: '{part}' is not NAME=VALUE")
        found[name.strip()] = value.strip()
    return found


def _numbers(text: str, option: str) -> dict[str, float]:
    found = {}
    for name, value in _pairs(text, option).items():
        try:
            found[name] = float(value)
        except ValueError:
            raise UsageError(f"{option}: '{value}' is not a number, for '{name}'") from None
    return found


def _values(text: str) -> dict[str, Any]:
    """Arguments as numbers, flags or words."""
    words: dict[str, Any] = {"true": True, "false": False, "none": None}
    made: dict[str, Any] = {}
    for name, value in _pairs(text, "--other").items():
        try:
            made[name] = int(value) if value.lstrip("-").isdigit() else float(value)
        except ValueError:
            made[name] = words.get(value.lower(), value)
    return made


def _ranks(text: str) -> tuple[int, ...]:
    from stepsmith.verifying.model import SHAPES

    try:
        ranks = tuple(dict.fromkeys(int(part) for part in text.split(",")))
    except ValueError:
        ranks = ()
    if not ranks or not set(ranks) <= set(SHAPES):
        raise UsageError(f"--ranks: '{text}' is not a list of ranks\nhelp: some of 0,1,2,3,4")
    return ranks
