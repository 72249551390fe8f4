"""Rules of the effect catalogue, checked by running what they are about.

``python -m tests.analysis.rulerun [LIBRARY…]`` prints how many calls were run and what they did that no rule says.
"""
