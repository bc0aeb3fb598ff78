"""Commands run in this process."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from stepsmith.cli import app


def run(*args):
    """Exit status, stdout and stderr of a command."""
    result = CliRunner().invoke(app, [str(arg) for arg in args])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout, result.stderr


def refused(*args):
    """The message of a command that is refused: status 2, nothing on stdout."""
    status, out, err = run(*args)
    assert (status, out) == (2, "")
    assert "Traceback" not in err
    return err


@contextmanager
def working_in(folder: Path, files: Mapping[str, str]) -> Iterator[Path]:
    """A working folder with some files and a cache of its own, where commands leave the process
    as it is."""
    for name, text in files.items():
        (folder / name).write_text(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        patch.chdir(folder)
        patch.setattr("evaluators.training.environment.prepare_process", lambda: None)
        yield folder
