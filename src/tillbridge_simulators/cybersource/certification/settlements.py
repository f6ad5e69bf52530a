"""Reports, what was settled and paid out, batches and shared files."""

from collections.abc import Mapping

from tillbridge_simulators.cybersource.certification.payments import NOBODY, sold
from tillbridge_simulators.cybersource.certification.reporting import last_day
from tillbridge_simulators.cybersource.certification.row import row
from tillbridge_simulators.cybersource.certification.script import ANY, Script

_BATCH = "PaymentBatchDetailClass"
_SUBSCRIPTIONS = "report_subscriptions"
_DAILY = {
    "reportMimeType": "text/csv",
    "reportFrequency": "DAILY",
    "timezone": "GMT",
    "startTime": "0000",
}
_PERIOD = {"startDate": "2001-01-02", "endDate": "2001-01-01"}


def _backwards() -> Mapping[str, str]:
    start, end = last_day().values()
    return {"startTime": end, "endTime": start}


def _definitions(it: Script) -> None:
    name = {"reportDefinitionName": _BATCH}
    one, every = (
        "report_definitions.get_resource_info_by_report_definition",
        "report_definitions.get_resource_v2_info",
    )
    it.shows(every, {"reportDefinitions.1.reportDefintionName": ANY})
    it.shows(one, {"reportDefinitionId": 211, "attributes.0.id": ANY}, **name)
    it.refused(every, 400, "INVALID_DATA", None, subscriptionType="FREE")
    it.refused(one, 404, "NOT_FOUND", None, reportDefinitionName="NobodyClass")


def _schemas(it: Script) -> None:
    xsd, dtd = "download_xsd.get_xsdv2", "download_dtd.get_dtdv2"
    it.do(xsd, reportDefinitionNameVersion="PaymentBatchDetailReport")
    it.do(dtd, reportDefinitionNameVersion="pbdr-1.1")
    it.shows(
        "report_definitions.get_resource_info_by_report_definition",
        {"supportedFormats.0": ANY},
        reportDefinitionName=_BATCH,
    )
    for key in (xsd, dtd):
        it.refused(key, 404, "NOT_FOUND", None, reportDefinitionNameVersion="NobodyReport")


def _reports(it: Script) -> None:
    it.means.trigger("batch")
    name = it.new("report")
    day = last_day()
    document = {
        "reportDefinitionName": _BATCH,
        "reportName": name,
        "reportMimeType": "text/csv",
        "timezone": "GMT",
        "reportStartTime": day["startTime"],
        "reportEndTime": day["endTime"],
    }
    sold(it)
    it.means.trigger("batch")
    it.do("reports.create_report", document)
    when = day | {"timeQueryType": "executedTime"}
    listed = it.shows(
        "reports.search_reports",
        {f"reportSearchResults.reportName={name}.status": "COMPLETED"},
        **when,
    )
    (found,) = [one for one in listed["reportSearchResults"] if one["reportName"] == name]
    told = {"reportStatus": "COMPLETED", "reportName": name}
    it.shows("reports.get_report_by_report_id", told, reportId=found["reportId"])
    it.do(
        "report_downloads.download_report",
        reportDate=found["reportEndTime"][:10],
        reportName=name,
    )
    _files(it, found["reportCompletedTime"][:10])
    wrong = document | {"reportDefinitionName": "NobodyClass"}
    it.refused("reports.create_report", 400, "INVALID_DATA", wrong)
    it.refused("reports.search_reports", 400, "INVALID_DATA", None, timeQueryType="never", **day)
    it.refused("reports.get_report_by_report_id", 404, "NOT_FOUND", None, reportId=NOBODY)
    it.refused(
        "report_downloads.download_report",
        404,
        "NOT_FOUND",
        None,
        reportDate="2001-01-01",
        reportName=name,
    )


def _files(it: Script, day: str) -> None:
    days = {"startDate": day, "endDate": day}
    listed = it.shows("secure_file_share.get_file_detail", {"fileDetails.0.fileId": ANY}, **days)
    file_id = listed["fileDetails"][0]["fileId"]
    it.do("secure_file_share.get_file", fileId=file_id)
    there = {f"fileDetails.fileId={file_id}.size": ANY}
    it.shows("secure_file_share.get_file_detail", there, **days)
    it.refused("secure_file_share.get_file_detail", 400, "INVALID_DATA", None, **_PERIOD)
    it.refused("secure_file_share.get_file", 404, "NOT_FOUND", None, fileId=NOBODY)


