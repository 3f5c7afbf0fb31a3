"""Results -> one report model, and its renderers: terminal, HTML, Markdown; JSON documents and their schemas.

Nothing here writes files."""
