"""The folder of a discovery: the program, a file for each host, its equations, its card."""

import builtins
import keyword
import re
import sys
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from dsl.errors import ExportError
from dsl.export import HOSTS, to_latex
from dsl.program import Program
from evaluators.suites import TaskChoice
from search.ledger import WINNER, find_run
from search.report.card import card
from search.report.provenance import Provenance, provenance
from search.report.winner import named
from search.rules import find, of_run

CARD, EQUATIONS = "README.md", "winner.tex"
_HOST_MODULES = {"jax", "jaxlib", "numpy", "optax", "torch", "flax", "scipy", "sklearn"}
_OURS = {"dsl", "evaluators", "search", "stepsmith", "discovered"}


@dataclass(frozen=True)
class Discovery:
    """Texts by the names of their files, and why files are missing."""

    name: str
    files: Mapping[str, str]
    missing: tuple[str, ...]


def discovery(rule: str, name: str) -> Discovery:
    """The files of a rule under a name, `plain_name` of the one given.

    A program of a run, or the folder of a campaign, comes with the evidence of its ledger.
    **Raises:** NoSuchRule or NoSuchRun where there is no such rule.
    """
    found = _of_ledger(rule)
    name = plain_name(name)
    program = replace(find(rule), name=name) if found is None else _told(found, name)
    headline, _, evidence = program.doc.partition("\n\n")
    exported = program if found is None else replace(program, doc=headline)
    files, missing = {WINNER: f"{program}\n"}, list[str]()
    what = {WINNER: "the program"}
    for host in HOSTS.values():
        file = f"winner{host.suffix}"
        try:
            files[file] = host.to_source(exported, evidence=evidence if found else None)
            what[file] = f"a stand-alone optimizer for {host.title}"
        except ExportError as error:
            missing.append(f"{file}: {error.message}")
    files[EQUATIONS] = to_latex(program)
    what[EQUATIONS] = "its equations"
    return Discovery(name, {**files, CARD: card(program, what, found)}, tuple(missing))


def plain_name(name: str) -> str:
    """The name as an identifier that shadows no module, builtin or word of Python."""
    plain = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_").lower() or "rule"
    if plain[0].isdigit():
        plain = f"rule_{plain}"
    taken = keyword.iskeyword(plain) or keyword.issoftkeyword(plain) or hasattr(builtins, plain)
    modules = {*sys.stdlib_module_names, *_HOST_MODULES, *_OURS}
    return f"{plain}_rule" if taken or plain in modules else plain


def _of_ledger(rule: str) -> Provenance | None:
    """The record of a RUN:HASH, or of the winner of a run's folder; None for other rules."""
    place = of_run(rule)
    if place is not None:
        run, prefix = place
        if run and prefix:
            return provenance(find_run(run), prefix)
        find(rule)  # says what such a text has to be
    folder = Path(rule)
    return provenance(folder, "") if (folder / "ledger.sqlite").is_file() else None


def _told(found: Provenance, name: str) -> Program:
    """The program under its name with its evidence as docstring."""
    if found.entry is not None and found.hall is not None:
        tasks = [TaskChoice(each["name"], each["steps"]) for each in found.config["tasks"]]
        return replace(
            named(found.campaign, tasks, found.hall, found.content, found.entry), name=name
        )
    lines = [
        f"Found by the campaign {found.campaign}, candidate {found.candidate}.",
        "",
        "It was no finalist, and is not measured beyond the search.",
        f"Program {found.hash}, ledger {found.content[:16]}.",
    ]
    return replace(found.program, name=name, doc="\n".join(map(textwrap.dedent, lines)))
