"""The run directory: SQLite for what is known, plain files for the pictures."""

from fauve.ledger.store import Added, Answer, Ledger, prompt_id

__all__ = ["Added", "Answer", "Ledger", "prompt_id"]
