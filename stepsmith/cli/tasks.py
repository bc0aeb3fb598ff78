"""`stepsmith tasks`: the proxy tasks that rules are judged on."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stepsmith.cli.command import command
from stepsmith.cli.rules import JsonOption

if TYPE_CHECKING:
    from evaluators.catalogue import TaskEntry


@command
def tasks(
    names: Annotated[
        list[str] | None, typer.Argument(help="Only these; all of them by default.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List the proxy tasks: small training problems with what is known of each.

    Losses are those of validation: of fresh parameters, the lowest that a rule tuned for this task
    alone has reached at the horizon, and the floor that no honest loss lies below. A gradient's
    cost is in floating-point operations.

    Example: stepsmith tasks digits chars
    """
    from evaluators import catalogue, registry

    for name in names or ():
        registry.check(name)
    found = [catalogue.entries()[name] for name in names or registry.names()]
    if as_json:
        typer.echo(json.dumps([_facts(task) for task in found], indent=2))
    else:
        _print_table(found)


def _print_table(found: "list[TaskEntry]") -> None:
    from stepsmith.table import print_table

    head = ("name", "steps", "parameters", "flops", "untrained", "best", "by", "floor", "what")
    rows = []
    for task in found:
        sizes = (str(task.horizon), f"{task.parameters:,}", f"{task.flops:.2g}")
        losses = (f"{task.untrained:.3g}", f"{task.best.loss:.3g}", task.best.rule)
        rows.append((task.name, *sizes, *losses, f"{task.floor:.3g}", task.summary))
    print_table(head, rows, right={*head} - {"name", "by", "what"}, whole=head[:-1])


def _facts(task: "TaskEntry") -> dict[str, Any]:
    return {"name": task.name, **task.to_json()}
