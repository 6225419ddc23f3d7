"""The pure half of payouts: who is due, what a payout may become, what is posted, what differs."""
