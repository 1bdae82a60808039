"""What is done to the world: thin activities over ports, one method per kind of order."""
