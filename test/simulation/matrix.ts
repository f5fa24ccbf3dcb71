// The fault matrix (RELIABILITY, section 7), line by line: which fault at which call plays it here.

export interface MatrixLine {
  id: string;
  /** As the paper has it. */
  says: string;
  /** Each must have struck in the runs of all single faults: a fault's name, and where. */
  struck?: { fault: string | RegExp; at: RegExp }[];
  /** Stories that are it already, without any fault. */
  stories?: string[];
}

const at = (fault: string | RegExp, where: RegExp) => ({ fault, at: where });
const submit = /^submit-generation\/fal\.submit/;
const status = /^check-status\/fal\.status/;
const result = /^finalize-and-analyze\/fal\.result/;
const video = /^finalize-and-analyze\/web\.GET video/;
const webhook = /^fal\/fal\.webhook/;
const inExecution = /^(submit|check|finalize)/;
const delivers = /^(tell|deliver)-webhooks\//;
const post = /^(tell|deliver)-webhooks\/web\.POST/;
const phases = ["→submitting", "→generating", "→finalizing", "→completed"];

export const MATRIX: readonly MatrixLine[] = [
  { id: "F01", says: "dies before the save", struck: [at("dies before", /^enhance-media\/dynamodb\.PutItem media/)] },
  {
    id: "F02",
    says: "after the save, before StartExecution",
    struck: [at("dies after", /^enhance-media\/dynamodb\.PutItem media/)],
  },
  {
    id: "F03",
    says: "after StartExecution, before 202",
    struck: [at("dies after", /^enhance-media\/states\.StartExecution/)],
  },
  { id: "F04", says: "50 concurrent, one key", stories: ["fifty at once"] },
  { id: "F05", says: "same key, other body / other tenant", stories: ["a video", "one key of two tenants"] },
  {
    id: "F06",
    says: "DynamoDB conflict, throttle, 500, lost response",
    struck: ["throttled for 30 s", "answers 500", "answer lost", "request lost", "arrives late"].map((fault) =>
      at(fault, /dynamodb\./),
    ),
  },
  {
    id: "F07",
    says: "dies after the claim, before the POST",
    struck: [at("dies after", /UpdateItem →submitting/), at("dies before", submit)],
  },
  {
    id: "F08",
    says: "after the POST, before the record",
    struck: [at("dies after", submit), at("dies before", /UpdateItem →generating/)],
  },
  {
    id: "F09",
    says: "response lost after acceptance",
    struck: [at("no answer once it was taken", submit), at("connection reset once it was taken", submit)],
  },
  {
    id: "F10",
    says: "POST never arrives",
    struck: [at("no answer", submit), at("connection refused", submit), at(/^host name unknown/, submit)],
  },
  {
    id: "F11",
    says: "502/503/504, accepted or not",
    struck: [502, 503, 504].flatMap((code) => [at(`answers ${code}`, submit), at(`taken, answered ${code}`, submit)]),
  },
  { id: "F12", says: "the step invoked twice, or redriven", struck: [at("step invoked twice", /Invoke submit/)] },
  {
    id: "F13",
    says: "401/403/404/422/content policy",
    struck: [
      ...[402, 404, 422].map((code) => at(`refuses with ${code}`, submit)),
      at("does not know the key", submit),
      at(/refused for its content/, submit),
    ],
  },
  {
    id: "F14",
    says: "429, locked account",
    struck: [at("busy", submit), at("busy for 5 min", submit), at(/^locks the account/, submit)],
  },
  {
    id: "F15",
    says: "2xx without id, HTML body",
    struck: [at("taken, answer without an id", submit), at("taken, answered with a web page", submit)],
  },
  {
    id: "F16",
    says: "record write throttled 30 s",
    struck: [at("throttled for 30 s", /submit-generation\/dynamodb\.UpdateItem →generating/)],
  },
  {
    id: "F17",
    says: "500/time-out/garbage for 5 min",
    struck: ["answers 500 for 5 min", "no answer", "answers with a web page for 5 min", "answers nonsense"].map(
      (fault) => at(fault, status),
    ),
  },
  {
    id: "F18",
    says: "404 for a known id, for a while / for ever",
    struck: [at("unknown for 2 min", status), at("unknown for ever", status), at("unknown for ever", result)],
  },
  { id: "F19", says: "queued for hours", struck: [at(/the job waits for hours/, submit)] },
  { id: "F20", says: "in progress for ever", struck: [at(/the job never ends/, submit)] },
  {
    id: "F21",
    says: "COMPLETED, and the result is an error, empty, or of another shape",
    struck: [/the job fails/, /ends empty/, /in another shape/].map((fault) => at(fault, submit)),
  },
  { id: "F22", says: "COMPLETED then IN_PROGRESS again", struck: [at(/ends and then runs again/, submit)] },
  { id: "F23", says: "webhook before the record write", struck: [at("webhook before the answer", submit)] },
  {
    id: "F24",
    says: "ten times, reordered, 2 h late",
    struck: [
      at("webhook ten times", webhook),
      at("webhook again after two hours", webhook),
      at("webhook lost", webhook),
    ],
  },
  {
    id: "F25",
    says: "forged, stale, other record, other tenant",
    struck: [at("strangers call the webhooks", webhook), at("webhook of another job", webhook)],
  },
  {
    id: "F26",
    says: "racing the poller",
    struck: [at(/the job ends at its deadline/, submit)],
    stories: ["a video"],
  },
  {
    id: "F27",
    says: "dies before the copy, mid-upload, after it, after the commit",
    struck: [
      at("dies before", video),
      at("dies after", /finalize-and-analyze\/web\.part/),
      at("dies after", /s3\.UploadPart videos/),
      at("dies after", /s3\.CompleteMultipartUpload videos/),
      at("dies after", /UpdateItem →completed/),
    ],
  },
  {
    id: "F28",
    says: "video 404, slow, truncated, 5 GB, wrong type, redirect into our network, foreign host",
    struck: [
      "answers 404",
      "is slow",
      "is cut short",
      "is cut short, unannounced",
      "has 5 GB",
      "is a web page",
      "redirects",
    ]
      .map((fault) => at(fault, video))
      .concat(at(/leaves its video inside/, submit)),
  },
  {
    id: "F29",
    says: "storage 500 / denied / slow",
    struck: ["answers 500", "storage denied for ever", "storage busy for 5 min", "request lost"].map((fault) =>
      at(fault, /finalize-and-analyze\/s3\.UploadPart/),
    ),
  },
  {
    id: "F30",
    says: "PutEvents throws, fails in part, bus down for hours",
    struck: ["answers 500", "takes no event", "takes the first event alone", "bus down for an hour", "bus dead"].map(
      (fault) => at(fault, /events\.PutEvents/),
    ),
  },
  { id: "F31", says: "delivered three times, out of order", stories: ["by the bus"] },
  {
    id: "F32",
    says: "analysis fails, hangs, returns bad JSON",
    struck: ["analysis answers 500", "analysis hangs", "analysis answers nonsense"].map((fault) =>
      at(fault, /^finalize-and-analyze\/(ai|fal\.describe)/),
    ),
  },
  { id: "F33", says: "States.Runtime", struck: [at(/States\.Runtime/, inExecution), at(/older version/, /StartExec/)] },
  {
    id: "F34",
    says: "timed out, aborted, deleted, status event lost",
    struck: [
      at("execution timed out", inExecution),
      at("execution aborted", inExecution),
      at("execution forgotten", inExecution),
      at("end of the execution not announced", /announce/),
    ],
  },
  { id: "F35", says: "two sweepers overlap, one dies midway", struck: [at(/^two sweepers run/, inExecution)] },
  {
    id: "F36",
    says: "sweeper against finaliser at the deadline",
    struck: [at("a sweeper runs over everything", /^finalize/), at(/the job ends at its deadline/, submit)],
  },
  {
    id: "F37",
    says: "clock skew of 5 min",
    struck: ["its clock is 5 min fast", "its clock is 5 min slow"].flatMap((fault) =>
      ["enhance-media", "submit-generation", "check-status", "finalize-and-analyze", "sweep-generations"].map((name) =>
        at(fault, new RegExp(`Invoke ${name}`)),
      ),
    ),
  },
  { id: "F38", says: "deploy in mid-flight: old state input, new code", struck: [at(/older version/, /StartExec/)] },
  {
    id: "F39",
    says: "cancel in every status, and against completion",
    struck: phases.map((phase) => at("the caller cancels", new RegExp(`UpdateItem ${phase}`))),
    stories: ["a cancel"],
  },
  {
    id: "F40",
    says: "cap exactly reached with 100 concurrent starts, refund twice",
    struck: [
      at("answer lost", /UpdateItem settle$/),
      at("dies after", /UpdateItem settle$/),
      at("two sweepers run, one dies midway", /UpdateItem settle/),
      at("dies after", /enhance-media\/dynamodb\.UpdateItem reserve/),
    ],
    stories: ["a hundred against a cap"],
  },
  {
    id: "F41",
    says: "kill switch flips in a burst",
    struck: [/^enhance-media\/dynamodb\.UpdateItem reserve/, /^submit-generation\/web/, /UpdateItem →submitting/]
      .map((where) => at("an operator stops everything for a minute", where))
      .concat(at("answer lost", /^set-kill-switch/), at("dies before", /^set-kill-switch/)),
    stories: ["the kill switch"],
  },
  {
    id: "F44",
    says: "JWKS down, rotated",
    struck: [at(/^fal's keys answer 500/, /fal\.jwks/), at("fal's keys hang", /fal\.jwks/), at(/new key/, webhook)],
  },
  { id: "F45", says: "early TTL", struck: [at("the key's item expires", /enhance-media/)] },
  { id: "F46", says: "secret rotated mid-job", struck: [at("the webhooks' secret is rotated", inExecution)] },
  {
    id: "F47",
    says: "out of memory or time-out at any await",
    struck: ["dies before", "dies after", "hangs until its time is up"].flatMap((fault) =>
      [/^enhance-media/, /^submit/, /^check-status/, /^finalize/, /^receive-fal-webhook/, /^cancel/, /^sweep/].map(
        (where) => at(fault, where),
      ),
    ),
  },
  // Keys, and what tenants are told.
  {
    id: "D01",
    says: "a delivery dies before it is written down, before the POST, in it, and before its outcome is",
    struck: [
      at("dies before", /^tell-webhooks\/dynamodb\.PutItem delivery/),
      at("dies after", /^tell-webhooks\/dynamodb\.PutItem delivery/),
      at("dies before", post),
      at("dies after", post),
      at("hangs until its time is up", post),
      at("the whole machine loses power", post),
    ],
  },
  {
    id: "D02",
    says: "the table is throttled, or its answer lost, on the way to a receiver",
    struck: ["throttled for 30 s", "answer lost", "arrives late"].map((fault) => at(fault, delivers)),
  },
  {
    id: "D03",
    says: "the receiver is slow, refuses, wants no more, asks for time, or redirects into our network; its name leads there",
    struck: [
      at(/^the receiver (hangs|takes it and does not say so)$/, post),
      at(/^the receiver (answers 500|answers 410|asks for an hour|redirects inside)$/, post),
      at(/^receivers answer 500 for/, post),
      at("leads to a private address", /^tell-webhooks\/web\.lookup/),
    ],
  },
  { id: "D04", says: "an event is told twice at once", struck: [at("an event is told twice", /^bus\/bus\.Invoke/)] },
  {
    id: "D05",
    says: "the authorizer dies while it judges a key, or cannot read it",
    struck: ["dies before", "throttled for 30 s", "answer lost"].map((fault) => at(fault, /^authorize-caller/)),
  },
  {
    id: "D06",
    says: "a request on the bus is refused while something fails",
    struck: ["dies after", "throttled for 30 s", "answer lost"].map((fault) => at(fault, /^start-from-event/)),
    stories: ["a refusal that is told"],
  },
];

/** What of the matrix these runs have not played: `F07: dies before at submit-generation/fal.submit`. */
export function notPlayed(places: readonly string[], stories: readonly string[]): string[] {
  const struckAt = ({ fault, at: where }: { fault: string | RegExp; at: RegExp }) =>
    places.some((place) => {
      const [name = "", call = ""] = place.split(" @ ");
      return where.test(call) && (typeof fault === "string" ? name === fault : fault.test(name));
    });
  return MATRIX.flatMap(({ id, struck = [], stories: wanted = [] }) => [
    ...struck
      .filter((line) => !struckAt(line))
      .map(({ fault, at: where }) => `${id}: ${String(fault)} at ${where.source}`),
    ...wanted.filter((story) => !stories.includes(story)).map((story) => `${id}: the story "${story}"`),
  ]);
}
