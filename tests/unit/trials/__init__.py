"""Tests of tilewright.trials."""
