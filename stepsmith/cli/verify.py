"""`stepsmith verify`: whether a rule equals another optimizer, step by step."""

import json
import sys
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Annotated

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
            help="torch.optim.AdamW, optax.lion, any importable class or factory of their form; a "
            "call of one, 'optax.chain(optax.clip(1.0), optax.sgd(0.1))'; FILE.py:NAME; or another "
            "RULE.",
        ),
    ],
    hyper: Annotated[
        str, typer.Option(metavar="K=V,...", help="Hyperparameters of the rule, passed to both.")
    ] = "",
    other: Annotated[
        str,
        typer.Option(
            metavar="K=V,...",
            help="Arguments of the other optimizer alone, as Python writes them: nus=(0.7,1), "
            "foreach=False, base_optimizer=torch.optim.SGD, optimizer=torch.optim.SGD(lr=0.1).",
        ),
    ] = "",
    steps: Annotated[int, typer.Option(min=1, max=100_000, help="Steps to compare.")] = 50,
    dtype: Annotated[str, typer.Option(help="float64 or float32.")] = "float64",
    ranks: Annotated[str, typer.Option(help="Ranks of the parameter tensors.")] = "0,1,2,3,4",
    tolerance: Annotated[
        float | None,
        typer.Option(help="Largest difference of a parameter; 1e-10, or 1e-6 in float32."),
    ] = None,
    as_given: Annotated[
        bool,
        typer.Option(
            "--as-given", help="Compare at these hyperparameters, steps and model, and no others."
        ),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Run a rule and another optimizer on the same model; exit status 0 if they are equal, else 1.
    What the other refuses is status 1 too, and `refused` in --json.

    Each is fed the gradients at its own parameters. Two that agree are tried on a second model, at
    other hyperparameters and in a longer run, until every condition of the rule was true and false
    and every hyperparameter mattered; what was not exercised is listed. Where they part, the usual
    small print is tried, one at a time and two at once: eps, bias correction, weight decay, refresh
    phase, swapped arguments, state before or after its update, what is returned, precision.

    Example: stepsmith verify adamw --against torch.optim.AdamW --hyper lr=1e-3,b1=0.9
    """
    from stepsmith.api.verify import verify as verified
    from stepsmith.verifying.expressions import named_values, numbers
    from stepsmith.verifying.refused import Refused

    try:
        with redirect_stdout(sys.stderr):  # what the other side prints
            found = verified(
                rule,
                against,
                hyper=numbers(hyper, "--hyper"),
                other=named_values(other, "--other"),
                steps=steps,
                dtype=dtype,
                ranks=_ranks(ranks),
                tolerance=tolerance,
                as_given=as_given,
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
    for each in facts["also_compared"]:
        verdict = "equal" if each["equal"] else "NOT equal"
        typer.echo(f"also {each['setting']}: {verdict}, {each['largest_difference']:.1e}")
    for each in facts["not_compared"]:
        typer.echo(f"not compared {each}")
    if found.equal:
        for each in facts["not_exercised"]:
            typer.echo(f"not exercised: {each}")
    typer.echo(repr(found))


def _ranks(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise UsageError(
            f"--ranks: '{text}' is not a list of ranks\nhelp: some of 0,1,2,3,4"
        ) from None
