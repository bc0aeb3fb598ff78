"""Run-time checks of the array shapes that annotations state, switched on for tests alone."""

from pathlib import Path

from jaxtyping import install_import_hook

PACKAGES = ("dsl", "evaluators", "search", "stepsmith")
ROOT = Path(__file__).resolve().parents[2]


def annotated_modules() -> list[str]:
    """Names of the modules whose annotations state shapes."""
    files = (file for package in PACKAGES for file in sorted((ROOT / package).rglob("*.py")))
    return [
        ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for file in files
        if "from jaxtyping import" in file.read_text(encoding="utf-8")
    ]


def check_shapes() -> None:
    """Check every call in those modules from now on; none of them may be imported yet."""
    install_import_hook(annotated_modules(), "beartype.beartype")
