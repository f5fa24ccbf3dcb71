// Which key or token a request carries. API Gateway calls this before any route's function, where AUTH includes keys.
import { authorizer } from "../../shared/edge/authorizer.ts";

export const handler = authorizer();
