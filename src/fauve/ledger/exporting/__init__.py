"""A ledger written as Parquet, in our layout or in that of the published datasets."""

from fauve.ledger.exporting.card import Exported
from fauve.ledger.exporting.export import ExportRequest, export_dataset

__all__ = ["ExportRequest", "Exported", "export_dataset"]
