"""How dates and times are written where no page says it itself: days in words, times with their zone."""
