"""Statements as files, for people, spreadsheets and programs."""
