"""Compiled pipelines in real containers, in an image that holds no kale-lite: ``python -m tests.kfp.docker``."""
