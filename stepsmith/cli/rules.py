"""RULE on the command line; options that several commands share."""

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from search.rules import RULE_FORMS
from search.rules import find as resolve

RuleArgument: TypeAlias = Annotated[str, typer.Argument(metavar="RULE", help=RULE_FORMS)]
RunArgument: TypeAlias = Annotated[
    str,
    typer.Argument(metavar="RUN", help="Folder of a run, or its name in runs/ or discovered/."),
]
OutOption: TypeAlias = Annotated[
    Path | None, typer.Option("--out", "-o", metavar="FILE", help="Write here, not to stdout.")
]
ForceOption: TypeAlias = Annotated[bool, typer.Option("--force", help="Replace the file.")]
JsonOption: TypeAlias = Annotated[bool, typer.Option("--json", help="Print JSON.")]
CsvOption: TypeAlias = Annotated[
    bool, typer.Option("--csv", help="Print comma-separated values, one row a line.")
]


__all__ = [
    "RULE_FORMS",
    "CsvOption",
    "ForceOption",
    "JsonOption",
    "OutOption",
    "RuleArgument",
    "RunArgument",
    "resolve",
]
