"""A trained model behind a small web page and a JSON endpoint on this machine."""
