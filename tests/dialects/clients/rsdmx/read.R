# Reads datasets with rsdmx: their flows and structure, then their data with labels from the structure.
suppressPackageStartupMessages({library(rsdmx); library(jsonlite)})
read <- function(question) {
  if (!is.null(question$begin)) close(url(question$begin, "r"))
  sink(stderr())  # it tells what it fetches on standard output
  on.exit(sink())
  url <- paste0(question$url, "/sdmx/2.1")
  builder <- SDMXREST21RequestBuilder(regUrl = url, repoUrl = url, compliant = TRUE)
  provider <- paste0("HOUSE", question$number)
  addSDMXServiceProvider(SDMXServiceProvider(agencyId = provider, name = "Node", builder = builder))
  headers <- as.list(question$headers)
  flows <- as.data.frame(readSDMX(providerId = provider, resource = "dataflow", headers = headers))
  stopifnot(question$flow %in% flows$id)
  data <- readSDMX(providerId = provider, resource = "data", flowRef = question$flow, dsd = TRUE,
                   headers = headers)
  cells <- as.data.frame(data, labels = TRUE)
  stopifnot("REF_AREA_label.en" %in% names(cells) || any(grepl("REF_AREA_label", names(cells))))
  cells
}
line <- function(cell) {
  value <- suppressWarnings(as.numeric(cell$obsValue))
  key <- c(tolower(cell$INDICATOR), cell$AREA_LEVEL, cell$REF_AREA, cell$obsTime, cell$SEX)
  toJSON(list(as.character(key), if (is.na(value)) NULL else unbox(value), unbox(as.character(cell$OBS_STATUS))),
         digits = NA, null = "null")
}
for (question in fromJSON(file("stdin"), simplifyVector = FALSE)) {
  cells <- read(question)
  for (row in seq_len(nrow(cells))) cat(line(cells[row, ]), "\n", sep = "")
  cat("null\n")
}
