"""News: what a payment system tells that moves no money."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class News:
    """A token's life, a case's note, how rules have judged a payment.

    Attributes:
        connection: who told it.
        about: the payment system's id of the token, the case or the payment.
        order_number: "" where the message does not say, as for tokens.
        said: the state, the judgement or the note, in the payment system's own words.
    """

    connection: str
    about: str
    order_number: str = ""
    said: str = ""
