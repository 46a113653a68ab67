"""Levels, vintages, areas and the correspondences between them, as immutable values."""

from hanse.areas.area import Area as Area
from hanse.areas.area import AreaKind as AreaKind
from hanse.areas.correspondence import Correspondence as Correspondence
from hanse.areas.correspondence import Row as Row
from hanse.areas.correspondence import RowType as RowType
from hanse.areas.detection import Detection as Detection
from hanse.areas.level import Level as Level
from hanse.areas.level import LevelKind as LevelKind
from hanse.areas.mergers import Merger as Merger
from hanse.areas.registry import Registry as Registry
