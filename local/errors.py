"""The error that the command line prints without a traceback."""


class LocalError(Exception):
    """A problem that the user can solve; the message says what is wrong and what to do."""
