"""Tests in a browser, one for all of them."""
