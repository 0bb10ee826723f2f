"""Judges of single dimensions, one family per file."""
