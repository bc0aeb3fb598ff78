"""Features of a host, each tried on rules: it works, or the exported file refuses it in words."""

import re
import warnings
from collections.abc import Callable, Iterator, Mapping

from dsl.export.names import camel_case, safe
from tests.support.exporting import RULES

Feature = Callable[[str], str | None]
"""Tries a feature on the rule of a name: None where it works, or why the rule cannot have it."""

REFUSALS = (RuntimeError, TypeError, ValueError, KeyError, NotImplementedError)


class Features(Mapping[str, Feature]):
    """The features of a host, by what they are called in the documentation."""

    def __init__(self) -> None:
        self._known: dict[str, Feature] = {}

    def __getitem__(self, called: str) -> Feature:
        return self._known[called]

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)

    def named(self, called: str) -> Callable[[Feature], Feature]:
        """Adds the decorated function under a name."""

        def add(function: Feature) -> Feature:
            self._known[called] = function
            return function

        return add

    def outcome(self, called: str, name: str) -> str | None:
        """The outcome of a feature for a rule: None, or the first line of the refusal."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                return self[called](name)
            except REFUSALS as error:
                words = error.args[0] if isinstance(error, KeyError) and error.args else error
                first = str(words).strip().splitlines()[0]
        titles = f"{camel_case(RULES[name])}|(scale_by_)?{safe(name)}"
        return re.sub(rf"^({titles})(\.\w+)?(\(\))? ", "", first)
