"""`stepsmith verify`: whether a rule equals another optimizer, step by step."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stepsmith.cli.command import command
from stepsmith.cli.rules import JsonOption, RuleArgument
from stepsmith.errors import UsageError

if TYPE_CHECKING:
    from stepsmith.api.verify import Verification

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
    from stepsmith.api.verify import verify as verified
    from stepsmith.verifying.walkers import Refused

    try:
        found = verified(
            rule,
            against,
            hyper=numbers(hyper, "--hyper"),
            other=_values(other),
            steps=steps,
            dtype=dtype,
            ranks=_ranks(ranks),
            tolerance=tolerance,
        )
    except Refused as refusal:
        if not as_json:
            raise
        refused = {"equal": None, "refused": str(refusal).splitlines()[0]}
        typer.echo(json.dumps({"rule": rule, "against": against, **refused}, indent=2))
        raise typer.Exit(refusal.exit_status) from None
    if as_json:
        typer.echo(json.dumps(found.to_json(), indent=2))
    else:
        _report(found)
    raise typer.Exit(0 if found.equal else 1)


def _report(found: "Verification") -> None:
    facts = found.to_json()
    typer.echo("largest difference by step, and by parameter:")
    for step in _SHOWN_STEPS:
        if step <= facts["steps"]:
            typer.echo(f"  step {step:<6} {facts['by_step'][step - 1]:.1e}")
    for shape, value in facts["by_parameter"].items():
        typer.echo(f"  shape {shape:<14} {value:.1e}")
    for note in found.notes:
        typer.echo(f"note: {note}")
    typer.echo(repr(found))


def _pairs(text: str, option: str) -> dict[str, str]:
    found = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        name, equals, value = part.partition("=")
        if not equals or not name.strip():
            raise UsageError(f"{option}: '{part}' is not NAME=VALUE")
        found[name.strip()] = value.strip()
    return found


def numbers(text: str, option: str) -> dict[str, float]:
    """The numbers in `K=V,...` by name; `option` is where the text stands."""
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
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise UsageError(
            f"--ranks: '{text}' is not a list of ranks\nhelp: some of 0,1,2,3,4"
        ) from None
