"""`stepsmith status`: what one campaign has done so far."""

import json
from typing import Annotated, Any

import typer


def status(
    run: Annotated[str, typer.Argument(help="Folder of a run, or its name under runs/.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show what a campaign has done so far, running or not.

    Two runs of one campaign are the same search if their `content_hash` is the same.

    Example: stepsmith status quickstart --json
    """
    from search.status import find_run, read_status

    found = read_status(find_run(run))
    if as_json:
        typer.echo(json.dumps(found, indent=2, allow_nan=False))
        return
    for line in _lines(found):
        typer.echo(line)


def _lines(found: dict[str, Any]) -> list[str]:
    hits = ", ".join(f"{count} by {key}" for key, count in found["cache_hits_by_key"].items())
    outcomes = ", ".join(f"{count} {name}" for name, count in sorted(found["outcomes"].items()))
    rate = found["programs_per_second"]
    rows = {
        "campaign": f"{found['campaign']} in {found['folder']}",
        "state": found["state"],
        "programs": f"{found['programs']} of {found['budget']}"
        + (f", {rate:.1f} per second" if rate else ""),
        "evaluated": f"{found['evaluated']}: {outcomes or 'none yet'}",
        "from cache": f"{found['cache_hits']}: {hits}",
        "best": _best(found),
        "workers": f"{found['workers']}, {found['compilations']} machines compiled, "
        f"{found['retries']} retries",
        "content hash": found["content_hash"],
    }
    lines = [f"{name + ':':14}{text}" for name, text in rows.items()]
    if found["winner"]:
        winner = found["winner"]
        lines.append(
            f"{'winner:':14}{winner['hash']}, {winner['score']:.4f} +- {winner['sd']:.4f} "
            f"over {winner['seeds']} fresh seeds, size {winner['size']}"
        )
        lines += ["", *(f"    {line}" for line in winner["program"].splitlines()), ""]
        lines.append(found["claim"])
    return lines


def _best(found: dict[str, Any]) -> str:
    if found["best_search_score"] is None:
        return "nothing yet"
    return f"{found['best_search_score']:.4f} in search ({found['best_hash']})"
