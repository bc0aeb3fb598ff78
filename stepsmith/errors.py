"""The error of the front door: what a user asked for and cannot have."""


class UsageError(Exception):
    """A wish that cannot be met; the message says why and what to try.

    `exit_status` is that of the command line.
    """

    exit_status = 2
