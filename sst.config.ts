/// <reference path=".sst/platform/config.d.ts" />
// What `sst deploy` makes of this project in an AWS account: the stacks by name, in order.

export default $config({
  app(input) {
    const production = input.stage === "production";
    return {
      name: "kling-media",
      home: "aws",
      // Production keeps its table and its bucket, whatever is removed; `sst remove` refuses it altogether.
      removal: production ? "retain" : "remove",
      protect: production,
      providers: { aws: { version: "7.20.0" } },
    };
  },

  async run() {
    const { readSettings } = await import("./stacks/settings.ts");
    const { preflight } = await import("./stacks/preflight.ts");
    const { disarmLinks } = await import("./stacks/links.ts");
    const { createStorage, openToPages } = await import("./stacks/storage.ts");
    const { createSecrets } = await import("./stacks/secrets.ts");
    const { createBus, createRules } = await import("./stacks/events.ts");
    const { accessInWords, createApi, createRoutes } = await import("./stacks/api.ts");
    const { createIdentity } = await import("./stacks/identity.ts");
    const { createFunctions } = await import("./stacks/functions.ts");
    const { createWorkflow } = await import("./stacks/workflow.ts");
    const { createAlarms } = await import("./stacks/alarms.ts");
    const { createDashboard } = await import("./stacks/dashboard.ts");
    const { countLogLines } = await import("./stacks/log-metrics.ts");
    const { OPERATOR_CALLS } = await import("./stacks/blueprint/rules.ts");

    const settings = readSettings();
    const { name: app, stage } = $app;
    const offline = process.env["OFFLINE_GRAPH"] === "1";
    const notes = await preflight({ app, stage, settings, environment: process.env, offline });
    const { readsBills, ...secrets } = await createSecrets(settings);
    disarmLinks();
    const storage = createStorage();
    const bus = createBus();
    // The functions need the API's address and the API's routes need the functions: the routes come last.
    const api = createApi(settings);
    openToPages(storage.files, [api.url, ...settings.corsOrigins]);
    const identity = createIdentity(settings, api.url);
    const functions = createFunctions(settings, identity, {
      ...storage,
      ...secrets,
      bus,
      url: api.url,
      sources: settings.sources,
    });
    const machine = createWorkflow(functions);
    createRoutes(api, settings, identity, functions);
    const deadLetters = createRules({ ...settings, readsBills }, bus, machine, functions);
    for (const handler of OPERATOR_CALLS) functions(handler);
    countLogLines(functions);
    const watched = { api, machine, table: storage.table, functions, deadLetters };
    const alarms = createAlarms(settings, watched);
    const dashboard = createDashboard(watched);

    return {
      api: api.url,
      access: accessInWords(settings, identity?.issuer, $app.stage),
      bus: bus.name,
      bucket: storage.files.name,
      alarms: alarms.arn,
      dashboard: dashboard.dashboardName,
      ...(notes.length > 0 && { notes }),
    };
  },
});
