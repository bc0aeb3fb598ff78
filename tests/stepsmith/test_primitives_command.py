"""`stepsmith primitives` lists every word of the language, from its declaration."""

import json

from typer.testing import CliRunner

from dsl.language.initialisers import INITIALISERS
from dsl.language.registry import PRIMITIVES
from stepsmith.cli import app


def listed(*args):
    result = CliRunner().invoke(app, ["primitives", "--json", *args])
    assert result.exit_code == 0, result.output
    return {word["name"]: word for word in json.loads(result.stdout)}


def test_every_primitive_and_initialiser_is_listed_with_its_kinds():
    words = listed()
    assert set(words) == {*PRIMITIVES, *INITIALISERS}
    assert words["interp"]["signature"] == "K, K, Global -> K"
    assert words["norm"]["call"] == "norm(x)"
    assert words["history"]["call"] == "slot=history(length)"
    assert words["zeros"]["call"] == "slot=zeros"
    assert all(word["doc"] for word in words.values())


def test_some_are_listed_by_name_as_a_table():
    assert list(listed("norm", "interp")) == ["norm", "interp"]
    table = CliRunner().invoke(app, ["primitives", "interp"]).stdout
    assert "interp(x, y, k)" in table and "K, K, Global -> K" in table


def test_an_unknown_one_is_refused_with_the_nearest():
    result = CliRunner().invoke(app, ["primitives", "interpol"])
    assert result.exit_code == 2
    assert "did you mean 'interp'?" in result.stderr
