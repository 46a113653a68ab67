"""What `hanse demo` prints once everything runs: addresses, the sign-in, six things to try."""

from hanse.cli.demo.cast import CITIES, PROVINCE_CLIENT, PROVINCE_NAME, PUBLISHER, PURPOSE
from hanse.cli.demo.staging import Stage


def text(stage: Stage) -> str:
    """Return the tour."""
    nodes = "\n".join(f"  {city.name:12} {stage.node_url(city)}/" for city in CITIES)
    return f"""
Every figure here is generated: voorbeelddata.

Addresses
  {"catalogue":12} {stage.catalogue_url}/
{nodes}

Sign-in of {PROVINCE_NAME}, client {PROVINCE_CLIENT}; in another terminal:
  export HANSE_CONFIG={stage.config} HANSE_PURPOSE={PURPOSE}

Pages of a city's people (say who you are; no password): who received what, refusals, changes
  {stage.node_url(CITIES[1])}/nl/sign-in, then {stage.node_url(CITIES[1])}/nl/reports

Tour
  1  open {stage.catalogue_url}/nl/?q=jongeren and follow a subject: cities side by side
  2  hanse search jongeren
  3  hanse compare v1101_t -p 2018:2025
  4  hanse pull welzijn/v1401_leefloon --city Aalst -g wijk
  5  hanse explain welzijn/v1401_leefloon --city Aalst -g wijk:41002W901 -p 2019
  6  hanse pull welzijn/v1401_leefloon --city Turnhout -g wijk

A tool without a key (Excel, Power BI, PxWeb, SDMX, QGIS …) reads with a feed token, in any dialect:
  hanse token new --client {PROVINCE_CLIENT} --label demo --purpose {PURPOSE} --as {PUBLISHER} \\
    --home {stage.node_home(CITIES[1])}

Ctrl-C stops everything."""
