"""What every processor version sounded like when it was new, kept as short arrays."""
