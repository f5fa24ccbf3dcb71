// Whose key or token a request carries: asked by API Gateway before any function, where AUTH has keys in it.
import { authorizer } from "../../shared/edge/authorizer.ts";

export const handler = authorizer();
