"""Any text that UTF-8 can hold, without the 4 s that Hypothesis takes to try which characters it can."""

from __future__ import annotations

from hypothesis import strategies as st

ANY = st.characters(exclude_categories=["Cs"])  # the default of st.text, which calls it the characters of UTF-8
