"""OData 4.0: a wide set per dataset for spreadsheets, and the layout of CBS that tools know.

Lost: `$expand`, `$batch`, `$search`, `$apply` and `$compute` are not offered (501, never ignored).
In the CBS layout a dataset stands once per area level, `PROEF__GEMEENTE_2025`, since its codes of
regions carry no level; periods have the codes of CBS (`2024JJ00`, `2023SJ00`, `2024KW01`).
That figures are perturbed is said in the description of the dataset and in the header `Sdc-Method`
of its rows; the rows themselves have no place for it.
"""
