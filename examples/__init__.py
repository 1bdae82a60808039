"""Things to copy: a roster, a programme with every number explained, a host that embeds mentoring in its own worker."""
