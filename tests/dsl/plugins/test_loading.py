"""A plug-in is loaded once, whole or not at all, and says what is wrong with it at its own line."""

import inspect
import os
import pickle
import sys

import pytest

import dsl
from dsl.declare import Registry
from dsl.errors import PluginError, UnknownName
from dsl.language.registry import PRIMITIVES, Domain
from dsl.plugins import load, load_again, load_named, loaded
from tests.support.plugins import SOFT_SIGN, forgotten

RULE = "def rule(w, g):\n    return sign(soft_sign(g)) + soft_sign(g)"


@pytest.fixture(autouse=True)
def _forgotten(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    with forgotten():
        yield


def put(name: str, text: str) -> str:
    os.makedirs(os.path.dirname(name) or ".", exist_ok=True)
    with open(name, "w", encoding="utf-8") as file:
        file.write(text)
    return name


def everything() -> dict[str, list[str]]:
    return {registry.noun: list(registry) for registry in Registry.every}


def test_a_file_brings_a_word_of_the_language():
    found = load(put("soft.py", SOFT_SIGN))
    assert found.brings == (("primitive", "soft_sign"),)
    rule = dsl.parse(RULE)
    assert "return sign(g) + " in str(dsl.simplify(rule, Domain.FINITE))
    assert list(PRIMITIVES) == sorted(PRIMITIVES)


def test_laws_are_known_though_others_were_applied_before():
    dsl.simplify(dsl.parse("def rule(w, g):\n    return g"), Domain.FINITE)
    load(put("soft.py", SOFT_SIGN))
    assert "soft_sign" not in str(
        dsl.simplify(dsl.parse("def r(w, g):\n    return sign(soft_sign(g))"), Domain.FINITE)
    )


def test_the_same_file_is_loaded_once_by_any_name(tmp_path):
    first = load(put("soft.py", SOFT_SIGN))
    assert load("./soft.py") is first is load(str(tmp_path / "soft.py"))
    assert loaded().count(first) == 1


def test_its_source_is_that_which_was_loaded_though_the_file_changes():
    load(put("soft.py", SOFT_SIGN))
    put("soft.py", "# another\n" + SOFT_SIGN)
    assert inspect.getsource(PRIMITIVES["soft_sign"].meaning).startswith("@primitive(")
    with pytest.raises(PluginError, match="soft.py has changed since"):
        load("soft.py")


def test_another_process_needs_no_file():
    with forgotten():
        sent = pickle.dumps(load(put("soft.py", SOFT_SIGN)))
    os.remove("soft.py")
    assert "soft_sign" not in PRIMITIVES
    load_again(pickle.loads(sent))
    assert "soft_sign" in PRIMITIVES
    assert "xp.abs" in inspect.getsource(PRIMITIVES["soft_sign"].meaning)


def test_a_module_of_several_files_is_told_apart_by_all_of_them():
    put("lab_a/__init__.py", "from lab_a import inner")
    put("lab_a/inner.py", SOFT_SIGN)
    found = load("lab_a")
    assert found.brings == (("primitive", "soft_sign"),) and found.source is None
    put("lab_a/inner.py", SOFT_SIGN + "\n")
    with pytest.raises(PluginError, match="lab_a has changed since"):
        load("lab_a")


def test_a_module_that_is_another_elsewhere_is_refused_there():
    put("lab_e.py", SOFT_SIGN)
    with forgotten():
        sent = load("lab_e")
    put("lab_e.py", SOFT_SIGN + "\n")
    with pytest.raises(PluginError, match="not the one that the other process has loaded"):
        load_again(sent)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = 1\ndef f(:\n", "bad.py:2: SyntaxError: invalid syntax"),
        ("def f():\n    raise RuntimeError('my own')\nf()\n", "bad.py:2: RuntimeError: my own"),
        ("import nowhere_mod\n", "bad.py:1: ModuleNotFoundError: No module named 'nowhere_mod'"),
        ("import sys\nsys.exit(3)\n", "bad.py:2: it ends the process (exit 3)"),
        ("x = 1\n", "the plug-in bad.py declares nothing"),
        (SOFT_SIGN.replace("soft_sign", "tanh"), "the primitive 'tanh' is one of Stepsmith's own"),
        (SOFT_SIGN.replace("sign(soft", "signn(soft"), "applies 'signn', which is no primitive"),
        (SOFT_SIGN.replace(" => sign(x)", ""), "the law sign(soft_sign(x)) cannot be read"),
        (SOFT_SIGN.replace("sign(soft_sign(x)) =>", "x =>"), "x => sign(x) applies no primitive"),
        (SOFT_SIGN.replace('"K -> K"', '"K, K -> K"'), "bad.py:6: ValueError: primitive 'soft_"),
    ],
)
def test_one_that_fails_leaves_nothing_behind(text, said):
    before = everything()
    with pytest.raises(PluginError) as met:
        load(put("bad.py", "" + text))
    assert said in met.value.message
    assert everything() == before and loaded() == ()
    assert load(put("bad.py", SOFT_SIGN)).brings  # and may be mended in the same process


