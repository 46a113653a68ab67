// Reads JSON-stat from addresses with the JSON-stat toolkit.
import { readFileSync } from "node:fs";
import JSONstat from "jsonstat-toolkit";

const { tables } = JSON.parse(readFileSync(0, "utf8"));
for (const { url, level, headers } of tables) {
  const data = await JSONstat(url, { method: "GET", headers });
  const names = data.id;
  const breakdowns = names.filter((name) => !["INDICATOR", "REF_AREA", "TIME_PERIOD"].includes(name));
  data.toTable({ type: "arrobj", content: "id", status: true, field: "id" }).forEach((row) => {
    const status = row.status ?? "A";
    if (status === "_Z") return;
    const key = [row.INDICATOR.toLowerCase(), level, row.REF_AREA, row.TIME_PERIOD, ...breakdowns.map((name) => row[name])];
    console.log(JSON.stringify([key, row.value ?? null, status]));
  });
}
