"""Commands run in this process."""

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
