"""`stepsmith diff`: what separates two rules."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import typer

from stepsmith.cli.command import command
from stepsmith.cli.rules import JsonOption, RuleArgument, resolve

if TYPE_CHECKING:
    from dsl.behaviour.difference import Difference, Steps


@command
def diff(rule: RuleArgument, other: RuleArgument, as_json: JsonOption = False) -> None:
    """Show what separates two rules: their statements, and their steps on one stream of gradients.

    Statements are those of the canonical forms (`stepsmith show RULE --as canonical`), each on a
    line. Steps are compared at the default hyperparameters; a factor that all steps have, such as
    a learning rate, shows in their ratio alone.

    Example: stepsmith diff adamw quickstart
    """
    from dsl.behaviour.difference import difference

    one, two = resolve(rule), resolve(other)
    found = difference(one, two)
    if as_json:
        facts = {"rules": [one.name, two.name], **found.to_json()}
        typer.echo(json.dumps(facts, indent=2, allow_nan=False))
        return
    typer.echo(f"{one.name} (-) and {two.name} (+): {relation(found)}\n")
    for line in found.lines:
        typer.echo(f"{line.mark} {line.text}".rstrip())
    typer.echo()
    for sentence in told(found.behaviour):
        typer.echo(sentence)


def relation(found: "Difference") -> str:
    """The relation of two programs in words."""
    if found.same_program:
        return "the same program"
    if found.same_numbers:
        return "the same program but for the names of its numbers"
    return "they differ in numbers alone" if found.same_family else "two different programs"


def told(steps: "Steps") -> Iterator[str]:
    """The steps of both in a few sentences."""
    from math import exp, log

    count = len(steps.cosine)
    if steps.part is None:
        yield f"The same steps on all {count} gradients of the probe."
        return
    yield f"They part at step {steps.part} of {count} on the probe."
    known = [(value, at) for at, value in enumerate(steps.cosine, start=1) if value is not None]
    if not known:
        yield "No step of both is finite and not 0."
        return
    if steps.left_out:
        yield f"Left out: {steps.left_out:.1%} of all entries, which are not finite in one of both."
    if steps.turn is None:
        yield "All steps point the same way."
    else:
        mean, (least, at) = sum(value for value, _ in known) / len(known), min(known)
        yield f"Directions: from step {steps.turn} on they differ; the cosine is {mean:.4f} on " + (
            f"average, {least:.4f} at least (step {at})."
        )
    ratios = [value for value in steps.ratio if value is not None]
    mean = exp(sum(map(log, ratios)) / len(ratios))
    yield f"Lengths: {mean:.4g} times as long on average, {min(ratios):.4g} to {max(ratios):.4g}."
    yield f"Distance, the learning rate aside: {steps.distance:.4f}."
