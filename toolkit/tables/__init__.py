"""The canonical tables: what their columns are, and the checks that every table passes once."""

from toolkit.tables.cells import RefusedCell
from toolkit.tables.checks import check_table, name_faults, table_definition
from toolkit.tables.definitions import PARTS, TABLES, Column, TableDefinition
from toolkit.tables.faults import Fault, Places, TableData, TableError, did_you_mean, form_of, shown
from toolkit.tables.links import check_links

__all__ = [
    "PARTS",
    "TABLES",
    "Column",
    "Fault",
    "Places",
    "RefusedCell",
    "TableData",
    "TableDefinition",
    "TableError",
    "check_links",
    "check_table",
    "did_you_mean",
    "form_of",
    "name_faults",
    "shown",
    "table_definition",
]
