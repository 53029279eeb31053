"""Writes a GGUF model of random weights: it speaks, without sense, as a real one does."""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator
from pathlib import Path

_WIDTH, _HEADS, _INNER = 32, 2, 64
_ALIGNMENT = 32
_UINT32, _FLOAT32, _STRING, _ARRAY, _INT32 = 4, 6, 8, 9, 5
TEMPLATE = "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}assistant:"


def write_tiny_model(path: Path) -> Path:
    """Write a model with one layer of the Llama architecture."""
    words = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), "▁", "▁the"]
    kinds = [2, 3, 3, *[6] * 256, 1, 1]
    about = [
        _text("general.architecture", "llama"),
        _number("llama.context_length", 2048),
        _number("llama.embedding_length", _WIDTH),
        _number("llama.block_count", 1),
        _number("llama.feed_forward_length", _INNER),
        _number("llama.attention.head_count", _HEADS),
        _key("llama.attention.layer_norm_rms_epsilon", _FLOAT32) + struct.pack("<f", 1e-5),
        _text("tokenizer.ggml.model", "llama"),
        _array("tokenizer.ggml.tokens", _STRING, [_string(word) for word in words]),
        _array("tokenizer.ggml.scores", _FLOAT32, [struct.pack("<f", 0.0)] * len(words)),
        _array("tokenizer.ggml.token_type", _INT32, [struct.pack("<i", kind) for kind in kinds]),
        _number("tokenizer.ggml.bos_token_id", 1),
        _number("tokenizer.ggml.eos_token_id", 2),
        _text("tokenizer.chat_template", TEMPLATE),
    ]
    heads, data = b"", b""
    tensors = dict(_tensors(len(words)))
    for name, (shape, values) in tensors.items():
        sizes = struct.pack(f"<{len(shape)}Q", *shape)
        heads += _string(name) + struct.pack("<I", len(shape)) + sizes
        heads += struct.pack("<IQ", 0, len(data))
        data += struct.pack(f"<{len(values)}f", *values)
        data += bytes(-len(data) % _ALIGNMENT)
    start = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(about)) + b"".join(about) + heads
    path.write_bytes(start + bytes(-len(start) % _ALIGNMENT) + data)
    return path


def _tensors(words: int) -> Iterator[tuple[str, tuple[tuple[int, ...], list[float]]]]:
    chance = random.Random(0)

    def matrix(*shape: int) -> tuple[tuple[int, ...], list[float]]:
        return shape, [chance.gauss(0, 0.05) for _ in range(shape[0] * shape[1])]

    norm = ((_WIDTH,), [1.0] * _WIDTH)
    yield "token_embd.weight", matrix(_WIDTH, words)
    yield "output.weight", matrix(_WIDTH, words)
    yield "output_norm.weight", norm
    for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
        yield f"blk.0.{name}.weight", matrix(_WIDTH, _WIDTH)
    yield "blk.0.ffn_gate.weight", matrix(_WIDTH, _INNER)
    yield "blk.0.ffn_up.weight", matrix(_WIDTH, _INNER)
    yield "blk.0.ffn_down.weight", matrix(_INNER, _WIDTH)
    yield "blk.0.attn_norm.weight", norm
    yield "blk.0.ffn_norm.weight", norm


def _string(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def _key(name: str, kind: int) -> bytes:
    return _string(name) + struct.pack("<I", kind)


def _text(name: str, value: str) -> bytes:
    return _key(name, _STRING) + _string(value)


def _number(name: str, value: int) -> bytes:
    return _key(name, _UINT32) + struct.pack("<I", value)


def _array(name: str, kind: int, values: list[bytes]) -> bytes:
    return _key(name, _ARRAY) + struct.pack("<IQ", kind, len(values)) + b"".join(values)
