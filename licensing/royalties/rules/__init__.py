"""The pure half of royalties: when a play counts, and how a month's money is divided."""
