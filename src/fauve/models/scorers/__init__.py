"""Scorers, one family per file."""
