"""Every (reverse-)mentoring relationship of an organisation as one durable Temporal workflow."""

__version__ = "0.1.0"
