"""The connector that speaks Sage Pro's language."""
