"""The documents name files that exist."""

import re
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
