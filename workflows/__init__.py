"""The story: one durable workflow per relationship, told in scenes."""
