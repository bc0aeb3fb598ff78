"""`stepsmith status`: one campaign so far."""

import json
from typing import Any

import typer

from stepsmith.cli.command import command
from stepsmith.cli.rules import JsonOption, RunArgument


@command
def status(
    run: RunArgument,
    as_json: JsonOption = False,
) -> None:
    """Show what a campaign has done so far, running or not; the last lines explain its words.

    Two runs of one campaign are the same search if their `content_hash` is the same.

    Example: stepsmith status quickstart --json
    """
    from search.ledger import FILE, find_run
    from search.report.status import read_rule, read_status

    folder = find_run(run, or_rule=True)
    whole = (folder / FILE).is_file()
    found = read_status(folder) if whole else read_rule(folder)
    if as_json:
        typer.echo(json.dumps(found, indent=2, allow_nan=False))
        return
    for line in _lines(found) if whole else _rule(found):
        typer.echo(line)


def _lines(found: dict[str, Any]) -> list[str]:
    from search.report.transfer import HEADING
    from search.report.words import WORDS, met

    hits = ", ".join(f"{count} by {key}" for key, count in found["cache_hits_by_key"].items())
    outcomes = ", ".join(f"{count} {name}" for name, count in sorted(found["outcomes"].items()))
    rate = found["programs_per_second"]
    rows = {
        "campaign": f"{found['campaign']} in {found['folder']}",
        "state": found["state"] + (f": {found['failure']}" if found["failure"] else ""),
        "programs": f"{found['programs']} of {found['budget']}"
        + (f", {rate:.1f} per second" if rate else ""),
        "evaluated": f"{found['evaluated']}: {outcomes or 'none yet'}",
        "from cache": f"{found['cache_hits']}: {hits}",
        "families": f"{found['trained_families']} trained to the end; "
        f"{found['family_hits']} programs were another with other numbers; "
        f"{found['tuned']} tuned before they were judged, {found['remeasured']} measured again",
        "best": _best(found),
        "workers": f"{found['workers']}, {found['compilations']} machines compiled, "
        f"{found['retries']} retries",
        "content hash": found["content_hash"],
    }
    if found["alarms"]:
        rows["ALARMS"] = f"{found['alarms']}: a loss below what its task allows; not promoted"
    lines = [f"{name + ':':14}{text}" for name, text in rows.items()]
    lines += ["", *_funnel(found["funnel"]), ""]
    lines += [*_looks(found["looks"]), ""] if found["looks"] else []
    if found["winner"]:
        winner = found["winner"]
        lines.append(
            f"{'winner:':14}{winner['hash']}, {winner['score']:.4f} +- {winner['sd']:.4f} "
            f"over {winner['seeds']} fresh seeds, size {winner['size']}"
        )
        lines.append(f"{'known as:':14}{winner['known_as']}")
        if winner["reduced_from"]:
            lines.append(f"{'reduction:':14}{winner['reduced_from']['sentence']}")
        lines += ["", *(f"    {line}" for line in winner["program"].splitlines()), ""]
        lines += [*others, ""] if (others := _finalists(found)) else []
        lines += [*found["warnings"], found["claim"]]
        if found["unseen"]:
            lines += ["", HEADING, *(f"    {each['sentence']}" for each in found["unseen"])]
        lines.append("")
    return [*lines, "words", *(f"    {word}: {WORDS[word]}" for word in met(found))]


def _rule(found: dict[str, Any]) -> list[str]:
    """The lines of a discovered rule without the ledger of its campaign."""
    winner = found["winner"]
    rows = {
        "campaign": f"{found['campaign']} in {found['folder']}",
        "state": "a rule without the ledger of its campaign; its text says what is known",
        "winner": f"{winner['hash']}, size {winner['size']}",
        "known as": winner["known_as"],
    }
    lines = [f"{name + ':':14}{text}" for name, text in rows.items()]
    return [*lines, "", *(f"    {line}".rstrip() for line in winner["program"].splitlines())]


def _finalists(found: dict[str, Any]) -> list[str]:
    """A line for each finalist after the winner, in terms of known rules, and one for the front."""
    front = found["front"]
    spared = [name for name in front["objectives"] if name not in ("quality", "size")]
    lines = []
    for each in found["finalists"][1:]:
        asked = "  ".join(f"{name} {each[name]:<4.4g}" for name in ("size", *spared))
        mark = "*" if each["on_front"] else " "
        score = f"{each['score']:.4f} +- {each['sd']:.4f}"
        lines.append(f"{mark} {each['hash']}  {score}  {asked}  {each['known_as']}")
    if len(front["objectives"]) > 1:
        lines += [
            "",
            f"front (*) in {', '.join(front['objectives'])}: {len(front['rules'])} rules, "
            f"hypervolume {front['hypervolume']:.3f}",
        ]
    return lines


def _funnel(stages: list[dict[str, Any]]) -> list[str]:
    """The stages as a table: programs in and out, training steps paid, agreement with the next."""
    lines = [f"{'stage':<16} {'in':>7} {'out':>7} {'steps':>12}  {'rank corr.':>10}  refused"]
    for stage in stages:
        agreement = "" if stage["agreement"] is None else f"{stage['agreement']:.2f}"
        refused = ", ".join(f"{count} {name}" for name, count in stage["refused"].items())
        lines.append(
            f"{stage['name']:<16} {stage['entered']:>7} {stage['passed']:>7} "
            f"{stage['steps']:>12,}  {agreement:>10}  {refused}".rstrip()
        )
    return lines


def _looks(looks: list[dict[str, Any]]) -> list[str]:
    """The looks at the best so far as a table: its score in the search, on the tasks of
    meta-validation, and the gap between them."""
    lines = [
        f"{'best after':>10} {'candidate':>10} {'in search':>10} {'unseen':>10} {'gap':>8}  hash"
    ]
    for look in looks:
        known = look["unseen_score"] is not None
        unseen = f"{look['unseen_score']:.4f}" if known else "-"
        gap = f"{look['gap']:+.4f}" if known else "-"
        lines.append(
            f"{look['told']:>10} {'c' + str(look['candidate']):>10} {look['search_score']:>10.4f} "
            f"{unseen:>10} {gap:>8}  {look['hash']}"
        )
    return lines


def _best(found: dict[str, Any]) -> str:
    if found["best_search_score"] is None:
        return "nothing yet"
    return f"{found['best_search_score']:.4f} in search ({found['best_hash']})"
