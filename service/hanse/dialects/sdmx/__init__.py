"""SDMX: REST 1.5 with SDMX 2.1 messages and REST 2.x with SDMX 3.0 messages.

One dataflow per dataset, its data structure under the same id (rsdmx asks it under the flow's id).
The key is `FREQ . AREA_LEVEL . REF_AREA . breakdowns . INDICATOR . TIME_PERIOD`: an area code means
something only with its level and vintage, so the level is part of the key.

What the standard has no place for travels as annotations `hanse:<field>` on the indicator's code;
what is lost is told here:

| ours | in SDMX | lost |
|---|---|---|
| indicator id | its code, in capitals | nothing: ids are lower case |
| breakdown or area code with other characters | minted id | nothing: annotation `hanse:notation` |
| texts in three languages | one language an answer, by `Accept-Language` | nothing: ask again |
| another name in an older vintage | annotation `hanse:name@<level>` | nothing |
| no value: hidden | no value, `OBS_STATUS` Q, `CONF_STATUS` C | nothing |
| figures that are perturbed | `hanse:sdc_method`, `Source` in XML | CSV: only in a header |
| parent of a breakdown code | annotation `hanse:parent` | the tree is not a hierarchy artefact |
"""
