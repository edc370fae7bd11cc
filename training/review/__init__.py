"""What came of the leads that were handed over: the promises, how the two teams do, what was lost, and why."""
