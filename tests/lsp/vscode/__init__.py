"""VS Code itself, with the extension in it: its server in Node, and its window in a browser."""
