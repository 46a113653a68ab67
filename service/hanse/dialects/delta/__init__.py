"""Delta Sharing: releases as tables, and their files over byte ranges.

A share is the agency, a schema the theme, a table the dataset, a version the number of a release.
The columns are those of the cells (`indicator`, `level`, `area`, `period`, breakdowns, `obs_value`,
`obs_status`, `conf_status`). Source: delta-io/delta-sharing, PROTOCOL.md.

Lost:
    labels           only of columns, as comments; codes stay codes
    predicate hints  are taken and not used: a reader gets the one file of its view, and filters
    limit hint       the same: the file has all rows, the client stops where it likes
    startingVersion  of a query is refused: changes have their own question
    directories      no temporary credentials; files are had by address alone
    withdrawals      a withdrawn version is a commit that takes back what it said; of what it said
                     itself no more than keys are left
"""
