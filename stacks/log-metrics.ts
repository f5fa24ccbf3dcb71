// Metrics from the logs: one for each counted code, under the same name.
import { functionName } from "./blueprint/functions.ts";
import { COUNTED_EVENTS } from "./counted-events.ts";
import { functionLogName, type Functions } from "./functions.ts";

/** Where the metrics of a stage are. */
export function metricNamespace(): string {
  return `${$app.name}-${$app.stage}`;
}

/** Counts each code in the log of each function that writes it. */
export function countLogLines(functions: Functions): void {
  for (const [event, { writtenBy, values = {} }] of Object.entries(COUNTED_EVENTS)) {
    for (const handler of writtenBy) {
      const isEvent = `$.event = "${event}"`;
      // Without a default nothing is reported, and paid for, in an hour in which nothing was counted.
      createFilter(functions, handler, event, `{ ${isEvent} }`, "1");
      for (const [metric, { of }] of Object.entries(values)) {
        createFilter(functions, handler, metric, `{ (${isEvent}) && (${of} >= 0) }`, of);
      }
    }
  }
}

function createFilter(functions: Functions, handler: string, metric: string, pattern: string, value: string): void {
  const namespace = metricNamespace();
  const name = functionName(handler);
  new aws.cloudwatch.LogMetricFilter(
    `${pascal(metric)}In${pascal(name)}`,
    {
      name: `${namespace}-${metric}-${name}`,
      logGroupName: functionLogName(handler),
      pattern,
      metricTransformation: { name: metric, namespace, value },
    },
    { dependsOn: functions(handler) },
  );
}

/** `delivery_lost` and `enhance-media` -> `DeliveryLost` and `EnhanceMedia`. */
function pascal(name: string): string {
  return name.replace(/(?:^|[-_])([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
