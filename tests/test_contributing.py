"""Every example of CONTRIBUTING.md does what it says, from its one file."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
HEADING, CODE = r"^## An? (?P<what>[^\n]+)$", r"^```python\n# (?P<file>\S+)\n(?P<code>.*?)^```$"
BLOCK = re.compile(f"{HEADING}|{CODE}", re.MULTILINE | re.DOTALL)

USES = {
    "primitive": """
import dsl
from dsl.export import to_latex, to_optax_source, to_torch_source
from dsl.checks import check_primitive
from dsl.language.registry import Domain
rule = dsl.parse("def rule(w, g):\\n    return sign(soft_sign(g)) + soft_sign(g)")
assert dsl.fingerprint(rule) != dsl.fingerprint(dsl.parse("def rule(w, g):\\n    return abs(g)"))
assert "return sign(g) + " in str(dsl.simplify(rule, Domain.FINITE))
assert "1 + jnp.abs" in to_optax_source(rule) and "torch.abs(g)" in to_torch_source(rule)
assert "frac" in to_latex(rule)
found = list(check_primitive(dsl.PRIMITIVES["soft_sign"]))
assert any(each.what.startswith("sign(soft_sign") for each in found)
assert not any(each.fault or each.skipped for each in found)
""",
    "kind": """
import dsl
from dsl.export import to_optax_source, to_torch_source
lines = "c = c + corner(g)", "return g * corner_number(c)"
rule = dsl.parse("\\n    ".join(("def rule(w, g, c=corners(2)):", *lines)))
assert str(rule.kind_of(rule.next_values["c"])) == "Corner"
dsl.fingerprint(rule)
assert "lambda w: jnp.full((1,), 2.0, dtype=w.dtype), params)" in to_optax_source(rule)
assert 'state["c"].copy_(c)' in to_torch_source(rule)
""",
    "oracle": """
import dsl
from dsl.export import to_optax_source, to_torch_source
from dsl.checks import check_primitive
from dsl.rewrite.oracle_calls import calls_text
assert not any(each.fault for each in check_primitive(dsl.PRIMITIVES["slope_beyond"]))
rule = dsl.parse("def rule(w, g, *, lr=0.1):\\n    return lr * (g + slope_beyond(2))")
assert calls_text(rule) == "1 gradient"
assert "def _slope_beyond" in to_optax_source(rule)
assert "def _slope_beyond" in to_torch_source(rule)
dsl.fingerprint(rule)
""",
    "rule of the zoo": """
from dsl.zoo import ENTRIES, ZOO
assert list(ZOO["half_momentum"].slots) == ["last"]
assert ENTRIES["half_momentum"].status.startswith("unverified")
""",
    "task": """
from evaluators import registry
from evaluators.errors import NotMeasured
task = registry.declared()["noisy_line"]
assert task.parameters() == 5
try:
    registry.get("noisy_line")
except NotMeasured as error:
    assert "benchmarks.measure_tasks noisy_line" in str(error)
else:
    raise AssertionError("a task that was never measured is given out")
""",
    "strategy": """
from search.config import Config
import numpy as np
from dsl.zoo import ZOO
from search.strategies import STRATEGIES, Judged
config = Config.model_validate({
    "campaign": "climb", "tasks": [{"name": "quadratic", "steps": 10}],
    "budget": {"candidates": 10}, "strategy": {"kind": "hill_climbing"},
})
climber = STRATEGIES["hill_climbing"](config.strategy, [ZOO["sgd"]], config.breeder())
climber.tell(Judged(0, ZOO["sgd"], "sgd", 0.5))
climber.tell(Judged(1, ZOO["lion"], "lion", 0.7))
assert climber.ask(2, np.random.default_rng(0), "c2").parent == 1
another = STRATEGIES["hill_climbing"](config.strategy, [ZOO["sgd"]], config.breeder())
another.restore(list(climber.state()))
assert another.ask(2, np.random.default_rng(0), "c2").parent == 1
""",
    "kind of mutation": """
import numpy as np
from dsl.zoo import ZOO
from search.config import Config
config = Config.model_validate({
    "campaign": "signs", "tasks": [{"name": "quadratic", "steps": 10}],
    "budget": {"candidates": 10}, "strategy": {"kind": "random_search"},
    "mutation": {**dict.fromkeys(config.mutation.kinds(), 0.0), "negate": 1.0},
})
child, mutation = config.breeder().mutator.mutate(ZOO["sgd"], np.random.default_rng(0), "c1")
assert (mutation.kind, mutation.detail) == ("negate", "the other direction")
assert str(child).splitlines()[-1].strip().startswith("return -")
""",
    "host": """
from dsl.export import HOSTS
assert "# return %" in HOSTS["listing"].to_source(ZOO["lion"])
""",
    "command": """
import contextlib, io
from stepsmith.cli.command import COMMANDS
with contextlib.redirect_stdout(io.StringIO()) as found:
    COMMANDS["digest"]("lion")
assert found.getvalue().strip() == ZOO["lion"].digest
""",
}


def examples() -> dict[str, tuple[str, str]]:
    """File and code by heading."""
    found, what = {}, ""
    for match in BLOCK.finditer(PAGE):
        if match["what"]:
            what = match["what"]
        else:
            found[what] = (match["file"], match["code"])
    return found


@pytest.fixture(scope="module")
def said(tmp_path_factory) -> str:
    """The output of a process that takes each example from a file of its own, and uses it."""
    folder = tmp_path_factory.mktemp("contributing")
    script = ["import importlib.util, sys", "import dsl, dsl.zoo, search.run, stepsmith.cli"]
    for number, (what, (file, code)) in enumerate(examples().items()):
        path = folder / f"example_{number}.py"
        path.write_text(code, encoding="utf-8")
        module = file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        script += [
            f"spec = importlib.util.spec_from_file_location({module!r}, {str(path)!r})",
            f"sys.modules[{module!r}] = importlib.util.module_from_spec(spec)",
            f"spec.loader.exec_module(sys.modules[{module!r}])",
            USES[what],
            f"print('worked:', {what!r})",
        ]
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(script)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


@pytest.mark.parametrize("what", USES)
def test_the_example_is_all_that_it_takes(said: str, what: str):
    assert f"worked: {what}\n" in said


def test_every_example_is_tried():
    assert list(examples()) == list(USES)


def test_the_examples_are_formatted(tmp_path):
    for number, (_, code) in enumerate(examples().values()):
        (tmp_path / f"example_{number}.py").write_text(code, encoding="utf-8")
    found = subprocess.run(
        [sys.executable, "-m", "ruff", "format", "--line-length", "100", "--diff", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stdout
