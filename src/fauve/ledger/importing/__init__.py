"""What was made elsewhere, taken into a ledger: whole files or nothing of them."""

from fauve.ledger.importing.contrasts import import_contrasts
from fauve.ledger.importing.folder import import_folder
from fauve.ledger.importing.labels import import_labels, read_labels
from fauve.ledger.importing.pairs import import_pairs
from fauve.ledger.importing.ratings import import_ratings
from fauve.ledger.importing.scores import import_scores

__all__ = [
    "import_contrasts",
    "import_folder",
    "import_labels",
    "import_pairs",
    "import_ratings",
    "import_scores",
    "read_labels",
]
