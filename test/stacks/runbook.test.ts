// docs/runbook.md has an entry for each alarm and for nothing else, and each alarm's description leads to its own.
import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { graphOf, ofType, WITH_KEYS } from "../support/resource-graph.ts";

test("every alarm has its entry: for people, look, mend", async () => {
  const [graph, runbook] = await Promise.all([
    graphOf("production", WITH_KEYS),
    readFile(new URL("../../docs/runbook.md", import.meta.url), "utf8"),
  ]);
  const entries = runbook.split(/^## /m).slice(1);
  const alarms = ofType(graph, "aws:cloudwatch/metricAlarm:MetricAlarm");
  const names = alarms.map(({ name }) => name.replace(/Alarm$/, ""));
  expect(entries.map((entry) => entry.split("\n")[0]).toSorted()).toEqual(names.toSorted());
  for (const entry of entries) expect(entry).toMatch(/\*\*For people:\*\*.*\n\*\*Look:\*\*.*\n\*\*Mend:\*\*/);
  for (const [n, { inputs }] of alarms.entries()) {
    expect(inputs["alarmDescription"]).toMatch(new RegExp(`docs/runbook\\.md#${names[n]?.toLowerCase()}$`));
  }
});
