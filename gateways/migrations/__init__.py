"""How the schema came to be, one step per file; run by `migrate` in gateways/database.py."""
