"""Build the rooms from the settings."""
