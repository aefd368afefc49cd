"""Tests of the receiver: python3 -m unittest, from the folder above."""
