"""`stepsmith tasks`: the proxy tasks that rules are judged on."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stepsmith.cli.command import command
from stepsmith.cli.rules import JsonOption

if TYPE_CHECKING:
    from collections.abc import Mapping

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

    `stepsmith tasks show TASK` tells all of one, and `stepsmith tasks check FILE` whether tasks of
    your own can be trained and are good proxies.

    Example: stepsmith tasks digits chars
    """
    from evaluators import registry

    for name in names or ():
        registry.check(name)
    found = {name: registry.known(name) for name in names or registry.names()}
    unknown = [name for name, task in found.items() if task is None]
    if as_json:
        typer.echo(json.dumps([_facts(name, task) for name, task in found.items()], indent=2))
    else:
        _print_table(found)
    if unknown:
        waiting = ", ".join(unknown)
        typer.echo(f"not measured yet: {waiting}; `stepsmith tasks check` does", err=True)


def _print_table(found: "Mapping[str, TaskEntry | None]") -> None:
    from stepsmith.table import print_table

    head = ("name", "steps", "parameters", "flops", "untrained", "best", "by", "floor", "what")
    rows = []
    for name, task in found.items():
        if task is None:
            rows.append((name, *["-"] * (len(head) - 2), "a task of your own"))
            continue
        sizes = (str(task.horizon), f"{task.parameters:,}", f"{task.flops:.2g}")
        losses = (f"{task.untrained:.3g}", f"{task.best.loss:.3g}", task.best.rule)
        rows.append((name, *sizes, *losses, f"{task.floor:.3g}", task.summary))
    print_table(head, rows, right={*head} - {"name", "by", "what"}, whole=head[:-1])


def _facts(name: str, task: "TaskEntry | None") -> dict[str, Any]:
    return {"name": name, "measured": task is not None, **(task.to_json() if task else {})}
