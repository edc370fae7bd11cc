"""The history: what the CRM knows, as five checked tables, whatever export it comes from."""
