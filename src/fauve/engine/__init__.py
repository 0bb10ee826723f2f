"""The engine: plans what is missing, runs it, records it. It knows models and the ledger, and no study."""
