"""Pages: long lists in parts, newest first."""

from typing import Annotated

from fastapi import Path, Query

NUMBER_MAX = 2**63 - 1
"""PostgreSQL's bigint."""

Limit = Annotated[int, Query(ge=1, le=500, description="At most so many.")]
Before = Annotated[
    int, Query(ge=0, le=NUMBER_MAX, description="Only older ones: `next_before` of the last page.")
]
Number = Annotated[int, Path(ge=1, le=NUMBER_MAX)]
Subject = Annotated[str, Query(max_length=200, description="Only of this order number.")]
