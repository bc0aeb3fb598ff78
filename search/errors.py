"""The errors that a user of the search can meet: the place, what was met, what to try.

`exit_status` is that of the command line: 2 for a wrong config, ledger or use, 1 for a job that
failed.
"""

from evaluators.errors import ConfigError


class SearchError(Exception):
    """A campaign that cannot be read, started or continued; `help` says what to try."""

    exit_status = 2

    def __init__(self, message: str, *, help: str | None = None):
        super().__init__(message)
        self.message = message
        self.help = help

    def __str__(self) -> str:
        text = f"{type(self).__name__}: {self.message}"
        return f"{text}\nhelp: {self.help}" if self.help else text


class ConfigChanged(SearchError):
    """A run that was started with another config."""


class LedgerError(SearchError):
    """A ledger that cannot be read, or belongs to another version of Stepsmith."""


class PluginMissing(SearchError):
    """A run that was made with a plug-in which is not loaded."""


class RunLocked(SearchError):
    """Another process is running the campaign."""


class NoSuchRun(SearchError):
    """A folder without a campaign, or a hash of none of its programs."""


class NoSuchRule(SearchError):
    """A text that names no rule, or a rule that a campaign cannot start from."""

    def __str__(self) -> str:
        return f"{self.message}\nhelp: {self.help}" if self.help else self.message


class CampaignFailed(SearchError):
    """The campaign could not do its work."""

    exit_status = 1


class CannotReduce(SearchError):
    """A rule that cannot be reduced by measurement."""

    def __str__(self) -> str:
        return f"{self.message}\nhelp: {self.help}" if self.help else self.message


class ReductionFailed(SearchError):
    """The workers of a reduction were lost."""

    exit_status = 1


class NotWritten(SearchError):
    """Results that could not be written; the campaign goes on from what was."""

    exit_status = 1


class ClusterFailed(SearchError):
    """A Ray cluster that cannot be joined, or whose nodes cannot do the work."""

    exit_status = 1


__all__ = [
    "CampaignFailed",
    "CannotReduce",
    "ClusterFailed",
    "ConfigChanged",
    "ConfigError",
    "LedgerError",
    "NoSuchRule",
    "NoSuchRun",
    "NotWritten",
    "PluginMissing",
    "ReductionFailed",
    "RunLocked",
    "SearchError",
]
