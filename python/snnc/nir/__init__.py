"""NIR, the Neuromorphic Intermediate Representation (``.nir``), in and out.

``docs/nir.md`` says what becomes of each primitive and how the libraries that write such files read them.
``h5py`` is needed to read files and ``nir`` to write: ``pip install 'snnc[nir]'``.
"""

from .convention import CONVENTIONS, Convention
from .errors import NirError, NirWarning
from .reader import from_nir
from .writer import to_nir

__all__ = ["CONVENTIONS", "Convention", "NirError", "NirWarning", "from_nir", "to_nir"]
