"""One module per format or group of related formats: names, suffixes, first bytes, readers and writers.

`tables/format.py` lists them. Heavy imports belong inside calls: every choice of formats loads these modules."""
