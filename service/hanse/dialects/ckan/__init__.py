"""CKAN: the list of datasets in the words of CKAN's action API, to read only.

Source: CKAN 2.11, "API guide"; what `ckanapi` and the CKAN harvester send. There is no raw SQL.

| ours | in CKAN | lost |
|---|---|---|
| dataset | package; its id is a UUID of its URI, its name `agency-slug` | nothing |
| texts in three languages | one each, in the catalogue's language | the others: DCAT |
| publisher | organization | nothing |
| theme | group | nothing |
| files | resources, of open data only | services: DCAT |
| access, identifier, release, age | `extras` | nothing |
| withdrawn | title with "[Ingetrokken]", no resources, extra `withdrawn` | nothing |
"""
