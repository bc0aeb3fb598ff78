"""Hosts, combinators and commands of a user's own, known with `--plugin`."""

import pytest

from dsl.zoo import ZOO
from search.campaign.plugins import used_plugins
from tests.support.commands import refused, run
from tests.support.fakes import config
from tests.support.own_tasks import alone_in

MINE = """
import typer

from dsl.combine import before
from dsl.export.host import HOSTS, Host
from dsl.language.hyperparameters import Hyper
from dsl.ops import abs, sign
from stepsmith.cli.command import command
from stepsmith.cli.rules import RuleArgument, resolve

HOSTS.declare("names", Host("Names", "_names.txt", lambda program, **_: f"{program.name}\\n"))


@before("g", numbers={"k": Hyper("power of a magnitude", 0, 1)})
def tempered(g, *, k=0.5):
    \"\"\"Gradients with a power of their magnitudes.\"\"\"
    return sign(g) * abs(g) ** k


@command
def digest__short(rule: RuleArgument) -> None:
    \"\"\"Print the beginning of the hash of a rule.

    Example: stepsmith digest short lion
    \"\"\"
    typer.echo(resolve(rule).digest[:4])
"""


@pytest.fixture(autouse=True)
def _alone(tmp_path):
    (tmp_path / "mine.py").write_text(MINE)
    with alone_in(tmp_path):
        yield


@pytest.mark.parametrize("words", [("--plugin", "mine.py"), ("--plugin=mine.py",)])
def test_a_command_of_a_plug_in_is_called_as_ours_are(words):
    assert run("digest", "short", "lion", *words) == (0, ZOO["lion"].digest[:4] + "\n", "")
    assert "Print the beginning of the hash" in run("digest", "short", "--help", *words)[1]


def test_a_command_that_nobody_brings_is_refused_with_the_nearest(monkeypatch):
    assert "Did you mean 'show'" in refused("shwo", "lion", "--plugin", "mine.py")
    assert "there is no plug-in my.py" in refused("digest", "short", "lion", "--plugin", "my.py")
    assert "No such command" in refused("digest", "lion")
    monkeypatch.setenv("STEPSMITH_PLUGINS", "mine.py")
    assert run("digest", "short", "lion")[0] == 0


def test_a_host_and_a_combinator_of_a_plug_in_are_known():
    assert "unknown format 'names'" in refused("export", "lion", "--to", "names")
    assert run("export", "lion", "--to", "names", "--plugin", "mine.py")[1] == "lion\n"
    assert "g = sign(g) * abs(g) ** k" in run("combine", "lion", "tempered:k=0.3")[1]
    assert "k=2 is out of range: tempered takes 0 to 1" in refused(
        "combine", "lion", "tempered:k=2"
    )
    assert used_plugins(config()) == [], "a search knows nothing of them"
