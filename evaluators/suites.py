"""Suites: sets of proxy tasks as data, by name or from a file.

The suites that come with Stepsmith lie in `configs/suites/`; no pair of data set and model is in
two of them.
"""

from dataclasses import dataclass
from pathlib import Path

from pydantic import Field, ValidationError, field_validator, model_validator

from evaluators import registry
from evaluators.errors import NotMeasured, UnknownSuite
from evaluators.files.config_file import Advice, Section, keys_at, one_of, problem, read

_HERE = Path(__file__).resolve().parent
FOLDERS = (_HERE / "configs" / "suites", _HERE.parent / "configs" / "suites")
"""Where an installed wheel keeps them, and where the repository does."""


@dataclass(frozen=True)
class TaskChoice:
    """A task by name, and how many steps a program trains on it."""

    name: str
    steps: int


@dataclass(frozen=True)
class TaskSuite:
    """A set of tasks, in the order in which they are run."""

    name: str
    purpose: str
    tasks: tuple[TaskChoice, ...]


def names() -> list[str]:
    """The names that `load_suite` takes, sorted."""
    return sorted(path.stem for path in _folder().glob("*.yaml"))


def load_suite(name_or_path: str | Path) -> TaskSuite:
    """The suite of that name, or in that YAML file.

    **Raises:** UnknownSuite for a name that no suite has, ConfigError for a file that is no suite:
    either with the nearest valid name.
    """
    path = Path(name_or_path)
    if path.suffix not in (".yaml", ".yml") and not path.is_file():
        name = str(name_or_path)
        if name not in names():
            raise UnknownSuite(name, names())
        path = _folder() / f"{name}.yaml"
    document = read(path, example="configs/suites/search.yaml")
    try:
        found = _SuiteFile.model_validate(document.values)
    except ValidationError as error:
        advice = Advice(lambda path: keys_at(_SuiteFile, path), _EXAMPLES)
        raise problem(error, document, advice) from None
    tasks = tuple(TaskChoice(task.name, task.steps) for task in found.tasks)
    return TaskSuite(found.suite, found.purpose, tasks)


def _folder() -> Path:
    return next((folder for folder in FOLDERS if folder.is_dir()), FOLDERS[-1])


class TaskConfig(Section):
    """A proxy task and how many steps a program trains on it, as a file says it."""

    name: str
    """A name that `stepsmith tasks` lists."""
    steps: int = Field(ge=1, le=100_000)
    """The horizon of the training, in steps."""

    @field_validator("name")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in registry.names() and name in registry.declared():
            raise NotMeasured(name)
        return one_of("task", name, registry.names())


class _SuiteFile(Section):
    suite: str = Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")
    purpose: str
    tasks: list[TaskConfig] = Field(min_length=1)

    @model_validator(mode="after")
    def _distinct(self) -> "_SuiteFile":
        known = [task.name for task in self.tasks]
        for name in known:
            if known.count(name) > 1:
                raise ValueError(f"task '{name}' is listed twice")
        return self


_EXAMPLES = {
    "suite": "e.g. suite: my_own",
    "purpose": "one line, e.g. purpose: what a search judges by",
    "tasks": "e.g. tasks: [{name: digits, steps: 200}]",
}
