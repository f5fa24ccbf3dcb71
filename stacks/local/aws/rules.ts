// The rules of the bus: the blueprint's own, and those that a user registers with EventBridge's API; the latter outlive the process.
import { join } from "node:path";
import * as z from "zod";
import { functionName } from "../../blueprint/functions.ts";
import { ACCOUNT_ID, BUS_NAME, busArn, functionArn, queueArn, ruleArn } from "./arns.ts";
import { AwsError, parseInput } from "./aws-error.ts";
import { matchesPattern, parsePattern, type EventPattern } from "./event-pattern.ts";
import { keptJson } from "../kept-json.ts";

/** A rule of the blueprint: one pattern, one function. */
export interface BlueprintRule {
  name: string;
  /** Ours, or the account's default bus, where AWS's services speak. */
  bus: Bus;
  pattern: EventPattern;
  /** The function, as the path of its file. */
  handler: string;
}

export type Bus = typeof BUS_NAME | "default";

/** Where an event goes. */
export interface Target {
  arn: string;
  ruleArn: string;
  /** The queue for what could not be delivered. */
  deadLetterArn: string;
}

const LIST = z.object({
  NamePrefix: z.string().default(""),
  Limit: z.int().min(1).max(100).default(100),
  NextToken: z.string().optional(),
});
const LIST_RULES = LIST.extend({ EventBusName: z.string().default("default") });
const BUS = z.object({ Name: z.string().default("default") });
const PUT_RULE = z.object({
  Name: z.string().regex(/^[.\w-]{1,64}$/),
  EventBusName: z.string().default("default"),
  EventPattern: z.string({ error: "is needed: the local bus knows no schedules" }),
  State: z.enum(["ENABLED", "DISABLED"]).default("ENABLED"),
});
const RULE = z.object({ Rule: z.string(), EventBusName: z.string().default("default") });
/** Strict: an input transformer that is silently left out would be worse than an error. */
const TARGET = z.strictObject({
  Id: z.string(),
  Arn: z.string(),
  RoleArn: z.string().optional(),
  DeadLetterConfig: z.object({ Arn: z.string() }).optional(),
  RetryPolicy: z.looseObject({}).optional(),
});
const PUT_TARGETS = RULE.extend({ Targets: z.array(TARGET).min(1).max(5) });
const REMOVE_TARGETS = RULE.extend({ Ids: z.array(z.string()) });
const DELETE_RULE = z.object({ Name: z.string(), EventBusName: z.string().default("default") });

const REGISTERED = z.array(
  z.object({
    name: z.string(),
    pattern: z.unknown().transform(parsePattern),
    enabled: z.boolean(),
    targets: z.array(z.object({ id: z.string(), arn: z.string(), deadLetterArn: z.string() })),
  }),
);

/** For targets without a queue of their own: nothing is dropped on this machine. */
export const OTHER_DEAD_LETTERS = "dead-letters";

/** The queue of what a rule's function could not take: `generation-requested-dead-letters`. */
export function deadLettersOf(rule: string): string {
  return `${rule}-dead-letters`;
}

/** The same queue by its function: where Lambda's on-failure destination of that function leads in the cloud. */
export function deadLettersOfFunction(rules: readonly BlueprintRule[], name: string): string {
  const rule = rules.find(({ handler }) => functionName(handler) === name);
  return rule ? deadLettersOf(rule.name) : OTHER_DEAD_LETTERS;
}

export interface Rules {
  /** Where this event on this bus goes. */
  targetsOf(bus: Bus, event: unknown): Target[];
  /** The operations by name; they throw AwsError. */
  operations: Record<string, (request: unknown) => unknown>;
}

