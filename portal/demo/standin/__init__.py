"""A stand-in for Stripe, for the demo and the tests: our own, stateful, on the loopback address."""
