"""The documents name files that exist; docstrings say the noun first."""

import re
import tokenize
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = (
    "README.md",
    "CONTRIBUTING.md",
    "docs/architecture.md",
    "docs/performance.md",
    "docs/tasks.md",
    "docs/cluster.md",
    "docs/plugins.md",
    "docs/ask_tell.md",
    "docs/simplify.md",
)
NAMED = re.compile(
    r"`((?:benchmarks|configs|discovered|docs|dsl|evaluators|search|stepsmith|tests)/[\w./]*)`"
)
LINK = re.compile(r"\]\((?!https?:)([^)#]+)\)")
EXAMPLES = {"dsl/export/listing/__init__.py"}


@pytest.mark.parametrize("page", PAGES)
def test_files_that_a_page_names_are_there(page: str):
    text = (ROOT / page).read_text(encoding="utf-8")
    named = [name for name in NAMED.findall(text) if name not in EXAMPLES]
    linked = [str((ROOT / page).parent / link) for link in LINK.findall(text)]
    assert named or linked
    missing = [name for name in (*named, *linked) if not (ROOT / name).exists()]
    assert not missing


ROOMS = ("dsl", "evaluators", "search", "stepsmith", "benchmarks", "tests")
QUESTION = re.compile(r'"""(?:What|How|Whether)\b')


def test_docstrings_say_the_noun_first():
    asked = []
    for room in ROOMS:
        for file in sorted((ROOT / room).rglob("*.py")):
            with tokenize.open(file) as source:
                lines = source.read().splitlines()
            place = file.relative_to(ROOT)
            found = (n for n, line in enumerate(lines, 1) if QUESTION.match(line.strip()))
            asked += [f"{place}:{n}" for n in found]
    assert not asked
