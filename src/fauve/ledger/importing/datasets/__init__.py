"""The published datasets, streamed from the hub or read from Parquet, in bounded memory."""

from fauve.ledger.importing.datasets.catalogue import DATASETS, Column, Dataset
from fauve.ledger.importing.datasets.columns import parsed_mapping
from fauve.ledger.importing.datasets.importing import DatasetRequest, import_dataset
from fauve.ledger.importing.datasets.intake import Taken

__all__ = ["DATASETS", "Column", "Dataset", "DatasetRequest", "Taken", "import_dataset", "parsed_mapping"]
