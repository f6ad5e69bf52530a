"""The connector that speaks Dynamics 365's language."""
