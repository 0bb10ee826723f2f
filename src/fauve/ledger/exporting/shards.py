"""Parquet shards, written a few rows at a time: a shard is closed once it is large, whatever its number of rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

from fauve.errors import LedgerError

__all__ = ["SHARD_BYTES", "ShardWriter"]

SHARD_BYTES = 500_000_000
"""About this many bytes of pictures and text go into a shard, which is what the hub's own tools do."""

_GROUP_BYTES = 32_000_000  # what is in memory before it is written


class ShardWriter:
    """Rows of one table on their way into ``FOLDER/train-00000-of-00003.parquet``; use it as a context manager.

    Shards get their final names when all is written, as only then their number is known.
    """

    def __init__(self, folder: Path, schema: pa.Schema, shard_bytes: int = SHARD_BYTES) -> None:
        self.rows = 0
        self._folder, self._schema, self._limit = folder, schema, shard_bytes
        self._pending: list[dict[str, Any]] = []
        self._held = self._written = 0
        self._writer: pq.ParquetWriter | None = None
        self._parts: list[Path] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *exc: object) -> None:
        if kind is not None and self._writer is not None:
            self._writer.close()

    def add(self, row: dict[str, Any], size: int) -> None:
        """Take one row of about ``size`` bytes."""
        self._pending.append(row)
        self._held += size
        self.rows += 1
        if self._held >= min(_GROUP_BYTES, self._limit):
            self._flush()
        if self._written >= self._limit:
            self._close()

    def finish(self) -> list[Path]:
        """Write what is left; returns the shards under their final names."""
        self._flush()
        self._close()
        count = len(self._parts)
        shards = [
            part.rename(self._folder / f"train-{k:05d}-of-{count:05d}.parquet") for k, part in enumerate(self._parts)
        ]
        return shards

    def _flush(self) -> None:
        if not self._pending:
            return
        try:
            if self._writer is None:
                self._folder.mkdir(parents=True, exist_ok=True)
                self._parts.append(self._folder / f"part-{len(self._parts):05d}.parquet")
                self._writer = pq.ParquetWriter(self._parts[-1], self._schema)
            self._writer.write_table(pa.Table.from_pylist(self._pending, schema=self._schema))
        except OSError as error:
            raise LedgerError(f"{self._folder} cannot be written ({error}); free space or check its rights") from error
        self._written += self._held
        self._pending, self._held = [], 0

    def _close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        self._written = 0
