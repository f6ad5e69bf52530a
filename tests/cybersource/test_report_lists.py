"""What is asked for besides reports: corrected accounts, batches, disputes, shared files."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from tests.cybersource.conftest import MakeWorld, World, new_call, now
from tests.cybersource.test_reports import all_of, ready, reports_of, trade

from tillbridge.canonical.errors import Rejected
from tillbridge.connector.abilities import ChangedRecord, Changes
from tillbridge_cybersource.batch_files import BatchFile
from tillbridge_cybersource.report_files import _definition, _twin
from tillbridge_cybersource.settlement_details import SettlementDetails
from tillbridge_simulators.cybersource.report_subscriptions import subscribe
from tillbridge_simulators.cybersource.triggers import pull
from tillbridge_simulators.faults import Fault, Rule

BATCH = "PaymentBatchDetailClass"


async def poll(world: World, name: str, cursor: str = "", **fields: str) -> Changes:
    await asyncio.sleep(0.005)
    return await world.session.polls[name].call(new_call(), fields, cursor)


async def read(world: World, kind: str, **fields: Any) -> Any:
    receipt = await world.session.reads[kind].call(new_call(), fields)
    return receipt.fields


async def test_an_account_that_its_bank_corrected_is_told_with_what_was_wrong(
    make_world: MakeWorld,
) -> None:
    world = await make_world(payment_type="check")
    payment = (await world.authorize()).fields["request_id"]
    pull(world.simulator.account, "bank.changed", {"payment": payment})

    first = await poll(world, "account_changes")
    second = await poll(world, "account_changes", first.cursor)

    (told,) = first.records
    assert (told.fields["order_number"], told.fields["changed"]) == ("1042", "account_number")
    assert told.fields["account_last4"] == "1111"
    assert "XXXX" not in told.fields["account_last4"]
    assert [(one.id, one.version) for one in second.records] == [(told.id, told.version)]


async def test_a_batch_is_told_by_its_state_and_its_transactions_are_summed(world: World) -> None:
    await trade(world)
    account = world.simulator.account
    pull(account, "batch", {})
    (payment,) = [one.id for one in account.state.authorizations.values() if one.code == "order 1"]

    (batch,) = (await poll(world, "batches")).records
    pull(account, "capture.failed", {"payment": payment})
    (changed,) = (await poll(world, "batches", status="completed")).records
    assert not (await poll(world, "batches", status="Rejected")).records

    assert (batch.id, batch.fields["rejected"]) == (changed.id, "0")
    assert batch.version != changed.version  # one of its transactions was turned down since
    assert await read(world, "transaction_batch", batch_id=batch.id) == changed.fields
    whole = await read(world, "transaction_batch_details", batch_id=batch.id)
    assert (whole["transactions"], whole["unnamed"]) == (batch.fields["transactions"], "0")
    assert "order 1" in whole["orders"]
    rejected = await read(
        world,
        "transaction_batch_details",
        batch_id=batch.id,
        only="rejected",
        uploaded_on=now().date(),
    )
    assert (rejected["orders"], rejected["totals"]) == ("order 1", "10.01 USD")
    assert rejected["reasons"]
    for kind in ("transaction_batch", "transaction_batch_details"):
        with pytest.raises(Rejected, match="no batch 'nobody'"):
            await read(world, kind, batch_id="nobody")


async def test_a_days_disputes_are_counted_beside_those_that_are_listed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await trade(world)
    account = world.simulator.account
    (payment,) = [one.id for one in account.state.authorizations.values() if one.code == "order 1"]
    for _ in range(2):
        pull(account, "chargeback", {"payment": payment, "amount": "1.00"})
    pull(account, "retrieval", {"payment": payment})

    counts = await read(world, "dispute_counts", day=now().date())
    assert counts == {
        "chargebacks": "2", "chargebacks_listed": "2",
        "retrievals": "1", "retrievals_listed": "1", "complete": "yes",
    }  # fmt: skip
    other = await read(world, "dispute_counts", day=now().date() - timedelta(days=2))
    assert (other["chargebacks"], other["complete"]) == ("0", "yes")

    async def one(*_: object) -> int:
        return 1

    monkeypatch.setattr(SettlementDetails, "count", one)
    assert (await read(world, "dispute_counts", day=now().date()))["complete"] == "no"


async def test_reports_are_the_same_ones_from_the_file_share(make_world: MakeWorld) -> None:
    world = await make_world(reports_from="files", report_details="")
    for definition, form in ((BATCH, "text/csv"), ("DepositDetailClass", "application/xml")):
        subscribe(world.simulator.account, definition, form)
    await trade(world)
    for name in ("batch", "funded", "reports"):
        pull(world.simulator.account, name, {})

    lost = now() - timedelta(days=3)
    next(iter(world.simulator.state.authorizations.values())).at_s -= 3 * 86_400
    window = (lost - timedelta(hours=1), lost + timedelta(hours=1))
    ordered = await world.session.report_orders.order(new_call(), "requests", *window)
    await asyncio.sleep(0.005)

    (source,) = world.session.settlement_sources
    files = (await source.ready.call(new_call(), {}, "")).records
    listed = (await world.session.polls["reports"].call(new_call(), {}, "")).records

    def identity(record: ChangedRecord) -> tuple[str, str, str]:
        return record.id, record.version, record.fields["definition"]

    assert ordered.report is not None
    assert ordered.report.id in {one.id for one in files}
    assert len(files) == 3
    assert sorted(map(identity, files)) == sorted(map(identity, listed))
    assert all(one.fields["download"].startswith("/sfs/v1/files/") for one in files)
    from_files = await all_of(source)
    assert {line.report for line in from_files} == {one.id for one in files}
    by_download = [
        line
        for record in listed
        async for some in reports_of(world).lines(new_call(), record)
        for line in some
    ]
    assert sorted(map(repr, from_files)) == sorted(map(repr, by_download))


async def test_a_file_is_known_by_its_subscription_where_reports_may_not_be_listed(
    make_world: MakeWorld,
) -> None:
    world = await make_world(reports_from="files")
    subscribe(world.simulator.account, BATCH)
    await trade(world)
    for name in ("batch", "reports"):
        pull(world.simulator.account, name, {})
    world.simulator.faults.rules.append(Rule("report", Fault("refuse", status=403), times=1))
    (file,) = await ready(world)
    (made,) = world.simulator.state.reporting.reports
    assert (file.fields["definition"], file.fields["name"]) == ("211", f"{BATCH}-{made.id}")
    world.simulator.faults.rules.append(Rule("report", Fault("refuse", status=403), times=2))
    assert not await ready(world)  # nobody says what it is


PAIRS = (
    "merchantID=infodev,batchID=12345\r\n\r\n"
    "merchantReferenceCode=1042,requestID=7,decision=ACCEPT,reasonCode=100,"
    "purchaseTotals_currency=USD,ccAuthReply_amount=25.00,ccAuthReply_reasonCode=100\r\n"
    '"merchantReferenceCode=a, b",requestID=8,decision=no, not yet,reasonCode=102\n'
)
PLAIN = (
    "merchantReferenceCode,requestID,amount,currency,reasonCode,decision\n"
    '1042,7,25.00,USD,100,ACCEPT\n"a, b",8,,,102,"no, not yet"\n'
)


@pytest.mark.parametrize("piece", [1, 7, 100_000])
@pytest.mark.parametrize("text", [PAIRS, PAIRS.rstrip(), PLAIN, PLAIN.rstrip(), f"\ufeff{PAIRS}"])
def test_a_batchs_details_are_read_as_pairs_or_as_columns(text: str, piece: int) -> None:
    file, content = BatchFile("batch 1"), text.encode()
    pieces = (content[at : at + piece] for at in range(0, len(content), piece))
    first, second = [row for part in pieces for row in file.feed(part)] + file.end()
    assert (first.text("order_number"), first.money().text) == ("1042", "25.00")
    assert (second.text("order_number"), second.text("request_id")) == ("a, b", "8")
    assert (first.text("reason"), second.text("reason")) == ("100", "102")
    assert second.other["decision"] == "no, not yet"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (b"batchID=1\nx,merchantReferenceCode=1,requestID=7\n", "batch 1:2"),
        (b"batchID=1\nrequestID=1,requestID=2\n", "batch 1:2"),
        (b"batchID=1\n\xff", "batch 1:1"),
    ],
)
def test_a_line_that_is_none_is_refused_with_its_place(text: bytes, place: str) -> None:
    with pytest.raises(Rejected) as refused:
        BatchFile("batch 1").feed(text)
    assert str(refused.value).startswith(place)


@pytest.mark.parametrize(
    ("file", "definition"),
    [
        ("Daily", "A"),
        ("Daily_20261120", "A"),
        ("Daily Deposits", "B"),
        ("Dailyish", ""),
        (f"Tillbridge_{BATCH}_20261120T000000_20261121T000000", BATCH),
        ("invoice", ""),
    ],
)
def test_a_file_is_called_as_its_report_is(file: str, definition: str) -> None:
    assert _definition(file, {"Daily": "A", "Daily Deposits": "B"}) == definition


@pytest.mark.parametrize(
    ("name", "created", "twin"),
    [
        ("Daily-7855-b", "2026-11-20T00:00:00Z", "7855-b"),  # its id stands in the name
        ("Daily", "2026-11-21T00:10:00Z", "7855-b"),
        ("Daily", "2026-11-20T16:10:00Z", "7855-b"),  # PST, said as UTC
        ("Daily", "2026-11-23T00:10:00Z", ""),
        ("Weekly", "2026-11-21T00:10:00Z", ""),
    ],
)
def test_a_files_report_is_the_one_it_names_or_that_was_made_nearest(
    name: str, created: str, twin: str
) -> None:
    reports = [
        {
            "reportId": id_,
            "reportName": "Daily",
            "reportMimeType": form,
            "reportCompletedTime": f"2026-11-{day}T00:10:00Z",
        }
        for id_, form, day in (
            ("7855-a", "text/csv", 20),
            ("7855-b", "text/csv", 21),
            ("7855-c", "application/xml", 21),
        )
    ]
    found = _twin({"createdTime": created, "mimeType": "text/csv"}, name, reports)
    assert found.get("reportId", "") == twin
