"""Monaco, VS Code's editor for web pages, with monaco-languageclient, in a browser."""
