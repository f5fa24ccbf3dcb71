// The AWS query protocol, a form in and XML out: STS speaks it, and what was older than SQS's JSON.
// https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
import { randomUUID } from "node:crypto";
import { ACCOUNT_ID } from "./arns.ts";

interface XmlAnswer {
  statusCode: number;
  headers: Record<string, string>;
  body: string;
}

const STS = "https://sts.amazonaws.com/doc/2011-06-15/";
/** Of SQS, when it spoke this protocol. */
const SQS_VERSION = "2012-11-05";

/** Nothing here asks who is calling: each caller is the account's root, as `aws sts get-caller-identity` shows it. */
export function answerQuery(form: URLSearchParams): XmlAnswer {
  const [action, version] = [form.get("Action") ?? "", form.get("Version")];
  if (action === "GetCallerIdentity") {
    const identity = `<Arn>arn:aws:iam::${ACCOUNT_ID}:root</Arn><UserId>${ACCOUNT_ID}</UserId><Account>${ACCOUNT_ID}</Account>`;
    return xml(
      200,
      `<${action}Response xmlns="${STS}"><${action}Result>${identity}</${action}Result>` +
        `<ResponseMetadata><RequestId>${randomUUID()}</RequestId></ResponseMetadata></${action}Response>`,
    );
  }
  const hint =
    version === SQS_VERSION
      ? "This endpoint speaks SQS's JSON protocol alone: use a client of 2024 or later."
      : `This endpoint does not know ${action.replace(/\W/g, "") || "this action"}.`;
  return xml(
    400,
    `<ErrorResponse xmlns="${STS}"><Error><Type>Sender</Type><Code>InvalidAction</Code><Message>${hint}</Message></Error>` +
      `<RequestId>${randomUUID()}</RequestId></ErrorResponse>`,
  );
}

function xml(statusCode: number, body: string): XmlAnswer {
  return {
    statusCode,
    headers: { "content-type": "text/xml" },
    body: `<?xml version="1.0" encoding="UTF-8"?>\n${body}\n`,
  };
}
