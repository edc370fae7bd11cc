"""Reading back what was given: one lead with its history, and the list that both teams work from."""
