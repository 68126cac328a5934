"""The stand-in slides: tissue, glands and nuclei laid out, stained, scanned and written whole."""
