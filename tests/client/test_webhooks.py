"""Deliveries are believed only when they are signed, whole and recent."""

import hashlib
import hmac
import json
import time

import httpx
import pytest

from dari_nb.client import verify_webhook
from dari_nb.errors import WebhookVerificationError

SECRET = "whsec_hush"
DELIVERY = {
    "id": "whd_1",
    "type": "tool.call_requested",
    "data": {"session_id": "sess_1", "metadata": {"name": "Zoë"}},
    "later": True,
}
BODY = json.dumps(DELIVERY, ensure_ascii=False).encode()
NAME = "Dari-Webhook-Signature"


def signed(payload: bytes, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), payload, hashlib.sha256).hexdigest()


def seconds(ahead: float = 0) -> str:
    return str(int(time.time() + ahead))


def with_time(now: str, body: bytes = BODY, secret: str = SECRET) -> str:
    return f"t={now},v1={signed(now.encode() + b'.' + body, secret)}"


def headers_in(reading: str) -> dict[str, str]:
    """The headers of a delivery signed just now, in one reading of the contract."""
    now, plain = seconds(), signed(BODY)
    joined = signed(now.encode() + b"." + BODY)
    timed = with_time(now)
    return {
        "time in the signature": {NAME: timed},
        "spaces and other parts": {NAME: timed.replace(",", " , v0=abc, ")},
        "several values": {NAME: f"t={now},v1={'0' * 64}," + timed.split(",")[1]},
        "only the body": {NAME: f"v1={plain}"},
        "upper case": {NAME.upper(): f"v1={plain.upper()}"},
        "a header with the time": {NAME: f"v1={plain}", "Dari-Webhook-Timestamp": now},
        "a signed header with the time": {NAME: f"v1={joined}", "Dari-Webhook-Timestamp": now},
    }[reading]


READINGS = (
    "time in the signature",
    "spaces and other parts",
    "several values",
    "only the body",
    "upper case",
    "a header with the time",
    "a signed header with the time",
)


@pytest.mark.parametrize("reading", READINGS)
def test_each_reading_of_the_contract_is_understood(reading):
    headers = headers_in(reading)
    delivery = verify_webhook(BODY, headers, SECRET)
    assert verify_webhook(BODY, httpx.Headers(headers), SECRET) == delivery
    assert (delivery.id, delivery.type) == ("whd_1", "tool.call_requested")
    assert delivery.data["session_id"] == "sess_1"
    assert delivery.to_dict() == DELIVERY


@pytest.mark.parametrize(
    ("body", "headers", "secret"),
    [
        (BODY, {NAME: ""}, SECRET),
        (BODY, {NAME: "v1="}, SECRET),
        (BODY, {NAME: "v1=é"}, SECRET),
        (BODY, {NAME: "v0=" + signed(BODY)}, SECRET),
        (BODY, {NAME: signed(BODY)}, SECRET),
        (BODY, {NAME: "v1=" + signed(BODY)[:-1]}, SECRET),
        (BODY, {NAME: f"t={seconds()},v1={signed(BODY)}"}, SECRET),
        (BODY, {NAME: with_time(seconds()).replace("t=", "t=1")}, SECRET),
        (BODY, {NAME: "t=,v1=" + signed(b"." + BODY)}, SECRET),
        (BODY, {NAME: "t=²,v1=" + signed("².".encode() + BODY)}, SECRET),
        (BODY, {NAME: f"t={'9' * 5000},v1={signed(b'9' * 5000 + b'.' + BODY)}"}, SECRET),
        (b"{}", {NAME: "v1=" + signed(b"{}")}, SECRET),
        (b"\xff", {NAME: "v1=" + signed(b"\xff")}, SECRET),
        # A delivery of the first reading, passed off as one of the second.
        (b"1." + BODY, {NAME: "v1=" + signed(b"1." + BODY)}, SECRET),
    ],
)
def test_anything_else_is_refused_without_telling_the_secret(body, headers, secret):
    with pytest.raises(WebhookVerificationError) as raised:
        verify_webhook(body, headers, secret)
    assert "hush" not in str(raised.value)
    assert signed(BODY) not in str(raised.value)


@pytest.mark.parametrize(("ahead", "in_signature"), [(-400, True), (400, False)])
def test_a_delivery_that_is_not_of_now_is_refused_unless_any_time_will_do(ahead, in_signature):
    then = seconds(ahead)
    headers = {NAME: with_time(then)} if in_signature else {NAME: f"v1={signed(BODY)}"}
    headers |= {} if in_signature else {"Dari-Webhook-Timestamp": then}
    with pytest.raises(WebhookVerificationError):
        verify_webhook(BODY, headers, SECRET)
    assert verify_webhook(BODY, headers, SECRET, tolerance=500).id == "whd_1"
    assert verify_webhook(BODY, headers, SECRET, tolerance=None).id == "whd_1"
