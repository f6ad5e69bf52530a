"""The connector that speaks a web shop's language."""
