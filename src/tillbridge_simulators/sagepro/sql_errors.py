"""The errors SQL Server answers with, by number."""


class SqlError(Exception):
    """One ERROR token. `number` and `severity` are SQL Server's own (sys.messages).

    `fatal` closes the connection after the answer.
    """

    def __init__(
        self, number: int, message: str, *, severity: int = 16, fatal: bool = False
    ) -> None:
        super().__init__(message)
        self.number = number
        self.message = message
        self.severity = severity
        self.fatal = fatal


def duplicate_key(table: str) -> SqlError:
    """2627."""
    return SqlError(
        2627,
        f"Violation of PRIMARY KEY constraint 'PK_{table}'."
        f" Cannot insert duplicate key in object 'dbo.{table}'.",
        severity=14,
    )


def null_refused(table: str, column: str) -> SqlError:
    """515."""
    return SqlError(
        515,
        f"Cannot insert the value NULL into column '{column}', table '{table}';"
        " column does not allow nulls. INSERT fails.",
    )


def truncated(column: str, value: str) -> SqlError:
    """2628, the newer form of 8152 that names the column."""
    return SqlError(
        2628,
        f"String or binary data would be truncated in column '{column}'."
        f" Truncated value: '{value[:30]}'.",
    )


def overflow(kind: str) -> SqlError:
    """8115."""
    return SqlError(8115, f"Arithmetic overflow error converting expression to data type {kind}.")


def not_convertible(value: object, kind: str) -> SqlError:
    """8114."""
    return SqlError(8114, f"Error converting data type nvarchar to {kind} ({value!r}).")


def unknown_object(name: str) -> SqlError:
    """208."""
    return SqlError(208, f"Invalid object name '{name}'.")


def unknown_column(name: str) -> SqlError:
    """207."""
    return SqlError(207, f"Invalid column name '{name}'.")


def deadlock_victim() -> SqlError:
    """1205: the whole transaction has been rolled back."""
    return SqlError(
        1205,
        "Transaction (Process ID 55) was deadlocked on lock resources with another process and"
        " has been chosen as the deadlock victim. Rerun the transaction.",
        severity=13,
    )


def lock_timeout() -> SqlError:
    """1222."""
    return SqlError(1222, "Lock request time out period exceeded.")


def login_failed(user: str) -> SqlError:
    """18456."""
    return SqlError(18456, f"Login failed for user '{user}'.", severity=14, fatal=True)


def no_database(name: str) -> SqlError:
    """4060."""
    return SqlError(
        4060,
        f'Cannot open database "{name}" requested by the login. The login failed.',
        severity=11,
        fatal=True,
    )


def syntax(detail: str) -> SqlError:
    """102."""
    return SqlError(102, f"Incorrect syntax: {detail}", severity=15)
