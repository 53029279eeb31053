"""Is a webhook delivery what the service has sent? (contract, section 12)."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Mapping

import msgspec

from ..errors import WebhookVerificationError
from ..models import WebhookDelivery

SIGNATURE_HEADER = "dari-webhook-signature"
_TIMESTAMP_HEADERS = ("dari-webhook-timestamp", "x-dari-timestamp", "webhook-timestamp")
_MOST_DIGITS = 12


def verify_webhook(
    body: bytes | str,
    headers: Mapping[str, str],
    secret: str,
    tolerance: float | None = 300,
) -> WebhookDelivery:
    """Check a delivery's signature and age, then read it (contract, section 12).

    Two readings of the contract are understood (U22): ``t=<unix>,v1=<hex>`` over ``<t>.<body>``,
    and ``v1=<hex>`` over the body, with a header of its own for the time or none. Without a time
    the age cannot be checked. Drop what has an ``id`` that was there before.

    Args:
        body: The request's body, exactly as it came.
        headers: The request's headers; upper and lower case do not matter.
        secret: The webhook's signing secret, ``whsec_…``.
        tolerance: Seconds that the delivery's time may differ from now; ``None`` for any.

    Raises:
        WebhookVerificationError: It is not signed with this secret, was changed, is too old or
            too new, or is no delivery.

    >>> import hashlib, hmac, time
    >>> body, now = b'{"id": "evt_1", "type": "session.completed"}', int(time.time())
    >>> signed = hmac.new(b"whsec_1", f"{now}.".encode() + body, hashlib.sha256).hexdigest()
    >>> headers = {"Dari-Webhook-Signature": f"t={now},v1={signed}"}
    >>> dari.verify_webhook(body, headers, "whsec_1").type
    'session.completed'
    """
    if not secret:
        raise WebhookVerificationError(
            "There is no signing secret to check the delivery with.", code="missing_secret"
        )
    raw = _bytes(body) if isinstance(body, str) else bytes(body)
    found = {name.lower(): value for name, value in headers.items()}
    signed_time, signatures = _parsed(found.get(SIGNATURE_HEADER, ""))
    if not signatures:
        raise WebhookVerificationError("The delivery has no signature.", code="invalid_signature")
    header_time = next((found[name] for name in _TIMESTAMP_HEADERS if name in found), None)
    if not _is_signed(_payloads(raw, signed_time, header_time), signatures, secret):
        raise WebhookVerificationError(
            "The delivery is not signed with this secret.", code="invalid_signature"
        )
    _check_age(signed_time if signed_time is not None else header_time, tolerance)
    return _read(raw)


def _parsed(header: str) -> tuple[str | None, list[str]]:
    """Take a signature header apart: its time, if any, and its ``v1`` values."""
    parts = [part.strip().partition("=") for part in header.split(",")]
    times = [value for name, _, value in parts if name == "t"]
    return times[0] if times else None, [value for name, _, value in parts if name == "v1"]


def _payloads(body: bytes, signed_time: str | None, header_time: str | None) -> list[bytes]:
    """What may have been signed; a time inside of the signature must be part of it."""
    if signed_time is not None:
        return [_bytes(signed_time) + b"." + body]
    with_time = [] if header_time is None else [_bytes(header_time) + b"." + body]
    return [*with_time, body]


def _is_signed(payloads: list[bytes], signatures: list[str], secret: str) -> bool:
    key = _bytes(secret)
    right = [hmac.new(key, payload, hashlib.sha256).hexdigest().encode() for payload in payloads]
    # All are compared, each in constant time, so that the time taken tells nothing.
    same = [
        hmac.compare_digest(_bytes(signature.lower()), expected)
        for signature in signatures
        for expected in right
    ]
    return any(same)


def _bytes(text: str) -> bytes:
    # Half a character is in nothing that was signed, and so no reason for another error.
    return text.encode("utf-8", "surrogatepass")


def _check_age(sent: str | None, tolerance: float | None) -> None:
    if sent is None or tolerance is None:
        return
    if not (sent.isascii() and sent.isdigit() and len(sent) <= _MOST_DIGITS):
        raise WebhookVerificationError(
            "The delivery's time is not a number of seconds.", code="invalid_delivery"
        )
    age = time.time() - int(sent)
    if abs(age) > tolerance:
        raise WebhookVerificationError(
            f"The delivery is {abs(age):.0f} s {'old' if age > 0 else 'ahead'}: more than"
            f" {tolerance:g} s.",
            code="expired_delivery",
        )


def _read(body: bytes) -> WebhookDelivery:
    try:
        return WebhookDelivery.from_json(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise WebhookVerificationError(
            "The body is signed, but it is no delivery.", code="invalid_delivery"
        ) from None
