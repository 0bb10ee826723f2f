"""The report: a static site, tables and figures of what the studies found (:mod:`fauve.report.site`)."""
