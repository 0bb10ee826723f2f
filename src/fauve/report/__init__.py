"""The report: a static site, tables and figures of what the studies found."""

from fauve.report.numbers import format_estimate
from fauve.report.site import build_report

__all__ = ["build_report", "format_estimate"]
