"""Generated pages: those in `docs/` are fresh, and nothing that is declared is left out."""

import re
import sqlite3
from contextlib import closing
from functools import cache
from pathlib import Path

import pytest

import dsl.combine
from dsl import PRIMITIVES, parse
from dsl.combine import COMBINATORS
from dsl.language.initialisers import INITIALISERS
from dsl.zoo import ZOO
from search.config import Config
from search.ledger import FILE
from search.report.markdown import table
from search.run import run_campaign
from search.strategies import STRATEGIES
from stepsmith.pages import pages
from stepsmith.pages.combinators import EXAMPLES, PIECES, made
from stepsmith.pages.config import about, meaning, sections
from stepsmith.pages.ledger import QUERIES
from tests.support.commands import refused, run
from tests.support.fakes import config, fake_worker

PAGES = pages()
DOCS = Path(__file__).resolve().parents[2] / "docs"


@cache
def text_of(name):
    """A page as it is made now."""
    return PAGES[name].text()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_up_to_date(name):
    text = (DOCS / f"{name}.md").read_text(encoding="utf-8")
    assert text_of(name) == text, f"stepsmith page {name} > docs/{name}.md"


def test_the_command_prints_a_page_and_lists_them():
    assert run("page", "ledger") == (0, text_of("ledger"), "")
    assert run("zoo", "--markdown")[1] == text_of("zoo")
    listed = run("page")[1]
    assert all(page.about in listed for page in PAGES.values())
    assert "unknown page 'legder'; did you mean 'ledger'?" in refused("page", "legder")


def test_a_bar_in_a_cell_is_no_border():
    assert table(("a",), [("x | y",)]).splitlines()[-1] == "| x \\| y |"


def test_every_word_of_the_language_is_on_its_page():
    page = text_of("language")
    for name, primitive in PRIMITIVES.items():
        assert f"\n#### `{name}({', '.join(primitive.params)})`\n" in page, name
        assert all(f"* `{law.text}` (" in page for law in (*primitive.laws, *primitive.equations))
    assert all(f"| `slot={name}" in page for name in INITIALISERS)


def test_every_combinator_has_an_example_that_gives_a_rule():
    functions = {name for name in dsl.combine.__all__ if callable(getattr(dsl.combine, name))}
    assert functions - {"Combinator", "after", "before", "refined"} == set(EXAMPLES)
    assert set(COMBINATORS) <= set(EXAMPLES)
    assert all(parse(text).name == name for name, text in PIECES.items())
    for name in EXAMPLES:
        rule = made(name)
        assert parse(str(rule)) == rule
        assert rule not in (ZOO["sgd"], ZOO["lion"]), name


def test_every_key_of_a_config_says_what_it_means():
    models = [*sections(Config), *((name, each.options_type) for name, each in STRATEGIES.items())]
    page = text_of("config")
    for path, model in models:
        for key in model.model_fields:
            assert meaning(model, key) or f"`{key}`" in about(model), f"{path}.{key}"
            assert f".{key}` |" in page or f"| `{key}` |" in page, f"{path}.{key}"


def test_the_ledger_has_the_columns_that_its_page_names(tmp_path):
    run_campaign(config(budget={"candidates": 15}), tmp_path, make_worker=fake_worker)
    named: dict[str, list[str]] = {}
    for line in text_of("ledger").splitlines():
        if found := re.match(r"## `(\w+)`", line):
            columns = named.setdefault(found[1], [])
        elif found := re.match(r"\| `(\w+)` \| [A-Z]", line):
            columns.append(found[1])
    with closing(sqlite3.connect(tmp_path / FILE)) as db:
        tables = {
            name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type='table'")
        }
        assert named.keys() == tables | {"looks", "kept"}
        for name in tables:
            there = [row[1] for row in db.execute(f"PRAGMA table_info({name})")]
            assert named[name] == there
        keys = {key for (key,) in db.execute("SELECT key FROM meta")}
        assert all(f"| `{key}` |" in text_of("ledger") for key in keys)
        for query in QUERIES.values():
            assert db.execute(query).fetchall()
