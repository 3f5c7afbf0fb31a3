"""Tables of every format, read and written as blocks of rows.

`formats/` has one file per format; nothing here knows what the numbers mean."""
