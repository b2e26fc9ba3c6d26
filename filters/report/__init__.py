"""The filter report: a page, plots and tables from which one can decide whether to trust a corpus."""
