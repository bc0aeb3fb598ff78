from pathlib import Path

import pytest

from evaluators import registry
from tests.support.studies import MINE, finish


@pytest.fixture(autouse=True)
def _forgotten():
    yield
    registry.forget_outside(MINE.name)


@pytest.fixture(scope="package")
def whole(tmp_path_factory) -> Path:
    """The folder of a finished study."""
    folder = tmp_path_factory.mktemp("study") / "whole"
    finish(folder)
    return folder
