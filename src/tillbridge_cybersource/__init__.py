"""The connector that speaks Cybersource's language."""
