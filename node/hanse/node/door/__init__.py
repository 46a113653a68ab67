"""The one door figures leave by."""

from hanse.node.door.door import Door as Door
