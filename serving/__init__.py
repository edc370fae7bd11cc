"""The service: the REST contract over BentoML."""
