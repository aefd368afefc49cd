"""A receiver of level Basic in Python, made from spec/ alone, with nothing but the standard library."""
