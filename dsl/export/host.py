"""Hosts: the libraries that a rule is exported to, each declared once by the package of its files.

    HOSTS["torch"].to_source(program)       the file as text

A package of `dsl.export` that declares a host is all that a new one takes: `stepsmith export --to`,
the files that a campaign writes of its winner, the tests and the documents read this table. What
hosts call hyperparameters stands in `dsl.language.hyperparameters`.
"""

from dataclasses import dataclass
from typing import Protocol

from dsl.declare import Registry
from dsl.program import Program


class ToSource(Protocol):
    """A program as the text of a file.

    **Arguments:** `name`: the optimizer's name, the program's by default. `evidence`: text for the
    header, e.g. the campaign and its results.
    **Raises:** ExportError if the program holds what the host cannot express.
    """

    def __call__(
        self, program: Program, *, name: str | None = None, evidence: str | None = None
    ) -> str: ...


@dataclass(frozen=True)
class Host:
    """A library that a rule is exported to, as a file that needs that library and nothing of ours.

    `title` is the library's name in sentences, `suffix` what the names of its files end in.
    """

    title: str
    suffix: str
    to_source: ToSource


HOSTS: Registry[Host] = Registry("host")
"""Every host, by the name that `--to` takes."""
