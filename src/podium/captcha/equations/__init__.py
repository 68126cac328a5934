"""Captchas of several lines: assignments of variables, and an expression that uses them."""
