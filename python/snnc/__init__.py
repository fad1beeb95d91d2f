"""The compiler snnc for spiking neural networks, from Python."""
