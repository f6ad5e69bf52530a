"""Cybersource, as the script calls it: authorizations, captures, reversals; signed requests."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlsplit

import aiohttp


class Cybersource:
    """One merchant account."""

    def __init__(self, settings: Mapping[str, str], http: aiohttp.ClientSession) -> None:
        self.settings = settings
        self.http = http

    async def authorize(
        self, order: Mapping[str, Any], token: Mapping[str, str], key: str
    ) -> dict[str, Any]:
        """The hold, or the decline."""
        field = "transientTokenJwt" if token["kind"] == "transient" else "customerId"
        return await self.post(
            "/pts/v2/payments",
            {
                "clientReferenceInformation": {
                    "code": order["number"],
                    "transactionId": wire_key(f"authorization {order['number']} {key}"),
                },
                "orderInformation": {
                    "amountDetails": amount(Decimal(order["total"]), order["currency"]),
                    "billTo": address(order["billing"], order["customer"].get("email", "")),
                    "shipTo": address(order["shipping"], ""),
                },
                "tokenInformation": {field: token["value"]},
            },
            decline=True,
        )

    async def capture(
        self, payment_id: str, number: str, shipment: str, *, due: Decimal, currency: str,
        ordinal: int, final: bool,
    ) -> str:  # fmt: skip
        """What was shipped; answers the capture's id."""
        count = ordinal if final else ordinal + 1
        reply = await self.post(
            f"/pts/v2/payments/{payment_id}/captures",
            {
                "clientReferenceInformation": {
                    "code": number,
                    "transactionId": wire_key(f"capture {number} {shipment}"),
                },
                "orderInformation": {"amountDetails": amount(due, currency)},
                "processingInformation": {
                    "captureOptions": {
                        "captureSequenceNumber": ordinal,
                        "totalCaptureCount": count,
                    }
                },
            },
        )
        return str(reply["id"])

    async def reverse(
        self, payment_id: str, number: str, total: Decimal, currency: str, why: str
    ) -> None:
        """Releases the hold."""
        await self.post(
            f"/pts/v2/payments/{payment_id}/reversals",
            {
                "clientReferenceInformation": {
                    "code": number,
                    "transactionId": wire_key(f"reversal {number}"),
                },
                "reversalInformation": {
                    "amountDetails": amount(total, currency),
                    "reason": why[:50],
                },
            },
        )

    async def post(self, path: str, document: object, *, decline: bool = False) -> dict[str, Any]:
        """One signed POST; raises for anything but success (or a decline, when it is allowed)."""
        settings = self.settings
        body = json.dumps(document).encode()
        digest = f"SHA-256={base64.b64encode(hashlib.sha256(body).digest()).decode()}"
        signed = {
            "host": urlsplit(settings["url"]).netloc,
            "v-c-date": format_datetime(datetime.now(UTC), usegmt=True),
            "request-target": f"post {path}",
            "v-c-merchant-id": settings["merchant_id"],
            "digest": digest,
        }
        text = "\n".join(f"{name}: {value}" for name, value in signed.items())
        secret = base64.b64decode(settings["secret_key"])
        mac = base64.b64encode(hmac.new(secret, text.encode(), hashlib.sha256).digest()).decode()
        headers = {
            "content-type": "application/json",
            "v-c-date": signed["v-c-date"],
            "v-c-merchant-id": signed["v-c-merchant-id"],
            "digest": digest,
            "signature": f'keyid="{settings["key_id"]}", algorithm="HmacSHA256",'
            f' headers="{" ".join(signed)}", signature="{mac}"',
        }
        async with self.http.post(settings["url"] + path, data=body, headers=headers) as answer:
            reply: dict[str, Any] = await answer.json()
            if answer.status != 201 or (reply.get("status") == "DECLINED" and not decline):
                raise RuntimeError(f"{path} answered {answer.status}: {reply}")
            return reply


def amount(value: Decimal, currency: str) -> dict[str, str]:
    """amountDetails, with two decimals (the script knows no other currencies)."""
    return {"totalAmount": f"{value:.2f}", "currency": currency}


def address(posted: Mapping[str, str], email: str) -> dict[str, str]:
    """billTo or shipTo, cut to Cybersource's widths."""
    widths = {
        "firstName": ("first_name", 60), "lastName": ("last_name", 60), "company": ("company", 60),
        "address1": ("line1", 60), "address2": ("line2", 60), "locality": ("city", 50),
        "administrativeArea": ("region", 20), "postalCode": ("postal_code", 14),
        "country": ("country", 2), "phoneNumber": ("phone", 15),
    }  # fmt: skip
    found = {theirs: posted.get(ours, "")[:width] for theirs, (ours, width) in widths.items()}
    if email:
        found["email"] = posted.get("email", "") or email
    return {name: value for name, value in found.items() if value}


def wire_key(effect: str) -> str:
    """A key of 26 characters for one business effect."""
    return base64.b32encode(hashlib.sha256(effect.encode()).digest())[:26].decode()
