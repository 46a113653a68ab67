// Reads the wide rows of a dataset with o.js; it gives the first page only.
import { readFileSync } from "node:fs";
import { o } from "o.js";

const question = JSON.parse(readFileSync(0, "utf8"));
const service = o(`${question.url}/odata/v4/`, { headers: question.headers });
const rows = await service.get(question.set).query({ $filter: question.filter });
for (const row of rows) {
  const key = [row.Indicator, row.GeoLevel, row.RefArea, row.Period, ...question.dimensions.map((name) => row[name])];
  console.log(JSON.stringify([key, row.Value, row.ObsStatus]));
}
