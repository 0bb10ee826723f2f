"""Generators, one family per file."""
