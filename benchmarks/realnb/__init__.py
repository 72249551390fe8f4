"""The parts of real_notebooks.py: the packages, their examples, environments, runs and edges."""