def test_what_it_declared_before_it_failed_is_taken_back():
    with pytest.raises(PluginError, match="bad.py:16: ZeroDivisionError"):
        load(put("bad.py", SOFT_SIGN + "1 / 0\n"))
    with pytest.raises(UnknownName, match="unknown primitive 'soft_sign'"):
        dsl.parse(RULE)


def test_a_name_of_another_plug_in_is_taken():
    load(put("soft.py", SOFT_SIGN))
    with pytest.raises(PluginError) as met:
        load(put("other.py", "\n" + SOFT_SIGN))
    assert met.value.message.startswith("other.py:7: the primitive 'soft_sign' is brought by")
    assert "plug-in soft.py" in met.value.message


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("sof.py", "there is no plug-in sof.py; did you mean 'soft.py'?"),
        ("folder", "the plug-in folder is a folder"),
        ("lab_none.x", "there is no file and no module lab_none.x"),
        ("a b", "there is no file and no module a b"),
    ],
)
def test_one_that_is_not_there(name, said):
    put("soft.py", SOFT_SIGN)
    put("folder/x.txt", "")
    with pytest.raises(PluginError) as met:
        load(name)
    assert met.value.message == said and met.value.help


def test_several_in_one_are_told_what_stands_between_them():
    with pytest.raises(PluginError) as met:
        load("one.py,two.py")
    assert (met.value.help or "").endswith(f"stands {os.pathsep}, and --plugin takes one")


def test_a_module_that_raises_says_its_own_line():
    put("lab_b/__init__.py", "from lab_b import inner")
    put("lab_b/inner.py", "x = 1\nx / 0\n")
    with pytest.raises(PluginError, match=r"lab_b/inner.py:2: ZeroDivisionError: division by zero"):
        load("lab_b")
    assert not [name for name in sys.modules if name.startswith("lab_b")]


def test_the_variable_names_several_and_none_leaves_them_out(monkeypatch):
    put("soft.py", SOFT_SIGN)
    put("bad.py", "1 / 0")
    monkeypatch.setenv("STEPSMITH_PLUGINS", f"soft.py{os.pathsep}bad.py")
    with pytest.raises(PluginError, match="bad.py:1"):
        load_named()
    with forgotten():
        load_named(["none"])
        load_named()


def test_an_installed_package_names_its_module(tmp_path):
    put("lab_c.py", SOFT_SIGN)
    put("lab_c-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: lab-c\nVersion: 1.0\n")
    put("lab_c-1.0.dist-info/entry_points.txt", "[stepsmith.plugins]\nmine = lab_c\n")
    load_named()
    assert [each.name for each in loaded()] == ["lab_c"]


def test_one_of_an_installed_package_that_fails_says_whose_it_is():
    put("lab_d.py", "1 / 0")
    put("lab_d-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: lab-d\nVersion: 1.0\n")
    put("lab_d-1.0.dist-info/entry_points.txt", "[stepsmith.plugins]\nmine = lab_d\n")
    with pytest.raises(PluginError, match=r"lab_d.py:1: Zero.*installed package lab-d\)") as met:
        load_named()
    assert "--plugin none" in (met.value.help or "")


def test_a_task_of_ours_keeps_its_name_though_ours_are_imported_later():
    text = "from evaluators.registry import register\nfrom types import SimpleNamespace as S\n"
    with pytest.raises(PluginError, match="bad.py:3: the task 'digits' is one of Stepsmith's own"):
        load(put("bad.py", text + "register(S(name='digits'))\n"))


def test_a_rule_of_the_zoo_is_of_the_group_own():
    from dsl.zoo import ENTRIES

    text = "from dsl.zoo.entry import Dense, entry\n"
    text += "@entry(paper='none', year=2026, reference=Dense())\n"
    load(put("lab_zoo.py", text + "def my_rule(w, g, *, lr=0.1):\n    return lr * g\n"))
    assert ENTRIES["my_rule"].group == "own" and str(ENTRIES["my_rule"].program)
