"""The driving side: what members do in Discord becomes calls of our services."""
