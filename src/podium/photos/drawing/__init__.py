"""The stand-in cats and dogs: bodies cast into relief, coats, scenes, a camera."""
