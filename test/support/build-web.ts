// Before any test: the console's files are there.
import { buildWeb } from "../../stacks/web/build.ts";

export const setup = buildWeb;
