"""Models that take part: protocols, cards, registry, and one adapter family per file."""
