"""Words of a plug-in are held to their declarations, and what is wrong is said in a sentence."""

import pytest

from dsl import PRIMITIVES
from dsl.checks import check_initialiser, check_primitive
from dsl.language.initialisers import INITIALISERS, initialiser
from dsl.language.kinds import Kind
from dsl.plugins import load
from tests.support.commands import refused, run
from tests.support.plugins import SOFT_SIGN, forgotten


def faults(checks) -> list[str]:
    return [found.fault for found in checks if found.fault]


@pytest.mark.parametrize("op", ["maximum", "normal"])
def test_ours_hold(op):
    assert faults(check_primitive(PRIMITIVES[op])) == []


@pytest.mark.parametrize("name", INITIALISERS)
def test_our_starts_hold(name):
    assert faults(check_initialiser(INITIALISERS[name])) == []


PRIMITIVE = """from dsl.language.registry import primitive
@primitive("{signature}", torch="{torch}", latex="{latex}")
def {name}(xp, x):
    {doc}
    return {body}
"""
ORACLE = """from dsl.language.registry import oracle
from dsl.language.sources import LOSS
from dsl.lazy import jax
def _{name}(value_fn, params, k):
    return jax.grad(value_fn)({at})
@oracle(
    "Global -> Tensor", LOSS, costs="1 gradient", latex="{{k}}", jax=_{name},
    torch="self._{name}(closure, ready, {{k}})",
    methods=\'\'\'
    def _{name}(self, closure: Callable[[], Any], ready: list[Any], k: float) -> list[Any]:
        return self._grad_at(closure, ready, [k * p for _, p, _ in ready])
\'\'\')
def {name}(f, k):
    "The gradient far out."
    return f.grad_at([k * part for part in f.w])
"""


def found_in(tmp_path, name: str, text: str) -> list[str]:
    """The faults of the primitive that a plug-in brings."""
    (tmp_path / "mine.py").write_text(text)
    with forgotten():
        load(str(tmp_path / "mine.py"))
        return faults(check_primitive(PRIMITIVES[name]))


@pytest.mark.torch
@pytest.mark.parametrize(
    ("name", "changed", "said"),
    [
        ("bare", {"doc": "pass"}, "it has no docstring"),
        ("unseen", {"latex": "x"}, "its latex text 'x' leaves out x"),
        ("branches", {"body": "x if x.sum() > 0 else -x"}, "branches cannot be compiled by JAX: T"),
        ("raises", {"body": "x.no_such_thing"}, "raises raises an error in NumPy: AttributeError"),
        ("wide", {"signature": "Tensor -> Scalar"}, "'wide' gives the shape [3] for a parameter"),
        ("other", {"torch": "2 * {x}"}, "the PyTorch file of a rule with other parts at step 1"),
        ("broken", {"torch": "torch.no({x})"}, "PyTorch file of a rule with broken raises Attrib"),
    ],
)
def test_what_is_wrong_is_said(name, changed, said, tmp_path):
    fields = {"signature": "K -> K", "torch": "{x}", "latex": "{x}", "body": "x", "doc": '"Mine."'}
    found = found_in(tmp_path, name, PRIMITIVE.format(name=name, **(fields | changed)))
    assert any(said in each for each in found), found


@pytest.mark.torch
def test_an_oracle_gives_the_same_answer_everywhere(tmp_path):
    right = ORACLE.format(name="far", at="jax.tree.map(lambda leaf: k * leaf, params)")
    assert found_in(tmp_path, "far", right) == []
    (said,) = found_in(tmp_path, "near", ORACLE.format(name="near", at="params"))
    assert said.startswith("the Optax file of a rule with near parts at step 1")


def test_a_start_of_another_shape_is_noticed():
    @initialiser(Kind.TENSOR, torch="torch.zeros(3)")
    def three(xp, w):
        """Three numbers."""
        return xp.zeros(3, w.dtype)

    (said,) = faults(check_initialiser(three))
    del INITIALISERS["three"]
    assert "'three' gives the shape [3] for a parameter of shape [], wanted []" in said


def test_the_command_checks_a_plug_in(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "soft.py").write_text(SOFT_SIGN)
    wrong = SOFT_SIGN.replace('sign(x)", "', 'tanh(x)", "').replace("soft_sign", "other")
    (tmp_path / "wrong.py").write_text(wrong)
    with forgotten():
        status, out, _ = run("primitives", "check", "soft.py")
        assert (status, out.splitlines()[0]) == (0, "soft_sign  (soft.py:6)")
        assert "  holds  sign(soft_sign(x)) => sign(x)" in out.splitlines()
        status, out, err = run("primitives", "check", "wrong.py")
        assert status == 1 and "not hold" in err
        assert "FAILS  sign(other(x)) => tanh(x): the law" in out
        assert "did you mean 'tanh'?" in refused("primitives", "check", "tanhh")
    assert "there is no primitive or initialiser to check" in refused("primitives", "check")
