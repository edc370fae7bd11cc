"""The simulated company: a history whose true probabilities are known, for tests, benchmarks and the demo.

>>> simulated = simulate(Company(leads=50), seed=1)
>>> len(simulated.history.leads), simulated.leaks["row_number"].value
(50, 'identifier')
"""

from crm.simulation.company import Company
from crm.simulation.leaks import Leak
from crm.simulation.simulate import Simulated, simulate
from crm.simulation.truth import Truth

__all__ = ["Company", "Leak", "Simulated", "Truth", "simulate"]
