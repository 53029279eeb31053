"""Secure connections that cannot be made: how to tell them from others, and what helps."""

from __future__ import annotations

import ssl

import httpx


def tls_failure(error: httpx.HTTPError) -> ssl.SSLError | None:
    """Find what TLS has refused behind an error of httpx; a mere end of the connection is none."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLError):
        cause = cause.__cause__ or cause.__context__
    is_end = isinstance(cause, ssl.SSLEOFError | ssl.SSLZeroReturnError)
    return None if is_end else cause


def advice(failure: ssl.SSLError) -> str:
    """Say why TLS has refused, and what to do."""
    if isinstance(failure, ssl.SSLCertVerificationError):
        why = failure.verify_message.rstrip(".")
        return (
            f"its certificate is not accepted ({why}). Check the URL's host; for a server with a"
            " certificate authority of its own pass"
            ' verify=ssl.create_default_context(cafile="…").'
        )
    why = (failure.reason or type(failure).__name__).replace("_", " ").lower()
    return f"TLS fails ({why}). If the server speaks plain HTTP, the URL begins with http://."
