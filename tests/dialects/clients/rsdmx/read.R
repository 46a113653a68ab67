# Reads a dataset with rsdmx: its flows and structure, then its data with labels from the structure.
suppressPackageStartupMessages({library(rsdmx); library(jsonlite)})
question <- fromJSON(file("stdin"))
sink(stderr())  # it tells what it fetches on standard output
url <- paste0(question$url, "/sdmx/2.1")
builder <- SDMXREST21RequestBuilder(regUrl = url, repoUrl = url, compliant = TRUE)
addSDMXServiceProvider(SDMXServiceProvider(agencyId = question$agency, name = "Node", builder = builder))
flows <- as.data.frame(readSDMX(providerId = question$agency, resource = "dataflow"))
stopifnot(question$flow %in% flows$id)
data <- readSDMX(providerId = question$agency, resource = "data", flowRef = question$flow, dsd = TRUE,
                 headers = as.list(question$headers))
cells <- as.data.frame(data, labels = TRUE)
stopifnot("REF_AREA_label.en" %in% names(cells) || any(grepl("REF_AREA_label", names(cells))))
sink()
for (row in seq_len(nrow(cells))) {
  cell <- cells[row, ]
  value <- suppressWarnings(as.numeric(cell$obsValue))
  key <- c(tolower(cell$INDICATOR), cell$AREA_LEVEL, cell$REF_AREA, cell$obsTime, cell$SEX)
  cat(toJSON(list(as.character(key), if (is.na(value)) NULL else unbox(value), unbox(as.character(cell$OBS_STATUS))),
             digits = NA, null = "null"), "\n", sep = "")
}
