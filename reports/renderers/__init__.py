"""How a table looks: terminal, LaTeX, Markdown, CSV."""
