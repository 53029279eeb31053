"""Signatures of webhook deliveries, in both readings of the contract."""

import hashlib
import hmac
import time

import pytest

import dari_nb as dari
from dari_nb import errors

SECRET = "whsec_1"
BODY = b'{"id": "whd_1", "type": "session.completed", "data": {"session_id": "sess_1"}}'


def signed(body, at=None):
    """Return the headers of a delivery, with its time in the signature if there is one."""
    payload = body if at is None else f"{at}.".encode() + body
    digest = hmac.new(SECRET.encode(), payload, hashlib.sha256).hexdigest()
    value = f"v1={digest}" if at is None else f"t={at},v1={digest}"
    return {"dari-webhook-signature": value}


@pytest.mark.parametrize("age", [None, 0, 60])
def test_signed_delivery_is_read(age):
    headers = signed(BODY, age if age is None else int(time.time()) - age)
    delivery = dari.verify_webhook(BODY, headers, SECRET)
    assert (delivery.id, delivery.type) == ("whd_1", "session.completed")
    assert delivery.data == {"session_id": "sess_1"}


def test_body_may_be_text():
    assert dari.verify_webhook(BODY.decode(), signed(BODY), SECRET).id == "whd_1"


@pytest.mark.parametrize("age", [-3600, 3600])
def test_delivery_of_another_time_is_refused(age):
    headers = signed(BODY, int(time.time()) - age)
    with pytest.raises(errors.WebhookVerificationError) as raised:
        dari.verify_webhook(BODY, headers, SECRET)
    assert raised.value.code == "expired_delivery"
    assert dari.verify_webhook(BODY, headers, SECRET, tolerance=None).id == "whd_1"


@pytest.mark.parametrize(
    ("body", "headers", "secret", "code"),
    [
        (BODY, {}, SECRET, "invalid_signature"),
        (BODY + b" ", signed(BODY), SECRET, "invalid_signature"),
        (BODY, signed(BODY), "whsec_2", "invalid_signature"),
        (BODY, signed(BODY), "", "missing_secret"),
        (b"[]", signed(b"[]"), SECRET, "invalid_delivery"),
    ],
)
def test_wrong_delivery_is_refused(body, headers, secret, code):
    with pytest.raises(errors.WebhookVerificationError) as raised:
        dari.verify_webhook(body, headers, secret)
    assert raised.value.code == code
