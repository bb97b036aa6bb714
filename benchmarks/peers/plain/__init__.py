"""Strawberry with DataLoader and SQLAlchemy's ORM, as it is usually written."""
