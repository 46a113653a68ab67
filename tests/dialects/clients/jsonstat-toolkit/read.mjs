// Reads JSON-stat from an address with the JSON-stat toolkit.
import { readFileSync } from "node:fs";
import JSONstat from "jsonstat-toolkit";

const question = JSON.parse(readFileSync(0, "utf8"));
const data = await JSONstat(question.url, { method: "GET" });
const names = data.id;
data.toTable({ type: "arrobj", content: "id", status: true, field: "id" }).forEach((row) => {
  const status = row.status ?? "A";
  if (status === "_Z") return;
  const breakdowns = names.filter((name) => !["INDICATOR", "REF_AREA", "TIME_PERIOD"].includes(name));
  const key = [row.INDICATOR.toLowerCase(), question.level, row.REF_AREA, row.TIME_PERIOD, ...breakdowns.map((name) => row[name])];
  console.log(JSON.stringify([key, row.value ?? null, status]));
});
