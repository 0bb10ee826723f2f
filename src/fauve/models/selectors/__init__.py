"""Selectors that are models; each file holds one kind."""