/** @param mayBeTarget says whether there is such a function, queue or API destination */
export async function openRules(
  blueprint: readonly BlueprintRule[],
  mayBeTarget: (arn: string) => boolean,
  directory: string,
): Promise<Rules> {
  const own = blueprint.map(({ name, bus, pattern, handler }) => ({
    name,
    bus,
    pattern: parsePattern(pattern),
    target: {
      arn: functionArn(functionName(handler)),
      ruleArn: ruleArn(bus === "default" ? name : `${bus}/${name}`),
      deadLetterArn: queueArn(deadLettersOf(name)),
    },
  }));
  const kept = await keptJson(join(directory, "rules.json"), REGISTERED, []);
  const registered = kept.value;

  function find(name: string, bus: string) {
    expectOurBus(bus);
    const rule = registered.find((one) => one.name === name);
    if (!rule) throw new AwsError("ResourceNotFoundException", `Rule ${name} does not exist on EventBus ${bus}.`);
    return rule;
  }

  function rulesOf(bus: Bus) {
    const others = bus === BUS_NAME ? registered : [];
    return [...own.filter((rule) => rule.bus === bus), ...others].map((rule) => describe(bus, rule));
  }

  return {
    targetsOf(bus, event) {
      const ours = own.filter((rule) => rule.bus === bus && matchesPattern(rule.pattern, event));
      const others = registered.filter(
        ({ enabled, pattern }) => bus === BUS_NAME && enabled && matchesPattern(pattern, event),
      );
      return [
        ...ours.map(({ target }) => target),
        ...others.flatMap(({ name, targets }) =>
          targets.map(({ arn, deadLetterArn }) => ({ arn, deadLetterArn, ruleArn: ruleArn(`${BUS_NAME}/${name}`) })),
        ),
      ];
    },

    operations: {
      async PutRule(request) {
        const { Name, EventBusName, EventPattern, State } = parseInput(PUT_RULE, request);
        expectOurBus(EventBusName);
        if (own.some(({ name }) => name === Name)) {
          throw new AwsError("ManagedRuleException", `${Name} is a rule of the project itself: choose another name.`);
        }
        const pattern = patternOf(EventPattern);
        const there = registered.find(({ name }) => name === Name);
        if (there) Object.assign(there, { pattern, enabled: State === "ENABLED" });
        else registered.push({ name: Name, pattern, enabled: State === "ENABLED", targets: [] });
        await kept.save();
        return { RuleArn: ruleArn(`${BUS_NAME}/${Name}`) };
      },
      async PutTargets(request) {
        const { Rule, EventBusName, Targets } = parseInput(PUT_TARGETS, request);
        const rule = find(Rule, EventBusName);
        for (const { Arn } of Targets) {
          if (mayBeTarget(Arn)) continue;
          const known = "The local bus delivers to functions, queues and API destinations of this machine.";
          throw new AwsError("ValidationException", `${Arn} is no target. ${known}`);
        }
        for (const { Id, Arn, DeadLetterConfig } of Targets) {
          const deadLetterArn = DeadLetterConfig?.Arn ?? queueArn(OTHER_DEAD_LETTERS);
          rule.targets = [...rule.targets.filter(({ id }) => id !== Id), { id: Id, arn: Arn, deadLetterArn }];
        }
        await kept.save();
        return { FailedEntryCount: 0, FailedEntries: [] };
      },
      async RemoveTargets(request) {
        const { Rule, EventBusName, Ids } = parseInput(REMOVE_TARGETS, request);
        const rule = find(Rule, EventBusName);
        rule.targets = rule.targets.filter(({ id }) => !Ids.includes(id));
        await kept.save();
        return { FailedEntryCount: 0, FailedEntries: [] };
      },
      async DeleteRule(request) {
        const { Name, EventBusName } = parseInput(DELETE_RULE, request);
        const rule = find(Name, EventBusName);
        if (rule.targets.length > 0) {
          throw new AwsError("ValidationException", "Rule can't be deleted since it has targets.");
        }
        registered.splice(registered.indexOf(rule), 1);
        await kept.save();
        return {};
      },
      ListRules(request) {
        const asked = parseInput(LIST_RULES, request);
        const { page, ...more } = pageOf(rulesOf(busNamed(asked.EventBusName)), asked);
        return { Rules: page, ...more };
      },
      DescribeRule(request) {
        const { Name, EventBusName } = parseInput(DELETE_RULE, request);
        const rule = rulesOf(busNamed(EventBusName)).find((one) => one.Name === Name);
        if (rule) return { ...rule, CreatedBy: ACCOUNT_ID };
        throw new AwsError("ResourceNotFoundException", `Rule ${Name} does not exist on EventBus ${EventBusName}.`);
      },
      ListEventBuses(request) {
        const { page, ...more } = pageOf(BUSES.map(describeBus), parseInput(LIST, request));
        return { EventBuses: page, ...more };
      },
      DescribeEventBus: (request) => describeBus(busNamed(parseInput(BUS, request).Name)),
      ListTargetsByRule(request) {
        const { Rule, EventBusName } = parseInput(RULE, request);
        const bus = busNamed(EventBusName);
        const ours = own.find((one) => one.name === Rule && one.bus === bus)?.target;
        const targets = ours ? [{ id: "function", ...ours }] : find(Rule, EventBusName).targets;
        return {
          Targets: targets.map(({ id, arn, deadLetterArn }) => ({
            Id: id,
            Arn: arn,
            DeadLetterConfig: { Arn: deadLetterArn },
          })),
        };
      },
    },
  };
}

function describe(
  bus: Bus,
  { name, pattern, enabled = true }: { name: string; pattern: EventPattern; enabled?: boolean },
) {
  return {
    Name: name,
    Arn: ruleArn(bus === "default" ? name : `${bus}/${name}`),
    EventPattern: JSON.stringify(pattern),
    EventBusName: bus,
    State: enabled ? "ENABLED" : "DISABLED",
  };
}

const BUSES: readonly Bus[] = ["default", BUS_NAME];

function describeBus(bus: Bus) {
  return { Name: bus, Arn: busArn(bus) };
}

/** By its name or its ARN. @throws AwsError */
function busNamed(nameOrArn: string): Bus {
  const bus = BUSES.find((one) => nameOrArn === one || nameOrArn === busArn(one));
  if (bus) return bus;
  throw new AwsError("ResourceNotFoundException", `Event bus ${nameOrArn} does not exist; the bus is ${BUS_NAME}.`);
}

/** A token is the number of items before the page. */
function pageOf<T extends { Name: string }>(
  all: readonly T[],
  { NamePrefix, Limit, NextToken = "0" }: z.infer<typeof LIST>,
) {
  const items = all.filter(({ Name }) => Name.startsWith(NamePrefix));
  const end = Number(NextToken) + Limit;
  if (!Number.isSafeInteger(end)) throw new AwsError("ValidationException", `Invalid NextToken: ${NextToken}`);
  return { page: items.slice(Number(NextToken), end), ...(end < items.length && { NextToken: String(end) }) };
}

/** Whether a name or an ARN means the bus of this machine. */
export function isOurBus(nameOrArn: string | undefined): boolean {
  return nameOrArn === BUS_NAME || nameOrArn === busArn(BUS_NAME);
}

function expectOurBus(nameOrArn: string): void {
  if (!isOurBus(nameOrArn)) {
    throw new AwsError("ResourceNotFoundException", `Event bus ${nameOrArn} does not exist; the bus is ${BUS_NAME}.`);
  }
}

function patternOf(text: string): EventPattern {
  try {
    return parsePattern(JSON.parse(text));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new AwsError("InvalidEventPatternException", `Event pattern is not valid. Reason: ${reason}`);
  }
}
