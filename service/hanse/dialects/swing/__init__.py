"""Swing workbooks: read every layout into cells and indicators, and write the same shape back."""

from hanse.dialects.swing.encode import encode as encode
from hanse.dialects.swing.grid import Grid as Grid
from hanse.dialects.swing.grid import Role as Role
from hanse.dialects.swing.grid import assemble as assemble
from hanse.dialects.swing.grid import empty_cells as empty_cells
from hanse.dialects.swing.grid import raw_schema as raw_schema
from hanse.dialects.swing.workbook import Remark as Remark
from hanse.dialects.swing.workbook import Shape as Shape
from hanse.dialects.swing.workbook import SwingWorkbook as SwingWorkbook
from hanse.dialects.swing.workbook import combine as combine
from hanse.dialects.swing.workbook import decode as decode
from hanse.dialects.swing.workbook import descriptions as descriptions
