"""The results of the commands as sheets, JSON documents and pages for the terminal."""
