"""The fakes over HTTP, with FastAPI: their records in an SQLite file, fault injection, and a log of calls."""
