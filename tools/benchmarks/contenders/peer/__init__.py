"""The same API in FastAPI, SQLAlchemy and Mangum."""
