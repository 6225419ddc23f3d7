"""How dates and times are written where no page says it itself: in words, with their zone."""
