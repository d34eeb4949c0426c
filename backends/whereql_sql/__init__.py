"""The SQL backend: collections in tables of its own, or in yours, through SQLAlchemy."""
