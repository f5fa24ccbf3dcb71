// The one door for URLs that came from outside.
import { createCheckedFetch } from "../adapters/checked-fetch.ts";
import { trustedMediaOrigins } from "../environment.ts";
import { lazy } from "./lazy.ts";

export const checkedFetch = lazy(() => createCheckedFetch({ trustedOrigins: trustedMediaOrigins() }));
