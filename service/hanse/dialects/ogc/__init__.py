"""OGC API Features 1.0 (OGC 17-069r4, Core, OpenAPI 3.0, GeoJSON): areas with their figures.

A collection is a dataset at one level; a feature is one area, with one column per indicator and one
with its status. Lost: one answer has one period and one code of each breakdown (`period=2023`,
`SEX=F`; else the newest and the total), and says on every feature which; units, names of indicators
and definitions stand in the schema of the collection; the kind of confidentiality (always `C`
beside `Q`) has no column. A status of null says that the release has no such cell.
"""
