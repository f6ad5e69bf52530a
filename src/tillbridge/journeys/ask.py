"""Ask: a person starts a run by hand, and says why."""

import uuid
from collections.abc import Mapping

from tillbridge.access.audit import record as audit
from tillbridge.canonical.card_data import scan
from tillbridge.canonical.errors import Place, Rejected
from tillbridge.canonical.events import Kind, Trigger
from tillbridge.flows.inputs import check_given, text_of
from tillbridge.flows.trigger import OnCall
from tillbridge.journeys.card_guard import card_data_found
from tillbridge.journeys.house import House
from tillbridge.journeys.start import start
from tillbridge.journeys.steer import reason_of

INPUT_MAX_BYTES = 1_000_000


def given_texts(document: object) -> dict[str, str]:
    """What a person gives as JSON, by name, as the texts it travels in.

    Raises:
        Rejected: it is no object, or a value is not a text, a number, true, false or null.
    """
    if not isinstance(document, dict):
        raise Rejected(
            "The input is no JSON object.",
            reason="bad_shape",
            next_step='Write {"name": "value"} with what the flow takes.',
        )
    for name, value in document.items():
        if isinstance(value, dict | list):
            raise Rejected(
                f"{name!r} holds more than one value.",
                reason="bad_shape",
                place=Place(field=str(name)),
                next_step="Give rows as a file to a flow that starts on files.",
            )
    return {str(name): text_of(value) for name, value in document.items()}


async def ask_for_run(
    house: House,
    flow_name: str,
    given: Mapping[str, str],
    *,
    who: str,
    why: str,
    subject: str = "",
    key: str = "",
) -> str:
    """Starts a run of a flow that takes inputs; answers what it is about.

    Args:
        given: the inputs by name, as the texts they travel in.
        subject: the order it is for; the flow's own rule, or a name of its own, when empty.
        key: asked again with the same key, nothing more is started.

    Raises:
        Rejected: no such flow, it takes no inputs, one is missing or unknown, card data, no reason.
    """
    why = reason_of(why)
    flow = house.catalogue.flow(flow_name)
    if not isinstance(flow.trigger, OnCall):
        raise Rejected(
            f"The flow {flow_name!r} does not start by hand.",
            reason="not_by_hand",
            next_step="Write takes: into it, with the fields it needs.",
        )
    found = [*scan({"subject": subject, "key": key}), *scan(given)]
    if found:
        raise card_data_found(found)
    check_given(flow.trigger.inputs, given)
    number = key or uuid.uuid4().hex
    trigger = Trigger(flow_name, number, who=who, fields=dict(given))
    about = subject or f"{flow_name} {number}"
    async with house.database.transaction() as tx:
        await start(
            house,
            tx,
            flow,
            kind=Kind.RUN_REQUESTED,
            number=number,
            trigger=trigger,
            subject=about,
            occurred_at=house.clock(),
        )
        await audit(tx, who, "run", f"flow {flow_name}", why=why, after={"subject": about})
    return about
