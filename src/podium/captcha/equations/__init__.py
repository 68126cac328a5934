"""Captchas of several lines: variables are given their values, and an expression uses them."""
