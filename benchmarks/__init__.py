"""Measurements that anyone can run again, side by side with other people's tools."""
