"""The comparison of the modes can fail, and what a process says arrives whatever becomes of it."""

import json
import math
import os
import sys

import pytest

from benchmarks import accelerator, side_by_side
from evaluators.training.trainer import Trained

FINE = Trained((2.0, 1.0), 0.9, None, True)
WORSE = FINE._replace(losses=(2.0, 1.01))
FAILED = FINE._replace(stopped=10)
WILD = FINE._replace(losses=(2.0, 1e6))


def compared(one: Trained, other: Trained) -> side_by_side.Agreement:
    return side_by_side.compare([[[FINE, one]]], [[[FINE, other]]], steps=3)


def test_losses_that_differ_and_outcomes_that_differ_are_no_agreement():
    assert compared(FINE, FINE).holds
    apart = compared(WORSE, FINE)
    assert not apart.holds and apart.largest == pytest.approx(0.01)
    assert not compared(FAILED, FINE).holds
    assert not compared(FINE._replace(losses=(2.0, math.nan)), FINE).holds


def test_runs_that_blow_up_are_counted_and_not_compared():
    found = compared(FINE, WILD)
    assert (found.runs, found.wild, found.holds) == (1, 1, True)
    nothing_left = side_by_side.compare([[[WILD]]], [[[WILD]]], steps=3)
    assert not nothing_left.holds


@pytest.mark.slow
def test_programs_side_by_side_train_as_they_do_in_turn():
    found = side_by_side.agreement(count=4, steps=5)
    assert found.programs == 4 and found.steps == 6
    assert found.runs + found.wild == 4 * 8
    assert found.holds, found


def from_a_process(code: str, seconds: float) -> list[dict]:
    return list(accelerator.figures([sys.executable, "-c", code], os.environ, seconds))


SAY = "print('{\"row\": 1}', flush=True); "


def test_figures_arrive_from_a_process_that_ends_well_badly_or_never():
    assert from_a_process(SAY, 600) == [{"row": 1}]
    first, why = from_a_process(SAY + "raise SystemExit(3)", 600)
    assert first == {"row": 1} and why["missing"].endswith("status 3")
    first, why = from_a_process(SAY + "import time; time.sleep(600)", 5)
    assert first == {"row": 1} and why == {"missing": "what was not done after 5 s"}


def test_the_user_chooses_the_device_and_a_core_is_a_cpu():
    for current in ({"JAX_PLATFORMS": "cuda"}, {}):
        device, core = accelerator.environment(current)
        assert device.get("JAX_PLATFORMS") == current.get("JAX_PLATFORMS")
        assert core["JAX_PLATFORMS"] == "cpu"


def test_the_report_says_what_an_accelerator_did_and_what_is_missing():
    row = {"side_by_side": 64, "programs_per_second": 80.0, "call_seconds": 0.8}
    found = {
        "device": {"name": "A chip", "platform": "gpu", "jax": "1.0"},
        "agreement": compared(FINE, FINE).facts(),
        "core": {"programs_per_second": 40.0},
        "rows": [row],
        "missing": ["1,024 side by side: no time was left"],
    }
    text = "\n".join(accelerator.report(json.loads(json.dumps(found))))
    assert "| 64 | 80.0 | 2.00 | 0.80 |" in text
    assert "The modes agree" in text and "no time was left" in text
    found["agreement"] = compared(WORSE, FINE).facts()
    assert "DO NOT AGREE" in "\n".join(accelerator.report(found))


def test_the_page_has_the_section_that_the_benchmark_writes():
    page = accelerator.PAGE.read_text(encoding="utf-8")
    kept = accelerator.section(page)
    assert page.endswith(kept)
    assert accelerator.section("") == kept or "Measured on" in kept
