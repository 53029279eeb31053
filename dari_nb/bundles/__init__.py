"""An agent's folder as one archive, whoever publishes it: the client or the local Dari itself."""

from .bundle import MANIFEST, MOST_BYTES, Bundle

__all__ = ["MANIFEST", "MOST_BYTES", "Bundle"]
