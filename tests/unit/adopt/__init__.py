"""Tests of the judge of foreign cores."""
