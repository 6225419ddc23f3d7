"""The pure half of deductions: what recoups, what waits, what is contested, what is withheld."""
