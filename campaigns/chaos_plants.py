"""The plants of the chaos campaign: the defects it must see among everything else that is wrong."""

from typing import Final

CHAOS_PLANTS: Final = (
    "no_key",
    "intent_after_send",
    "ack_before_commit",
    "no_fence",
)
