"""The room archive: the past by month, first in PostgreSQL, then in files."""
