"""Tasks are found by name, and a wrong name is answered with the right one."""

import subprocess
import sys

import pytest

from evaluators import registry
from evaluators.errors import UnknownTask


def test_the_modules_of_the_tasks_folder_are_found_without_being_imported_by_hand():
    assert {"chars", "digits", "quadratic"} <= set(registry.names())


def test_names_are_sorted_and_lead_to_their_tasks():
    assert registry.names() == sorted(registry.names())
    assert all(registry.get(name).name == name for name in registry.names())


@pytest.mark.parametrize(
    ("wrong", "nearest"), [("digit", "digits"), ("Chars", "chars"), ("quadratics", "quadratic")]
)
def test_an_unknown_name_is_met_with_the_nearest_one(wrong: str, nearest: str):
    with pytest.raises(UnknownTask) as caught:
        registry.get(wrong)
    assert repr(wrong) in str(caught.value)
    assert f"did you mean {nearest!r}?" in str(caught.value)
    assert caught.value.nearest == nearest


def test_a_name_close_to_none_says_where_they_are_listed():
    with pytest.raises(UnknownTask) as caught:
        registry.get("xyzzy")
    assert caught.value.nearest is None
    assert "did you mean" not in str(caught.value)
    told = caught.value.help
    assert told.startswith(f"the nearest of {len(registry.names())} names are ")
    assert "; `stepsmith tasks` lists them all; what a plug-in brings is known with" in told


def test_a_second_task_of_the_same_name_is_refused():
    with pytest.raises(ValueError, match="task 'digits' is declared twice"):
        registry.register(registry.get("digits"))


def test_listing_the_tasks_loads_no_data():
    code = (
        "import sys; from evaluators import registry; registry.names();"
        "sys.exit('sklearn' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
