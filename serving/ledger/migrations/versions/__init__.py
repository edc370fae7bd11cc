"""One module a migration; ``revision`` is its number, which the module's name begins with."""
