// What the page shows, kept in its address: the space, what its list is narrowed to, and the video that is open.
import { useCallback, useEffect, useState } from "preact/hooks";
import type { ListFilter } from "../../../shared/client/calls.ts";

const DEFAULT_SPACE = "demo";
export const SPACE = /^[A-Za-z0-9_-]{1,128}$/;

export const STATUSES = ["in_progress", "completed", "failed", "canceled"] as const;
export type Status = NonNullable<ListFilter["status"]>;

/** What a list is narrowed to. The server knows all but the words and the favourites, which the page looks for itself. */
export interface Filter {
  status?: Status | undefined;
  model?: string | undefined;
  /** Days as a calendar here has them, both included: `2026-11-28`. */
  from?: string | undefined;
  to?: string | undefined;
  words?: string | undefined;
  favourites?: true | undefined;
}

export interface Address {
  space: string;
  /** The id of the video that is open. */
  media?: string | undefined;
  filter: Filter;
}

/** The address that a query string is of; what it holds wrongly is as if it were not there. */
function readAddress(search: string): Address {
  const query = new URLSearchParams(search);
  const space = query.get("space") ?? "";
  return {
    space: SPACE.test(space) ? space : DEFAULT_SPACE,
    media: query.get("media") ?? undefined,
    filter: {
      status: STATUSES.find((status) => status === query.get("status")),
      model: query.get("model") ?? undefined,
      from: dayIn(query.get("from")),
      to: dayIn(query.get("to")),
      words: query.get("words") ?? undefined,
      favourites: query.get("favourites") === "true" ? true : undefined,
    },
  };
}

function dayIn(text: string | null): string | undefined {
  return text !== null && /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text)) ? text : undefined;
}

/** The path and query of an address: `/?space=demo&status=failed`. */
export function pathTo({ space, filter, media }: Address): string {
  const query = new URLSearchParams({ space });
  for (const [name, value] of Object.entries({ ...filter, media })) {
    if (value !== undefined && value !== "") query.set(name, String(value));
  }
  return `/?${query.toString()}`;
}

/** Goes to another address: as a step that the browser's Back undoes, or in place of the one of now. */
export type Go = (change: Partial<Address>, step?: "new" | "same") => void;

/** The address of the page, and the way to another one. Back and Forward are followed. */
export function useAddress(): [Address, Go] {
  const [address, setAddress] = useState(() => readAddress(location.search));
  useEffect(() => {
    const follow = () => setAddress(readAddress(location.search));
    addEventListener("popstate", follow);
    return () => removeEventListener("popstate", follow);
  }, []);
  const go = useCallback<Go>((change, step = "new") => {
    const next = { ...readAddress(location.search), ...change };
    if (step === "new") history.pushState({ within: true }, "", pathTo(next));
    else history.replaceState(history.state, "", pathTo(next));
    setAddress(next);
  }, []);
  return [address, go];
}

/** The filter as the API takes it: days become the instants at which they begin and end here. */
export function filterForApi({ status, model, from, to }: Filter): ListFilter {
  return {
    ...(status && { status }),
    ...(model && { model }),
    ...(from && { from: startOf(from).toISOString() }),
    ...(to && { to: startOf(to, 1).toISOString() }),
  };
}

/** Midnight of a day here, or of the one that follows so many days later. */
function startOf(day: string, later = 0): Date {
  const at = new Date(`${day}T00:00`);
  at.setDate(at.getDate() + later);
  return at;
}

/** A day here, so many days before today: `2026-11-28`. */
export function dayBefore(days: number): string {
  const at = new Date();
  at.setDate(at.getDate() - days);
  const two = (n: number) => String(n).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}
