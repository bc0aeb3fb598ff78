"""`stepsmith verify`: what the other optimizer may be, and the ways in which it may refuse."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsl import parse
from dsl.errors import PluginError
from dsl.export import to_torch_source as to_torch
from dsl.zoo import ZOO
from stepsmith.api.compare import compare
from stepsmith.api.lists import listed
from stepsmith.api.plugins import use_plugins
from stepsmith.api.verify import verify
from stepsmith.errors import UsageError
from stepsmith.verifying.calls import filled
from stepsmith.verifying.expressions import Call, named_values, numbers, value
from stepsmith.verifying.host_optimizer import HostOptimizer
from tests.support.commands import refused, run

pytestmark = pytest.mark.lightly_compiled

QUICK = ("--steps", 3, "--ranks", "1,2", "--as-given")

LITERALS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.tuples(inner, inner) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=5,
)


@given(LITERALS)
def test_every_literal_of_python_is_a_value(literal):
    assert named_values(f"it={literal!r}, that=1", "--other") == {"it": literal, "that": 1}


def test_numbers_in_every_form_and_lists_as_tuples():
    text = "a=1_000,b=.5e-1,c=-0x10,d=1/4,e=2**-3,f=[0.7, 1],g=(),h=TRUE,i=none,j=fast,k=-inf"
    assert named_values(text, "--other") == {
        **{"a": 1000, "b": 0.05, "c": -16, "d": 0.25, "e": 0.125, "f": (0.7, 1), "g": ()},
        **{"h": True, "i": None, "j": "fast", "k": -math.inf},
    }
    assert numbers("lr=1/8, k=3", "--hyper") == {"lr": 0.125, "k": 3.0}


def test_dotted_names_are_things_and_calls_are_made_later():
    assert value("math.pi") == math.pi
    assert value("fractions.Fraction.from_float").__name__ == "from_float"
    call = value("optax.chain(optax.clip(1.0), optax.sgd(learning_rate=0.1))")
    assert isinstance(call, Call) and call.args[1].keywords == {"learning_rate": 0.1}
    for wrong in (
        "x()",
        "print('x')",
        "1 +",
        "[i for i in j]",
        "1/0",
        "math.tau_",
        "no.such",
        "a+1",
    ):
        with pytest.raises(ValueError):
            value(wrong)


class Wrapper:
    """The form of a PyTorch optimizer that wants another."""

    def __init__(self, params, base_optimizer, rho=0.1, **kwargs):
        self.inside = base_optimizer(params, **kwargs)

    def step(self, closure=None):
        self.inside.step()

    def zero_grad(self):
        raise AssertionError


class Base:
    """The form of a PyTorch optimizer."""

    def __init__(self, params, lr=0.0, momentum=0.0):
        self.made = (params, lr, momentum)

    step = zero_grad = Wrapper.zero_grad


def test_hyperparameters_reach_the_optimizer_inside():
    hypers = {"lr": 0.5, "b1": 0.25, "rho": 0.75, "eps": 1e-8}
    by_class = filled(Call(Wrapper, (), {"base_optimizer": Base}), hypers)
    assert by_class.call.keywords == {
        **{"base_optimizer": Base, "rho": 0.75, "lr": 0.5, "momentum": 0.25}
    }
    assert (by_class.taken, by_class.left_out) == ({"lr", "b1", "rho"}, {"eps": 1e-8})

    def outer(optimizer, k=5):
        raise AssertionError

    by_call = filled(Call(outer, (Call(Base, (), {"lr": 0.125}),)), hypers)
    assert by_call.call.args[0].keywords == {"lr": 0.125, "momentum": 0.25}
    assert by_call.taken == {"b1"} and set(by_call.left_out) == {"rho", "eps"}
    assert HostOptimizer.of(by_call.call, "outer").of_torch


def test_a_call_and_a_ready_transformation_are_compared(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(
        "import optax\n"
        "from helper import RATE\n"
        "ready = optax.sgd(RATE)\n"
        "def factory(learning_rate):\n    return optax.sgd(learning_rate)\n"
        "def broken(learning_rate):\n    raise KeyError('no rate')\n"
    )
    (tmp_path / "helper.py").write_text("RATE = 0.5\n")
    rate = ("--hyper", "lr=1/2")
    chained = "optax.chain(optax.trace(0.5), optax.scale(-0.5))"
    assert (
        run("verify", "heavy_ball", "--against", chained, "--hyper", "lr=0.5,b1=0.5", *QUICK)[0]
        == 0
    )
    for name in ("ready", "factory"):
        status, out, _ = run("verify", "sgd", "--against", f"{file}:{name}", *rate, *QUICK)
        assert status == 0 and f"{file}:{name} are equal" in out
    status, out, err = run("verify", "sgd", "--against", f"{file}:broken", *QUICK)
    assert (status, out) == (1, "") and "refused while being made: KeyError: 'no rate'" in err
    assert "one of ready, factory, broken" in refused("verify", "sgd", "--against", file)
    assert "did you mean 'factory'?" in refused("verify", "sgd", "--against", f"{file}:factori")
    file.write_text("1 / 0")
    status, out, err = run("verify", "sgd", "--against", f"{file}:ready", "--json")
    assert status == 1 and "ZeroDivisionError" in json.loads(out)["refused"]
    file.write_text(str(ZOO["sgd"]))
    assert run("verify", "sgd", "--against", file, *QUICK)[0] == 0
    assert "there is no file" in refused("verify", "sgd", "--against", tmp_path / "none.py")


@pytest.mark.torch
def test_a_closure_is_given_to_whatever_takes_one(tmp_path):
    pytest.importorskip("torch")
    ahead = "loss / square(global_norm(g)) * grad_at(w - lr * g)"
    rule = parse(f"def ahead(w, g, loss, *, lr=0.1):\n    return {ahead}")
    (tmp_path / "ahead.rule").write_text(str(rule))
    (tmp_path / "ahead_torch.py").write_text(to_torch(rule))
    args = ("--against", f"{tmp_path}/ahead_torch.py", *QUICK)
    assert run("verify", tmp_path / "ahead.rule", *args)[0] == 0


@pytest.mark.torch
def test_wrappers_of_other_optimizers():
    pytest.importorskip("pytorch_optimizer")
    missing = refused("verify", "sgd", "--against", "pytorch_optimizer.Lookahead", *QUICK)
    assert "--other optimizer=torch.optim.SGD" in missing
    wrapped = "pytorch_optimizer.Lookahead(torch.optim.SGD(), k=5)"
    assert run("verify", "sgd", "--against", wrapped, "--hyper", "lr=0.5", *QUICK)[0] == 0
    by_class = ("--other", "optimizer=torch.optim.SGD", "--hyper", "lr=0.5", *QUICK)
    assert run("verify", "sgd", "--against", "pytorch_optimizer.Lookahead", *by_class)[0] == 0
    trac = run("verify", "sgd", "--against", "pytorch_optimizer.TRAC(torch.optim.SGD())", *QUICK)
    assert trac[0] == 1 and "NOT equal" in trac[1] and trac[2] == ""
    other = "optimizer=torch.optim.SGD(lr=0.5)"
    status, out, _ = run(
        "verify", "sgd", "--against", "pytorch_optimizer.Lookahead", "--other", other
    )
    assert status == 1 and "NOT equal: they part at step 1" in out
    sync = "optax.lookahead(optax.sgd(0.5), 5, 0.5)"
    hyper = "lr=0.5,b1=0"
    assert run("verify", "lookahead_sgd", "--against", sync, "--hyper", hyper, *QUICK)[0] == 0
    status, out, _ = run("verify", "sgd", "--against", sync, "--hyper", "lr=0.5", *QUICK)
    assert status == 1 and "the parameters are the same, and those that are evaluated" in out


def test_a_wrapper_of_optax_gets_what_its_update_takes():
    sam = (
        "optax.contrib.sam(optax.sgd(0.5), optax.chain(optax.contrib.normalize(), optax.sgd(0.1)))"
    )
    status, out, err = run("verify", "sgd", "--against", sam, "--hyper", "lr=0.5", *QUICK)
    assert status == 1 and "NOT equal" in out and err == ""
    assert "is not a call as Python writes one" in refused("verify", "sgd", "--against", sam[:-1])


@pytest.mark.torch
def test_gradients_with_their_graph_are_given_to_what_asks_for_them():
    pytest.importorskip("pytorch_optimizer")
    args = ("--against", "pytorch_optimizer.AdaHessian", "--json", *QUICK)
    status, out, err = run("verify", "sgd", *args)
    assert status == 1 and err == "" and json.loads(out)["equal"] is False


@pytest.mark.parametrize("tolerance", ["-1", "nan", "inf"])
def test_a_tolerance_is_a_distance(tolerance):
    args = ("verify", "sgd", "--against", "optax.sgd", "--tolerance", tolerance, *QUICK)
    assert f"tolerance: {tolerance} is no distance" in refused(*args)


def test_what_the_other_side_prints_is_not_among_the_facts(tmp_path):
    (tmp_path / "loud.py").write_text(
        "import optax\nprint('at import')\ninner = optax.sgd(0.5)\n"
        "def loud(learning_rate):\n    print('made')\n    return inner\n"
    )
    args = ("--against", f"{tmp_path}/loud.py:loud", "--hyper", "lr=0.5", "--json", *QUICK)
    status, out, err = run("verify", "sgd", *args)
    assert status == 0 and json.loads(out)["equal"] is True
    assert "at import" in err and "made" in err


def test_a_file_names_all_that_it_has_or_says_that_it_has_nothing(tmp_path):
    file = tmp_path / "several.py"
    head = "import optax\nclass Own:\n    def step(self): ...\n    def zero_grad(self): ...\n"
    file.write_text(head + "class Two(Own): ...\nready = optax.sgd(0.1)\ndef made(lr): ...\n")
    assert "one of Own, Two, ready, made" in refused("verify", "sgd", "--against", file)
    file.write_text(
        "import optax\ndef scale_by_own(): ...\ndef eval_params(state, params): ...\n"
        "def own(learning_rate):\n    return optax.sgd(learning_rate)\n"
    )
    assert run("verify", "sgd", "--against", file, "--hyper", "lr=0.5", *QUICK)[0] == 0
    file.write_text("x = 1\n")
    said = refused("verify", "sgd", "--against", file)
    assert "has no optimizer" in said and "NAME" not in said


@pytest.mark.parametrize(
    ("hyper", "words"), [("lr=1", "not a dictionary"), ({"lr": "x"}, "lr is 'x', not a number")]
)
def test_hyperparameters_from_python_are_names_with_numbers(hyper, words):
    with pytest.raises(UsageError) as met:
        verify("sgd", "optax.sgd", hyper=hyper)
    assert words in str(met.value)


def test_one_name_is_a_list_of_one(tmp_path):
    assert listed("mine.py") == ["mine.py"] and listed(["a", "b"]) == ["a", "b"]
    for names in ("no_such_plugin.py", ["no_such_plugin.py"]):
        with pytest.raises(PluginError, match="no_such_plugin.py"):
            use_plugins(names)
    with pytest.raises(Exception, match="digits_nope"):
        compare("sgd", tasks="digits_nope", progress=False)


def test_what_cannot_be_an_optimizer_is_said_at_once(tmp_path):
    for name in ("numpy.sin", "math.sin"):
        assert "'sin' is not an optimizer" in refused("verify", "sgd", "--against", name)
    file = tmp_path / "broken.py"
    for text in ("x = 1\n1 / 0\n", "x = 1\ny = = 2\n"):
        file.write_text(text)
        status, out, err = run("verify", "sgd", "--against", f"{file}:made")
        assert (status, out) == (1, "") and f"{file}:2' refused while being run" in err
