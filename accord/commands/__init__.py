"""One module a command: its words for people, and what it prints. Each imports what it needs when it runs."""
