"""The page about simplifying: its table is that of the registry, its example is what comes out."""

from pathlib import Path

from dsl import PRIMITIVES, parse
from dsl.language.registry import Domain
from dsl.simplifier import simplified
from stepsmith.cli.primitives import laws_table
from tests.dsl.zoo.test_lion import RAW
from tests.support.commands import run

PAGE = (Path(__file__).resolve().parents[2] / "docs/simplify.md").read_text(encoding="utf-8")


def test_the_page_has_the_laws_of_the_registry():
    table = laws_table(PRIMITIVES)
    assert PAGE.endswith(table), "stepsmith primitives --laws"
    assert run("primitives", "--laws")[1] == table
    assert run("primitives", "sign", "--laws")[1].count("\n") < table.count("\n")


def test_every_law_has_a_name():
    unnamed = [
        law.text
        for primitive in PRIMITIVES.values()
        for law in (*primitive.laws, *primitive.equations)
        if not law.name
    ]
    assert not unnamed


def test_the_example_is_what_comes_out():
    found = simplified(parse(RAW), Domain.FINITE, explain=True)
    lines = [f"{number:3}. {step}" for number, step in enumerate(found.chain, start=1)]
    assert "\n".join(lines) in PAGE and str(found.program) in PAGE
