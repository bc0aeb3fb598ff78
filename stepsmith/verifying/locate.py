"""The other optimizer by its name: a dotted one, a call of it, or a Python file and a name."""

import importlib
import importlib.util
import inspect
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from dsl.errors import did_you_mean
from stepsmith.errors import UsageError
from stepsmith.verifying.expressions import Call, is_call, value
from stepsmith.verifying.refused import Refused
from stepsmith.verifying.torch_walker import is_torch_optimizer


def located(text: str) -> Any:
    """The class, factory, transformation or `Call` that a text names; UsageError if nothing has
    that name, Refused if a file cannot be run."""
    if python_file(text) is not None:
        return _from_file(text)
    if is_call(text):
        try:
            return value(text)
        except ValueError as error:
            raise UsageError(f"{error}") from None
    if "(" in text:
        raise UsageError(f"'{text}' is not a call as Python writes one, of a dotted name")
    return _imported(text)


def python_file(text: str) -> tuple[Path, str] | None:
    """The file and the name in it that `FILE.py:NAME` or `FILE.py` says; None for another text."""
    file, colon, name = text.rpartition(":")
    if colon and file.endswith(".py"):
        return Path(file), name
    return (Path(text), "") if text.endswith(".py") and "(" not in text else None


def _imported(path: str) -> Any:
    """A class or factory by its dotted name."""
    module_name, _, name = path.rpartition(".")
    if not module_name:
        raise UsageError(
            f"unknown optimizer '{path}'\n"
            "help: give the dotted name of a PyTorch class or an Optax factory "
            "(torch.optim.AdamW, optax.lion), FILE.py:NAME, or a RULE"
        )
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        hint = "\nhelp: pip install 'stepsmith[torch]'" if "torch" in str(error) else ""
        raise UsageError(f"cannot import '{module_name}': {error}{hint}") from None
    return _member(module, name, f"'{module_name}'")


def _member(module: ModuleType, name: str, where: str) -> Any:
    found = getattr(module, name, None)
    if isinstance(found, np.ufunc) or inspect.isbuiltin(found):
        raise UsageError(f"{where}: '{name}' is not an optimizer, nor a function that makes one")
    if not (callable(found) or _is_transformation(found)):
        members = vars(module).items()
        makers = [n for n, each in members if callable(each) or _is_transformation(each)]
        close = did_you_mean(name, [n for n in makers if not n.startswith("_")])
        raise UsageError(f"{where} has no optimizer '{name}'{close}")
    return found


def _from_file(text: str) -> Any:
    file, name = python_file(text) or (Path(text), "")
    if not file.is_file():
        raise UsageError(f"there is no file {file}\nhelp: give FILE.py:NAME")
    module = _run(file)
    if name:
        return _member(module, name, str(file))
    members = vars(module).items()
    own = _whole({each: found for each, found in members if _is_own(found, each, module)})
    classes = {each: found for each, found in own.items() if is_torch_optimizer(found)}
    candidates = classes or own
    if len(candidates) == 1:
        return next(iter(candidates.values()))
    if not candidates:
        raise UsageError(
            f"{file} has no optimizer: no class of PyTorch's form, no function that makes one, and "
            "no transformation of Optax"
        )
    among = f"one of {', '.join(own)}"
    raise UsageError(f"{file} needs the name of an optimizer, {among}\nhelp: {file}:NAME")


def _whole(own: dict[str, Any]) -> dict[str, Any]:
    """Those of some factories that make an optimizer: not what finds the point of evaluation in a
    state, nor, beside others, parts of them, which Optax and exported files call `scale_by_...`."""
    makers = {name: each for name, each in own.items() if name != "eval_params"}
    return {n: each for n, each in makers.items() if not n.startswith("scale_by_")} or makers


def _is_own(found: Any, name: str, module: ModuleType) -> bool:
    """True for what a file defines, for others to use, that may be an optimizer."""
    if name.startswith("_") or getattr(found, "__module__", None) != module.__name__:
        return _is_transformation(found) and not name.startswith("_")
    return inspect.isfunction(found) or is_torch_optimizer(found)


def _is_transformation(found: Any) -> bool:
    return not inspect.isclass(found) and hasattr(found, "init") and hasattr(found, "update")


def _line_in(file: Path, error: BaseException) -> str:
    """`:LINE` of the file, where an error came from; nothing if that is not known."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if Path(frame.filename) == file]
    if isinstance(error, SyntaxError) and error.filename and Path(error.filename) == file:
        lines.append(error.lineno)
    return f":{lines[-1]}" if lines else ""


def _run(file: Path) -> ModuleType:
    """The module that a file makes; its own folder is where it imports from first."""
    name = f"_verified_{file.stem}"
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    before, sys.modules[name] = sys.modules.get(name), module
    sys.path.insert(0, str(file.resolve().parent))
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise Refused(
            f"{file}{_line_in(file, error)}",
            "being run",
            error,
            "it has to be a Python file that can be imported",
        ) from None
    finally:
        sys.path.remove(str(file.resolve().parent))
        if before is not None:
            sys.modules[name] = before
    return module


__all__ = ["Call", "located", "python_file"]
