"""Run-time checks of the array shapes that annotations state, switched on for tests alone."""

import re
from pathlib import Path

from beartype import BeartypeConf, beartype
from jaxtyping import install_import_hook

checked = beartype(conf=BeartypeConf(is_pep484_tower=True))
"""The check of types: an int is a float, as for the type checker. Of a sequence one item is looked
at, whichever is drawn, so the axes of its items have names only where all items share them."""
PACKAGES = ("dsl", "evaluators", "search", "stepsmith")
STATES_SHAPES = re.compile(r"^from (jaxtyping|dsl\.shapes) import", re.MULTILINE)
UNCHECKED = {"dsl/shapes.py", "dsl/run/bound.py", "dsl/run/all_steps.py"}
"""The definition of the annotations, and steps that fingerprints take too often to check each; a
test holds these to the interpreter's, bit for bit."""
ROOT = Path(__file__).resolve().parents[2]


def annotated_modules() -> list[str]:
    """Names of the modules whose annotations state shapes."""
    files = (file for package in PACKAGES for file in sorted((ROOT / package).rglob("*.py")))
    return [
        ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for file in files
        if file.relative_to(ROOT).as_posix() not in UNCHECKED
        and STATES_SHAPES.search(file.read_text(encoding="utf-8"))
    ]


def check_shapes() -> None:
    """Check every call in those modules from now on; none of them may be imported yet."""
    install_import_hook(annotated_modules(), f"{__name__}.checked")
