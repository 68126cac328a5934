"""How networks are trained: devices, batch size, one step, the loop, artefacts."""
