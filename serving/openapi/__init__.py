"""The service's OpenAPI document."""
