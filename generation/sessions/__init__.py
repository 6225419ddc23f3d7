"""Live sessions: endless pieces that are planned while they play, and steered."""
