"""`stepsmith show`: one rule, in several forms."""

import enum
import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stepsmith.cli.command import command
from stepsmith.cli.rules import JsonOption, RuleArgument, resolve
from stepsmith.errors import UsageError

if TYPE_CHECKING:
    from dsl.program import Program
    from search.report.candidate import Origin


class Form(enum.StrEnum):
    """The forms that a rule is shown in."""

    TEXT = "text"
    KINDS = "kinds"
    LATEX = "latex"
    GRAPH = "graph"
    CANONICAL = "canonical"


@command
def show(
    rule: RuleArgument,
    form: Annotated[
        Form,
        typer.Option(
            "--as",
            help="Its text and size; a line per statement with its kind; equations; a graph in "
            "DOT; the form that is hashed and compared.",
        ),
    ] = Form.TEXT,
    lineage: Annotated[
        bool,
        typer.Option(
            "--lineage",
            help="For RUN:HASH: how the program came about, from the start programs on, with the "
            "score at each step.",
        ),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Show a rule: its text, hashes and size, or another form of it.

    Of RUN:HASH also its score by task and seed, and what separates it from its parent and from the
    program that the search started from.

    Example: stepsmith show lion --as latex
    """
    if as_json and form is not Form.TEXT:
        raise UsageError("--as and --json exclude each other")
    if lineage:
        if form is not Form.TEXT:
            raise UsageError("--as and --lineage exclude each other")
        typer.echo(_lineage(rule, as_json), nl=False)
        return
    program = resolve(rule)
    if as_json:
        facts = _facts(program)
        if (found := _history(rule)) is not None:
            facts["origin"] = found.to_json()
        typer.echo(json.dumps(facts, indent=2))
        return
    typer.echo(_FORMS[form](program), nl=False)
    if form is Form.TEXT and (found := _history(rule)) is not None:
        from stepsmith.cli.origin import lines

        typer.echo("".join(f"# {line}".rstrip() + "\n" for line in lines(found)), nl=False)


def _history(rule: str) -> "Origin | None":
    """The way in which a program came about, where it is one of a run."""
    from search.rules import of_run

    place = of_run(rule)
    if place is None:
        return None
    from search.ledger import find_run
    from search.report.candidate import origin

    return origin(find_run(place[0]), place[1])


def _lineage(rule: str, as_json: bool) -> str:
    """The steps that led to a program of a run, one a line or as JSON, and its text."""
    from search.ledger import find_run
    from search.report.lineage import lineage
    from stepsmith.api.lineage import Lineage

    run, colon, prefix = rule.rpartition(":")
    if not colon or not run or not prefix:
        raise UsageError(
            f"--lineage is for a program of a run, met '{rule}'\n"
            "help: give RUN:HASH; `stepsmith top RUN` lists them"
        )
    steps = lineage(find_run(run), prefix)
    if as_json:
        return json.dumps([step.to_json() for step in steps], indent=2) + "\n"
    return f"{Lineage(steps)!r}\n"


def _with_facts(program: "Program") -> str:
    facts = _facts(program)
    lines = [facts.pop("text"), ""]
    for key in ("canonical_hash", "fingerprint", "statements", "live_statements", "slots"):
        value = facts[key]
        shown = " ".join(value) if isinstance(value, list) else value
        lines.append(f"# {key.replace('_', ' ')}: {shown if shown != '' else 'none'}")
    if facts["evaluated_at"] == "point":
        lines.append("# evaluated at: its point, the second value that it returns")
    return "\n".join([*lines, f"# oracle calls: {facts['oracle_calls_per_step'] or 'none'}"]) + "\n"


def _latex(program: "Program") -> str:
    from dsl.export import to_latex

    return to_latex(program)


def _graph(program: "Program") -> str:
    from dsl.export import to_graph

    return to_graph(program)


def _canonical(program: "Program") -> str:
    import dsl

    return f"{dsl.canonical(program)}\n"


def _facts(program: "Program") -> dict[str, Any]:
    """Facts about a program that need no task."""
    import dsl
    from dsl.rewrite.liveness import draws_noise, live
    from dsl.rewrite.oracle_calls import calls_text
    from dsl.rewrite.point import point_of
    from stepsmith.cli.zoo import calls_facts, finite_or_none

    return {
        "name": program.name,
        "text": str(program),
        "canonical": str(dsl.canonical(program)),
        "canonical_hash": dsl.canonical_hash(program),
        "digest": program.digest,
        "fingerprint": dsl.fingerprint(program),
        "statements": len(program.statements),
        "live_statements": len(live(program).statements),
        "slots": list(program.slots),
        "evaluated_at": "parameters" if point_of(program) is None else "point",
        "hyperparameters": dict(program.hyperparameters),
        "meanings": {
            name: {
                "meaning": hyper.meaning,
                "low": finite_or_none(hyper.low),
                "high": finite_or_none(hyper.high),
                "whole": hyper.whole,
            }
            for name, hyper in program.meanings.items()
        },
        "oracle_calls_per_step": calls_text(program),
        "oracle_calls": calls_facts(program),
        "draws_noise": draws_noise(program),
    }


def _listing(program: "Program") -> str:
    """Every statement on a line of its own, with the kinds of all values; dead ones are marked."""
    from dsl.program.listing import arg_text, call_text
    from dsl.rewrite.liveness import live

    alive = set(live(program).statements)
    rows = [(name, str(kind), _origin(program, name)) for name, kind in program.name_kinds.items()]
    for index, statement in enumerate(program.statements):
        call = f"= {call_text(statement)}"
        note = "" if index in alive else "   # dead"
        rows.append((_label(program, index), str(program.kinds[index]), call + note))
    for slot, update in program.next_values.items():
        rows.append((f"next {slot}", str(program.slots[slot].kind), f"= {arg_text(update)}"))
    result = program.result
    rows.append(("return", str(program.kind_of(result)), arg_text(result)))
    if program.point is not None:
        rows.append(("point", str(program.kind_of(program.point)), arg_text(program.point)))
    widths = [max(len(row[at]) for row in rows) for at in (0, 1)]
    lines = [f"{a:{widths[0]}}  {b:{widths[1]}}  {c}".rstrip() for a, b, c in rows]
    return "\n".join(lines) + "\n"


def _origin(program: "Program", name: str) -> str:
    from dsl.language.numbers import format_number

    if name in program.slots:
        return f"slot, starts as {program.slots[name]}"
    if name in program.hyperparameters:
        return f"hyperparameter, {format_number(program.hyperparameters[name])} by default"
    return "input"


def _label(program: "Program", index: int) -> str:
    name = program.statements[index].name
    return f"%{index} {name}" if name else f"%{index}"


_FORMS: "Mapping[Form, Callable[[Program], str]]" = {
    Form.TEXT: _with_facts,
    Form.KINDS: _listing,
    Form.LATEX: _latex,
    Form.GRAPH: _graph,
    Form.CANONICAL: _canonical,
}
