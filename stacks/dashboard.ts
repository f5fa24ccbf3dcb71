// One CloudWatch dashboard per stage: starts, ends, costs, and what waits for an operator.
import { functionName } from "./blueprint/functions.ts";
import { WORKFLOW_FUNCTIONS } from "./blueprint/workflow.asl.ts";
import { SCHEDULES } from "./blueprint/rules.ts";
import type { Watched } from "./alarms.ts";
import { metricsOf, PANELS } from "./counted-events.ts";
import { metricNamespace } from "./log-metrics.ts";

/** A line of a graph, as CloudWatch writes it (AWS: "Dashboard body structure and syntax", metrics). */
type Line = [
  namespace: string,
  metric: string,
  ...dimensions: ($util.Input<string> | { stat: string; label?: string })[],
];

interface Graph {
  title: string;
  lines: Line[];
}

const PERIOD_SECONDS = 300;
/** A dashboard is 24 columns wide. */
const GRAPH = { width: 8, height: 6 };
const ACROSS = 3;

/** @returns the dashboard, whose name is the stage's */
export function createDashboard(watched: Watched): aws.cloudwatch.Dashboard {
  const region = aws.getRegionOutput().region;
  const widgets = [...loggedGraphs(), ...awsGraphs(watched)].map(({ title, lines }, n) => ({
    type: "metric",
    x: (n % ACROSS) * GRAPH.width,
    y: Math.floor(n / ACROSS) * GRAPH.height,
    ...GRAPH,
    properties: { title, region, view: "timeSeries", period: PERIOD_SECONDS, metrics: lines },
  }));
  return new aws.cloudwatch.Dashboard("Dashboard", {
    dashboardName: metricNamespace(),
    dashboardBody: $jsonStringify({ widgets }),
  });
}

function loggedGraphs(): Graph[] {
  return (Object.keys(PANELS) as (keyof typeof PANELS)[]).map((panel) => {
    const { title, stats } = PANELS[panel];
    const lines = metricsOf(panel).flatMap((metric) =>
      stats.map((stat): Line => {
        const label = stats.length === 1 ? metric : `${metric} ${stat}`;
        return [metricNamespace(), metric, { stat, label }];
      }),
    );
    return { title, lines };
  });
}

function awsGraphs({ api, machine, functions, deadLetters }: Watched): Graph[] {
  const stage = ["ApiId", api.gateway.nodes.api.id, "Stage", "$default"] as const;
  const states = ["StateMachineArn", machine.arn] as const;
  const drivers = [...Object.values(WORKFLOW_FUNCTIONS), SCHEDULES[0].handler];
  return [
    {
      title: "API: calls and errors",
      lines: ["Count", "4xx", "5xx"].map((metric): Line => ["AWS/ApiGateway", metric, ...stage, { stat: "Sum" }]),
    },
    {
      title: "API: how long an answer takes (ms)",
      lines: ["p50", "p99"].map((stat): Line => ["AWS/ApiGateway", "Latency", ...stage, { stat, label: stat }]),
    },
    {
      title: "Workflows",
      lines: [
        "ExecutionsStarted",
        "ExecutionsSucceeded",
        "ExecutionsFailed",
        "ExecutionsTimedOut",
        "ExecutionsAborted",
      ].map((metric): Line => ["AWS/States", metric, ...states, { stat: "Sum" }]),
    },
    {
      title: "Errors and throttles of the steps and the sweeper",
      lines: drivers.flatMap((handler) =>
        ["Errors", "Throttles"].map((metric): Line => {
          const label = `${functionName(handler)} ${metric.toLowerCase()}`;
          return ["AWS/Lambda", metric, "FunctionName", functions(handler).name, { stat: "Sum", label }];
        }),
      ),
    },
    {
      title: "Dead letters that wait for an operator",
      lines: [...deadLetters].map(([handler, queue]): Line => {
        const label = functionName(handler);
        return ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", queue.name, { stat: "Maximum", label }];
      }),
    },
  ];
}
