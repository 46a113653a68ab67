"""Where Belgian areas lie, roughly, by their NIS code: for tile maps of areas without boundaries.

The first two figures of a municipality's code are its arrondissement's (Statbel, NIS codes). The
place is that of its main town in degrees; two municipalities of one arrondissement share it, and
lie beside each other on the map.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

ARRONDISSEMENTS: Final[Mapping[str, tuple[float, float]]] = MappingProxyType(
    {
        "11": (4.40, 51.22), "12": (4.48, 51.03), "13": (4.94, 51.32),
        "21": (4.35, 50.85), "23": (4.23, 50.74), "24": (4.70, 50.88), "25": (4.58, 50.68),
        "31": (3.22, 51.21), "32": (2.86, 51.03), "33": (2.88, 50.85), "34": (3.27, 50.83),
        "35": (2.92, 51.22), "36": (3.12, 50.94), "37": (3.33, 51.00), "38": (2.66, 51.07),
        "41": (4.04, 50.94), "42": (4.10, 51.03), "43": (3.57, 51.19), "44": (3.72, 51.05),
        "45": (3.61, 50.84), "46": (4.14, 51.17),
        "51": (3.78, 50.63), "52": (4.44, 50.41), "53": (3.95, 50.45), "54": (3.21, 50.74),
        "55": (4.07, 50.58), "56": (4.29, 50.34), "57": (3.39, 50.61), "58": (4.19, 50.48),
        "61": (5.24, 50.52), "62": (5.57, 50.63), "63": (5.86, 50.59), "64": (5.25, 50.70),
        "71": (5.34, 50.93), "72": (5.79, 51.10), "73": (5.47, 50.78),
        "81": (5.81, 49.68), "82": (5.72, 50.00), "83": (5.34, 50.23), "84": (5.43, 49.84),
        "85": (5.53, 49.57), "91": (4.91, 50.26), "92": (4.87, 50.47), "93": (4.54, 50.20),
    }
)  # fmt: skip
"""Longitude and latitude (WGS84) by the first two figures of a NIS code."""

NIS_LETTERS: Final = 5


def place(code: str) -> tuple[float, float] | None:
    """Return longitude and latitude of a municipality's main town nearby, None where unknown."""
    return ARRONDISSEMENTS.get(code[:2]) if len(code) == NIS_LETTERS else None
