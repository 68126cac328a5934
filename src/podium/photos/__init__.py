"""Photographs: from labelled pictures to class probabilities by fused bottleneck features."""
