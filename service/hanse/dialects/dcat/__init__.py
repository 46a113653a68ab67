"""DCAT: what there is, as a graph that open data portals harvest.

One graph, with views of it: DCAT-AP 3.0.1, its Flemish profile (`vl`), the Belgian federal profile
(`be`); the properties of StatDCAT-AP 1.0.1 stand in every view. Source: `dialects.dcat.graph` says
of each property which profile wants it. What is lost, and what is said otherwise:

| ours | in DCAT | lost |
|---|---|---|
| dataset, with its texts in three languages | `dcat:Dataset`, tagged literals | nothing |
| indicators | `dcat:keyword`, `stat:statUnitMeasure` | definition, aggregation, breaks, threshold |
| breakdowns | `stat:dimension` | their codes: SDMX has them |
| area levels | `dct:spatial` is the publisher's own area | the levels |
| periods | `dct:temporal` from the first to the last, `dct:accrualPeriodicity` the finest | holes |
| current release | `dcat:version`, `adms:versionNotes`, `dct:modified` | earlier releases |
| how many cells are hidden | `dqv:hasQualityAnnotation`, of open data | nothing |
| by which method figures are perturbed | `dqv:hasQualityAnnotation` | nothing |
| under protocol | RESTRICTED (`vl`: NON_PUBLIC), `odrl:hasPolicy`, no distribution | nothing |
| withdrawn | status WITHDRAWN, the reason, no distribution; the URI stays | nothing |
| how old the index's knowledge is | description of the `dcat:CatalogRecord` | nothing |
| theme of our own | theme of the EU list, else "regions and cities" | its own word: a keyword |
"""