def _subscriptions(it: Script) -> None:
    name = it.new("daily")
    document = {"reportDefinitionName": _BATCH, "reportName": name} | _DAILY
    put = f"{_SUBSCRIPTIONS}.create_subscription"
    it.do(put, document)
    read = f"{_SUBSCRIPTIONS}.get_subscription"
    it.shows(read, {"reportDefinitionName": _BATCH}, reportName=name)
    wanted = {f"subscriptions.reportName={name}.reportFrequency": "DAILY"}
    it.shows(f"{_SUBSCRIPTIONS}.get_all_subscriptions", wanted)
    classic = {"reportDefinitionName": _BATCH, "subscriptionType": "CLASSIC", "reportName": name}
    predefined = f"{_SUBSCRIPTIONS}.create_standard_or_classic_subscription"
    it.do(predefined, classic)
    it.shows(read, {"timezone": "GMT"}, reportName=name)
    it.refused(put, 400, "INVALID_DATA", document | {"reportFrequency": "HOURLY"})
    it.refused(predefined, 400, "INVALID_DATA", classic | {"subscriptionType": "CUSTOM"})
    other = it.new("other")
    it.do(put, document | {"reportName": other})
    it.do(f"{_SUBSCRIPTIONS}.delete_subscription", reportName=name)
    kept = {f"subscriptions.reportName={other}.reportMimeType": "text/csv"}
    gone = {f"subscriptions.reportName={name}": None}
    it.shows(f"{_SUBSCRIPTIONS}.get_all_subscriptions", kept | gone)
    it.refused(read, 404, "NOT_FOUND", None, reportName=name)
    it.refused(f"{_SUBSCRIPTIONS}.delete_subscription", 404, "NOT_FOUND", None, reportName=name)
    it.knows_nobody_else(f"{_SUBSCRIPTIONS}.get_all_subscriptions")


def _settled(it: Script) -> None:
    payment = sold(it)["id"]
    it.means.trigger("batch")
    day = last_day()
    details = "purchase_and_refund_details.get_purchase_and_refund_details"
    shown = it.shows(details, {f"settlements.requestId={payment}.cybersourceBatchId": ANY}, **day)
    (batch,) = {
        one["cybersourceBatchId"] for one in shown["settlements"] if one["requestId"] == payment
    }
    it.shows(
        "payment_batch_summaries.get_payment_batch_summary",
        {"paymentBatchSummaries.0.salesCount": ANY},
        **day,
    )
    it.shows(
        "transaction_batches.get_transaction_batches",
        {f"transactionBatches.id={batch}.status": ANY},
        **day,
    )
    it.shows("transaction_batches.get_transaction_batch_id", {"id": batch}, id=batch)
    it.do("transaction_batches.get_transaction_batch_details", id=batch)
    it.means.trigger("bank.changed", payment=payment)
    it.shows(
        "notification_of_changes.get_notification_of_change_report",
        {"notificationOfChanges.0.code": ANY},
        **day,
    )
    for key in (
        details,
        "payment_batch_summaries.get_payment_batch_summary",
        "transaction_batches.get_transaction_batches",
        "notification_of_changes.get_notification_of_change_report",
    ):
        it.refused(key, 400, "INVALID_DATA", None, **_backwards())
    for name in ("id", "details"):
        key = f"transaction_batches.get_transaction_batch_{name}"
        it.refused(key, 404, "NOT_FOUND", None, id="nobody")


def _paid_out(it: Script) -> None:
    payment = sold(it)["id"]
    it.means.trigger("batch")
    it.means.trigger("funded")
    day = last_day()
    net, clearing = (
        "net_fundings.get_net_funding_details",
        "interchange_clearing_level_details.get_interchange_clearing_level_details",
    )
    it.shows(net, {"netFundingSummaries.type=PURCHASES.fundedAmount": ANY}, **day)
    wanted = {f"interchangeClearingLevelDetails.requestId={payment}.interchangeAmount": ANY}
    it.shows(clearing, wanted, **day)
    for key in (net, clearing):
        it.refused(key, 400, "INVALID_DATA", None, **_backwards())


ROWS = (
    row(
        _definitions,
        "report_definitions.get_resource_v2_info",
        "report_definitions.get_resource_info_by_report_definition",
    ),
    row(_schemas, "download_xsd.get_xsdv2", "download_dtd.get_dtdv2"),
    row(
        _reports,
        "reports.create_report",
        "reports.search_reports",
        "reports.get_report_by_report_id",
        "report_downloads.download_report",
        "secure_file_share.get_file_detail",
        "secure_file_share.get_file",
    ),
    row(
        _subscriptions,
        f"{_SUBSCRIPTIONS}.create_subscription",
        f"{_SUBSCRIPTIONS}.create_standard_or_classic_subscription",
        f"{_SUBSCRIPTIONS}.get_all_subscriptions",
        f"{_SUBSCRIPTIONS}.get_subscription",
        f"{_SUBSCRIPTIONS}.delete_subscription",
    ),
    row(
        _settled,
        "purchase_and_refund_details.get_purchase_and_refund_details",
        "payment_batch_summaries.get_payment_batch_summary",
        "transaction_batches.get_transaction_batches",
        "transaction_batches.get_transaction_batch_id",
        "transaction_batches.get_transaction_batch_details",
        "notification_of_changes.get_notification_of_change_report",
    ),
    row(
        _paid_out,
        "net_fundings.get_net_funding_details",
        "interchange_clearing_level_details.get_interchange_clearing_level_details",
    ),
)
