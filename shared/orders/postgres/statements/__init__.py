"""SQL statements that are longer than a few lines, one file each; parameters are psycopg2's ``%(name)s``."""

from pathlib import Path

_FOLDER = Path(__file__).parent


def statement(name: str) -> str:
    """Read a statement by the name of its file."""
    return (_FOLDER / f"{name}.sql").read_text()
