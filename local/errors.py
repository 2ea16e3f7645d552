"""The error that the command line shows as a plain sentence."""


class LocalError(Exception):
    """Something a person can put right; the message says what is wrong and what to do about it."""
